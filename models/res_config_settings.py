# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = 'res.config.settings'

    pos_wechat_scan_anytime = fields.Boolean(
        related='pos_config_id.wechat_scan_anytime', readonly=False)
