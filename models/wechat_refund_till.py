# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import api, fields, models

from ..gateway import Kind, kind_of_error


class WechatRefund(models.Model):
    """How a refund stands, in the words of the till and of the records."""

    _inherit = 'wechat.refund'

    sentence = fields.Char(compute='_compute_sentence', help="How it stands, in words.")

    @api.depends('state', 'err_code', 'err_call', 'parked', 'wechat_refund_id', 'sent_at')
    def _compute_sentence(self):
        for refund in self:
            refund.sentence = refund._till_sentence(refund._till_phase())

    def _is_accepted(self):
        """Tell whether WeChat has taken the refund on: the till need not wait for the bank."""
        return self.state == 'done' or (self.state == 'pending' and bool(self.wechat_refund_id))

    def _is_waiting(self):
        """Tell whether it is sent later: WeChat surely has not got it, and the till may go on."""
        return self.state == 'pending' and self.parked and bool(self.err_code)

    def _till_phase(self):
        if self._is_accepted():
            return 'refund_accepted'
        if self.state in ('error', 'cancelled'):
            return 'failed'
        if self.state == 'draft':
            return 'new'
        return 'refund_waits' if self._is_waiting() else 'asking'

    def _till_status(self):
        """Return what the till needs to know about a refund; see `wechat.charge`.

        :rtype: dict
        """
        self.ensure_one()
        phase = self._till_phase()
        accepted, failed = phase == 'refund_accepted', phase == 'failed'
        wait = self._original()._refund_wait(self) if self.err_code == 'TOO_SOON' else 0
        return {
            'found': True,
            'payment_uuid': self.payment_uuid or '',
            'number': self.name,
            'method': self._original()._till_method(),
            'state': self.state,
            'phase': phase,
            'sentence': self._till_sentence(phase),
            'tone': {
                'refund_accepted': 'success', 'failed': 'danger',
                # A minute is no trouble.
                'refund_waits': 'info' if self.err_code == 'TOO_SOON' else 'warning',
            }.get(phase, 'info'),
            'paid': accepted,
            'free': failed,
            'code_url': '',
            'expires_in': 0,
            'seconds_left': wait if phase == 'refund_waits' else 0,
            'amount': -self.amount,
            'currency': self.currency_id.name,
            'total_fee': -self.refund_fee,
            'transaction_id': self.wechat_refund_id or '',
            'receipt': self._receipt() if accepted else '',
            'retry_in': 0 if accepted or failed else 3,
            'mode': '' if self.mode == 'live' else self.mode,
        }

    def _receipt_lines(self):
        _ = self.env._
        account = self.refund_recv_accout
        return [
            _("WeChat Pay refund"),
            _("Refund: %(number)s", number=self.wechat_refund_id),
            _("Merchant refund: %(number)s", number=self.name),
            account and _("Refunded to: %(account)s", account=account),
            not account and self._original().payer
            and _("Payer: %(payer)s", payer=self._original().payer),
        ]

    def _till_sentence(self, phase):
        _ = self.env._
        if phase == 'refund_accepted' and self.err_code == 'CHANGE':
            return self._explanation_sentence()
        if phase == 'refund_accepted' and self.state == 'done':
            return _("Refunded: the customer has the money back.")
        if phase == 'refund_accepted':
            return _("WeChat has accepted the refund; the money is on its way to the customer.")
        if self.state == 'cancelled':
            return _(
                "This refund was given up: WeChat has not got it. Give the money back in another"
                " way.")
        if phase == 'new':
            return _("The refund has not been sent to WeChat.")
        if phase == 'failed':
            return self._explanation_sentence() or _(
                "WeChat refused the refund: no money moved.")
        kind = kind_of_error(self.err_code, self.err_call or 'refund')
        explain = self.env['wechat.evidence']._explain
        if phase == 'asking' and self.err_code and kind is Kind.RETRY:
            # Not the last word: until a query says so, WeChat may have got it all the same.
            return explain('SYSTEMERROR', 'refund')['cashier']
        if phase == 'refund_waits':
            # Unclear is what the answer was; by now it is clear that WeChat has not got it.
            why = (explain('REFUNDNOTEXIST', 'refundquery')['cashier'] if kind is Kind.UNKNOWN
                   else self._explanation_sentence())
            return why if self.err_code == 'TOO_SOON' else " ".join([why, _(
                "Or cancel it, and give the money back in another way.")])
        return self._explanation_sentence() or _("Sending the refund to WeChat …")
