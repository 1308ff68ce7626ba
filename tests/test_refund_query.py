# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models.ir_config_parameter import REFUND_ACCOUNTS
from .common_refunds import DENIALS, QUERY, RefundCase

# The errors of a question about a refund, and one that is in no table. REFUNDNOTEXIST is an answer.
CODES = (
    'SYSTEMERROR', 'INVALID_TRANSACTIONID', 'PARAM_ERROR', 'INVALID_REQUEST', 'APPID_NOT_EXIST',
    'MCHID_NOT_EXIST', 'SIGNERROR', 'XML_FORMAT_ERROR', 'REQUIRE_POST_METHOD', 'NEVER_SEEN_BEFORE',
)
NO_ANSWERS = ('drop', 'http', 'html', 'garbage', 'return_fail', 'wrong_mch_id', 'wrong_appid')
WRONG_ANSWERS = ('wrong_signature', 'no_signature', 'wrong_amount', 'wrong_out_trade_no')
FEE = 1000
NEEDS_YOU = "WeChat refund needs you"
TOO_LOW = "WeChat balance too low for a refund"


@tagged('post_install', '-at_install')
class TestRefundQuery(RefundCase):
    """What WeChat says when it is asked about a refund, and what becomes of the refund then."""

    # === QUESTIONS WITHOUT AN ANSWER === #

    def troubles(self, *more):
        yield from (('err_code', {'code': code}) for code in CODES)
        yield from ((kind, {}) for kind in (*NO_ANSWERS, *more))

    def test_carried_out_and_no_answer_to_questions(self):
        """The till neither gives up nor sends again what WeChat may have."""
        for kind, params in self.troubles(*WRONG_ANSWERS):
            with self.subTest(kind=kind, **params):
                trade, order = self.begin()
                self.simulator.fault('refund', 'drop', paid=True)
                status = self.give_back(order, 10)
                self.simulator.fault('refundquery', kind, times=2, **params)
                refund = self.trade(status)
                for ask in (self.look, self.cancel):
                    self.assert_unclear(status)
                    self.later(25)
                    status = ask(status)
                self.assert_unclear(status)
                self.assertFalse(self.simulator.faults())
                self.later(25)
                status = self.look(status)
                self.assertTrue(status['paid'], status)
                self.assertEqual((len(self.sent()), self.money_back(trade)), (1, FEE))
                self.assertEqual(refund.state, 'done')

    def test_not_carried_out_and_no_answer_to_questions(self):
        """The cron asks until it has an answer; only then it sends again."""
        for kind, params in self.troubles():
            with self.subTest(kind=kind, **params):
                trade = self.begin_office()
                self.simulator.fault('refund', 'drop', paid=False)
                refund = self.office(trade, 10)
                self.simulator.fault('refundquery', kind, times=2, **params)
                for _step in range(2):
                    self.later(65)
                    self.run_cron()
                    self.assert_unclear(refund._till_status())
                    self.as_accountant(refund).action_give_up()
                self.assertEqual(len(self.sent()), 1)
                for _step in range(4):
                    self.later(65)
                    self.run_cron()
                self.assertEqual(refund.state, 'done', refund.err_code)
                self.assertEqual(self.money_back(trade), FEE)
                self.assert_sent_with_care(refund)

    def assert_unclear(self, status):
        self.assertEqual((status['phase'], status['free']), ('asking', False), status)
        self.assertTrue(status['sentence'])
        self.assertNotRegex(status['sentence'], DENIALS)

    def test_unknown_by_mistake(self):
        """WeChat says that it has not got what it has: the same number once more, refunded once."""
        trade, order = self.begin()
        self.simulator.fault('refund', 'drop', paid=True)
        status = self.give_back(order, 10)
        self.simulator.fault('refundquery', 'err_code', code='REFUNDNOTEXIST')
        for _step in range(3):
            self.later(25)
            status = self.look(status)
        self.assertTrue(status['paid'])
        self.assertEqual({fields['out_refund_no'] for fields in self.sent()}, {status['number']})
        self.assertEqual((len(self.sent()), self.money_back(trade)), (2, FEE))

    def test_unknown_while_the_call_is_under_way(self):
        """"Never heard of it" is no answer before the call can have arrived."""
        trade = self.begin_office()
        self.simulator.fault('refund', 'drop', paid=False)
        refund = self.office(trade, 10)
        for _step in range(3):
            self.later(5)
            refund._settle()
            self.assert_unclear(refund._till_status())
            self.assertFalse(refund.parked)
        self.assertEqual((len(self.sent()), len(self.sent(QUERY))), (1, 3))

    # === ACCEPTED, NOT RETURNED YET === #

    def test_takes_the_bank_some_days(self):
        trade, order = self.begin()
        self.simulator.set_merchant(trade.mch_id, refund_seconds=3 * 86400)
        status = self.give_back(order, 10)
        refund = self.trade(status)
        self.store_return(status)
        for _step in range(12):
            self.later(6 * 3600 - 60)
            self.run_cron()
            self.assertEqual((refund.state, trade.state), ('pending', 'done'))
            self.assertEqual(refund._till_status()['phase'], 'refund_accepted')
            self.assertEqual((trade.refundable_fee, trade.refund_fee), (0, 0))
        self.assertEqual(refund.trade_state, 'PROCESSING')
        self.assertFalse(refund.activity_ids)
        self.later(6 * 3600 + 60)
        self.run_cron()
        self.assertEqual((refund.state, refund.trade_state), ('done', 'SUCCESS'))
        self.assertEqual((len(self.sent()), trade.refund_fee), (1, FEE))

    # === NO MONEY ON THE SHOP'S ACCOUNT === #

    def test_empty_account_in_the_office(self):
        trade = self.begin_office()
        self.simulator.set_merchant(trade.mch_id, balance=0)
        refund = self.office(trade, 10)
        for _step in range(3):
            self.assertEqual((refund.state, refund.err_code), ('pending', 'NOTENOUGH'))
            self.assertEqual(self.todo(refund), [TOO_LOW])
            self.assertIn("Top up", refund.activity_ids.note)
            self.later(1900)
            self.run_cron()
        self.simulator.set_merchant(trade.mch_id, balance=5000)
        for _step in range(2):
            self.assertEqual(refund.state, 'pending')
            self.later(1900)
            self.run_cron()
        self.assertEqual((refund.state, self.money_back(trade)), ('done', FEE))
        self.assertFalse(refund.activity_ids)
        self.assert_sent_with_care(refund)

    def test_empty_account_at_the_till(self):
        trade, order = self.begin()
        self.simulator.set_merchant(trade.mch_id, balance=0)
        status = self.give_back(order, 10)
        refund = self.trade(status)
        self.assertEqual((status['phase'], status['free']), ('refund_waits', False))
        self.assertIn("accountant", status['sentence'])
        self.assertEqual(self.todo(refund), [TOO_LOW])
        self.simulator.set_merchant(trade.mch_id, balance=5000)
        self.later(65)
        self.run_cron()
        status = self.look(status)
        self.assertTrue(status['paid'])
        self.store_return(status)
        self.later(600)
        self.run_cron()
        self.assertEqual((refund.state, self.money_back(trade)), ('done', FEE))
        self.assertFalse(refund.activity_ids)

    def test_other_account_at_once(self):
        """Either account first; the other one under the same number if that has not enough."""
        for first, empty, other in (
            (REFUND_ACCOUNTS[0], 'balance', 'recharge_balance'),
            (REFUND_ACCOUNTS[1], 'recharge_balance', 'balance'),
        ):
            with self.subTest(first=first), self.params(refund_account=first):
                trade, order = self.begin()
                self.simulator.set_merchant(trade.mch_id, **{empty: 0, other: 5000})
                status = self.give_back(order, 10)
                self.assertTrue(status['paid'], status)
                accounts = [fields['refund_account'] for fields in self.sent()]
                self.assertEqual(accounts[0], first)
                self.assertEqual(set(accounts), set(REFUND_ACCOUNTS))
                self.assertEqual(len(accounts), 2)
                self.assertEqual(
                    {fields['out_refund_no'] for fields in self.sent()}, {status['number']})
                refund = self.trade(status)
                self.assertEqual(refund.refund_account, accounts[1])
                self.assertEqual(self.simulator.merchant(trade.mch_id)[other], 5000 - FEE)
                self.assertFalse(refund.activity_ids)

    def test_both_accounts_in_turn(self):
        for first in REFUND_ACCOUNTS:
            with self.subTest(first=first), self.params(refund_account=first):
                trade = self.begin_office()
                self.simulator.set_merchant(trade.mch_id, balance=0, recharge_balance=0)
                refund = self.office(trade, 10)
                for _step in range(2):
                    self.assertEqual(refund.err_code, 'NOTENOUGH')
                    self.later(400)
                    self.run_cron()
                accounts = [fields['refund_account'] for fields in self.sent()]
                other = next(name for name in REFUND_ACCOUNTS if name != first)
                self.assertEqual(accounts, [first, other] * 3)
                self.assertEqual(self.todo(refund), [TOO_LOW])
                self.simulator.set_merchant(trade.mch_id, **{
                    'balance' if first == REFUND_ACCOUNTS[1] else 'recharge_balance': 5000})
                for _step in range(2):
                    self.later(1900)
                    self.run_cron()
                self.assertEqual((refund.state, refund.refund_account), ('done', other))
                self.assertEqual(
                    {fields['out_refund_no'] for fields in self.sent()}, {refund.name})
                self.assertEqual(self.money_back(trade), FEE)
                self.assertFalse(refund.activity_ids)

    # === THE CUSTOMER'S ACCOUNT CANNOT TAKE IT === #

    def test_abnormal_until_somebody_settled_it(self):
        trade, order = self.begin()
        self.simulator.fault('refund', 'refund_status', status='CHANGE')
        status = self.give_back(order, 10)
        refund = self.trade(status)
        self.store_return(status)
        for _step in range(3):
            self.later(1900)
            self.run_cron()
            self.assertEqual(
                (refund.state, refund.err_code, refund.trade_state),
                ('pending', 'CHANGE', 'CHANGE'))
            self.assertEqual(self.todo(refund), [NEEDS_YOU])
            self.assertIn("merchant platform", refund.activity_ids.note)
        status = self.look(status)
        self.assertEqual(status['phase'], 'refund_accepted')
        self.assertIn("accountant", status['sentence'])
        self.as_accountant(refund).action_give_up()
        self.assertEqual(refund.state, 'pending', "WeChat has the money")
        self.settle_by_hand(refund, 'SUCCESS')
        self.later(1900)
        self.run_cron()
        self.assertEqual((refund.state, refund.err_code), ('done', False))
        self.assertFalse(refund.activity_ids)
        self.assertEqual((len(self.sent()), self.money_back(trade)), (1, FEE))

    def test_abnormal_and_then_closed(self):
        """By hand on the platform: the money comes back to the shop."""
        trade = self.begin_office()
        self.simulator.fault('refund', 'refund_status', status='CHANGE')
        refund = self.office(trade, 10)
        self.later(600)
        self.run_cron()
        self.assertEqual(self.todo(refund), [NEEDS_YOU])
        self.settle_by_hand(refund, 'REFUNDCLOSE')
        self.later(1900)
        self.run_cron()
        self.assertEqual((refund.state, refund.err_code), ('error', 'REFUNDCLOSE'))
        self.assertEqual(trade.refundable_fee, FEE)
        self.assertEqual(self.todo(refund), [NEEDS_YOU])

    # === CLOSED BY WECHAT === #

    def close_at_till(self, status):
        self.later(1900)
        self.run_cron()
        refund = self.trade(status)
        self.assertEqual((refund.state, refund.err_code), ('error', 'REFUNDCLOSE'))
        self.assertEqual(self.todo(refund), [NEEDS_YOU])
        return refund

    def test_closed_after_the_return_at_the_till(self):
        """The accountant sends it anew: another number, the same return, the money once."""
        trade, order = self.begin()
        self.simulator.fault('refund', 'refund_status', status='REFUNDCLOSE')
        status = self.give_back(order, 10)
        payment = self.store_return(status).payment_ids
        refund = self.close_at_till(status)
        self.assertFalse(self.money_back(trade))
        action = self.as_accountant(refund).action_confirm()
        anew = self.env['wechat.refund'].browse(action['res_id'])
        self.assertNotEqual(anew.name, refund.name)
        self.assertEqual(anew.replaces_id, refund)
        self.assertEqual((anew.pos_payment_id, refund.pos_payment_id.id), (payment, False))
        self.assertEqual(anew.payment_uuid, status['payment_uuid'])
        self.assertFalse(refund.activity_ids)
        again = self.as_accountant(refund).action_confirm()
        self.assertEqual(again['res_id'], anew.id)
        self.later(60)
        self.assertEqual(len(self.deliver()), 2)
        self.assertFalse(refund.activity_ids, "WeChat says again what was settled long ago")
        self.later(1900)
        self.run_cron()
        self.assertEqual((anew.state, refund.state), ('done', 'error'))
        self.assertEqual((self.money_back(trade), trade.refund_fee), (FEE, FEE))
        self.assertEqual((payment.transaction_id, payment.amount), (anew.wechat_refund_id, -10))
        self.assertIn(anew.name, payment.ticket)

    def test_anew_given_up_and_anew(self):
        """The return stands for the one that gives the money back in the end."""
        trade, order = self.begin()
        self.simulator.fault('refund', 'refund_status', status='REFUNDCLOSE')
        status = self.give_back(order, 10)
        payment = self.store_return(status).payment_ids
        refund = self.close_at_till(status)
        self.simulator.set_merchant(trade.mch_id, balance=0)
        first = self.env['wechat.refund'].browse(
            self.as_accountant(refund).action_confirm()['res_id'])
        self.assertEqual((first.err_code, first.pos_payment_id), ('NOTENOUGH', payment))
        self.as_accountant(first).action_give_up()
        self.assertEqual((first.state, refund.pos_payment_id), ('cancelled', payment))
        self.assertEqual(self.todo(refund), [NEEDS_YOU])
        self.simulator.set_merchant(trade.mch_id, balance=100000)
        second = self.env['wechat.refund'].browse(
            self.as_accountant(refund).action_confirm()['res_id'])
        self.later(1900)
        self.run_cron()
        self.assertEqual((second.state, second.pos_payment_id), ('done', payment))
        self.assertEqual(self.money_back(trade), FEE)
        self.assertFalse((refund | first | second).activity_ids)

    def test_closed_before_the_return_is_stored(self):
        """The till itself begins anew on the same line."""
        trade, order = self.begin()
        self.simulator.fault('refund', 'refund_status', status='REFUNDCLOSE')
        status = self.give_back(order, 10)
        self.close_at_till(status)
        with self.assertRaisesRegex(UserError, "closed the refund"), self.cr.savepoint():
            self.store_return(status)
        status = self.look(status)
        self.assertEqual((status['phase'], status['free']), ('failed', True))
        self.assertRegex(status['sentence'], "closed this refund without returning")
        again = self.give_back(order, 10, status['payment_uuid'])
        self.assertTrue(again['paid'])
        self.assertNotEqual(again['number'], status['number'])
        self.assertTrue(self.store_return(again))
        self.assertEqual(self.money_back(trade), FEE)

    def test_closed_in_the_office(self):
        trade, _order = self.begin()
        self.simulator.fault('refund', 'refund_status', status='REFUNDCLOSE')
        refund = self.office(trade, 10)
        self.later(1900)
        self.run_cron()
        self.assertEqual(self.todo(refund), [NEEDS_YOU])
        action = self.as_accountant(refund).action_confirm()
        anew = self.env['wechat.refund'].browse(action['res_id'])
        for _step in range(2):
            self.later(1900)
            self.run_cron()
        self.assertEqual((anew.state, refund.state), ('done', 'error'))
        self.assertEqual(self.money_back(trade), FEE)
        self.assertFalse(refund.account_payment_id)
        self.assertEqual(anew.account_payment_id.amount, 10)
        self.assertFalse((refund | anew).activity_ids)
