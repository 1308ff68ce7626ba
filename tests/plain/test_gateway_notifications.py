# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

"""Notifications: published samples, the simulator's own, and forgeries."""

import base64
import hashlib
import http.server
import threading

import pytest
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from lxml import etree

from gateway import (
    Client,
    Credentials,
    Gateway,
    Kind,
    NotificationError,
    notification_merchant,
    notification_number,
    notification_reply,
    parse_payment_notification,
    parse_refund_notification,
)
from gateway.messages import MAX_BYTES
from simulator import DEMO_MERCHANT, DEMO_PROVIDER, Simulator

KEY = '192006250b4c09247ec02edce69f6a2d'
OURS = Credentials('wx0000000000000001', '1900000001', KEY)
PAYMENT = (
    b'<xml><return_code><![CDATA[SUCCESS]]></return_code>'
    b'<appid><![CDATA[wx0000000000000001]]></appid><mch_id>1900000001</mch_id>'
    b'<nonce_str><![CDATA[5K8264ILTKCH16CQ2502SI8ZNMTM67VS]]></nonce_str>'
    b'<result_code><![CDATA[SUCCESS]]></result_code>'
    b'<sign_type><![CDATA[HMAC-SHA256]]></sign_type>'
    b'<openid><![CDATA[oABCDEFG000000000000000001]]></openid>'
    b'<is_subscribe><![CDATA[N]]></is_subscribe><trade_type><![CDATA[NATIVE]]></trade_type>'
    b'<bank_type><![CDATA[OTHERS]]></bank_type><fee_type><![CDATA[CNY]]></fee_type>'
    b'<total_fee>1250</total_fee><cash_fee>1250</cash_fee>'
    b'<cash_fee_type><![CDATA[CNY]]></cash_fee_type>'
    b'<transaction_id>4200000000202601150000000001</transaction_id>'
    b'<out_trade_no><![CDATA[POS-00042-002]]></out_trade_no>'
    b'<time_end>20260115180211</time_end>'
    b'<sign><![CDATA[FAC288A2E7BE158BA0F177F3151A9AF7A99A2BDBA94BD86887FC0B39D50A43FB]]></sign>'
    b'</xml>'
)
VECTOR_C = (
    'WBzGpzQuNpcFxIlFjUUD9BZv+lpBMzd2SHiKCkwfALWid5G8ZvfOussfMIHLbKJmcnxPKdb1ZJEqTAp8ysQv+xa1fj+Eo'
    'rgndx3fNxf3KAYa3LPgsjvZgxaeYyrhV05Kbjkj6ywg27cEyTTaPZFYNg=='
)


def message(**fields):
    """A message in WeChat's form, signed unless ``sign`` is given."""
    fields = {
        'return_code': 'SUCCESS', 'result_code': 'SUCCESS', 'appid': OURS.app_id,
        'mch_id': OURS.mch_id, 'out_trade_no': 'WO-1', 'transaction_id': '4200', 'total_fee': '1',
        **fields,
    }
    fields = {name: value for name, value in fields.items() if value}
    text = '&'.join(f'{name}={fields[name]}' for name in sorted(fields)) + f'&key={KEY}'
    fields.setdefault('sign', hashlib.md5(text.encode()).hexdigest().upper())
    return '<xml>{}</xml>'.format(
        ''.join(f'<{name}>{value}</{name}>' for name, value in fields.items())).encode()


def refund_message(inner, key=KEY, **outer):
    """A refund notification around ``inner`` (str)."""
    aes_key = hashlib.md5(key.encode()).hexdigest().encode()
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(aes_key), modes.ECB()).encryptor()
    packed = encryptor.update(padder.update(inner.encode()) + padder.finalize())
    outer = {
        'return_code': 'SUCCESS', 'appid': OURS.app_id, 'mch_id': OURS.mch_id,
        'req_info': base64.b64encode(packed).decode(), **outer,
    }
    return '<xml>{}</xml>'.format(
        ''.join(f'<{name}>{value}</{name}>' for name, value in outer.items() if value)).encode()


def reason(parse, raw, credentials=OURS):
    with pytest.raises(NotificationError) as caught:
        parse(raw, credentials)
    assert KEY not in str(caught.value)
    return caught.value.reason


# -- Payments ----------------------------------------------------------------------------------

def test_published_payment():
    outcome = parse_payment_notification(PAYMENT, OURS)
    assert (outcome.kind, outcome.code, outcome.endpoint) == (Kind.PAID, 'SUCCESS', 'notification')
    assert outcome.data['out_trade_no'] == 'POS-00042-002'
    assert outcome.data['total_fee'] == '1250'
    assert outcome.raw == PAYMENT.decode()
    assert notification_number(PAYMENT) == 'POS-00042-002'
    assert notification_merchant(PAYMENT) == {'appid': OURS.app_id, 'mch_id': OURS.mch_id}


def test_any_changed_field_is_noticed():
    for before, after in (
        (b'>1250<', b'>1251<'), (b'-002]', b'-003]'), (b'4200000000', b'4300000000'),
        (b'[CNY]', b'[HKD]'), (b'<time_end>20260115180211</time_end>', b''),
        (b'<sign>', b'<coupon>1</coupon><sign>'),
    ):
        assert reason(parse_payment_notification, PAYMENT.replace(before, after, 1)) == (
            'bad_signature')


@pytest.mark.parametrize(('raw', 'expected'), [
    (b'', 'empty'),
    (b'\n', 'empty'),
    (b'<xml>' + b' ' * MAX_BYTES + b'</xml>', 'too_large'),
    (b'hello', 'bad_xml'),
    (b'{}', 'bad_xml'),
    (b'<xml><return_code>SUCCESS</return_code>', 'bad_xml'),
    (b'<!DOCTYPE xml [<!ENTITY a "b">]><xml>&a;</xml>', 'dtd'),
    (b'<xml><return_code>FAIL</return_code></xml>', 'return_code'),
    (b'<xml><out_trade_no>WO-1</out_trade_no></xml>', 'return_code'),
    (message(sign='0' * 32), 'bad_signature'),
    (message(sign='0'), 'bad_signature'),
    (message(mch_id='1900000002'), 'foreign_merchant'),
    (message(mch_id=''), 'foreign_merchant'),
    (message(appid='wx0000000000000002'), 'foreign_merchant'),
    (message(sub_mch_id='1900000002'), 'foreign_merchant'),
    (message(out_trade_no=''), 'missing_number'),
    (message(transaction_id=''), 'missing_number'),
    (message(total_fee=''), 'missing_number'),
    (message(result_code='FAIL'), 'not_success'),
    (message(result_code=''), 'not_success'),
])
def test_no_payment(raw, expected):
    assert reason(parse_payment_notification, raw) == expected


def test_other_key_and_other_merchant():
    other = Credentials('wx0000000000000001', '1900000001', KEY[::-1])
    assert reason(parse_payment_notification, PAYMENT, other) == 'bad_signature'
    provider = Credentials('wx0000000000000001', '1900000001', KEY, sub_mch_id='1900000002')
    assert reason(parse_payment_notification, PAYMENT, provider) == 'foreign_merchant'
    assert parse_payment_notification(message(sub_mch_id='1900000002'), provider)


def test_mini_program_of_the_same_merchant():
    raw = message(appid='wx00000000000000aa')
    assert reason(parse_payment_notification, raw) == 'foreign_merchant'
    ours = Credentials(OURS.app_id, OURS.mch_id, KEY, miniprogram_app_id='wx00000000000000aa')
    assert parse_payment_notification(raw, ours).kind is Kind.PAID


@pytest.mark.parametrize('raw', [
    b'', b'hello', b'<xml/>', message(out_trade_no='a' * 33), message(out_trade_no='WO 1'),
    message(out_trade_no='支付'), b'<!DOCTYPE xml><xml/>', b'\xff\xff',
])
def test_number_that_is_none(raw):
    assert notification_number(raw) is None


# -- Refunds -----------------------------------------------------------------------------------

def test_published_refund():
    raw = refund_message('', req_info=VECTOR_C)
    outcome = parse_refund_notification(raw, OURS)
    assert (outcome.kind, outcome.endpoint) == (Kind.PAID, 'refund_notification')
    assert outcome.data == {
        'appid': OURS.app_id, 'mch_id': OURS.mch_id, 'out_refund_no': 'R1',
        'refund_status': 'SUCCESS',
    }


@pytest.mark.parametrize(('status', 'kind'), [
    ('SUCCESS', Kind.PAID), ('CHANGE', Kind.UNKNOWN), ('REFUNDCLOSE', Kind.REFUSED),
    ('PAID', Kind.UNKNOWN),
])
def test_refund_states(status, kind):
    raw = refund_message(
        f'<root><out_refund_no>R1</out_refund_no><refund_status>{status}</refund_status></root>')
    outcome = parse_refund_notification(raw, OURS)
    assert (outcome.kind, outcome.code) == (kind, status)


INNER = '<root><out_refund_no>R1</out_refund_no><refund_status>SUCCESS</refund_status></root>'


@pytest.mark.parametrize(('raw', 'expected'), [
    (b'', 'empty'),
    (b'hello', 'bad_xml'),
    (refund_message(INNER, return_code='FAIL'), 'return_code'),
    (refund_message(INNER, mch_id='1900000002'), 'foreign_merchant'),
    (refund_message(INNER, appid='wx0000000000000002'), 'foreign_merchant'),
    (refund_message(INNER, key=KEY[::-1]), 'bad_signature'),
    (refund_message(INNER, req_info=''), 'bad_signature'),
    (refund_message(INNER, req_info='a'), 'bad_signature'),
    (refund_message(INNER, req_info='QUJD'), 'bad_signature'),
    (refund_message(INNER, req_info='支付'), 'bad_signature'),
    (refund_message('<xml><out_refund_no>R1</out_refund_no></xml>'), 'bad_signature'),
    (refund_message('<!DOCTYPE root [<!ENTITY a "b">]><root>&a;</root>'), 'bad_signature'),
    (refund_message('no xml'), 'bad_signature'),
    (refund_message('<root><refund_status>SUCCESS</refund_status></root>'), 'missing_number'),
    (refund_message('<root><out_refund_no>R1</out_refund_no></root>'), 'not_success'),
    (message(), 'bad_signature'),
])
def test_no_refund(raw, expected):
    assert reason(parse_refund_notification, raw) == expected


# -- Replies -----------------------------------------------------------------------------------

def test_reply():
    assert notification_reply(True) == (
        b'<xml><return_code><![CDATA[SUCCESS]]></return_code>'
        b'<return_msg><![CDATA[OK]]></return_msg></xml>')
    for words in ('signature', ']]><evil/>', '😀 坏', 'x' * 500):
        reply = etree.fromstring(notification_reply(False, words))
        assert reply.findtext('return_code') == 'FAIL'
        assert len(reply) == 2
        assert reply.findtext('return_msg')


# -- From the simulator ------------------------------------------------------------------------

@pytest.fixture
def world():
    simulator = Simulator()
    server = simulator.serve(notify=False)
    received = []

    def post(url, body, headers):
        received.append(body)
        return 200, notification_reply(True)

    yield simulator, server, received, post
    server.stop()
    simulator.close()


@pytest.mark.parametrize('sign_type', [None, 'MD5', 'HMAC-SHA256'])
@pytest.mark.parametrize('party', [DEMO_MERCHANT, DEMO_PROVIDER], ids=['merchant', 'provider'])
def test_simulated_payment_and_refund(world, party, sign_type):
    simulator, server, received, post = world
    ours = Credentials(
        party['appid'], party['mch_id'], party['api_key'], sub_mch_id=party.get('sub_mch_id'),
        sub_app_id=party.get('sub_appid'), api_url=server.url)
    gateway = Gateway(Client(ours))
    order = gateway.unified_order({
        'trade_type': 'NATIVE', 'body': '茶', 'out_trade_no': 'WO-1', 'total_fee': 1250,
        'spbill_create_ip': '127.0.0.1', 'notify_url': 'https://shop.example.com/wechat/callback',
        'product_id': '1', 'sign_type': sign_type, 'attach': '<&>',
    })
    simulator.scan('Li Lei', order.data['code_url'])
    simulator.pay('Li Lei', 'WO-1')
    assert simulator.deliver_due(post) == 1
    paid = parse_payment_notification(received[0], ours)
    assert paid.kind is Kind.PAID
    assert (paid.data['out_trade_no'], paid.data['total_fee']) == ('WO-1', '1250')
    assert paid.data['attach'] == '<&>'
    assert simulator.notifications()[0]['state'] not in ('waiting', 'failed')

    gateway.refund({
        'out_trade_no': 'WO-1', 'out_refund_no': 'WR-1', 'total_fee': 1250, 'refund_fee': 1250,
        'notify_url': 'https://shop.example.com/wechat/callback/refund',
    })
    simulator.clock.advance(3600)
    assert simulator.deliver_due(post) == 1
    back = parse_refund_notification(received[1], ours)
    assert back.kind is Kind.PAID
    assert (back.data['out_refund_no'], back.data['refund_fee']) == ('WR-1', '1250')
    data = gateway.client.parse_refund_notify_result(received[1])
    assert data['refund_fee'] == 1250
    data = gateway.client.parse_payment_result(received[0])
    assert data['total_fee'] == 1250
    assert gateway.client.get_payment_data(received[0])['out_trade_no'] == 'WO-1'


@pytest.mark.parametrize(('kind', 'expected'), [
    ('wrong_signature', 'bad_signature'),
    ('wrong_mch_id', 'foreign_merchant'),
    ('wrong_appid', 'foreign_merchant'),
])
def test_simulated_trouble(world, kind, expected):
    simulator, server, received, post = world
    ours = Credentials(
        DEMO_MERCHANT['appid'], DEMO_MERCHANT['mch_id'], DEMO_MERCHANT['api_key'],
        api_url=server.url)
    order = Gateway(Client(ours)).unified_order({
        'trade_type': 'NATIVE', 'body': '茶', 'out_trade_no': 'WO-1', 'total_fee': 1250,
        'spbill_create_ip': '127.0.0.1', 'notify_url': 'https://shop.example.com/x',
        'product_id': '1',
    })
    simulator.scan('Li Lei', order.data['code_url'])
    simulator.pay('Li Lei', 'WO-1')
    simulator.fault('notification', kind)
    simulator.deliver_due(post)
    assert reason(parse_payment_notification, received[0], ours) == expected


def test_reply_is_understood_over_http(world):
    """The simulator delivers to a real web server and takes our answers for what they are."""
    simulator, server, _received, _post = world
    answers = [notification_reply(False, "busy"), notification_reply(True)]
    bodies = []

    class Shop(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append(self.rfile.read(int(self.headers['Content-Length'])))
            answer = answers[len(bodies) - 1]
            self.send_response(200)
            self.send_header('Content-Length', str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Shop) as shop:
        threading.Thread(target=shop.serve_forever, args=(0.01,), daemon=True).start()
        ours = Credentials(
            DEMO_MERCHANT['appid'], DEMO_MERCHANT['mch_id'], DEMO_MERCHANT['api_key'],
            api_url=server.url)
        order = Gateway(Client(ours)).unified_order({
            'trade_type': 'NATIVE', 'body': '茶', 'out_trade_no': 'WO-1', 'total_fee': 1250,
            'spbill_create_ip': '127.0.0.1', 'product_id': '1',
            'notify_url': f'http://127.0.0.1:{shop.server_address[1]}/wechat/callback',
        })
        simulator.scan('Li Lei', order.data['code_url'])
        simulator.pay('Li Lei', 'WO-1')
        simulator.deliver_due()
        simulator.clock.advance(15)
        simulator.deliver_due()
        simulator.clock.advance(24 * 3600)
        assert simulator.deliver_due() == 0, "the second answer was taken"
        shop.shutdown()
    assert len(bodies) == 2
    assert all(parse_payment_notification(body, ours).kind is Kind.PAID for body in bodies)
