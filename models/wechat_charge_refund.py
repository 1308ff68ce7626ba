# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount, format_date

from ..gateway import Kind, Outcome
from .wechat_charge import PAID_STATES

# WeChat's rules (endpoint `refund`).
MOST_PARTS = 50
REFUNDABLE_FOR = timedelta(days=365)
# Seconds between two refunds of one payment: a minute, and what our clocks may differ.
APART = 62


class WechatCharge(models.AbstractModel):
    """What may go back of a payment, and what went back."""

    _inherit = 'wechat.charge'

    refund_fee = fields.Integer(
        string="Refunded (fen)", compute='_compute_refund_fee', store=True,
        help="What WeChat has given back, in the smallest unit of the currency.",
    )
    refundable_fee = fields.Integer(
        string="Refundable (fen)", compute='_compute_refund_fee', store=True,
        help="What is left after finished and running refunds.",
    )

    # === COMPUTE METHODS === #

    @api.depends('total_fee', 'state', 'trade_state', 'refund_ids.state', 'refund_ids.refund_fee')
    def _compute_refund_fee(self):
        for charge in self:
            refunds = charge.refund_ids
            finished = refunds.filtered(lambda refund: refund.state == 'done')
            charge.refund_fee = sum(finished.mapped('refund_fee'))
            charge.refundable_fee = 0
            if charge.state in PAID_STATES and charge.trade_state != 'REVOKED':
                live = sum(charge._live_refunds().mapped('refund_fee'))
                # A refund by hand on the merchant platform does not ask what is under way here.
                charge.refundable_fee = max(charge.total_fee - live, 0)

    # === ACTIONS === #

    def action_open_refund_wizard(self):
        self.ensure_one()
        return {
            'type': 'ir.actions.act_window',
            'name': self.env._("Refund"),
            'res_model': 'wechat.refund.wizard',
            'view_mode': 'form',
            'target': 'new',
            'context': {'active_model': self._name, 'active_id': self.id},
        }

    # === RULES, TOLD BEFORE WECHAT SAYS NO === #

    def _refund_refusal(self, fee, but=None):
        """Return an outcome that says why `fee` fen of this payment cannot go back, or `None`.

        Its description is a sentence for whoever is about to refund, with the way out in it.

        :param int fee: fen
        :param but: a refund of this payment that is not to be counted: the one in question
        :rtype: Outcome | None
        """
        self.ensure_one()
        but = but or self.env['wechat.refund']
        refusal = (
            self._refuse_amount(fee, but) or self._refuse_mode() or self._refuse_late()
            or self._refuse_parts(but) or self._refuse_merchant())
        return refusal and Outcome(
            kind=Kind.CONFIG, code=refusal[0], endpoint='refund', description=refusal[1])

    def _refuse_amount(self, fee, but):
        _ = self.env._
        if self.state not in PAID_STATES:
            return 'NOT_REFUNDABLE', _(
                "%(number)s is not paid, so there is nothing to refund.", number=self.name)
        if fee <= 0:
            return 'AMOUNT', _("The amount must be above zero.")
        left = self.refundable_fee + sum((but & self._live_refunds()).mapped('refund_fee'))
        if fee > left:
            return 'NOT_REFUNDABLE', _(
                "Only %(left)s of %(number)s can still be refunded.",
                left=format_amount(
                    self.env, self.currency_id._wechat_from_fen(left), self.currency_id),
                number=self.name)
        return None

    def _refuse_mode(self):
        _ = self.env._
        if self.mode == 'sandbox':
            return 'NOT_REFUNDABLE', _(
                "%(number)s was paid in WeChat's sandbox: no money moved, so none can go back.",
                number=self.name)
        return self._refuse_other_wechat()

    def _refuse_other_wechat(self):
        """Return code and sentence if the parameters name another WeChat than the record's."""
        if self.mode == self.env['ir.config_parameter']._wechat_mode():
            return None
        return 'NOT_SET_UP', self._other_wechat_sentence()

    def _refuse_late(self):
        paid_at = self.paid_at or self.create_date
        if fields.Datetime.now() - paid_at <= REFUNDABLE_FOR:
            return None
        return 'TRADE_OVERDUE', self.env._(
            "%(number)s was paid on %(date)s, and WeChat refunds for one year only. Give the money"
            " back in another way.",
            number=self.name, date=format_date(self.env, paid_at))

    def _refuse_parts(self, but):
        if len(self._live_refunds() - but) < MOST_PARTS:
            return None
        return 'NOT_REFUNDABLE', self.env._(
            "%(number)s has been refunded in %(count)s parts, and WeChat allows no more. Give the"
            " money back in another way.", number=self.name, count=MOST_PARTS)

    def _refuse_merchant(self):
        params = self.env['ir.config_parameter']
        try:
            credentials = params._wechat_credentials(self.app_id or None)
            params._wechat_refund_account()
        except UserError as error:
            return 'NOT_SET_UP', str(error)
        ours = (credentials.mch_id, credentials.sub_mch_id or '')
        theirs = (self.mch_id or '', self.sub_mch_id or '')
        if theirs != ours:
            return 'NOT_REFUNDABLE', self.env._(
                "%(number)s was paid to the merchant account %(theirs)s; the system parameters"
                " name %(ours)s now. Refund it on the merchant platform of the former, or set"
                " wechat.mch_id and wechat.sub_mch_id back.",
                number=self.name, theirs="/".join(filter(None, theirs)),
                ours="/".join(filter(None, ours)))
        error = params._wechat_certificate_error(self.mode, self.app_id or None)
        if not error:
            return None
        remedy = self.env['wechat.evidence']._explain(error.reason, 'refund')['admin']
        return error.reason, f"{error.errmsg} {remedy}"

    def _refund_wait(self, refund):
        """Return the seconds until WeChat takes another refund of this payment.

        :param refund: the one that is to be sent
        :rtype: int
        """
        self.ensure_one()
        # What WeChat surely has not got, or has refused, does not count.
        others = (self._live_refunds() - refund).filtered(
            lambda other: other.sent_at and not other.parked)
        ages = [other._age('sent_at') for other in others]
        return max(0, int(APART - min(ages))) if ages else 0

    # === REFUNDS === #

    def _live_refunds(self):
        """Return the refunds that have taken or still may take money back."""
        return self.refund_ids.filtered(lambda refund: refund.state not in ('error', 'cancelled'))

    def _pays_for_sale(self):
        """Tell whether a sale may count on this money: it is here, and not on its way back.

        What somebody has given back in part, before the till could send the order, pays for it all
        the same: the goods are with the customer.
        """
        self.ensure_one()
        return self.state in PAID_STATES and self.refundable_fee > 0 and not any(
            self._live_refunds().mapped('automatic'))

    def _refund_link(self):
        """Return the values that tie a refund to this payment."""
        raise NotImplementedError

    def _look_for_refunds(self):
        """Record the refunds of this payment that Odoo did not ask for (endpoint refundquery).

        Somebody made them on the merchant platform, and WeChat has not told us.
        """
        self.ensure_one()
        gateway = self.env['ir.config_parameter']._wechat_gateway(self.app_id or None)
        self._commit()
        _outcome, parts = gateway.query_refunds(self.name)
        for part in parts:
            self.env['wechat.refund']._meet(self, part)
        self._commit()
