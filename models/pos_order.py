# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import api, models
from odoo.exceptions import UserError


class PosOrder(models.Model):
    _inherit = 'pos.order'

    def write(self, vals):
        """Override of `point_of_sale`: an order is paid when all its WeChat payments are.

        Every way to a paid order ends here, `action_pos_order_paid` too.
        """
        if vals.get('state') in ('paid', 'done', 'cancel'):
            # What is paid already stays paid, whatever comes alive later.
            self.filtered(lambda order: order.state == 'draft')._wechat_refuse_running_refund()
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

    @api.ondelete(at_uninstall=False)
    def _unlink_except_wechat_refund(self):
        self._wechat_refuse_running_refund()

    def _wechat_running_refund(self):
        """Return the WeChat refund of this return that the order does not count yet.

        :return: a record in sudo, or an empty set
        """
        return self.env['wechat.refund'].sudo().search([
            ('return_order_id', 'in', self.ids), ('pos_payment_id', '=', False),
            ('account_payment_id', '=', False),
            ('state', 'in', ('draft', 'pending', 'done')),
        ], limit=1)

    def _wechat_refuse_running_refund(self):
        """Raise if a return would end otherwise while WeChat may still pay it.

        :raises UserError: with the ways out
        """
        running = self._wechat_running_refund()
        if running and running._is_accepted():
            raise UserError(self.env._(
                "WeChat gives the money of this return back already (%(number)s). The return is"
                " paid with that by itself.", number=running.name))
        if running:
            raise UserError(self.env._(
                "The WeChat refund %(number)s of this return is under way: the customer would get"
                " the money twice. Wait until it is done, or give it up first (Invoicing ▸"
                " Configuration ▸ Wechat ▸ Refunds).", number=running.name))
