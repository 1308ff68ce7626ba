# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo.tests import tagged

from .common_tours import WechatTourCase


@tagged('post_install', '-at_install')
class TestToursReceipt(WechatTourCase):
    """The receipt, first print and reprint, as the customer gets it."""

    def assertPrinted(self, order, number):
        """Check what the books keep for the next print, to the letter."""
        lines = order.payment_ids.ticket.split('\n')
        self.assertEqual(lines[0], "*** Simulator – no real money ***")
        self.assertIn(number, lines[2])

    def test_native_and_reprint_after_reload(self):
        order = self.play('WechatReceiptNative')
        trade = self.assertPaidWith(order, self.native, 'wechat.order')
        self.assertPrinted(order, trade.transaction_id)

    def test_micropay_and_reprint_at_another_till(self):
        order = self.play('WechatReceiptMicropay')
        trade = self.assertPaidWith(order, self.micropay, 'wechat.micropay')
        self.assertPrinted(order, trade.transaction_id)
        self.assertFalse(self.play('WechatReceiptOtherTill'))

    def test_words_before_the_order(self):
        order = self.play('WechatReceiptBeforeTheOrder')
        self.assertEqual(
            [bool(payment.ticket) for payment in order.payment_ids.sorted('id')], [True, False])

    def test_refund(self):
        orders = self.play('WechatReceiptRefund')
        refund = self.env['wechat.refund'].search([], limit=1)
        order = orders.filtered(lambda o: o.amount_paid < 0)
        self.assertEqual(refund.pos_payment_id, order.payment_ids)
        self.assertPrinted(order, refund.wechat_refund_id)
