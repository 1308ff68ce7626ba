# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import json

from odoo.tests import tagged

from ..simulator import DEMO_MERCHANT
from ..simulator.customers import openid
from .common_tours import WechatTourCase

NOTHING = {'qrPaymentData': None, 'wechatPayment': None}
KNOWN = {'state', 'amount', 'shop', 'mode', 'qrCode', 'seconds'}


@tagged('post_install', '-at_install')
class TestToursDisplay(WechatTourCase):
    """The customer display, opened beside the till: what a customer sees, and what the next one."""

    def setUp(self):
        super().setUp()
        self.secrets = [
            self.simulator.payment_code(self.customer),
            openid(self.customer['id'], DEMO_MERCHANT['appid']),
        ]
        self.sent = self.watch_bus()

    def watch_bus(self):
        """Return the list of what the till sends to displays on other devices, from now on."""
        sent = []
        update_customer_display = self.registry['pos.config'].update_customer_display

        def watched(shop, order, device_uuid):
            sent.append(order)
            return update_customer_display(shop, order, device_uuid)

        self.patch(self.registry['pos.config'], 'update_customer_display', watched)
        return sent

    def assertSent(self, *states):
        """Check what displays on other devices were told of the payment, in this order.

        Anybody who knows the address of a display can listen, so there is nothing else to hear.
        """
        payments = [message['wechatPayment'] for message in self.sent]
        told = [payment and payment['state'] for payment in payments]
        changes = [new for old, new in zip([None, *told], told, strict=False) if old != new]
        self.assertEqual([state for state in changes if state], list(states))
        for payment in filter(None, payments):
            self.assertLessEqual(set(payment), KNOWN)
        for secret in self.secrets:
            self.assertNotIn(secret, json.dumps(self.sent))

    def assertForgotten(self):
        """Check that displays on other devices were told to forget the payment, in the end."""
        self.assertIsNone(self.sent[-1]['wechatPayment'])

    def test_words_of_the_display_are_translated(self):
        """A page for the public gets the translations of some modules only."""
        page = self.url_open(f'/pos_customer_display/{self.shop.id}/tour')
        self.assertIn('/website/translations', page.text)
        translations = self.url_open('/website/translations?lang=zh_CN').json()
        self.assertIn('wechat', translations['modules'])

    def test_paid(self):
        order = self.play('WechatDisplayPaid')
        trade = self.assertPaidWith(order, self.native, 'wechat.order')
        self.assertSent('scan', 'paid')
        self.assertForgotten()
        self.assertNotIn(trade.name, json.dumps(self.sent))

    def test_next_order(self):
        order = self.play('WechatDisplayNextOrder')
        self.assertPaidWith(order, self.native, 'wechat.order')
        self.assertSent('scan', 'paid')
        self.assertForgotten()

    def test_cancelled(self):
        self.assertFalse(self.play('WechatDisplayCancelled'))
        self.assertSent('scan')
        self.assertForgotten()

    def test_put_aside(self):
        self.assertFalse(self.play('WechatDisplayPutAside'))
        self.assertEqual(self.env['wechat.order'].search([], limit=1).state, 'done')
        self.assertSent('scan')
        self.assertForgotten()

    def test_other_screen(self):
        self.assertFalse(self.play('WechatDisplayOtherScreen'))

    def test_reload(self):
        """A till that leaves says so, also to a display that it reaches over the bus only."""
        self.assertFalse(self.play('WechatDisplayReload'))
        self.assertIn(NOTHING, self.sent)
        self.assertSent('scan', 'scan')
        self.assertForgotten()

    def test_confirm(self):
        self.ask_for_password()
        order = self.play('WechatDisplayConfirm')
        self.assertPaidWith(order, self.micropay, 'wechat.micropay')
        self.assertSent('confirm', 'paid')
