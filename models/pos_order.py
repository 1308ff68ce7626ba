# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import models


class PosOrder(models.Model):
    _inherit = 'pos.order'

    def action_pos_order_paid(self):
        """Override of `point_of_sale`: an order is paid when all its WeChat payments are."""
        # Looked at as if the order were paid already: a line that is still waiting is refused.
        result = super().action_pos_order_paid()
        self.payment_ids._wechat_accept()
        for model_name in ('wechat.order', 'wechat.micropay'):
            self.env[model_name]._sweep_order(self)
        return result
