# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

"""The gateway against the simulated WeChat, over real HTTP: every kind of outcome comes up."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from gateway import Client, Credentials, Gateway, Kind, beijing_time, parse_beijing_time
from gateway.sandbox import forget_sandbox_key
from simulator import DEMO_MERCHANT, DEMO_PROVIDER, Simulator

CUSTOMER = "Li Lei"


@pytest.fixture(scope='module')
def running():
    simulator = Simulator()
    server = simulator.serve(notify=False)
    yield simulator, server
    server.stop()
    simulator.close()


@pytest.fixture
def sim(running):
    simulator, _server = running
    simulator.reset()
    return simulator


def credentials(url, **changes):
    return Credentials(
        DEMO_MERCHANT['appid'], DEMO_MERCHANT['mch_id'], DEMO_MERCHANT['api_key'], api_url=url,
        **changes)


@pytest.fixture
def gateway(sim, running):
    return Gateway(Client(credentials(running[1].url), read_timeout=2))


def order(out_trade_no='WO-1', **changes):
    return {
        'trade_type': 'NATIVE', 'body': 'Shop - 茶', 'out_trade_no': out_trade_no,
        'total_fee': 1250, 'fee_type': 'CNY', 'spbill_create_ip': '127.0.0.1',
        'notify_url': 'https://shop.example.com/wechat/callback', 'product_id': '1', **changes,
    }


def scan(sim, out_trade_no='WMP-1', **changes):
    return {
        'body': 'Shop - 茶', 'out_trade_no': out_trade_no, 'total_fee': 1250, 'fee_type': 'CNY',
        'spbill_create_ip': '127.0.0.1', 'auth_code': sim.payment_code(CUSTOMER), **changes,
    }


def said(outcome):
    return outcome.kind, outcome.code


# -- Native ------------------------------------------------------------------------------------

def test_native_payment(sim, gateway):
    created = gateway.unified_order(order())
    assert said(created) == (Kind.PENDING, 'SUCCESS')
    assert said(gateway.query_order('WO-1')) == (Kind.PENDING, 'NOTPAY')
    sim.scan(CUSTOMER, created.data['code_url'])
    sim.pay(CUSTOMER, 'WO-1')
    paid = gateway.query_order('WO-1')
    assert said(paid) == (Kind.PAID, 'SUCCESS')
    assert paid.data['total_fee'] == '1250'
    assert all(isinstance(value, str) for value in paid.data.values())
    again = gateway.query_order(transaction_id=paid.data['transaction_id'])
    assert again.data['out_trade_no'] == 'WO-1'
    assert said(gateway.unified_order(order())) == (Kind.TAKEN, 'ORDERPAID')
    assert said(gateway.close_order('WO-1')) == (Kind.TAKEN, 'ORDERPAID')


def test_number_is_sent_again_with_the_same_parameters(sim, gateway):
    start = sim.clock.now()
    if start.tzinfo is None:
        start = start.replace(tzinfo=timezone.utc)
    frozen = order(
        time_start=beijing_time(start), time_expire=beijing_time(start + timedelta(hours=2)))
    first = gateway.unified_order(frozen)
    second = gateway.unified_order(frozen)
    assert first.kind is second.kind is Kind.PENDING
    assert first.data['code_url'] != second.data['code_url']
    changed = gateway.unified_order({**frozen, 'total_fee': 1251})
    assert said(changed) == (Kind.TAKEN, 'INVALID_REQUEST')


def test_close(sim, gateway):
    gateway.unified_order(order())
    early = gateway.close_order('WO-1')
    assert early.kind is Kind.TOO_EARLY
    sim.clock.advance(5 * 60)
    assert said(gateway.close_order('WO-1')) == (Kind.CLOSED, 'SUCCESS')
    assert said(gateway.close_order('WO-1')) == (Kind.CLOSED, 'ORDERCLOSED')
    assert said(gateway.query_order('WO-1')) == (Kind.CLOSED, 'CLOSED')
    assert said(gateway.unified_order(order())) == (Kind.CLOSED, 'ORDERCLOSED')


def test_other_trade_types(sim, gateway):
    openid = sim.openid(CUSTOMER, DEMO_MERCHANT['appid'])
    outcome = gateway.unified_order(order('WO-J', trade_type='JSAPI', openid=openid))
    assert outcome.data['prepay_id']
    assert gateway.unified_order(order('WO-A', trade_type='APP')).kind is Kind.PENDING
    outcome = gateway.unified_order(order(
        'WO-H', trade_type='MWEB',
        scene_info='{"h5_info":{"type":"Wap","wap_url":"https://shop","wap_name":"Shop"}}'))
    assert outcome.data['mweb_url']


# -- Micropay ----------------------------------------------------------------------------------

def test_micropay(sim, gateway):
    paid = gateway.micropay(scan(sim))
    assert said(paid) == (Kind.PAID, 'SUCCESS')
    assert parse_beijing_time(paid.data['time_end']) <= datetime.now(timezone.utc).replace(
        tzinfo=None) + timedelta(days=1)
    assert sim.balance(CUSTOMER) == 500000 - 1250
    assert said(gateway.micropay(scan(sim))) == (Kind.TAKEN, 'ORDERPAID')


def test_micropay_with_password(sim, gateway):
    asked = gateway.micropay(scan(sim, total_fee=100000))
    assert said(asked) == (Kind.UNKNOWN, 'USERPAYING')
    assert said(gateway.query_order('WMP-1')) == (Kind.PENDING, 'USERPAYING')
    sim.pay(CUSTOMER, 'WMP-1')
    assert said(gateway.query_order('WMP-1')) == (Kind.PAID, 'SUCCESS')


def test_micropay_given_up_and_reversed(sim, gateway):
    gateway.micropay(scan(sim, total_fee=100000))
    assert gateway.reverse('WMP-1').kind is Kind.TOO_EARLY
    sim.wrong_password(CUSTOMER, 'WMP-1')
    assert said(gateway.query_order('WMP-1')) == (Kind.PENDING, 'PAYERROR')
    sim.clock.advance(15)
    assert said(gateway.reverse('WMP-1')) == (Kind.CLOSED, 'SUCCESS')
    assert said(gateway.query_order('WMP-1')) == (Kind.CLOSED, 'REVOKED')
    assert said(gateway.micropay(scan(sim))) == (Kind.CLOSED, 'ORDERREVERSED')


def test_reversing_a_paid_one_gives_the_money_back(sim, gateway):
    paid = gateway.micropay(scan(sim))
    sim.clock.advance(15)
    outcome = gateway.reverse(transaction_id=paid.data['transaction_id'])
    assert outcome.kind is Kind.CLOSED
    assert sim.balance(CUSTOMER) == 500000


def test_reversing_too_late(sim, gateway):
    gateway.micropay(scan(sim))
    sim.clock.advance(8 * 24 * 3600)
    assert said(gateway.reverse('WMP-1')) == (Kind.TAKEN, 'REVERSE_EXPIRE')


def test_micropay_refused(sim, gateway):
    params = scan(sim)
    gateway.micropay(params)
    used = gateway.micropay({**params, 'out_trade_no': 'WMP-2'})
    assert said(used) == (Kind.REFUSED, 'AUTH_CODE_ERROR')
    params = scan(sim, 'WMP-3')
    sim.clock.advance(120)
    assert said(gateway.micropay(params)) == (Kind.REFUSED, 'AUTHCODEEXPIRE')
    foreign = gateway.micropay(scan(sim, 'WMP-4', auth_code='169999999999999999'))
    assert said(foreign) == (Kind.REFUSED, 'AUTH_CODE_INVALID')
    sim.set_account(CUSTOMER, balance=1)
    assert said(gateway.micropay(scan(sim, 'WMP-5'))) == (Kind.REFUSED, 'NOTENOUGH')
    sim.set_account(CUSTOMER, blocked=True)
    assert said(gateway.micropay(scan(sim, 'WMP-6'))) == (Kind.REFUSED, 'TRADE_ERROR')


def test_currency_that_the_merchant_does_not_take(sim, gateway):
    outcome = gateway.micropay(scan(sim, fee_type='HKD'))
    assert said(outcome) == (Kind.REFUSED, 'PARAM_ERROR')
    assert 'wechat.fee_type' in outcome.explanation.admin


def test_query_of_a_number_that_never_was(gateway):
    assert said(gateway.query_order('WO-404')) == (Kind.UNKNOWN, 'ORDERNOTEXIST')


def test_openid_of_a_code(sim, gateway):
    outcome = gateway.auth_code_to_openid(sim.payment_code(CUSTOMER))
    assert outcome.kind is Kind.DONE
    assert outcome.data['openid'] == sim.openid(CUSTOMER, DEMO_MERCHANT['appid'])
    refused = gateway.auth_code_to_openid('139999999999999999')
    assert said(refused) == (Kind.REFUSED, 'AUTH_CODE_INVALID')


# -- Trouble: the truth is always found by asking ------------------------------------------------

@pytest.mark.parametrize(('kind', 'params', 'code'), [
    ('drop', {}, 'CONNECTION'),
    ('http', {'status': 502, 'paid': True}, 'HTTP_502'),
    ('http', {'status': 404, 'paid': True}, 'HTTP_404'),
    ('html', {'paid': True}, 'BAD_XML'),
    ('garbage', {'paid': True}, 'BAD_XML'),
    ('return_fail', {'text': '系统繁忙', 'paid': True}, 'SYSTEMERROR'),
    ('err_code', {'code': 'SYSTEMERROR', 'paid': True}, 'SYSTEMERROR'),
    ('err_code', {'code': 'BANKERROR', 'paid': True}, 'BANKERROR'),
    ('err_code', {'code': 'NEVER_HEARD', 'paid': True}, 'NEVER_HEARD'),
    ('wrong_signature', {}, 'BAD_SIGNATURE'),
    ('no_signature', {}, 'BAD_SIGNATURE'),
    ('wrong_amount', {}, 'WRONG_AMOUNT'),
    ('wrong_fee_type', {}, 'WRONG_AMOUNT'),
    ('wrong_mch_id', {}, 'FOREIGN_REPLY'),
    ('wrong_appid', {}, 'FOREIGN_REPLY'),
    ('wrong_out_trade_no', {}, 'FOREIGN_REPLY'),
])
def test_paid_behind_trouble(sim, gateway, kind, params, code):
    sim.fault('micropay', kind, **params)
    assert said(gateway.micropay(scan(sim))) == (Kind.UNKNOWN, code)
    assert said(gateway.query_order('WMP-1')) == (Kind.PAID, 'SUCCESS')


@pytest.mark.parametrize('kind', ['drop', 'http', 'html', 'garbage', 'return_fail'])
def test_not_paid_behind_trouble(sim, gateway, kind):
    sim.fault('micropay', kind, paid=False)
    params = scan(sim)
    assert gateway.micropay(params).kind is Kind.UNKNOWN
    assert said(gateway.query_order('WMP-1')) == (Kind.UNKNOWN, 'ORDERNOTEXIST')
    assert gateway.micropay(params).kind is Kind.PAID, "the same number, once"
    assert sim.balance(CUSTOMER) == 500000 - 1250


def test_answer_that_is_too_late(sim, running):
    gateway = Gateway(Client(credentials(running[1].url), read_timeout=0.2))
    sim.fault('micropay', 'late', seconds=0.6)
    assert said(gateway.micropay(scan(sim))) == (Kind.UNKNOWN, 'TIMEOUT')
    gateway = Gateway(Client(credentials(running[1].url), read_timeout=2))
    assert gateway.query_order('WMP-1').kind is Kind.PAID


def test_query_in_trouble_is_no_answer(sim, gateway):
    gateway.micropay(scan(sim))
    for kind in ('wrong_out_trade_no', 'wrong_mch_id', 'wrong_signature', 'err_code', 'drop'):
        sim.fault('orderquery', kind)
        assert gateway.query_order('WMP-1').kind is Kind.UNKNOWN
    assert gateway.query_order('WMP-1').kind is Kind.PAID


@pytest.mark.parametrize(('endpoint', 'code', 'kind'), [
    ('unifiedorder', 'SYSTEMERROR', Kind.RETRY),
    ('unifiedorder', 'NOAUTH', Kind.CONFIG),
    ('micropay', 'NOAUTH', Kind.CONFIG),
    ('orderquery', 'SYSTEMERROR', Kind.UNKNOWN),
    ('closeorder', 'SYSTEMERROR', Kind.RETRY),
    ('reverse', 'USERPAYING', Kind.RETRY),
    ('reverse', 'SYSTEMERROR', Kind.RETRY),  # with recall=Y
    ('refund', 'FREQUENCY_LIMITED', Kind.RETRY),
    ('refund', 'BIZERR_NEED_RETRY', Kind.RETRY),
    ('refund', 'SYSTEMERROR', Kind.UNKNOWN),
    ('refund', 'CERT_ERROR', Kind.CONFIG),
    ('refundquery', 'SYSTEMERROR', Kind.UNKNOWN),
])
def test_codes(sim, gateway, endpoint, code, kind):
    calls = {
        'unifiedorder': lambda: gateway.unified_order(order('WO-2')),
        'micropay': lambda: gateway.micropay(scan(sim, 'WMP-2')),
        'orderquery': lambda: gateway.query_order('WMP-1'),
        'closeorder': lambda: gateway.close_order('WO-1'),
        'reverse': lambda: gateway.reverse('WMP-1'),
        'refund': lambda: gateway.refund(refund()),
        'refundquery': lambda: gateway.query_refund('WR-1'),
    }
    gateway.unified_order(order())
    gateway.micropay(scan(sim))
    sim.fault(endpoint, 'err_code', code=code)
    assert said(calls[endpoint]()) == (kind, code)


# -- Refunds -----------------------------------------------------------------------------------

def refund(out_refund_no='WR-1', **changes):
    return {
        'out_trade_no': 'WMP-1', 'out_refund_no': out_refund_no, 'total_fee': 1250,
        'refund_fee': 500, 'refund_desc': '退货', **changes,
    }


def test_refund(sim, gateway):
    gateway.micropay(scan(sim))
    assert said(gateway.query_refund('WR-1')) == (Kind.RETRY, 'REFUNDNOTEXIST')
    assert said(gateway.refund(refund())) == (Kind.PENDING, 'SUCCESS')
    assert said(gateway.refund(refund())) == (Kind.PENDING, 'SUCCESS'), "the same number, again"
    asked = gateway.query_refund('WR-1')
    assert said(asked) == (Kind.PENDING, 'PROCESSING')
    sim.clock.advance(60)
    asked = gateway.query_refund('WR-1')
    assert said(asked) == (Kind.PAID, 'SUCCESS')
    assert asked.data['refund_fee'] == '500'
    assert asked.data['refund_id']
    assert parse_beijing_time(asked.data['refund_success_time'])
    assert said(gateway.query_order('WMP-1')) == (Kind.REFUNDED, 'REFUND')
    sim.clock.advance(60)
    second = gateway.refund(refund('WR-2', refund_fee=750))
    assert second.kind is Kind.PENDING
    sim.clock.advance(60)
    assert gateway.query_refund('WR-2').data['refund_fee'] == '750'
    assert sim.balance(CUSTOMER) == 500000


def test_refund_refused(sim, gateway):
    assert said(gateway.refund(refund()))[0] is Kind.REFUSED
    gateway.micropay(scan(sim))
    too_much = gateway.refund(refund(refund_fee=1251))
    assert too_much.kind is Kind.REFUSED
    sim.clock.advance(400 * 24 * 3600)
    assert said(gateway.refund(refund('WR-3'))) == (Kind.REFUSED, 'TRADE_OVERDUE')


def test_refund_without_money_on_the_account(sim, gateway):
    gateway.micropay(scan(sim))
    sim.set_merchant(DEMO_MERCHANT['mch_id'], balance=0)
    assert said(gateway.refund(refund())) == (Kind.RETRY, 'NOTENOUGH')
    sim.set_merchant(DEMO_MERCHANT['mch_id'], balance=100000)
    assert gateway.refund(refund()).kind is Kind.PENDING


@pytest.mark.parametrize(('status', 'kind'), [
    ('CHANGE', Kind.UNKNOWN), ('REFUNDCLOSE', Kind.REFUSED)])
def test_refund_that_does_not_arrive(sim, gateway, status, kind):
    gateway.micropay(scan(sim))
    sim.fault('refund', 'refund_status', status=status)
    assert gateway.refund(refund()).kind is Kind.PENDING
    sim.clock.advance(3600)
    assert said(gateway.query_refund('WR-1')) == (kind, status)


def test_refund_not_allowed(sim, gateway):
    gateway.micropay(scan(sim))
    sim.set_merchant(DEMO_MERCHANT['mch_id'], no_auth=['refund'])
    outcome = gateway.refund(refund())
    assert said(outcome) == (Kind.CONFIG, 'NOAUTH')
    assert 'white list' in outcome.explanation.admin


def test_refund_lost_on_the_way(sim, gateway):
    gateway.micropay(scan(sim))
    sim.fault('refund', 'drop')
    assert gateway.refund(refund()).kind is Kind.UNKNOWN
    sim.clock.advance(60)
    assert gateway.query_refund('WR-1').kind is Kind.PAID


# -- Identity ----------------------------------------------------------------------------------

@pytest.mark.parametrize(('field', 'value', 'named'), [
    ('api_key', '0' * 32, 'wechat.api_key'),
    ('mch_id', '1999999999', 'wechat.mch_id'),
    ('app_id', 'wx0000000000000000', 'wechat.app_id'),
])
def test_wrong_credentials(sim, running, field, value, named):
    wrong = replace(credentials(running[1].url), **{field: value})
    gateway = Gateway(Client(wrong))
    for outcome in (gateway.query_order('WO-1'), gateway.unified_order(order())):
        assert outcome.kind is Kind.CONFIG
        assert named in outcome.explanation.admin
    assert gateway.micropay(scan(sim)).kind in (Kind.UNKNOWN, Kind.CONFIG)
    assert sim.trades() == []


def test_service_provider(sim, running):
    provider = Credentials(
        DEMO_PROVIDER['appid'], DEMO_PROVIDER['mch_id'], DEMO_PROVIDER['api_key'],
        sub_mch_id=DEMO_PROVIDER['sub_mch_id'], sub_app_id=DEMO_PROVIDER['sub_appid'],
        api_url=running[1].url)
    gateway = Gateway(Client(provider))
    paid = gateway.micropay(scan(sim))
    assert paid.kind is Kind.PAID
    assert paid.data['sub_mch_id'] == DEMO_PROVIDER['sub_mch_id']
    assert gateway.query_order('WMP-1').kind is Kind.PAID
    assert gateway.refund(refund()).kind is Kind.PENDING
    sim.clock.advance(60)
    assert gateway.query_refund('WR-1').kind is Kind.PAID


def test_hmac_all_the_way(sim, gateway):
    assert gateway.unified_order(order(sign_type='HMAC-SHA256')).kind is Kind.PENDING
    assert gateway.micropay(scan(sim, sign_type='HMAC-SHA256')).kind is Kind.PAID


def test_in_process(sim):
    client = Client(credentials('https://api.mch.weixin.qq.com/'), sim.adapter())
    gateway = Gateway(client)
    assert gateway.micropay(scan(sim)).kind is Kind.PAID
    assert gateway.refund(refund()).kind is Kind.PENDING
    sim.fault('orderquery', 'drop')
    assert said(gateway.query_order('WMP-1')) == (Kind.UNKNOWN, 'CONNECTION')
    sim.fault('orderquery', 'http', status=502)
    assert said(gateway.query_order('WMP-1')) == (Kind.UNKNOWN, 'HTTP_502')
    client.close()


# -- Bills -------------------------------------------------------------------------------------

def test_bills(sim, gateway):
    gateway.micropay(scan(sim))
    day = beijing_time(sim.clock.now())[:8]
    outcome, text = gateway.download_bill(day)
    assert (outcome.kind, text) == (Kind.RETRY, '') or outcome.code in ('NO_BILL_EXIST', '20001')
    sim.clock.advance(2 * 24 * 3600)
    outcome, text = gateway.download_bill(day)
    assert said(outcome) == (Kind.DONE, 'SUCCESS')
    assert 'WMP-1' in text
    assert text.startswith('交易时间')
    outcome, text = gateway.download_fund_flow(day)
    assert said(outcome) == (Kind.DONE, 'SUCCESS')
    assert text.startswith('记账时间')
    empty = datetime.strptime(day, '%Y%m%d') - timedelta(days=2)
    outcome, text = gateway.download_bill(empty)
    assert (*said(outcome), text) == (Kind.DONE, 'NO_BILL_EXIST', '')


# -- WeChat's own sandbox ----------------------------------------------------------------------

@pytest.fixture
def sandbox(sim, running):
    ours = credentials(running[1].url, sandbox=True)
    forget_sandbox_key(ours)
    return Gateway(Client(ours, read_timeout=2))


@pytest.mark.parametrize('total_fee', [1, 2, 3])
def test_sandbox_payment(sim, sandbox, total_fee):
    outcome = sandbox.micropay(scan(sim, total_fee=total_fee, auth_code='134567890123456789'))
    assert outcome.kind is Kind.PAID
    assert sandbox.query_order('WMP-1').kind is Kind.PAID
    assert sim.trade('WMP-1')['sandbox']


def test_sandbox_has_nothing_else(sandbox):
    for outcome in (
        sandbox.unified_order(order()), sandbox.close_order('WO-1'), sandbox.reverse('WO-1'),
        sandbox.refund(refund()), sandbox.query_refund('WR-1'),
        sandbox.download_bill('20260101')[0],
    ):
        assert said(outcome) == (Kind.CONFIG, 'SANDBOX_UNSUPPORTED')
        assert 'wechat.local_sandbox' in outcome.explanation.admin


def test_sandbox_key_is_kept_and_renewed(sim, sandbox):
    code = '134567890123456789'
    assert sandbox.micropay(scan(sim, total_fee=1, auth_code=code)).kind is Kind.PAID
    sim.fault('getsignkey', 'http', times=None)
    assert sandbox.query_order('WMP-1').kind is Kind.PAID, "no new key was needed"
    sim.clear_faults()
    sim.set_merchant(DEMO_MERCHANT['mch_id'], sandbox_signkey='f' * 32)
    assert sandbox.query_order('WMP-1').kind is Kind.CONFIG, "the key has changed"
    assert sandbox.query_order('WMP-1').kind is Kind.PAID


def test_sandbox_without_key(sim, running):
    wrong = credentials(running[1].url, sandbox=True)
    gateway = Gateway(Client(replace(wrong, api_key='e' * 32)))
    outcome = gateway.micropay(scan(sim, total_fee=1))
    assert outcome.code == 'SIGNERROR'
    assert 'wechat.api_key' in outcome.explanation.admin


# -- TLS ---------------------------------------------------------------------------------------

def test_certified_calls_over_tls(sim, running, tmp_path, monkeypatch):
    server = sim.serve(tls=str(tmp_path), notify=False)
    try:
        monkeypatch.setenv('REQUESTS_CA_BUNDLE', str(tmp_path / 'ca.pem'))
        bare = Gateway(Client(credentials(server.url)))
        assert bare.micropay(scan(sim)).kind is Kind.PAID
        assert said(bare.refund(refund())) == (Kind.CONFIG, 'CERT_MISSING')
        full = Gateway(Client(credentials(
            server.url, mch_cert=str(tmp_path / 'apiclient_cert.pem'),
            mch_key=str(tmp_path / 'apiclient_key.pem'))))
        assert full.refund(refund()).kind is Kind.PENDING
    finally:
        server.stop()
