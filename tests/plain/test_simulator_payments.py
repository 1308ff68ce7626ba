# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Payments at the simulator, through wechatpy over real HTTP: the rules of WeChat Pay V2."""
from datetime import datetime, timedelta, timezone

import pytest
import requests
from wechatpy.pay import WeChatPay, WeChatPayException

from simulator import DEMO_MERCHANT, DEMO_PROVIDER, PhoneError, Simulator, wire

BEIJING = timezone(timedelta(hours=8))
NOTIFY = 'http://127.0.0.1:9/notify'
DAY = 24 * 3600


@pytest.fixture
def sim(tmp_path):
    simulator = Simulator(tmp_path / 'ledger.sqlite')
    yield simulator
    simulator.close()


@pytest.fixture
def server(sim):
    server = sim.serve(notify=False)
    yield server
    server.stop()


@pytest.fixture
def pay(server):
    client = WeChatPay(
        DEMO_MERCHANT['appid'], DEMO_MERCHANT['api_key'], DEMO_MERCHANT['mch_id'], timeout=10
    )
    client.API_BASE_URL = server.url + '/'
    return client


@pytest.fixture
def provider(server):
    client = WeChatPay(
        DEMO_PROVIDER['appid'], DEMO_PROVIDER['api_key'], DEMO_PROVIDER['mch_id'],
        sub_mch_id=DEMO_PROVIDER['sub_mch_id'], timeout=10, sub_appid=DEMO_PROVIDER['sub_appid'],
    )
    client.API_BASE_URL = server.url + '/'
    return client


def order(pay, number='WO-1', total_fee=100, **values):
    """A Native order with frozen times, as a shop should keep them."""
    data = {
        'appid': pay.appid, 'trade_type': 'NATIVE', 'body': "Shop - tea", 'total_fee': total_fee,
        'notify_url': NOTIFY, 'spbill_create_ip': '127.0.0.1', 'out_trade_no': number,
        'product_id': 'P1', **values,
    }
    return pay.post('pay/unifiedorder', data=data)


def micropay(pay, code, number='WMP-1', total_fee=100, **values):
    data = {
        'appid': pay.appid, 'body': "Shop - tea", 'total_fee': total_fee, 'auth_code': code,
        'spbill_create_ip': '127.0.0.1', 'out_trade_no': number, **values,
    }
    return pay.post('pay/micropay', data=data)


def refused(call, *args, **values):
    """The err_code that a call is refused with."""
    with pytest.raises(WeChatPayException) as caught:
        call(*args, **values)
    assert caught.value.return_code == 'SUCCESS', caught.value.return_msg
    return caught.value.errcode


def rejected(call, *args, **values):
    """The return_msg of a call that was not processed; such replies carry no signature."""
    with pytest.raises(WeChatPayException) as caught:
        call(*args, **values)
    assert caught.value.return_code == 'FAIL'
    assert b'<sign>' not in caught.value.response.content
    return caught.value.return_msg


def query_state(pay, number):
    return pay.order.query(out_trade_no=number)['trade_state']


# ---- Native, JSAPI, APP, H5 ----------------------------------------------------------------

def test_native_from_order_to_payment(sim, pay):
    reply = order(pay, attach="till 3", device_info='POS1')
    assert reply['code_url'].startswith('weixin://wxpay/bizpayurl?pr=')
    assert len(reply['code_url']) <= 64
    assert pay.check_signature(reply)
    assert query_state(pay, 'WO-1') == 'NOTPAY'
    customer = sim.account()
    seen = sim.scan(customer, reply['code_url'])
    assert (seen['body'], seen['total_fee']) == ("Shop - tea", 100)
    assert query_state(pay, 'WO-1') == 'NOTPAY'
    sim.pay(customer, 'WO-1')
    paid = pay.order.query(out_trade_no='WO-1')
    assert pay.check_signature(paid)
    assert paid['trade_state'] == 'SUCCESS' and paid['trade_type'] == 'NATIVE'
    assert paid['total_fee'] == paid['cash_fee'] == '100'
    assert paid['attach'] == "till 3" and paid['device_info'] == 'POS1'
    assert paid['openid'] == sim.openid(customer, pay.appid)
    assert len(paid['transaction_id']) == 28
    assert pay.order.query(transaction_id=paid['transaction_id'])['out_trade_no'] == 'WO-1'
    assert sim.balance(customer) == 500000 - 100
    assert sim.merchant(pay.mch_id)['balance'] == 100


def test_wechatpys_own_methods(sim, pay):
    now = datetime.now(BEIJING)
    reply = pay.order.create(
        'NATIVE', "茶", 100, NOTIFY, client_ip='::1', out_trade_no='A', product_id='1',
        time_start=now, time_expire=now + timedelta(hours=2),
    )
    sim.scan(sim.account(), reply['code_url'])
    sim.pay(sim.account(), 'A')
    assert pay.micropay.create(
        "茶", 100, sim.payment_code(), client_ip='127.0.0.1', out_trade_no='B'
    )['trade_type'] == 'MICROPAY'


def test_phone_url_stands_in_the_code(sim, pay):
    sim.set_phone_url('http://127.0.0.1:8070/phone')
    url = order(pay)['code_url']
    assert url.startswith('http://127.0.0.1:8070/phone?pr=') and len(url) <= 64
    assert sim.scan(sim.account(), url)['out_trade_no'] == 'WO-1'
    longest = 'http://a-host-with-a-long-name.example/' + 'x' * 13
    sim.set_phone_url(longest)
    url = order(pay, 'WO-2')['code_url']
    assert url.startswith(longest) and len(url) == 64
    assert sim.scan(sim.account(), url)['out_trade_no'] == 'WO-2'
    sim.set_phone_url(longest + 'x')
    url = order(pay, 'WO-3')['code_url']
    assert url.startswith('weixin://')
    assert sim.scan(sim.account(), url)['out_trade_no'] == 'WO-3'


def test_hmac_is_answered_with_hmac(sim, pay):
    reply = order(pay, sign_type='HMAC-SHA256')
    sign = reply.pop('sign')
    assert len(sign) == 64
    assert sign == wire.sign(reply, pay.api_key, 'HMAC-SHA256')


def test_jsapi_is_paid_by_the_openid_that_it_names(sim, pay):
    li, han = sim.accounts()
    values = {'trade_type': 'JSAPI', 'openid': sim.openid(han, pay.appid)}
    prepay_id = order(pay, 'J1', **values)['prepay_id']
    with pytest.raises(PhoneError) as caught:
        sim.scan(li, prepay_id)
    assert caught.value.code == 'OTHER_ACCOUNT'
    sim.scan(han, f'prepay_id={prepay_id}')
    sim.pay(han, 'J1')
    assert pay.order.query(out_trade_no='J1')['openid'] == values['openid']
    assert 'openid' in rejected(order, pay, 'J2', trade_type='JSAPI')
    order(pay, 'J3', trade_type='JSAPI', openid='oStranger')


def test_app_and_h5(sim, pay):
    customer = sim.account()
    sim.scan(customer, order(pay, 'APP1', trade_type='APP')['prepay_id'])
    sim.pay(customer, 'APP1')
    scene = '{"h5_info": {"type": "Wap", "wap_url": "http://x", "wap_name": "x"}}'
    reply = order(pay, 'H5', trade_type='MWEB', scene_info=scene)
    assert len(reply['mweb_url']) <= 256
    sim.scan(customer, reply['mweb_url'])
    assert sim.pay(customer, 'H5')['trade_state'] == 'SUCCESS'
    assert refused(order, pay, 'H6', trade_type='MWEB') == 'PARAM_ERROR'
    late = order(pay, 'H7', trade_type='MWEB', scene_info=scene)['mweb_url']
    sim.clock.advance(301)
    with pytest.raises(PhoneError) as caught:
        sim.scan(customer, late)
    assert caught.value.code == 'CODE_EXPIRED'


def test_ordering_again_gives_a_new_code_and_voids_the_old(sim, pay):
    first, second = order(pay)['code_url'], order(pay)['code_url']
    assert first != second
    with pytest.raises(PhoneError) as caught:
        sim.scan(sim.account(), first)
    assert caught.value.code == 'CODE_REPLACED'
    sim.scan(sim.account(), second)


@pytest.mark.parametrize('change', [
    {'total_fee': 101}, {'body': "Shop - other tea"}, {'attach': 'new'},
    {'time_expire': '20991231235959'},
])
def test_ordering_again_with_other_parameters_is_refused(pay, change):
    order(pay)
    assert refused(order, pay, **change) == 'INVALID_REQUEST'
    order(pay)


def test_a_code_lives_two_hours(sim, pay):
    url = order(pay)['code_url']
    sim.clock.advance(7190)
    sim.scan(sim.account(), url)
    url = order(pay, 'WO-2')['code_url']
    sim.clock.advance(7201)
    with pytest.raises(PhoneError) as caught:
        sim.scan(sim.account(), url)
    assert caught.value.code == 'CODE_EXPIRED'
    assert query_state(pay, 'WO-2') == 'NOTPAY'
    sim.scan(sim.account(), order(pay, 'WO-2')['code_url'])


def test_time_expire_closes_the_order(sim, pay):
    expire = sim.clock.now() + timedelta(minutes=10)
    url = order(pay, time_expire=expire.strftime('%Y%m%d%H%M%S'))['code_url']
    sim.scan(sim.account(), url)
    sim.clock.advance(601)
    assert query_state(pay, 'WO-1') == 'CLOSED'
    with pytest.raises(PhoneError) as caught:
        sim.pay(sim.account(), 'WO-1')
    assert caught.value.code == 'NOT_WAITING'
    soon = (sim.clock.now() + timedelta(seconds=50)).strftime('%Y%m%d%H%M%S')
    assert refused(order, pay, 'WO-2', time_expire=soon) == 'INVALID_REQUEST'


def test_an_unpaid_order_is_closed_after_seven_days(sim, pay):
    order(pay)
    sim.clock.advance(7 * DAY - 10)
    assert query_state(pay, 'WO-1') == 'NOTPAY'
    sim.clock.advance(20)
    assert query_state(pay, 'WO-1') == 'CLOSED'


def test_close(sim, pay):
    url = order(pay)['code_url']
    assert refused(pay.order.close, 'WO-1') == 'INVALID_REQUEST'
    sim.clock.advance(301)
    pay.order.close('WO-1')
    assert query_state(pay, 'WO-1') == 'CLOSED'
    assert refused(pay.order.close, 'WO-1') == 'ORDERCLOSED'
    assert refused(order, pay) == 'ORDERCLOSED'
    with pytest.raises(PhoneError) as caught:
        sim.scan(sim.account(), url)
    assert caught.value.code == 'ORDER_CLOSED'
    assert refused(pay.order.close, 'nobody') == 'ORDERNOTEXIST'
    assert refused(pay.order.query, out_trade_no='nobody') == 'ORDERNOTEXIST'


def test_close_after_payment_says_paid(sim, pay):
    sim.scan(sim.account(), order(pay)['code_url'])
    sim.pay(sim.account(), 'WO-1')
    sim.clock.advance(301)
    assert refused(pay.order.close, 'WO-1') == 'ORDERPAID'
    assert refused(order, pay) == 'ORDERPAID'
    with pytest.raises(PhoneError) as caught:
        sim.scan(sim.account(), 'wx' + '0' * 34)
    assert caught.value.code == 'CODE_UNKNOWN'


def test_closing_takes_the_order_from_the_phone(sim, pay):
    sim.scan(sim.account(), order(pay)['code_url'])
    sim.clock.advance(301)
    pay.order.close('WO-1')
    assert sim.waiting() == []
    with pytest.raises(PhoneError):
        sim.pay(sim.account(), 'WO-1')
    assert sim.balance() == 500000


def test_one_order_one_customer(sim, pay):
    url = order(pay)['code_url']
    li, han = sim.accounts()
    sim.scan(li, url)
    with pytest.raises(PhoneError) as caught:
        sim.scan(han, url)
    assert caught.value.code == 'OTHER_ACCOUNT'


def test_what_a_customer_may_do_about_a_native_order(sim, pay):
    li = sim.account()
    url = order(pay, total_fee=300)['code_url']
    sim.scan(li, url)
    assert sim.wrong_password(li, 'WO-1')['trade_state'] == 'NOTPAY'
    assert sim.not_enough(li, 'WO-1')['trade_state'] == 'NOTPAY'
    sim.cancel(li, 'WO-1')
    assert sim.waiting(li) == []
    sim.scan(li, url)
    sim.silent(li, 'WO-1')
    sim.set_account(li, balance=299)
    with pytest.raises(PhoneError) as caught:
        sim.pay(li, 'WO-1')
    assert caught.value.code == 'NOT_ENOUGH'
    sim.set_account(li, balance=300)
    assert sim.pay(li, 'WO-1')['trade_state'] == 'SUCCESS'
    assert sim.balance(li) == 0


# ---- payment code --------------------------------------------------------------------------

def test_micropay_at_once(sim, pay):
    code = sim.payment_code()
    assert len(code) == 18 and '10' <= code[:2] <= '15'
    reply = micropay(pay, code, attach='x')
    assert pay.check_signature(reply)
    assert reply['trade_type'] == 'MICROPAY' and reply['total_fee'] == '100'
    assert sim.balance() == 500000 - 100
    assert refused(micropay, pay, code) == 'ORDERPAID'
    assert refused(micropay, pay, code, 'WMP-2') == 'AUTH_CODE_ERROR'
    assert sim.payment_code() != code
    assert sim.notifications() == []


def test_a_code_changes_each_minute(sim, pay):
    code = sim.payment_code()
    assert sim.payment_code() == code
    sim.clock.advance(61)
    assert sim.payment_code() != code
    assert refused(micropay, pay, code) == 'AUTHCODEEXPIRE'
    assert refused(pay.order.query, out_trade_no='WMP-1') == 'ORDERNOTEXIST'


def test_a_clock_turned_back_does_not_unsettle_the_codes(sim, pay):
    sim.clock.advance(DAY)
    tomorrow = sim.payment_code()
    sim.clock.reset()
    code = sim.payment_code()
    assert code != tomorrow
    assert sim.payment_code() == code
    micropay(pay, code)


@pytest.mark.parametrize(('code', 'error'), [
    ('283456789012345678', 'AUTH_CODE_INVALID'),
    ('130000000000000000', 'AUTH_CODE_INVALID'),
    ('13456', 'AUTH_CODE_ERROR'),
    ('13456789012345678x', 'AUTH_CODE_ERROR'),
])
def test_codes_that_are_none(pay, code, error):
    assert refused(micropay, pay, code) == error


def test_password_from_1000_yuan(sim, pay):
    li = sim.account()
    micropay(pay, sim.payment_code(li), 'M1', total_fee=99999)
    code = sim.payment_code(li)
    assert refused(micropay, pay, code, 'M2', total_fee=100000) == 'USERPAYING'
    assert query_state(pay, 'M2') == 'USERPAYING'
    # The same request sent again, as after a lost answer, is no second attempt.
    assert refused(micropay, pay, code, 'M2', total_fee=100000) == 'USERPAYING'
    other = sim.payment_code(li)
    assert refused(micropay, pay, other, 'M2', total_fee=100000) == 'INVALID_REQUEST'
    sim.pay(li, 'M2')
    assert query_state(pay, 'M2') == 'SUCCESS'
    assert sim.balance(li) == 500000 - 99999 - 100000


def test_password_settings(sim, pay):
    li = sim.set_account(sim.account(), password='always')
    assert refused(micropay, pay, sim.payment_code(li), 'M1', total_fee=1) == 'USERPAYING'
    sim.set_account(li, password='never')
    micropay(pay, sim.payment_code(li), 'M2', total_fee=200000)
    sim.set_account(li, password='auto', password_free_daily=2)
    micropay(pay, sim.payment_code(li), 'M3')
    micropay(pay, sim.payment_code(li), 'M4')
    assert refused(micropay, pay, sim.payment_code(li), 'M5') == 'USERPAYING'
    sim.clock.advance(DAY + 1)
    micropay(pay, sim.payment_code(li), 'M6')


@pytest.mark.parametrize('action', ['wrong_password', 'not_enough', 'cancel'])
def test_a_failed_password_ends_the_attempt(sim, pay, action):
    li = sim.set_account(sim.account(), password='always')
    code = sim.payment_code(li)
    assert refused(micropay, pay, code) == 'USERPAYING'
    getattr(sim, action)(li, 'WMP-1')
    assert query_state(pay, 'WMP-1') == 'PAYERROR'
    assert refused(micropay, pay, code) == 'AUTH_CODE_ERROR'
    sim.clock.advance(15)
    assert pay.order.reverse(out_trade_no='WMP-1')['recall'] == 'N'
    assert query_state(pay, 'WMP-1') == 'REVOKED'
    assert sim.balance(li) == 500000


def test_a_silent_customer_may_still_pay(sim, pay):
    li = sim.set_account(sim.account(), password='always')
    assert refused(micropay, pay, sim.payment_code(li)) == 'USERPAYING'
    sim.silent(li, 'WMP-1')
    assert query_state(pay, 'WMP-1') == 'USERPAYING'
    sim.pay(li, 'WMP-1')
    assert query_state(pay, 'WMP-1') == 'SUCCESS'


def test_accounts_that_act_by_themselves(sim, pay):
    li = sim.set_account(sim.account(), password='always', auto='pay', auto_after=8)
    assert refused(micropay, pay, sim.payment_code(li), 'M1') == 'USERPAYING'
    assert query_state(pay, 'M1') == 'USERPAYING'
    sim.clock.advance(8)
    assert query_state(pay, 'M1') == 'SUCCESS'
    sim.set_account(li, auto='wrong_password')
    assert refused(micropay, pay, sim.payment_code(li), 'M2') == 'USERPAYING'
    sim.clock.advance(8)
    assert query_state(pay, 'M2') == 'PAYERROR'


def test_refusals_of_the_payers_account(sim, pay):
    li, han = sim.accounts()
    sim.set_account(li, balance=99)
    assert refused(micropay, pay, sim.payment_code(li), 'M1') == 'NOTENOUGH'
    assert query_state(pay, 'M1') == 'NOTPAY'
    assert refused(micropay, pay, sim.payment_code(han), 'M1') == 'BUYER_MISMATCH'
    sim.set_account(li, balance=100)
    micropay(pay, sim.payment_code(li), 'M1')
    sim.set_account(han, card='credit')
    assert refused(
        micropay, pay, sim.payment_code(han), 'M2', limit_pay='no_credit'
    ) == 'NOTSUPORTCARD'
    assert micropay(pay, sim.payment_code(han), 'M3')['bank_type'] == 'CMB_CREDIT'
    sim.set_account(han, blocked=True)
    assert refused(micropay, pay, sim.payment_code(han), 'M4') == 'TRADE_ERROR'


def test_numbers_are_not_used_twice(sim, pay):
    li = sim.account()
    micropay(pay, sim.payment_code(li), 'A')
    assert refused(order, pay, 'A') == 'ORDERPAID'
    order(pay, 'B')
    assert refused(micropay, pay, sim.payment_code(li), 'B') == 'OUT_TRADE_NO_USED'
    sim.set_account(li, password='always')
    assert refused(micropay, pay, sim.payment_code(li), 'C') == 'USERPAYING'
    assert refused(order, pay, 'C') == 'OUT_TRADE_NO_USED'
    assert refused(micropay, pay, sim.payment_code(li), 'C', total_fee=7) == 'INVALID_REQUEST'
    sim.clock.advance(20)
    pay.order.reverse(out_trade_no='C')
    assert refused(micropay, pay, sim.payment_code(li), 'C') == 'ORDERREVERSED'


def test_reverse_gives_the_money_back(sim, pay):
    paid = micropay(pay, sim.payment_code())
    assert refused(pay.order.reverse, out_trade_no='WMP-1') == 'INVALID_REQUEST'
    sim.clock.advance(15)
    reply = pay.order.reverse(transaction_id=paid['transaction_id'])
    assert reply['recall'] == 'N' and pay.check_signature(reply)
    assert query_state(pay, 'WMP-1') == 'REVOKED'
    assert sim.balance() == 500000 and sim.merchant(pay.mch_id)['balance'] == 0
    assert pay.order.reverse(out_trade_no='WMP-1')['recall'] == 'N'
    assert sim.balance() == 500000


def test_reverse_rules(sim, pay):
    micropay(pay, sim.payment_code())
    order(pay)
    sim.clock.advance(20)
    assert refused(pay.order.reverse, out_trade_no='WO-1') == 'INVALID_REQUEST'
    assert refused(pay.order.reverse, out_trade_no='none') == 'INVALID_TRANSACTIONID'
    assert refused(pay.order.close, 'WMP-1') == 'TRADE_STATE_ERROR'
    sim.clock.advance(7 * DAY)
    assert refused(pay.order.reverse, out_trade_no='WMP-1') == 'REVERSE_EXPIRE'
    assert sim.balance() == 500000 - 100


def test_openid_of_a_code(sim, pay):
    code = sim.payment_code()
    assert pay.tools.auto_code_to_openid(code)['openid'] == sim.openid(sim.account(), pay.appid)
    sim.set_merchant('1900000999', appid='wxother', api_key='k' * 32)
    other = WeChatPay('wxother', 'k' * 32, '1900000999', timeout=10)
    other.API_BASE_URL = pay.API_BASE_URL
    assert refused(micropay, other, code) == 'AUTH_CODE_ERROR'
    micropay(pay, code)
    assert refused(pay.tools.auto_code_to_openid, code) == 'AUTH_CODE_ERROR'
    hong_kong = sim.create_account("Wong", wallet='HK')
    assert sim.payment_code(hong_kong).startswith('15')
    assert refused(pay.tools.auto_code_to_openid, sim.payment_code(hong_kong)) == 'SYSTEMERROR'
    micropay(pay, sim.payment_code(hong_kong), 'HK-1')


# ---- who asks, and how ---------------------------------------------------------------------

def test_wrong_credentials(pay, provider):
    pay.api_key = 'x' * 32
    assert '签名' in rejected(pay.order.query, out_trade_no='A')
    pay.api_key, pay.mch_id = DEMO_MERCHANT['api_key'], '1234567890'
    assert 'mch_id' in rejected(pay.order.query, out_trade_no='A')
    pay.mch_id, pay.appid = DEMO_MERCHANT['mch_id'], 'wxnobody'
    assert refused(pay.order.query, out_trade_no='A') == 'APPID_NOT_EXIST'
    pay.appid = DEMO_PROVIDER['appid']
    assert refused(pay.order.query, out_trade_no='A') == 'APPID_MCHID_NOT_MATCH'


def test_a_new_key_and_the_old_one(sim, pay):
    order(pay)
    sim.set_merchant(pay.mch_id, api_key='n' * 32)
    assert pay.check_signature(pay.order.query(out_trade_no='WO-1'))
    sim.clock.advance(15 * DAY + 1)
    assert '签名' in rejected(pay.order.query, out_trade_no='WO-1')
    pay.api_key = 'n' * 32
    assert query_state(pay, 'WO-1') == 'CLOSED'
    sim.set_merchant(pay.mch_id, api_key='m' * 32, void_old_key=True)
    assert '签名' in rejected(pay.order.query, out_trade_no='WO-1')


def test_permissions(sim, pay):
    sim.set_merchant(pay.mch_id, no_auth=['NATIVE', 'MICROPAY'])
    assert refused(order, pay) == 'NOAUTH'
    assert refused(micropay, pay, sim.payment_code()) == 'NOAUTH'
    order(pay, trade_type='APP')


def test_currencies(sim, pay):
    assert refused(order, pay, fee_type='HKD') == 'PARAM_ERROR'
    sim.set_merchant(pay.mch_id, fee_types=['CNY', 'HKD'])
    order(pay, fee_type='HKD')
    assert refused(order, pay, 'WO-2', fee_type='USD') == 'PARAM_ERROR'
    sim.set_merchant(pay.mch_id, any_currency=True)
    assert refused(order, pay, 'WO-3', fee_type='us$') == 'PARAM_ERROR'
    order(pay, 'WO-2', fee_type='USD')


@pytest.mark.parametrize('change', [
    {'out_trade_no': 'a b'}, {'out_trade_no': 'x' * 33}, {'total_fee': '1.5'},
    {'total_fee': '-1'}, {'total_fee': '007'}, {'body': '茶' * 128}, {'body': 'tea 😀'},
    {'attach': 'x' * 128}, {'detail': '𝔘'}, {'spbill_create_ip': '300.1.1.1'},
    {'notify_url': 'http://shop.example/notify?db=1'}, {'notify_url': 'ftp://shop.example/'},
    {'trade_type': 'WAP'}, {'time_expire': '2026'}, {'fee_type': 'cny'},
    {'device_info': 'x' * 33}, {'limit_pay': 'credit'}, {'nonce_str': 'a-b'},
])
def test_fields_of_the_wrong_shape(pay, change):
    assert refused(order, pay, **{'number': 'F', **change}) == 'PARAM_ERROR'


@pytest.mark.parametrize('name', [
    'body', 'total_fee', 'out_trade_no', 'spbill_create_ip', 'notify_url', 'trade_type',
    'product_id',
])
def test_fields_that_are_missing(pay, name):
    assert name in rejected(order, pay, **{'number': 'F', name: ''})


def test_number_characters(pay):
    order(pay, 'aZ09_-|*' + 'x' * 24)
    order(pay, 'x', body='茶' * 127)


def test_transport_errors(server):
    def post(body, path='/pay/orderquery', method='POST'):
        return requests.request(method, server.url + path, data=body, timeout=10)

    for reply in [
        post(b''), post(b'<xml>'), post(b'{"a": 1}'), post(b'<xml/>'), post(b'\xff\xfe'),
        post(None, method='GET'), post(b'<!DOCTYPE xml [<!ENTITY a "b">]><xml><a>&a;</a></xml>'),
    ]:
        assert reply.status_code == 200
        values = wire.parse_xml(reply.content)
        assert values['return_code'] == 'FAIL' and values['return_msg'] and 'sign' not in values
    assert post(b'<xml/>', '/sandboxnew/pay/micropay').status_code == 404
    assert post(b'x' * (1024 * 1024 + 1)).status_code == 413


# ---- service providers ---------------------------------------------------------------------

def test_provider_orders_for_a_sub_merchant(sim, provider):
    reply = order(provider, sub_appid=DEMO_PROVIDER['sub_appid'])
    assert reply['sub_mch_id'] == DEMO_PROVIDER['sub_mch_id']
    assert reply['sub_appid'] == DEMO_PROVIDER['sub_appid']
    li = sim.account()
    sim.scan(li, reply['code_url'])
    sim.pay(li, 'WO-1')
    paid = provider.order.query(out_trade_no='WO-1')
    assert paid['sub_openid'] == sim.openid(li, DEMO_PROVIDER['sub_appid'])
    assert paid['openid'] == sim.openid(li, DEMO_PROVIDER['appid'])
    assert paid['openid'] != paid['sub_openid']


def test_provider_rules(sim, pay, provider):
    sub_mch_id = provider.sub_mch_id
    provider.sub_mch_id = None
    assert 'sub_mch_id' in rejected(order, provider)
    provider.sub_mch_id = '1900000000'
    assert refused(order, provider) == 'MCHID_NOT_EXIST'
    provider.sub_mch_id = sub_mch_id
    assert refused(order, provider, sub_appid='wxother') == 'APPID_MCHID_NOT_MATCH'
    pay.sub_mch_id = sub_mch_id
    assert refused(order, pay) == 'NOAUTH'
    sub_openid = sim.openid(sim.account(), DEMO_PROVIDER['sub_appid'])
    assert refused(
        order, provider, 'J1', trade_type='JSAPI', sub_openid=sub_openid
    ) == 'PARAM_ERROR'
    values = {'trade_type': 'JSAPI', 'sub_openid': sub_openid,
              'sub_appid': DEMO_PROVIDER['sub_appid']}
    sim.scan(sim.account(), order(provider, 'J1', **values)['prepay_id'])
    with pytest.raises(PhoneError):
        sim.scan(sim.accounts()[1], order(provider, 'J2', **values)['prepay_id'])


def test_a_number_belongs_to_its_sub_merchant(sim, provider):
    settings = sim.merchant(provider.mch_id)['sub_merchants']
    sim.set_merchant(provider.mch_id, sub_merchants={**settings, '1900000310': {}})
    order(provider)
    provider.sub_mch_id = '1900000310'
    assert refused(provider.order.query, out_trade_no='WO-1') == 'ORDERNOTEXIST'
    assert refused(order, provider) == 'INVALID_REQUEST'


# ---- sandbox and report --------------------------------------------------------------------

def test_present_sandbox(sim, server, pay):
    root = server.url + '/xdc/'
    values = {'mch_id': pay.mch_id, 'nonce_str': 'abc'}
    values['sign'] = wire.sign(values, pay.api_key)
    reply = requests.post(
        root + 'apiv2getsignkey/sign/getsignkey', data=wire.build_xml(values), timeout=10
    )
    key = wire.parse_xml(reply.content)['sandbox_signkey']
    assert len(key) == 32 and key != pay.api_key

    def call(path, number, test=None, timeout=10, **data):
        data = {'appid': 'wxanything', 'mch_id': pay.mch_id, 'nonce_str': 'a',
                'out_trade_no': number, **data}
        data['sign'] = wire.sign(data, key)
        headers = {'Wechatpay-Negative-Test': test} if test else {}
        answer = requests.post(
            root + 'apiv2sandbox/pay/' + path, data=wire.build_xml(data), headers=headers,
            timeout=timeout,
        )
        values = wire.parse_xml(answer.content)
        assert values['return_code'] == 'FAIL' or wire.is_signed(values, key)
        return values

    def charge(number, total_fee='1', **more):
        return call('micropay', number, body='x', spbill_create_ip='127.0.0.1',
                    auth_code='134567890123456789', total_fee=total_fee, **more)

    assert charge('S1')['cash_fee'] == '1'
    assert charge('S2', '2')['coupon_fee'] == '1'
    assert charge('S3', '3')['cash_fee'] == '0'
    assert charge('S4', '4')['return_code'] == 'FAIL'
    assert call('orderquery', 'S1')['trade_state'] == 'SUCCESS'
    assert charge('S5', test='MICROPAY_USERPAYING')['err_code'] == 'USERPAYING'
    assert call('orderquery', 'S5', 'MICROPAY_USERPAYING')['trade_state'] == 'USERPAYING'
    for number, test, state in [
        ('S6', 'MICROPAY_TIMEOUT', 'SUCCESS'), ('S7', 'MICROPAY_PAYERROR', 'PAYERROR'),
    ]:
        with pytest.raises(requests.ReadTimeout):
            charge(number, test=test, timeout=0.2)
        assert call('orderquery', number, test)['trade_state'] == state
    with pytest.raises(requests.ReadTimeout):
        charge('S8', test='MICROPAY_PAY_QUERY_TIMEOUT', timeout=0.2)
    with pytest.raises(requests.ReadTimeout):
        call('orderquery', 'S8', 'MICROPAY_PAY_QUERY_TIMEOUT', timeout=0.2)
    assert requests.post(root + 'apiv2sandbox/pay/unifiedorder', timeout=10).status_code == 404
    # The sandbox is a world of its own.
    assert refused(pay.order.query, out_trade_no='S1') == 'ORDERNOTEXIST'
    assert sim.merchant(pay.mch_id)['balance'] == 0


def test_report(pay):
    data = {'appid': pay.appid, 'interface_url': 'https://x/pay/unifiedorder',
            'user_ip': '127.0.0.1', 'execute_time_': '120'}
    assert pay.post('payitil/report', data=data)['result_code'] == 'SUCCESS'
    del data['execute_time_']
    assert 'execute_time_' in rejected(pay.post, 'payitil/report', data=dict(data))
    assert refused(pay.post, 'payitil/report', data={**data, 'trades': '{'}) == 'PARAM_ERROR'
