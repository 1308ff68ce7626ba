# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import fields, models


class WechatRefund(models.Model):
    """Refunds that WeChat has closed without paying: begun anew, under a new number."""

    _inherit = 'wechat.refund'

    replaces_id = fields.Many2one(
        'wechat.refund', string="In place of", readonly=True, copy=False,
        help="WeChat closed that one without returning the money.")

    def _begin_anew(self):
        """Return the refund that takes the place of one that WeChat has closed, or nothing.

        WeChat asks for a new number then. The POS payment, which counts on the money going back,
        goes with it.
        """
        self._lock()
        if (self.state != 'error' or self.trade_state != 'REFUNDCLOSE'
                or self.source == 'platform'):
            return self.browse()
        successor = self._successor()
        if successor:
            return successor
        self._refuse_if_settled()
        successor = self.create({
            **self._original()._refund_link(),
            **{name: self[name] for name in (
                'refund_fee', 'reason', 'automatic', 'payment_uuid', 'order_uuid', 'post_payment')},
            **{name: self[name].id for name in (
                'journal_id', 'pos_id', 'pos_session_id', 'return_order_id')},
            'replaces_id': self.id,
        })
        self._hand_over(successor)
        self._done_with_it()
        return successor

    def _hand_over(self, other):
        """Let another refund stand for the POS payment of this one."""
        payment = self.pos_payment_id
        if payment:
            self.pos_payment_id = False
            self.flush_recordset()
            other.pos_payment_id = payment

    def _hand_back(self):
        """Given up: the closed refund that this one replaced is the accountant's again."""
        if self.replaces_id:
            self._hand_over(self.replaces_id)
            self.replaces_id._tell_needed()

    def _successor(self):
        """Return the refund that was begun anew in the place of this one."""
        return self.search([
            ('replaces_id', '=', self.id), ('state', '!=', 'cancelled')], limit=1)
