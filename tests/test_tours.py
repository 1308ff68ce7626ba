# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import logging
import re
from urllib.parse import urlsplit

import requests

from odoo.tests import tagged
from odoo.tests.common import TEST_CURSOR_COOKIE_NAME
from odoo.tools import mute_logger

from .common import WechatCase

TIMEOUT = 120  # seconds; a first tour waits for the bundles


class Cues(logging.Handler):
    """Hears what a tour says to the customer: console messages `customer: <action> <code_url>`."""

    def __init__(self, act):
        super().__init__()
        self.act = act
        self.errors = []

    def emit(self, record):
        cue = re.match(r'customer: (?P<action>[\w ]+?) (?P<code_url>\S*)$', record.getMessage())
        if cue:
            try:
                self.act(cue['action'], cue['code_url'])
            except Exception as error:  # noqa: BLE001  Told to the test by `play`.
                self.errors.append(error)


@tagged('post_install', '-at_install')
class TestTours(WechatCase):
    """The till as a plain cashier sees it, in a browser, against a WeChat that really answers."""

    def setUp(self):
        super().setUp()
        self.open_session()
        # The code on the customer's phone must still be good when the browser is up.
        self.simulator.clock.speed(0)
        self.addCleanup(self.simulator.clock.speed, 1)

    def play(self, tour):
        """Run a tour; the customer follows its cues. Return the POS order that it validated."""
        orders = self.env['pos.order'].search([])
        cues = Cues(self.customer_acts)
        browser_logger = self._logger.getChild('browser')
        browser_logger.addHandler(cues)
        self.addCleanup(browser_logger.removeHandler, cues)
        self.start_pos_tour(tour, login=self.cashier.login, timeout=TIMEOUT, cookies={
            'wechat_payment_code': self.simulator.payment_code(self.customer),
        })
        for error in cues.errors:
            raise error
        self.env.invalidate_all()
        return self.env['pos.order'].search([('state', '!=', 'draft')]) - orders

    def customer_acts(self, action, code_url):
        if action.startswith('scans and pays'):
            order = self.simulator.scan(self.customer, code_url)
            self.simulator.pay(self.customer, order['out_trade_no'])
            if action == 'scans and pays':
                self.notify()
        elif action == 'types the password':
            self.simulator.pay(self.customer, self.simulator.trades()[-1]['out_trade_no'])
        elif action == 'goes away':
            self.simulator.clock.speed(1)
        else:
            raise ValueError(f"The customer does not know how to: {action}")

    def notify(self):
        """Deliver WeChat's notifications to the Odoo that serves the tour."""
        def post(url, body, headers):
            response = requests.post(
                self.base_url() + urlsplit(url).path, data=body, headers=headers, timeout=10,
                cookies={TEST_CURSOR_COOKIE_NAME: self.http_request_key})
            return response.status_code, response.content

        self.simulator.deliver_due(post=post)

    def assertPaidWith(self, order, method, model):
        """Check that an order was paid once, with WeChat's word for it."""
        self.assertEqual(order.state, 'paid')
        payment = order.payment_ids
        self.assertEqual(payment.payment_method_id, method)
        trade = self.env[model].search([('pos_payment_id', '=', payment.id)])
        self.assertEqual((trade.state, trade.total_fee), ('done', 198))
        self.assertEqual(payment.transaction_id, trade.transaction_id)
        paid = [t for t in self.simulator.trades() if t['trade_state'] == 'SUCCESS']
        self.assertEqual([t['out_trade_no'] for t in paid][-1:], [trade.name])
        return trade

    # === NATIVE === #

    def test_native_paid(self):
        order = self.play('WechatNativePaid')
        trade = self.assertPaidWith(order, self.native, 'wechat.order')
        self.assertTrue(trade.notification_received)

    def test_native_cancelled(self):
        order = self.play('WechatNativeCancelled')
        self.assertNotIn(self.native, order.payment_ids.payment_method_id)
        self.assertTrue(self.env['wechat.order'].search([], limit=1).withdrawn)

    def test_native_reload(self):
        self.assertPaidWith(self.play('WechatNativeReload'), self.native, 'wechat.order')

    def test_native_put_aside(self):
        self.assertFalse(self.play('WechatNativePutAside'))

    def test_native_deleted_line_of_a_paid_order(self):
        self.assertPaidWith(self.play('WechatNativeDeletedLine'), self.native, 'wechat.order')

    @mute_logger('odoo.http')
    def test_forged_payment_is_refused(self):
        self.assertFalse(self.play('WechatForged'))

    def test_refund(self):
        orders = self.play('WechatRefund')
        self.assertEqual(sorted(orders.mapped('amount_paid')), [-1.98, 1.98])
        refund = self.env['wechat.refund'].search([], limit=1)
        self.assertEqual(refund.refund_fee, 198)
        self.assertEqual(refund.pos_payment_id.pos_order_id.amount_paid, -1.98)
        self.assertEqual(self.simulator.refunds()[-1]['out_refund_no'], refund.name)

    # === MICROPAY === #

    def test_micropay_typed(self):
        order = self.play('WechatMicropayTyped')
        self.assertPaidWith(order, self.micropay, 'wechat.micropay')

    def test_micropay_scanned(self):
        order = self.play('WechatMicropayScanned')
        self.assertPaidWith(order, self.micropay, 'wechat.micropay')

    def test_micropay_scanned_under_gs1(self):
        """The GS1 nomenclature would refuse a payment code, or take it for a lot number."""
        self.shop.company_id.nomenclature_id = self.env.ref(
            'barcodes_gs1_nomenclature.default_gs1_nomenclature')
        order = self.play('WechatMicropayScanned')
        self.assertPaidWith(order, self.micropay, 'wechat.micropay')

    def test_micropay_scanned_on_payment_screen(self):
        order = self.play('WechatMicropayScannedOnPaymentScreen')
        self.assertPaidWith(order, self.micropay, 'wechat.micropay')

    def test_micropay_wrong_codes(self):
        order = self.play('WechatMicropayWrongCodes')
        self.assertPaidWith(order, self.micropay, 'wechat.micropay')

    def test_micropay_password(self):
        self.ask_for_password()
        order = self.play('WechatMicropayPassword')
        self.assertPaidWith(order, self.micropay, 'wechat.micropay')

    def test_micropay_refused_then_scanned_again(self):
        order = self.play('WechatMicropayRefused')
        self.assertPaidWith(order, self.micropay, 'wechat.micropay')

    def test_micropay_refused_then_other_method(self):
        order = self.play('WechatMicropayOtherMethod')
        self.assertNotIn(self.micropay, order.payment_ids.payment_method_id)

    def test_micropay_reload(self):
        self.ask_for_password()
        order = self.play('WechatMicropayReload')
        self.assertPaidWith(order, self.micropay, 'wechat.micropay')

    def test_micropay_reversed(self):
        self.ask_for_password()
        self.assertFalse(self.play('WechatMicropayReversed'))
        trade = self.env['wechat.micropay'].search([], limit=1)
        self.assertEqual(trade.state, 'cancelled')
        self.assertEqual(self.simulator.trade(trade.name)['trade_state'], 'REVOKED')

    # === TROUBLE === #

    def test_answer_lost(self):
        self.simulator.fault('micropay', 'drop')
        order = self.play('WechatAnswerLost')
        self.assertPaidWith(order, self.micropay, 'wechat.micropay')

    def test_server_away(self):
        self.ask_for_password()
        orders = self.play('WechatServerAway')
        self.assertEqual(len(orders), 2)
        order = orders.filtered(lambda o: o.payment_ids.payment_method_id == self.micropay)
        self.assertPaidWith(order, self.micropay, 'wechat.micropay')

    @mute_logger('odoo.http')
    def test_refund_of_cash(self):
        orders = self.play('WechatRefundOfCash')
        self.assertEqual(sorted(orders.mapped('amount_paid')), [-1.98, 1.98])
        self.assertFalse(self.simulator.refunds())

    def test_split_with_cash(self):
        order = self.play('WechatSplitWithCash')
        payment = order.payment_ids.filtered(lambda p: p.payment_method_id == self.native)
        self.assertEqual(payment.amount, 0.98)
        trade = self.env['wechat.order'].search([('pos_payment_id', '=', payment.id)])
        self.assertEqual((trade.state, trade.total_fee), ('done', 98))

    def test_not_set_up(self):
        self.set_params(mch_id='')
        self.assertFalse(self.play('WechatNotSetUp'))
        self.assertFalse(self.simulator.trades())

    # === HELPERS === #

    def ask_for_password(self):
        self.simulator.set_account(self.customer, password='always')
        self.addCleanup(self.simulator.set_account, self.customer, password='auto')
