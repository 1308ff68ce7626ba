# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import contextlib
import pathlib
import tempfile
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models.ir_config_parameter import REFUND_ACCOUNTS
from ..simulator import DEMO_PROVIDER
from .common_refunds import RefundCase

FEE = 1000
YEAR = 366 * 86400
AFTER_ALL = "WeChat refund went through after all"
NEEDS_YOU = "WeChat refund needs you"


@tagged('post_install', '-at_install')
class TestRefundRules(RefundCase):
    """WeChat's rules, told before it says no, and refunds that are given up."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.key_file = cls.write('key.pem', rsa.generate_private_key(65537, 2048))

    # === TOLD BEFOREHAND === #

    @contextlib.contextmanager
    def nothing_sent(self):
        """Nothing reaches WeChat, nor anybody else."""
        self.heard.clear()
        with self.assertNoLogs('odoo.tests.common.requests'):
            yield
        self.assertFalse(self.heard)

    def assert_told(self, trade, order, words, amount=10, at_till=None):
        """Both the till and the office refuse in words that hold a way out; nothing is left."""
        before = trade.refund_ids
        with self.nothing_sent():
            with self.assertRaisesRegex(UserError, at_till or words):
                self.prepare_back(order, amount)
            self.assertEqual(trade.refund_ids, before)
            self.assert_told_in_office(trade, words, amount)

    def assert_told_in_office(self, trade, words, amount=10):
        before = trade.refund_ids
        with self.nothing_sent():
            wizard = self.wizard(trade, amount)
            self.assertRegex(wizard.obstacle, words)
            with self.assertRaisesRegex(UserError, words), self.cr.savepoint():
                wizard.action_refund()
            self.assertEqual(trade.refund_ids, before)

    def assert_told_late(self, status, words):
        """The rule has come to hold since the refund was prepared."""
        with self.nothing_sent():
            status = self.submit(status)
        self.assertEqual((status['phase'], status['free']), ('failed', True), status)
        self.assertRegex(status['sentence'], words)
        self.assertFalse(self.trade(status).sent_at)

    def test_more_than_is_left(self):
        trade, order = self.begin()
        self.office(trade, 6)
        self.assert_told(
            trade, order, r"Only .*4\.00.* of .* can still be refunded", 5,
            at_till=r"5\.00.* cannot go back with .* The order was paid with: .*10\.00")
        self.later(65)
        self.assertTrue(self.give_back(order, 4)['paid'])
        self.later(65)
        self.assert_told(
            trade, order, r"Only .*0\.00.* of .* can still be refunded", 1,
            at_till="10.00 of it have been refunded with WeChat already")

    def test_nothing_and_less(self):
        trade = self.begin_office()
        for amount in (0, -1):
            self.assert_told_in_office(trade, "must be above zero", amount)

    def test_not_paid(self):
        self.simulator.fault('micropay', 'err_code', code='AUTHCODEEXPIRE')
        trade = self.trade(self.pay_by_code(10))
        self.assert_told_in_office(trade, "is not paid, so there is nothing to refund")

    def test_fifty_parts(self):
        trade, order = self.begin()
        self.env['wechat.refund'].sudo().create([
            {**trade._refund_link(), 'refund_fee': 1} for _part in range(50)])
        self.assert_told(trade, order, "in 50 parts, .* in another way", 0.5)

    def test_older_than_a_year(self):
        trade, order = self.begin()
        status = self.prepare_back(order, 4)
        self.later(YEAR)
        self.assert_told(trade, order, "for one year only. Give the money back in another way", 6)
        self.assert_told_late(status, "in another way")

    def test_play_money_of_the_sandbox(self):
        trade, order = self.begin()
        trade.mode = 'sandbox'
        self.assert_told(trade, order, "was paid in WeChat's sandbox: no money moved")

    def test_another_wechat(self):
        trade, order = self.begin()
        status = self.prepare_back(order, 4)
        for other in ({'api_url': ''}, {'api_url': '', 'sandbox': '1'}):
            with self.subTest(**other), self.params(**other):
                self.assert_told(trade, order, "with another WeChat .*Set them back", 6)
                if 'sandbox' not in other:
                    self.assert_told_late(status, "Set them back")
        status = self.give_back(order, 4, status['payment_uuid'])
        self.assertTrue(status['paid'])

    def test_another_merchant(self):
        trade, order = self.begin()
        status = self.prepare_back(order, 4)
        way_out = "Refund it on the merchant platform of the former, or set wechat.mch_id"
        with self.params(mch_id='1900000999'):
            self.assert_told(trade, order, f"{trade.mch_id}.* name 1900000999 now. {way_out}", 6)
            self.assert_told_late(status, way_out)
        with self.params(sub_mch_id=DEMO_PROVIDER['sub_mch_id']):
            self.assert_told(
                trade, order, f"{trade.mch_id}/{DEMO_PROVIDER['sub_mch_id']} now. {way_out}", 6)
        with self.params(api_key=''):
            self.assert_told(trade, order, "not set up: fill in wechat.api_key", 6)
        self.assertTrue(self.give_back(order, 10)['paid'])

    def test_wrong_refund_account(self):
        trade, order = self.begin()
        status = self.prepare_back(order, 4)
        with self.params(refund_account='MY_POCKET'):
            words = f"wechat.refund_account must be empty, {' or '.join(REFUND_ACCOUNTS)}"
            self.assert_told(trade, order, words, 6)
            self.assert_told_late(status, words)

    # === THE CERTIFICATE === #

    @classmethod
    def write(cls, name, content):
        path = cls.folder / name
        if isinstance(content, rsa.RSAPrivateKey):
            content = content.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption())
        path.write_bytes(content)
        return str(path)

    def certificate(self, name, key_file, begin, end):
        """Write a certificate that is valid between two days from now."""
        key = serialization.load_pem_private_key(pathlib.Path(key_file).read_bytes(), None)
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Shop")])
        now = datetime.now(timezone.utc)
        certificate = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=begin))
            .not_valid_after(now + timedelta(days=end)).sign(key, hashes.SHA256()))
        return self.write(name, certificate.public_bytes(serialization.Encoding.PEM))

    def test_certificate(self):
        key = self.key_file
        good = self.certificate('good.pem', key, -1, 1)
        loop = self.folder / 'loop.pem'
        loop.symlink_to(loop)
        other_key = self.write('other.pem', rsa.generate_private_key(65537, 2048))
        text = self.write('text.pem', b"no certificate")
        cases = (
            ('', '', "wechat.mch_cert is not set.*paths of apiclient_cert.pem"),
            (good, '', "wechat.mch_key is not set.*paths of apiclient_cert.pem"),
            ('/nowhere/cert.pem', key, "no file /nowhere/cert.pem .*paths of apiclient_cert.pem"),
            (str(loop), key, "cannot be read.*Make them readable for the user that runs Odoo"),
            (text, key, "not a certificate in PEM format.*as downloaded together"),
            (good, text, "not a private key in PEM format.*as downloaded together"),
            (good, other_key, "is not the key of the certificate.*as downloaded together"),
            (self.certificate('old.pem', key, -9, -1), key, "expired on .*Download a new one"),
            (self.certificate('new.pem', key, 1, 9), key, "valid from .* only"),
        )
        trade, order = self.begin()
        status = self.prepare_back(order, 4)
        (trade | self.trade(status)._original()).mode = 'live'
        refund = self.trade(status)
        refund.mode = 'live'
        with self.params(api_url=''):
            for mch_cert, mch_key, words in cases:
                with self.subTest(words=words), self.params(mch_cert=mch_cert, mch_key=mch_key):
                    self.assert_told(trade, order, words, 6)
            with self.params(mch_cert=good, mch_key=key):
                self.assertFalse(self.wizard(trade, 6).obstacle)
            with self.params(mch_cert='', mch_key=''):
                self.assert_told_late(status, "wechat.mch_cert and wechat.mch_key")

    # === WITHIN A MINUTE OF ANOTHER ONE === #

    def test_within_a_minute_at_the_till(self):
        trade, order = self.begin()
        self.assertTrue(self.give_back(order, 4)['paid'])
        with self.nothing_sent():
            status = self.give_back(order, 3)
            self.assertEqual((status['phase'], status['free']), ('refund_waits', False))
            self.assertRegex(status['sentence'], "one refund a minute.*sent by itself")
            self.assertTrue(55 < status['seconds_left'] <= 62, status)
            self.later(30)
            status = self.look(status)
            self.assertEqual(status['phase'], 'refund_waits')
            self.assertTrue(20 < status['seconds_left'] <= 32, status)
        self.run_cron()
        self.assertFalse(self.sent())
        self.later(33)
        status = self.look(status)
        self.assertTrue(status['paid'], status)
        self.assertEqual((len(self.sent()), self.money_back(trade)), (1, 700))
        self.store_return(status)

    def test_within_a_minute_in_the_office(self):
        trade = self.begin_office()
        first = self.office(trade, 4)
        with self.nothing_sent():
            self.assertRegex(self.wizard(trade, 3).obstacle, "sent by itself in [56][0-9] seconds")
            second = self.office(trade, 3)
            self.assertEqual((second.state, second.err_code), ('pending', 'TOO_SOON'))
            self.as_accountant(second).action_confirm()
        self.later(65)
        self.run_cron()
        self.assertTrue(second.wechat_refund_id)
        self.later(600)
        self.run_cron()
        self.assertEqual((first.state, second.state, trade.refund_fee), ('done', 'done', 700))
        self.assertFalse(second.activity_ids)

    def test_other_payments_need_not_wait(self):
        for _payment in range(2):
            self.assertTrue(self.office(self.begin_office(), 10).wechat_refund_id)

    # === GIVEN UP === #

    def assert_given_up(self, refund, sends):
        """It is over, and it stays so."""
        self.assertEqual(refund.state, 'cancelled')
        for _step in range(3):
            self.later(3700)
            self.run_cron()
        self.as_accountant(refund).action_confirm()
        self.assertEqual((refund.state, len(self.sent())), ('cancelled', sends))
        self.assertEqual(refund._original().refundable_fee, FEE)
        self.assertFalse(refund.activity_ids)

    def test_given_up_at_the_till_before_it_was_sent(self):
        trade, order = self.begin()
        other = self.give_back(order, 1)
        self.later(30)
        status = self.give_back(order, 4)
        self.heard.clear()
        status = self.cancel(status)
        self.assertEqual((status['phase'], status['free']), ('failed', True))
        self.assertRegex(status['sentence'], "given up: WeChat has not got it.*in another way")
        self.later(600)
        self.run_cron()
        self.assertFalse(self.sent())
        self.assertEqual((self.trade(status).state, trade.refundable_fee), ('cancelled', 900))
        self.assertEqual(self.money_back(trade), -other['total_fee'])

    def test_given_up_at_the_till_after_it_was_lost(self):
        trade, order = self.begin()
        self.simulator.fault('refund', 'drop', paid=False)
        status = self.give_back(order, 10)
        for act in (self.cancel, self.look):
            status = act(status)
            self.assertEqual((status['phase'], status['free']), ('asking', False))
        self.later(25)
        self.assertEqual(self.look(status)['phase'], 'refund_waits')
        status = self.cancel(status)
        self.assertEqual((status['phase'], status['free']), ('failed', True))
        self.assertRegex(status['sentence'], "given up.*in another way")
        self.assert_given_up(self.trade(status), sends=1)
        again = self.give_back(order, 10, status['payment_uuid'])
        self.assertTrue(again['paid'])
        self.assertNotEqual(again['number'], status['number'])
        self.assertEqual(self.money_back(trade), FEE)

    def test_given_up_in_the_office(self):
        trade = self.begin_office()
        self.simulator.set_merchant(trade.mch_id, balance=0)
        refund = self.office(trade, 10)
        self.assertTrue(refund.activity_ids)
        with self.assertRaises(AccessError):
            refund.with_user(self.cashier).action_give_up()
        self.as_accountant(refund).action_give_up()
        self.simulator.set_merchant(trade.mch_id, balance=5000)
        self.assert_given_up(refund, sends=1)
        self.assertFalse(self.money_back(trade))

    def test_what_wechat_may_have_cannot_be_given_up(self):
        trade, order = self.begin()
        self.simulator.fault('refund', 'drop', paid=True)
        status = self.give_back(order, 10)
        refund = self.trade(status)
        self.simulator.set_merchant(trade.mch_id, refund_seconds=900)
        self.as_accountant(refund).action_give_up()
        self.assertEqual(self.cancel(status)['phase'], 'asking')
        for phase in ('accepted', 'done'):
            self.later(1000)
            status = self.cancel(status)
            self.as_accountant(refund).action_give_up()
            self.assertTrue(status['paid'], phase)
            self.assertIn(refund.state, ('pending', 'done'))
        self.assertEqual((refund.state, self.money_back(trade)), ('done', FEE))

    def test_given_up_and_accepted_after_all(self):
        """The call was on its way all the time: what WeChat says is believed, and told."""
        for ending in ('SUCCESS', 'CHANGE'):
            with self.subTest(ending=ending):
                trade = self.begin_office()
                self.simulator.fault('refund', 'drop', paid=False)
                refund = self.office(trade, 10)
                self.later(25)
                self.run_cron()
                self.later(60)
                refund._ask()
                self.assertTrue(refund.parked)
                self.as_accountant(refund).action_give_up()
                self.assertEqual(refund.state, 'cancelled')
                self.simulator.set_account(self.customer, refund_status=ending)
                self.env['ir.config_parameter']._wechat_gateway().refund(refund._frozen())
                self.later(60)
                self.assertEqual(len(self.deliver()), 1)
                self.assertIn(AFTER_ALL, self.todo(refund))
                if ending == 'CHANGE':
                    self.assertEqual((refund.state, refund.err_code), ('pending', 'CHANGE'))
                    self.assertIn(NEEDS_YOU, self.todo(refund))
                    self.settle_by_hand(refund, 'SUCCESS')
                    self.later(3600)
                    self.run_cron()
                self.assertEqual((refund.state, trade.refund_fee), ('done', FEE))
                self.assertEqual(self.todo(refund), [AFTER_ALL], "somebody has to look")
                self.simulator.set_account(self.customer, refund_status='SUCCESS')
