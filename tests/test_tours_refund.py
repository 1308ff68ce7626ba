# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..simulator import DEMO_MERCHANT
from .common_tours import WechatTourCase


@tagged('post_install', '-at_install')
class TestToursRefund(WechatTourCase):
    """Goods come back to the till, and the money goes back to the customer."""

    def customer_acts(self, action, code_url):
        if action == 'finds the merchant without money':
            self.simulator.set_merchant(DEMO_MERCHANT['mch_id'], balance=0)
        elif action == 'sees it topped up':
            self.simulator.set_merchant(DEMO_MERCHANT['mch_id'], balance=100000)
        elif action == 'has closed the account':
            self.simulator.set_account(self.customer, closed=True)
        elif action == 'is not heard of at WeChat':
            self.simulator.fault('refund', 'drop', paid=False)
        else:
            super().customer_acts(action, code_url)

    def setUp(self):
        super().setUp()
        mch_id = DEMO_MERCHANT['mch_id']
        balance = self.simulator.merchant(mch_id)['balance']
        self.addCleanup(self.simulator.set_merchant, mch_id, balance=balance)
        self.addCleanup(self.simulator.set_account, self.customer, closed=False)

    def charges(self, model):
        return self.env[model].search([], order='id')

    def refunds(self):
        return self.env['wechat.refund'].search([], order='id')

    def assertGivenBack(self, order, *parts):
        """Check a return: in the POS, in our records and at WeChat the same money went back.

        :param parts: pairs of the payment that was given back and the fen, in their order
        """
        self.assertEqual(order.state, 'paid')
        in_yuan = order.currency_id._wechat_from_fen
        payments = order.payment_ids.sorted('id')
        refunds = self.env['wechat.refund'].search(
            [('pos_payment_id', 'in', payments.ids)]).sorted(
                lambda refund: refund.pos_payment_id.id)
        self.assertEqual(refunds.pos_payment_id, payments)
        self.assertEqual(
            [(refund._original(), refund.refund_fee) for refund in refunds], list(parts))
        self.assertEqual(
            [(payment.amount, payment.transaction_id) for payment in payments],
            [(-in_yuan(fen), refund.wechat_refund_id)
             for refund, (_charge, fen) in zip(refunds, parts, strict=True)])
        for charge, _fen in parts:
            self.assertEqual(charge.pos_payment_id.pos_order_id, order.refunded_order_id)
        self.assertEqual(order.amount_paid, -in_yuan(sum(fen for _charge, fen in parts)))
        known = {refund['out_refund_no']: refund for refund in self.simulator.refunds()}
        for refund, (charge, fen) in zip(refunds, parts, strict=True):
            at_wechat = known[refund.name]
            self.assertEqual(at_wechat['refund_id'], refund.wechat_refund_id)
            self.assertEqual(
                (at_wechat['out_trade_no'], at_wechat['refund_fee']), (charge.name, fen))
            for line in (refund.wechat_refund_id, refund.name):
                self.assertIn(line, refund.pos_payment_id.ticket)

    def assertSent(self, *fen):
        """Check the amounts of all refunds that WeChat has got, in their order."""
        self.assertEqual([refund['refund_fee'] for refund in self.simulator.refunds()], list(fen))

    def the_return(self, orders):
        """Return the order of a tour that gave money back."""
        return orders.filtered(lambda order: order.amount_paid < 0).sorted('id')

    def assertCashBack(self, order):
        self.assertEqual(order.payment_ids.mapped('amount'), [-1.98])
        self.assertTrue(order.payment_ids.payment_method_id.is_cash_count)
        self.assertFalse(self.refunds().pos_payment_id)

    # === ONE PAYMENT === #

    def test_native(self):
        orders = self.play('WechatRefund')
        self.assertEqual(sorted(orders.mapped('amount_paid')), [-1.98, 1.98])
        self.assertGivenBack(self.the_return(orders), (self.charges('wechat.order'), 198))
        self.assertSent(198)

    def test_micropay(self):
        orders = self.play('WechatRefundMicropay')
        self.assertGivenBack(self.the_return(orders), (self.charges('wechat.micropay'), 198))
        self.assertSent(198)

    def test_pieces_one_after_the_other(self):
        orders = self.play('WechatRefundPieces')
        first, second = self.the_return(orders)
        charge = self.charges('wechat.order')
        self.assertEqual(charge.total_fee, 396)
        self.assertGivenBack(first, (charge, 198))
        self.assertGivenBack(second, (charge, 198))
        self.assertSent(198, 198)
        self.assertEqual(charge.refundable_fee, 0)

    # === AN ORDER THAT THE TILL HAS NOT SEEN === #

    def sell(self):
        status = self.pay_by_code(1.98)
        self.assertTrue(status['paid'])
        self.sync(self.order_data([{
            'method': self.micropay, 'amount': 1.98, 'uuid': status['payment_uuid']}]))
        return self.trade(status)

    def close(self):
        session = self.shop.current_session_id
        session.post_closing_cash_details(0)
        session.close_session_from_ui()
        self.assertEqual(session.state, 'closed')

    def test_session_that_is_closed(self):
        charge = self.sell()
        self.close()
        self.open_session()
        order = self.play('WechatRefundOtherSession')
        self.assertGivenBack(order, (charge, 198))
        self.assertNotEqual(order.session_id, charge.pos_payment_id.session_id)
        self.assertEqual(self.refunds().pos_session_id, order.session_id)

    def test_order_of_another_till(self):
        here = self.shop
        there = self.env['pos.config'].create({
            'name': "Other till", 'payment_method_ids': [(6, 0, self.methods.ids)]})
        here.trusted_config_ids |= there
        self.shop = there
        charge = self.sell()
        self.assertEqual(charge.pos_id, there)
        self.shop = here
        order = self.play('WechatRefundOtherSession')
        self.assertGivenBack(order, (charge, 198))
        self.assertEqual((order.config_id, self.refunds().pos_id), (here, here))

    # === SEVERAL PAYMENTS === #

    def paid_in_parts(self):
        return self.charges('wechat.order').filtered('pos_payment_id')

    def test_several_payments_at_one_press(self):
        order = self.the_return(self.play('WechatRefundSeveral'))
        whole, rest = self.paid_in_parts()
        self.assertGivenBack(order, (whole, 100), (rest, 98))
        self.assertSent(100, 98)

    def test_several_payments_and_a_reload(self):
        order = self.the_return(self.play('WechatRefundSeveralReload'))
        whole, rest = self.paid_in_parts()
        self.assertGivenBack(order, (whole, 100), (rest, 98))
        self.assertSent(100, 98)

    @mute_logger('odoo.http')
    def test_both_kinds_of_payment(self):
        order = self.the_return(self.play('WechatRefundBothKinds'))
        self.assertGivenBack(
            order, (self.paid_in_parts(), 100), (self.charges('wechat.micropay'), 98))
        self.assertSent(100, 98)
        self.assertEqual(order.payment_ids.payment_method_id, self.native + self.micropay)

    # === THE SHOP'S MONEY AT WECHAT === #

    def test_balance_too_low_then_topped_up(self):
        order = self.the_return(self.play('WechatRefundToppedUp'))
        self.assertGivenBack(order, (self.charges('wechat.order'), 198))
        self.assertSent(198)

    def test_balance_too_low_then_cash(self):
        order = self.the_return(self.play('WechatRefundGivenUp'))
        self.assertCashBack(order)
        self.assertEqual(self.refunds().state, 'cancelled')
        # Nor later, when there is money.
        self.customer_acts('sees it topped up', '')
        self.run_cron()
        self.assertSent()
        self.assertEqual(self.charges('wechat.order').refundable_fee, 198)

    def test_put_aside_while_it_waits(self):
        orders = self.play('WechatRefundPutAside')
        self.assertFalse(self.the_return(orders))
        self.assertTrue(self.refunds()._is_accepted())
        self.assertSent(198)

    # === TROUBLE === #

    def test_account_closed(self):
        order = self.the_return(self.play('WechatRefundAccountClosed'))
        self.assertCashBack(order)
        self.assertEqual(
            (self.refunds().state, self.refunds().err_code), ('error', 'USER_ACCOUNT_ABNORMAL'))
        self.assertSent()

    def test_answer_lost(self):
        order = self.the_return(self.play('WechatRefundAnswerLost'))
        self.assertGivenBack(order, (self.charges('wechat.order'), 198))
        self.assertSent(198)

    def test_request_lost(self):
        order = self.the_return(self.play('WechatRefundRequestLost'))
        self.assertGivenBack(order, (self.charges('wechat.order'), 198))
        self.assertSent(198)

    @mute_logger('odoo.http')
    def test_paid_in_cash(self):
        orders = self.play('WechatRefundOfCash')
        self.assertEqual(sorted(orders.mapped('amount_paid')), [-1.98, 1.98])
        self.assertCashBack(self.the_return(orders))
        self.assertSent()
