# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

"""What the network can do to a call: real sockets, a server that misbehaves on purpose."""

import base64
import gzip
import hashlib
import http.server
import ipaddress
import logging
import socket
import ssl
import threading
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from wechatpy.exceptions import WeChatPayException

from gateway import Client, Credentials, Gateway, Kind, ReplyError, mask_payment_codes

KEY = '192006250b4c09247ec02edce69f6a2d'
CODE = '134567890123456789'
APP_ID, MCH_ID = 'wx0000000000000001', '1900000001'
PAYMENT = {
    'body': 'Shop - Tea', 'out_trade_no': 'WMP-1', 'total_fee': 1250, 'fee_type': 'CNY',
    'spbill_create_ip': '127.0.0.1', 'auth_code': CODE,
}
PAID = {
    'result_code': 'SUCCESS', 'trade_type': 'MICROPAY', 'out_trade_no': 'WMP-1',
    'total_fee': '1250', 'fee_type': 'CNY', 'transaction_id': '4200000000202601150000000001',
}
REFUND = {
    'out_trade_no': 'WMP-1', 'out_refund_no': 'WR-1', 'total_fee': 1250, 'refund_fee': 1250,
}


def signed(fields, key=KEY, **identity):
    """A reply in WeChat's form, signed with MD5 by code that the gateway does not share."""
    fields = {
        'return_code': 'SUCCESS', 'appid': APP_ID, 'mch_id': MCH_ID, 'nonce_str': 'n', **identity,
        **fields,
    }
    fields = {name: value for name, value in fields.items() if value}
    text = '&'.join(f'{name}={fields[name]}' for name in sorted(fields)) + f'&key={key}'
    fields.setdefault('sign', hashlib.md5(text.encode()).hexdigest().upper())
    return '<xml>{}</xml>'.format(''.join(
        f'<{name}><![CDATA[{value}]]></{name}>' for name, value in fields.items())).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        fields = {child.tag: child.text for child in etree.fromstring(body)}
        self.server.calls.append(SimpleNamespace(
            path=self.path, fields=fields, body=body, headers=dict(self.headers)))
        answer = self.server.answer
        if callable(answer):
            answer = answer(self, fields)
        if answer is None:
            self.close_connection = True
            return
        status, headers, content = answer if isinstance(answer, tuple) else (200, {}, answer)
        self.send_response(status)
        for name, value in {'Content-Length': str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self):
        self.server.calls.append(SimpleNamespace(path=self.path))
        self.send_error(404)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, tls=None):
        super().__init__(('127.0.0.1', 0), Handler)
        self.calls, self.answer = [], b''
        self.stop = threading.Event()
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        scheme = 'https' if tls else 'http'
        self.url = f'{scheme}://127.0.0.1:{self.server_address[1]}/'

    def handle_error(self, request, client_address):
        """Clients that hang up are part of these tests."""


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.stop.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def gateway(server):
    return make_gateway(server.url)


def make_gateway(url, adapter=None, connect_timeout=1, read_timeout=1, **changes):
    credentials = Credentials(APP_ID, MCH_ID, KEY, api_url=url, **changes)
    return Gateway(Client(
        credentials, adapter, connect_timeout=connect_timeout, read_timeout=read_timeout))


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


# -- Replies that are believed, and those that are not -------------------------------------------

def test_paid(server, gateway):
    server.answer = signed({**PAID, 'unheard_of': 'field', 'coupon_fee_0': '1'})
    outcome = gateway.micropay(PAYMENT)
    assert (outcome.kind, outcome.code) == (Kind.PAID, 'SUCCESS')
    assert outcome.data['unheard_of'] == 'field'
    (call,) = server.calls
    assert call.path == '/pay/micropay'
    assert call.fields['total_fee'] == '1250'
    assert call.fields['appid'] == APP_ID
    assert len(call.fields['nonce_str']) == 32
    assert 'sub_mch_id' not in call.fields
    assert PAYMENT['total_fee'] == 1250, "the caller's dict stays as it was"
    assert 'nonce_str' not in PAYMENT


@pytest.mark.parametrize(('answer', 'code'), [
    (b'', 'BAD_XML'),
    (b'<html><body>busy</body></html>', 'BAD_XML'),
    (b'<!DOCTYPE html><html></html>', 'BAD_XML'),
    (b'<!DOCTYPE xml [<!ENTITY a "SUCCESS">]><xml><return_code>&a;</return_code></xml>', 'BAD_XML'),
    (b'OK', 'BAD_XML'),
    (b'<root><return_code>SUCCESS</return_code></root>', 'BAD_XML'),
    (b'<xml><result_code>SUCCESS</result_code></xml>', 'BAD_XML'),
    (b'<xml><return_code>SUCCESS</return_code></xml>', 'BAD_SIGNATURE'),
    (b'<xml><return_code>SYSTEMERROR</return_code></xml>', 'BAD_SIGNATURE'),
    (signed(PAID, key=KEY[::-1]), 'BAD_SIGNATURE'),
    (signed({**PAID, 'sign': '0' * 32}), 'BAD_SIGNATURE'),
    (signed(PAID).replace(b'1250', b'1', 1), 'BAD_SIGNATURE'),
    (signed(PAID, mch_id='1900000009'), 'FOREIGN_REPLY'),
    (signed(PAID, appid='wx0000000000000009'), 'FOREIGN_REPLY'),
    (signed(PAID, sub_mch_id='1900000009'), 'FOREIGN_REPLY'),
    (signed({**PAID, 'out_trade_no': 'WMP-2'}), 'FOREIGN_REPLY'),
    (signed({**PAID, 'total_fee': '1'}), 'WRONG_AMOUNT'),
    (signed({**PAID, 'fee_type': 'HKD'}), 'WRONG_AMOUNT'),
    (signed({**PAID, 'trade_type': 'NATIVE'}), 'INCOMPLETE_REPLY'),
    (signed({**PAID, 'trade_type': ''}), 'INCOMPLETE_REPLY'),
    (signed({**PAID, 'transaction_id': ''}), 'INCOMPLETE_REPLY'),
    (signed({**PAID, 'total_fee': ''}), 'INCOMPLETE_REPLY'),
    (signed({**PAID, 'out_trade_no': ''}), 'INCOMPLETE_REPLY'),
    (signed({'result_code': 'FAIL', 'err_code': 'NEVER_HEARD'}), 'NEVER_HEARD'),
    (signed({'result_code': 'FAIL', 'err_code': 'PAID'}), 'PAID'),
    (signed({'result_code': 'FAIL'}), 'RETURN_FAIL'),
    (signed({'result_code': ''}), 'RETURN_FAIL'),
    ((502, {}, b'<html>Bad Gateway</html>'), 'HTTP_502'),
    ((404, {}, b'<html>Not Found</html>'), 'HTTP_404'),
    ((500, {}, signed(PAID)), 'HTTP_500'),
    ((204, {}, b''), 'HTTP_204'),
    (b'<xml>' + b' ' * (5 * 1024 * 1024), 'TOO_LARGE'),
    ((200, {'Content-Encoding': 'gzip'}, gzip.compress(b' ' * (5 * 1024 * 1024))), 'TOO_LARGE'),
    ((200, {'Content-Encoding': 'gzip'}, b'no gzip'), 'BAD_XML'),
    ((200, {'Content-Length': '100000', 'Connection': 'close'}, signed(PAID)), 'CONNECTION'),
    (None, 'CONNECTION'),
])
def test_unknown(server, gateway, answer, code):
    server.answer = answer
    outcome = gateway.micropay(PAYMENT)
    assert (outcome.kind, outcome.code) == (Kind.UNKNOWN, code)
    if code not in ('NEVER_HEARD', 'PAID', 'RETURN_FAIL'):
        assert outcome.data == {}
    assert len(outcome.raw) <= 16 * 1024
    assert len(server.calls) == 1, "nothing is sent twice once it may have arrived"
    assert outcome.explanation.cashier
    assert outcome.explanation.admin


def test_packed_reply_is_read(server, gateway):
    server.answer = (200, {'Content-Encoding': 'gzip'}, gzip.compress(signed(PAID)))
    assert gateway.micropay(PAYMENT).kind is Kind.PAID


def test_hmac_request_takes_a_reply_of_either_length(server, gateway):
    server.answer = signed(PAID)
    assert gateway.micropay({**PAYMENT, 'sign_type': 'HMAC-SHA256'}).kind is Kind.PAID
    assert len(server.calls[0].fields['sign']) == 64


def test_service_provider(server):
    gateway = make_gateway(server.url, sub_mch_id='1900000002', sub_app_id='wx0000000000000002')
    server.answer = signed(PAID, sub_mch_id='1900000002', sub_appid='wx0000000000000002')
    assert gateway.micropay(PAYMENT).kind is Kind.PAID
    assert server.calls[0].fields['sub_mch_id'] == '1900000002'
    assert server.calls[0].fields['sub_appid'] == 'wx0000000000000002'
    server.answer = signed(PAID, sub_mch_id='1900000003')
    assert gateway.micropay(PAYMENT).code == 'FOREIGN_REPLY'
    server.answer = signed(PAID, sub_mch_id='1900000002', sub_appid='wx0000000000000003')
    assert gateway.micropay(PAYMENT).code == 'FOREIGN_REPLY'


def test_mini_program_of_the_same_merchant(server):
    gateway = make_gateway(server.url, miniprogram_app_id='wx00000000000000aa')
    server.answer = signed(
        {**PAID, 'trade_type': 'JSAPI', 'prepay_id': 'wx1'}, appid='wx00000000000000aa')
    order = {**PAYMENT, 'trade_type': 'JSAPI', 'appid': 'wx00000000000000aa', 'auth_code': None}
    assert gateway.unified_order(order).kind is Kind.PENDING
    assert server.calls[0].fields['appid'] == 'wx00000000000000aa'


def test_return_code_fail_on_a_payment_is_unknown_and_names_the_remedy(server, gateway):
    server.answer = (
        '<xml><return_code>FAIL</return_code><return_msg>签名错误</return_msg></xml>'.encode())
    outcome = gateway.micropay(PAYMENT)
    assert (outcome.kind, outcome.code, outcome.data) == (Kind.UNKNOWN, 'SIGNERROR', {})
    assert 'wechat.api_key' in outcome.explanation.admin
    outcome = gateway.query_order('WMP-1')
    assert (outcome.kind, outcome.code) == (Kind.CONFIG, 'SIGNERROR')
    assert outcome.description == '签名错误'


@pytest.mark.parametrize(('words', 'code', 'kind'), [
    ('invalid out_trade_no', 'INVALID_OUT_TRADE_NO', Kind.TAKEN),
    ('商户订单号重复', 'INVALID_OUT_TRADE_NO', Kind.TAKEN),
    ('系统繁忙', 'SYSTEMERROR', Kind.RETRY),
    ('appid和mch_id不匹配', 'APPID_MCHID_NOT_MATCH', Kind.CONFIG),
    ('appid不存在', 'APPID_NOT_EXIST', Kind.CONFIG),
    ('mch_id参数格式错误', 'MCHID_NOT_EXIST', Kind.CONFIG),
    ('缺少参数product_id', 'RETURN_FAIL', Kind.CONFIG),
    ('', 'RETURN_FAIL', Kind.CONFIG),
])
def test_refused_order(server, gateway, words, code, kind):
    server.answer = (
        f'<xml><return_code>FAIL</return_code><return_msg>{words}</return_msg></xml>'.encode())
    outcome = gateway.unified_order({**PAYMENT, 'trade_type': 'NATIVE', 'auth_code': None})
    assert (outcome.code, outcome.kind) == (code, kind)


def test_an_unsigned_refusal_closes_nothing(server, gateway):
    server.answer = (
        b'<xml><return_code>FAIL</return_code><err_code>ORDERCLOSED</err_code></xml>')
    assert gateway.close_order('WO-1').kind is Kind.UNKNOWN
    server.answer = signed({'result_code': 'FAIL', 'err_code': 'ORDERCLOSED'})
    assert gateway.close_order('WO-1').kind is Kind.CLOSED


@pytest.mark.parametrize('code', ['INVALID_REQUEST', 'PARAM_ERROR'])
def test_invalid_number_names_the_sequence(server, gateway, code):
    server.answer = signed({
        'result_code': 'FAIL', 'err_code': code, 'err_code_des': 'invalid out_trade_no'})
    outcome = gateway.micropay(PAYMENT)
    assert (outcome.kind, outcome.code) == (Kind.TAKEN, 'INVALID_OUT_TRADE_NO')
    assert 'WeChat Micropay' in outcome.explanation.admin


@pytest.mark.parametrize(('recall', 'fields', 'kind'), [
    ('N', {'result_code': 'SUCCESS'}, Kind.CLOSED),
    ('Y', {'result_code': 'SUCCESS'}, Kind.RETRY),
    ('', {'result_code': 'SUCCESS'}, Kind.RETRY),
    ('Y', {'result_code': 'FAIL', 'err_code': 'SYSTEMERROR'}, Kind.RETRY),
    ('N', {'result_code': 'FAIL', 'err_code': 'SYSTEMERROR'}, Kind.UNKNOWN),
    ('N', {'result_code': 'FAIL', 'err_code': 'USERPAYING'}, Kind.RETRY),
    ('N', {'result_code': 'FAIL', 'err_code': 'REVERSE_EXPIRE'}, Kind.TAKEN),
    ('Y', {'result_code': 'FAIL', 'err_code': 'CERT_ERROR'}, Kind.CONFIG),
])
def test_reverse(server, gateway, recall, fields, kind):
    server.answer = signed({**fields, 'recall': recall})
    assert gateway.reverse('WMP-1').kind is kind


@pytest.mark.parametrize(('state', 'kind'), [
    ('SUCCESS', Kind.PAID), ('REFUND', Kind.REFUNDED), ('NOTPAY', Kind.PENDING),
    ('USERPAYING', Kind.PENDING), ('ACCEPT', Kind.PENDING), ('PAYERROR', Kind.PENDING),
    ('CLOSED', Kind.CLOSED), ('REVOKED', Kind.CLOSED), ('NEVER_HEARD', Kind.UNKNOWN),
])
def test_trade_states(server, gateway, state, kind):
    server.answer = signed({**PAID, 'trade_state': state, 'trade_state_desc': '说明'})
    outcome = gateway.query_order('WMP-1')
    assert (outcome.kind, outcome.code, outcome.description) == (kind, state, '说明')


def test_query_without_state_or_number_is_no_answer(server, gateway):
    server.answer = signed(PAID)
    assert gateway.query_order('WMP-1').code == 'INCOMPLETE_REPLY'
    server.answer = signed({'result_code': 'SUCCESS', 'trade_state': 'CLOSED'})
    assert gateway.query_order('WMP-1').code == 'INCOMPLETE_REPLY'


@pytest.mark.parametrize(('state', 'kind'), [
    ('SUCCESS', Kind.PAID), ('PROCESSING', Kind.PENDING), ('CHANGE', Kind.UNKNOWN),
    ('REFUNDCLOSE', Kind.REFUSED), ('NEVER_HEARD', Kind.UNKNOWN),
])
def test_refund_states(server, gateway, state, kind):
    server.answer = signed({
        'result_code': 'SUCCESS', 'refund_count': '2', 'refund_fee': '300',
        'out_refund_no_0': 'WR-0', 'refund_status_0': 'SUCCESS', 'refund_fee_0': '200',
        'out_refund_no_1': 'WR-1', 'refund_status_1': state, 'refund_fee_1': '100',
        'refund_id_1': '503', 'refund_recv_accout_1': '支付用户零钱', 'coupon_type_1_0': 'CASH',
    })
    outcome = gateway.query_refund('WR-1')
    assert (outcome.kind, outcome.code) == (kind, state)
    assert outcome.data['refund_fee'] == '100'
    assert outcome.data['refund_id'] == '503'
    assert outcome.data['refund_recv_accout'] == '支付用户零钱'
    assert outcome.data['coupon_type_0'] == 'CASH'
    assert outcome.data['out_refund_no'] == 'WR-1'
    assert 'refund_status_0' not in outcome.data


def test_query_of_another_refund_is_no_answer(server, gateway):
    server.answer = signed({
        'result_code': 'SUCCESS', 'out_refund_no_0': 'WR-9', 'refund_status_0': 'SUCCESS'})
    outcome = gateway.query_refund('WR-1')
    assert (outcome.kind, outcome.code) == (Kind.UNKNOWN, 'INCOMPLETE_REPLY')


# -- Connections -------------------------------------------------------------------------------

def test_nobody_listens():
    outcome = make_gateway(f'http://127.0.0.1:{free_port()}/').micropay(PAYMENT)
    assert (outcome.kind, outcome.code) == (Kind.UNKNOWN, 'NO_CONNECTION')


def test_name_without_address():
    outcome = make_gateway('http://wechat.invalid/').micropay(PAYMENT)
    assert (outcome.kind, outcome.code) == (Kind.UNKNOWN, 'NO_CONNECTION')


@pytest.mark.parametrize('url', ['no address', 'ftp://127.0.0.1/', 'http://'])
def test_bad_url_is_a_matter_of_configuration(url):
    outcome = make_gateway(url).micropay(PAYMENT)
    assert (outcome.kind, outcome.code) == (Kind.CONFIG, 'BAD_URL')


def test_server_that_never_answers(server):
    gateway = make_gateway(server.url, read_timeout=0.2)
    server.answer = lambda handler, fields: server.stop.wait(30) and None
    outcome = gateway.micropay(PAYMENT)
    assert (outcome.kind, outcome.code) == (Kind.UNKNOWN, 'TIMEOUT')


def test_server_that_drips(server):
    """Each byte comes in time, the whole does not."""
    gateway = make_gateway(server.url, connect_timeout=0.1, read_timeout=0.4)
    answer = signed(PAID)

    def drip(handler, fields):
        handler.send_response(200)
        handler.send_header('Content-Length', str(len(answer)))
        handler.end_headers()
        for byte in answer:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            if server.stop.wait(0.05):
                break

    server.answer = drip
    outcome = gateway.micropay(PAYMENT)
    assert (outcome.kind, outcome.code) == (Kind.UNKNOWN, 'TIMEOUT')


def test_redirections_are_not_followed(server, gateway):
    server.answer = (302, {'Location': server.url + 'elsewhere'}, b'')
    outcome = gateway.micropay(PAYMENT)
    assert (outcome.kind, outcome.code) == (Kind.UNKNOWN, 'HTTP_302')
    assert [call.path for call in server.calls] == ['/pay/micropay']


class Routed(requests.adapters.HTTPAdapter):
    """Carries WeChat's host names to local ports, over real sockets."""

    def __init__(self, ports):
        super().__init__()
        self.ports, self.tried = ports, []

    def send(self, request, **kwargs):
        host = requests.utils.urlparse(request.url).hostname
        self.tried.append(host)
        request.url = request.url.replace(f'https://{host}', f'http://127.0.0.1:{self.ports[host]}')
        return super().send(request, **kwargs)


MAIN, STANDBY = 'api.mch.weixin.qq.com', 'api2.mch.weixin.qq.com'


def test_standby_host_takes_over_when_the_main_one_cannot_be_reached(server):
    adapter = Routed({MAIN: free_port(), STANDBY: server.server_address[1]})
    server.answer = signed(PAID)
    outcome = make_gateway('https://api.mch.weixin.qq.com', adapter).micropay(PAYMENT)
    assert outcome.kind is Kind.PAID
    assert adapter.tried == [MAIN, STANDBY]


def test_standby_host_is_tried_once(server):
    adapter = Routed({MAIN: free_port(), STANDBY: free_port()})
    outcome = make_gateway('https://api.mch.weixin.qq.com/', adapter).micropay(PAYMENT)
    assert (outcome.kind, outcome.code) == (Kind.UNKNOWN, 'NO_CONNECTION')
    assert adapter.tried == [MAIN, STANDBY]


def test_standby_host_that_drops_the_call_is_a_lost_call(server):
    adapter = Routed({MAIN: free_port(), STANDBY: server.server_address[1]})
    server.answer = None
    outcome = make_gateway('https://api.mch.weixin.qq.com/', adapter).micropay(PAYMENT)
    assert (outcome.kind, outcome.code) == (Kind.UNKNOWN, 'CONNECTION')


@pytest.mark.parametrize('answer', [None, (502, {}, b'')])
def test_what_may_have_arrived_is_not_sent_to_the_standby_host(server, answer):
    adapter = Routed({MAIN: server.server_address[1], STANDBY: server.server_address[1]})
    server.answer = answer
    outcome = make_gateway('https://api.mch.weixin.qq.com/', adapter).micropay(PAYMENT)
    assert outcome.kind is Kind.UNKNOWN
    assert adapter.tried == [MAIN]


def test_other_hosts_have_no_standby():
    adapter = Routed({'apihk.mch.weixin.qq.com': free_port()})
    outcome = make_gateway('https://apihk.mch.weixin.qq.com/', adapter).micropay(PAYMENT)
    assert outcome.code == 'NO_CONNECTION'
    assert adapter.tried == ['apihk.mch.weixin.qq.com']


# -- Certificates ------------------------------------------------------------------------------

def issue(folder, name, key=None, days=(-1, 30), issuer=None, ca=False):
    """Write a certificate and its key; return paths, certificate and key."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(
            [x509.IPAddress(ipaddress.ip_address('127.0.0.1'))]), critical=False)
        # Without these, the strict verification of Python 3.13 refuses the chain.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
            (issuer.key if issuer else key).public_key()), critical=False)
        .add_extension(x509.KeyUsage(
            digital_signature=True, key_cert_sign=ca, crl_sign=ca, content_commitment=False,
            key_encipherment=False, data_encipherment=False, key_agreement=False,
            encipher_only=False, decipher_only=False), critical=True)
        .sign(issuer.key if issuer else key, hashes.SHA256())
    )
    cert_path, key_path = folder / f'{name}_cert.pem', folder / f'{name}_key.pem'
    cert_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    return SimpleNamespace(
        cert=str(cert_path), key_path=str(key_path), certificate=certificate, key=key)


def test_certificate_is_not_asked_for_where_no_tls_is_spoken(server, gateway):
    server.answer = signed({
        'result_code': 'SUCCESS', 'out_refund_no': 'WR-1', 'refund_id': '503', 'refund_fee': '1250',
        'total_fee': '1250'})
    assert gateway.refund(REFUND).kind is Kind.PENDING


def test_certificate_is_missing():
    gateway = make_gateway(f'https://127.0.0.1:{free_port()}/')
    for outcome in (
        gateway.refund(REFUND), gateway.reverse('WMP-1'),
        gateway.download_fund_flow('20260115')[0],
    ):
        assert (outcome.kind, outcome.code) == (Kind.CONFIG, 'CERT_MISSING')
        assert 'wechat.mch_cert' in outcome.explanation.admin
    assert gateway.query_order('WMP-1').code == 'NO_CONNECTION'


def test_certificates_that_cannot_work_are_not_sent(server, tmp_path):
    good = issue(tmp_path, 'good')
    other = issue(tmp_path, 'other')
    old = issue(tmp_path, 'old', days=(-30, -1))
    early = issue(tmp_path, 'early', days=(1, 30))
    text = tmp_path / 'text.pem'
    text.write_text("no certificate")
    locked = tmp_path / 'locked.pem'
    locked.write_bytes(good.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b'secret')))
    absent = str(tmp_path / 'absent.pem')
    for cert, key, code, named in (
        (absent, good.key_path, 'CERT_MISSING', absent),
        (good.cert, absent, 'CERT_MISSING', absent),
        (good.cert, None, 'CERT_MISSING', 'wechat.mch_key'),
        (None, good.key_path, 'CERT_MISSING', 'wechat.mch_cert'),
        (str(tmp_path), good.key_path, 'CERT_MISSING', str(tmp_path)),
        (good.cert + '/x', good.key_path, 'CERT_MISSING', good.cert),
        (str(text), good.key_path, 'CERT_INVALID', str(text)),
        (good.cert, str(text), 'CERT_INVALID', str(text)),
        (good.cert, str(locked), 'CERT_INVALID', str(locked)),
        (good.cert, other.key_path, 'CERT_INVALID', other.key_path),
        (early.cert, early.key_path, 'CERT_INVALID', early.cert),
        (old.cert, old.key_path, 'CERT_EXPIRED', old.cert),
    ):
        outcome = make_gateway(server.url, mch_cert=cert, mch_key=key).refund(REFUND)
        assert (outcome.kind, outcome.code) == (Kind.CONFIG, code)
        assert named in outcome.description
        assert outcome.explanation.config
    assert server.calls == []


def test_certificate_that_may_not_be_read(tmp_path):
    # A link to itself cannot be opened by anybody, not even by root, who may run these tests.
    good = issue(tmp_path, 'good')
    loop = tmp_path / 'loop.pem'
    loop.symlink_to(loop)
    gateway = make_gateway('https://127.0.0.1:1/', mch_cert=str(loop), mch_key=good.key_path)
    outcome = gateway.refund(REFUND)
    assert (outcome.kind, outcome.code) == (Kind.CONFIG, 'CERT_UNREADABLE')
    assert str(loop) in outcome.description


@pytest.fixture
def tls(tmp_path, monkeypatch):
    """A server that demands a client certificate of its own authority."""
    authority = issue(tmp_path, 'authority', ca=True)
    host = issue(tmp_path, 'host', issuer=authority)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(host.cert, host.key_path)
    context.load_verify_locations(authority.cert)
    context.verify_mode = ssl.CERT_OPTIONAL
    monkeypatch.setenv('REQUESTS_CA_BUNDLE', authority.cert)
    server = Server(context)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield SimpleNamespace(
        server=server, context=context, authority=authority,
        merchant=issue(tmp_path, 'merchant', key=rsa.generate_private_key(65537, 2048),
                       issuer=authority),
        stranger=issue(tmp_path, 'stranger'),
    )
    server.shutdown()
    server.server_close()
    thread.join()


def test_certificate_goes_with_certified_calls_only(tls):
    seen = []

    def answer(handler, fields):
        seen.append((handler.path, bool(handler.connection.getpeercert())))
        return signed({
            **PAID, 'trade_state': 'SUCCESS', 'recall': 'N', 'trade_type': 'MICROPAY'})

    tls.server.answer = answer
    for call in ('reverse', 'query_order'):
        gateway = make_gateway(
            tls.server.url, mch_cert=tls.merchant.cert, mch_key=tls.merchant.key_path)
        getattr(gateway, call)('WMP-1')
    assert seen == [('/secapi/pay/reverse', True), ('/pay/orderquery', False)]


def test_certificate_that_the_server_rejects(tls):
    gateway = make_gateway(
        tls.server.url, mch_cert=tls.stranger.cert, mch_key=tls.stranger.key_path)
    # TLS 1.3: the request is under way when the rejection comes, if it comes at all.
    outcome = gateway.reverse('WMP-1')
    assert (outcome.kind, outcome.code) in (
        (Kind.CONFIG, 'CERT_REJECTED'), (Kind.UNKNOWN, 'CONNECTION'))
    assert 'wechat.mch_cert' in outcome.explanation.admin
    assert tls.server.calls == []
    tls.context.maximum_version = ssl.TLSVersion.TLSv1_2
    outcome = gateway.reverse('WMP-1')
    assert (outcome.kind, outcome.code) == (Kind.CONFIG, 'CERT_REJECTED')
    tls.server.answer = (
        400, {}, b'<html><title>400 The SSL certificate error</title></html>')
    gateway = make_gateway(
        tls.server.url, mch_cert=tls.merchant.cert, mch_key=tls.merchant.key_path)
    outcome = gateway.reverse('WMP-1')
    assert (outcome.kind, outcome.code) == (Kind.CONFIG, 'CERT_REJECTED')


def test_server_that_cannot_be_trusted(tls, monkeypatch):
    monkeypatch.setenv('REQUESTS_CA_BUNDLE', tls.stranger.cert)
    outcome = make_gateway(tls.server.url).micropay(PAYMENT)
    assert (outcome.kind, outcome.code) == (Kind.UNKNOWN, 'TLS')
    assert tls.server.calls == []


def test_trusted_certificates_that_are_gone(tls, monkeypatch):
    monkeypatch.setenv('REQUESTS_CA_BUNDLE', '/nowhere.pem')
    outcome = make_gateway(tls.server.url).micropay(PAYMENT)
    assert (outcome.kind, outcome.code) == (Kind.UNKNOWN, 'NO_CONNECTION')


# -- Bills -------------------------------------------------------------------------------------

BILL = (
    "\ufeff交易时间,公众账号ID,订单金额\r\n`2026-01-15 18:02:11,`wx1,`12.50\r\n"
    "总交易单数,应结订单总金额\r\n`1,`12.50\r\n"
)
FLOW = (
    "记账时间,微信支付业务单号\r\n`2026-01-15 18:02:11,`4200\r\n"
    "资金流水总笔数,收入笔数\r\n`1,`1\r\n"
)


@pytest.mark.parametrize('answer', [
    BILL.encode(), gzip.compress(BILL.encode()),
    (200, {'Content-Encoding': 'gzip'}, gzip.compress(BILL.encode())),
])
def test_bill(server, gateway, answer):
    server.answer = answer
    outcome, text = gateway.download_bill(datetime(2026, 1, 15))
    assert outcome.kind is Kind.DONE
    assert text == BILL.lstrip('\ufeff')
    assert server.calls[0].fields['bill_date'] == '20260115'
    assert server.calls[0].fields['bill_type'] == 'ALL'


@pytest.mark.parametrize(('answer', 'kind', 'code'), [
    ((20002, 'No Bill Exist'), Kind.DONE, 'NO_BILL_EXIST'),
    ((20002, 'NO BILL EXIST'), Kind.DONE, 'NO_BILL_EXIST'),
    ((20002, 'Bill Creating'), Kind.RETRY, 'BILL_CREATING'),
    ((20003, 'Network Traffic Limit'), Kind.RETRY, '20003'),
    ((100, 'SYSTEMERROR'), Kind.RETRY, '100'),
    ((20001, 'sign error'), Kind.CONFIG, '20001'),
    ((20007, 'permission'), Kind.CONFIG, '20007'),
    (('', '签名错误'), Kind.CONFIG, 'SIGNERROR'),
    (BILL[:-20].encode(), Kind.UNKNOWN, 'BAD_BILL'),
    (b'{"errcode": 1}', Kind.UNKNOWN, 'BAD_BILL'),
    (b'', Kind.UNKNOWN, 'BAD_XML'),
    (b'<html>busy</html>', Kind.UNKNOWN, 'BAD_XML'),
    (gzip.compress(BILL.encode())[:-10], Kind.UNKNOWN, 'CONNECTION'),
    ((502, {}, b''), Kind.UNKNOWN, 'HTTP_502'),
])
def test_no_bill(server, gateway, answer, kind, code):
    if isinstance(answer, tuple) and len(answer) == 2:
        answer = (
            f'<xml><return_code>FAIL</return_code><return_msg>{answer[1]}</return_msg>'
            f'<error_code>{answer[0]}</error_code></xml>'.encode())
    server.answer = answer
    outcome, text = gateway.download_bill('20260115')
    assert (outcome.kind, outcome.code, text) == (kind, code, '')


@pytest.mark.parametrize(('digest', 'kind'), [
    (None, Kind.DONE),
    ('SHA=' + hashlib.sha1(FLOW.encode()).hexdigest(), Kind.DONE),
    ('SHA=' + base64.b64encode(hashlib.sha1(FLOW.encode()).digest()).decode(), Kind.DONE),
    ('SHA=' + hashlib.sha1(b'else').hexdigest(), Kind.UNKNOWN),
])
def test_fund_flow(server, gateway, digest, kind):
    server.answer = (200, {'Digest': digest} if digest else {}, FLOW.encode())
    outcome, text = gateway.download_fund_flow('20260115')
    assert outcome.kind is kind
    assert text == (FLOW if kind is Kind.DONE else '')
    assert server.calls[0].fields['sign_type'] == 'HMAC-SHA256'
    assert len(server.calls[0].fields['sign']) == 64


def test_no_fund_flow(server, gateway):
    server.answer = signed({'result_code': 'FAIL', 'err_code': 'NO_BILL_EXIST'})
    outcome, text = gateway.download_fund_flow('20260115')
    assert (outcome.kind, outcome.code, text) == (Kind.DONE, 'NO_BILL_EXIST', '')


# -- wechatpy's own methods on our client ----------------------------------------------------------

def test_wechatpy_methods(server, gateway):
    client = gateway.client
    server.answer = signed({**PAID, 'trade_type': 'NATIVE', 'code_url': 'weixin://x'})
    reply = client.order.create(
        'NATIVE', 'Tea', 1250, 'https://shop/notify', out_trade_no='WMP-1', product_id='1')
    assert reply['code_url'] == 'weixin://x'
    assert server.calls[-1].fields['spbill_create_ip'] == '127.0.0.1'
    server.answer = signed(PAID)
    assert client.micropay.create('Tea', 1250, CODE, out_trade_no='WMP-1')['total_fee'] == '1250'
    server.answer = signed({'result_code': 'SUCCESS', 'refund_id': '503'})
    client.refund.apply(1250, 1250, 'WR-1', out_trade_no='WMP-1')
    assert 'refund_account' not in server.calls[-1].fields
    client.refund.apply(1250, 1250, 'WR-1', None, 'WMP-1', refund_account='REFUND_SOURCE_X')
    assert server.calls[-1].fields['refund_account'] == 'REFUND_SOURCE_X'
    server.answer = BILL.encode()
    assert client.tools.download_bill('20260115').startswith('交易时间')
    server.answer = (
        b'<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code></xml>')
    assert client.transfer.query('T1')['result_code'] == 'SUCCESS', "WeChat does not sign these"


@pytest.mark.parametrize(('answer', 'reason'), [
    (b'<html></html>', 'BAD_XML'),
    (b'plain', 'BAD_XML'),
    (signed(PAID, key='0' * 32), 'BAD_SIGNATURE'),
    ((502, {}, b''), 'HTTP_502'),
    (None, 'CONNECTION'),
])
def test_wechatpy_methods_raise_one_exception(server, gateway, answer, reason):
    server.answer = answer
    with pytest.raises(ReplyError) as caught:
        gateway.client.order.query(out_trade_no='WMP-1')
    assert caught.value.reason == reason
    assert isinstance(caught.value, WeChatPayException)


def test_wechatpy_methods_raise_on_no(server, gateway):
    server.answer = signed({'result_code': 'FAIL', 'err_code': 'ORDERNOTEXIST'})
    with pytest.raises(WeChatPayException) as caught:
        gateway.client.order.query(out_trade_no='WMP-1')
    assert caught.value.errcode == 'ORDERNOTEXIST'
    assert caught.value.return_code == 'SUCCESS'
    assert caught.value.data['mch_id'] == MCH_ID


def test_payment_parameters_for_the_phone():
    client = make_gateway('http://127.0.0.1/').client
    params = client.jsapi_params('wx1', sign_type='HMAC-SHA256')
    assert params['appId'] == APP_ID
    assert params['timeStamp'].isdigit()
    assert len(params['paySign']) == 64
    assert client.jsapi_params('wx1', app_id='wx2')['appId'] == 'wx2'
    assert client.jsapi.get_jsapi_params('wx1')['package'] == 'prepay_id=wx1'


def test_mistakes_of_the_caller(gateway):
    with pytest.raises(TypeError, match='total_fee'):
        gateway.micropay({**PAYMENT, 'total_fee': 12.5})
    for call in (gateway.query_order, gateway.reverse):
        with pytest.raises(ValueError, match='out_trade_no'):
            call()
    with pytest.raises(ValueError, match='out_refund_no'):
        gateway.query_refund('')


# -- Secrets -----------------------------------------------------------------------------------

def test_no_secret_is_shown(server, gateway, caplog):
    caplog.set_level(logging.DEBUG)
    for name in list(logging.Logger.manager.loggerDict):
        caplog.set_level(logging.DEBUG, logger=name)
    # The worst case: the server sends both secrets back.
    server.answer = signed({**PAID, 'err_code_des': f'{KEY} {CODE}', 'attach': CODE})
    outcomes = [gateway.micropay(PAYMENT), gateway.auth_code_to_openid(CODE)]
    server.answer = f'<html>{KEY} {CODE}</html>'.encode()
    outcomes += [gateway.micropay(PAYMENT), gateway.auth_code_to_openid(CODE)]
    server.answer = None
    outcomes.append(gateway.micropay(PAYMENT))
    client = gateway.client
    server.answer = signed(PAID)
    client.micropay.create('Tea', 1250, CODE, out_trade_no='WMP-1')
    client.jsapi.get_jsapi_params('wx1')
    client.order.get_appapi_params('wx1')
    client.check_signature({'a': '1', 'sign': 'x'})
    logging.getLogger('wechatpy.pay').debug("a request with %s", KEY)
    server.answer = b'nothing'
    with pytest.raises(ReplyError) as caught:
        client.micropay.create('Tea', 1250, CODE, out_trade_no='WMP-1')
    shown = [caplog.text, str(caught.value), repr(caught.value), repr(client.credentials)]
    shown += [repr(outcome) + outcome.raw + outcome.description for outcome in outcomes[2:]]
    shown += [outcome.raw + outcome.description for outcome in outcomes[:2]]
    for text in shown:
        assert KEY not in text
        assert CODE not in text
    assert 'POST /pay/micropay' in caplog.text, "the log was written at DEBUG"


def test_other_loggers_can_be_kept_from_payment_codes(caplog):
    logger = logging.getLogger('test.remote_calls')
    mask_payment_codes(logger.name)
    logger.warning("call with %s and %s", CODE, {'code': CODE})
    logger.warning("transaction 4200000000202601150000000001 of %s", 12.5)
    assert CODE not in caplog.text
    assert "13****************" in caplog.text
    assert "4200000000202601150000000001 of 12.5" in caplog.text


def test_warnings_of_wechatpy_still_pass(caplog):
    logging.getLogger('wechatpy.pay').warning("something else")
    assert "something else" in caplog.text
