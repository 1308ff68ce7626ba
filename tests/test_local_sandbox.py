# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import os
import socket
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import config

from .common import WechatCase


@tagged('post_install', '-at_install')
class TestLocalSandbox(WechatCase):

    @classmethod
    def _serve_simulator(cls):
        cls.company = cls.env.company
        cls.set_params(local_sandbox='1')
        cls.simulator = cls.env['ir.config_parameter']._wechat_simulator()
        folder = os.path.join(config['data_dir'], 'wechat_simulator')
        cls.assertTrue(cls(), os.path.isdir(folder))

    def setUp(self):
        super().setUp()
        connect = socket.socket.connect

        def refuse(sock, address):
            if sock.family in (socket.AF_INET, socket.AF_INET6) and address[1] != self.http_port():
                raise AssertionError(f"A connection to {address}, though nothing may leave Odoo")
            return connect(sock, address)

        network = patch.object(socket.socket, 'connect', refuse)
        network.start()
        self.addCleanup(network.stop)

    def test_both_payments_without_a_network(self):
        self.assertTrue(self.pay_by_code(12.5)['paid'])
        status = self.show_qr(12.5)
        self.assertEqual(status['mode'], 'simulator')
        self.assertIn('/wechat/simulator/phone', status['code_url'])
        self.pay_by_phone(status)
        self.assertTrue(self.poll(status)['paid'])
        self.assertTrue(self.trade(status).debug)

    def test_phone_page_is_served_by_odoo(self):
        status = self.show_qr(12.5)
        response = self.url_open(status['code_url'].removeprefix(self.base_url()))
        self.assertEqual(response.status_code, 200)
        self.assertIn('app.js', response.text)
        self.assertEqual(self.url_open('/wechat/simulator/phone/app.js').status_code, 200)

    def test_phone_and_callback_work_together(self):
        status = self.show_qr(12.5)
        self.simulator.scan(self.customer, status['code_url'])
        self.simulator.pay(self.customer, status['number'])
        self.assertEqual(
            self.url_open('/wechat/simulator/control/merchants').status_code, 404)
        self.authenticate('admin', 'admin')
        self.opener.post(f'{self.base_url()}/wechat/simulator/control/clock', json={'advance': 1})
        self.env.invalidate_all()
        self.assertTrue(self.trade(status).notification_received)

    def test_page_is_gone_when_switched_off(self):
        self.set_params(local_sandbox='0')
        self.assertEqual(self.url_open('/wechat/simulator/phone').status_code, 404)

    def test_only_the_phone_is_served(self):
        self.assertEqual(self.opener.post(
            f'{self.base_url()}/wechat/simulator/pay/micropay', data='<xml/>').status_code, 404)

    def test_any_currency_works(self):
        self.env.ref('base.USD').active = True
        order, code_url = self.env['wechat.order']._create_qr(
            [], pay_amount=1, create_vals={'currency_id': self.env.ref('base.USD').id})
        self.assertTrue(code_url)
        self.assertEqual(order.currency_id.name, 'USD')
