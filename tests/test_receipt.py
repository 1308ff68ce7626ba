# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import json
import uuid

from odoo.tests import tagged

from ..models.wechat_receipt import mask_openid
from ..simulator import DEMO_MERCHANT
from .common import WechatCase


@tagged('post_install', '-at_install')
class TestReceipt(WechatCase):
    """What the POS receipt says on a payment: WeChat's words, written by the server."""

    def setUp(self):
        super().setUp()
        self.openid = self.simulator.openid(self.customer, DEMO_MERCHANT['appid'])
        self.masked = f"{self.openid[:4]}…{self.openid[-4:]}"

    def paid(self, method, amount=10.0):
        """Take a payment at the till. Return the status, and what the till puts into the order."""
        if method == self.micropay:
            status = self.pay_by_code(amount)
        else:
            status = self.show_qr(amount)
            self.assertEqual(status['receipt'], '')
            self.pay_by_phone(status)
            status = self.poll(status)
        self.assertTrue(status['paid'])
        return status, {
            'method': method, 'amount': amount, 'uuid': status['payment_uuid'],
            'transaction_id': status['transaction_id']}

    def refunded(self, method, amount=10.0):
        """Pay and return all of it. Return the status, and what the till puts into the return."""
        order = self.sync(self.order_data([self.paid(method, amount)[1]]))
        status = self.prepare(method, -amount, refunded_order_id=order.id)
        self.assertEqual(status['receipt'], '')
        status = self.till('submit', method, status['payment_uuid'], status['number'])
        self.assertTrue(status['paid'])
        return status, {
            'method': method, 'amount': -amount, 'uuid': status['payment_uuid'],
            'transaction_id': status['transaction_id']}

    def book(self, payment, **values):
        """Send the order of a payment, with values of the till's own. Return the POS payment."""
        data = self.order_data([payment])
        data['payment_ids'][0][2].update(values)
        return self.sync(data).payment_ids

    # === WHAT IT SAYS === #

    def test_payment(self):
        for method, title in (
            (self.native, "WeChat Pay (QR code)"), (self.micropay, "WeChat Pay (payment code)"),
        ):
            status, payment = self.paid(method)
            ticket = self.book(payment).ticket
            self.assertEqual(ticket.split('\n')[1:], [
                title,
                f"Transaction: {self.simulator.trade(status['number'])['transaction_id']}",
                f"Merchant order: {status['number']}",
                f"Payer: {self.masked}",
            ])
            # The till prints before the order is back from the server: it has the same words.
            self.assertEqual(status['receipt'], ticket)

    def test_refund(self):
        for method in (self.native, self.micropay):
            status, payment = self.refunded(method)
            pos_payment = self.book(payment)
            self.assertEqual(status['receipt'], pos_payment.ticket)
            known = self.simulator.refunds()[-1]
            self.assertEqual(pos_payment.ticket.split('\n')[1:], [
                "WeChat Pay refund",
                f"Refund: {known['refund_id']}",
                f"Merchant refund: {known['out_refund_no']}",
                f"Payer: {self.masked}",
            ])
            # Where it goes, WeChat says when it is there.
            self.simulator.clock.advance(3600)
            self.deliver()
            refund = self.trade(status)
            self.assertEqual(refund.state, 'done')
            self.assertTrue(refund.refund_recv_accout)
            self.assertEqual(
                pos_payment.ticket.split('\n')[-1], f"Refunded to: {refund.refund_recv_accout}")
            self.assertEqual(self.poll(status)['receipt'], pos_payment.ticket)

    def test_refused_and_cancelled_payments_print_nothing(self):
        self.simulator.fault('micropay', 'err_code', code='AUTHCODEEXPIRE')
        status = self.pay_by_code(10)
        self.assertEqual((status['paid'], status['receipt']), (False, ''))
        status = self.cancel(self.show_qr(10))
        self.assertEqual((status['paid'], status['receipt']), (False, ''))
        nowhere = self.till('poll', self.native, str(uuid.uuid4()))
        self.assertEqual(nowhere.keys(), status.keys())

    def test_play_money_is_marked(self):
        self.assertEqual(
            self.env['ir.config_parameter']._wechat_mode(), 'simulator')
        status, payment = self.paid(self.native)
        pos_payment = self.book(payment)
        self.assertEqual(pos_payment.ticket.split('\n')[0], "*** Simulator – no real money ***")
        order = self.trade(status)
        refund = self.trade(self.refunded(self.native)[0])
        for mode, mark in (
            ('simulator', "*** Simulator – no real money ***"),
            ('sandbox', "*** Sandbox – no real money ***"),
        ):
            for trade in (order, refund):
                trade.mode = mode
                self.assertEqual(trade._receipt().split('\n')[0], mark)
        for trade in (order, refund):
            trade.mode = 'live'
            self.assertNotIn("money", trade._receipt())
            self.assertTrue(trade._receipt().startswith("WeChat Pay"))

    def test_language_is_the_cashiers(self):
        """Not the one of whoever causes the writing, such as the cron or a notification."""
        self.env['res.lang']._activate_lang('zh_CN')
        self.cashier.lang = 'zh_CN'
        status, payment = self.paid(self.native)
        self.assertIn(f"商户单号：{status['number']}", status['receipt'])
        for lang in ('en_US', False):
            trade = self.trade(status).with_context(lang=lang)
            self.assertEqual(trade._receipt(), status['receipt'])
        self.cashier.lang = 'en_US'
        self.assertIn(f"Merchant order: {status['number']}", self.book(payment).ticket)

    # === WHO WRITES IT === #

    def test_forged_ticket_is_replaced(self):
        for taken in (self.paid(self.native), self.paid(self.micropay), self.refunded(self.native)):
            status, payment = taken
            pos_payment = self.book(payment, ticket="Transaction: 4200000000000000000000000000")
            self.assertEqual(pos_payment.ticket, status['receipt'])
            for forged in ("Paid twice", False):
                pos_payment.with_user(self.cashier).write({'ticket': forged})
                self.assertEqual(pos_payment.ticket, status['receipt'])

    def test_unpaid_payment_has_no_ticket(self):
        line_uuid = str(uuid.uuid4())
        data = self.order_data(
            [{'method': self.native, 'amount': 10.0, 'uuid': line_uuid,
              'payment_status': 'waiting'}], state='draft')
        data['payment_ids'][0][2]['ticket'] = "WeChat Pay: paid"
        order = self.sync(data)
        self.assertFalse(order.payment_ids.ticket)
        order.payment_ids.with_user(self.cashier).write({'ticket': "WeChat Pay: paid"})
        self.assertFalse(order.payment_ids.ticket)

    def test_tickets_of_other_methods_are_left_alone(self):
        payment = self.book(
            {'method': self.bank_payment_method, 'amount': 10.0, 'uuid': str(uuid.uuid4())},
            ticket="Card **** 1234")
        self.assertEqual(payment.ticket, "Card **** 1234")

    # === THE PAYER === #

    def test_nobody_is_told_the_openid(self):
        told = []
        for method in (self.native, self.micropay):
            status, payment = self.paid(method)
            pos_payment = self.book(payment)
            trade = self.trade(status)
            self.assertIn(self.openid, trade.result_raw, "WeChat did tell it to the server.")
            self.assertEqual(trade.payer, self.masked)
            told += [status, self.poll(status), pos_payment.read(load=False)]
        status, payment = self.refunded(self.native)
        told += [status, self.poll(status), self.book(payment).read(load=False)]
        self.assertNotIn(self.openid, json.dumps(told, default=str))

    def test_mask(self):
        for openid, masked in (
            ('oUpF8uMuAJO_M2pxb1Q9zNjWeS6o', 'oUpF…eS6o'),
            ('oABCDEFG', 'o…G'), ('oAB', '…'), ('', '…'),
        ):
            self.assertEqual(mask_openid(openid), masked)

    # === REPRINT === #

    def test_another_till_gets_it(self):
        """The Orders screen of any till asks the server for the order and its payments."""
        status, payment = self.paid(self.native)
        order = self.book(payment).pos_order_id
        loaded = order.with_user(self.cashier).read_pos_data([], self.shop)
        self.assertEqual([p['ticket'] for p in loaded['pos.payment']], [status['receipt']])
