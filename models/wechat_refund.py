# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ..gateway import Kind, Outcome, clean_text
from .ir_config_parameter import REFUND_ACCOUNTS
from .wechat_trade import LIVE_STATES

# Seconds. A call to WeChat ends within 15 seconds; whoever has called too often waits a minute.
ASK_EVERY = 2
SEND_EVERY = 20
# A bank may need some days for what WeChat has accepted.
LONGEST_DAYS = 10
SEND_EVERY_AFTER = {'FREQUENCY_LIMITED': 60, 'INVALID_REQ_TOO_MUCH': 60}


class WechatRefund(models.Model):
    """Money that goes back to the customer (endpoint `refund`).

    "Accepted" is not "returned": the refund is `pending` until WeChat says SUCCESS. Every retry
    uses the same number, so the money goes back once. It is sent only while WeChat surely has not
    got it (`parked`), asked about otherwise, and may be given up only then.
    """

    _name = 'wechat.refund'
    _description = "WeChat Refund"
    _inherit = ['wechat.trade']

    order_id = fields.Many2one(
        'wechat.order', readonly=True, index='btree_not_null', ondelete='restrict')
    micropay_id = fields.Many2one(
        'wechat.micropay', readonly=True, index='btree_not_null', ondelete='restrict')
    refund_fee = fields.Integer(
        string="Refund (fen)", required=True, readonly=True,
        help="What goes back, in the smallest unit of the currency.",
    )
    amount = fields.Monetary(compute='_compute_amount')
    reason = fields.Char(readonly=True, help="Shown to the customer.")
    sent_at = fields.Datetime(
        readonly=True, copy=False,
        help="When it was sent last; it is not repeated while that call may still be under way.")
    parked = fields.Boolean(
        readonly=True, copy=False, default=True,
        help="WeChat surely has not got it: it may be sent, or given up.")
    unsigned = fields.Boolean(
        readonly=True, copy=False,
        help="Known by a notification only, which WeChat does not sign: it is asked whether it is"
             " true.")
    refund_account = fields.Char(
        string="Taken from", readonly=True, copy=False,
        help="Where WeChat takes the money from: what it has not paid out yet (unsettled funds),"
             " or the balance (recharge funds).")
    source = fields.Selection(
        selection=[('odoo', "Odoo"), ('platform', "Merchant platform")],
        string="Made in", required=True, readonly=True, default='odoo',
        help="Merchant platform: somebody refunded there by hand, and WeChat told us.")
    automatic = fields.Boolean(
        readonly=True, help="Ordered by Odoo itself: the customer paid after the sale was over.")
    wechat_refund_id = fields.Char(
        string="WeChat refund", readonly=True, copy=False,
        help="WeChat's own number: it has accepted the refund.")
    refund_recv_accout = fields.Char(
        string="Goes to", readonly=True, copy=False, help="WeChat's words; spelt as they do.")
    pos_id = fields.Many2one('pos.config', string="Point of Sale", readonly=True)
    pos_session_id = fields.Many2one('pos.session', string="Session", readonly=True)
    orphan_told = fields.Boolean(
        readonly=True, copy=False, help="The accountant was told that no POS order came for it.")
    payment_uuid = fields.Char(
        string="Payment line", readonly=True, copy=False, index='btree_not_null')
    order_uuid = fields.Char(
        string="Return (number)", readonly=True, copy=False, index='btree_not_null',
        help="The number of the return, known to a till before it is stored.")
    pos_payment_id = fields.Many2one(
        'pos.payment', string="POS payment", readonly=True, copy=False, ondelete='restrict')
    state = fields.Selection(selection_add=[('done', "Completed")])

    _one_original = models.Constraint(
        'CHECK ((order_id IS NULL) <> (micropay_id IS NULL))',
        "A refund belongs to one order or to one micropay.",
    )
    _positive_fee = models.Constraint('CHECK (refund_fee > 0)', "A refund must be above zero.")
    _live_line_uniq = models.UniqueIndex(
        "(payment_uuid) WHERE state NOT IN ('error', 'cancelled') AND payment_uuid IS NOT NULL",
        "A WeChat refund is already running for this payment line.",
    )
    _pos_payment_uniq = models.UniqueIndex(
        "(pos_payment_id) WHERE pos_payment_id IS NOT NULL",
        "This WeChat refund is already used by another POS payment.",
    )

    # === COMPUTE METHODS === #

    @api.depends('refund_fee', 'currency_id')
    def _compute_amount(self):
        for refund in self:
            refund.amount = refund.currency_id._wechat_from_fen(refund.refund_fee)

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        refunds = self.browse()
        # One by one: each sees what the one before it has left.
        for vals in vals_list:
            original = self._browse_original(vals)
            # One after the other: what is left is read under the lock of the original.
            original._lock()
            if vals.get('source') != 'platform':
                refusal = original._refund_refusal(vals.get('refund_fee') or 0)
                # What Odoo orders by itself is recorded in any case, and tells why it cannot be.
                if refusal and (not vals.get('automatic') or refusal.code == 'AMOUNT'):
                    raise UserError(refusal.description)
            vals.update(
                total_fee=original.total_fee, currency_id=original.currency_id.id,
                company_id=original.company_id.id, app_id=original.app_id,
                mch_id=original.mch_id, sub_mch_id=original.sub_mch_id,
                journal_id=vals.get('journal_id') or original.journal_id.id,
                pos_id=vals.get('pos_id') or original.pos_id.id,
            )
            refund = super().create([vals])
            refund._freeze(refund._refund_params())
            refunds |= refund
        return refunds

    @api.model
    def _browse_original(self, vals):
        order = self.env['wechat.order'].browse(vals.get('order_id'))
        original = order or self.env['wechat.micropay'].browse(vals.get('micropay_id'))
        if not original:
            raise ValidationError(self.env._("A refund needs the order or micropay that was paid."))
        return original

    def _original(self):
        self.ensure_one()
        return self.order_id or self.micropay_id

    # === ACTIONS === #

    def action_confirm(self):
        """Send the refund to WeChat, or ask how it stands if it was sent before.

        Safe to repeat: WeChat refunds one number once. One that WeChat has closed without paying
        is begun anew, under a new number. Commits the transaction.

        :return: `True`, or the action that shows a refund that was begun anew
        :raises AccessError: unless the caller keeps the books or manages the shop
        """
        self._check_bookkeeper()
        for refund in self.sudo():
            successor = refund._begin_anew()
            (successor or refund)._submit(again=True)
            if successor and len(self) == 1:
                return successor._action_show()
        return True

    def action_give_up(self):
        """Give up a refund that WeChat has not got; otherwise ask how it stands.

        :raises AccessError: unless the caller keeps the books or manages the shop
        """
        self._check_bookkeeper()
        for refund in self.sudo():
            refund._cancel()
        return True

    def _check_bookkeeper(self):
        user = self.env.user
        if not (self.env.su or user.has_group('account.group_account_invoice')
                or user.has_group('point_of_sale.group_pos_manager')):
            raise AccessError(self.env._(
                "Only an invoicing user or a Point of Sale manager can refund."))
        self.check_access('read')

    def _action_show(self):
        self.ensure_one()
        return {
            'type': 'ir.actions.act_window',
            'res_model': self._name,
            'res_id': self.id,
            'view_mode': 'form',
        }

    # === TALKING TO WECHAT === #

    def _refund_params(self):
        original = self._original()
        params = {
            'out_trade_no': original.name,
            'out_refund_no': self.name,
            'total_fee': self.total_fee,
            'refund_fee': self.refund_fee,
            'refund_fee_type': self.currency_id.name,
            'notify_url': self.env['ir.config_parameter']._wechat_notify_url(refund=True),
        }
        if self.reason:
            params['refund_desc'] = clean_text(self.reason, 80)
        return params

    def _submit(self, again=False):
        """Send the refund once; called again, it asks.

        :param bool again: send one that WeChat has refused, under its own number
        """
        self._lock()
        original = self._original()
        original._lock()
        if self.source != 'platform' and (
                self.state == 'draft' or (self.state == 'error' and again)):
            self._refuse_if_settled()
            refusal = original._refund_refusal(self.refund_fee, but=self)
            if refusal:
                self._apply(refusal, 'odoo')
                return
            self.write({
                'submitted_at': fields.Datetime.now(), 'asked_at': False, 'ask_count': 0,
                'sent_at': False, 'parked': True,
            })
            self._choose_account()
            self._apply(Outcome(kind=Kind.PENDING, code='SUBMITTED', endpoint='refund'), 'odoo')
            self._wake_cron(60)
        self._settle()

    def _settle(self):
        """Make the one next call for a refund: send it, or ask."""
        self.ensure_one()
        if self.state == 'draft' and self.automatic:
            self._submit()
        elif self.state == 'pending' and self._is_due(ASK_EVERY):
            if self.parked:
                self._send()
            else:
                self._ask()
        elif self.unsigned and self._is_due(ASK_EVERY):
            self._ask()

    def _send(self):
        """Send it, with the same number each time, unless it is too soon for that.

        If one of the shop's two accounts has not enough money, the other one is tried at once.
        """
        for turn in range(len(REFUND_ACCOUNTS)):
            if not self._begin_sending(at_once=turn > 0):
                return
            outcome = self._call('refund', self._frozen())
            if outcome.code != 'NOTENOUGH' or not self._choose_other_account():
                break
        if self.err_code == 'NOTENOUGH':
            self._tell_accountant(
                lambda env: env._("WeChat balance too low for a refund"),
                lambda env: f"{self.currency_id.format(self.amount)}: {self.with_env(env).remedy}")
        elif self.state == 'error' and outcome.code == 'INVALID_REQUEST':
            # More than is left, perhaps: somebody may have refunded it on the merchant platform.
            self._original()._look_for_refunds()

    def _begin_sending(self, at_once=False):
        """Pass the gate before a refund is sent. Of two callers one does.

        :param bool at_once: the last call has just ended
        :return: whether this caller may send
        :rtype: bool
        """
        self._lock()
        if self.state != 'pending' or not self.parked or self.source == 'platform':
            return False
        pause = SEND_EVERY_AFTER.get(self.err_code, SEND_EVERY)
        if self.sent_at and not at_once and self._age('sent_at') < pause:
            return False
        if self._return_paid_otherwise():
            # The customer would have the money twice.
            self._cancel()
            return False
        original = self._original()
        original._lock()
        wait = original._refund_wait(self)
        if wait:
            if self.err_code != 'TOO_SOON':
                self._apply(Outcome(kind=Kind.RETRY, code='TOO_SOON', endpoint='refund'), 'odoo')
            self._wake_cron(wait)
            return False
        # On disk before the first byte goes out: from here on WeChat may have it.
        self.write({'sent_at': fields.Datetime.now(), 'parked': False})
        return True

    def _ask(self):
        """Ask WeChat how this refund stands.

        :rtype: Outcome
        """
        sent_at = self.sent_at
        arrived = not sent_at or self._age('sent_at') >= SEND_EVERY
        outcome = self._call('query_refund', self.name)
        if outcome.code == 'REFUNDNOTEXIST' and outcome.data and arrived:
            self._lock()
            if self.unsigned and not self._was_answered():
                # What the notification told was not true.
                self._apply(Outcome(
                    kind=Kind.REFUSED, code='NOT_AT_WECHAT', endpoint='refundquery',
                    data=outcome.data), 'odoo')
            elif self.state == 'pending' and self.sent_at == sent_at and not self.wechat_refund_id:
                self.parked = True
        return outcome

    def _was_answered(self):
        """Tell whether a signed answer of WeChat's has ever shown that it has this refund."""
        return bool(self.env['wechat.evidence'].search_count([
            ('refund_id', '=', self.id), ('source', '=', 'reply'), ('refused', '=', False),
            ('kind', 'in', (Kind.PENDING.value, Kind.PAID.value)),
        ], limit=1))

    def _return_paid_otherwise(self):
        """Return the return that has been paid without this refund, or an empty set."""
        if not self.order_uuid or self.pos_payment_id:
            return self.env['pos.order']
        return self.env['pos.order'].sudo().search([
            ('uuid', '=', self.order_uuid), ('company_id', '=', self.company_id.id),
            ('state', 'in', ('paid', 'done')),
        ], limit=1)

    def _refuse_if_settled(self):
        """Refuse to send a refund whose money has gone, or is going, another way.

        :raises UserError: saying which way
        """
        self.ensure_one()
        order = self._return_paid_otherwise()
        if order:
            raise UserError(self.env._(
                "The return %(order)s has been paid in another way: the customer would get the"
                " money twice.", order=order.name))
        original = self._original()
        rival = self._heir()
        if self.state == 'error' and self.order_uuid:
            rival |= original._live_refunds().filtered(
                lambda refund: refund.order_uuid == self.order_uuid and refund.id > self.id)
        if rival:
            raise UserError(self.env._(
                "%(number)s has taken the place of this refund: do not send both.",
                number=rival[0].name))

    def _cancel(self):
        """Give a refund up that WeChat surely has not got. What it may have goes on."""
        self._lock()
        if self.state == 'draft' or (self.state == 'pending' and self.parked):
            code = 'GIVEN_UP' if self.sent_at else 'NEVER_SENT'
            self._apply(Outcome(kind=Kind.CLOSED, code=code, endpoint='refund'), 'odoo')
            self._hand_back()
        else:
            self._settle()

    # === THE ACCOUNT THAT THE MONEY IS TAKEN FROM === #

    def _choose_account(self):
        """Take the money from the account that is set; none: WeChat decides."""
        self._take_from(self.env['ir.config_parameter']._wechat_refund_account())

    def _choose_other_account(self):
        """Take the money from the other account.

        WeChat allows this change of a number that it has refused for want of money, and no other.

        :return: whether there is another one
        :rtype: bool
        """
        self._lock()
        account = self._frozen().get('refund_account')
        if not account and self.env['ir.config_parameter']._wechat_param('refund_account'):
            # Set since this refund was begun: so far WeChat has taken what it takes by default.
            account = REFUND_ACCOUNTS[0]
        if not account or self.state != 'pending' or not self.parked:
            return False
        self._take_from(next(other for other in REFUND_ACCOUNTS if other != account))
        return True

    def _take_from(self, account):
        params = {name: value for name, value in self._frozen().items() if name != 'refund_account'}
        self._freeze(dict(params, refund_account=account) if account else params)
        self.refund_account = account

    # === WHAT THE CRON LOOKS AFTER === #

    @api.model
    def _orphan_domain(self, age=0):
        """Return the domain of the till's refunds for which no POS order came.

        :param int age: seconds since they were sent
        """
        return [
            ('payment_uuid', '!=', False), ('pos_payment_id', '=', False),
            ('orphan_told', '=', False),
            '|', ('return_order_id', '=', False), ('return_order_id.state', '!=', 'draft'),
            '|', ('state', '=', 'done'),
            '&', ('state', '=', 'pending'), ('wechat_refund_id', '!=', False),
            ('submitted_at', '<=', fields.Datetime.subtract(fields.Datetime.now(), seconds=age)),
        ]

    def _tell_orphan(self):
        """Show the accountant, once, a refund at a till whose order never came."""
        self.orphan_told = True
        if self._return_paid_otherwise():
            self._tell_accountant(
                lambda env: env._("Refunded with WeChat, and in another way"),
                lambda env: env._(
                    "The return %(order)s was paid without this refund, and WeChat has given the"
                    " money back as well. Ask the customer, and press Enter in the books.",
                    order=self._return_paid_otherwise().name),
            )
            return
        self._tell_accountant(
            lambda env: env._("Refunded with WeChat, but no POS order"),
            lambda env: env._(
                "The till never sent the return that this refund belongs to: its browser was closed"
                " or lost its data. Enter the return in the books."),
        )

    def _find_home(self):
        """Deal with a refund at a till for which no POS order came."""
        self._tell_orphan()

    @api.model
    def _due_domain(self):
        return [
            ('next_ask', '<=', fields.Datetime.now()),
            '|', ('state', 'in', LIVE_STATES), ('unsigned', '=', True),
        ]

    @api.model
    def _stuck_domain(self, age):
        # What WeChat has accepted may take the bank some days.
        # An empty account was told of at once.
        long_ago = fields.Datetime.subtract(fields.Datetime.now(), days=LONGEST_DAYS)
        return [
            *super()._stuck_domain(age), '|', ('submitted_at', '<=', long_ago),
            '&', ('wechat_refund_id', '=', False),
            '|', ('err_code', '=', False), ('err_code', '!=', 'NOTENOUGH'),
        ]

    @api.model
    def _stale_domain(self):
        """Return the domain of what was prepared and never sent: it would keep its amount."""
        now = fields.Datetime.now()
        return [
            ('state', '=', 'draft'), ('automatic', '=', False),
            '|', ('create_date', '<=', fields.Datetime.subtract(now, days=1)),
            '&', ('payment_uuid', '!=', False),
            ('create_date', '<=', fields.Datetime.subtract(now, hours=1)),
        ]

    # === THE ONE DOOR: WHAT EVIDENCE MEANS FOR A REFUND === #

    def _expected_fields(self):
        return {
            'out_refund_no': self.name,
            'out_trade_no': self._original().name,
            'transaction_id': self._original().transaction_id,
            'refund_fee': self.refund_fee,
            'total_fee': self.total_fee,
        }

    def _required_fields(self):
        return ('out_refund_no', 'refund_fee')

    def _target_state(self, outcome):
        kind, state = outcome.kind, self.state
        # The signed answer is the last word.
        is_answer = outcome.endpoint == 'refundquery' and bool(outcome.data)
        if kind == Kind.PAID or (state == 'done' and not (self.unsigned and is_answer)):
            return 'done'
        if kind == Kind.CLOSED and state in LIVE_STATES:
            return 'cancelled'
        if kind == Kind.REFUSED and not (outcome.endpoint == 'refund' and self.wechat_refund_id):
            # What WeChat has accepted is not undone by its answer to a repetition.
            return 'error'
        if kind == Kind.CONFIG and outcome.endpoint == 'refund' and not self.ask_count:
            # The first word ever: it never began. After an unclear answer it would be a guess.
            return 'error'
        if state in LIVE_STATES:
            return 'pending'
        # Given up or failed, and WeChat has taken it on after all. What it has closed stays closed,
        # whatever older news comes late.
        taken = kind == Kind.PENDING or outcome.code == 'CHANGE'
        return 'pending' if taken and self.trade_state != 'REFUNDCLOSE' else state

    def _evidence_values(self, outcome, source):
        vals = super()._evidence_values(outcome, source)
        vals.pop('transaction_id', None)
        data = outcome.data
        if data.get('refund_id'):
            vals.update(wechat_refund_id=data['refund_id'], parked=False)
        if data.get('refund_account'):
            vals['refund_account'] = data['refund_account']
        if outcome.code == 'NOTENOUGH' and data:
            vals['parked'] = True
        target = self._target_state(outcome)
        if outcome.endpoint == 'refundquery' and (
                data.get('refund_status') or outcome.code == 'NOT_AT_WECHAT'):
            vals['unsigned'] = False
        elif outcome.endpoint == 'refund_notification' and (
                not self.wechat_refund_id or (target != self.state and target != 'pending')
                or self.state in ('error', 'cancelled')):
            vals['unsigned'] = True
        if self._heir() and target in ('pending', 'done'):
            # It went through after all, when another had taken its place on the payment line.
            vals['payment_uuid'] = False
        if data.get('refund_status'):
            vals['trade_state'] = data['refund_status']
        if data.get('refund_recv_accout'):
            vals['refund_recv_accout'] = data['refund_recv_accout']
        waits = outcome.code == 'REFUNDNOTEXIST' and self.err_call == 'refund' and self.err_code
        closed = self.state == 'error' and self.trade_state == 'REFUNDCLOSE'
        late = (self.state == target == 'done' or closed) and outcome.kind != Kind.PAID
        if waits or late:
            # Why WeChat has not taken it says more than that it has not; and how it ended says
            # more than what comes late.
            for name in ('err_code', 'err_code_des', 'err_call'):
                vals.pop(name)
        if late:
            vals.pop('trade_state', None)
        return vals

    def _apply(self, outcome, source):
        before = self.state
        accepted = super()._apply(outcome, source)
        if self.err_code == 'CHANGE' or (self.state == 'error' and (
                self.automatic or self.wechat_refund_id or self.pos_payment_id
                or self.source == 'platform')
                and not self._successor()):
            # Nothing that Odoo could still do by itself.
            self._tell_needed()
        if before in ('error', 'cancelled') and self.state in ('pending', 'done') and (
                source != 'odoo' and outcome.code != 'REPORTED'):
            if self.state == 'pending':
                self._wake_cron(60)
            self._tell_accountant(
                lambda env: env._("WeChat refund went through after all"),
                lambda env: env._(
                    "It had been given up or had failed. Look whether the customer has got the"
                    " money in another way as well."),
            )
        return accepted

    def _tell_needed(self):
        self._tell_accountant(
            lambda env: env._("WeChat refund needs you"),
            lambda env: " ".join(filter(None, [
                self.with_env(env)._explain().get('cashier'),
                self.with_env(env).remedy or self.err_code_des or self.err_code,
            ])),
        )

    def _done_with_it(self):
        """Take what Odoo itself has put in front of the accountant away again."""
        if not self.orphan_told or self.pos_payment_id:
            words = self.with_context(lang=self._accountant().lang).env
            # This one is not about the refund alone, but about the money that was given besides.
            lasting = words._("WeChat refund went through after all")
            self.sudo().activity_ids.filtered(
                lambda activity: activity.automated and activity.summary != lasting).unlink()

    def _heir(self):
        """Return the refund that has taken the place of this dead one on its payment line."""
        if self.state not in ('error', 'cancelled') or not self.payment_uuid:
            return self.browse()
        return self.search([
            ('payment_uuid', '=', self.payment_uuid), ('id', '!=', self.id),
            ('state', 'in', (*LIVE_STATES, 'done'))], limit=1)

    def _on_state_change(self, before):
        result = super()._on_state_change(before)
        original = self._original()
        if self.state in ('done', 'cancelled') and before in LIVE_STATES:
            self._done_with_it()
        if self.state == 'done' and original.state != 'refunded':
            original._apply(Outcome(
                kind=Kind.REFUNDED, code='REFUND', endpoint='refundquery',
                description=self.name,
            ), 'odoo')
        if self.state == 'done' and self.pos_payment_id:
            # Where the money went, WeChat says only now: a reprint tells it.
            self.pos_payment_id._wechat_print(self)
        self._wake_till()
        return result

    def _starting_call(self):
        return 'refund'

    def _wechat_number(self):
        return self.wechat_refund_id

    def _keeps_money(self):
        """Tell whether this refund has moved money that the shop must account for."""
        return self.state != 'error'

    def _signed_fee(self):
        """Return the fen that this adds to the till."""
        return -self.refund_fee
