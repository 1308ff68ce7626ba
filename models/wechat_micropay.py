# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import api, fields, models

from ..gateway import Kind, Outcome, is_payment_code
from .wechat_trade import LIVE_STATES

# WeChat's timings for a payment code, in seconds (API page of micropay, guide to reversing). Its
# documents disagree on the window, 30 or 45, and on the step, 5 or 10: both are parameters.
ASK_EVERY = 5  # wechat.micropay_step, 5 to 10
GIVE_UP_AFTER = 30  # wechat.micropay_window, 30 to 45
REVERSE_NOT_BEFORE = 15
LONGEST_STEP = 30
IMPATIENT_FOR = 7200
LAST_LOOK = 600

# What reverse and orderquery say of a number that never reached WeChat.
NUMBER_UNKNOWN = ('ORDERNOTEXIST', 'INVALID_TRANSACTIONID')


class WechatMicropay(models.Model):
    """One attempt to charge the payment code on a customer's phone (endpoint `micropay`).

    There is no notification and no closing: the end comes with the reply, a query, or a reversal.
    """

    _name = 'wechat.micropay'
    _description = "WeChat Micropay"
    _inherit = ['wechat.charge']

    terminal_ref = fields.Char(string="Terminal", readonly=True)
    refund_ids = fields.One2many('wechat.refund', 'micropay_id', string="Refunds", readonly=True)
    cancel_requested = fields.Boolean(
        readonly=True, copy=False, help="The cashier asked to take the payment back.")
    reversal_sent = fields.Boolean(
        readonly=True, copy=False,
        help="A reversal may be under way at WeChat: the attempt ends reversed, not paid.")
    last_call = fields.Char(
        readonly=True, copy=False,
        help="What happened last once the time was over: a reversal, or a query without an answer.")

    # === PUBLIC API === #

    @api.model
    def create_from_qr(
        self, body, auth_code, pay_amount, terminal_ref=None, create_vals=None, order_ref=None,
        journal_id=None, **kw,
    ):
        """Charge the payment code that a customer shows.

        Commits the transaction: the record must be on disk before WeChat is called. Does not wait
        for a customer who has to type a password: the record is then `pending`, and a cron (or
        `_settle`) finds out how it ended. Endpoint `/pay/micropay`.

        :param str body: shop and goods, shown to the customer
        :param str auth_code: the 18 digits of the payment code; never stored
        :param pay_amount: amount in units of the currency (yuan)
        :param str terminal_ref: reference of the till
        :param dict create_vals: further values of the record
        :param str order_ref: reference of the order that is paid
        :param int journal_id: journal of the payment
        :return: the record: `done`, `error`, or `pending` while nobody knows
        :rtype: wechat.micropay
        :raises AccessError: unless the caller takes or keeps money
        """
        self._check_caller()
        vals = {'terminal_ref': terminal_ref, 'order_ref': order_ref, 'journal_id': journal_id,
                **(create_vals or {}), **kw}
        micropay = self.sudo()._create_micropay(body, pay_amount, **self._check_values(vals))
        micropay._commit()
        micropay._submit(auth_code)
        return self.browse(micropay.id)

    @api.model
    def _create_micropay(self, body, pay_amount, journal_id=None, **vals):
        """Record an attempt before anything is sent.

        :param pay_amount: amount in units of the currency (yuan)
        """
        journal = self.env['account.journal'].browse(journal_id or vals.get('journal_id'))
        company = self.env['res.company'].browse(vals.get('company_id')) or journal.company_id \
            or self.env.company
        currency = self.env['res.currency'].browse(vals.pop('currency_id', None)) \
            or journal.currency_id or company.currency_id
        micropay = self.create(self._prepare_charge_values(
            body, currency, **dict(
                vals, company_id=company.id, journal_id=journal.id,
                total_fee=currency._wechat_to_fen(pay_amount),
            ),
        ))
        micropay._freeze(micropay._micropay_params())
        return micropay

    def _micropay_params(self):
        params = self._common_params()
        if self.terminal_ref:
            params['device_info'] = self.terminal_ref[:32]
        return params

    def _preflight(self):
        refusal = super()._preflight()
        if refusal:
            return refusal
        # Only a reversal ends an unclear charge, and it needs the certificate: better not begin
        # than be stuck between "paid" and "not paid".
        error = self.env['ir.config_parameter']._wechat_certificate_error(
            self.mode, self.app_id or None)
        return error and self._refusal(error.reason, error.errmsg)

    # === TALKING TO WECHAT === #

    def _submit(self, auth_code):
        """Send the charge, once in the life of the record. Called again, it only asks.

        :param str auth_code: payment code, 18 digits; goes to WeChat and nowhere else
        """
        self.ensure_one()
        auth_code = ''.join((auth_code or '').split())
        self._lock()
        if self.state == 'draft' and not is_payment_code(auth_code):
            self._apply(Outcome(
                kind=Kind.REFUSED, code='NOT_A_PAYMENT_CODE', endpoint='micropay'), 'odoo')
            return
        if not self._claim():
            self._settle()
            return
        self._call('micropay', dict(self._frozen(), auth_code=auth_code))

    def _settle(self):
        """Make the next call for an unclear payment: ask, and take it back if its time is over."""
        self.ensure_one()
        look_back = self.state == 'cancelled' and self.next_ask
        if look_back and self._age('submitted_at') >= LAST_LOOK and self._ask().data:
            # An answer, whatever it is, is the last one; paid after all, the money goes back.
            self.next_ask = False
        if self.state != 'pending':
            return
        over = self._wants_reverse() and self._age('submitted_at') >= REVERSE_NOT_BEFORE
        # The cashier who cancels is answered at once; after that WeChat is asked in steps.
        impatient = over and self.cancel_requested and not self.last_call
        if not (impatient or self._is_due(self._step())):
            return
        question = None
        if self.last_call != 'silence' or not over:
            question = self._ask()
            if self.state != 'pending' or not over:
                return
            if not question.data:
                # No answer: the reversal comes next, so that no request waits for two silences.
                self.last_call = 'silence'
                return
        if self.number_doubtful or self.err_code == 'FOREIGN_EVIDENCE':
            # It may be another system's trade: not ours to reverse.
            self.last_call = False
            return
        # Only now: a payment that wins the race is booked, not undone.
        self._reverse(question)

    def _last_look(self):
        # WeChat did not know it when it was given up: should it have been on its way all the same,
        # through a host that came back to life, say, the customer gets the money back.
        never_arrived = self.state == 'cancelled' and self.err_code in NUMBER_UNKNOWN
        return never_arrived and fields.Datetime.add(self.submitted_at, seconds=LAST_LOOK)

    @api.model
    def _due_domain(self):
        return [
            ('state', 'in', (*LIVE_STATES, 'cancelled')),
            ('next_ask', '<=', fields.Datetime.now()),
        ]

    def _window(self):
        """Return the seconds that a customer has to type the password."""
        return self.env['ir.config_parameter']._wechat_seconds(
            'micropay_window', GIVE_UP_AFTER, 30, 45)

    def _step(self):
        """Return the seconds between two questions: more and more once the window has passed.

        Some fifteen calls see an attempt to its end even if the reversal needs to be repeated.
        """
        step = self.env['ir.config_parameter']._wechat_seconds('micropay_step', ASK_EVERY, 5, 10)
        if not (self.asked_at and self.submitted_at):
            return step
        # As it was at the last question: were it measured now, it would grow as fast as the wait.
        # No longer than that: after an outage a customer is standing there, and waits for the end.
        beyond = (self.asked_at - self.submitted_at).total_seconds() - self._window()
        return min(max(step, beyond), LONGEST_STEP)

    def _rest(self):
        # An end is near: each question past the window comes with a reversal.
        rest = super()._rest()
        return min(rest, 60) if self._age('submitted_at') < IMPATIENT_FOR else rest

    def _wants_reverse(self):
        return (self.cancel_requested or self.trade_state == 'PAYERROR'
                or self._age('submitted_at') >= self._window())

    def _reverse(self, question):
        """Have WeChat undo the attempt: closed if unpaid, money back if paid.

        :param question: the outcome of the query just before, or `None` if WeChat was silent
        """
        self._lock()
        if self.state != 'pending':
            return
        # On disk before the call: from here on "paid" is no longer the last word, because the
        # reversal may be under way. Only WeChat's refusal to reverse takes this back.
        sent_before = self.reversal_sent
        self.write({'reversal_sent': True, 'last_call': 'reverse'})
        outcome = self._call('reverse', self.name)
        if self.state != 'pending':
            return
        if outcome.kind in (Kind.CONFIG, Kind.TOO_EARLY, Kind.TAKEN):
            # This one was not carried out; an earlier one may still be under way.
            self.reversal_sent = sent_before
        if outcome.code not in NUMBER_UNKNOWN:
            return
        # WeChat speaks again: the question that it was silent on can be put now.
        question = question or self._ask()
        if (self.state == 'pending' and question.code in NUMBER_UNKNOWN
                and self._age('submitted_at') >= GIVE_UP_AFTER):
            # Neither the query nor the reversal knows the number, well after no request can be
            # under way any more: the charge never arrived.
            self._apply(Outcome(
                kind=Kind.CLOSED, code=outcome.code, endpoint='reverse',
                description=outcome.description,
            ), 'odoo')

    def _cancel(self):
        """Give the attempt up as the cashier asks. If the customer has paid, it stays paid."""
        self._lock()
        if self.state in LIVE_STATES:
            self._give_up()
            self._settle()

    def _give_up(self):
        if self.state == 'draft':
            self._apply(Outcome(
                kind=Kind.CLOSED, code='NEVER_SENT', endpoint='micropay'), 'odoo')
        else:
            self.cancel_requested = True
            self._wake_cron(0)

    # === HOOKS === #

    def _starting_call(self):
        return 'micropay'

    def _refund_link(self):
        return {'micropay_id': self.id}

    def _till_method(self):
        return 'wechat_micropay'

    def _till_phase(self):
        phase = super()._till_phase()
        if phase == 'asking' and self._wants_reverse():
            return 'reversing'
        if phase == 'asking' and 'USERPAYING' in (self.trade_state, self.err_code):
            return 'password'
        return phase

    def _till_status(self):
        status = super()._till_status()
        if self.state == 'pending':
            status['seconds_left'] = max(0, int(self._window() - self._age('submitted_at')))
            # When WeChat is asked next: to look more often would only read the same row again.
            wait = self._step() - self._age('asked_at') if self.asked_at else 1
            status['retry_in'] = min(max(1, round(wait)), ASK_EVERY)
        return status

    def _till_sentence(self, phase):
        _ = self.env._
        if phase == 'password':
            return _("The customer is typing the password. Do not hand over the goods yet.")
        if phase == 'reversing' and self._explain().get('config'):
            # Nobody but an administrator can end this one: the certificate is missing, say.
            return self._explanation_sentence()
        if phase == 'reversing':
            return _(
                "Taking the payment back at WeChat. Wait: the customer may still have paid.")
        if phase == 'asking' and not self.err_code:
            return _(
                "WeChat has not said yet whether the customer paid. Do not hand over the goods"
                " yet.")
        return super()._till_sentence(phase)

    def _evidence_values(self, outcome, source):
        vals = super()._evidence_values(outcome, source)
        if outcome.code == 'USERPAYING':
            vals['trade_state'] = 'USERPAYING'
        if self.state == 'cancelled' and self.trade_state == 'REVOKED':
            vals['trade_state'] = 'REVOKED'
        return vals

    def _target_state(self, outcome):
        reversed_ = self.trade_state == 'REVOKED' and self.state == 'cancelled'
        if outcome.kind == Kind.PAID and (
                reversed_ or (self.reversal_sent and self.state in LIVE_STATES)):
            # Seen before the reversal took effect. The reversal goes on, the money goes back.
            return 'cancelled' if reversed_ else 'pending'
        if outcome.endpoint == 'reverse' and outcome.kind == Kind.CLOSED and self.state == 'done':
            return 'refunded'
        return super()._target_state(outcome)

    def _mismatch(self, outcome):
        mismatch = super()._mismatch(outcome)
        trade_type = outcome.data.get('trade_type')
        if not mismatch and outcome.kind == Kind.PAID and trade_type not in (None, 'MICROPAY'):
            return f"trade_type is {trade_type}, expected MICROPAY"
        return mismatch
