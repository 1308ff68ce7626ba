# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Trouble on demand, over real sockets and in process: both must feel the same to a client."""
import time

import pytest
import requests
from wechatpy.pay import WeChatPay, WeChatPayException

from simulator import DEMO_MERCHANT, Simulator


@pytest.fixture
def sim(tmp_path):
    simulator = Simulator(tmp_path / 'ledger.sqlite')
    yield simulator
    simulator.close()


@pytest.fixture(params=['http', 'in process'])
def pay(sim, request):
    client = WeChatPay(
        DEMO_MERCHANT['appid'], DEMO_MERCHANT['api_key'], DEMO_MERCHANT['mch_id'], timeout=5
    )
    if request.param == 'in process':
        client._http.mount('https://', sim.adapter())
        yield client
        return
    server = sim.serve(notify=False)
    client.API_BASE_URL = server.url + '/'
    yield client
    server.stop()


def micropay(sim, pay, number='M1', **values):
    data = {
        'appid': pay.appid, 'body': "tea", 'total_fee': 100, 'auth_code': sim.payment_code(),
        'spbill_create_ip': '127.0.0.1', 'out_trade_no': number,
    }
    return pay.post('pay/micropay', data=data, **values)


def test_late(sim, pay):
    sim.fault('micropay', 'late', seconds=0.3)
    started = time.monotonic()
    micropay(sim, pay)
    assert time.monotonic() - started >= 0.3
    sim.fault('micropay', 'late', seconds=30)
    with pytest.raises(requests.ReadTimeout):
        micropay(sim, pay, 'M2', timeout=0.2)
    assert sim.trade('M2')['trade_state'] == 'SUCCESS'


@pytest.mark.parametrize(('kind', 'error'), [
    ('drop', requests.ConnectionError), ('hang', requests.ReadTimeout),
])
@pytest.mark.parametrize('carried_out', [True, False])
def test_no_answer(sim, pay, kind, error, carried_out):
    sim.fault('micropay', kind, paid=carried_out)
    with pytest.raises(error):
        micropay(sim, pay, timeout=0.3)
    assert bool(sim.trade('M1')) is carried_out
    assert sim.balance() == 500000 - 100 * carried_out
    micropay(sim, pay, 'M2')


@pytest.mark.parametrize(('kind', 'params'), [
    ('http', {'status': 404}), ('http', {'status': 502}), ('html', {}), ('garbage', {}),
    ('return_fail', {'text': "busy"}),
])
@pytest.mark.parametrize('carried_out', [True, False])
def test_no_proper_answer(sim, pay, kind, params, carried_out):
    sim.fault('micropay', kind, paid=carried_out, **params)
    data = {
        'appid': pay.appid, 'body': "tea", 'total_fee': 100, 'auth_code': sim.payment_code(),
        'spbill_create_ip': '127.0.0.1', 'out_trade_no': 'M1',
    }
    if kind == 'garbage':
        assert isinstance(pay.post('pay/micropay', data=data), str)
    elif kind == 'html':
        with pytest.raises(KeyError):
            pay.post('pay/micropay', data=data)
    else:
        with pytest.raises(WeChatPayException) as caught:
            pay.post('pay/micropay', data=data)
        assert caught.value.response.status_code == params.get('status', 200)
    assert bool(sim.trade('M1')) is carried_out


@pytest.mark.parametrize('code', ['SYSTEMERROR', 'BANKERROR', 'NOTENOUGH', 'SOMETHING_NEW'])
@pytest.mark.parametrize('carried_out', [True, False])
def test_err_codes(sim, pay, code, carried_out):
    sim.fault('micropay', 'err_code', code=code, paid=carried_out)
    with pytest.raises(WeChatPayException) as caught:
        micropay(sim, pay)
    assert caught.value.errcode == code
    assert sim.balance() == 500000 - 100 * carried_out


def test_userpaying_asks_the_customer(sim, pay):
    sim.fault('micropay', 'err_code', code='USERPAYING')
    with pytest.raises(WeChatPayException) as caught:
        micropay(sim, pay)
    assert caught.value.errcode == 'USERPAYING'
    sim.pay(sim.account(), 'M1')
    assert pay.order.query(out_trade_no='M1')['trade_state'] == 'SUCCESS'


def test_reverse_asks_to_be_called_again(sim, pay):
    micropay(sim, pay)
    sim.clock.advance(15)
    sim.fault('reverse', 'err_code')
    with pytest.raises(WeChatPayException) as caught:
        pay.order.reverse(out_trade_no='M1')
    assert b'<recall><![CDATA[Y]]>' in caught.value.response.content
    assert sim.trade('M1')['trade_state'] == 'SUCCESS'
    assert pay.order.reverse(out_trade_no='M1')['recall'] == 'N'


def test_wrong_signatures(sim, pay):
    sim.fault('micropay', 'wrong_signature')
    assert not pay.check_signature(micropay(sim, pay, 'M1'))
    sim.fault('orderquery', 'no_signature')
    assert 'sign' not in pay.order.query(out_trade_no='M1')
    assert pay.check_signature(pay.order.query(out_trade_no='M1'))


@pytest.mark.parametrize(('kind', 'field'), [
    ('wrong_amount', 'total_fee'), ('wrong_mch_id', 'mch_id'), ('wrong_appid', 'appid'),
    ('wrong_out_trade_no', 'out_trade_no'), ('wrong_fee_type', 'fee_type'),
])
def test_lies_are_properly_signed(sim, pay, kind, field):
    truth = micropay(sim, pay, 'X1')
    sim.fault('orderquery', kind)
    lie = pay.order.query(out_trade_no='X1')
    assert pay.check_signature(lie)
    names = {'total_fee', 'mch_id', 'appid', 'out_trade_no', 'fee_type'}
    assert {name for name in names if truth[name] != lie[name]} == {field}


def test_which_calls_and_how_often(sim, pay):
    micropay(sim, pay, 'M1')
    micropay(sim, pay, 'M2')

    def fails(number):
        try:
            pay.order.query(out_trade_no=number)
        except WeChatPayException as error:
            return error.errcode == 'SYSTEMERROR'
        return False

    sim.fault('orderquery', 'err_code', times=2, out_trade_no='M2')
    assert [fails(number) for number in ('M1', 'M2', 'M1', 'M2', 'M2')] == [
        False, True, False, True, False,
    ]
    sim.fault('*', 'err_code', times=None)
    assert fails('M1') and fails('M1') and fails('M2')
    assert [row['kind'] for row in sim.faults()] == ['err_code']
    sim.clear_faults()
    assert not fails('M1')


def test_bills_in_trouble(sim, pay):
    for kind, params, words in [
        ('err_code', {'code': 'SYSTEMERROR'}, b'<error_code>100</error_code>'),
        ('html', {}, b'<html>'),
    ]:
        sim.fault('downloadbill', kind, **params)
        try:
            pay.tools.download_bill('20260115')
            pytest.fail("a bill")
        except WeChatPayException as error:
            assert words in error.response.content
        except KeyError:
            assert kind == 'html'


def test_unknown_faults_are_named(sim):
    for arguments, words in [
        (('micropai', 'late'), 'micropay'), (('micropay', 'lat'), 'late'),
        (('notification', 'late'), 'delay'),
    ]:
        with pytest.raises(ValueError, match=words):
            sim.fault(*arguments)
    with pytest.raises(ValueError, match='seconds'):
        sim.fault('micropay', 'late', secs=3)
    with pytest.raises(ValueError):
        sim.fault('micropay', 'late', times=0)
    assert sim.faults() == []
