# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import json
from datetime import timedelta

from odoo.tests import tagged

from ..gateway import parse_beijing_time
from ..models.wechat_order import CLOSE_NOT_BEFORE, VALID_FOR
from .common import WechatCase


@tagged('post_install', '-at_install')
class TestNative(WechatCase):

    def test_customer_scans_and_pays(self):
        status = self.show_qr(19.99)
        self.assertEqual((status['phase'], status['state']), ('show_qr', 'pending'))
        self.assertTrue(status['code_url'])
        self.assertFalse(self.poll(status)['paid'])
        self.pay_by_phone(status)
        status = self.poll(status)
        self.assertEqual((status['state'], status['paid']), ('done', True))
        self.assertEqual(self.trade(status).trade_state, 'SUCCESS')

    def test_validity_is_frozen_in_the_row(self):
        status = self.show_qr(5)
        trade = self.trade(status)
        sent = json.loads(trade.request_params)
        self.assertEqual(sent['time_expire'], self.simulator.trade(trade.name)['time_expire'])
        # Two hours in Beijing time, whatever the server's zone is.
        self.assertEqual(
            parse_beijing_time(sent['time_expire']) - parse_beijing_time(sent['time_start']),
            timedelta(seconds=VALID_FOR))

    def test_lost_answer_is_repeated_with_the_same_order(self):
        self.simulator.fault('unifiedorder', 'drop')
        status = self.show_qr(5)
        self.assertEqual((status['phase'], status['code_url']), ('asking', ''))
        status = self.poll(status)
        self.assertEqual(status['phase'], 'show_qr')
        self.assertEqual(len(self.simulator.trades()), 1)
        self.pay_by_phone(status)
        self.assertTrue(self.poll(status)['paid'])

    def test_withdrawn_code_frees_the_till_and_is_closed_later(self):
        status = self.show_qr(5)
        trade = self.trade(status)
        cancelled = self.cancel(status)
        self.assertEqual((cancelled['phase'], cancelled['free'], cancelled['paid']),
                         ('withdrawn', True, False))
        self.assertEqual(cancelled['code_url'], '')
        self.assertEqual(trade.state, 'pending')
        self.let_pass(trade, CLOSE_NOT_BEFORE + 1)
        for _step in range(2):
            self.poll(status)
        self.assertEqual(trade.state, 'cancelled')
        self.assertEqual(self.simulator.trade(trade.name)['trade_state'], 'CLOSED')

    def test_cancel_after_payment_says_paid(self):
        status = self.show_qr(5)
        self.pay_by_phone(status)
        cancelled = self.cancel(status)
        self.assertEqual((cancelled['paid'], cancelled['free']), (True, False))

    def test_withdrawn_code_paid_late_is_given_back(self):
        balance = self.simulator.balance(self.customer)
        status = self.show_qr(5)
        trade = self.trade(status)
        self.cancel(status)
        self.pay_by_phone(status)
        self.deliver()
        self.assertEqual(trade.state, 'done')
        status = self.till('poll', self.native, status['payment_uuid'])
        self.assertEqual((status['paid'], status['free']), (False, True))
        refund = trade.refund_ids
        self.assertEqual((refund.automatic, refund.refund_fee), (True, 500))
        self.run_cron()
        self.simulator.clock.advance(3600)
        refund.write({'next_ask': '2020-01-01 00:00:00', 'asked_at': False})
        self.run_cron()
        self.assertEqual((refund.state, trade.state), ('done', 'refunded'))
        self.assertEqual(self.simulator.balance(self.customer), balance)

    def test_new_code_for_the_same_line(self):
        status = self.show_qr(5)
        self.cancel(status)
        again = self.show_qr(5, line_uuid=status['payment_uuid'])
        self.assertNotEqual(again['number'], status['number'])
        self.pay_by_phone(again)
        self.assertTrue(self.poll(again)['paid'])

    def test_withdrawn_order_that_never_reached_wechat_ends_closed(self):
        self.simulator.fault('unifiedorder', 'drop', paid=False)
        status = self.show_qr(5)
        trade = self.trade(status)
        self.assertTrue(self.cancel(status)['free'])
        self.let_pass(trade, CLOSE_NOT_BEFORE + 1)
        for _step in range(3):
            self.poll(status)
        self.assertEqual((trade.state, trade.err_code), ('cancelled', 'ORDERNOTEXIST'))

    def test_expired_code_is_closed(self):
        status = self.show_qr(5)
        trade = self.trade(status)
        self.let_pass(trade, VALID_FOR + 1)
        for _step in range(3):
            status = self.poll(status)
        self.assertEqual((status['state'], status['free']), ('cancelled', True), status)

    def test_python_api_of_the_original(self):
        result = self.env['wechat.order'].create_qr(
            [{'product_id': self.product_a.id, 'name': "Tea", 'price': 9.99, 'quantity': 2,
              'quantity_full': '2', 'category': "123", 'wxpay_goods_ID': "1001"}],
            order_ref="S001", journal_id=self.native.journal_id.id, pos_id=self.shop.id)
        self.assertTrue(result.get('code_url'), result)
        order, code_url = self.env['wechat.order']._create_qr(
            [{'name': "Tea", 'price': 1, 'quantity': 1}], pay_amount=0.29)
        self.assertEqual((order.total_fee, order.trade_type), (29, 'NATIVE'))
        self.assertEqual(order.code_url, code_url)

    def test_orders_for_programs_and_pages(self):
        line = [{'name': "Tea", 'price': 1, 'quantity': 1}]
        jsapi = self.env['wechat.order'].create_jsapi_order(line, openid='oABCDEFG')
        self.assertIn('prepay_id=', jsapi['package'])
        self.assertTrue(jsapi['paySign'])
        self.assertTrue(self.env['wechat.order'].create_app_order(line)['sign'])
        mweb = self.env['wechat.order'].create_mweb_order(line, {'h5_info': {
            'type': 'Wap', 'wap_url': 'https://shop.example.com', 'wap_name': "Shop"}})
        self.assertTrue(mweb['mweb_url'].startswith('https://'))

    def test_unreachable_wechat(self):
        self.set_params(api_url='http://127.0.0.1:9/')
        status = self.show_qr(5)
        self.assertEqual(status['state'], 'pending')
        self.assertIn("cannot be reached", status['sentence'])
        self.assertTrue(self.cancel(status)['free'])
        self.assertTrue(self.trade(status))

    def test_missing_credentials(self):
        self.set_params(api_key='', app_secret='', mch_id='')
        status = self.show_qr(5)
        self.assertEqual((status['state'], status['free']), ('error', True))
        self.assertIn("wechat.mch_id", status['sentence'])
        self.assertIn("wechat.api_key", status['sentence'])
        result = self.env['wechat.order'].create_qr([], pay_amount=1)
        self.assertIn("wechat.mch_id", result['error'])

    def test_wrong_key(self):
        self.set_params(api_key='0' * 32)
        status = self.show_qr(5)
        self.assertEqual(status['state'], 'error')
        self.assertIn("wechat.api_key", status['sentence'])

    def test_foreign_currency(self):
        self.set_params(fee_type='HKD')
        for show in (self.show_qr, self.pay_by_code):
            status = show(5)
            self.assertEqual((status['state'], status['free']), ('error', True))
            self.assertIn("HKD", status['sentence'])
            self.assertIn("CNY", status['sentence'])
        self.assertFalse(self.simulator.trades())
