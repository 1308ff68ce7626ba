# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import os
import tempfile
import uuid
from urllib.parse import urlsplit

from odoo.tests import tagged

from odoo.addons.point_of_sale.tests.test_frontend import TestPointOfSaleHttpCommon

from ..simulator import DEMO_MERCHANT, Simulator


@tagged('post_install', '-at_install')
class WechatCase(TestPointOfSaleHttpCommon):
    """A Chinese shop with an open session, a plain cashier, and a WeChat that really answers.

    The simulator is served over HTTP and checks every signature. Notifications are delivered by
    `deliver`, over HTTP as well: Odoo's test server takes requests of the test only.
    """

    @classmethod
    def _create_company(cls, **create_values):
        cny = cls.env.ref('base.CNY')
        cny.active = True
        create_values.setdefault('currency_id', cny.id)
        return super()._create_company(**create_values)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._serve_simulator()
        cls.cashier = cls.pos_user
        cls.shop = cls.main_pos_config
        cls.methods = cls.shop.init_pos_wechat_journals()
        cls.native = cls.methods.filtered(lambda m: m.use_payment_terminal == 'wechat_native')
        cls.micropay = cls.methods - cls.native
        cls.shop.payment_method_ids |= cls.methods
        cls.accountant = cls.env['res.users'].create({
            'name': "Accountant", 'login': 'accountant', 'password': 'accountant',
            'group_ids': [(4, cls.env.ref('account.group_account_invoice').id)],
            'company_id': cls.company.id, 'company_ids': [(4, cls.company.id)],
        })

    @classmethod
    def _serve_simulator(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.simulator = Simulator(ledger=os.path.join(folder.name, 'ledger.sqlite'))
        cls.wechat_server = cls.simulator.serve(notify=False)
        cls.addClassCleanup(cls.wechat_server.stop)
        cls.company = cls.env.company
        cls.set_params(
            app_id=DEMO_MERCHANT['appid'],
            mch_id=DEMO_MERCHANT['mch_id'],
            api_key=DEMO_MERCHANT['api_key'],
            api_url=cls.wechat_server.url,
        )

    @classmethod
    def set_params(cls, **values):
        """Set `wechat.<name>` parameters."""
        for name, value in values.items():
            cls.env['ir.config_parameter'].set_param(f'wechat.{name}', value)

    def setUp(self):
        super().setUp()
        # Odoo rolls back after each test; so does WeChat.
        self.simulator.reset()
        self.customer = self.simulator.account()

    # === THE TILL === #

    def open_session(self):
        """Open the shop's session as the cashier, once."""
        if not self.shop.current_session_id:
            self.shop.with_user(self.cashier).open_ui()
            self.shop.current_session_id.set_opening_control(0, None)
        return self.shop.current_session_id

    def till(self, method_name, method, *args):
        """Call `wechat_<method_name>` over JSON-RPC as the logged-in cashier.

        :return: the status
        """
        result = self.make_jsonrpc_request('/web/dataset/call_kw', {
            'model': 'pos.payment.method',
            'method': f'wechat_{method_name}',
            'args': [[method.id], *args],
            'kwargs': {},
        })
        self.env.invalidate_all()
        return result

    def prepare(self, method, amount, line_uuid=None, **values):
        """Prepare an attempt at the till, for a new payment line unless one is given."""
        session = self.open_session()
        if not self.session or self.session.uid != self.cashier.id:
            self.authenticate(self.cashier.login, self.cashier.login)
        return self.till('prepare', method, line_uuid or str(uuid.uuid4()), amount, {
            'pos_session_id': session.id, 'order_uuid': str(uuid.uuid4()), 'order_ref': "0001",
            **values,
        })

    def pay_by_code(self, amount, auth_code=None, **values):
        """Take a micropay at the till. Return the status after the submission."""
        status = self.prepare(self.micropay, amount, **values)
        return self.till(
            'submit', self.micropay, status['payment_uuid'], status['number'],
            auth_code or self.simulator.payment_code(self.customer))

    def show_qr(self, amount, **values):
        """Show a Native code at the till. Return the status after the submission."""
        status = self.prepare(self.native, amount, **values)
        return self.till('submit', self.native, status['payment_uuid'], status['number'])

    def pay_by_phone(self, status):
        """Have the customer scan the code on the till and pay."""
        self.simulator.scan(self.customer, status['code_url'])
        self.simulator.pay(self.customer, status['number'])

    def poll(self, status):
        """Poll as the till does, as if the time until the next question had passed."""
        trade = self.trade(status)
        if trade.asked_at:
            trade.write({'asked_at': False})
            trade.flush_recordset()
        return self.till('poll', self.method_of(status), status['payment_uuid'])

    def cancel(self, status):
        return self.till('cancel', self.method_of(status), status['payment_uuid'])

    def method_of(self, status):
        return self.native if status['method'] == 'wechat_native' else self.micropay

    def trade(self, status):
        """Return the record behind a status."""
        for model in ('wechat.order', 'wechat.micropay', 'wechat.refund'):
            trade = self.env[model].sudo().search([('name', '=', status['number'])])
            if trade:
                return trade
        return None

    def let_pass(self, trade, seconds):
        """Make a record look as many seconds older, here and at WeChat."""
        for field in ('submitted_at', 'sent_at', 'asked_at', 'expires_at'):
            if field in trade._fields and trade[field]:
                self.env.cr.execute(
                    f"UPDATE {trade._table} SET {field} = {field} - %s * interval '1 second'"
                    " WHERE id = %s", [seconds, trade.id])
        trade.invalidate_recordset()
        self.simulator.clock.advance(seconds)

    def run_cron(self):
        """Run the cron as Odoo does, in a transaction of its own."""
        self.env.flush_all()
        self.env.ref('wechat.cron_settle_trades').sudo().method_direct_trigger()
        self.env.invalidate_all()

    # === WECHAT === #

    def deliver(self):
        """Deliver the notifications that are due. Return the answers of Odoo."""
        answers = []

        def post(url, body, headers):
            response = self.url_open(urlsplit(url).path, data=body, headers=headers)
            answers.append(response.text)
            return response.status_code, response.content

        self.simulator.deliver_due(post=post)
        self.env.invalidate_all()
        return answers

    # === ORDERS === #

    def order_data(self, payments, session=None, state='paid'):
        """Return what a till sends for an order of one product.

        :param list[dict] payments: `method`, `amount`, `uuid` and further values
        """
        session = session or self.open_session()
        total = sum(payment['amount'] for payment in payments)
        product = self.env['product.product'].search(
            [('available_in_pos', '=', True), ('taxes_id', '=', False)], limit=1,
        ) or self.product_a
        return {
            'uuid': str(uuid.uuid4()),
            'name': "Order",
            'state': state,
            'session_id': session.id,
            'company_id': self.company.id,
            'pricelist_id': self.shop.pricelist_id.id,
            'amount_paid': total, 'amount_total': total, 'amount_tax': 0, 'amount_return': 0,
            'lines': [(0, 0, {
                'product_id': product.id, 'qty': 1, 'price_unit': total, 'discount': 0,
                'price_subtotal': total, 'price_subtotal_incl': total, 'tax_ids': [(6, 0, [])],
                'uuid': str(uuid.uuid4()),
            })],
            'payment_ids': [(0, 0, {
                'payment_method_id': payment['method'].id,
                'amount': payment['amount'],
                'uuid': payment['uuid'],
                'payment_status': payment.get('payment_status', 'done'),
                'transaction_id': payment.get('transaction_id'),
                'payment_date': '2026-01-01 00:00:00',
            }) for payment in payments],
        }

    def sync(self, *orders):
        """Send orders as the cashier's till does. Return the orders that were stored."""
        result = self.env['pos.order'].with_user(self.cashier).sync_from_ui(list(orders))
        return self.env['pos.order'].browse(order['id'] for order in result['pos.order'])
