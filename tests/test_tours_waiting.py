# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import uuid

from odoo.api import Environment
from odoo.tests import tagged

from .common_tours import WechatTourCase


@tagged('post_install', '-at_install')
class TestToursWaiting(WechatTourCase):
    """What happens to the till, the net and the customer while a payment is under way."""

    def customer_acts(self, action, code_url):
        if action == 'pays in cash at another till':
            with self.env.registry.cursor() as cr:
                env = Environment(cr, self.cashier.id, {})
                charge = env['wechat.order'].sudo().search([], limit=1)
                env['pos.order'].sync_from_ui([dict(self.cash_order, uuid=charge.order_uuid)])
        else:
            super().customer_acts(action, code_url)

    def charges(self, model):
        return self.env[model].search([], order='id')

    # === THE CODE === #

    def test_native_expired_and_renewed(self):
        order = self.play('WechatNativeExpired')
        old, new = self.charges('wechat.order')
        self.assertEqual(old.state, 'cancelled')
        self.assertEqual(self.simulator.trade(old.name)['trade_state'], 'CLOSED')
        self.assertEqual(self.assertPaidWith(order, self.native, 'wechat.order'), new)
        self.assertEqual(old.order_uuid, new.order_uuid)

    def test_native_cancelled_then_paid_late(self):
        order = self.play('WechatNativePaidLate')
        self.assertTrue(order.payment_ids.payment_method_id.is_cash_count)
        charge = self.charges('wechat.order')
        self.assertEqual(charge.state, 'done')
        self.assertTrue(charge.refund_ids.automatic)
        self.run_cron()
        self.assertEqual(self.simulator.refunds()[-1]['refund_fee'], 198)

    # === THE WINDOW === #

    def test_window_passed_and_reversed(self):
        self.ask_for_password()
        self.assertFalse(self.play('WechatMicropayWindowPassed'))
        charge = self.charges('wechat.micropay')
        self.assertEqual(charge.state, 'cancelled')
        self.assertEqual(self.simulator.trade(charge.name)['trade_state'], 'REVOKED')

    # === RELOAD === #

    def test_reload_while_asking(self):
        self.simulator.fault('micropay', 'drop', paid=True)
        self.simulator.fault('orderquery', 'drop', times=2)
        order = self.play('WechatReloadAsking')
        self.assertPaidWith(order, self.micropay, 'wechat.micropay')

    def test_reload_while_reversing(self):
        self.ask_for_password()
        self.assertFalse(self.play('WechatReloadReversing'))
        self.assertEqual(self.charges('wechat.micropay').state, 'cancelled')

    def test_reload_while_refunding(self):
        orders = self.play('WechatReloadRefund')
        self.assertEqual(sorted(orders.mapped('amount_paid')), [-1.98, 1.98])
        self.assertEqual(len(self.simulator.refunds()), 1)

    # === OFFLINE === #

    def test_offline_with_a_code(self):
        order = self.play('WechatOfflineQrCode')
        self.assertPaidWith(order, self.native, 'wechat.order')

    def test_offline_while_reversing(self):
        self.ask_for_password()
        self.assertFalse(self.play('WechatOfflineReversing'))
        self.assertEqual(self.charges('wechat.micropay').state, 'cancelled')

    def test_offline_while_asking(self):
        self.simulator.fault('micropay', 'drop', paid=True)
        self.simulator.fault('orderquery', 'drop', times=2)
        order = self.play('WechatOfflineAsking')
        self.assertPaidWith(order, self.micropay, 'wechat.micropay')

    def test_offline_while_refunding(self):
        orders = self.play('WechatOfflineRefund')
        self.assertEqual(sorted(orders.mapped('amount_paid')), [-1.98, 1.98])
        self.assertEqual(len(self.simulator.refunds()), 1)

    # === PARTS, AND ANOTHER TILL === #

    def test_two_customers_pay_parts(self):
        order = self.play('WechatTwoCustomers')
        self.assertEqual(order.state, 'paid')
        self.assertEqual(sorted(order.payment_ids.mapped('amount')), [0.98, 1.0])
        whole, part = self.charges('wechat.order')
        self.assertEqual((whole.total_fee, whole.withdrawn), (198, True))
        self.assertEqual((part.total_fee, part.state), (100, 'done'))
        self.assertEqual(self.charges('wechat.micropay').total_fee, 98)

    def test_more_than_is_due_is_not_taken(self):
        order = self.play('WechatPartOfMicropay')
        self.assertPaidWith(order, self.micropay, 'wechat.micropay')

    def test_two_tills(self):
        cash = self.shop.payment_method_ids.filtered('is_cash_count')
        self.cash_order = self.order_data([
            {'method': cash, 'amount': 1.98, 'uuid': str(uuid.uuid4())}])
        order = self.play('WechatTwoTills')
        self.assertEqual(order.payment_ids.payment_method_id, cash)
        self.assertTrue(self.charges('wechat.order').refund_ids.automatic)
