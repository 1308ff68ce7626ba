# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import itertools

from odoo.tests import tagged

from .common_refunds import DENIALS, RefundCase

# Every answer of WeChat's table of errors for a refund, and one that is in no table.
WAITING_CODES = (
    'SYSTEMERROR', 'BIZERR_NEED_RETRY', 'FREQUENCY_LIMITED', 'INVALID_REQ_TOO_MUCH',
    'ORDER_NOT_READY', 'NOTENOUGH', 'ERROR', 'NEVER_SEEN_BEFORE',
)
REFUSALS = (
    'TRADE_OVERDUE', 'USER_ACCOUNT_ABNORMAL', 'ORDERNOTEXIST', 'INVALID_TRANSACTIONID',
    'PARAM_ERROR', 'REFUND_FEE_MISMATCH', 'INVALID_REQUEST',
)
SET_UP = (
    'NOAUTH', 'CERT_ERROR', 'APPID_NOT_EXIST', 'MCHID_NOT_EXIST', 'SIGNERROR', 'XML_FORMAT_ERROR',
    'REQUIRE_POST_METHOD',
)
# What is no answer, and whether it may also hide that nothing was carried out.
NO_ANSWERS = (
    ('drop', True), ('http', True), ('html', True), ('garbage', True), ('return_fail', True),
    ('wrong_signature', False), ('no_signature', False), ('wrong_amount', False),
    ('wrong_mch_id', False), ('wrong_appid', False), ('wrong_out_trade_no', False),
)
STEP = 11  # seconds
STEPS = 20
FEE = 1000
AFTER_ALL = "WeChat refund went through after all"


@tagged('post_install', '-at_install')
class TestRefundTable(RefundCase):

    # === WHATEVER WECHAT ANSWERS, THE MONEY GOES BACK ONCE === #

    def test_waiting_codes_at_the_till(self):
        for code, paid in itertools.product(WAITING_CODES, (False, True)):
            with self.subTest(code=code, paid=paid):
                self.play_at_till('err_code', code=code, paid=paid)

    def test_waiting_codes_in_the_office(self):
        for code, paid in itertools.product(WAITING_CODES, (False, True)):
            with self.subTest(code=code, paid=paid):
                self.play_in_office('err_code', code=code, paid=paid)

    def test_no_answer_at_the_till(self):
        for kind, hides in NO_ANSWERS:
            for paid in (True, False) if hides else (True,):
                with self.subTest(kind=kind, paid=paid):
                    self.play_at_till(kind, paid=paid)

    def test_no_answer_in_the_office(self):
        for kind, hides in NO_ANSWERS:
            for paid in (True, False) if hides else (True,):
                with self.subTest(kind=kind, paid=paid):
                    self.play_in_office(kind, paid=paid)

    def test_silence(self):
        """WeChat never answers: the call ends by itself."""
        self.play_at_till('hang', paid=True)

    def play_at_till(self, kind, paid, times=1, **params):
        trade, order = self.begin()
        # Carried out behind the first answer; the trouble goes on for the rest.
        self.simulator.fault('refund', kind, times=1 if paid else times, paid=paid, **params)
        status = self.give_back(order, 10)
        refund = self.trade(status)
        for _step in range(STEPS):
            self.assert_true(status, trade, params.get('code'))
            if status['paid']:
                break
            self.assertFalse(status['free'], status)
            self.later(STEP)
            status = self.look(status)
        self.assertTrue(status['paid'], status)
        payment = self.store_return(status).payment_ids
        self.assertEqual(refund.pos_payment_id, payment)
        self.assert_done(refund, trade)

    def play_in_office(self, kind, paid, times=2, **params):
        trade = self.begin_office()
        self.simulator.fault('refund', kind, times=1 if paid else times, paid=paid, **params)
        refund = self.office(trade, 10)
        for _step in range(STEPS):
            self.assert_true(refund._till_status(), trade, params.get('code'))
            if refund.state != 'pending':
                break
            self.later(65)
            self.run_cron()
        self.assert_done(refund, trade)

    # === REFUSED FOR GOOD === #

    def test_refused_at_the_till(self):
        """Nothing went back; after the trouble the same line takes a new attempt."""
        for code in (*REFUSALS, *SET_UP):
            with self.subTest(code=code):
                trade, order = self.begin()
                self.simulator.fault('refund', 'err_code', code=code)
                status = self.give_back(order, 10)
                first = self.trade(status)
                self.assert_refused(status, trade, code)
                self.leave_alone()
                self.assertEqual((first.state, len(self.sent())), ('error', 1))
                again = self.give_back(order, 10, status['payment_uuid'])
                second = self.trade(again)
                self.assertNotEqual(first, second)
                self.assert_true(again, trade)
                self.assertEqual(self.store_return(again).payment_ids, second.pos_payment_id)
                self.assert_done(second, trade)
                self.assertEqual(first.state, 'error')

    def test_refused_in_the_office(self):
        """The accountant sends the same number again after the trouble."""
        for code in (*REFUSALS, *SET_UP):
            with self.subTest(code=code):
                trade = self.begin_office()
                self.simulator.fault('refund', 'err_code', code=code)
                refund = self.office(trade, 10)
                self.assert_refused(refund._till_status(), trade, code)
                self.assertTrue(refund.remedy)
                self.leave_alone()
                self.assertEqual((refund.state, len(self.sent())), ('error', 1))
                self.as_accountant(refund).action_confirm()
                self.assertEqual(refund.state, 'pending')
                self.assert_done(refund, trade, by_hand=True)

    def test_refused_yet_carried_out(self):
        """WeChat contradicts itself: its later word wins, and the accountant is told."""
        for code in REFUSALS:
            for office in (False, True):
                with self.subTest(code=code, office=office):
                    trade, order = self.begin()
                    self.simulator.fault('refund', 'err_code', code=code, paid=True)
                    if office:
                        refund = self.office(trade, 10)
                        self.as_accountant(refund).action_confirm()
                    else:
                        status = self.give_back(order, 10)
                        refund = self.trade(status)
                        self.later(60)
                        self.deliver()
                        status = self.prepare_back(order, 10, status['payment_uuid'])
                        self.assertTrue(status['paid'], status)
                        self.assertEqual(
                            self.store_return(status).payment_ids, refund.pos_payment_id)
                        self.assertEqual(self.todo(refund), [AFTER_ALL])
                    if not office or code == 'INVALID_REQUEST':
                        refund.activity_ids.filtered(
                            lambda activity: activity.summary == AFTER_ALL).unlink()
                    self.assert_done(refund, trade, by_hand=True)

    def test_second_try_of_what_was_carried_out(self):
        """The till begins anew before WeChat's later word comes."""
        for code in REFUSALS:
            with self.subTest(code=code):
                trade, order = self.begin()
                self.simulator.fault('refund', 'err_code', code=code, paid=True)
                status = self.give_back(order, 10)
                if not status['paid']:
                    self.later(65)
                    status = self.give_back(order, 10, status['payment_uuid'])
                self.assertEqual((status['paid'], self.money_back(trade)), (True, FEE), status)
                self.assertTrue(self.store_return(status))

    def leave_alone(self):
        """Let the cron look for some hours: what has failed is not taken up by itself."""
        for _step in range(2):
            self.later(3700)
            self.run_cron()

    def assert_refused(self, status, trade, code):
        self.assertEqual(
            (status['phase'], status['free'], status['paid'], status['tone']),
            ('failed', True, False, 'danger'))
        self.assertRegex(status['sentence'], "in another way|call your administrator")
        if code in SET_UP:
            self.assertIn('wechat.', status['sentence'])
        self.assertFalse(self.money_back(trade))
        self.assertEqual((trade.refundable_fee, trade.state), (FEE, 'done'))

    # === WHAT IS TRUE === #

    def assert_true(self, status, trade, code=None):
        """What a person reads is true, as WeChat's ledger has it."""
        money = self.money_back(trade)
        self.assertTrue(status['sentence'].strip())
        self.assertIn(
            status['phase'], ('asking', 'refund_waits', 'refund_accepted', 'failed'), status)
        self.assertEqual(status['paid'], status['phase'] == 'refund_accepted')
        if status['paid']:
            self.assertEqual(money, FEE)
        elif status['phase'] == 'asking':
            self.assertNotRegex(status['sentence'], DENIALS)
        elif code not in ('NOTENOUGH', *REFUSALS, *SET_UP):
            self.assertFalse(money, status)

    def assert_done(self, refund, trade, by_hand=False):
        """Everything back with the customer, once, under one number, and nobody is needed."""
        for _step in range(2):
            if refund.state != 'done':
                self.later(3600)
                self.run_cron()
        self.assertEqual((refund.state, trade.state), ('done', 'refunded'), refund.err_code)
        self.assertEqual([known['out_refund_no'] for known in self.at_wechat(trade)], [refund.name])
        self.assertEqual((self.money_back(trade), trade.refund_fee), (FEE, FEE))
        self.assert_sent_with_care(refund, by_hand)
        self.assertFalse(refund.activity_ids.mapped('summary'))
