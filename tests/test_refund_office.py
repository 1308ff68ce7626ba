# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import WechatCase


class OfficeCase(WechatCase):
    """A shop with an accountant and a manager of its tills."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls.env['res.users'].create({
            'name': "Manager", 'login': 'manager', 'password': 'manager',
            'group_ids': [(4, cls.env.ref('point_of_sale.group_pos_manager').id)],
            'company_id': cls.company.id, 'company_ids': [(4, cls.company.id)],
        })

    def sell(self, amount=10.0, method=None, **values):
        """Sell something at the till. Return the payment's record and the order."""
        method = method or self.micropay
        if method == self.micropay:
            status = self.pay_by_code(amount, **values)
        else:
            status = self.show_qr(amount, **values)
            self.pay_by_phone(status)
            status = self.poll(status)
        order = self.sync(self.order_data([{
            'method': method, 'amount': amount, 'uuid': status['payment_uuid']}]))
        return self.trade(status), order

    def close_session(self):
        session = self.shop.current_session_id
        session.action_pos_session_closing_control()
        self.assertEqual(session.state, 'closed')
        return session

    def wizard(self, trade, user=None, **values):
        return self.env['wechat.refund.wizard'].with_user(user or self.accountant).with_context(
            active_model=trade._name, active_id=trade.id).create(values)

    def refund(self, trade, **values):
        """Refund in the office, as the accountant, until the customer has the money."""
        action = self.wizard(trade, **values).action_refund()
        refund = self.env['wechat.refund'].browse(action['res_id'])
        self.arrive(refund)
        return refund.with_user(self.accountant)

    def arrive(self, refund):
        """Let the time pass until the money is with the customer, and Odoo knows it."""
        for _step in range(3):
            self.let_pass(refund, 3600)
            refund.sudo().next_ask = '2026-01-01 00:00:00'
            self.run_cron()

    def return_of(self, order):
        action = order.with_user(self.manager).refund()
        return self.env['pos.order'].browse(action['res_id'])

    def payment_wizard(self, order, **values):
        return self.env['pos.make.payment'].with_user(self.manager).with_context(
            active_id=order.id, active_ids=order.ids, active_model='pos.order').create(values)

    def refunded(self):
        return sum(refund['refund_fee'] for refund in self.simulator.refunds()
                   if refund['refund_status'] == 'SUCCESS')


@tagged('post_install', '-at_install')
class TestRefundBooks(OfficeCase):
    """What is refunded is in the books, once, and the record says where."""

    def assertPosted(self, refund, amount):
        payment = refund.account_payment_id
        self.assertTrue(payment, refund.books)
        self.assertEqual(
            (payment.payment_type, payment.partner_type, payment.amount, payment.journal_id),
            ('outbound', 'customer', amount, self.micropay.journal_id))
        self.assertEqual(payment.move_id.state, 'posted')
        lines = payment.move_id.line_ids
        outstanding = lines.filtered(
            lambda line: line.account_id == payment.outstanding_account_id)
        self.assertEqual(outstanding.balance, -amount)
        receivable = lines - outstanding
        self.assertEqual(receivable.account_id.account_type, 'asset_receivable')
        self.assertEqual((receivable.balance, receivable.reconciled), (amount, False))
        self.assertEqual(refund.books, payment.display_name)

    def payments(self):
        return self.env['account.payment'].search_count([('memo', 'like', 'WR-')])

    def test_office_refund_of_a_closed_session(self):
        trade, _order = self.sell(10)
        session = self.close_session()
        taken = self.env['account.payment'].search([('pos_session_id', '=', session.id)])
        self.assertEqual(taken.mapped('amount'), [10.0])
        refund = self.refund(trade, amount=4, reason="Scratched")
        self.assertEqual(refund.state, 'done')
        self.assertPosted(refund, 4.0)
        # What WeChat owes the shop: what was taken less what went back.
        account = taken.outstanding_account_id
        self.assertEqual(refund.account_payment_id.outstanding_account_id, account)
        lines = (taken | refund.account_payment_id).move_id.line_ids
        self.assertEqual(
            sum(lines.filtered(lambda line: line.account_id == account).mapped('balance')), 6.0)
        self.assertEqual(self.refunded(), 400)

    def test_posted_once(self):
        trade, _order = self.sell(10)
        refund = self.refund(trade, amount=4)
        for _again in range(3):
            refund.with_user(self.accountant).action_confirm()
            refund.with_user(self.accountant).action_post_payment()
            self.run_cron()
        self.assertEqual(self.payments(), 1)

    def test_posted_when_the_customer_has_it(self):
        """WeChat may still close a refund that it has accepted."""
        trade, _order = self.sell(10)
        self.simulator.fault('refund', 'refund_status', status='REFUNDCLOSE')
        refund = self.refund(trade, amount=4)
        self.assertEqual((refund.state, refund.err_code), ('error', 'REFUNDCLOSE'))
        self.assertFalse(self.payments())
        self.let_pass(refund, 100)
        action = refund.with_user(self.accountant).action_confirm()
        anew = self.env['wechat.refund'].browse(action['res_id'])
        self.assertNotEqual(anew.name, refund.name)
        self.arrive(anew)
        self.assertPosted(anew, 4.0)
        self.assertEqual(self.payments(), 1)
        self.assertEqual(self.refunded(), 400)

    def test_accountant_enters_it_by_hand(self):
        trade, _order = self.sell(10)
        refund = self.refund(trade, amount=4, post_payment=False)
        self.assertFalse(self.payments())
        self.assertEqual(refund.books, "No")
        refund.with_user(self.accountant).action_post_payment()
        self.assertPosted(refund, 4.0)

    def test_cashier_enters_nothing(self):
        trade, _order = self.sell(10)
        refund = self.refund(trade, amount=4, post_payment=False)
        with self.assertRaises(AccessError):
            refund.with_user(self.cashier).action_post_payment()

    def test_what_is_not_in_the_books_leaves_them_alone(self):
        """An orphan, and a surplus payment that goes back by itself."""
        orphan = self.trade(self.pay_by_code(10))
        refund = self.refund(orphan, amount=10)
        self.assertEqual(refund.state, 'done')
        self.assertIn("not in the books either", refund.books)
        surplus = self.trade(self.pay_by_code(8))
        surplus._give_back("The sale had been paid already.")
        self.arrive(surplus.refund_ids)
        self.assertEqual(surplus.refund_ids.state, 'done')
        self.assertFalse(self.payments())

    def test_return_at_the_till_nets_in_the_session(self):
        trade, order = self.sell(10)
        back = self.prepare(self.micropay, -4, refunded_order_id=order.id)
        back = self.till('submit', self.micropay, back['payment_uuid'], back['number'])
        self.assertTrue(back['paid'])
        returned = self.sync(self.order_data([{
            'method': self.micropay, 'amount': -4.0, 'uuid': back['payment_uuid']}]))
        refund = trade.refund_ids
        self.assertIn(returned.name, refund.books)
        self.arrive(refund)
        session = self.close_session()
        booked = self.env['account.payment'].search([('pos_session_id', '=', session.id)])
        self.assertEqual((booked.payment_type, booked.amount), ('inbound', 6.0))
        self.assertFalse(self.payments())

    def test_cannot_be_posted(self):
        trade, _order = self.sell(10)
        journal = self.micropay.journal_id
        journal.outbound_payment_method_line_ids.unlink()
        refund = self.refund(trade, amount=4)
        self.assertEqual(refund.state, 'done')
        self.assertFalse(refund.account_payment_id)
        for _again in range(2):
            self.assertEqual(
                refund.sudo().activity_ids.mapped('summary'),
                ["WeChat refund is not in the books"])
            self.run_cron()
        self.assertEqual(refund.books, "No")

    def test_refund_on_the_merchant_platform(self):
        trade, _order = self.sell(10)
        self.simulator.platform_refund(trade.name, 300)
        trade.with_user(self.accountant).action_ask()
        refund = trade.refund_ids
        self.assertEqual((refund.source, refund.refund_fee), ('platform', 300))
        self.arrive(refund)
        self.assertEqual((refund.state, trade.refundable_fee), ('done', 700))
        self.assertEqual(
            refund.sudo().activity_ids.mapped('summary'), ["Refunded on the merchant platform"])
        self.assertFalse(self.payments())
        refund.with_user(self.accountant).action_post_payment()
        self.assertPosted(refund, 3.0)
        self.assertFalse(refund.sudo().activity_ids)

    def test_wizard_says_what_it_will_do(self):
        trade, _order = self.sell(10)
        wizard = self.wizard(trade, amount=4)
        self.assertTrue(wizard.post_payment)
        self.assertIn(self.micropay.journal_id.name, wizard.posting)
        self.assertFalse(wizard.obstacle)
        wizard.action_refund()
        again = self.wizard(trade, amount=7)
        self.assertIn("6.00", again.obstacle)
        again.amount = 6
        self.assertIn("seconds", again.obstacle)


@tagged('post_install', '-at_install')
class TestBackendReturn(OfficeCase):
    """A return in the backend is paid with WeChat by the manager of the shop."""

    def assertReturned(self, order, refund, fen):
        self.assertEqual(order.state, 'paid')
        self.assertEqual(refund.pos_payment_id, order.payment_ids)
        self.assertEqual(order.payment_ids.amount, -fen / 100)
        self.assertEqual(refund.refund_fee, fen)
        self.assertEqual(order.payment_ids.transaction_id, refund.wechat_refund_id)
        self.assertIn(order.name, refund.books)

    def return_all(self, method):
        trade, order = self.sell(10, method)
        back = self.return_of(order)
        wizard = self.payment_wizard(back)
        self.assertEqual(wizard.payment_method_id, method)
        self.assertEqual((wizard.micropay_id or wizard.wechat_order_id), trade)
        self.assertEqual(wizard.amount, -10.0)
        self.assertEqual(wizard.check()['type'], 'ir.actions.act_window_close')
        self.assertReturned(back, trade.refund_ids, 1000)
        self.arrive(trade.refund_ids)
        self.assertEqual(trade.refund_ids.state, 'done')
        self.assertEqual(self.refunded(), 1000)

    def test_micropay_is_preselected_and_returned(self):
        self.return_all(self.micropay)

    def test_order_is_preselected_and_returned(self):
        self.return_all(self.native)

    def test_return_of_a_closed_session(self):
        trade, order = self.sell(10)
        self.close_session()
        self.open_session()
        back = self.return_of(order)
        self.payment_wizard(back).check()
        self.assertReturned(back, trade.refund_ids, 1000)
        self.assertEqual(back.session_id, self.shop.current_session_id)

    def test_found_by_the_order_reference(self):
        """A payment of an integration is tied to its order by the reference only."""
        trade, order = self.sell(10)
        cash = self.shop.payment_method_ids.filtered('is_cash_count')
        other = self.sync(self.order_data([{'method': cash, 'amount': 5.0, 'uuid': 'x-cash'}]))
        loose = self.trade(self.pay_by_code(5, order_ref=other.pos_reference))
        wizard = self.payment_wizard(self.return_of(other), payment_method_id=self.micropay.id)
        self.assertEqual(wizard.micropay_id, loose)
        self.assertNotEqual(loose, trade)
        self.assertTrue(order)

    def test_in_parts(self):
        trade, order = self.sell(10)
        back = self.return_of(order)
        self.payment_wizard(back, amount=-4).check()
        self.assertEqual((back.state, trade.refund_ids.refund_fee), ('draft', 400))
        cash = self.shop.payment_method_ids.filtered('is_cash_count')
        self.payment_wizard(back, amount=-6, payment_method_id=cash.id).check()
        self.assertEqual(back.state, 'paid')
        self.assertEqual(sum(back.payment_ids.mapped('amount')), -10)
        self.assertEqual(len(trade.refund_ids), 1)

    def test_pressed_again_and_again(self):
        trade, order = self.sell(10)
        back = self.return_of(order)
        self.simulator.fault('refund', 'drop')
        for _again in range(20):
            if back.state == 'draft':
                self.payment_wizard(back).check()
                self.let_pass(trade.refund_ids, 30)
        self.assertReturned(back, trade.refund_ids, 1000)
        self.assertEqual(len(self.simulator.refunds()), 1)

    def test_under_way_is_not_paid_otherwise(self):
        """The money would go back twice."""
        trade, order = self.sell(10)
        cash = self.shop.payment_method_ids.filtered('is_cash_count')
        back = self.return_of(order)
        self.simulator.fault('refund', 'drop', paid=False)
        self.payment_wizard(back).check()
        refund = trade.refund_ids
        with self.assertRaises(UserError) as refused, self.cr.savepoint():
            self.payment_wizard(back, payment_method_id=cash.id).check()
        self.assertIn(refund.name, str(refused.exception))
        back.add_payment({
            'pos_order_id': back.id, 'amount': -10, 'payment_method_id': cash.id})
        with self.assertRaises(UserError), self.cr.savepoint():
            back.with_user(self.manager).action_pos_order_paid()
        back.payment_ids.unlink()
        refund._ask()
        self.let_pass(refund, 30)
        refund._ask()
        refund.with_user(self.manager).action_give_up()
        self.assertEqual(refund.state, 'cancelled')
        self.payment_wizard(back, payment_method_id=cash.id).check()
        self.assertEqual(back.state, 'paid')
        self.arrive(refund)
        self.assertFalse(self.simulator.refunds())

    def test_balance_too_low(self):
        trade, order = self.sell(10)
        merchant = trade.mch_id
        self.simulator.set_merchant(merchant, balance=0)
        back = self.return_of(order)
        action = self.payment_wizard(back).check()
        self.assertIn("balance", action['params']['message'])
        self.assertEqual((back.state, trade.refund_ids.err_code), ('draft', 'NOTENOUGH'))
        self.simulator.set_merchant(merchant, balance=100000)
        self.arrive(trade.refund_ids)
        self.assertReturned(back, trade.refund_ids, 1000)

    def test_refused(self):
        trade, order = self.sell(10)
        self.simulator.set_account(self.customer, closed=True)
        back = self.return_of(order)
        with self.assertRaises(UserError) as refused:
            self.payment_wizard(back).check()
        self.assertIn("another way", str(refused.exception))
        cash = self.shop.payment_method_ids.filtered('is_cash_count')
        self.payment_wizard(back, payment_method_id=cash.id).check()
        self.assertEqual(back.state, 'paid')
        self.assertFalse(self.simulator.refunds())
        self.assertEqual(trade.refundable_fee, 1000)

    def test_wrong_choices(self):
        trade, order = self.sell(10)
        other, _order = self.sell(20)
        native, _order = self.sell(10, self.native)
        back = self.return_of(order)
        company = self.env['res.company'].create({'name': "Elsewhere"})
        foreign = self.env['wechat.micropay'].sudo().search([('id', '=', other.id)]).copy({
            'company_id': company.id, 'name': 'WMP-FOREIGN'})
        for words, values in (
            ("left to give back", {'amount': -11}),
            ("did not pay for", {'micropay_id': other.id}),
            (trade.name, {'micropay_id': other.id}),
            ("another way", {'micropay_id': False, 'wechat_order_id': native.id}),
            ("not two", {'micropay_id': trade.id, 'wechat_order_id': native.id}),
            ("Choose the WeChat payment", {'micropay_id': False}),
            ("multi-company", {'micropay_id': foreign.id}),
        ):
            wizard = self.payment_wizard(back)
            wizard.sudo().write(values)
            with self.subTest(words), self.assertRaises(UserError) as refused, self.cr.savepoint():
                wizard.check()
            self.assertIn(words, str(refused.exception))
        self.assertFalse(self.simulator.refunds())
        self.assertEqual(back.state, 'draft')

    def test_more_than_is_left_of_the_payment(self):
        trade, order = self.sell(10)
        self.refund(trade, amount=4)
        with self.assertRaises(UserError) as refused:
            self.payment_wizard(self.return_of(order), amount=-10).check()
        self.assertIn("6.00", str(refused.exception))

    def test_not_paid_with_wechat(self):
        cash = self.shop.payment_method_ids.filtered('is_cash_count')
        self.open_session()
        order = self.sync(self.order_data([{'method': cash, 'amount': 5.0, 'uuid': 'y-cash'}]))
        wizard = self.payment_wizard(self.return_of(order))
        self.assertEqual(wizard.payment_method_id, cash)
        wizard.payment_method_id = self.micropay
        with self.assertRaises(UserError) as refused:
            wizard.check()
        self.assertIn("another payment method", str(refused.exception))

    def test_sale_cannot_be_paid_here(self):
        """Taking money needs the customer, at the till."""
        _trade, order = self.sell(10)
        copy = order.copy({'session_id': self.shop.current_session_id.id})
        with self.assertRaises(UserError):
            self.payment_wizard(copy, payment_method_id=self.micropay.id, amount=10).check()


@tagged('post_install', '-at_install')
class TestRefundBeforeTheOrder(OfficeCase):
    """Somebody gives money back before the till could send its order."""

    def order_of(self, status):
        return self.order_data([{
            'method': self.micropay, 'amount': 10.0, 'uuid': status['payment_uuid']}])

    def test_a_part(self):
        """The goods are with the customer: the order must not get lost."""
        for by_hand in (False, True):
            with self.subTest(by_hand=by_hand):
                status = self.pay_by_code(10)
                trade = self.trade(status)
                if by_hand:
                    self.simulator.platform_refund(trade.name, 400)
                    trade.with_user(self.accountant).action_ask()
                else:
                    self.wizard(trade, amount=4).action_refund()
                self.arrive(trade.refund_ids)
                self.assertEqual((trade.state, trade.refundable_fee), ('refunded', 600))
                self.assertTrue(self.till('poll', self.micropay, status['payment_uuid'])['paid'])
                order = self.sync(self.order_of(status))
                self.assertEqual(trade.pos_payment_id, order.payment_ids)
                self.simulator.clock.reset()

    def test_all_of_it(self):
        status = self.pay_by_code(10)
        trade = self.trade(status)
        self.wizard(trade).action_refund()
        self.assertFalse(self.till('poll', self.micropay, status['payment_uuid'])['paid'])
        with self.assertRaises(UserError):
            self.sync(self.order_of(status))

    def test_orphan_of_which_a_part_went_back(self):
        status = self.pay_by_code(10)
        trade = self.trade(status)
        self.simulator.platform_refund(trade.name, 400)
        trade.with_user(self.accountant).action_ask()
        self.arrive(trade.refund_ids)
        trade.sudo().paid_at = '2026-01-01 00:00:00'
        self.run_cron()
        self.assertEqual(
            trade.sudo().activity_ids.mapped('summary'), ["Paid with WeChat, but no POS order"])
