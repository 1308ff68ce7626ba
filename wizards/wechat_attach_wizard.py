# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.pos_payment import UNPAID_STATUSES


class WechatAttachWizard(models.TransientModel):
    """Give a payment whose POS order never came, or came without it, to an order."""

    _name = 'wechat.attach.wizard'
    _description = "Attach a WeChat Payment to a POS Order"
    _inherit = ['wechat.charge.wizard']

    amount = fields.Monetary(readonly=True)
    order_ref = fields.Char(
        string="POS order", required=True, help="The receipt number or the name of the order.")

    @api.model
    def _values_of(self, charge):
        return {'amount': charge.amount, 'order_ref': charge.order_ref}

    def action_attach(self):
        """Add the payment to the order, and finish the order if that pays it in full."""
        charge = self._charge(self.env._(
            "Only an invoicing user or a Point of Sale manager can attach payments.")).sudo()
        if not charge.payment_uuid:
            raise UserError(self.env._("This payment was not taken at a till."))
        order = self._find_order(charge)
        method = order.config_id.payment_method_ids.filtered(
            lambda pm: pm.use_payment_terminal == charge._till_method())[:1]
        if not method:
            raise UserError(self.env._(
                "The shop %(shop)s has no payment method for this kind of WeChat payment. Add it"
                " to the shop, or refund the payment.", shop=order.config_id.name))
        line = order.payment_ids.filtered(lambda payment: payment.uuid == charge.payment_uuid)
        if line:
            # The till had saved the order while the customer was paying.
            line.write({'payment_status': 'done'})
        else:
            order.add_payment(self._payment_values(charge, order, method))
        waiting = order.payment_ids.filtered(
            lambda payment: payment.payment_status in UNPAID_STATUSES)
        if not waiting and order._is_pos_order_paid():
            order._process_saved_order(False)
        charge.activity_ids.action_feedback()
        return {'type': 'ir.actions.act_window_close'}

    @api.model
    def _payment_values(self, charge, order, method):
        return {
            'pos_order_id': order.id,
            'amount': charge.amount,
            'payment_method_id': method.id,
            'uuid': charge.payment_uuid,
            'payment_status': 'done',
            'name': charge.name,
        }

    def _find_order(self, charge):
        """Return the open order of that reference which still waits for this much.

        :raises UserError: if there is none
        """
        reference = self.order_ref.strip()
        order = self.env['pos.order'].sudo().search([
            '|', ('pos_reference', '=', reference), ('name', '=', reference),
            ('company_id', '=', charge.company_id.id), ('currency_id', '=', charge.currency_id.id),
            ('state', '=', 'draft'),
        ], limit=1)
        paid = order.payment_ids.filtered(
            lambda payment: payment.payment_status not in UNPAID_STATUSES)
        missing = charge.currency_id._wechat_to_fen(
            order.amount_total - sum(paid.mapped('amount')))
        if not order or missing < charge.total_fee:
            raise UserError(self.env._(
                "There is no open POS order %(reference)s that waits for %(amount)s. Enter the"
                " sale at the till and save it, or refund the payment.",
                reference=self.order_ref, amount=charge.currency_id.format(charge.amount)))
        return order
