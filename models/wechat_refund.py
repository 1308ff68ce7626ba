# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import format_amount

from ..gateway import (
    Kind,
    NotificationError,
    Outcome,
    clean_text,
    notification_merchant,
    parse_refund_notification,
)
from .wechat_trade import LIVE_STATES, UnknownNumberError

# Seconds. A call to WeChat ends within 15 seconds.
ASK_EVERY = 2
SEND_EVERY = 20


class WechatRefund(models.Model):
    """Money that goes back to the customer (endpoint `refund`).

    "Accepted" is not "returned": the refund is `pending` until WeChat says SUCCESS. Every retry
    uses the same number, so the money goes back once.
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
            fee = vals.get('refund_fee') or 0
            if original.state not in ('done', 'refunded'):
                raise UserError(self.env._(
                    "%(number)s is not paid, so there is nothing to refund.",
                    number=original.name))
            if fee > original.refundable_fee:
                raise UserError(self.env._(
                    "Only %(left)s of %(number)s can still be refunded.",
                    left=format_amount(
                        self.env, original.currency_id._wechat_from_fen(original.refundable_fee),
                        original.currency_id),
                    number=original.name))
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

        Safe to repeat: WeChat refunds one number once. Commits the transaction.

        :raises AccessError: unless the caller keeps the books or manages the shop
        """
        user = self.env.user
        if not (self.env.su or user.has_group('account.group_account_invoice')
                or user.has_group('point_of_sale.group_pos_manager')):
            raise AccessError(self.env._(
                "Only an invoicing user or a Point of Sale manager can refund."))
        self.check_access('read')
        for refund in self.sudo():
            refund._submit(again=True)
        return True

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
        :raises UserError: if what is left of the payment no longer suffices
        """
        self._lock()
        original = self._original()
        original._lock()
        if self.state == 'error' and again and self.refund_fee > original.refundable_fee:
            raise UserError(self.env._(
                "Only %(left)s of %(number)s can still be refunded.",
                left=original.currency_id.format(
                    original.currency_id._wechat_from_fen(original.refundable_fee)),
                number=original.name))
        if self.state == 'draft' or (self.state == 'error' and again):
            self.write({'submitted_at': fields.Datetime.now(), 'ask_count': 0})
            self.sent_at = self.submitted_at
            self._apply(Outcome(kind=Kind.PENDING, code='SUBMITTED', endpoint='refund'), 'odoo')
            self._wake_cron(60)
            self._call('refund', self._frozen())
        else:
            self._settle()

    def _settle(self):
        """Make the one next call for a refund: send it, ask, or send it again."""
        self.ensure_one()
        if self.state == 'draft' and self.automatic:
            self._submit()
        elif self.state != 'pending' or not self._is_due(ASK_EVERY):
            return
        elif not self.wechat_refund_id and self.err_code and self._asked_last() and (
                self._age('sent_at') >= SEND_EVERY):
            # WeChat does not know it, or could not do it yet: the same number again.
            self.sent_at = fields.Datetime.now()
            self._call('refund', self._frozen())
        else:
            self._ask()

    def _ask(self):
        return self._call('query_refund', self.name)

    def _cancel(self):
        """Give a refund up that was never sent. What was sent goes on."""
        self._lock()
        if self.state == 'draft':
            self._apply(Outcome(kind=Kind.CLOSED, code='NEVER_SENT', endpoint='refund'), 'odoo')
        else:
            self._settle()

    @api.model
    def _orphan_domain(self, age=0):
        """Return the domain of the till's refunds for which no POS order came.

        :param int age: seconds since they were sent
        """
        return [
            ('payment_uuid', '!=', False), ('pos_payment_id', '=', False),
            ('orphan_told', '=', False), '|', ('state', '=', 'done'),
            '&', ('state', '=', 'pending'), ('wechat_refund_id', '!=', False),
            ('submitted_at', '<=', fields.Datetime.subtract(fields.Datetime.now(), seconds=age)),
        ]

    def _tell_orphan(self):
        """Show the accountant, once, a refund at a till whose order never came."""
        self.orphan_told = True
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
    def _stuck_domain(self, age):
        # What WeChat has accepted may take the bank some days.
        return [*super()._stuck_domain(age), ('wechat_refund_id', '=', False)]

    @api.model
    def _stale_domain(self):
        """Return the domain of what a till prepared and never sent: it would keep its amount."""
        return [
            ('state', '=', 'draft'), ('automatic', '=', False), ('payment_uuid', '!=', False),
            ('create_date', '<=', fields.Datetime.subtract(fields.Datetime.now(), hours=1)),
        ]

    def _asked_last(self):
        last = self.env['wechat.evidence'].search(
            [('refund_id', '=', self.id), ('source', '=', 'reply')], limit=1)
        return last.endpoint == 'refundquery'

    # === NOTIFICATIONS === #

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
            raise UnknownNumberError(number, outcome)
        before = refund.state
        if not refund._apply(outcome, 'notification'):
            raise NotificationError('mismatch', refund._mismatch(outcome))
        return None if before == refund.state == 'done' else refund

    # === THE ONE DOOR: WHAT EVIDENCE MEANS FOR A REFUND === #

    def _expected_fields(self):
        return {
            'out_refund_no': self.name,
            'out_trade_no': self._original().name,
            'refund_fee': self.refund_fee,
            'total_fee': self.total_fee,
        }

    def _required_fields(self):
        return ('out_refund_no', 'refund_fee')

    def _target_state(self, outcome):
        kind, state = outcome.kind, self.state
        if kind == Kind.PAID or state == 'done':
            return 'done'
        if kind == Kind.CLOSED and state == 'draft':
            return 'cancelled'
        if kind == Kind.REFUSED and not (outcome.endpoint == 'refund' and self.wechat_refund_id):
            # What WeChat has accepted is not undone by its answer to a repetition.
            return 'error'
        if kind == Kind.CONFIG and outcome.endpoint == 'refund' and not self.ask_count:
            # The first word ever: it never began. After an unclear answer it would be a guess.
            return 'error'
        return 'pending' if state in LIVE_STATES or kind == Kind.PENDING else state

    def _evidence_values(self, outcome, source):
        vals = super()._evidence_values(outcome, source)
        vals.pop('transaction_id', None)
        data = outcome.data
        if data.get('refund_id'):
            vals['wechat_refund_id'] = data['refund_id']
        if data.get('refund_status'):
            vals['trade_state'] = data['refund_status']
        if data.get('refund_recv_accout'):
            vals['refund_recv_accout'] = data['refund_recv_accout']
        if self.state == 'done' and outcome.kind != Kind.PAID:
            for name in ('err_code', 'err_code_des', 'err_call'):
                vals.pop(name)
        return vals

    def _apply(self, outcome, source):
        accepted = super()._apply(outcome, source)
        if self.err_code == 'CHANGE' or (self.state == 'error' and (
                self.automatic or self.wechat_refund_id or self.pos_payment_id)):
            # Nothing that Odoo could still do by itself.
            self._tell_accountant(
                lambda env: env._("WeChat refund needs you"),
                lambda env: self.with_env(env).remedy or self.err_code_des or self.err_code,
            )
        return accepted

    def _on_state_change(self, before):
        result = super()._on_state_change(before)
        original = self._original()
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

    # === WHAT THE TILL IS TOLD === #

    def _is_accepted(self):
        """Tell whether WeChat has taken the refund on: the till need not wait for the bank."""
        return self.state == 'done' or (self.state == 'pending' and bool(self.wechat_refund_id))

    def _till_status(self):
        """Return what the till needs to know about a refund; see `wechat.charge`.

        :rtype: dict
        """
        self.ensure_one()
        accepted = self._is_accepted()
        failed = self.state in ('error', 'cancelled')
        phase = (
            'refund_accepted' if accepted else 'failed' if failed
            else 'new' if self.state == 'draft' else 'asking')
        return {
            'found': True,
            'payment_uuid': self.payment_uuid or '',
            'number': self.name,
            'method': self._original()._till_method(),
            'state': self.state,
            'phase': phase,
            'sentence': self._till_sentence(phase),
            'tone': {'refund_accepted': 'success', 'failed': 'danger'}.get(phase, 'info'),
            'paid': accepted,
            'free': failed,
            'code_url': '',
            'expires_in': 0,
            'seconds_left': 0,
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
        if phase == 'refund_accepted' and self.state == 'done':
            return _("Refunded: the customer has the money back.")
        if phase == 'refund_accepted':
            return _("WeChat has accepted the refund; the money is on its way to the customer.")
        if phase == 'new' or self.state == 'cancelled':
            return _("The refund has not been sent to WeChat.")
        if phase == 'failed':
            return self._explanation_sentence() or _(
                "WeChat refused the refund: no money moved.")
        return self._explanation_sentence() or _("Sending the refund to WeChat …")
