# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import WechatCase


@tagged('post_install', '-at_install')
class TestRefund(WechatCase):

    def paid_trade(self, amount=10):
        status = self.pay_by_code(amount)
        self.assertTrue(status['paid'])
        return self.trade(status)

    def refund(self, trade, fen):
        return self.env['wechat.refund'].sudo().create({
            **trade._refund_link(), 'refund_fee': fen, 'reason': "Goods returned"})

    def ask_later(self, refund):
        """Let the refund arrive at the customer, and ask."""
        self.let_pass(refund, 3600)
        refund.action_confirm()

    def test_accepted_is_not_returned(self):
        trade = self.paid_trade()
        balance = self.simulator.balance(self.customer)
        refund = self.refund(trade, 400)
        refund.action_confirm()
        self.assertEqual(refund.state, 'pending')
        self.assertTrue(refund.wechat_refund_id)
        self.assertEqual(trade.state, 'done')
        self.ask_later(refund)
        self.assertEqual((refund.state, trade.state), ('done', 'refunded'))
        self.assertEqual((trade.refund_fee, trade.refundable_fee), (400, 600))
        self.assertEqual(self.simulator.balance(self.customer) - balance, 400)

    def test_confirmed_twice_goes_back_once(self):
        trade = self.paid_trade()
        refund = self.refund(trade, 400)
        for _again in range(3):
            refund.action_confirm()
        self.assertEqual(len(self.simulator.refunds()), 1)

    def test_lost_answer_is_asked_about_with_the_same_number(self):
        trade = self.paid_trade()
        for paid in (True, False):
            self.simulator.clock.advance(120)
            refund = self.refund(trade, 200)
            self.simulator.fault('refund', 'drop', paid=paid)
            refund.action_confirm()
            self.assertEqual(refund.state, 'pending')
            for _step in range(3):
                self.ask_later(refund)
            self.assertEqual(refund.state, 'done', refund.err_code)
            same = [known for known in self.simulator.refunds()
                    if known['out_refund_no'] == refund.name]
            self.assertEqual(len(same), 1)

    def test_accepted_refund_is_not_failed_by_the_answer_to_a_repetition(self):
        refund = self.refund(self.paid_trade(), 400)
        refund.action_confirm()
        self.assertTrue(refund.wechat_refund_id)
        self.simulator.fault('refund', 'err_code', code='INVALID_REQUEST')
        refund._call('refund', refund._frozen())
        self.assertEqual(refund.state, 'pending')
        self.ask_later(refund)
        self.assertEqual(refund.state, 'done')

    def test_refund_under_way_is_not_sent_again(self):
        """The first call may take 15 seconds, and the till asks meanwhile."""
        refund = self.refund(self.paid_trade(), 400)
        self.simulator.fault('refund', 'drop', paid=False)
        refund.action_confirm()
        for _poll in range(4):
            self.let_pass(refund, 3)
            refund._settle()
        self.assertFalse(self.simulator.refunds())
        for _step in ("WeChat does not know it", "so it is sent again"):
            self.let_pass(refund, 20)
            refund._settle()
        self.assertEqual(len(self.simulator.refunds()), 1)

    def test_unclear_refund_is_not_failed_by_a_broken_set_up(self):
        """The answer was lost, then the key was changed: nobody knows, so nobody says "failed"."""
        trade = self.paid_trade()
        refund = self.refund(trade, 200)
        self.simulator.fault('refund', 'drop', paid=True)
        refund.action_confirm()
        self.set_params(mch_id='')
        self.ask_later(refund)
        self.assertEqual(refund.state, 'pending')
        self.set_params(mch_id=trade.mch_id)
        self.ask_later(refund)
        self.assertEqual(refund.state, 'done')

    def test_refund_that_never_began_can_be_sent_again(self):
        trade = self.paid_trade()
        refund = self.refund(trade, 200)
        self.set_params(mch_id='')
        for _again in range(2):
            refund.action_confirm()
            self.assertEqual((refund.state, refund.err_code), ('error', 'NOT_SET_UP'))
        self.set_params(mch_id=trade.mch_id)
        refund.action_confirm()
        self.ask_later(refund)
        self.assertEqual(refund.state, 'done')

    def test_empty_merchant_account_is_tried_again(self):
        trade = self.paid_trade()
        mch_id = trade.mch_id
        self.simulator.fault('refund', 'err_code', code='NOTENOUGH')
        refund = self.refund(trade, 400)
        refund.action_confirm()
        self.assertEqual((refund.state, refund.err_code), ('pending', 'NOTENOUGH'))
        self.assertTrue(mch_id)
        for _step in range(3):
            self.ask_later(refund)
        self.assertEqual(refund.state, 'done')

    def test_not_more_than_was_paid(self):
        trade = self.paid_trade()
        self.refund(trade, 600)
        with self.assertRaises(UserError):
            self.refund(trade, 500)
        self.refund(trade, 400)

    def test_nothing_to_refund(self):
        self.simulator.fault('micropay', 'err_code', code='AUTHCODEEXPIRE')
        trade = self.trade(self.pay_by_code(10))
        with self.assertRaises(UserError):
            self.refund(trade, 100)

    def test_notification_settles_it(self):
        trade = self.paid_trade()
        refund = self.refund(trade, 400)
        refund.action_confirm()
        self.simulator.clock.advance(3600)
        self.assertIn('SUCCESS', self.deliver()[0])
        self.assertEqual((refund.state, trade.state), ('done', 'refunded'))

    def test_abnormal_refund_waits_for_the_accountant(self):
        trade = self.paid_trade()
        self.simulator.fault('refund', 'refund_status', status='CHANGE')
        refund = self.refund(trade, 400)
        refund.action_confirm()
        self.ask_later(refund)
        self.assertEqual((refund.state, refund.err_code), ('pending', 'CHANGE'))
        self.assertIn("merchant platform", refund.remedy)

    def test_accountant_refunds_by_the_wizard(self):
        trade = self.paid_trade(19.99)
        wizard = self.env['wechat.refund.wizard'].with_user(self.accountant).with_context(
            active_model=trade._name, active_id=trade.id).create({})
        self.assertEqual(wizard.amount, 19.99)
        wizard.amount = 4.35
        action = wizard.action_refund()
        refund = self.env['wechat.refund'].browse(action['res_id'])
        self.assertEqual((refund.refund_fee, refund.state), (435, 'pending'))

    def test_cashier_cannot_refund_outside_the_till(self):
        refund = self.refund(self.paid_trade(), 100)
        with self.assertRaises(AccessError):
            refund.with_user(self.cashier).action_confirm()

    def test_return_at_the_till(self):
        """A returned order is paid back to the one who paid, against an accepted refund."""
        status = self.pay_by_code(10)
        order = self.sync(self.order_data([{
            'method': self.micropay, 'amount': 10.0, 'uuid': status['payment_uuid']}]))
        back = self.prepare(self.micropay, -4, refunded_order_id=order.id)
        self.assertEqual((back['state'], back['total_fee']), ('draft', -400))
        back = self.till('submit', self.micropay, back['payment_uuid'], back['number'])
        self.assertEqual((back['phase'], back['paid']), ('refund_accepted', True), back)
        returned = self.sync(self.order_data([{
            'method': self.micropay, 'amount': -4.0, 'uuid': back['payment_uuid']}]))
        self.assertEqual(returned.payment_ids.transaction_id, back['transaction_id'])
        with self.assertRaises(UserError), self.cr.savepoint():
            self.sync(self.order_data([{
                'method': self.micropay, 'amount': -4.0, 'uuid': '0000'}]))

    def test_return_of_too_much_is_refused(self):
        status = self.pay_by_code(10)
        order = self.sync(self.order_data([{
            'method': self.micropay, 'amount': 10.0, 'uuid': status['payment_uuid']}]))
        with self.assertRaises(UserError):
            self.micropay.with_user(self.cashier).wechat_prepare('line', -11, {
                'pos_session_id': self.shop.current_session_id.id, 'refunded_order_id': order.id})
