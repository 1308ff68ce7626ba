# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import uuid

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.wechat_charge import ORPHAN_AFTER
from .common import WechatCase


@tagged('post_install', '-at_install')
class TestOrphan(WechatCase):
    """Money without an order, and an order with too much money."""

    def grow_old(self, trade, seconds=ORPHAN_AFTER + 1):
        trade.paid_at = fields.Datetime.subtract(fields.Datetime.now(), seconds=seconds)

    def attach(self, trade, reference, user=None):
        wizard = self.env['wechat.attach.wizard'].with_user(user or self.accountant).with_context(
            active_model=trade._name, active_id=trade.id).create({'order_ref': reference})
        wizard.action_attach()

    def test_payment_whose_order_never_came_reaches_the_accountant_once(self):
        trade = self.trade(self.pay_by_code(10))
        self.run_cron()
        self.assertFalse(trade.activity_ids)
        self.grow_old(trade)
        for _again in range(2):
            self.run_cron()
        self.assertEqual(len(trade.activity_ids), 1)
        self.assertTrue(trade.activity_ids.user_id.has_group('account.group_account_invoice'))
        self.assertIn(self.company, trade.activity_ids.user_id.company_ids)

    def test_payment_of_an_order_is_no_orphan(self):
        status = self.pay_by_code(10)
        self.sync(self.order_data([{
            'method': self.micropay, 'amount': 10.0, 'uuid': status['payment_uuid']}]))
        trade = self.trade(status)
        self.grow_old(trade)
        self.run_cron()
        self.assertFalse(trade.activity_ids)

    def test_attached_to_the_order_that_the_till_had_saved(self):
        """The browser died while the customer was paying; the open order is on the server."""
        for waiting in (True, False):
            with self.subTest(waiting_line=waiting):
                status = self.pay_by_code(10)
                trade = self.trade(status)
                line = {'method': self.micropay, 'amount': 10.0, 'uuid': status['payment_uuid'],
                        'payment_status': 'waiting'}
                data = self.order_data([line], state='draft')
                if not waiting:
                    data['payment_ids'] = []
                order = self.sync(data)
                self.grow_old(trade)
                self.run_cron()
                self.attach(trade, order.name)
                self.assertEqual(order.state, 'paid')
                self.assertEqual(trade.pos_payment_id, order.payment_ids)
                self.assertFalse(trade.activity_ids)

    def test_attached_to_nothing_names_the_remedy(self):
        trade = self.trade(self.pay_by_code(10))
        with self.assertRaises(UserError) as refused:
            self.attach(trade, "no such order")
        self.assertIn("refund", str(refused.exception))
        with self.assertRaises(AccessError):
            self.attach(trade, "no such order", user=self.cashier)

    def test_second_payment_of_a_line_goes_back(self):
        """The first code was paid while the till already showed the second."""
        first = self.show_qr(5)
        self.cancel(first)
        second = self.show_qr(5, line_uuid=first['payment_uuid'])
        self.pay_by_phone(second)
        self.assertTrue(self.poll(second)['paid'])
        self.pay_by_phone(first)
        self.deliver()
        trade = self.trade(first)
        self.assertTrue(trade.refund_ids.automatic)
        self.assertFalse(self.trade(second).refund_ids)
        self.assertTrue(trade.activity_ids)

    def test_attempt_left_over_by_a_paid_order_goes_back(self):
        """The cashier took cash while the customer was still typing the password."""
        order_uuid = str(uuid.uuid4())
        self.simulator.fault('micropay', 'err_code', code='USERPAYING')
        micropay = self.pay_by_code(10, order_uuid=order_uuid)
        native = self.show_qr(10, order_uuid=order_uuid)
        cash = self.shop.payment_method_ids.filtered('is_cash_count')
        data = self.order_data([{'method': cash, 'amount': 10.0, 'uuid': str(uuid.uuid4())}])
        order = self.sync(dict(data, uuid=order_uuid))
        self.assertEqual(order.state, 'paid')
        self.assertTrue(self.trade(micropay).cancel_requested)
        self.assertTrue(self.trade(native).withdrawn)
        self.pay_by_phone(native)
        self.simulator.pay(self.customer, micropay['number'])
        self.deliver()
        self.poll(micropay)
        for status in (micropay, native):
            trade = self.trade(status)
            self.assertEqual(trade.state, 'done')
            self.assertTrue(trade.refund_ids.automatic, status)

    def test_cashier_of_a_second_payment_reads_that_the_sale_is_paid(self):
        order_uuid = str(uuid.uuid4())
        first = self.pay_by_code(10, order_uuid=order_uuid)
        second = self.show_qr(10, order_uuid=order_uuid)
        self.sync(dict(self.order_data([{
            'method': self.micropay, 'amount': 10.0, 'uuid': first['payment_uuid']}]),
            uuid=order_uuid))
        self.pay_by_phone(second)
        self.deliver()
        status = self.poll(second)
        self.assertFalse(status['paid'])
        self.assertIn("Take nothing more", status['sentence'])

    def test_two_payments_that_did_not_see_each_other(self):
        """The order was being stored by one till while the other one's customer paid."""
        order_uuid = str(uuid.uuid4())
        cash = self.shop.payment_method_ids.filtered('is_cash_count')
        self.open_session()
        order = self.sync(dict(self.order_data(
            [{'method': cash, 'amount': 10.0, 'uuid': str(uuid.uuid4())}], state='draft'),
            uuid=order_uuid))
        trade = self.trade(self.pay_by_code(10, order_uuid=order_uuid))
        # As a transaction does it that began before the payment: without seeing it.
        self.env.cr.execute("UPDATE pos_order SET state = 'paid' WHERE id = %s", [order.id])
        self.env.invalidate_all()
        self.grow_old(trade)
        self.run_cron()
        self.assertTrue(trade.refund_ids.automatic)
        self.assertFalse(trade.orphan_told)

    def test_other_amount_on_a_line_that_is_under_way(self):
        begun = self.prepare(self.native, 10)
        line = begun['payment_uuid']
        changed = self.prepare(self.native, 5, line_uuid=line)
        self.assertNotEqual(changed['number'], begun['number'])
        self.assertEqual(self.trade(begun).state, 'cancelled')
        self.till('submit', self.native, line, changed['number'])
        with mute_logger('odoo.http'), self.assertRaisesRegex(Exception, "UserError"):
            self.prepare(self.native, 10, line_uuid=line)

    def test_other_amount_on_a_line_that_is_paid(self):
        """The till is told what was paid, and puts that on the line."""
        paid = self.pay_by_code(10)
        again = self.prepare(self.micropay, 5, line_uuid=paid['payment_uuid'])
        self.assertTrue(again['paid'])
        self.assertEqual((again['number'], again['amount']), (paid['number'], 10.0))

    def test_paid_order_is_not_charged_again(self):
        order_uuid = str(uuid.uuid4())
        cash = self.shop.payment_method_ids.filtered('is_cash_count')
        self.open_session()
        data = self.order_data([{'method': cash, 'amount': 10.0, 'uuid': str(uuid.uuid4())}])
        self.sync(dict(data, uuid=order_uuid))
        with self.assertRaises(UserError):
            self.native.with_user(self.cashier).wechat_prepare('line', 10.0, {
                'pos_session_id': self.shop.current_session_id.id, 'order_uuid': order_uuid})

    def test_payment_that_came_first_stays_when_the_order_is_paid_with_it(self):
        order_uuid = str(uuid.uuid4())
        status = self.pay_by_code(10, order_uuid=order_uuid)
        data = self.order_data([{
            'method': self.micropay, 'amount': 10.0, 'uuid': status['payment_uuid']}])
        self.sync(dict(data, uuid=order_uuid))
        self.assertFalse(self.trade(status).refund_ids)
