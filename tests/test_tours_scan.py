# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo.tests import tagged

from .common_tours import WechatTourCase


@tagged('post_install', '-at_install')
class TestToursScan(WechatTourCase):
    """A payment code that is scanned among the products pays the order."""

    def assertPaidOnce(self, order):
        """Check that one trade was sent to WeChat, and that it paid the order."""
        trade = self.assertPaidWith(order, self.micropay, 'wechat.micropay')
        self.assertEqual([t['out_trade_no'] for t in self.simulator.trades()], [trade.name])

    def make_product(self, **values):
        """Make a product whose barcode is what the customer's phone shows."""
        return self.env['product.product'].create({
            'name': "Long Number", 'list_price': 3, 'taxes_id': False, 'available_in_pos': True,
            'barcode': self.simulator.payment_code(self.customer), **values})

    def test_scanned_among_products(self):
        self.assertPaidOnce(self.play('WechatScanAnytime'))

    def test_under_gs1(self):
        self.shop.company_id.nomenclature_id = self.env.ref(
            'barcodes_gs1_nomenclature.default_gs1_nomenclature')
        self.assertPaidOnce(self.play('WechatScanAnytime'))

    def test_only_method_of_the_shop(self):
        """Then the payment screen begins a payment by itself."""
        self.shop.current_session_id.close_session_from_ui()
        self.shop.payment_method_ids = self.micropay
        self.open_session()
        self.assertPaidOnce(self.play('WechatScanAnytime'))

    def test_password(self):
        self.ask_for_password()
        self.assertPaidOnce(self.play('WechatScanAnytimePassword'))

    def test_rest_of_an_order(self):
        order = self.play('WechatScanAnytimeRest')
        payment = order.payment_ids.filtered(lambda p: p.payment_method_id == self.micropay)
        self.assertEqual((order.state, payment.amount), ('paid', 0.98))

    def test_switched_off(self):
        self.env['res.config.settings'].create({
            'pos_config_id': self.shop.id, 'pos_wechat_scan_anytime': False}).execute()
        self.assertFalse(self.shop.wechat_scan_anytime)
        self.assertPaidOnce(self.play('WechatScanSwitchedOff'))

    def test_shop_without_the_method(self):
        self.shop.current_session_id.close_session_from_ui()
        self.shop.payment_method_ids -= self.micropay
        self.open_session()
        self.assertFalse(self.play('WechatScanNoMethod'))
        self.assertFalse(self.simulator.trades())

    def test_nothing_charged(self):
        self.assertPaidOnce(self.play('WechatScanNothingCharged'))

    def test_scanned_twice(self):
        self.ask_for_password()
        self.assertPaidOnce(self.play('WechatScanTwice'))

    # === THE BARCODE OF A PRODUCT === #

    def test_product_is_added(self):
        self.make_product()
        self.assertFalse(self.play('WechatScanProductAdded'))
        self.assertFalse(self.simulator.trades())

    def test_product_under_gs1_is_added(self):
        """Odoo's own reader would refuse the barcode: the cashier's answer counts."""
        self.shop.company_id.nomenclature_id = self.env.ref(
            'barcodes_gs1_nomenclature.default_gs1_nomenclature')
        self.make_product()
        self.assertFalse(self.play('WechatScanProductAdded'))

    def test_product_that_the_till_has_not_loaded(self):
        self.make_product(available_in_pos=False)
        self.assertFalse(self.play('WechatScanProductAdded'))

    def test_packaging_is_added(self):
        product = self.make_product(barcode=False)
        self.env['product.uom'].create({
            'product_id': product.id, 'uom_id': product.uom_id.id,
            'barcode': self.simulator.payment_code(self.customer)})
        self.assertFalse(self.play('WechatScanProductAdded'))

    def test_charged_all_the_same(self):
        self.make_product()
        self.assertPaidOnce(self.play('WechatScanProductCharged'))

    def test_empty_order_takes_the_product(self):
        self.make_product()
        self.assertFalse(self.play('WechatScanProductIntoEmptyOrder'))

    def test_server_learns_no_code(self):
        """The first digits tell which products are worth a look; wildcards find nothing."""
        product = self.make_product()
        Products = self.env['product.template'].with_user(self.cashier)
        found = Products.wechat_barcodes(product.barcode[:6])
        self.assertIn([product.barcode, product.product_tmpl_id.id], found)
        for prefix in (product.barcode, '1_____', '134%', '', '201234'):
            self.assertEqual(Products.wechat_barcodes(prefix), [])

    # === CAMERA === #

    def test_camera_in_the_dialog(self):
        self.assertPaidOnce(self.play('WechatScanCameraInDialog'))

    def test_camera_among_products(self):
        self.assertPaidOnce(self.play('WechatScanCameraOnProductScreen'))
