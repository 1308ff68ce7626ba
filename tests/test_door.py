# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import itertools
import re
from pathlib import Path

from odoo.tests import tagged

from ..gateway import Kind, Outcome
from .common import WechatCase


@tagged('post_install', '-at_install')
class TestDoor(WechatCase):
    """The one door: the same evidence in any order, any number of times, ends the same."""

    def evidence(self, trade, endpoint, kind, code):
        data = {
            'appid': trade.app_id, 'mch_id': trade.mch_id, 'out_trade_no': trade.name,
            'total_fee': str(trade.total_fee), 'fee_type': 'CNY', 'trade_type': 'NATIVE',
            'transaction_id': '4200000000202601150000000001',
        } if kind == Kind.PAID else {}
        return Outcome(kind=kind, code=code, endpoint=endpoint, data=data)

    def test_order_and_number_do_not_matter(self):
        news = [
            ('unifiedorder', Kind.PENDING, 'SUCCESS'), ('notification', Kind.PAID, 'SUCCESS'),
            ('orderquery', Kind.PENDING, 'NOTPAY'), ('orderquery', Kind.UNKNOWN, 'TIMEOUT'),
            ('closeorder', Kind.TAKEN, 'ORDERPAID'),
        ]
        for sequence in itertools.permutations(news):
            order = self.env['wechat.order'].sudo()._create_order('NATIVE', [], pay_amount=1)
            for endpoint, kind, code in (*sequence, sequence[0]):
                order._apply(self.evidence(order, endpoint, kind, code), 'reply')
            self.assertEqual(order.state, 'done', sequence)
            self.assertEqual(order.transaction_id, '4200000000202601150000000001')
            self.assertFalse(order.err_code)
            self.assertFalse(order.refund_ids)

    def test_closed_stays_closed_unless_money_comes(self):
        for endpoint, kind, code in (
            ('orderquery', Kind.PENDING, 'NOTPAY'), ('orderquery', Kind.UNKNOWN, 'TIMEOUT'),
            ('unifiedorder', Kind.REFUSED, 'PARAM_ERROR'),
        ):
            order = self.env['wechat.order'].sudo()._create_order('NATIVE', [], pay_amount=1)
            order._apply(self.evidence(order, 'closeorder', Kind.CLOSED, 'SUCCESS'), 'reply')
            order._apply(self.evidence(order, endpoint, kind, code), 'reply')
            self.assertEqual(order.state, 'cancelled')
            order._apply(self.evidence(order, 'notification', Kind.PAID, 'SUCCESS'), 'notification')
            self.assertEqual(order.state, 'done')
            self.assertTrue(order.refund_ids.automatic)

    def test_every_piece_of_news_is_kept(self):
        order = self.env['wechat.order'].sudo()._create_order('NATIVE', [], pay_amount=1)
        for code in ('TIMEOUT', 'HTTP_502', 'BAD_SIGNATURE'):
            order._apply(self.evidence(order, 'orderquery', Kind.UNKNOWN, code), 'reply')
        kept = self.env['wechat.evidence'].search([('order_id', '=', order.id)])
        self.assertEqual(kept.mapped('code'), ['BAD_SIGNATURE', 'HTTP_502', 'TIMEOUT'])

    def test_only_the_door_writes_a_state(self):
        """Law 1, read from the sources."""
        written = re.compile(r"\bstate=target\b|\.state = |write\(.*'state'")
        root = Path(__file__).parents[1]
        places = [
            f'{path.name}: {line.strip()}'
            for folder in ('models', 'controllers', 'wizards')
            for path in sorted((root / folder).glob('*.py'))
            for line in path.read_text(encoding='utf-8').splitlines() if written.search(line)
        ]
        self.assertEqual(places, ['wechat_trade.py: state=target,'])
