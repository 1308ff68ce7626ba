# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import hashlib
import hmac
import logging

from lxml import etree

from odoo.tests import tagged

from ..simulator import DEMO_MERCHANT
from .common import WechatCase

LOGGER = 'odoo.addons.wechat.models.wechat_evidence'


def sign(fields, key=DEMO_MERCHANT['api_key'], hmac_sha256=False):
    """Sign as the documents say, with code of the test's own."""
    text = '&'.join(f'{name}={fields[name]}' for name in sorted(fields) if fields[name])
    text += f'&key={key}'
    if hmac_sha256:
        return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest().upper()
    return hashlib.md5(text.encode()).hexdigest().upper()


def xml(fields):
    root = etree.Element('xml')
    for name, value in fields.items():
        etree.SubElement(root, name).text = str(value)
    return etree.tostring(root)


@tagged('post_install', '-at_install')
class TestCallback(WechatCase):

    def setUp(self):
        super().setUp()
        self.status = self.show_qr(12.5)
        self.order = self.trade(self.status)
        self.fields = {
            'return_code': 'SUCCESS', 'result_code': 'SUCCESS', 'appid': DEMO_MERCHANT['appid'],
            'mch_id': DEMO_MERCHANT['mch_id'], 'nonce_str': 'n' * 32, 'openid': 'oABC',
            'is_subscribe': 'N', 'trade_type': 'NATIVE', 'bank_type': 'OTHERS', 'fee_type': 'CNY',
            'total_fee': '1250', 'cash_fee': '1250',
            'transaction_id': '4200000000202601150000000001',
            'out_trade_no': self.order.name, 'time_end': '20260115180211',
        }

    def send(self, raw, path='/wechat/callback'):
        response = self.opener.post(
            self.base_url() + path, data=raw, headers={'Content-Type': 'text/xml'})
        self.env.invalidate_all()
        self.assertEqual(response.status_code, 200)
        return etree.fromstring(response.content).findtext('return_code')

    def signed(self, hmac_sha256=False, **changes):
        fields = {**self.fields, **changes}
        fields = {name: value for name, value in fields.items() if value is not None}
        if hmac_sha256:
            fields['sign_type'] = 'HMAC-SHA256'
        return xml({**fields, 'sign': sign(fields, hmac_sha256=hmac_sha256)})

    def assert_refused(self, raw, reason, path='/wechat/callback'):
        """Refused with FAIL, nothing booked, one log line with the right reason."""
        with self.assertLogs('odoo.addons.wechat', logging.WARNING) as logs:
            self.assertEqual(self.send(raw, path), 'FAIL')
        lines = [line for line in logs.output if 'refused' in line]
        self.assertEqual(len(lines), 1, logs.output)
        self.assertIn(f'({reason})', lines[0])
        self.assertEqual(self.order.state, 'pending')
        self.assertFalse(self.order.transaction_id)

    def test_real_notification_is_booked_once(self):
        self.pay_by_phone(self.status)
        self.assertIn('SUCCESS', self.deliver()[0])
        self.assertEqual(self.order.state, 'done')
        self.assertTrue(self.order.notification_received)
        self.assertFalse(self.deliver())

    def test_md5_and_hmac_however_often(self):
        for hmac_sha256 in (False, True):
            with self.subTest(hmac_sha256=hmac_sha256):
                raw = self.signed(hmac_sha256)
                for _again in range(3):
                    self.assertEqual(self.send(raw), 'SUCCESS')
                self.assertEqual(self.order.state, 'done')
                self.assertEqual(self.order.transaction_id, self.fields['transaction_id'])
        self.assertFalse(self.order.refund_ids)

    def test_forged_signature(self):
        fields = {**self.fields}
        self.assert_refused(xml({**fields, 'sign': sign(fields, key='x' * 32)}), 'bad_signature')
        self.assert_refused(xml(fields), 'bad_signature')
        raw = self.signed().replace(b'1250', b'1251')
        self.assert_refused(raw, 'bad_signature')

    def test_foreign_merchant(self):
        self.assert_refused(self.signed(mch_id='1900000999'), 'foreign_merchant')
        self.assert_refused(self.signed(appid='wx9999999999999999'), 'foreign_merchant')
        self.assert_refused(self.signed(sub_mch_id='1900000999'), 'foreign_merchant')

    def test_wrong_amount_or_currency(self):
        self.assert_refused(self.signed(total_fee='1'), 'mismatch')
        self.assert_refused(self.signed(fee_type='HKD'), 'mismatch')
        refused = self.env['wechat.evidence'].search(
            [('order_id', '=', self.order.id), ('refused', '!=', False)])
        self.assertEqual(len(refused), 2)
        self.assertIn('total_fee is 1, expected 1250', refused.mapped('refused'))

    def test_missing_number(self):
        self.assert_refused(self.signed(out_trade_no=None), 'missing_number')

    def test_unknown_number_is_kept(self):
        self.assert_refused(self.signed(out_trade_no='ELSE-1'), 'unknown_number')
        kept = self.env['wechat.evidence'].search([('out_trade_no', '=', 'ELSE-1')])
        self.assertEqual(len(kept), 1)

    def test_not_a_success(self):
        self.assert_refused(self.signed(result_code='FAIL'), 'not_success')
        self.assert_refused(
            b'<xml><return_code>FAIL</return_code><return_msg>x</return_msg></xml>', 'return_code')

    def test_bombs_and_junk(self):
        bomb = (
            b'<?xml version="1.0"?><!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">'
            b'<!ENTITY c SYSTEM "file:///etc/passwd">]><xml><out_trade_no>&c;&b;</out_trade_no></xml>')
        self.assert_refused(bomb, 'dtd')
        self.assert_refused(b'<xml>' + b'x' * 5_000_000, 'too_large')
        self.assert_refused(b'', 'empty')
        self.assert_refused(b'{"json": 1}', 'bad_xml')
        self.assert_refused(b'<xml><a>', 'bad_xml')
        self.assert_refused(b'\xff\xfe\x00', 'bad_xml')

    def test_late_refusal_does_not_undo_a_payment(self):
        self.assertEqual(self.send(self.signed()), 'SUCCESS')
        self.cancel(self.status)
        self.assertEqual(self.order.state, 'done')
        self.assertFalse(self.order.withdrawn)

    def test_python_api_of_the_original(self):
        fields = {**self.fields}
        data = {**fields, 'sign': sign(fields)}
        model = self.env['wechat.order']
        self.assertEqual(model.on_notification(data), self.order)
        self.assertIsNone(model.on_notification(data))
        with self.assertLogs(LOGGER, logging.WARNING):
            self.assertIs(model.on_notification({**data, 'total_fee': '1'}), False)

    def test_till_is_woken_without_words(self):
        """The bus says "look again": no amount, no number, no openid."""
        self.env['bus.bus'].sudo().search([]).unlink()
        self.send(self.signed())
        self.env.cr.precommit.run()
        messages = self.env['bus.bus'].sudo().search([]).filtered(
            lambda message: 'WECHAT_TRADE' in message.message)
        self.assertTrue(messages)
        for message in messages:
            self.assertIn(self.status['payment_uuid'], message.message)
            for secret in ('1250', self.order.name, self.fields['transaction_id'], 'oABC'):
                self.assertNotIn(secret, message.message)
