# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_tours import WechatTourCase


@tagged('post_install', '-at_install')
class TestTours(WechatTourCase):
    """The ways of paying, and what goes wrong on them."""

    # === NATIVE === #

    def test_native_paid(self):
        order = self.play('WechatNativePaid')
        trade = self.assertPaidWith(order, self.native, 'wechat.order')
        self.assertTrue(trade.notification_received)

    def test_native_cancelled(self):
        order = self.play('WechatNativeCancelled')
        self.assertNotIn(self.native, order.payment_ids.payment_method_id)
        self.assertTrue(self.env['wechat.order'].search([], limit=1).withdrawn)

    def test_native_reload(self):
        self.assertPaidWith(self.play('WechatNativeReload'), self.native, 'wechat.order')

    def test_native_put_aside(self):
        self.assertFalse(self.play('WechatNativePutAside'))

    def test_native_deleted_line_of_a_paid_order(self):
        self.assertPaidWith(self.play('WechatNativeDeletedLine'), self.native, 'wechat.order')

    @mute_logger('odoo.http')
    def test_forged_payment_is_refused(self):
        self.assertFalse(self.play('WechatForged'))

    # === MICROPAY === #

    def test_micropay_typed(self):
        order = self.play('WechatMicropayTyped')
        self.assertPaidWith(order, self.micropay, 'wechat.micropay')

    def test_micropay_scanned(self):
        order = self.play('WechatMicropayScanned')
        self.assertPaidWith(order, self.micropay, 'wechat.micropay')

    def test_micropay_scanned_under_gs1(self):
        """The GS1 nomenclature would refuse a payment code, or take it for a lot number."""
        self.shop.company_id.nomenclature_id = self.env.ref(
            'barcodes_gs1_nomenclature.default_gs1_nomenclature')
        order = self.play('WechatMicropayScanned')
        self.assertPaidWith(order, self.micropay, 'wechat.micropay')

    def test_micropay_scanned_on_payment_screen(self):
        order = self.play('WechatMicropayScannedOnPaymentScreen')
        self.assertPaidWith(order, self.micropay, 'wechat.micropay')

    def test_micropay_wrong_codes(self):
        order = self.play('WechatMicropayWrongCodes')
        self.assertPaidWith(order, self.micropay, 'wechat.micropay')

    def test_micropay_password(self):
        self.ask_for_password()
        order = self.play('WechatMicropayPassword')
        self.assertPaidWith(order, self.micropay, 'wechat.micropay')

    def test_micropay_refused_then_scanned_again(self):
        order = self.play('WechatMicropayRefused')
        self.assertPaidWith(order, self.micropay, 'wechat.micropay')

    def test_micropay_refused_then_other_method(self):
        order = self.play('WechatMicropayOtherMethod')
        self.assertNotIn(self.micropay, order.payment_ids.payment_method_id)

    def test_micropay_reload(self):
        self.ask_for_password()
        order = self.play('WechatMicropayReload')
        self.assertPaidWith(order, self.micropay, 'wechat.micropay')

    def test_micropay_reversed(self):
        self.ask_for_password()
        self.assertFalse(self.play('WechatMicropayReversed'))
        trade = self.env['wechat.micropay'].search([], limit=1)
        self.assertEqual(trade.state, 'cancelled')
        self.assertEqual(self.simulator.trade(trade.name)['trade_state'], 'REVOKED')

    # === TROUBLE === #

    def test_answer_lost(self):
        self.simulator.fault('micropay', 'drop')
        order = self.play('WechatAnswerLost')
        self.assertPaidWith(order, self.micropay, 'wechat.micropay')

    def test_server_away(self):
        self.ask_for_password()
        orders = self.play('WechatServerAway')
        self.assertEqual(len(orders), 2)
        order = orders.filtered(lambda o: o.payment_ids.payment_method_id == self.micropay)
        self.assertPaidWith(order, self.micropay, 'wechat.micropay')

    def test_split_with_cash(self):
        order = self.play('WechatSplitWithCash')
        payment = order.payment_ids.filtered(lambda p: p.payment_method_id == self.native)
        self.assertEqual(payment.amount, 0.98)
        trade = self.env['wechat.order'].search([('pos_payment_id', '=', payment.id)])
        self.assertEqual((trade.state, trade.total_fee), ('done', 98))

    def test_not_set_up(self):
        self.set_params(mch_id='')
        self.assertFalse(self.play('WechatNotSetUp'))
        self.assertFalse(self.simulator.trades())
