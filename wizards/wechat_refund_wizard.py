# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import api, fields, models
from odoo.exceptions import AccessError


class WechatRefundWizard(models.TransientModel):
    """Ask an accountant how much of a payment goes back."""

    _name = 'wechat.refund.wizard'
    _description = "Refund a WeChat Payment"
    _inherit = ['wechat.charge.wizard']

    refundable = fields.Monetary(string="Left to refund", readonly=True)
    amount = fields.Monetary(string="Refund", required=True)
    reason = fields.Char(help="Shown to the customer by WeChat.")
    post_payment = fields.Boolean(
        string="Enter in the books",
        help="When the customer has the money, post an outgoing payment to the customer: match it"
             " with a credit note. Not needed if the payment itself is not in the books.")
    posting = fields.Char(compute='_compute_posting')
    obstacle = fields.Char(compute='_compute_obstacle')
    refund_id = fields.Many2one('wechat.refund', readonly=True)

    @api.model
    def _values_of(self, charge):
        left = charge.currency_id._wechat_from_fen(charge.refundable_fee)
        return {
            'refundable': left,
            'amount': left,
            # What came in through a POS order is in the books, or will be when its session closes.
            'post_payment': bool(charge.pos_payment_id),
        }

    @api.depends('amount', 'order_id', 'micropay_id')
    def _compute_obstacle(self):
        """Tell why it cannot be done, or when it will be, while the user is still typing."""
        for wizard in self:
            charge = wizard._visible_charge().sudo()
            refusal = charge and charge._refund_refusal(
                charge.currency_id._wechat_to_fen(wizard.amount))
            wait = charge and charge._refund_wait(self.env['wechat.refund'])
            wizard.obstacle = refusal.description if refusal else wait and self.env._(
                "WeChat takes one refund a minute for a payment: this one is sent by itself in"
                " %(seconds)s seconds.", seconds=wait) or ''

    @api.depends('post_payment', 'order_id', 'micropay_id')
    def _compute_posting(self):
        _ = self.env._
        for wizard in self:
            charge = wizard._visible_charge().sudo()
            payment = charge.pos_payment_id
            if wizard.post_payment:
                wizard.posting = _(
                    "An outgoing payment in the journal %(journal)s, to be matched with a credit"
                    " note.", journal=(
                        payment.payment_method_id.journal_id or charge.journal_id).display_name)
            elif payment:
                wizard.posting = _("Nothing: you enter it yourself.")
            else:
                wizard.posting = _("Nothing: the payment itself is not in the books.")

    def _visible_charge(self):
        """Return the payment, which the user must be allowed to see.

        :raises AccessError: otherwise
        """
        charge = self.order_id or self.micropay_id
        charge.check_access('read')
        return charge

    def action_refund(self):
        """Record the refund, send it, and show it."""
        # The user must be allowed to see the payment; the refund itself nobody may write.
        charge = self._charge(
            self.env._("Only an invoicing user or a Point of Sale manager can refund."))
        refund = self.refund_id
        if refund and refund._original() != charge:
            raise AccessError(self.env._("This refund is not one of this payment."))
        if not refund:
            refund = self.env['wechat.refund'].sudo().create({
                **charge._refund_link(),
                'refund_fee': charge.currency_id._wechat_to_fen(self.amount),
                'reason': self.reason,
                'post_payment': self.post_payment,
            })
            # Should Odoo run this again, it goes on with the same refund.
            self.sudo().refund_id = refund
            refund._commit()
        # As the user: the refund must be one that may be seen, too.
        refund.sudo(False).action_confirm()
        return refund._action_show()
