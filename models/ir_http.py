# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import models


class IrHttp(models.AbstractModel):
    _inherit = 'ir.http'

    @classmethod
    def _get_translation_frontend_modules_name(cls):
        """Override of `http_routing`: the customer display is a public page, and has our words."""
        return [*super()._get_translation_frontend_modules_name(), 'wechat']
