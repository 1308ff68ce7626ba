# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import models


class PosOrder(models.Model):
    _inherit = 'pos.order'

    def write(self, vals):
        """Override of `point_of_sale`: an order is paid when all its WeChat payments are.

        Every way to a paid order ends here, `action_pos_order_paid` too.
        """
        if vals.get('state') == 'cancel':
            self.payment_ids._wechat_refuse_if_paid(
                self.env._("refund it before you cancel the order"))
        result = super().write(vals)
        if vals.get('state') in ('paid', 'done'):
            # The lines are looked at again now that the order is paid: a waiting one is refused.
            self.payment_ids._wechat_accept()
            for order in self:
                for model_name in ('wechat.order', 'wechat.micropay'):
                    self.env[model_name]._sweep_order(order)
        return result
