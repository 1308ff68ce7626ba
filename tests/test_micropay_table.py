# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import itertools

from odoo.tests import tagged

from ..models.wechat_micropay import REVERSE_NOT_BEFORE
from ..simulator.errors import PhoneError
from .common import WechatCase

# Every answer of WeChat's table of errors for a micropay, and one that is in no table.
CODES = (
    'SYSTEMERROR', 'BANKERROR', 'USERPAYING', 'ORDERPAID', 'OUT_TRADE_NO_USED', 'INVALID_REQUEST',
    'BUYER_MISMATCH', 'ORDERCLOSED', 'ORDERREVERSED', 'AUTHCODEEXPIRE', 'AUTH_CODE_ERROR',
    'AUTH_CODE_INVALID', 'NOTENOUGH', 'NOTSUPORTCARD', 'TRADE_ERROR', 'PARAM_ERROR', 'LACK_PARAMS',
    'XML_FORMAT_ERROR', 'NOT_UTF8', 'REQUIRE_POST_METHOD', 'NOAUTH', 'APPID_NOT_EXIST',
    'MCHID_NOT_EXIST', 'APPID_MCHID_NOT_MATCH', 'SIGNERROR', 'NEVER_SEEN_BEFORE',
)
ENDINGS = ('paid later', 'cancelled', 'never', 'silence')
STEP = 5
LONGEST = 120  # seconds after the charge was sent
MOST_CALLS = 15


@tagged('post_install', '-at_install')
class TestMicropayTable(WechatCase):

    def test_every_answer_with_every_ending(self):
        """All end paid, closed or failed, as WeChat's ledger has it; none reversed too early."""
        for code, ending in itertools.product(CODES, ENDINGS):
            with self.subTest(code=code, ending=ending):
                self.simulator.reset()
                self.simulator.fault('micropay', 'err_code', code=code)
                status = self.pay_by_code(3)
                self.play(status, ending)

    def play(self, status, ending):
        trade = self.trade(status)
        age = 0
        if ending == 'silence':
            self.simulator.fault('orderquery', 'drop', times=4)
        while trade.state == 'pending' and age <= LONGEST:
            if ending == 'paid later' and age == 2 * STEP:
                try:
                    self.simulator.pay(self.customer, trade.name)
                except PhoneError:
                    ending = 'never'  # The charge never reached the phone.
            status = self.cancel(status) if ending == 'cancelled' and not age else self.poll(status)
            if age < REVERSE_NOT_BEFORE:
                self.assertNotIn('reverse', self.calls(trade))
            self.let_pass(trade, STEP)
            age += STEP
        self.assertIn(trade.state, ('done', 'cancelled', 'error'))
        known = self.simulator.trade(trade.name) or {}
        self.assertEqual(trade.state == 'done', known.get('trade_state') == 'SUCCESS')
        if ending == 'paid later' and known:
            self.assertEqual(trade.state, 'done')
        self.assertTrue(status['sentence'])
        self.assertLessEqual(len(self.calls(trade)), MOST_CALLS)

    def calls(self, trade):
        return self.env['wechat.evidence'].search(
            [('micropay_id', '=', trade.id), ('source', '=', 'reply')]).mapped('endpoint')
