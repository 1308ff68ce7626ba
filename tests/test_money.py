# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from decimal import Decimal

from odoo.tests import tagged

from .common import WechatCase


@tagged('post_install', '-at_install')
class TestMoney(WechatCase):

    def test_every_amount_becomes_exactly_its_fen(self):
        """0.01 to 1000.00 in steps of 0.01, as float, text and Decimal."""
        currency = self.company.currency_id
        for fen in range(1, 100_001):
            exact = Decimal(fen).scaleb(-2)
            if not (currency._wechat_to_fen(float(exact)) == fen
                    == currency._wechat_to_fen(str(exact)) == currency._wechat_to_fen(exact)):
                self.fail(f"{exact} does not become {fen} fen")
            if currency._wechat_to_fen(currency._wechat_from_fen(fen)) != fen:
                self.fail(f"{fen} fen do not come back")

    def test_float_noise_does_not_cost_a_fen(self):
        currency = self.company.currency_id
        self.assertEqual(currency._wechat_to_fen(0.1 + 0.2), 30)
        self.assertEqual(currency._wechat_to_fen(19.99), 1999)
        self.assertEqual(currency._wechat_to_fen(1.005 * 1000), 100500)
        self.assertEqual(currency._wechat_to_fen(-4.35), -435)

    def test_rounding_of_the_shop_does_not_change_the_unit(self):
        currency = self.env.ref('base.CNY')
        currency.rounding = 0.1
        self.assertEqual(currency._wechat_to_fen(12.5), 1250)

    def test_yen_have_no_fen(self):
        self.assertEqual(self.env.ref('base.JPY')._wechat_to_fen(1250), 1250)

    def test_lines_add_up_exactly(self):
        order = self.env['wechat.order'].new({'currency_id': self.company.currency_id.id})
        line = self.env['wechat.order.line'].new({'order_id': order, 'quantity': 1})
        for fen in range(1, 100_001, 7):
            line.price = float(Decimal(fen).scaleb(-2))
            self.assertEqual(line.get_fee(), fen)

    def test_records_carry_the_same_fen_by_every_path(self):
        """Through the two public verbs and through the till, without sending anything.

        Amounts that `int(100 * amount)` gets wrong by one fen, and the limits.
        """
        session = self.open_session()
        wrong = [fen for fen in range(1, 100_001)
                 if int(100 * float(Decimal(fen).scaleb(-2))) != fen]
        self.assertEqual(len(wrong), 4586)
        for fen in (1, 100_000, *wrong[::153]):
            yuan = float(Decimal(fen).scaleb(-2))
            order = self.env['wechat.order'].sudo()._create_order('NATIVE', [], pay_amount=yuan)
            lines = self.env['wechat.order'].sudo()._create_order(
                'NATIVE', [{'name': "Tea", 'price': yuan, 'quantity': 3}])
            micropay = self.env['wechat.micropay'].sudo()._create_micropay("Tea", yuan)
            native_till = self.prepare(self.native, yuan)
            micropay_till = self.prepare(self.micropay, yuan)
            self.assertEqual(order.total_fee, fen)
            self.assertEqual(lines.total_fee, 3 * fen)
            self.assertEqual(micropay.total_fee, fen)
            self.assertEqual(native_till['total_fee'], fen)
            self.assertEqual(micropay_till['total_fee'], fen)
            self.assertEqual(self.trade(micropay_till).pos_session_id, session)
