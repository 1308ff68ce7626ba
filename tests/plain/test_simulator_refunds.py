# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Refunds and bills at the simulator, through wechatpy over real HTTP."""
import gzip
import hashlib
from decimal import Decimal

import pytest
import requests
from wechatpy.pay import WeChatPay, WeChatPayException

from simulator import DEMO_MERCHANT, DEMO_PROVIDER, Simulator, wire

DAY = 24 * 3600


@pytest.fixture
def sim(tmp_path):
    simulator = Simulator(tmp_path / 'ledger.sqlite')
    yield simulator
    simulator.close()


@pytest.fixture
def pay(sim):
    server = sim.serve(notify=False)
    client = WeChatPay(
        DEMO_MERCHANT['appid'], DEMO_MERCHANT['api_key'], DEMO_MERCHANT['mch_id'], timeout=10
    )
    client.API_BASE_URL = server.url + '/'
    yield client
    server.stop()


def paid(sim, pay, number='WMP-1', total_fee=1000, **values):
    """A payment by code of the default customer."""
    sim.set_account(sim.account(), password='never')
    data = {
        'appid': pay.appid, 'body': "Shop - tea", 'total_fee': total_fee,
        'auth_code': sim.payment_code(), 'spbill_create_ip': '127.0.0.1',
        'out_trade_no': number, **values,
    }
    return pay.post('pay/micropay', data=data)


def refund(pay, number='WR-1', refund_fee=400, total_fee=1000, order='WMP-1', **values):
    data = {
        'appid': pay.appid, 'out_trade_no': order, 'out_refund_no': number,
        'total_fee': total_fee, 'refund_fee': refund_fee, **values,
    }
    return pay.post('secapi/pay/refund', data=data)


def refused(call, *args, **values):
    with pytest.raises(WeChatPayException) as caught:
        call(*args, **values)
    assert caught.value.return_code == 'SUCCESS', caught.value.return_msg
    return caught.value.errcode


def status(pay, number='WR-1'):
    return pay.refund.query(out_refund_no=number)['refund_status_0']


def test_refund_is_accepted_then_done(sim, pay):
    payment = paid(sim, pay)
    reply = refund(pay, refund_desc="cold tea")
    assert pay.check_signature(reply)
    assert reply['transaction_id'] == payment['transaction_id']
    assert reply['refund_fee'] == '400' and reply['total_fee'] == '1000'
    assert status(pay) == 'PROCESSING'
    assert pay.order.query(out_trade_no='WMP-1')['trade_state'] == 'REFUND'
    assert sim.balance() == 500000 - 1000
    assert sim.merchant(pay.mch_id)['balance'] == 600
    sim.clock.advance(6)
    answer = pay.refund.query(refund_id=reply['refund_id'])
    assert pay.check_signature(answer)
    assert answer['refund_status_0'] == 'SUCCESS' and len(answer['refund_success_time_0']) == 19
    assert answer['refund_recv_accout_0']
    assert sim.balance() == 500000 - 600


def test_the_same_number_is_refunded_once(sim, pay):
    paid(sim, pay)
    first, second = refund(pay), refund(pay)
    assert first['refund_id'] == second['refund_id']
    assert refused(refund, pay, refund_fee=401) == 'INVALID_REQUEST'
    paid(sim, pay, 'WMP-2')
    assert refused(refund, pay, order='WMP-2') == 'INVALID_REQUEST'
    sim.clock.advance(6)
    refund(pay)
    assert sim.balance() == 500000 - 2000 + 400
    assert [row['refund_fee'] for row in sim.refunds()] == [400]


def test_wechatpys_apply(sim, pay):
    paid(sim, pay)
    assert pay.refund.apply(1000, 1000, 'WR-1', out_trade_no='WMP-1')['refund_fee'] == '1000'


def test_what_is_refused(sim, pay):
    assert refused(refund, pay, order='none') == 'ORDERNOTEXIST'
    assert refused(pay.refund.apply, 5, 5, 'R', transaction_id='42') == 'INVALID_TRANSACTIONID'
    assert refused(pay.refund.query, out_refund_no='none') == 'REFUNDNOTEXIST'
    assert refused(pay.refund.query, out_trade_no='none') == 'REFUNDNOTEXIST'
    sim.set_account(sim.account(), password='always')
    with pytest.raises(WeChatPayException):
        pay.micropay.create('x', 1000, sim.payment_code(), '127.0.0.1', 'UNPAID')
    assert refused(refund, pay, order='UNPAID') == 'ORDERNOTEXIST'
    paid(sim, pay)
    assert refused(refund, pay, refund_fee=1001) == 'INVALID_REQUEST'
    assert refused(refund, pay, total_fee=999) == 'REFUND_FEE_MISMATCH'
    assert refused(refund, pay, refund_fee_type='HKD') == 'PARAM_ERROR'
    assert refused(refund, pay, number='R' * 65) == 'PARAM_ERROR'
    assert refused(refund, pay, refund_desc="sorry 🍵") == 'PARAM_ERROR'
    assert refused(refund, pay, refund_fee='0.5') == 'PARAM_ERROR'
    sim.set_merchant(pay.mch_id, no_auth=['refund'])
    assert refused(refund, pay) == 'NOAUTH'
    assert sim.refunds() == []


def test_merchants_balance(sim, pay):
    paid(sim, pay)
    sim.set_merchant(pay.mch_id, balance=399)
    assert refused(refund, pay) == 'NOTENOUGH'
    assert refused(pay.refund.query, out_refund_no='WR-1') == 'REFUNDNOTEXIST'
    values = {'refund_account': 'REFUND_SOURCE_RECHARGE_FUNDS'}
    assert refused(refund, pay, number='WR-2', **values) == 'NOTENOUGH'
    sim.set_merchant(pay.mch_id, recharge_balance=400)
    refund(pay, 'WR-2', **values)
    assert sim.merchant(pay.mch_id)['recharge_balance'] == 0
    sim.clock.advance(60)
    sim.set_merchant(pay.mch_id, balance=400)
    refund(pay)
    assert sim.merchant(pay.mch_id)['balance'] == 0


def test_fifty_partial_refunds_a_minute_apart(sim, pay):
    paid(sim, pay)
    refund(pay, 'R0', 1)
    sim.clock.advance(30)
    assert refused(refund, pay, 'R1', 1) == 'FREQUENCY_LIMITED'
    for number in range(1, 50):
        sim.clock.advance(61)
        refund(pay, f'R{number}', 1)
    sim.clock.advance(61)
    assert refused(refund, pay, 'R50', 1) == 'INVALID_REQUEST'
    page = pay.refund.query(out_trade_no='WMP-1')
    assert (page['total_refund_count'], page['refund_count']) == ('50', '10')
    data = {'appid': pay.appid, 'out_trade_no': 'WMP-1', 'offset': '45'}
    page = pay.post('pay/refundquery', data=data)
    assert page['refund_count'] == '5' and page['out_refund_no_4'] == 'R49'


def test_a_year(sim, pay):
    paid(sim, pay)
    sim.clock.advance(365 * DAY - 5)
    refund(pay, 'R1', 1)
    sim.clock.advance(61)
    assert refused(refund, pay, 'R2', 1) == 'TRADE_OVERDUE'


def test_refunds_that_end_badly(sim, pay):
    paid(sim, pay)
    sim.fault('refund', 'refund_status', status='CHANGE')
    refund(pay, 'R1')
    sim.clock.advance(61)
    assert status(pay, 'R1') == 'CHANGE'
    sim.set_account(sim.account(), refund_status='REFUNDCLOSE')
    refund(pay, 'R2', 600)
    sim.clock.advance(61)
    assert status(pay, 'R2') == 'REFUNDCLOSE'
    assert sim.balance() == 500000 - 1000
    # What was closed can be refunded again, under a new number.
    sim.set_account(sim.account(), refund_status='SUCCESS')
    refund(pay, 'R3', 600)
    sim.clock.advance(61)
    assert status(pay, 'R3') == 'SUCCESS'
    assert sim.balance() == 500000 - 400
    paid(sim, pay, 'WMP-2')
    sim.set_account(sim.account(), closed=True)
    assert refused(refund, pay, 'R4', order='WMP-2') == 'USER_ACCOUNT_ABNORMAL'


def test_refund_by_hand_on_the_platform(sim, pay):
    paid(sim, pay)
    by_hand = sim.platform_refund('WMP-1', 300)
    assert by_hand['source'] == 'VENDOR_PLATFORM'
    with pytest.raises(ValueError):
        sim.platform_refund('WMP-1', 701)
    assert sim.platform_refund('WMP-1')['refund_fee'] == 700


def test_reversed_payments_are_not_refunded(sim, pay):
    paid(sim, pay)
    sim.clock.advance(20)
    refund(pay, refund_fee=1)
    assert refused(pay.order.reverse, out_trade_no='WMP-1') == 'INVALID_REQUEST'
    paid(sim, pay, 'WMP-2')
    sim.clock.advance(20)
    pay.order.reverse(out_trade_no='WMP-2')
    assert refused(refund, pay, 'R2', order='WMP-2') == 'ORDERNOTEXIST'


def test_sub_merchants_refund_permission(sim, pay):
    pay.appid, pay.api_key = DEMO_PROVIDER['appid'], DEMO_PROVIDER['api_key']
    pay.mch_id, pay.sub_mch_id = DEMO_PROVIDER['mch_id'], DEMO_PROVIDER['sub_mch_id']
    paid(sim, pay)
    sim.set_merchant(pay.mch_id, sub_merchants={pay.sub_mch_id: {'refund': False}})
    assert refused(refund, pay) == 'NOAUTH'
    sim.set_merchant(pay.mch_id, sub_merchants={pay.sub_mch_id: {'refund': True}})
    assert refund(pay)['sub_mch_id'] == pay.sub_mch_id


# ---- bills ---------------------------------------------------------------------------------

@pytest.fixture
def day(sim, pay):
    """15 January 2026: two payments, one refund, one reversal; now it is the 16th, 11:00."""
    sim.clock.set('2026-01-15T09:00:00+08:00')
    paid(sim, pay, 'A', 1250, attach='x,y', device_info='POS1', body='Tea "green"\tand `cake`')
    paid(sim, pay, 'B', 99999)
    refund(pay, 'RA', 250, 1250, 'A')
    paid(sim, pay, 'C', 500)
    sim.clock.advance(20)
    pay.order.reverse(out_trade_no='C')
    sim.clock.set('2026-01-16T11:00:00+08:00')
    return '20260115'


def table(text):
    """Detail rows and summary of a bill, as dicts by header."""
    lines = text.removeprefix('\ufeff').split('\r\n')
    assert lines[-1] == ''
    header, details = lines[0].split(','), lines[1:-3]
    rows = [line[1:].split(',`') for line in details]
    assert all(len(row) == len(header) for row in rows)
    summary = dict(zip(lines[-3].split(','), lines[-2][1:].split(',`'), strict=True))
    return [dict(zip(header, row, strict=True)) for row in rows], summary


def test_bill_of_all(pay, day):
    text = pay.tools.download_bill(day)
    assert text.startswith('\ufeff交易时间,公众账号ID,商户号,特约商户号,')
    rows, summary = table(text)
    assert [(row['商户订单号'], row['交易状态']) for row in rows] == [
        ('A', 'SUCCESS'), ('B', 'SUCCESS'), ('A', 'REFUND'), ('C', 'SUCCESS'), ('C', 'REVOKED'),
    ]
    first, refunded = rows[0], rows[2]
    assert first['订单金额'] == '12.50' and first['退款金额'] == '0.00'
    assert first['手续费'] == '0.07500' and first['费率'] == '0.60%'
    assert first['商品名称'] == 'Tea \\"green\\"\\tand \\`cake\\`'
    assert first['商户数据包'] == 'x\\ y' and first['设备号'] == 'POS1'
    assert first['特约商户号'] == '0' and first['微信退款单号'] == '0'
    assert refunded['订单金额'] == '0.00' and refunded['退款金额'] == '2.50'
    assert refunded['商户退款单号'] == 'RA' and refunded['退款状态'] == 'SUCCESS'
    assert refunded['手续费'] == '-0.01500' and '\\140' in refunded['商品名称']
    assert Decimal(summary['总交易单数']) == 5
    assert Decimal(summary['订单总金额']) == Decimal('1017.49')
    assert Decimal(summary['退款总金额']) == Decimal('7.50')


def test_other_bill_types(pay, day):
    rows, _summary = table(pay.tools.download_bill(day, 'SUCCESS'))
    assert [row['商户订单号'] for row in rows] == ['A', 'B', 'C'] and '退款金额' not in rows[0]
    rows, _summary = table(pay.tools.download_bill(day, 'REFUND'))
    assert [row['交易状态'] for row in rows] == ['REFUND', 'REVOKED']
    assert rows[0]['退款申请时间'].startswith('2026-01-15 09:00')


def bill_reply(pay, **values):
    data = {'appid': pay.appid, 'mch_id': pay.mch_id, 'nonce_str': 'a', **values}
    data['sign'] = wire.sign(data, pay.api_key)
    return requests.post(
        pay.API_BASE_URL + 'pay/downloadbill', data=wire.build_xml(data), timeout=10
    )


def test_gzip(pay, day):
    packed = bill_reply(pay, bill_date=day, tar_type='GZIP').content
    assert packed[:2] == b'\x1f\x8b'
    assert gzip.decompress(packed) == bill_reply(pay, bill_date=day).content


def test_when_there_is_no_bill(sim, pay, day):
    def error(**values):
        reply = wire.parse_xml(bill_reply(pay, **values).content)
        assert reply['return_code'] == 'FAIL' and 'sign' not in reply
        return reply['error_code'], reply['return_msg']

    assert error(bill_date='20260114') == ('20002', "No Bill Exist")
    assert error(bill_date='20260116') == ('20002', "No Bill Exist")
    assert error(bill_date='20250901')[0] == '20001'
    assert error(bill_date='20261301')[0] == '20001'
    assert error(bill_date=day, tar_type='ZIP')[0] == '20001'
    sim.clock.set('2026-01-16T08:30:00+08:00')
    assert error(bill_date=day) == ('20002', "No Bill Exist")
    sim.clock.set('2026-01-16T09:30:00+08:00')
    assert error(bill_date=day) == ('20002', "Bill Creating")
    pay.api_key = 'x' * 32
    assert error(bill_date=day)[0] == '20001'


def test_fund_flow(pay, day):
    text = pay.tools.download_fundflow(day)
    rows, summary = table(text)
    assert [row['收支金额（元）'] for row in rows] == [
        '12.50', '999.99', '2.50', '5.00', '5.00',
    ]
    assert rows[-1]['账户结余（元）'] == '1009.99' and rows[2]['收支类型'] == '支出'
    assert summary['收入笔数'] == '3' and summary['支出金额'] == '7.50'
    fees, _summary = table(pay.tools.download_fundflow(day, 'Fees'))
    assert [row['收支金额（元）'] for row in fees] == ['0.08', '6.00', '0.02', '0.03', '0.03']
    assert refused(pay.tools.download_fundflow, day, 'Operation') == 'NO_BILL_EXIST'
    data = {'appid': pay.appid, 'bill_date': day, 'account_type': 'Basic'}
    assert refused(pay.post, 'pay/downloadfundflow', data=data) == 'PARAM_ERROR'


def test_fund_flow_digest(pay, day):
    data = {'appid': pay.appid, 'mch_id': pay.mch_id, 'nonce_str': 'a', 'bill_date': day,
            'account_type': 'Basic', 'sign_type': 'HMAC-SHA256'}
    data['sign'] = wire.sign(data, pay.api_key, 'HMAC-SHA256')
    reply = requests.post(
        pay.API_BASE_URL + 'pay/downloadfundflow', data=wire.build_xml(data), timeout=10
    )
    assert reply.headers['Digest'] == f'SHA={hashlib.sha1(reply.content).hexdigest()}'
