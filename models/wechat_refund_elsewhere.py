# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..gateway import (
    Kind,
    NotificationError,
    Outcome,
    notification_merchant,
    parse_refund_notification,
)
from .wechat_trade import UnknownNumberError

BY_HAND = 'VENDOR_PLATFORM'


class WechatRefund(models.Model):
    """What WeChat tells by itself about refunds, also about those that were not made here.

    Its notification is encrypted, not signed. Whoever has two of them can put their pieces together
    (AES-ECB), and no comparison would notice. So what is known by a notification only is asked
    about, and the signed answer decides.
    """

    _inherit = 'wechat.refund'

    @api.model
    def _take_notification(self, data):
        """Do as `on_notification`.

        :raises NotificationError: if the notification is refused
        """
        params = self.env['ir.config_parameter']
        raw = self._notification_bytes(data)
        try:
            credentials = params._wechat_credentials()
        except UserError as error:
            raise NotificationError('not_set_up', str(error)) from error
        # A mini-program's app is ours as well; which one it is, the record says.
        miniprogram = params._wechat_param('miniprogram_app_id')
        if miniprogram and notification_merchant(raw).get('appid') == miniprogram:
            credentials = params._wechat_credentials(miniprogram)
        outcome = parse_refund_notification(raw, credentials)
        number = outcome.data.get('out_refund_no', '')
        refund = self.sudo().search([('name', '=', number)])
        if not refund:
            return self._take_foreign(outcome)
        before = refund.state
        # However often it comes: what was not made here, and what would be refunded anew if it were
        # true, WeChat is asked about before anything is believed.
        doubtful = before != 'done' and (
            refund.source == 'platform' or outcome.kind == Kind.REFUSED)
        news = self._reported(outcome, refund) if doubtful else outcome
        if not refund._apply(news, 'notification'):
            raise NotificationError('mismatch', refund._mismatch(news))
        refund._ask_soon()
        return None if before == refund.state == 'done' else refund

    @api.model
    def _take_foreign(self, outcome):
        """Record a refund by hand of one of our payments; WeChat is asked whether it is true.

        A refund notification is encrypted, not signed, and our key alone cannot prove one about a
        number that we have not given.

        :return: the record
        :raises NotificationError: if it is about no payment of ours
        """
        data = outcome.data
        charge = self._find_charge(data.get('out_trade_no'))
        if not charge or data.get('refund_request_source') != BY_HAND:
            raise UnknownNumberError(data.get('out_refund_no', ''), outcome)
        charge._lock()
        mismatch = self._foreign_mismatch(charge, data)
        if mismatch:
            error = UnknownNumberError(data.get('out_refund_no', ''), outcome)
            error.args = (f"{error} {mismatch}",)
            raise error
        refund = self._record_foreign(charge, data)
        refund._apply(self._reported(outcome, refund), 'notification')
        refund._ask_soon()
        return refund

    @api.model
    def _reported(self, outcome, refund):
        """Return what a notification is worth that nothing but itself supports.

        Its numbers are kept, to be compared. A refund that was made here has its number at WeChat
        from WeChat's signed reply.
        """
        unproved = {'refund_status'} | ({'refund_id'} if refund.source == 'odoo' else set())
        data = {name: value for name, value in outcome.data.items() if name not in unproved}
        return Outcome(
            kind=Kind.PENDING, code='REPORTED', endpoint='refund_notification', data=data,
            raw=outcome.raw)

    def _ask_soon(self):
        """Have the cron ask: not here, since WeChat waits for an answer to its notification."""
        if self.state == 'pending' or self.unsigned:
            self._wake_cron(0)
            self.env.ref('wechat.cron_settle_trades').sudo()._trigger()

    @api.model
    def _find_charge(self, number):
        """Return the payment of that number, or an empty set."""
        for model_name in ('wechat.order', 'wechat.micropay'):
            charge = self.env[model_name].sudo().search([('name', '=', number or '')])
            if charge:
                return charge
        return self.env['wechat.order']

    @api.model
    def _foreign_mismatch(self, charge, data):
        """Return why these fields cannot be about a refund of this payment, or an empty string.

        :param dict data: WeChat's fields
        """
        for name, ours in (
                ('out_trade_no', charge.name), ('total_fee', str(charge.total_fee)),
                ('transaction_id', charge.transaction_id), ('mch_id', charge.mch_id),
                ('sub_mch_id', charge.sub_mch_id)):
            if data.get(name) and ours and data[name] != ours:
                return f"{name} is {data[name]}, expected {ours}"
        fee = data.get('refund_fee', '')
        left = charge.total_fee - charge.refund_fee
        if not fee.isdecimal() or not 0 < int(fee) <= left:
            return f"refund_fee is {fee}, and {left} of {charge.name} are left"
        return ''

    @api.model
    def _record_foreign(self, charge, data):
        return self.sudo().create({
            **charge._refund_link(),
            'name': data['out_refund_no'],
            'refund_fee': int(data['refund_fee']),
            'source': 'platform',
            'parked': False,
            'unsigned': True,
            'submitted_at': fields.Datetime.now(),
        })

    @api.model
    def _meet(self, charge, outcome):
        """Take what a query says of one refund of a payment; record it if it was not made here.

        :param Outcome outcome: as of `query_refund`
        """
        charge._lock()
        number = outcome.data.get('out_refund_no')
        refund = self.sudo().search([('name', '=', number)])
        if not refund and number and not self._foreign_mismatch(charge, outcome.data):
            refund = self._record_foreign(charge, outcome.data)
        if refund:
            refund._apply(outcome, 'reply')

    def _on_state_change(self, before):
        result = super()._on_state_change(before)
        if self.state == 'done' and self.source == 'platform':
            self._tell_accountant(
                lambda env: env._("Refunded on the merchant platform"),
                lambda env: env._(
                    "Somebody refunded this payment by hand on the WeChat Pay merchant platform."
                    " Odoo has not entered it in the books: take the goods back at the till without"
                    " WeChat, or press Enter in the books."),
            )
        return result
