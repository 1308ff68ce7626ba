# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import itertools
import json
import re

from odoo import fields
from odoo.tests import tagged
from odoo.tools import file_open

from ..gateway import catalogue
from .common import WechatCase

SCREEN = 'wechat/static/src/app/utils/payment/wechat_screen.js'
LANGUAGES = ('en_US', 'zh_CN', 'zh_TW')
STATES = ('draft', 'pending', 'done', 'refunded', 'cancelled', 'error')
OVER = ('done', 'refunded', 'cancelled', 'error')
TONES = ('info', 'success', 'warning', 'danger')
OWN_CODES = ('NUMBER_TAKEN', 'FOREIGN_EVIDENCE', 'NEVER_SEEN_BEFORE', 'HTTP_502')
# Words that only WeChat can say.
FINAL_WORDS = re.compile(
    r'^Paid\.|^Refunded:|no money (moved|was kept)|nothing was paid|not been sent', re.IGNORECASE)


@tagged('post_install', '-at_install')
class TestSentences(WechatCase):
    """The server's half of what a till shows: each state of a record has one sentence."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for code in LANGUAGES[1:]:
            cls.env['res.lang']._activate_lang(code)
        cls.env['ir.module.module'].search([('name', '=', 'wechat')])._update_translations(
            LANGUAGES[1:])

    def test_every_state_has_one_sentence_in_each_language(self):
        screen = self.phases_of_the_till()
        seen = {'native': set(), 'micropay': set(), 'refund': set()}
        for method, values in self.combinations():
            record = self.record(method, values)
            status = record._till_status()
            sentences = []
            with self.subTest(method=method, **values):
                for lang in LANGUAGES:
                    sentence = record.with_context(lang=lang)._till_status()['sentence']
                    self.assertGreater(len(sentence.strip()), 5)
                    sentences.append(sentence)
                self.assertNotIn(sentences[0], sentences[1:])
                self.assertNotRegex(sentences[1], '[A-Za-z]{3,} [A-Za-z]{3,}')
                self.assertIn(status['tone'], TONES)
                self.assertEqual(
                    status['paid'], status['phase'] in ('paid', 'refund_accepted'))
                self.assertFalse(status['paid'] and status['free'])
                if status['phase'] != 'new':
                    seen[method].add(status['phase'])
                if FINAL_WORDS.search(sentences[0]):
                    self.assertIn(record.state, (*OVER, 'draft'), sentences[0])
                if status['phase'] in ('asking', 'password', 'reversing', 'show_qr'):
                    self.assertNotIn(record.state, OVER)
        # The till has a row for each phase that there is, and for no other.
        self.assertEqual(seen, screen)

    def phases_of_the_till(self):
        with file_open(SCREEN) as stream:
            table = re.search(r'PHASES = (\{.*?\});', stream.read(), re.DOTALL)[1]
        pairs = re.findall(r'(\w+): (\[.*?\])', table)
        return {method: set(json.loads(phases)) for method, phases in pairs}

    def combinations(self):
        """Return what a record of each kind can look like: every state with every code."""
        codes = {method: self.codes(endpoints) for method, endpoints in (
            ('native', ('unifiedorder', 'orderquery', 'closeorder')),
            ('micropay', ('micropay', 'orderquery', 'reverse')),
            ('refund', ('refund', 'refundquery')),
        )}
        for method, method_codes in codes.items():
            for state, (code, call) in itertools.product(STATES, [(False, False), *method_codes]):
                if method == 'refund' and state == 'refunded':
                    continue
                yield method, {'state': state, 'err_code': code, 'err_call': call}
        for state, expired in itertools.product(STATES, (False, True)):
            yield 'native', {'state': state, 'code_url': 'weixin://x', 'expired': expired}
            yield 'native', {'state': state, 'withdrawn': True, 'expired': expired}
        for state, word in itertools.product(STATES, ('USERPAYING', 'NOTPAY', 'PAYERROR')):
            yield 'micropay', {'state': state, 'trade_state': word}
            yield 'micropay', {'state': state, 'cancel_requested': True}
        for state in ('pending', 'done'):
            yield 'refund', {'state': state, 'wechat_refund_id': '50300000000'}

    def codes(self, endpoints):
        return [
            (code, endpoint) for endpoint in endpoints
            for code in (*catalogue.ERRORS.get(endpoint, {}), *catalogue.EVERYWHERE, *OWN_CODES)]

    def record(self, method, values):
        """Return a record that is in no table: only what it says counts here."""
        values = {**values, 'name': 'N-1', 'total_fee': 198}
        now = fields.Datetime.now()
        if method == 'native':
            late = values.pop('expired', False)
            values['expires_at'] = fields.Datetime.add(now, seconds=-60 if late else 600)
        if values['state'] != 'draft':
            values['submitted_at'] = now
        currency = self.env.ref('base.CNY').id
        if method == 'refund':
            original = self.env['wechat.order'].new({'name': 'N-2', 'currency_id': currency})
            return self.env['wechat.refund'].new({
                **values, 'order_id': original, 'refund_fee': 198, 'currency_id': currency})
        model = {'native': 'wechat.order', 'micropay': 'wechat.micropay'}[method]
        return self.env[model].new({**values, 'currency_id': currency})
