# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import uuid

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_refund_office import OfficeCase


@tagged('post_install', '-at_install')
class TestRefundTwice(OfficeCase):
    """The ways on which the same goods could be paid back twice, or be in the books twice."""

    def setUp(self):
        super().setUp()
        self.cash = self.shop.payment_method_ids.filtered('is_cash_count')[:1]

    def part_of(self, order, amount):
        """Return a backend return of goods worth less than the order."""
        back = self.return_of(order)
        back.lines.write({
            'price_unit': amount, 'price_subtotal': -amount, 'price_subtotal_incl': -amount})
        back.write({'amount_total': -amount})
        return back

    def refuse(self, order, **values):
        """Have WeChat refuse the refund of a return; afterwards it would take it."""
        self.simulator.set_account(self.customer, closed=True)
        self.check_refused(order, **values)
        self.simulator.set_account(self.customer, closed=False)
        self.simulator.clock.advance(100)

    def check_refused(self, order, **values):
        """Make the payment. What was written stays, as it has been committed before the refusal."""
        try:
            self.payment_wizard(order, **values).check()
        except UserError:
            return
        self.fail("not refused")

    def without_money(self, trade):
        self.simulator.set_merchant(trade.mch_id, balance=0)

    def with_money(self, trade):
        self.simulator.set_merchant(trade.mch_id, balance=100000)
        self.simulator.clock.advance(100)

    def assertNotSent(self, refund):
        with self.assertRaises(UserError) as refused, self.cr.savepoint():
            refund.with_user(self.accountant).action_confirm()
        return str(refused.exception)

    # === THE MONEY === #

    def test_failed_and_made_again(self):
        trade, order = self.sell(10)
        back = self.part_of(order, 4)
        self.refuse(back)
        first = trade.refund_ids
        self.assertEqual(first.state, 'error')
        self.payment_wizard(back).check()
        second = trade.refund_ids - first
        self.assertEqual((back.state, second.pos_payment_id), ('paid', back.payment_ids))
        self.assertIn(back.name, self.assertNotSent(first))
        self.arrive(second)
        self.assertEqual(self.refunded(), 400)

    def test_failed_and_under_way_again(self):
        trade, order = self.sell(10)
        back = self.part_of(order, 4)
        self.refuse(back)
        first = trade.refund_ids
        self.without_money(trade)
        self.payment_wizard(back).check()
        self.assertIn((trade.refund_ids - first).name, self.assertNotSent(first))

    def test_failed_and_paid_in_cash(self):
        trade, order = self.sell(10)
        back = self.return_of(order)
        self.refuse(back)
        self.payment_wizard(back, payment_method_id=self.cash.id).check()
        self.assertIn(back.name, self.assertNotSent(trade.refund_ids))
        self.assertFalse(self.simulator.refunds())

    def test_failed_at_the_till_and_paid_in_cash(self):
        trade, order = self.sell(10)
        self.simulator.set_account(self.customer, closed=True)
        number = str(uuid.uuid4())
        status = self.prepare(
            self.micropay, -10, refunded_order_id=order.id, order_uuid=number)
        status = self.till('submit', self.micropay, status['payment_uuid'], status['number'])
        self.assertEqual(status['phase'], 'failed')
        self.simulator.set_account(self.customer, closed=False)
        self.simulator.clock.advance(100)
        returned = self.sync({**self.order_data([{
            'method': self.cash, 'amount': -10.0, 'uuid': 'cash-1'}]), 'uuid': number})
        self.assertIn(returned.name, self.assertNotSent(trade.refund_ids))
        self.assertFalse(self.simulator.refunds())

    def test_waiting_at_the_till_and_paid_in_cash_at_another(self):
        trade, order = self.sell(10)
        self.without_money(trade)
        number = str(uuid.uuid4())
        status = self.prepare(
            self.micropay, -10, refunded_order_id=order.id, order_uuid=number)
        status = self.till('submit', self.micropay, status['payment_uuid'], status['number'])
        self.assertEqual(status['phase'], 'refund_waits')
        self.sync({**self.order_data([{
            'method': self.cash, 'amount': -10.0, 'uuid': 'cash-2'}]), 'uuid': number})
        self.with_money(trade)
        self.arrive(trade.refund_ids)
        self.assertEqual(trade.refund_ids.state, 'cancelled')
        self.assertFalse(self.simulator.refunds())

    def test_alive_after_the_return_was_paid_otherwise(self):
        """The session can be closed, and the accountant knows."""
        trade, order = self.sell(10)
        back = self.return_of(order)
        self.simulator.fault('refund', 'err_code', code='USER_ACCOUNT_ABNORMAL', paid=True)
        self.check_refused(back)
        refund = trade.refund_ids
        self.assertEqual(refund.state, 'error')
        self.payment_wizard(back, payment_method_id=self.cash.id).check()
        self.let_pass(refund, 100)
        refund._ask()
        self.assertEqual(refund.state, 'done')
        self.assertIn(
            "WeChat refund went through after all", refund.sudo().activity_ids.mapped('summary'))
        self.let_pass(refund, 1000)
        self.run_cron()
        self.assertIn(
            "Refunded with WeChat, and in another way",
            refund.sudo().activity_ids.mapped('summary'))
        self.close_session()
        refund.with_user(self.accountant).action_post_payment()
        self.assertEqual(refund.account_payment_id.amount, 10)

    def test_till_takes_a_return_that_the_backend_refunds(self):
        trade, order = self.sell(10)
        back = self.part_of(order, 4)
        self.without_money(trade)
        self.payment_wizard(back).check()
        self.with_money(trade)
        with self.assertRaises(UserError) as refused, self.cr.savepoint():
            self.micropay.with_user(self.cashier).wechat_prepare('a-line', -4, {
                'pos_session_id': back.session_id.id, 'refunded_order_id': order.id,
                'order_uuid': back.uuid})
        self.assertIn(trade.refund_ids.name, str(refused.exception))
        self.arrive(trade.refund_ids)
        self.assertEqual((back.state, self.refunded()), ('paid', 400))

    def test_return_is_not_deleted_while_it_is_refunded(self):
        trade, order = self.sell(10)
        back = self.part_of(order, 4)
        self.without_money(trade)
        self.payment_wizard(back).check()
        refund = trade.refund_ids
        for user in (self.cashier, self.manager):
            with self.assertRaises(UserError), self.cr.savepoint():
                back.with_user(user).unlink()
            with self.assertRaises(UserError), self.cr.savepoint():
                back.with_user(user).write({'state': 'cancel'})
        refund.with_user(self.manager).action_give_up()
        back.with_user(self.manager).unlink()
        self.assertFalse(refund.return_order_id)

    @mute_logger('odoo.sql_db')
    def test_one_refund_of_a_return_at_a_time(self):
        """Two managers at the same moment, with two payments of the order: the database decides."""
        trade, order = self.sell(10)
        other, _order = self.sell(10)
        back = self.part_of(order, 4)
        self.without_money(trade)
        self.payment_wizard(back).check()
        with self.assertRaises(Exception) as refused, self.cr.savepoint():
            self.env['wechat.refund'].sudo().create({
                **other._refund_link(), 'refund_fee': 400, 'payment_uuid': 'other-line',
                'return_order_id': back.id})
            self.env.flush_all()
        self.assertIn('running_return', str(refused.exception))

    def test_new_number_only_for_what_wechat_has_closed(self):
        """An answer that knows nothing of an accepted refund is a mistake of WeChat's."""
        trade, _order = self.sell(10)
        self.wizard(trade, amount=4).action_refund()
        refund = trade.refund_ids
        self.assertTrue(refund.wechat_refund_id)
        self.simulator.clock.advance(60)
        self.deliver()
        self.assertEqual((refund.state, refund.unsigned), ('done', True))
        self.simulator.fault('refundquery', 'err_code', code='REFUNDNOTEXIST')
        self.let_pass(refund, 100)
        refund._settle()
        self.assertEqual((refund.state, refund.unsigned), ('done', True))
        refund.asked_at = False
        refund._settle()
        self.assertEqual((refund.state, refund.unsigned), ('done', False))

    # === THE BOOKS === #

    def test_entered_by_hand_and_then_stored_by_the_till(self):
        trade, order = self.sell(10)
        back = self.prepare(self.micropay, -4, refunded_order_id=order.id)
        back = self.till('submit', self.micropay, back['payment_uuid'], back['number'])
        refund = trade.refund_ids
        self.arrive(refund)
        refund.with_user(self.accountant).action_post_payment()
        payment = refund.account_payment_id
        self.assertTrue(payment)
        returned = self.sync(self.order_data([{
            'method': self.micropay, 'amount': -4.0, 'uuid': back['payment_uuid']}]))
        self.assertEqual(refund.pos_payment_id, returned.payment_ids)
        self.assertFalse(refund.account_payment_id)
        self.assertEqual(payment.state, 'canceled')
        session = self.close_session()
        booked = self.env['account.payment'].search([('pos_session_id', '=', session.id)])
        self.assertEqual(booked.mapped('amount'), [6.0])

    def test_return_that_cannot_be_paid(self):
        trade, order = self.sell(10)
        back = self.return_of(order)
        self.without_money(trade)
        self.payment_wizard(back).check()
        refund = trade.refund_ids
        self.shop.sudo().invoice_journal_id = False
        self.with_money(trade)
        self.arrive(refund)
        self.assertEqual((refund.state, back.state), ('done', 'draft'))
        self.assertIn(
            "WeChat refund: its return could not be paid",
            refund.sudo().activity_ids.mapped('summary'))
        with self.assertRaises(UserError) as refused, self.cr.savepoint():
            refund.with_user(self.accountant).action_post_payment()
        self.assertIn(back.name, str(refused.exception))
        self.shop.sudo().invoice_journal_id = self.env['account.journal'].search(
            [('type', '=', 'sale'), ('company_id', '=', self.company.id)], limit=1)
        self.run_cron()
        self.assertEqual((back.state, refund.pos_payment_id), ('paid', back.payment_ids))

    def test_date_is_the_shops(self):
        trade, _order = self.sell(10)
        refund = self.refund(trade, amount=4)
        zone = refund.sudo()._accountant().tz or 'Asia/Shanghai'
        self.assertEqual(
            refund.account_payment_id.date, fields.Date.context_today(refund.with_context(tz=zone)))

    # === THE SESSION === #

    def test_closing_leaves_what_was_begun_anew(self):
        trade, order = self.sell(10)
        self.simulator.fault('refund', 'refund_status', status='REFUNDCLOSE')
        back = self.return_of(order)
        self.payment_wizard(back).check()
        closed = trade.refund_ids
        self.arrive(closed)
        self.without_money(trade)
        action = closed.with_user(self.accountant).action_confirm()
        anew = self.env['wechat.refund'].browse(action['res_id'])
        self.assertEqual(anew.err_code, 'NOTENOUGH')
        self.close_session()
        self.assertEqual((anew.state, anew.pos_payment_id), ('pending', back.payment_ids))
        self.with_money(trade)
        self.arrive(anew)
        self.assertEqual((anew.state, self.refunded()), ('done', 1000))

    def test_refused_closing_gives_nothing_up(self):
        trade, order = self.sell(10)
        back = self.return_of(order)
        self.without_money(trade)
        self.payment_wizard(back).check()
        with self.assertRaises(UserError), self.cr.savepoint():
            self.shop.current_session_id.action_pos_session_closing_control()
        self.assertEqual(trade.refund_ids.state, 'pending')

    # === RIGHTS === #

    def test_foreign_refund_through_the_wizard(self):
        trade, _order = self.sell(10)
        self.simulator.set_account(self.customer, closed=True)
        self.wizard(trade, amount=4).action_refund()
        refund = trade.refund_ids
        company = self.env['res.company'].create({'name': "Elsewhere"})
        stranger = self.env['res.users'].create({
            'name': "Stranger", 'login': 'stranger', 'password': 'stranger',
            'group_ids': [(4, self.env.ref('account.group_account_invoice').id)],
            'company_id': company.id, 'company_ids': [(6, 0, company.ids)],
        })
        own = trade.sudo().copy({
            'company_id': company.id, 'name': 'WMP-OWN', 'journal_id': False, 'pos_id': False})
        wizards = self.env['wechat.refund.wizard'].with_user(stranger)
        wizard = wizards.create({
            'micropay_id': own.id, 'amount': 1, 'refund_id': refund.id,
            'currency_id': trade.currency_id.id})
        with self.assertRaises(AccessError), self.cr.savepoint():
            wizard.action_refund()
        self.assertEqual(refund.state, 'error')
        with self.assertRaises(AccessError), self.cr.savepoint():
            wizards.create({'micropay_id': trade.id, 'amount': 100}).read(['obstacle', 'posting'])

    def test_order_of_another_company(self):
        """A refused return tells nothing about other companies' orders."""
        _trade, order = self.sell(10)
        company = self.env['res.company'].create({'name': "Elsewhere"})
        self.env.cr.execute(
            "UPDATE pos_order SET company_id = %s WHERE id = %s", [company.id, order.id])
        self.env.invalidate_all()
        with self.assertRaises(UserError) as refused, self.cr.savepoint():
            self.micropay.with_user(self.cashier).wechat_prepare('b-line', -10, {
                'pos_session_id': self.shop.current_session_id.id, 'refunded_order_id': order.id})
        self.assertNotIn(self.micropay.name + " ¥", str(refused.exception))

    # === TOLD === #

    def test_processing_for_ever(self):
        trade, _order = self.sell(10)
        self.simulator.set_merchant(trade.mch_id, refund_seconds=10 ** 8)
        self.wizard(trade, amount=4).action_refund()
        refund = trade.refund_ids
        self.let_pass(refund, 9 * 86400)
        self.run_cron()
        self.assertFalse(refund.stuck_told)
        self.let_pass(refund, 2 * 86400)
        self.run_cron()
        self.assertTrue(refund.stuck_told)

    def test_prepared_in_the_office_and_never_sent(self):
        trade, _order = self.sell(10)
        refund = self.env['wechat.refund'].sudo().create({
            **trade._refund_link(), 'refund_fee': 400})
        self.env.cr.execute(
            "UPDATE wechat_refund SET create_date = create_date - interval '2 days'"
            " WHERE id = %s", [refund.id])
        refund.invalidate_recordset()
        self.run_cron()
        self.assertEqual((refund.state, trade.refundable_fee), ('cancelled', 1000))
