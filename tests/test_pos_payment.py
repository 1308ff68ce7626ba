# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import uuid

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import WechatCase


@tagged('post_install', '-at_install')
class TestPosPayment(WechatCase):
    """The server accepts a WeChat payment of an order against WeChat's word only."""

    def paid(self, amount=10.0, method=None):
        """Take a payment at the till, and return what the till then puts into the order."""
        method = method or self.micropay
        if method == self.micropay:
            status = self.pay_by_code(amount)
        else:
            status = self.show_qr(amount)
            self.pay_by_phone(status)
            status = self.poll(status)
        self.assertTrue(status['paid'])
        return {'method': method, 'amount': amount, 'uuid': status['payment_uuid'],
                'transaction_id': status['transaction_id']}

    def assert_refused(self, payment, **kwargs):
        with self.assertRaises(UserError) as refused, self.cr.savepoint():
            self.sync(self.order_data([payment], **kwargs))
        self.assertIn("WeChat has not confirmed", str(refused.exception))

    def test_paid_order_is_booked(self):
        for method in (self.micropay, self.native):
            payment = self.paid(method=method)
            order = self.sync(self.order_data([payment]))
            self.assertEqual(order.state, 'paid')
            self.assertEqual(order.payment_ids.transaction_id, payment['transaction_id'])
            model = 'wechat.micropay' if method == self.micropay else 'wechat.order'
            trade = self.env[model].search(
                [('payment_uuid', '=', payment['uuid'])])
            self.assertEqual(trade.pos_payment_id, order.payment_ids)

    def test_payment_without_a_record_is_refused(self):
        self.assert_refused({
            'method': self.micropay, 'amount': 10.0, 'uuid': str(uuid.uuid4()),
            'transaction_id': '4200000000000000000000000000'})

    def test_waiting_payment_is_refused(self):
        self.simulator.fault('micropay', 'err_code', code='USERPAYING')
        status = self.pay_by_code(10)
        for payment_status in ('done', 'waiting', 'force_done', False):
            self.assert_refused({
                'method': self.micropay, 'amount': 10.0, 'uuid': status['payment_uuid'],
                'payment_status': payment_status})

    def test_other_amount_or_method_is_refused(self):
        payment = self.paid(10)
        self.assert_refused(dict(payment, amount=10.01))
        self.assert_refused(dict(payment, amount=100))
        self.assert_refused(dict(payment, method=self.native))

    def test_one_payment_serves_one_order(self):
        payment = self.paid(10)
        self.sync(self.order_data([payment]))
        self.assert_refused(dict(payment, uuid=str(uuid.uuid4())))

    def test_forged_transaction_id_is_replaced(self):
        payment = self.paid(10)
        order = self.sync(self.order_data([dict(payment, transaction_id='forged')]))
        self.assertEqual(order.payment_ids.transaction_id, payment['transaction_id'])
        order.payment_ids.with_user(self.cashier).write({'transaction_id': 'forged'})
        self.assertEqual(order.payment_ids.transaction_id, payment['transaction_id'])

    def test_open_order_with_a_waiting_line_can_be_saved(self):
        data = self.order_data([{
            'method': self.native, 'amount': 10.0, 'uuid': str(uuid.uuid4()),
            'payment_status': 'waiting'}], state='draft')
        order = self.sync(data)
        self.assertEqual(order.state, 'draft')
        for call in (
            lambda: order.with_user(self.cashier).action_pos_order_paid(),
            lambda: order.with_user(self.cashier).write({'state': 'paid'}),
            lambda: order.with_user(self.cashier).write({'state': 'done'}),
        ):
            with self.assertRaises(UserError), self.cr.savepoint():
                call()

    def test_open_order_cannot_claim_to_be_paid(self):
        self.assert_refused({
            'method': self.native, 'amount': 10.0, 'uuid': str(uuid.uuid4())}, state='draft')

    def test_backend_payment_is_refused(self):
        order = self.sync(self.order_data([{
            'method': self.native, 'amount': 10.0, 'uuid': str(uuid.uuid4()),
            'payment_status': 'waiting'}], state='draft'))
        wizard = self.env['pos.make.payment'].with_context(active_id=order.id).create({
            'config_id': self.shop.id, 'amount': 10.0, 'payment_method_id': self.micropay.id})
        with self.assertRaises(UserError), self.cr.savepoint():
            wizard.check()

    def test_paid_payment_can_neither_be_changed_nor_deleted(self):
        order = self.sync(self.order_data([self.paid(10)]))
        payment = order.payment_ids
        for change in ({'amount': 5}, {'uuid': str(uuid.uuid4())},
                       {'payment_method_id': self.native.id},
                       {'payment_method_id': self.bank_payment_method.id}):
            with self.assertRaises(UserError), self.cr.savepoint():
                payment.write(change)
        with self.assertRaises(UserError), self.cr.savepoint():
            payment.unlink()

    def test_split_between_wechat_and_cash(self):
        cash = self.shop.payment_method_ids.filtered('is_cash_count')
        order = self.sync(self.order_data([
            self.paid(7), {'method': cash, 'amount': 3.0, 'uuid': str(uuid.uuid4())}]))
        self.assertEqual(order.state, 'paid')

    @mute_logger('odoo.addons.point_of_sale.models.pos_session')
    def test_session_waits_for_an_unclear_payment(self):
        self.simulator.fault('micropay', 'err_code', code='USERPAYING')
        status = self.pay_by_code(10)
        session = self.shop.current_session_id
        answer = session.with_user(self.cashier).close_session_from_ui()
        self.assertFalse(answer['successful'])
        self.assertIn(status['number'], answer['message'])

    def test_session_waits_for_an_unclear_refund(self):
        order = self.sync(self.order_data([self.paid(10)]))
        self.simulator.fault('refund', 'drop', paid=False, times=9)
        status = self.prepare(self.micropay, -10, refunded_order_id=order.id)
        self.till('submit', self.micropay, status['payment_uuid'], status['number'])
        session = self.shop.current_session_id
        answer = session.with_user(self.cashier).close_session_from_ui()
        self.assertFalse(answer['successful'])
        self.assertIn(status['number'], answer['message'])

    def test_no_button_goes_round_an_unclear_payment(self):
        self.simulator.fault('micropay', 'err_code', code='USERPAYING')
        status = self.pay_by_code(10)
        session = self.shop.current_session_id
        for close in ('action_pos_session_closing_control', 'action_pos_session_close'):
            with self.assertRaisesRegex(UserError, status['number']):
                getattr(session, close)()

    def test_session_withdraws_a_code_that_nobody_has_paid(self):
        """Its till is gone. A customer who pays it all the same gets the money back."""
        status = self.show_qr(10)
        trade = self.trade(status)
        session = self.shop.current_session_id
        session.post_closing_cash_details(0)
        self.assertTrue(session.close_session_from_ui()['successful'])
        self.assertTrue(trade.withdrawn)
        self.pay_by_phone(status)
        self.deliver()
        self.assertTrue(trade.refund_ids.automatic)

    def test_session_does_not_wait_for_ever(self):
        """What has been unclear for an hour is with the accountant, the session can be closed."""
        self.simulator.fault('micropay', 'err_code', code='USERPAYING')
        self.simulator.fault('orderquery', 'drop', times=99)
        self.simulator.fault('reverse', 'drop', times=99)
        trade = self.trade(self.pay_by_code(10))
        self.let_pass(trade, 3700)
        self.run_cron()
        self.assertEqual(trade.state, 'pending')
        self.assertIn(trade.name, trade.activity_ids.note)
        session = self.shop.current_session_id
        session.post_closing_cash_details(0)
        self.assertTrue(session.close_session_from_ui()['successful'])

    def test_books_after_closing_the_session(self):
        self.sync(self.order_data([self.paid(19.99)]))
        self.sync(self.order_data([self.paid(0.29, self.native)]))
        session = self.shop.current_session_id
        session.post_closing_cash_details(0)
        session.close_session_from_ui()
        self.assertEqual(session.state, 'closed')
        for method, amount in ((self.micropay, 19.99), (self.native, 0.29)):
            payment = self.env['account.payment'].search([
                ('journal_id', '=', method.journal_id.id), ('pos_session_id', '=', session.id)])
            self.assertEqual(payment.amount, amount)
            self.assertIn(payment.state, ('in_process', 'paid'))
