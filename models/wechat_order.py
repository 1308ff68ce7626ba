# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..gateway import (
    Kind,
    NotificationError,
    Outcome,
    beijing_time,
    clean_text,
    notification_number,
    parse_payment_notification,
)
from .wechat_trade import LIVE_STATES, RAW_GROUPS, UnknownNumberError

# Seconds. A code lives two hours at WeChat; an order must be five minutes old to be closed.
VALID_FOR = 7200
CLOSE_NOT_BEFORE = 300
ORDER_EVERY = 20
CLOSED_AFTER = 3 * 3600  # the latest time at which that is usual
ASK_EVERY = 2

# Fields of WeChat's that a caller may add; what identifies an order is ours alone.
SENDABLE = (
    'device_info', 'goods_tag', 'limit_pay', 'receipt', 'profit_sharing', 'scene_info',
    'spbill_create_ip', 'sub_openid',
)


class WechatOrder(models.Model):
    """An order that the customer pays on the phone (endpoint `unifiedorder`).

    The customer scans a code (Native), or pays in a mini-program, an official account (JSAPI), an
    app (APP) or a mobile page (MWEB). The result comes by notification or by query.
    """

    _name = 'wechat.order'
    _description = "WeChat Order"
    _inherit = ['wechat.charge']

    trade_type = fields.Selection(
        selection=[
            ('NATIVE', "Native (QR code)"),
            ('JSAPI', "Official account or mini-program"),
            ('APP', "App"),
            ('MWEB', "Mobile page (H5)"),
        ],
        default='NATIVE', required=True, readonly=True,
    )
    line_ids = fields.One2many('wechat.order.line', 'order_id', string="Lines", readonly=True)
    refund_ids = fields.One2many('wechat.refund', 'order_id', string="Refunds", readonly=True)
    expires_at = fields.Datetime(
        readonly=True, copy=False, help="WeChat takes no payment after this.")
    code_url = fields.Char(string="QR code", readonly=True, copy=False)
    prepay_id = fields.Char(readonly=True, copy=False)
    mweb_url = fields.Char(string="Mobile page", readonly=True, copy=False)
    notification_received = fields.Boolean(readonly=True, copy=False)
    notification_result_raw = fields.Text(
        string="WeChat's notification", readonly=True, copy=False, groups=RAW_GROUPS)

    # === PUBLIC API === #

    @api.model
    def create_qr(
        self, lines, pay_amount=None, order_ref=None, journal_id=None, pos_id=None,
        create_vals=None, **kw,
    ):
        """Make an order and the QR code that the customer scans (endpoint `/pay/unifiedorder`).

        Commits the transaction: the record must be on disk before WeChat is called.

        :param list[dict] lines: values of `wechat.order.line`
        :param pay_amount: amount in units of the currency (yuan); default: sum of the lines
        :param str order_ref: reference of the order that is paid
        :param int journal_id: journal of the payment
        :param int pos_id: the shop
        :param dict create_vals: further values of the record
        :return: `{'code_url': …}`, or `{'error': …}` with a sentence that names the remedy
        :rtype: dict
        :raises AccessError: unless the caller takes or keeps money
        """
        order, code_url = self._create_qr(
            lines, pay_amount=pay_amount, order_ref=order_ref, journal_id=journal_id,
            pos_id=pos_id, create_vals=create_vals, **kw,
        )
        if code_url:
            return {'code_url': code_url}
        return {'error': order.sudo()._till_sentence(order.sudo()._till_phase())}

    @api.model
    def _create_qr(
        self, lines, pay_amount=None, order_ref=None, journal_id=None, pos_id=None,
        create_vals=None, **kw,
    ):
        """Do as `create_qr`.

        :return: the order and its code URL, which is empty if WeChat gave none
        :rtype: tuple[wechat.order, str]
        """
        order = self._create_and_submit(
            'NATIVE', lines, pay_amount=pay_amount, order_ref=order_ref, journal_id=journal_id,
            pos_id=pos_id, **(create_vals or {}), **kw,
        )
        return order, order.sudo().code_url or ''

    @api.model
    def create_jsapi_order(self, lines, openid, miniprogram=False, **kw):
        """Make an order for an official account or, with `miniprogram`, for a mini-program.

        :param list[dict] lines: values of `wechat.order.line`
        :param str openid: the payer, as the app knows them
        :param kw: see `create_qr`
        :return: the parameters of `wx.requestPayment` / `getBrandWCPayRequest`, or `{'error': …}`
        :rtype: dict
        """
        app_id = None
        if miniprogram:
            app_id = self.env['ir.config_parameter']._wechat_param('miniprogram_app_id')
            if not app_id:
                raise UserError(self.env._(
                    "Fill in wechat.miniprogram_app_id under"
                    " Settings ▸ Technical ▸ System Parameters."))
        order = self._create_and_submit(
            'JSAPI', lines, payer={'app_id': app_id, 'openid': openid}, **kw).sudo()
        if not order.prepay_id:
            return {'error': order._till_sentence(order._till_phase())}
        client = self.env['ir.config_parameter'].get_wechat_pay_object(order.app_id)
        return client.jsapi_params(order.prepay_id)

    @api.model
    def create_app_order(self, lines, **kw):
        """Make an order for an app.

        :param kw: see `create_qr`
        :return: the parameters of the app's payment call, or `{'error': …}`
        :rtype: dict
        """
        order = self._create_and_submit('APP', lines, **kw).sudo()
        if not order.prepay_id:
            return {'error': order._till_sentence(order._till_phase())}
        client = self.env['ir.config_parameter'].get_wechat_pay_object(order.app_id)
        return client.order.get_appapi_params(order.prepay_id)

    @api.model
    def create_mweb_order(self, lines, scene_info, **kw):
        """Make an order for a mobile page outside WeChat (H5).

        :param dict scene_info: WeChat's `h5_info`
        :param kw: see `create_qr`; `spbill_create_ip` is the payer's address
        :return: `{'mweb_url': …}`, valid 5 minutes, or `{'error': …}`
        :rtype: dict
        """
        order = self._create_and_submit(
            'MWEB', lines, scene_info=json.dumps(scene_info, ensure_ascii=False), **kw).sudo()
        if not order.mweb_url:
            return {'error': order._till_sentence(order._till_phase())}
        return {'mweb_url': order.mweb_url}

    @api.model
    def _take_notification(self, data):
        """Do as `on_notification`.

        :raises NotificationError: if the notification is refused
        """
        params = self.env['ir.config_parameter']
        raw = self._notification_bytes(data)
        order = self.sudo().search([('name', '=', notification_number(raw) or '')])
        try:
            credentials = params._wechat_credentials(order.app_id or None)
        except UserError as error:
            raise NotificationError('not_set_up', str(error)) from error
        outcome = parse_payment_notification(raw, credentials)
        if not order:
            raise UnknownNumberError(outcome.data['out_trade_no'], outcome)
        duplicate = order.notification_received
        if not order._apply(outcome, 'notification'):
            raise NotificationError('mismatch', order._mismatch(outcome))
        if duplicate:
            return None
        order.write({
            'notification_received': True,
            'notification_result_raw': outcome.raw,
        })
        return order

    # === PREPARING === #

    @api.model
    def _create_and_submit(self, trade_type, lines, payer=None, pay_amount=None, **vals):
        """Record an order as a caller of the public methods wants it, and send it.

        :param dict payer: `app_id` and `openid`, which are not the caller's to choose freely
        """
        self._check_caller()
        sent = {name: vals.pop(name) for name in [*vals] if name in SENDABLE}
        order = self.sudo()._create_order(
            trade_type, lines, pay_amount=pay_amount, **(payer or {}),
            **self._check_values(vals), extra=sent)
        order._commit()
        order._submit()
        return self.browse(order.id)

    @api.model
    def _create_order(
        self, trade_type, lines, pay_amount=None, journal_id=None, pos_id=None, app_id=None,
        openid=None, body=None, extra=None, **vals,
    ):
        """Record an order before anything is sent.

        :param pay_amount: amount in units of the currency (yuan); default: sum of the lines
        :param dict extra: further fields for WeChat, see `SENDABLE`
        """
        journal = self.env['account.journal'].browse(journal_id)
        shop = self.env['pos.config'].browse(pos_id)
        company = self.env['res.company'].browse(vals.pop('company_id', None)) \
            or journal.company_id or shop.company_id or self.env.company
        currency = self.env['res.currency'].browse(vals.pop('currency_id', None)) \
            or journal.currency_id or company.currency_id
        order = self.create(self._prepare_charge_values(
            body or '', currency, app_id, **vals,
            company_id=company.id, journal_id=journal.id, pos_id=shop.id, trade_type=trade_type,
            line_ids=[fields.Command.create(line) for line in lines or []],
            expires_at=fields.Datetime.now() + timedelta(seconds=VALID_FOR),
        ))
        if pay_amount is None:
            order.total_fee = sum(line.get_fee() for line in order.line_ids)
        else:
            order.total_fee = currency._wechat_to_fen(pay_amount)
        if not order.body:
            order.body = order._default_body()
        order._freeze({**order._order_params(openid), **(extra or {})})
        return order

    def _default_body(self):
        goods = self.line_ids[:1].name or self.order_ref or self.name
        return clean_text(f"{self.pos_id.name or self.company_id.name} - {goods}")

    def _order_params(self, openid):
        params = {
            **self._common_params(),
            'trade_type': self.trade_type,
            'notify_url': self.env['ir.config_parameter']._wechat_notify_url(),
            'time_start': beijing_time(self.expires_at - timedelta(seconds=VALID_FOR)),
            'time_expire': beijing_time(self.expires_at),
        }
        if self.trade_type == 'NATIVE':
            params['product_id'] = self.name
        if openid:
            params['openid'] = openid
        if any(self.line_ids.mapped('wxpay_goods_ID')):
            # WeChat reads the goods for single-item promotions only.
            params['version'] = '1.0'
            params['detail'] = json.dumps(
                {'goods_detail': [line._goods_detail() for line in self.line_ids]},
                ensure_ascii=False)
        return params

    # === TALKING TO WECHAT === #

    def _submit(self):
        """Order at WeChat. Called again, it sends the very same order, which is harmless."""
        self.ensure_one()
        if self._claim():
            self._call('unified_order', self._frozen())
        else:
            self._settle()

    def _settle(self):
        """Make the one next call for an unpaid order: ask, order again, or close."""
        self.ensure_one()
        if self.state != 'pending' or not self._is_due(ASK_EVERY):
            return
        over = self.withdrawn or self._is_expired()
        if self.number_doubtful or self.err_code == 'FOREIGN_EVIDENCE':
            # It may be another system's trade: asked about, and neither ordered again nor closed.
            self._ask()
        elif not (over or self._is_payable()) and self._has_lost_reply():
            # Nobody has the code yet; the same order gives a new one.
            self._call('unified_order', self._frozen())
        elif over and self._last_question() and self._age('submitted_at') >= CLOSE_NOT_BEFORE:
            self._close(self._last_question())
        else:
            self._ask()

    @api.model
    def _stuck_domain(self, age):
        # An order may wait for its customer for as long as its code lives.
        long_ago = fields.Datetime.subtract(fields.Datetime.now(), seconds=age)
        return [*super()._stuck_domain(age), '|', ('withdrawn', '=', True),
                ('expires_at', '<=', long_ago)]

    def _rest(self):
        # It only has to be closed; whoever still pays it should not wait for the money.
        rest = super()._rest()
        is_over = self.withdrawn or self._is_expired()
        return min(rest, 60) if is_over and self._age('submitted_at') < CLOSED_AFTER else rest

    def _has_lost_reply(self):
        """Tell whether the order is surely not under way any more.

        Two of the same at once could leave the till with the code that WeChat has made void.
        """
        return self._age('submitted_at') >= ORDER_EVERY or bool(
            self.env['wechat.evidence'].search_count([
                ('order_id', '=', self.id), ('source', '=', 'reply'),
                ('endpoint', '=', 'unifiedorder'),
            ], limit=1))

    def _is_payable(self):
        """Tell whether the customer can have been given something to pay."""
        return bool(self.code_url or self.prepay_id or self.mweb_url)

    def _is_expired(self):
        return bool(self.expires_at) and self.expires_at <= fields.Datetime.now()

    def _last_question(self):
        """Return the code of the last reply if it was one to a query: nothing is closed without.

        :rtype: str
        """
        last = self.env['wechat.evidence'].search(
            [('order_id', '=', self.id), ('source', '=', 'reply')], limit=1)
        return last.code if last.endpoint == 'orderquery' else ''

    def _close(self, question):
        """Close the order at WeChat.

        :param str question: the code of the query before
        """
        outcome = self._call('close_order', self.name)
        if self.state == 'pending' and outcome.kind == Kind.TAKEN:
            # Paid in the last moment: nobody should wait for the money.
            self._ask()
        if self.state == 'pending' and outcome.code == question == 'ORDERNOTEXIST':
            # Both say that there is no such order, long after no request can be under way: it
            # never arrived.
            self._apply(Outcome(
                kind=Kind.CLOSED, code=outcome.code, endpoint='closeorder',
                description=outcome.description,
            ), 'odoo')

    def _cancel(self):
        """Withdraw the code as the cashier asks. If the customer has paid, it stays paid."""
        self._lock()
        if self.state == 'pending' and self._is_payable():
            self._ask()
            self._lock()
        if self.state in LIVE_STATES:
            self._give_up()

    def _give_up(self):
        if self.state == 'draft':
            self._apply(Outcome(
                kind=Kind.CLOSED, code='NEVER_SENT', endpoint='unifiedorder'), 'odoo')
        else:
            self.withdrawn = True
            # Asked about while it cannot be closed yet: a customer who pays it all the same should
            # not wait for the money.
            self._wake_cron(30)

    # === HOOKS === #

    def _starting_call(self):
        return 'unifiedorder'

    def _expected_fields(self):
        return {**super()._expected_fields(), 'trade_type': self.trade_type}

    def _evidence_values(self, outcome, source):
        vals = super()._evidence_values(outcome, source)
        if outcome.endpoint == 'unifiedorder' and outcome.kind == Kind.PENDING:
            for key in ('code_url', 'prepay_id', 'mweb_url'):
                if outcome.data.get(key):
                    vals[key] = outcome.data[key]
        return vals

    def _refund_link(self):
        return {'order_id': self.id}

    def _till_method(self):
        return 'wechat_native'

    def _till_phase(self):
        if self.state in LIVE_STATES and self.withdrawn:
            return 'withdrawn'
        phase = super()._till_phase()
        if phase == 'asking' and self.code_url and not self._is_expired():
            return 'show_qr'
        return phase

    def _till_status(self):
        status = super()._till_status()
        if status['phase'] == 'show_qr':
            left = (self.expires_at - fields.Datetime.now()).total_seconds()
            status.update(code_url=self.code_url, expires_in=max(0, int(left)))
        return status

    def _till_sentence(self, phase):
        if phase == 'show_qr':
            return self.env._("Ask the customer to scan this code with WeChat.")
        if phase == 'asking' and self.code_url and not self.err_code:
            return self.env._(
                "The code has expired. Asking WeChat whether it was paid before that …")
        return super()._till_sentence(phase)

    def _failure_sentence(self):
        if self.state == 'cancelled' and not self.withdrawn and self._is_expired():
            return self.env._(
                "The code has expired and nothing was paid. Show a new one, or take another"
                " payment.")
        return super()._failure_sentence()
