# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import json

from odoo import fields
from odoo.tests import tagged

from ..models.wechat_micropay import GIVE_UP_AFTER, REVERSE_NOT_BEFORE
from .common import WechatCase


@tagged('post_install', '-at_install')
class TestMicropay(WechatCase):

    def test_customer_pays_at_once(self):
        balance = self.simulator.balance(self.customer)
        status = self.pay_by_code(19.99)
        self.assertEqual((status['state'], status['phase'], status['paid']), ('done', 'paid', True))
        trade = self.trade(status)
        self.assertEqual(trade.trade_state, 'SUCCESS')
        self.assertTrue(trade.transaction_id)
        self.assertEqual(status['transaction_id'], trade.transaction_id)
        self.assertEqual(trade.journal_id, self.micropay.journal_id)
        self.assertEqual(balance - self.simulator.balance(self.customer), 1999)

    def test_code_is_stored_nowhere(self):
        code = self.simulator.payment_code(self.customer)
        trade = self.trade(self.pay_by_code(5, auth_code=code))
        evidence = self.env['wechat.evidence'].search([])
        kept = json.dumps([trade.read(), evidence.read()], default=str)
        self.assertNotIn(code, kept)

    def test_record_is_there_before_wechat_is_called(self):
        status = self.prepare(self.micropay, 5)
        trade = self.trade(status)
        self.assertEqual(trade.state, 'draft')
        self.assertFalse(self.simulator.trade(trade.name))
        sent = json.loads(trade.request_params)
        self.assertEqual((sent['out_trade_no'], sent['total_fee']), (trade.name, 500))
        self.assertNotIn('auth_code', sent)

    def test_submitted_twice_charges_once(self):
        status = self.prepare(self.micropay, 5)
        balance = self.simulator.balance(self.customer)
        for _again in range(3):
            result = self.till('submit', self.micropay, status['payment_uuid'], status['number'],
                               self.simulator.payment_code(self.customer))
        self.assertTrue(result['paid'])
        self.assertEqual(balance - self.simulator.balance(self.customer), 500)
        sent = self.env['wechat.evidence'].search([
            ('micropay_id', '=', self.trade(status).id), ('source', '=', 'reply'),
            ('endpoint', '=', 'micropay')])
        self.assertEqual(len(sent), 1)

    def test_prepared_twice_is_one_attempt(self):
        status = self.prepare(self.micropay, 5)
        again = self.prepare(self.micropay, 5, line_uuid=status['payment_uuid'])
        self.assertEqual(again['number'], status['number'])

    def test_password_then_paid(self):
        self.simulator.fault('micropay', 'err_code', code='USERPAYING')
        status = self.pay_by_code(5)
        self.assertEqual((status['state'], status['phase']), ('pending', 'password'))
        self.assertFalse(status['paid'] or status['free'])
        self.assertEqual(self.poll(status)['state'], 'pending')
        self.simulator.pay(self.customer, status['number'])
        self.assertTrue(self.poll(status)['paid'])

    def test_unclear_answers_leave_a_pending_record_that_a_query_settles(self):
        """Whatever the answer was, WeChat's ledger decides."""
        for kind, params in (
            ('err_code', {'code': 'SYSTEMERROR', 'paid': True}),
            ('err_code', {'code': 'BANKERROR', 'paid': True}),
            ('drop', {'paid': True}),
            ('wrong_signature', {}),
            ('no_signature', {}),
            ('html', {'paid': True}),
            ('http', {'status': 502, 'paid': True}),
            ('garbage', {'paid': True}),
        ):
            with self.subTest(kind):
                self.simulator.clear_faults()
                self.simulator.clock.advance(60)  # a fresh payment code
                self.simulator.fault('micropay', kind, **params)
                status = self.pay_by_code(3)
                self.assertEqual(status['state'], 'pending', status)
                self.assertFalse(status['paid'] or status['free'])
                self.assertTrue(status['sentence'])
                self.assertTrue(self.poll(status)['paid'])

    def test_silence_is_cut_off_and_settled_by_a_query(self):
        """WeChat takes the money and never answers: the till is not kept waiting for it."""
        client = self.env['ir.config_parameter'].get_wechat_pay_object()
        self.assertEqual(client.timeout, (5, 10))
        self.simulator.fault('micropay', 'hang')
        status = self.pay_by_code(3)
        self.assertEqual((status['state'], self.trade(status).err_code), ('pending', 'TIMEOUT'))
        self.assertTrue(self.poll(status)['paid'])

    def test_lost_request_ends_closed(self):
        """The charge never reached WeChat: nobody may say so before WeChat does."""
        self.simulator.fault('micropay', 'drop', paid=False)
        status = self.pay_by_code(3)
        self.assertEqual(status['state'], 'pending')
        trade = self.trade(status)
        self.let_pass(trade, GIVE_UP_AFTER + 1)
        for _step in range(4):
            status = self.poll(status)
        self.assertEqual((status['state'], status['free']), ('cancelled', True), status)
        self.assertFalse(self.simulator.trade(trade.name) and self.simulator.trade(
            trade.name)['trade_state'] == 'SUCCESS')

    def test_refused_code_frees_the_line_for_a_new_number(self):
        self.simulator.fault('micropay', 'err_code', code='AUTHCODEEXPIRE')
        status = self.pay_by_code(3)
        self.assertEqual((status['state'], status['free']), ('error', True))
        self.assertIn("scan", status['sentence'].lower())
        again = self.pay_by_code(3, line_uuid=status['payment_uuid'])
        self.assertNotEqual(again['number'], status['number'])
        self.assertTrue(again['paid'])

    def test_wrong_kind_of_code_is_not_sent(self):
        for code in ('289012345678901234', '12345', '', '6901234567892'):
            with self.subTest(code):
                status = self.pay_by_code(3, auth_code=code or 'x')
                self.assertEqual((status['state'], status['free']), ('error', True))
                self.assertFalse(self.simulator.trade(status['number']))

    def test_charge_that_arrives_after_it_was_given_up_goes_back(self):
        """A host was cut off with the charge on its way, and came back to life."""
        self.simulator.fault('micropay', 'drop', paid=False)
        code = self.simulator.payment_code(self.customer)
        status = self.pay_by_code(3, code)
        trade = self.trade(status)
        while trade.state == 'pending':
            self.let_pass(trade, 20)
            self.poll(status)
        self.assertEqual((trade.state, trade.trade_state), ('cancelled', False))
        gateway = self.env['ir.config_parameter']._wechat_gateway()
        gateway.micropay(dict(trade._frozen(), auth_code=code))
        self.assertEqual(self.simulator.trade(trade.name)['trade_state'], 'SUCCESS')
        self.let_pass(trade, 700)
        trade.next_ask = fields.Datetime.subtract(trade.next_ask, seconds=700)
        self.run_cron()
        self.assertEqual(trade.state, 'done')
        self.assertTrue(trade.refund_ids.automatic)

    def test_window_passed_is_reversed(self):
        self.simulator.fault('micropay', 'err_code', code='USERPAYING')
        status = self.pay_by_code(5)
        trade = self.trade(status)
        self.let_pass(trade, GIVE_UP_AFTER + 1)
        status = self.poll(status)
        self.assertEqual((status['state'], status['free']), ('cancelled', True))
        self.assertEqual(self.simulator.trade(trade.name)['trade_state'], 'REVOKED')
        self.assertFalse(trade.err_code)

    def test_nothing_is_reversed_too_early(self):
        self.simulator.fault('micropay', 'err_code', code='USERPAYING')
        status = self.pay_by_code(5)
        trade = self.trade(status)
        self.let_pass(trade, REVERSE_NOT_BEFORE - 5)
        for _impatient in range(5):
            status = self.cancel(status)
        self.assertEqual((status['state'], status['phase']), ('pending', 'reversing'))
        self.assertNotIn('reverse', trade.env['wechat.evidence'].search(
            [('micropay_id', '=', trade.id)]).mapped('endpoint'))
        self.let_pass(trade, 10)
        for _step in range(2):
            status = self.poll(status)
        self.assertTrue(status['free'])

    def test_payment_that_wins_the_race_against_cancel_is_booked(self):
        self.simulator.fault('micropay', 'err_code', code='USERPAYING')
        status = self.pay_by_code(5)
        self.let_pass(self.trade(status), REVERSE_NOT_BEFORE + 1)
        self.simulator.pay(self.customer, status['number'])
        status = self.cancel(status)
        self.assertEqual((status['state'], status['paid']), ('done', True))

    def test_paid_is_not_the_last_word_once_a_reversal_was_sent(self):
        """The reversal's answer is lost, or slow: no goods go out for money that goes back."""
        self.simulator.fault('micropay', 'err_code', code='USERPAYING')
        status = self.pay_by_code(5)
        trade = self.trade(status)
        self.let_pass(trade, GIVE_UP_AFTER + 1)
        self.simulator.fault('reverse', 'drop', paid=False)
        status = self.poll(status)
        self.assertEqual((status['phase'], trade.reversal_sent), ('reversing', True))
        self.simulator.pay(self.customer, status['number'])
        balance = self.simulator.balance(self.customer)
        status = self.poll(status)
        self.assertEqual((status['state'], status['paid']), ('cancelled', False))
        self.assertEqual(self.simulator.balance(self.customer) - balance, 500)

    def test_old_news_of_a_payment_does_not_undo_a_reversal(self):
        self.simulator.fault('micropay', 'err_code', code='USERPAYING')
        status = self.pay_by_code(5)
        trade = self.trade(status)
        self.simulator.pay(self.customer, status['number'])
        paid = self.env['ir.config_parameter']._wechat_gateway().query_order(trade.name)
        self.let_pass(trade, REVERSE_NOT_BEFORE + 1)
        trade.write({'reversal_sent': True})
        trade._apply(paid, 'reply')
        self.assertEqual(trade.state, 'pending')
        trade._call('reverse', trade.name)
        trade._apply(paid, 'reply')
        self.assertEqual((trade.state, trade.trade_state), ('cancelled', 'REVOKED'))

    def test_refused_reversal_leaves_the_payment_alone(self):
        self.simulator.fault('micropay', 'err_code', code='USERPAYING')
        status = self.pay_by_code(5)
        trade = self.trade(status)
        self.let_pass(trade, GIVE_UP_AFTER + 1)
        self.simulator.fault('reverse', 'err_code', code='CERT_ERROR')
        self.poll(status)
        self.assertFalse(trade.reversal_sent)
        self.simulator.pay(self.customer, status['number'])
        self.assertTrue(self.poll(status)['paid'])

    def test_silent_wechat_is_reversed_without_an_answer(self):
        self.simulator.fault('micropay', 'err_code', code='USERPAYING')
        status = self.pay_by_code(5)
        trade = self.trade(status)
        self.let_pass(trade, GIVE_UP_AFTER + 1)
        self.simulator.fault('orderquery', 'drop', times='always')
        self.assertEqual(self.poll(status)['state'], 'pending')
        self.assertTrue(self.poll(status)['free'])

    def test_wrong_amount_in_the_answer_is_not_booked(self):
        self.simulator.fault('micropay', 'wrong_amount')
        status = self.pay_by_code(5)
        self.assertEqual((status['state'], status['paid']), ('pending', False))
        self.assertTrue(self.poll(status)['paid'])

    def test_cron_finishes_what_no_till_watches(self):
        self.simulator.fault('micropay', 'drop')
        status = self.pay_by_code(3)
        trade = self.trade(status)
        self.assertEqual(trade.state, 'pending')
        trade.next_ask = '2020-01-01 00:00:00'
        trade.asked_at = False
        self.run_cron()
        self.assertEqual(trade.state, 'done')

    def test_number_of_another_system_is_never_adopted(self):
        """A trade of the same number and amount, paid by somebody else's customer."""
        status = self.prepare(self.micropay, 3)
        client = self.env['ir.config_parameter'].get_wechat_pay_object()
        client.micropay.create(
            "Another system", 300, self.simulator.payment_code(self.customer),
            client_ip='127.0.0.1', out_trade_no=status['number'], attach="another system")
        self.simulator.clock.advance(60)
        status = self.till('submit', self.micropay, status['payment_uuid'], status['number'],
                           self.simulator.payment_code(self.customer))
        self.assertFalse(status['paid'])
        status = self.poll(status)
        self.assertEqual((status['state'], status['free']), ('error', True), status)
        trade = self.trade(status)
        self.assertIn("sequence", trade.remedy)
        self.assertEqual(self.simulator.trade(status['number'])['trade_state'], 'SUCCESS')

    def test_python_api_of_the_original(self):
        micropay = self.env['wechat.micropay'].create_from_qr(
            body="Shop - tea", auth_code=self.simulator.payment_code(self.customer),
            pay_amount=12.34, terminal_ref="T1", order_ref="S001",
            journal_id=self.micropay.journal_id.id, create_vals={'pos_id': self.shop.id})
        self.assertEqual((micropay.state, micropay.total_fee), ('done', 1234))
        self.assertEqual((micropay.order_ref, micropay.terminal_ref), ("S001", "T1"))
        self.assertEqual(micropay.pos_id, self.shop)
        self.assertTrue(json.dumps(micropay.result_raw))
