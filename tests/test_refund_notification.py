# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import base64
import hashlib
import itertools
import logging

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from lxml import etree

from odoo.tests import tagged

from ..simulator import DEMO_MERCHANT
from .common_refunds import QUERY, RefundCase
from .test_callback import xml

PATH = '/wechat/callback/refund'
API_KEY = DEMO_MERCHANT['api_key']
BLOCK = 16
NEEDS_YOU = "WeChat refund needs you"
BY_HAND = "Refunded on the merchant platform"
UNKNOWN = "WeChat reports money under an unknown number"


def cipher(key):
    return Cipher(algorithms.AES(hashlib.md5(key.encode()).hexdigest().encode()), modes.ECB())


def encrypt(plain, key=API_KEY):
    """Encrypt as the documents say, with code of the test's own."""
    fill = BLOCK - len(plain) % BLOCK
    encryptor = cipher(key).encryptor()
    return encryptor.update(plain + bytes([fill]) * fill) + encryptor.finalize()


def decrypt(secret, key=API_KEY):
    decryptor = cipher(key).decryptor()
    padded = decryptor.update(secret) + decryptor.finalize()
    return padded[:-padded[-1]] if 0 < padded[-1] <= BLOCK else b''


def inner_xml(fields):
    root = etree.Element('root')
    for name, value in fields.items():
        if value is not None:
            etree.SubElement(root, name).text = str(value)
    return etree.tostring(root)


def outer_xml(secret, **changes):
    fields = {
        'return_code': 'SUCCESS', 'appid': DEMO_MERCHANT['appid'],
        'mch_id': DEMO_MERCHANT['mch_id'], 'nonce_str': 'n' * 32,
        'req_info': base64.b64encode(secret).decode(), **changes,
    }
    return xml({name: value for name, value in fields.items() if value is not None})


@tagged('post_install', '-at_install')
class TestRefundNotification(RefundCase):

    def setUp(self):
        super().setUp()
        self.simulator.set_merchant(DEMO_MERCHANT['mch_id'], refund_notify_url=(
            self.base_url() + PATH))
        self.micropayment = self.begin_office()
        self.refund = self.office(self.micropayment, 4)

    # === HELPERS === #

    def fields(self, refund=None, **changes):
        """Return what WeChat would say of a refund."""
        refund = refund or self.refund
        charge = refund._original()
        return {
            'transaction_id': charge.transaction_id, 'out_trade_no': charge.name,
            'refund_id': refund.wechat_refund_id, 'out_refund_no': refund.name,
            'total_fee': refund.total_fee, 'settlement_total_fee': refund.total_fee,
            'refund_fee': refund.refund_fee, 'settlement_refund_fee': refund.refund_fee,
            'cash_refund_fee': refund.refund_fee, 'refund_status': 'SUCCESS',
            'success_time': '2026-01-15 18:02:11', 'refund_recv_accout': "支付用户零钱",
            'refund_account': 'REFUND_SOURCE_UNSETTLED_FUNDS', 'refund_request_source': 'API',
            **changes,
        }

    def message(self, refund=None, **changes):
        return outer_xml(encrypt(inner_xml(self.fields(refund, **changes))))

    def send(self, raw):
        response = self.opener.post(
            self.base_url() + PATH, data=raw, headers={'Content-Type': 'text/xml'})
        self.env.invalidate_all()
        self.assertEqual(response.status_code, 200)
        return etree.fromstring(response.content).findtext('return_code')

    def books(self):
        """Return all that a notification could have moved."""
        self.env.invalidate_all()
        return [
            (record.name, record.state, record.refund_fee, record.trade_state,
             'wechat_refund_id' in record._fields and record.wechat_refund_id,
             'refundable_fee' in record._fields and record.refundable_fee)
            for model in ('wechat.order', 'wechat.micropay', 'wechat.refund')
            for record in self.env[model].sudo().search([])
        ]

    def assert_refused(self, raw, reason):
        """Refused with FAIL, nothing booked anywhere, one log line with the right reason."""
        before = self.books()
        with self.assertLogs('odoo.addons.wechat', logging.WARNING) as logs:
            self.assertEqual(self.send(raw), 'FAIL')
        self.assertEqual(len(logs.output), 1, logs.output)
        self.assertIn(f'refused ({reason})', logs.output[0])
        self.assertNotIn(API_KEY, logs.output[0])
        self.assertEqual(self.books(), before)

    def genuine(self):
        """Return the bodies that WeChat has really sent, the oldest first."""
        return [one['body'].encode() for notification in self.simulator.notifications()
                for one in notification['log']]

    # === REFUNDS OF OURS === #

    def test_booked_once_however_often(self):
        self.later(60)
        self.assertIn('SUCCESS', self.deliver()[0])
        self.assertEqual(
            (self.refund.state, self.refund.trade_state, self.micropayment.state),
            ('done', 'SUCCESS', 'refunded'))
        books = self.books()
        body, = self.genuine()
        for _again in range(2):
            self.assertEqual(self.send(body), 'SUCCESS')
        self.assertIsNone(self.env['wechat.refund'].on_notification(body))
        self.assertEqual(self.books(), books)
        self.assertEqual(self.micropayment.refund_fee, 400)
        self.assertFalse(self.sent(QUERY))
        self.assertFalse(self.deliver())
        self.later(60)
        self.run_cron()
        self.assertEqual(self.books(), books)
        self.assertEqual(len(self.sent(QUERY)), 1, "the notification is not signed, the answer is")
        self.later(7200)
        self.run_cron()
        self.assertEqual(len(self.sent(QUERY)), 1)

    def test_lost_or_doubled_on_the_way(self):
        self.simulator.fault('refund_notification', 'drop')
        self.simulator.fault('refund_notification', 'double')
        self.later(60)
        self.assertFalse(self.deliver())
        self.assertEqual(self.refund.state, 'pending')
        self.later(60)
        self.assertEqual(len(self.deliver()), 2)
        self.assertEqual((self.refund.state, self.micropayment.refund_fee), ('done', 400))

    def test_spliced_success_or_closing_is_not_the_last_word(self):
        """Numbers and amounts of one genuine notification, the status of another one."""
        self.simulator.set_account(self.customer, refund_status='CHANGE')
        for status in ('SUCCESS', 'REFUNDCLOSE'):
            with self.subTest(status=status):
                refund = self.office(self.begin_office(), 10)
                self.later(60)
                self.assertEqual(self.send(self.message(refund, refund_status=status)), 'SUCCESS')
                self.assertEqual(refund.state, 'done' if status == 'SUCCESS' else 'pending')
                self.assertFalse(refund.account_payment_id)
                self.run_cron()
                self.assertEqual((refund.state, refund.err_code), ('pending', 'CHANGE'))
                self.assertFalse(refund.account_payment_id)
                self.assertEqual(self.todo(refund), [NEEDS_YOU])

    def test_forged_news_of_a_refused_refund(self):
        """It is not sent again on the word of somebody who knows the key."""
        self.later(65)
        self.simulator.fault('refund', 'err_code', code='USER_ACCOUNT_ABNORMAL')
        refund = self.office(self.micropayment, 1)
        self.assertEqual(refund.state, 'error')
        asked = len(self.sent())
        for status in ('CHANGE', 'SUCCESS', 'REFUNDCLOSE', 'PROCESSING'):
            with self.subTest(status=status):
                self.later(60)
                self.send(self.message(refund, refund_status=status))
                for _step in range(4):
                    self.later(60)
                    self.run_cron()
                self.assertEqual(refund.state, 'error')
                self.assertEqual(self.micropayment.refund_fee, 400)
        self.assertEqual(len(self.sent()), asked)

    def test_my_own_encryption_is_wechats(self):
        """The messages made here are what WeChat would send: this one is taken."""
        self.assertEqual(self.send(self.message()), 'SUCCESS')
        self.assertEqual(self.refund.state, 'done')

    def test_not_ours(self):
        other = 'another0key0of0someone0else00001'
        secret = encrypt(inner_xml(self.fields()))
        for reason, raw in (
            ('bad_signature', outer_xml(encrypt(inner_xml(self.fields()), other))),
            ('bad_signature', outer_xml(inner_xml(self.fields()))),
            ('bad_signature', outer_xml(secret[:-1])),
            ('bad_signature', outer_xml(secret[:-BLOCK])),
            ('bad_signature', outer_xml(secret[BLOCK:])),
            ('bad_signature', outer_xml(secret, req_info='%%%')),
            ('bad_signature', outer_xml(secret, req_info=None)),
            ('bad_signature', outer_xml(encrypt(b'<!DOCTYPE root><root></root>'))),
            ('bad_signature', outer_xml(encrypt(b'<root><a><b>1</b></a></root>'))),
            ('bad_signature', outer_xml(encrypt(xml(self.fields())))),
            ('foreign_merchant', outer_xml(secret, mch_id='1900000999')),
            ('foreign_merchant', outer_xml(secret, mch_id=None)),
            ('foreign_merchant', outer_xml(secret, appid='wx9999999999999999')),
            ('foreign_merchant', outer_xml(secret, appid=None)),
            ('foreign_merchant', outer_xml(secret, sub_mch_id='1900000309')),
            ('return_code', outer_xml(secret, return_code='FAIL')),
            ('missing_number', self.message(out_refund_no=None)),
            ('not_success', self.message(refund_status=None)),
        ):
            with self.subTest(raw=raw):
                self.assert_refused(raw, reason)
        self.assertFalse(self.env['wechat.evidence'].search([
            ('refund_id', '=', self.refund.id), ('source', '=', 'notification')]))
        self.assertEqual(self.send(outer_xml(secret)), 'SUCCESS')

    def test_other_numbers_and_sums(self):
        second = self.begin_office()
        for changes in (
            {'refund_fee': 401}, {'refund_fee': '0400'}, {'refund_fee': '400.0'},
            {'refund_fee': None}, {'total_fee': 1001}, {'out_trade_no': second.name},
            {'transaction_id': second.transaction_id}, {'mch_id': '1900000999'},
            {'appid': 'wx9999999999999999'},
        ):
            with self.subTest(**changes):
                self.assert_refused(self.message(**changes), 'mismatch')
                kept = self.env['wechat.evidence'].search(
                    [('refund_id', '=', self.refund.id)], limit=1)
                self.assertIn(next(iter(changes)), kept.refused)
        self.assertEqual(self.send(self.message()), 'SUCCESS')
        self.assertEqual((self.refund.state, self.refund.err_code), ('done', False))

    def test_unknown_number_is_kept_once(self):
        for _again in range(3):
            self.assert_refused(self.message(out_refund_no='ELSE-1'), 'unknown_number')
        kept = self.env['wechat.evidence'].sudo().search([('out_trade_no', '=', 'ELSE-1')])
        self.assertEqual((len(kept), kept.activity_ids.mapped('summary')), (1, [UNKNOWN]))
        self.assertIn('ELSE-1', kept.activity_ids.note)
        self.assert_refused(self.message(out_refund_no='ELSE-2'), 'unknown_number')
        self.assertEqual(len(self.env['wechat.evidence'].search(
            [('out_trade_no', '=like', 'ELSE-_')])), 2)

    def test_spliced(self):
        """Blocks of two genuine notifications, put together anew, book nothing else."""
        other = self.office(self.begin_office(7), 3)
        self.later(65)
        third = self.office(self.micropayment, 1)
        self.simulator.deliver_due(post=lambda _url, _body, _headers: (500, b''))
        ours = {refund.name: refund for refund in (self.refund, other, third)}
        secrets = [
            base64.b64decode(etree.fromstring(body).findtext('req_info'))
            for body in self.genuine()]
        self.assertEqual(len(secrets), 2)
        spliced = 0
        for first, last in itertools.product(secrets, repeat=2):
            for head, tail in itertools.product(
                    range(0, len(first), BLOCK), range(0, len(last), BLOCK)):
                secret = first[:head] + last[tail:]
                if secret in secrets or not self.reads_well(secret):
                    continue
                spliced += 1
                self.assert_splice_is_harmless(secret, ours)
        self.assertGreater(spliced, 50)

    def reads_well(self, secret):
        try:
            return etree.fromstring(decrypt(secret)).tag == 'root'
        except etree.XMLSyntaxError:
            return False

    def assert_splice_is_harmless(self, secret, ours):
        said = {child.tag: child.text for child in etree.fromstring(decrypt(secret))}
        before = {refund: refund.state for refund in ours.values()}
        savepoint = self.cr.savepoint()
        with self.assertLogs('odoo.addons.wechat', logging.INFO):
            taken = self.env['wechat.refund'].on_notification(outer_xml(secret))
        if taken:
            refund = ours[said['out_refund_no']]
            self.assertEqual(taken, refund)
            whole = self.fields(refund)
            for name in ('transaction_id', 'out_trade_no', 'total_fee', 'refund_fee'):
                self.assertIn(said.get(name), (None, str(whole[name])), said)
            self.assertEqual(said['refund_fee'], str(refund.refund_fee))
            before.pop(refund)
        self.assertEqual({refund: refund.state for refund in before}, before)
        self.assertEqual(
            self.env['wechat.refund'].search_count([('name', 'not in', list(ours))]), 0)
        savepoint.close(rollback=True)
        self.env.invalidate_all()

    # === HOW IT ENDS === #

    def test_abnormal_and_closed_by_notification(self):
        for ending, state in (('CHANGE', 'pending'), ('REFUNDCLOSE', 'error')):
            with self.subTest(ending=ending):
                trade = self.begin_office()
                self.simulator.fault('refund', 'refund_status', status=ending)
                refund = self.office(trade, 10)
                self.later(60)
                self.deliver()
                self.run_cron()
                self.assertEqual((refund.state, refund.err_code), (state, ending))
                self.assertEqual(self.todo(refund), [NEEDS_YOU])
                self.assertEqual(trade.refundable_fee, 1000 if state == 'error' else 0)

    def test_in_any_order(self):
        """Late news change nothing: neither what the customer has, nor what WeChat has closed."""
        for last, state in (('SUCCESS', 'done'), ('REFUNDCLOSE', 'error')):
            for order in itertools.permutations(('PROCESSING', 'CHANGE', last)):
                with self.subTest(order=order):
                    trade = self.begin_office()
                    if state == 'error':
                        self.simulator.fault('refund', 'refund_status', status=last)
                    refund = self.office(trade, 10)
                    self.later(60)
                    for status in order:
                        self.assertEqual(
                            self.send(self.message(refund, refund_status=status)), 'SUCCESS')
                        if status == last:
                            self.run_cron()
                    self.assertEqual(
                        (refund.state, refund.trade_state, refund.err_code),
                        (state, last, False if state == 'done' else 'REFUNDCLOSE'))
                    self.assertEqual(self.todo(refund), [] if state == 'done' else [NEEDS_YOU])
                    self.assertEqual(trade.refund_fee, 1000 if state == 'done' else 0)

    # === BY HAND ON THE MERCHANT PLATFORM === #

    def platform(self, number):
        return self.env['wechat.refund'].sudo().search([('name', '=', number)])

    def test_by_hand_and_notified(self):
        status = self.show_qr(10)
        self.pay_by_phone(status)
        self.poll(status)
        self.later(60)
        self.deliver()
        for charge, left in ((self.micropayment, 600), (self.trade(status), 1000)):
            with self.subTest(charge=charge._name):
                self.heard.clear()
                known = self.simulator.platform_refund(charge.name, 250)
                self.later(60)
                self.assertEqual(len(self.deliver()), 1)
                refund = self.platform(known['out_refund_no'])
                for _again in range(2):
                    self.assertEqual(
                        (refund.source, refund.state, refund.refund_fee, charge.refundable_fee),
                        ('platform', 'pending', 250, left - 250))
                    self.assertEqual(self.send(self.genuine()[-1]), 'SUCCESS')
                self.assertFalse(self.heard, "the notification alone proves nothing")
                self.run_cron()
                self.assertEqual((refund.state, refund.trade_state), ('done', 'SUCCESS'))
                self.assertEqual(refund._original(), charge)
                self.assertEqual(self.todo(refund), [BY_HAND])
                self.assertEqual(charge.refundable_fee, left - 250)
                self.assertEqual(charge.refund_fee, 1000 - left + 250)
                self.assertEqual(self.send(self.genuine()[-1]), 'SUCCESS')
                self.assertEqual(len(self.platform(known['out_refund_no'])), 1)
                self.assertFalse(self.sent(), "it is never sent")

    def test_by_hand_and_closed(self):
        self.simulator.set_account(self.customer, refund_status='REFUNDCLOSE')
        known = self.simulator.platform_refund(self.micropayment.name, 250)
        self.later(60)
        self.deliver()
        refund = self.platform(known['out_refund_no'])
        self.run_cron()
        for _again in range(2):
            self.assertEqual((refund.state, refund.err_code), ('error', 'REFUNDCLOSE'))
            self.assertEqual(self.micropayment.refundable_fee, 600)
            self.send(self.genuine()[-1])
        self.as_accountant(refund).action_confirm()
        self.assertEqual(refund.state, 'error')
        self.assertEqual(len(self.sent()), 1, "the one of the set-up")

    def test_forged(self):
        """Whoever has the key can write such a message: WeChat is asked, and denies it."""
        self.later(60)
        self.run_cron()
        for number, known_as in (('FORGED-1', '50300000000000000000'), ('FORGED-2', None)):
            with self.subTest(number=number):
                raw = self.message(
                    out_refund_no=number, refund_fee=250, refund_id=known_as,
                    refund_request_source='VENDOR_PLATFORM')
                for _again in range(3):
                    self.assertEqual(self.send(raw), 'SUCCESS')
                    refund = self.platform(number)
                    self.assertEqual(refund.state, 'pending')
                    self.assertEqual(self.micropayment.refundable_fee, 350)
                self.run_cron()
                self.assertEqual((refund.state, refund.err_code), ('error', 'NOT_AT_WECHAT'))
                self.assertEqual(
                    (self.micropayment.refundable_fee, self.micropayment.refund_fee), (600, 400))
                self.assertEqual(self.todo(refund), [NEEDS_YOU])
                self.assertIn("change the key", refund.activity_ids.note)
                self.send(raw)
                self.later(65)
                self.run_cron()
                self.assertEqual((refund.state, self.micropayment.refund_fee), ('error', 400))
                self.assertEqual(self.todo(refund), [NEEDS_YOU])

    def test_forged_and_impossible(self):
        second = self.begin_office()
        for index, changes in enumerate((
            {'refund_fee': 1001}, {'refund_fee': 0}, {'refund_fee': -5}, {'refund_fee': 'all'},
            {'refund_fee': None}, {'total_fee': 999}, {'transaction_id': second.transaction_id},
            {'out_trade_no': 'ELSE-1'},
        )):
            with self.subTest(**changes):
                number = f"FORGED-{index}"
                self.assert_refused(self.message(**{
                    'out_refund_no': number, 'refund_fee': 250,
                    'refund_request_source': 'VENDOR_PLATFORM', **changes}), 'unknown_number')
                kept = self.env['wechat.evidence'].sudo().search([('out_trade_no', '=', number)])
                self.assertEqual(kept.activity_ids.mapped('summary'), [UNKNOWN])

    def test_by_hand_without_notification(self):
        """The accountant presses "Ask WeChat now"."""
        self.simulator.set_merchant(DEMO_MERCHANT['mch_id'], refund_notify_url='')
        status = self.show_qr(10)
        self.pay_by_phone(status)
        self.poll(status)
        for charge, others in ((self.micropayment, 400), (self.trade(status), 0)):
            with self.subTest(charge=charge._name):
                known = self.simulator.platform_refund(charge.name, 250)
                self.later(60)
                for _again in range(2):
                    self.as_accountant(charge).action_ask()
                    self.env.invalidate_all()
                refund = self.platform(known['out_refund_no'])
                self.assertEqual((refund.source, refund.state), ('platform', 'done'))
                self.assertEqual(self.todo(refund), [BY_HAND])
                self.assertEqual(charge.state, 'refunded')
                self.assertEqual(charge.refund_fee, 250 + others)
                self.assertEqual(charge.refundable_fee, 750 - others)

    def test_a_dozen_by_hand(self):
        """WeChat tells of ten at a time."""
        self.simulator.set_merchant(DEMO_MERCHANT['mch_id'], refund_notify_url='')
        charge = self.begin_office()
        for part in range(12):
            self.simulator.platform_refund(charge.name, 10 + part)
        for _again in range(2):
            self.later(60)
            self.as_accountant(charge).action_ask()
            self.env.invalidate_all()
            self.assertEqual(len(charge.refund_ids), 12)
        self.assertEqual(
            sorted(charge.refund_ids.mapped('refund_fee')), [10 + part for part in range(12)])
        self.assertEqual(set(charge.refund_ids.mapped('state')), {'done'})
        self.assertEqual((charge.refund_fee, charge.refundable_fee), (186, 814))
        self.assertIn('10', [fields.get('offset') for fields in self.sent(QUERY)])
        self.assertFalse(self.sent())
