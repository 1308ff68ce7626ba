# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""WeChat's present sandbox, `/xdc/…`: a key, micropay and orderquery, and nothing else.

It has no customer: what happens hangs on the amount and on the `Wechatpay-Negative-Test` header.
"""
import json

from .errors import Refusal, Rejection
from .ledger import insert, update
from .trades import get_trade, payment_fields, query_fields, request_of, wechat_number
from .wire import build_xml, is_signed, random_text

HEADER = 'Wechatpay-Negative-Test'
NEGATIVE_TESTS = (
    'MICROPAY_USERPAYING', 'MICROPAY_TIMEOUT', 'MICROPAY_PAYERROR', 'MICROPAY_PAY_QUERY_TIMEOUT',
)
LATE_SECONDS = 1.5
# Key of the seconds that an answer takes; no field of the answer itself.
LATE = object()
# Amount in fen: coupons in fen. The only amounts that there are.
COUPONS = {1: 0, 2: 1, 3: 3}


def getsignkey(call):
    """The key that all other sandbox calls are signed with; asked for with the real one, MD5."""
    if not call.values.get('nonce_str'):
        raise Rejection("缺少参数nonce_str")
    if not is_signed(call.values, call.merchant['api_key']):
        raise Rejection("签名错误")
    return build_xml({
        'return_code': 'SUCCESS', 'return_msg': 'ok', 'mch_id': call.mch_id,
        'sandbox_signkey': call.merchant['sandbox_signkey'],
    })


def micropay(db, call):
    """Pay, be refused or fail, as the amount and the header want; `LATE` seconds later."""
    values, test = call.values, _negative_test(call)
    total_fee = int(values['total_fee'])
    if total_fee not in COUPONS:
        raise Rejection(f"沙箱支付金额({total_fee})无效，请检查需要验收的case")
    trade = get_trade(db, call.mch_id, values['out_trade_no'], sandbox=1)
    if trade:
        if request_of(trade)['total_fee'] != values['total_fee']:
            raise Refusal('INVALID_REQUEST')
        if trade['trade_state'] == 'SUCCESS':
            raise Refusal('ORDERPAID')
    else:
        insert(
            db, 'trades', mch_id=call.mch_id, out_trade_no=values['out_trade_no'], sandbox=1,
            appid=values['appid'], sub_appid=values.get('sub_appid', ''),
            sub_mch_id=values.get('sub_mch_id', ''), trade_type='MICROPAY', trade_state='NOTPAY',
            total_fee=total_fee, cash_fee=total_fee - COUPONS[total_fee],
            coupon_fee=COUPONS[total_fee], fee_type='CNY',
            request=json.dumps({**values, 'auth_code': ''}), openid=f'o{random_text(27)}',
            bank_type='OTHERS', created_at=call.now, expire_at=call.now + 24 * 3600,
        )
        trade = get_trade(db, call.mch_id, values['out_trade_no'], sandbox=1)
    if test == 'MICROPAY_USERPAYING':
        update(db, 'trades', trade['id'], trade_state='USERPAYING')
        raise Refusal('USERPAYING', keep=True)
    if test == 'MICROPAY_PAYERROR':
        update(db, 'trades', trade['id'], trade_state='PAYERROR', ended_at=call.now)
        return {LATE: LATE_SECONDS}
    update(
        db, 'trades', trade['id'], trade_state='SUCCESS', paid_at=call.now,
        transaction_id=wechat_number(db, '4200000000', call.now),
    )
    trade = get_trade(db, call.mch_id, values['out_trade_no'], sandbox=1)
    return {**payment_fields(trade), LATE: LATE_SECONDS if test else 0}


def orderquery(db, call):
    """The state of a sandbox payment."""
    trade = get_trade(db, call.mch_id, call.values['out_trade_no'], sandbox=1)
    if not trade:
        raise Refusal('ORDERNOTEXIST')
    late = LATE_SECONDS if _negative_test(call) == 'MICROPAY_PAY_QUERY_TIMEOUT' else 0
    return {**query_fields(trade), LATE: late}


def _negative_test(call):
    test = call.headers.get(HEADER.lower(), '')
    if test and test not in NEGATIVE_TESTS:
        raise Refusal('PARAM_ERROR', f"{HEADER}: {', '.join(NEGATIVE_TESTS)}")
    return test
