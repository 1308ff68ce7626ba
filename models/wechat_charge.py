# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.http import request

from ..gateway import Kind, Outcome, clean_text
from .wechat_receipt import mask_openid
from .wechat_trade import LIVE_STATES, STARTING_CALLS

PAID_STATES = ('done', 'refunded')

# What callers of the public methods may set.
SETTABLE = (
    'order_ref', 'terminal_ref', 'pos_id', 'journal_id', 'pos_session_id', 'cashier_id', 'body',
    'company_id', 'currency_id',
)

# Seconds after which a payment without its POS order is shown to the accountant. A till that is
# offline keeps its orders and sends them later.
ORPHAN_AFTER = 600


def _lt(source):
    """Mark a sentence for translation; `env._` translates it."""
    return source


class WechatCharge(models.AbstractModel):
    """A payment by a customer: what orders (Native and so on) and micropays share.

    Adds to the trade the sale that it pays, the refunds that give it back, and the words that the
    cashier reads.
    """

    _name = 'wechat.charge'
    _description = "WeChat Payment"
    _inherit = ['wechat.trade']

    order_ref = fields.Char(string="Order reference", readonly=True)
    body = fields.Char(
        string="Shown to the customer", readonly=True, help="Shop and goods, as WeChat shows them.")
    pos_id = fields.Many2one(
        'pos.config', string="Point of Sale", readonly=True, index='btree_not_null')
    pos_session_id = fields.Many2one(
        'pos.session', string="Session", readonly=True, copy=False, index='btree_not_null')
    cashier_id = fields.Many2one(
        'res.users', readonly=True, default=lambda self: self.env.user)
    payment_uuid = fields.Char(
        string="Payment line", readonly=True, copy=False, index='btree_not_null',
        help="The till's own number of the payment line, known before the order is stored.",
    )
    order_uuid = fields.Char(
        string="POS order", readonly=True, copy=False, index='btree_not_null',
        help="The till's own number of the order, known before the order is stored.",
    )
    payer = fields.Char(
        readonly=True, copy=False,
        help="The first and last characters of the payer's openid, as on the receipt.",
    )
    paid_at = fields.Datetime(
        string="Paid", readonly=True, copy=False, help="When Odoo learned that it is paid.")
    pos_payment_id = fields.Many2one(
        'pos.payment', string="POS payment", readonly=True, copy=False, ondelete='restrict',
        help="The payment of a POS order that this money was accepted for; it serves once.",
    )
    amount = fields.Monetary(compute='_compute_amount', help="The total in the order's currency.")
    number_doubtful = fields.Boolean(
        readonly=True, copy=False,
        help="WeChat knew the number before: nothing is done to it until a query says whose it is.")
    orphan_told = fields.Boolean(
        readonly=True, copy=False, help="The accountant was told that no POS order came for it.")
    withdrawn = fields.Boolean(
        readonly=True, copy=False,
        help="The cashier gave this attempt up: a customer who still pays gets the money back.",
    )

    # `copy=False` fields and partial indexes: one live attempt a payment line, one use a payment.
    _live_line_uniq = models.UniqueIndex(
        "(payment_uuid) WHERE state IN ('draft', 'pending') AND withdrawn IS NOT TRUE",
        "A WeChat payment is already running for this payment line.",
    )
    _orphan_idx = models.Index("(paid_at) WHERE pos_payment_id IS NULL")
    _pos_payment_uniq = models.UniqueIndex(
        "(pos_payment_id) WHERE pos_payment_id IS NOT NULL",
        "This WeChat payment is already used by another POS payment.",
    )

    # === COMPUTE METHODS === #

    @api.depends('total_fee', 'currency_id')
    def _compute_amount(self):
        for charge in self:
            charge.amount = charge.currency_id._wechat_from_fen(charge.total_fee)

    # === ACTIONS === #

    def action_ask(self):
        """Ask WeChat now. For whoever looks at the record and wants to know."""
        self._check_caller()
        self.check_access('read')
        for charge in self.sudo().filtered(lambda charge: charge.state != 'draft'):
            if charge._ask().kind == Kind.REFUNDED:
                # Part of it by hand on the merchant platform, perhaps.
                charge._look_for_refunds()
        return True

    def action_open_attach_wizard(self):
        self.ensure_one()
        return {
            'type': 'ir.actions.act_window',
            'name': self.env._("Attach to a POS order"),
            'res_model': 'wechat.attach.wizard',
            'view_mode': 'form',
            'target': 'new',
            'context': {'active_model': self._name, 'active_id': self.id},
        }

    def action_open_sequence(self):
        """Open the sequence whose next number another system has used at WeChat."""
        self.ensure_one()
        sequence = self.env['ir.sequence'].search([('code', '=', self._name)], limit=1)
        return {
            'type': 'ir.actions.act_window', 'res_model': 'ir.sequence', 'res_id': sequence.id,
            'view_mode': 'form',
        }

    # === PREPARING === #

    @api.model
    def _check_caller(self):
        """Only people who take or keep money may use the public methods.

        :raises AccessError: for anybody else
        """
        user = self.env.user
        if not (self.env.su or user.has_group('point_of_sale.group_pos_user')
                or user.has_group('account.group_account_invoice')):
            raise AccessError(self.env._(
                "Only a Point of Sale user or an invoicing user can take WeChat payments."))

    @api.model
    def _check_values(self, vals):
        """Check what a caller of the public methods wants to set.

        The fields of this addon that say whether money moved, and to whom, are nobody's to set;
        those that another addon has added to the model are its own business.

        :param dict vals: values of the record
        :return: the values
        :rtype: dict
        :raises UserError: for a field that the caller may not set
        :raises AccessError: for a journal, shop or company that the caller may not use
        """
        for name in vals:
            field = self._fields.get(name)
            if field is None or (name not in SETTABLE and 'wechat' in field._modules) or (
                    name not in SETTABLE and name in self.env['mail.thread']._fields):
                raise UserError(self.env._("%(field)s cannot be set here.", field=name))
        for name in ('journal_id', 'pos_id', 'pos_session_id'):
            if vals.get(name):
                self.env[self._fields[name].comodel_name].browse(vals[name]).check_access('read')
        company_id = vals.get('company_id')
        if company_id and not self.env.su and company_id not in self.env.user.company_ids.ids:
            raise AccessError(self.env._("This company is not one of yours."))
        return vals

    @api.model
    def _prepare_charge_values(self, body, currency, app_id=None, **vals):
        """Return the values that every new payment has.

        The merchant is frozen in the row: evidence is compared with it for as long as it lives,
        whatever the parameters say later.
        """
        params = self.env['ir.config_parameter']
        values = {'body': clean_text(body), 'currency_id': currency.id, **vals}
        try:
            credentials = params._wechat_credentials(app_id)
        except UserError:
            # The row is made all the same; sending it will say what is missing.
            return values
        return dict(
            values, app_id=credentials.app_id, mch_id=credentials.mch_id,
            sub_mch_id=credentials.sub_mch_id,
        )

    def _common_params(self):
        """Return the fields that WeChat takes for every kind of payment."""
        self.ensure_one()
        return {
            'out_trade_no': self.name,
            'body': self.body,
            'attach': self._attach(),
            'total_fee': self.total_fee,
            'fee_type': self.currency_id.name,
            'spbill_create_ip': request.httprequest.remote_addr if request else '127.0.0.1',
        }

    def _attach(self):
        """Return a mark that WeChat gives back unchanged with every answer.

        It tells this database's trade from one of another system under the same number.
        """
        self.ensure_one()
        database = self.env['ir.config_parameter'].sudo().get_param('database.uuid') or ''
        return f'odoo-{database[:8]}-{self.id}'

    def _on_foreign_evidence(self, outcome, mismatch):
        # WeChat gives `attach` back unchanged: another one under our number is another system's
        # trade, so ours was never made. That trade is left alone.
        if (self.state in LIVE_STATES and outcome.endpoint == 'orderquery'
                and mismatch.startswith('attach ')):
            self._apply(Outcome(
                kind=Kind.REFUSED, code='NUMBER_TAKEN', endpoint=self._starting_call(),
                description=mismatch,
            ), 'odoo')

    def _preflight(self):
        """Refuse, before anything is sent, what cannot end well.

        :return: an outcome that says why, or `None`
        :rtype: Outcome | None
        """
        self.ensure_one()
        params = self.env['ir.config_parameter']
        if not params._wechat_takes_currency(self.currency_id):
            return self._refusal('FEE_TYPE', self.env._(
                "The merchant account takes %(accepted)s, this sale is in %(currency)s.",
                accepted=", ".join(params._wechat_fee_types()), currency=self.currency_id.name,
            ))
        if self.total_fee <= 0:
            return self._refusal('AMOUNT', self.env._("The amount must be above zero."))
        try:
            params._wechat_credentials(self.app_id or None)
        except UserError as error:
            return self._refusal('NOT_SET_UP', str(error))
        return None

    def _refusal(self, code, description):
        return Outcome(
            kind=Kind.CONFIG, code=code, endpoint=self._starting_call(), description=description)

    def _claim(self):
        """Pass the gate before the first byte goes to WeChat. Only one caller ever does.

        The gate is on disk before anything is sent: `_call` commits first.

        :return: whether this caller may send
        :rtype: bool
        """
        self._lock()
        if self.state != 'draft':
            return False
        refusal = self._preflight()
        if refusal:
            self._apply(refusal, 'odoo')
            return False
        self.submitted_at = fields.Datetime.now()
        self._apply(Outcome(
            kind=Kind.PENDING, code='SUBMITTED', endpoint=self._starting_call()), 'odoo')
        self._wake_cron()
        return True

    # === ASKING WECHAT === #

    def _ask(self):
        """Ask WeChat how this payment stands.

        :rtype: Outcome
        """
        self.ensure_one()
        outcome = self._call('query_order', self.name)
        if outcome.kind == Kind.REFUNDED and not self._live_refunds():
            self._look_for_refunds()
        if (self.state == 'pending' and self.number_doubtful and outcome.data
                and outcome.code == 'ORDERNOTEXIST'):
            # The starting call was refused, and there is no such order: ours was never made.
            self._apply(Outcome(
                kind=Kind.REFUSED, code='NUMBER_TAKEN', endpoint=self._starting_call(),
                description=outcome.description,
            ), 'odoo')
        return outcome

    # === THE ONE DOOR: WHAT EVIDENCE MEANS FOR A PAYMENT === #

    def _expected_fields(self):
        return {
            # First: it tells whose trade this is, before anything else about it is compared.
            'attach': self._frozen().get('attach'),
            'out_trade_no': self.name,
            'total_fee': self.total_fee,
            'fee_type': self.currency_id.name,
        }

    def _required_fields(self):
        return ('out_trade_no', 'total_fee', 'transaction_id')

    def _mismatch(self, outcome):
        mark = self._frozen().get('attach')
        if (outcome.endpoint == 'orderquery' and outcome.data.get('trade_state') and mark
                and not outcome.data.get('attach') and self.mode != 'sandbox'):
            # A query always gives it back: without it, the number is another system's trade.
            return f"attach is missing, expected {mark}"
        mismatch = super()._mismatch(outcome)
        if mismatch:
            return mismatch
        # WeChat leaves fee_type out for the yuan only.
        if (outcome.kind == Kind.PAID and not outcome.data.get('fee_type')
                and self.currency_id.name != 'CNY'):
            return f"fee_type is missing, expected {self.currency_id.name}"
        return ''

    def _target_state(self, outcome):
        kind, state = outcome.kind, self.state
        if kind == Kind.REFUNDED:
            return 'refunded'
        if kind == Kind.PAID:
            # A late payment wins over any other end: the money is here.
            return state if state in PAID_STATES else 'done'
        if state in PAID_STATES:
            # Only a reversal, which gives everything back, undoes a payment.
            return 'refunded' if outcome.code == 'REVOKED' else state
        if state not in LIVE_STATES:
            return 'cancelled' if kind == Kind.CLOSED else state
        if kind == Kind.CLOSED:
            return 'cancelled'
        if kind in (Kind.REFUSED, Kind.CONFIG) and outcome.endpoint in STARTING_CALLS:
            return 'error'
        return 'pending'

    def _evidence_values(self, outcome, source):
        vals = super()._evidence_values(outcome, source)
        if outcome.kind == Kind.TAKEN and outcome.endpoint in STARTING_CALLS:
            vals['number_doubtful'] = True
        elif outcome.endpoint == 'orderquery' and outcome.data.get('attach'):
            vals['number_doubtful'] = False
        if self.state in PAID_STATES and outcome.kind not in (Kind.PAID, Kind.REFUNDED):
            # An old refusal that comes late must not stain a paid record.
            for name in ('err_code', 'err_code_des', 'err_call'):
                vals.pop(name)
        if outcome.data.get('openid'):
            vals['payer'] = mask_openid(outcome.data['openid'])
        if outcome.data.get('trade_state'):
            vals['trade_state'] = outcome.data['trade_state']
        elif outcome.kind == Kind.PAID:
            vals['trade_state'] = 'SUCCESS'
        elif outcome.kind == Kind.CLOSED and outcome.code == 'SUCCESS':
            # WeChat's word only, not our conclusion that a charge never arrived.
            vals['trade_state'] = {'reverse': 'REVOKED', 'closeorder': 'CLOSED'}.get(
                outcome.endpoint, self.trade_state)
        return vals

    def _on_state_change(self, before):
        result = super()._on_state_change(before)
        if self.state in PAID_STATES and before not in PAID_STATES:
            self.paid_at = fields.Datetime.now()
            if self.withdrawn or before not in LIVE_STATES:
                self._give_back(_lt("The customer paid after the sale had been cancelled."))
            elif self._is_paid_otherwise():
                self._give_back(_lt("The sale had been paid already."))
        self._wake_till()
        return result

    def _is_paid_otherwise(self):
        """Tell whether the sale has all its money without this payment."""
        self.ensure_one()
        if not self.payment_uuid:
            return False
        twins = self.search([
            ('payment_uuid', '=', self.payment_uuid), ('id', '!=', self.id),
            ('company_id', '=', self.company_id.id), ('state', 'in', PAID_STATES),
        ]).filtered(lambda twin: not any(twin.refund_ids.mapped('automatic')))
        order = self.env['pos.order'].sudo().search([
            ('uuid', '=', self.order_uuid or ''), ('company_id', '=', self.company_id.id),
            ('state', 'in', ('paid', 'done')),
        ], limit=1)
        return bool(twins) or (
            bool(order) and self.payment_uuid not in order.payment_ids.mapped('uuid'))

    def _give_back(self, reason):
        """Order the refund of a payment that pays for nothing, and tell the accountant.

        :param str reason: a marked source sentence
        """
        self.ensure_one()
        # The customer reads the reason in WeChat: the shop's language, not that of whoever is here.
        shop = self.with_context(lang=self.company_id.partner_id.lang).env
        refund = self.env['wechat.refund'].sudo().create({
            **self._refund_link(),
            'refund_fee': self.refundable_fee,
            'reason': shop._("Cancelled sale"),
            'automatic': True,
        })
        # Not here: WeChat waits for an answer to its notification. The cron sends it.
        refund.next_ask = fields.Datetime.now()
        self.env.ref('wechat.cron_settle_trades').sudo()._trigger()
        self._wake_till()
        self._tell_accountant(
            lambda env: env._("WeChat payment given back"),
            lambda env: f"{env._(reason)} {refund.name}",
        )

    # === PAID WITHOUT AN ORDER === #

    @api.model
    def _orphan_domain(self, age=0):
        """Return the domain of the payments of a till for which no POS order came.

        :param int age: seconds since Odoo learned of the payment
        """
        return [
            ('state', 'in', PAID_STATES), ('payment_uuid', '!=', False),
            ('pos_payment_id', '=', False),
            ('refundable_fee', '>', 0), ('orphan_told', '=', False),
            ('paid_at', '<=', fields.Datetime.subtract(fields.Datetime.now(), seconds=age)),
        ]

    def _find_home(self):
        """Deal with a payment for which no POS order came.

        Usually its till is gone, and the accountant has to see it. Where the sale got its money in
        another way, which two tills can bring about at the same moment, it goes back.
        """
        if self._is_paid_otherwise():
            self._give_back(_lt("The sale had been paid already."))
        else:
            self._tell_orphan()

    def _tell_orphan(self):
        """Show the accountant, once, a payment whose order never came, with the ways out."""
        self.orphan_told = True
        self._tell_accountant(
            lambda env: env._("Paid with WeChat, but no POS order"),
            lambda env: env._(
                "The till never sent the order of this payment: its browser was closed or lost"
                " its data. Attach the payment to the order if there is one, or refund it."),
        )

    @api.model
    def _sweep_order(self, order):
        """Deal with the attempts that a fully paid order leaves over.

        :param order: a `pos.order` that has just been paid
        """
        left = self.sudo().search([
            ('order_uuid', '=', order.uuid), ('company_id', '=', order.company_id.id),
            ('payment_uuid', 'not in', order.payment_ids.mapped('uuid')),
        ])
        for charge in left:
            charge._lock()
            if charge.state in PAID_STATES and charge.refundable_fee and not charge.pos_payment_id:
                charge._give_back(_lt("The sale had been paid already."))
            elif charge.state in LIVE_STATES:
                charge._give_up()

    def _give_up(self):
        """Note that nobody waits for this attempt any more. Asks WeChat nothing."""
        raise NotImplementedError

    def _keeps_money(self):
        """Tell whether the shop has money of this payment that it must account for."""
        return self.refundable_fee > 0

    def _signed_fee(self):
        """Return the fen that this adds to the till."""
        return self.total_fee

    # === WHAT THE TILL IS TOLD === #

    def _till_status(self):
        """Return what the till needs to know: no secrets, no openid, one true sentence.

        :rtype: dict
        """
        self.ensure_one()
        phase = self._till_phase()
        paid = phase == 'paid'
        return {
            'found': True,
            'payment_uuid': self.payment_uuid or '',
            'number': self.name,
            'method': self._till_method(),
            'state': self.state,
            'phase': phase,
            'sentence': self._till_sentence(phase),
            'tone': self._till_tone(phase),
            'paid': paid,
            'free': phase in ('withdrawn', 'failed'),
            'code_url': '',
            'expires_in': 0,
            'seconds_left': 0,
            'amount': self.amount,
            'currency': self.currency_id.name,
            'total_fee': self.total_fee,
            'transaction_id': self.transaction_id or '' if paid else '',
            'receipt': self._receipt() if paid else '',
            'retry_in': 2 if self.state in LIVE_STATES and phase != 'withdrawn' else 0,
            'mode': '' if self.mode == 'live' else self.mode,
        }

    def _receipt_lines(self):
        _ = self.env._
        titles = {
            'wechat_native': _("WeChat Pay (QR code)"),
            'wechat_micropay': _("WeChat Pay (payment code)"),
        }
        return [
            titles[self._till_method()],
            _("Transaction: %(number)s", number=self.transaction_id),
            _("Merchant order: %(number)s", number=self.name),
            self.payer and _("Payer: %(payer)s", payer=self.payer),
        ]

    def _till_method(self):
        """Return the terminal code of this kind of payment."""
        raise NotImplementedError

    def _till_phase(self):
        self.ensure_one()
        if self.state in PAID_STATES and self.pos_payment_id:
            return 'paid'
        if self._pays_for_sale() and not self.withdrawn:
            return 'paid'
        if self.state in LIVE_STATES:
            return 'new' if self.state == 'draft' else 'asking'
        return 'failed'

    def _till_tone(self, phase):
        if phase == 'asking' and self.err_code:
            return 'warning'
        return {'paid': 'success', 'failed': 'danger', 'reversing': 'warning',
                'withdrawn': 'warning'}.get(phase, 'info')

    def _till_sentence(self, phase):
        """Return the one true sentence. "Paid" and "no money" only with WeChat's word."""
        self.ensure_one()
        _ = self.env._
        if phase == 'failed':
            return self._failure_sentence()
        if phase == 'asking' and self.err_code:
            return self._explanation_sentence()
        sentences = {
            'new': _("Not sent to WeChat yet."),
            'asking': _("WeChat has not said yet whether the customer paid. Asking again …"),
            'paid': _("Paid. You can hand over the goods."),
            'withdrawn': _(
                "The code is withdrawn: take another payment now. Should the customer still pay"
                " the old code, the money goes back by itself."),
        }
        return sentences[phase]

    def _failure_sentence(self):
        _ = self.env._
        if self.state in PAID_STATES and self.refundable_fee:
            return _(
                "The customer paid, but not for this sale any more: the accountant settles it. Take"
                " another payment.")
        if self.state in PAID_STATES and self._is_paid_otherwise():
            return _(
                "This sale is paid already, so this payment goes back to the customer by itself."
                " Take nothing more.")
        if self.state in PAID_STATES:
            return _("The customer's money goes back by itself. Take another payment.")
        if self.state == 'cancelled':
            return _("Cancelled at WeChat: no money was kept. You can take another payment.")
        return self._explanation_sentence() or _("WeChat refused this payment: no money moved.")
