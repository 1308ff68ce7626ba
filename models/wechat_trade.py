# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import json
import logging
import random
import time
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.modules import module
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.sql_db import Cursor

from ..gateway import Kind, NotificationError, Outcome, write_message

_logger = logging.getLogger(__name__)

LIVE_STATES = ('draft', 'pending')
BOOKING_TRIES = 5
STUCK_AFTER = 3600  # seconds; nothing that goes right waits for WeChat that long

# Ends that were asked for: nothing went wrong.
GOOD_ENDS = ('SUCCESS', 'CLOSED', 'REVOKED', 'NEVER_SENT', 'GIVEN_UP')

# Who may read what was sent and received to the letter: it names the payer (openid).
RAW_GROUPS = 'account.group_account_invoice,account.group_account_readonly'

# The calls that start a trade: when WeChat refuses one of them for good, the trade has failed.
STARTING_CALLS = ('micropay', 'unifiedorder', 'refund')

# Codes of our own whose description says more than the catalogue can, in the user's language.
SELF_EXPLAINED = ('NOT_SET_UP', 'FEE_TYPE', 'NOT_REFUNDABLE')

# How long a record rests before it is asked about again, in seconds: up to which age, how long.
# The first steps serve a customer who is typing a password, the last a refund that got stuck. By
# age and not by count, because a till that polls must not use up the patience of the cron.
BACK_OFF = ((60, 5), (120, 15), (600, 60), (7200, 300), (86400, 1800), (float('inf'), 21600))


class UnknownNumberError(NotificationError):
    """A genuine notification about a number that is none of ours."""

    def __init__(self, number, outcome):
        super().__init__('unknown_number', f"No record has the number {number}.")
        self.outcome = outcome


class WechatTrade(models.AbstractModel):
    """What orders, micropays and refunds share: a number, an amount, a state and its evidence.

    Every piece of news goes through `_apply`, the one door, and nothing else writes `state`.
    """

    _name = 'wechat.trade'
    _description = "WeChat Trade"
    _inherit = ['wechat.accountant.mixin', 'wechat.receipt.mixin']
    _order = 'id desc'

    name = fields.Char(
        string="Number", required=True, readonly=True, copy=False, index=True,
        help="The number under which WeChat knows it.",
    )
    company_id = fields.Many2one(
        'res.company', required=True, readonly=True, index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(
        'res.currency', required=True, readonly=True,
        default=lambda self: self.env.company.currency_id,
    )
    total_fee = fields.Integer(
        string="Order total (fen)", readonly=True,
        help="Total of the order in the smallest unit of its currency.",
    )
    journal_id = fields.Many2one('account.journal', readonly=True, check_company=True)
    state = fields.Selection(
        selection=[
            ('draft', "New"),
            ('pending', "Waiting"),
            ('done', "Paid"),
            ('refunded', "Refunded"),
            ('cancelled', "Closed"),
            ('error', "Failed"),
        ],
        default='draft', required=True, readonly=True, copy=False, index=True,
        help="New: not sent to WeChat yet.\n"
             "Waiting: sent; WeChat has not said how it ended.\n"
             "Paid: WeChat says that the money moved.\n"
             "Refunded: paid, and given back in part or all.\n"
             "Closed: WeChat says that it is over; no money moved, or all of it went back.\n"
             "Failed: refused; no money moved.",
    )
    trade_state = fields.Char(
        string="WeChat's state", readonly=True, copy=False, help="WeChat's latest word.")
    transaction_id = fields.Char(
        string="WeChat transaction", readonly=True, copy=False, index='btree_not_null')
    err_code = fields.Char(string="Error code", readonly=True, copy=False)
    err_code_des = fields.Char(string="Error description", readonly=True, copy=False)
    err_call = fields.Char(
        string="Error of", readonly=True, copy=False, help="The call to WeChat that it came from.")
    remedy = fields.Char(compute='_compute_remedy', help="What an administrator can do.")
    mode = fields.Selection(
        selection=[('live', "Live"), ('sandbox', "WeChat's sandbox"), ('simulator', "Simulator")],
        required=True, readonly=True, copy=False,
        default=lambda self: self.env['ir.config_parameter']._wechat_mode(),
    )
    debug = fields.Boolean(
        string="Sandbox", compute='_compute_debug', store=True,
        help="No real money: WeChat's sandbox or a simulator answered.",
    )
    app_id = fields.Char(string="WeChat app", readonly=True, copy=False)
    mch_id = fields.Char(string="Merchant number", readonly=True, copy=False)
    sub_mch_id = fields.Char(string="Sub-merchant", readonly=True, copy=False)
    request_params = fields.Text(
        readonly=True, copy=False, groups=RAW_GROUPS,
        help="Every parameter as it is sent to WeChat: a repetition sends the same.",
    )
    result_raw = fields.Text(
        string="WeChat's reply", readonly=True, copy=False, groups=RAW_GROUPS)
    submitted_at = fields.Datetime(readonly=True, copy=False)
    asked_at = fields.Datetime(string="Last asked", readonly=True, copy=False)
    ask_count = fields.Integer(readonly=True, copy=False)
    next_ask = fields.Datetime(
        readonly=True, copy=False, index='btree_not_null',
        help="When WeChat is asked again if no till does it first.",
    )

    stuck_told = fields.Boolean(
        readonly=True, copy=False, help="The accountant was told that WeChat does not say its end.")

    _name_uniq = models.Constraint('unique (name)', "This number is already in use.")

    # === COMPUTE METHODS === #

    @api.depends('mode')
    def _compute_debug(self):
        for trade in self:
            trade.debug = trade.mode != 'live'

    @api.depends('err_code', 'err_call')
    def _compute_remedy(self):
        for trade in self:
            trade.remedy = trade._explain().get('admin', '') if trade.err_code else ''

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if not vals.get('name'):
                vals['name'] = self._next_number()
        # The evidence tells how a record came about; a message of its own would only repeat it.
        quiet = self.with_context(mail_create_nolog=True, mail_create_nosubscribe=True)
        return super(WechatTrade, quiet).create(vals_list).with_env(self.env)

    @api.model
    def _next_number(self):
        number = True
        # A refund that WeChat told us of may have the number of a lost record of ours.
        while number is True or self.sudo().search_count([('name', '=', number)], limit=1):
            number = self.env['ir.sequence'].sudo().next_by_code(self._name)
            if not number:
                raise UserError(self.env._(
                    "The sequence with the code %(code)s is missing. Create it under"
                    " Settings ▸ Technical ▸ Sequences, with a prefix of your own.",
                    code=self._name,
                ))
        return number

    def _freeze(self, params):
        """Write down, before anything is sent, what will be sent.

        :param dict params: WeChat's fields, without payment codes and signatures
        """
        self.ensure_one()
        self.request_params = json.dumps(params, ensure_ascii=False, sort_keys=True)

    def _frozen(self):
        self.ensure_one()
        return json.loads(self.request_params or '{}')

    # === ASKING WECHAT === #

    def _call(self, verb, *args):
        """Make one call to WeChat and let its outcome through the door.

        The transaction is committed first: what is sent is on disk, no lock is held while WeChat
        thinks, and the reply is booked on a fresh snapshot. A rerun by Odoo after a database
        conflict starts from the committed state and so never repeats a charge.

        :param str verb: a method of the gateway
        :return: the outcome
        :rtype: Outcome
        """
        self.ensure_one()
        params = self.env['ir.config_parameter']
        try:
            if self.mode != params._wechat_mode():
                raise UserError(self._other_wechat_sentence())
            gateway = params._wechat_gateway(self.app_id or None)
        except UserError as error:
            outcome = Outcome(
                kind=Kind.CONFIG, code='NOT_SET_UP', endpoint=verb, description=str(error))
        else:
            self._commit()
            outcome = getattr(gateway, verb)(*args)
        self._book(outcome)
        return outcome

    def _other_wechat_sentence(self):
        return self.env._(
            "%(number)s was begun with another WeChat (%(mode)s) than the system parameters"
            " name now. Set them back to settle it.", number=self.name, mode=self.mode)

    def _book(self, outcome):
        """Let a reply through the door, again if another transaction was in the way.

        Here and not by Odoo's rerun of the whole request: the reply is known only here, and a
        rerun of what came before it could send something anew.
        """
        for tries_left in reversed(range(BOOKING_TRIES)):
            try:
                self._apply(outcome, 'reply')
                self._commit()
                return
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                if not tries_left:
                    raise
                # Nothing but the reply is lost by this: all else was committed before the call.
                self.env.cr.rollback()
                self.env.invalidate_all()
                time.sleep(random.uniform(0.05, 0.5))  # noqa: S311

    def _commit(self):
        """Commit, except inside a test's own transaction, which Odoo does not let end."""
        self.env.flush_all()
        if not (module.current_test and isinstance(self.env.cr, Cursor)):
            self.env.cr.commit()  # pylint: disable=invalid-commit

    def _lock(self):
        """Take the row lock and read the row as it is now.

        Waits for a rival, who never holds the lock across a call to WeChat.
        """
        self.ensure_one()
        self.flush_recordset()
        self.env.cr.execute(
            f'SELECT id FROM "{self._table}" WHERE id = %s FOR UPDATE', [self.id])  # noqa: S608
        self.invalidate_recordset()

    def _settle(self):
        """Make the one next call that brings this record nearer to its end. Safe at any time."""
        raise NotImplementedError

    @api.model
    def _due_domain(self):
        """Return the domain of the records that the cron looks after now."""
        return [('state', 'in', LIVE_STATES), ('next_ask', '<=', fields.Datetime.now())]

    @api.model
    def _stuck_domain(self, age):
        """Return the domain of what a person has to look at, because asking leads nowhere.

        :param int age: seconds since it was sent
        """
        return [
            ('state', '=', 'pending'), ('stuck_told', '=', False),
            ('submitted_at', '<=', fields.Datetime.subtract(fields.Datetime.now(), seconds=age)),
        ]

    def _tell_stuck(self):
        """Show the accountant, once, a record whose end WeChat does not tell."""
        self.stuck_told = True
        self._tell_accountant(
            lambda env: env._("WeChat does not say how this ends"),
            lambda env: " ".join(filter(None, [
                env._(
                    "Odoo has been asking for long and goes on asking. Look %(number)s up on the"
                    " WeChat Pay merchant platform.", number=self.name),
                self.with_env(env).remedy,
            ])),
        )

    def _wake_cron(self, seconds=60):
        """Have the cron look after this record should no till do so.

        :param int seconds: from now
        """
        self.next_ask = fields.Datetime.add(fields.Datetime.now(), seconds=seconds)

    def _is_due(self, rest=0):
        """Tell whether the last question is at least `rest` seconds old."""
        self.ensure_one()
        return not self.asked_at or self._age('asked_at') >= rest

    def _age(self, field_name):
        """Return the seconds since a datetime field, or 0 if it is not set."""
        self.ensure_one()
        since = self[field_name]
        return (fields.Datetime.now() - since).total_seconds() if since else 0

    # === THE ONE DOOR === #

    def _apply(self, outcome, source):
        """Decide what a piece of evidence does to this record, and write it down.

        Idempotent and independent of order: the same evidence twice, late or in another order
        ends in the same state.

        :param Outcome outcome: what WeChat said
        :param str source: `reply`, `notification` or `odoo`
        :return: whether the evidence was accepted
        :rtype: bool
        """
        self.ensure_one()
        self._lock()
        mismatch = self._mismatch(outcome)
        if mismatch:
            self.env['wechat.evidence']._record(self, outcome, source, refused=mismatch)
            if source != 'notification':  # Refused notifications have a log line of their own.
                _logger.warning(
                    "WeChat %s: evidence from %s refused: %s",
                    self.name, outcome.endpoint, mismatch)
            vals = self._asked_values(outcome, source)
            if self.state in LIVE_STATES:
                vals.update(
                    err_code='FOREIGN_EVIDENCE', err_code_des=mismatch, err_call=outcome.endpoint)
            self.write(vals)
            self._on_foreign_evidence(outcome, mismatch)
            return False
        before = self.state
        target = self._target_state(outcome)
        self.write(dict(
            self._asked_values(outcome, source),
            **self._evidence_values(outcome, source),
            state=target,
        ))
        self.env['wechat.evidence']._record(self, outcome, source, before=before)
        if target != before:
            _logger.info(
                "WeChat %s: %s -> %s (%s %s)",
                self.name, before, target, outcome.endpoint, outcome.code)
            if target not in LIVE_STATES:
                self.next_ask = self._last_look()
            self._on_state_change(before)
        return True

    def _last_look(self):
        """Return when WeChat is asked once more about a record that has just ended, or False."""
        return False

    def _mismatch(self, outcome):
        """Return why verified evidence is not about this record, or an empty string.

        Evidence without WeChat's verified fields (a time-out, say) has nothing to compare.
        """
        self.ensure_one()
        data = outcome.data
        ours = {
            **self._expected_fields(),
            'appid': self.app_id, 'mch_id': self.mch_id, 'sub_mch_id': self.sub_mch_id,
        }
        for key, expected in ours.items():
            received = data.get(key)
            if received and expected and received != str(expected):
                return f"{key} is {received}, expected {expected}"
        if outcome.kind == Kind.PAID:
            for key in self._required_fields():
                if not data.get(key):
                    return f"{key} is missing"
        return ''

    def _expected_fields(self):
        """Return WeChat's fields that must be equal wherever they occur."""
        raise NotImplementedError

    def _required_fields(self):
        """Return the fields without which nothing is booked as paid."""
        raise NotImplementedError

    def _target_state(self, outcome):
        """Return the state that this record has after `outcome`."""
        raise NotImplementedError

    def _asked_values(self, outcome, source):
        """Return the values that say when WeChat was asked and is asked next."""
        if source != 'reply':
            return {}
        now = fields.Datetime.now()
        return {
            'asked_at': now,
            'ask_count': self.ask_count + 1,
            'next_ask': now + timedelta(seconds=self._rest()),
        }

    def _rest(self):
        """Return the seconds until the cron asks again."""
        age = self._age('submitted_at')
        return next(rest for limit, rest in BACK_OFF if age < limit)

    def _evidence_values(self, outcome, source):
        """Return the values, other than the state, that evidence writes."""
        good = outcome.kind in (Kind.PAID, Kind.PENDING, Kind.REFUNDED) or (
            outcome.kind == Kind.CLOSED and outcome.code in GOOD_ENDS)
        vals = {
            'err_code': False if good else outcome.code,
            'err_code_des': False if good else outcome.description,
            'err_call': False if good else outcome.endpoint,
        }
        if outcome.raw and source == 'reply':
            vals['result_raw'] = outcome.raw
        if outcome.data.get('transaction_id'):
            vals['transaction_id'] = outcome.data['transaction_id']
        return vals

    def _on_state_change(self, before):
        """Tell those who wait for this record."""

    def _wake_till(self):
        """Have the tills of the shop ask about this payment line again.

        The channel's name is public: it says "look again" and nothing else.
        """
        if self.pos_id and self.payment_uuid:
            self.pos_id._notify('WECHAT_TRADE', {'payment_uuid': self.payment_uuid})

    def _on_foreign_evidence(self, outcome, mismatch):
        """React to a verified answer that is about somebody else's trade."""

    # === NOTIFICATIONS === #

    @api.model
    def on_notification(self, data):
        """Take a notification: verify it, find its record, book it once.

        :param data: WeChat's XML as `bytes` or `str`, or its fields as a `dict`
        :return: the record; `None` for a duplicate; `False` if it is refused
        """
        try:
            return self._take_notification(data)
        except NotificationError as error:
            self.env['wechat.evidence']._refuse_notification(error)
            return False

    @api.model
    def _take_notification(self, data):
        """Do as `on_notification`.

        :raises NotificationError: if the notification is refused
        """
        # WeChat does not notify of a micropay.
        raise NotificationError('unknown_number', f"{self._description} is not notified of.")

    @api.model
    def _notification_bytes(self, data):
        """Return a notification as the bytes that the gateway reads.

        :param data: XML as `bytes` or `str`, or WeChat's fields as a `dict`
        """
        if isinstance(data, dict):
            return write_message({key: str(value) for key, value in data.items()})
        return data.encode() if isinstance(data, str) else data

    # === WORDS === #

    def _explain(self):
        """Return the catalogue's sentences on the present error code, in the user's language.

        :rtype: dict
        """
        self.ensure_one()
        return self.env['wechat.evidence']._explain(
            self.err_code, self.err_call or self._starting_call())

    def _explanation_sentence(self):
        """Return the cashier's sentence on the present error code, and the remedy if one is needed.

        :rtype: str
        """
        words = self._explain()
        remedy = ''
        if words.get('config'):
            own_words = self.err_code in SELF_EXPLAINED and self.err_code_des
            remedy = own_words or words['admin']
        return " ".join(filter(None, [words.get('cashier'), remedy]))

    def _starting_call(self):
        """Return the WeChat call that starts a trade of this kind."""
        raise NotImplementedError

    def _wechat_number(self):
        """Return WeChat's own number of this trade, for the payment of the POS order."""
        return self.transaction_id
