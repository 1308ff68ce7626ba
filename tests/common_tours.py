# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import logging
import re
from urllib.parse import urlsplit

import requests

from odoo.tests.common import TEST_CURSOR_COOKIE_NAME

from .common import WechatCase

TIMEOUT = 120  # seconds; a first tour waits for the bundles


class Cues(logging.Handler):
    """Hears what a tour says to the customer: console messages `customer: <action> <code_url>`."""

    def __init__(self, act):
        super().__init__()
        self.act = act
        self.errors = []

    def emit(self, record):
        cue = re.match(r'customer: (?P<action>[\w ]+?) (?P<code_url>\S*)$', record.getMessage())
        if cue:
            try:
                self.act(cue['action'], cue['code_url'])
            except Exception as error:  # noqa: BLE001  Told to the test by `play`.
                self.errors.append(error)


class WechatTourCase(WechatCase):
    """The till as a plain cashier sees it, in a browser, against a WeChat that really answers."""

    def setUp(self):
        super().setUp()
        self.open_session()
        # The code on the customer's phone must still be good when the browser is up.
        self.simulator.clock.speed(0)
        self.addCleanup(self.simulator.clock.speed, 1)

    def play(self, tour):
        """Run a tour; the customer follows its cues. Return the POS order that it validated."""
        orders = self.env['pos.order'].search([])
        cues = Cues(self.customer_acts)
        browser_logger = self._logger.getChild('browser')
        browser_logger.addHandler(cues)
        self.addCleanup(browser_logger.removeHandler, cues)
        self.start_pos_tour(tour, login=self.cashier.login, timeout=TIMEOUT, cookies={
            'wechat_payment_code': self.simulator.payment_code(self.customer),
        })
        for error in cues.errors:
            raise error
        self.env.invalidate_all()
        return self.env['pos.order'].search([('state', '!=', 'draft')]) - orders

    def customer_acts(self, action, code_url):
        if action.startswith('scans and pays'):
            order = self.simulator.scan(self.customer, code_url)
            self.simulator.pay(self.customer, order['out_trade_no'])
            if action == 'scans and pays':
                self.notify()
        elif action == 'types the password':
            self.simulator.pay(self.customer, self.simulator.trades()[-1]['out_trade_no'])
        elif action == 'goes away':
            self.simulator.clock.speed(1)
        elif action == 'looks at the code':
            self.seen = code_url
        elif action == 'pays the code that was there':
            order = self.simulator.scan(self.customer, self.seen)
            self.simulator.pay(self.customer, order['out_trade_no'])
            self.notify()
        elif action == 'does not hear of the refund':
            self.simulator.fault('refund', 'drop', paid=True)
        elif action.startswith('lets '):
            self.pass_time(int(action.split()[1]))
        else:
            raise ValueError(f"The customer does not know how to: {action}")

    def pass_time(self, seconds):
        """Make what is under way look older, here and at WeChat, while the browser goes on.

        WeChat's clock goes on for some minutes at most: the next order is begun by Odoo's clock.
        """
        with self.env.registry.cursor() as cr:  # Takes turns with the requests of the till.
            for table, fields in (
                ('wechat_order', ('submitted_at', 'asked_at', 'expires_at')),
                ('wechat_micropay', ('submitted_at', 'asked_at')),
            ):
                changes = ", ".join(
                    f"{field} = {field} - %(seconds)s * interval '1 second'" for field in fields)
                cr.execute(
                    f"UPDATE {table} SET {changes} WHERE state = 'pending'", {'seconds': seconds})
            # What WeChat has accepted counts, too: the next refund waits for its minute.
            cr.execute(
                "UPDATE wechat_refund SET sent_at = sent_at - %(seconds)s * interval '1 second',"
                " asked_at = asked_at - %(seconds)s * interval '1 second'", {'seconds': seconds})
        self.simulator.clock.advance(min(seconds, 400))

    def notify(self):
        """Deliver WeChat's notifications to the Odoo that serves the tour."""
        def post(url, body, headers):
            response = requests.post(
                self.base_url() + urlsplit(url).path, data=body, headers=headers, timeout=10,
                cookies={TEST_CURSOR_COOKIE_NAME: self.http_request_key})
            return response.status_code, response.content

        self.simulator.deliver_due(post=post)

    def assertPaidWith(self, order, method, model):
        """Check that an order was paid once, with WeChat's word for it."""
        self.assertEqual(order.state, 'paid')
        payment = order.payment_ids
        self.assertEqual(payment.payment_method_id, method)
        trade = self.env[model].search([('pos_payment_id', '=', payment.id)])
        self.assertEqual((trade.state, trade.total_fee), ('done', 198))
        self.assertEqual(payment.transaction_id, trade.transaction_id)
        paid = [t for t in self.simulator.trades() if t['trade_state'] == 'SUCCESS']
        self.assertEqual([t['out_trade_no'] for t in paid][-1:], [trade.name])
        return trade

    def ask_for_password(self):
        self.simulator.set_account(self.customer, password='always')
        self.addCleanup(self.simulator.set_account, self.customer, password='auto')
