# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Notifications of the simulator: received over real HTTP, checked with wechatpy."""
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from wechatpy.exceptions import InvalidSignatureException
from wechatpy.pay import WeChatPay

from simulator import DEMO_MERCHANT, Simulator, wire

SUCCESS = (
    b'<xml><return_code><![CDATA[SUCCESS]]></return_code>'
    b'<return_msg><![CDATA[OK]]></return_msg></xml>'
)
WAITS = [
    15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600,
]


class Shop:
    """A shop's server that keeps what it receives and answers as it is told."""

    def __init__(self):
        shop = self
        self.bodies, self.reply, self.status, self.pause = [], SUCCESS, 200, 0

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                shop.bodies.append(body)
                time.sleep(shop.pause)
                self.send_response(shop.status)
                self.send_header('Location', '/elsewhere')
                self.end_headers()
                self.wfile.write(shop.reply)

            def log_message(self, *_args):
                """Quiet."""

        self._server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        # A sender that has hung up is what some tests want; no tracebacks for it.
        self._server.handle_error = lambda *_args: None
        self.url = f'http://127.0.0.1:{self._server.server_address[1]}'
        threading.Thread(
            target=self._server.serve_forever, kwargs={'poll_interval': 0.02}, daemon=True
        ).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def shop():
    shop = Shop()
    yield shop
    shop.stop()


@pytest.fixture
def sim(tmp_path):
    simulator = Simulator(tmp_path / 'ledger.sqlite')
    yield simulator
    simulator.close()


@pytest.fixture
def pay(sim):
    client = WeChatPay(
        DEMO_MERCHANT['appid'], DEMO_MERCHANT['api_key'], DEMO_MERCHANT['mch_id'], timeout=10
    )
    client._http.mount('https://', sim.adapter())
    return client


def paid(sim, pay, shop, number='WO-1', **values):
    data = {
        'appid': pay.appid, 'trade_type': 'NATIVE', 'body': "Shop - tea", 'total_fee': 1000,
        'notify_url': shop.url + '/pay', 'spbill_create_ip': '127.0.0.1',
        'out_trade_no': number, 'product_id': 'P1', **values,
    }
    sim.scan(sim.account(), pay.post('pay/unifiedorder', data=data)['code_url'])
    return sim.pay(sim.account(), number)


def states(sim):
    return [row['state'] for row in sim.notifications()]


def test_a_payment_is_notified(sim, pay, shop):
    trade = paid(sim, pay, shop, attach="till 3", device_info='D1')
    assert sim.deliver_due() == 1
    assert sim.deliver_due() == 0
    (body,) = shop.bodies
    values = pay.parse_payment_result(body)
    assert values['out_trade_no'] == 'WO-1' and values['total_fee'] == 1000
    assert values['transaction_id'] == trade['transaction_id'] and values['attach'] == "till 3"
    assert values['return_code'] == values['result_code'] == 'SUCCESS'
    assert values['openid'] == trade['openid'] and len(values['time_end']) == 14
    assert states(sim) == ['delivered']
    with pytest.raises(InvalidSignatureException):
        pay.parse_payment_result(body.replace(b'<total_fee>1000', b'<total_fee>1001'))


def test_notifications_are_signed_as_the_order_was(sim, pay, shop):
    paid(sim, pay, shop, sign_type='HMAC-SHA256')
    sim.deliver_due()
    values = wire.parse_xml(shop.bodies[0])
    assert values['sign_type'] == 'HMAC-SHA256' and len(values['sign']) == 64
    assert values['sign'] == wire.sign(values, pay.api_key, 'HMAC-SHA256')


def test_schedule_of_repeats(sim, pay, shop):
    sim.clock.speed(0)
    shop.status = 500
    paid(sim, pay, shop)
    start, at = sim.clock.timestamp(), []
    for wait in [0, *WAITS]:
        sim.clock.advance(max(wait - 1, 0))
        assert wait == 0 or sim.deliver_due() == 0
        sim.clock.advance(min(wait, 1))
        assert sim.deliver_due() == 1
        at.append(round(sim.clock.timestamp() - start))
    assert len(shop.bodies) == 16
    assert at[-1] == 24 * 3600 + 4 * 60
    assert states(sim) == ['given_up']
    sim.clock.advance(30 * 24 * 3600)
    assert sim.deliver_due() == 0


@pytest.mark.parametrize(('status', 'reply'), [
    (200, b''), (200, b'SUCCESS'), (200, b'{"return_code": "SUCCESS"}'), (302, SUCCESS),
    (404, SUCCESS), (200, b'<html>' + SUCCESS + b'</html>'),
    (200, SUCCESS.replace(b'SUCCESS', b'FAIL')),
])
def test_only_the_documented_reply_ends_it(sim, pay, shop, status, reply):
    shop.status, shop.reply = status, reply
    paid(sim, pay, shop)
    assert sim.deliver_due() == 1
    assert states(sim) == ['waiting']
    shop.status, shop.reply = 200, SUCCESS
    sim.clock.advance(15)
    assert sim.deliver_due() == 1
    assert states(sim) == ['delivered']


def test_nobody_listens(sim, pay, shop):
    shop.stop()
    paid(sim, pay, shop)
    assert sim.deliver_due() == 1
    (notification,) = sim.notifications()
    assert notification['state'] == 'waiting' and notification['log'][0]['ok'] is False


def test_a_late_reply_does_not_count(sim, pay, shop):
    sim.reply_seconds = 0.1
    shop.pause = 0.3
    paid(sim, pay, shop)
    sim.deliver_due()
    assert states(sim) == ['waiting']


def test_own_way_of_posting(sim, pay, shop):
    seen = []

    def post(url, body, headers):
        seen.append((url, body, headers))
        return 200, SUCCESS

    paid(sim, pay, shop)
    assert sim.deliver_due(post) == 1
    assert seen[0][0] == shop.url + '/pay' and seen[0][2] == {'Content-Type': 'text/xml'}
    assert pay.parse_payment_result(seen[0][1])['out_trade_no'] == 'WO-1'
    assert shop.bodies == [] and states(sim) == ['delivered']

    def broken(url, body, headers):
        raise KeyError('a mistake in the poster')

    paid(sim, pay, shop, 'WO-2')
    with pytest.raises(KeyError):
        sim.deliver_due(broken)
    assert states(sim) == ['delivered', 'waiting']
    sim.clock.advance(15)
    assert sim.deliver_due(post) == 1


def test_refunds_are_notified_encrypted(sim, pay, shop):
    paid(sim, pay, shop)
    sim.deliver_due()
    pay.refund.apply(
        1000, 300, 'WR-1', out_trade_no='WO-1', notify_url=shop.url + '/refund',
        refund_account=None,
    )
    assert sim.deliver_due() == 0
    sim.clock.advance(6)
    assert sim.deliver_due() == 1
    body = shop.bodies[-1]
    assert b'<sign>' not in body and b'WR-1' not in body
    values = pay.parse_refund_notify_result(body)
    assert values['out_refund_no'] == 'WR-1' and values['refund_fee'] == 300
    assert values['refund_status'] == 'SUCCESS' and values['refund_request_source'] == 'API'
    assert len(values['success_time']) == 19


def test_refund_url_of_the_platform(sim, pay, shop):
    sim.set_merchant(pay.mch_id, refund_notify_url=shop.url + '/platform')
    paid(sim, pay, shop)
    sim.deliver_due()
    sim.platform_refund('WO-1', 5)
    sim.clock.advance(6)
    sim.deliver_due()
    values = pay.parse_refund_notify_result(shop.bodies[-1])
    assert values['refund_request_source'] == 'VENDOR_PLATFORM'
    assert sim.notifications()[-1]['url'] == shop.url + '/platform'


def test_lost_double_and_late(sim, pay, shop):
    for number, kind in enumerate(['drop', 'double', 'delay']):
        sim.fault('notification', kind)
        paid(sim, pay, shop, f'WO-{number}')
        sim.deliver_due()
    assert len(shop.bodies) == 2 and shop.bodies[0] == shop.bodies[1]
    assert states(sim) == ['waiting', 'delivered', 'waiting']
    sim.clock.advance(15)
    assert sim.deliver_due() == 1
    assert b'WO-0' in shop.bodies[-1]
    sim.clock.advance(45)
    assert sim.deliver_due() == 1
    assert b'WO-2' in shop.bodies[-1]


def test_reordered(sim, pay, shop):
    sim.fault('notification', 'reorder')
    paid(sim, pay, shop, 'WO-1')
    assert sim.deliver_due() == 0
    paid(sim, pay, shop, 'WO-2')
    assert sim.deliver_due() == 2
    assert [wire.parse_xml(body)['out_trade_no'] for body in shop.bodies] == ['WO-2', 'WO-1']
    sim.fault('notification', 'reorder')
    paid(sim, pay, shop, 'WO-3')
    assert sim.deliver_due() == 0
    sim.clock.advance(601)
    assert sim.deliver_due() == 1


@pytest.mark.parametrize(('kind', 'field'), [
    ('wrong_amount', 'total_fee'), ('wrong_mch_id', 'mch_id'), ('wrong_appid', 'appid'),
    ('wrong_out_trade_no', 'out_trade_no'), ('wrong_fee_type', 'fee_type'),
])
def test_lies_are_properly_signed(sim, pay, shop, kind, field):
    sim.fault('notification', kind)
    paid(sim, pay, shop)
    sim.deliver_due()
    lie = pay.parse_payment_result(shop.bodies[0])
    truth = {'total_fee': 1000, 'mch_id': pay.mch_id, 'appid': pay.appid,
             'out_trade_no': 'WO-1', 'fee_type': 'CNY'}
    assert {name for name in truth if truth[name] != lie[name]} == {field}


def test_wrong_signature(sim, pay, shop):
    sim.fault('notification', 'wrong_signature', out_trade_no='WO-2')
    sim.fault('refund_notification', 'wrong_signature')
    sim.fault('refund_notification', 'wrong_amount')
    paid(sim, pay, shop, 'WO-1')
    paid(sim, pay, shop, 'WO-2')
    sim.deliver_due()
    pay.parse_payment_result(shop.bodies[0])
    with pytest.raises(InvalidSignatureException):
        pay.parse_payment_result(shop.bodies[1])
    for number in ('WR-1', 'WR-2'):
        pay.refund.apply(1000, 300, number, out_trade_no='WO-1', notify_url=shop.url)
        sim.clock.advance(61)
    sim.deliver_due()
    with pytest.raises(ValueError):
        pay.parse_refund_notify_result(shop.bodies[2])
    assert pay.parse_refund_notify_result(shop.bodies[3])['refund_fee'] == 301


def test_background_delivery(sim, pay, shop):
    server = sim.serve()
    try:
        for number in range(5):
            paid(sim, pay, shop, f'WO-{number}')
        deadline = time.monotonic() + 10
        while states(sim) != ['delivered'] * 5 and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        server.stop()
    assert states(sim) == ['delivered'] * 5
    assert sorted(wire.parse_xml(body)['out_trade_no'] for body in shop.bodies) == [
        f'WO-{number}' for number in range(5)
    ]


def test_two_deliverers_never_send_the_same(sim, pay, shop):
    for number in range(12):
        paid(sim, pay, shop, f'WO-{number}')
    other = Simulator(sim.ledger.path)
    sent = []
    threads = [
        threading.Thread(target=lambda one=one: sent.append(one.deliver_due()))
        for one in (sim, other, sim, other)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert sum(sent) == len(shop.bodies) == 12
    assert len(set(shop.bodies)) == 12
