# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import uuid

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import WechatCase


@tagged('post_install', '-at_install')
class TestHostile(WechatCase):
    """People and systems that want something that is not theirs."""

    def test_cashier_cannot_mint_a_paid_record(self):
        self.open_session()
        line = str(uuid.uuid4())
        micropay = self.env['wechat.micropay'].with_user(self.cashier)
        order = self.env['wechat.order'].with_user(self.cashier)
        for name, value in (
            ('state', 'done'), ('payment_uuid', line), ('transaction_id', 'FAKE'), ('mode', 'live'),
            ('name', 'MINE'), ('mch_id', '1'), ('total_fee', 1), ('message_ids', []),
            ('no_such_field', 1), ('notify_url', 'http://evil.example.com/'), ('attach', 'x'),
            ('out_trade_no', 'X'), ('app_id', 'wx1'),
        ):
            with self.assertRaises(UserError, msg=name):
                micropay.create_from_qr("Tea", 'no code', 99.0, create_vals={name: value})
            with self.assertRaises(UserError, msg=name):
                order.create_qr([], pay_amount=99, **{name: value})
        self.assertFalse(self.simulator.trades())

    def test_cashier_cannot_reach_another_company(self):
        self.open_session()
        other = self._create_company(name="Other")
        journal = self.env['account.journal'].create({
            'name': "Theirs", 'type': 'bank', 'code': 'THEIR', 'company_id': other.id})
        self.env.user.company_ids -= other
        micropay = self.env['wechat.micropay'].with_user(self.cashier)
        for vals in ({'company_id': other.id}, {'journal_id': journal.id}):
            with self.assertRaises(AccessError):
                micropay.create_from_qr("Tea", 'no code', 1.0, create_vals=vals)

    def foreign_trade(self, number, fen):
        """Have another system with the same merchant account take a payment, without a mark."""
        client = self.env['ir.config_parameter'].get_wechat_pay_object()
        client.micropay.create(
            "Another system", fen, self.simulator.payment_code(self.customer),
            client_ip='127.0.0.1', out_trade_no=number)
        self.simulator.clock.advance(60)

    def test_unmarked_trade_of_another_system_is_left_alone(self):
        """Neither adopted, nor refunded, nor reversed; same amount or not."""
        for fen in (300, 7777):
            for method, submit in ((self.micropay, True), (self.native, False)):
                with self.subTest(fen=fen, method=method.name):
                    status = self.prepare(method, 3)
                    self.foreign_trade(status['number'], fen)
                    status = self.till(
                        'submit', method, status['payment_uuid'], status['number'],
                        self.simulator.payment_code(self.customer) if submit else None)
                    trade = self.trade(status)
                    for _step in range(4):
                        self.let_pass(trade, 100)
                        status = self.poll(status)
                        self.assertFalse(status['paid'])
                    self.assertEqual((status['state'], status['free']), ('error', True))
                    self.run_cron()
                    theirs = self.simulator.trade(trade.name)
                    self.assertEqual(theirs['trade_state'], 'SUCCESS')
                    self.assertFalse(self.simulator.refunds())

    def test_line_without_a_number_takes_nobodys_money(self):
        self.open_session()
        order, code_url = self.env['wechat.order']._create_qr([], pay_amount=50)
        self.simulator.scan(self.customer, code_url)
        self.simulator.pay(self.customer, order.name)
        order.action_ask()
        self.assertEqual(order.state, 'done')
        with self.assertRaises(UserError), self.cr.savepoint():
            self.sync(self.order_data([{'method': self.native, 'amount': 50.0, 'uuid': False}]))

    def test_money_that_went_back_buys_nothing(self):
        status = self.pay_by_code(8)
        self.simulator.platform_refund(status['number'])
        trade = self.trade(status)
        trade.action_ask()
        self.assertEqual(trade.state, 'refunded')
        with self.assertRaises(UserError), self.cr.savepoint():
            self.sync(self.order_data([{
                'method': self.micropay, 'amount': 8.0, 'uuid': status['payment_uuid']}]))

    def test_play_money_buys_nothing(self):
        status = self.pay_by_code(8)
        self.set_params(api_url='')
        with self.assertRaises(UserError), self.cr.savepoint():
            self.sync(self.order_data([{
                'method': self.micropay, 'amount': 8.0, 'uuid': status['payment_uuid']}]))

    def test_failed_refund_is_not_called_money_back(self):
        status = self.pay_by_code(6)
        trade = self.trade(status)
        refund = self.env['wechat.refund'].sudo().create(
            {**trade._refund_link(), 'refund_fee': 100})
        self.simulator.fault('refund', 'err_code', code='TRADE_OVERDUE')
        refund.action_confirm()
        self.assertEqual(refund.state, 'error')
        self.assertTrue(self.poll(status)['paid'])
        order = self.sync(self.order_data([{
            'method': self.micropay, 'amount': 6.0, 'uuid': status['payment_uuid']}]))
        self.assertEqual(order.state, 'paid')

    def test_open_order_with_money_in_it_cannot_be_cancelled(self):
        status = self.pay_by_code(8)
        data = self.order_data([{
            'method': self.micropay, 'amount': 8.0, 'uuid': status['payment_uuid']}], state='draft')
        order = self.sync(data)
        with self.assertRaises(UserError), self.cr.savepoint():
            order.action_pos_order_cancel()

    def test_payment_cannot_be_moved_to_another_order(self):
        status = self.pay_by_code(8)
        order = self.sync(self.order_data([{
            'method': self.micropay, 'amount': 8.0, 'uuid': status['payment_uuid']}]))
        other = self.sync(self.order_data([], state='draft'))
        with self.assertRaises(UserError), self.cr.savepoint():
            order.payment_ids.with_user(self.cashier).write({'pos_order_id': other.id})

    def test_asking_about_a_new_record_does_no_harm(self):
        status = self.prepare(self.micropay, 5)
        self.trade(status).with_user(self.cashier).action_ask()
        self.assertEqual(self.trade(status).state, 'draft')
        status = self.till('submit', self.micropay, status['payment_uuid'], status['number'],
                           self.simulator.payment_code(self.customer))
        self.assertTrue(status['paid'])

    def test_cancelled_refund_is_not_sent(self):
        status = self.pay_by_code(10)
        order = self.sync(self.order_data([{
            'method': self.micropay, 'amount': 10.0, 'uuid': status['payment_uuid']}]))
        back = self.prepare(self.micropay, -10, refunded_order_id=order.id)
        self.poll(back)
        back = self.cancel(back)
        self.assertEqual((back['state'], back['free'], back['paid']), ('cancelled', True, False))
        self.assertFalse(self.simulator.refunds())
        again = self.prepare(self.micropay, -10, refunded_order_id=order.id)
        self.assertNotEqual(again['number'], back['number'])

    def test_closed_refund_reaches_the_accountant_and_does_not_bar_the_session(self):
        status = self.pay_by_code(10)
        order = self.sync(self.order_data([{
            'method': self.micropay, 'amount': 10.0, 'uuid': status['payment_uuid']}]))
        self.simulator.fault('refund', 'refund_status', status='REFUNDCLOSE')
        back = self.prepare(self.micropay, -10, refunded_order_id=order.id)
        back = self.till('submit', self.micropay, back['payment_uuid'], back['number'])
        self.sync(self.order_data([{
            'method': self.micropay, 'amount': -10.0, 'uuid': back['payment_uuid']}]))
        refund = self.trade(back)
        self.simulator.clock.advance(3600)
        refund.write({'asked_at': False})
        refund.action_confirm()
        self.assertEqual(refund.state, 'error')
        self.assertTrue(refund.activity_ids)
        session = self.shop.current_session_id
        session.post_closing_cash_details(0)
        session.close_session_from_ui()
        self.assertEqual(session.state, 'closed')

    def test_wizard_run_twice_refunds_once(self):
        trade = self.trade(self.pay_by_code(10))
        wizard = self.env['wechat.refund.wizard'].with_user(self.accountant).with_context(
            active_model=trade._name, active_id=trade.id).create({'amount': 3})
        wizard.action_refund()
        wizard.action_refund()
        self.assertEqual(len(trade.refund_ids), 1)

    def test_refund_of_another_company_cannot_be_sent(self):
        trade = self.trade(self.pay_by_code(10))
        refund = self.env['wechat.refund'].sudo().create(
            {**trade._refund_link(), 'refund_fee': 100})
        other = self._create_company(name="Other")
        stranger = self.env['res.users'].create({
            'name': "Stranger", 'login': 'stranger', 'company_id': other.id,
            'company_ids': [(6, 0, other.ids)],
            'group_ids': [(4, self.env.ref('account.group_account_invoice').id)]})
        with self.assertRaises(AccessError):
            refund.with_user(stranger).action_confirm()
        self.assertFalse(self.simulator.refunds())

    def test_portal_user_cannot_make_journals(self):
        portal = self.env['res.users'].create({
            'name': "Portal", 'login': 'portal1',
            'group_ids': [(6, 0, [self.env.ref('base.group_portal').id])]})
        with self.assertRaises(AccessError):
            self.shop.with_user(portal).init_pos_wechat_journals()
