# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Payments: unifiedorder, micropay, orderquery, closeorder and reverse, and the customer's part.

The handlers of endpoints take the open ledger transaction and a `Call`, return the reply's own
fields, and raise `Refusal` or `Rejection`. Amounts are fen, times simulated epoch seconds.
"""
import json
import re
from urllib.parse import quote

from . import customers
from .errors import PhoneError, Refusal, Rejection
from .ledger import insert, next_number, update
from .merchants import get_merchant, move, move_fee
from .wire import compact_time, random_text, read_compact_time

CODE_URL_SECONDS = 2 * 3600             # code_url and prepay_id
MWEB_SECONDS = 5 * 60
ORDER_SECONDS = 7 * 24 * 3600           # an unpaid order is closed after that
PASSWORD_SECONDS = 24 * 3600            # an unanswered password prompt ends after that
CLOSE_AFTER_SECONDS = 5 * 60
REVERSE_AFTER_SECONDS = 15
REVERSE_WITHIN_SECONDS = 7 * 24 * 3600
EXPIRE_AFTER_SECONDS = 60
CODE_URL_LENGTH = 64

STATE_TEXTS = {
    'SUCCESS': "支付成功",
    'REFUND': "转入退款",
    'NOTPAY': "订单未支付",
    'CLOSED': "订单已关闭",
    'REVOKED': "订单已撤销",
    'USERPAYING': "需要用户输入支付密码",
    'PAYERROR': "支付失败，请撤销订单",
}
OPEN_STATES = ('NOTPAY', 'USERPAYING')
PAID_STATES = ('SUCCESS', 'REFUND')


# ---- endpoints -----------------------------------------------------------------------------

def unifiedorder(db, call):
    values = call.values
    _check_unifiedorder(db, call)
    trade = get_trade(db, call.mch_id, values['out_trade_no'])
    if trade:
        _check_reuse(trade, values, except_for=())
        db.execute('UPDATE tokens SET void = 1 WHERE trade_id = ?', [trade['id']])
    else:
        trade = _create_trade(db, call, values['trade_type'], 'NOTPAY', ORDER_SECONDS)
    return _issue_tokens(db, call, trade)


def micropay(db, call, ask_password=False):
    """Take the money at once, ask the customer for the password, or refuse.

    :param bool ask_password: ask whatever the amount (a fault wants it)
    """
    values = call.values
    _check_money(call)
    trade = get_trade(db, call.mch_id, values['out_trade_no'])
    if trade:
        _check_reuse(trade, values, except_for=('auth_code',))
        if trade['trade_state'] == 'USERPAYING':
            if values['auth_code'] == request_of(trade).get('auth_code'):
                raise Refusal('USERPAYING')
            raise Refusal('INVALID_REQUEST', "订单正在支付中，不能更换付款码")
    account = account_of_code(db, call, values['auth_code'])
    if trade and trade['account_id'] != account['id']:
        raise Refusal('BUYER_MISMATCH')
    db.execute('UPDATE codes SET used = 1 WHERE code = ?', [values['auth_code']])
    if not trade:
        trade = _create_trade(db, call, 'MICROPAY', 'NOTPAY', PASSWORD_SECONDS)
    update(
        db, 'trades', trade['id'], trade_state='NOTPAY', account_id=account['id'],
        request=json.dumps(values), **_openids(trade, account, values),
    )
    trade = get_trade(db, call.mch_id, values['out_trade_no'])
    if account['blocked']:
        raise Refusal('TRADE_ERROR', keep=True)
    if account['card'] == 'credit' and values.get('limit_pay') == 'no_credit':
        raise Refusal('NOTSUPORTCARD', keep=True)
    if account['balance'] < trade['cash_fee']:
        raise Refusal('NOTENOUGH', keep=True)
    if ask_password or _asks_password(db, account, trade, call.now):
        _ask(db, trade, account, call.now, trade_state='USERPAYING')
        raise Refusal('USERPAYING', keep=True)
    pay_trade(db, trade, account, call.now)
    return payment_fields(get_trade(db, call.mch_id, values['out_trade_no']))


def orderquery(db, call):
    trade = find_trade(db, call)
    if not trade:
        raise Refusal('ORDERNOTEXIST')
    return query_fields(trade)


def closeorder(db, call):
    trade = find_trade(db, call)
    if not trade:
        raise Refusal('ORDERNOTEXIST')
    if trade['trade_type'] == 'MICROPAY':
        raise Refusal('TRADE_STATE_ERROR', "付款码订单请使用撤销接口")
    if trade['trade_state'] in PAID_STATES:
        raise Refusal('ORDERPAID')
    if trade['trade_state'] == 'CLOSED':
        raise Refusal('ORDERCLOSED')
    if call.now - trade['created_at'] < CLOSE_AFTER_SECONDS:
        raise Refusal('INVALID_REQUEST', "订单生成后5分钟内不能关单")
    _end(db, trade, 'CLOSED', call.now)
    return {'result_msg': "OK"}


def reverse(db, call):
    trade = find_trade(db, call)
    if not trade:
        raise Refusal('INVALID_TRANSACTIONID', recall='N')
    if trade['trade_type'] != 'MICROPAY':
        raise Refusal('INVALID_REQUEST', "只有付款码订单可以撤销", recall='N')
    if trade['trade_state'] == 'REVOKED':
        return {'recall': 'N'}
    if trade['trade_state'] == 'REFUND':
        raise Refusal('INVALID_REQUEST', "订单已退款，不能撤销", recall='N')
    age = call.now - trade['created_at']
    if age < REVERSE_AFTER_SECONDS:
        raise Refusal('INVALID_REQUEST', "付款码支付后15秒内不能撤销", recall='N')
    if age > REVERSE_WITHIN_SECONDS:
        raise Refusal('REVERSE_EXPIRE', recall='N')
    if trade['trade_state'] == 'SUCCESS':
        _give_back(db, trade, call.now)
    _end(db, trade, 'REVOKED', call.now)
    return {'recall': 'N'}


# ---- reply fields --------------------------------------------------------------------------

def payment_fields(trade):
    """What a micropay reply, an orderquery and a payment notification tell of a payment."""
    request = request_of(trade)
    fields = {
        'device_info': request.get('device_info'),
        'openid': trade['openid'],
        'is_subscribe': 'N',
        'sub_openid': trade['sub_openid'],
        'sub_is_subscribe': 'N' if trade['sub_openid'] else '',
        'trade_type': trade['trade_type'],
        'bank_type': trade['bank_type'],
        'fee_type': trade['fee_type'],
        'total_fee': trade['total_fee'],
        'cash_fee': trade['cash_fee'],
        'cash_fee_type': trade['fee_type'],
        'transaction_id': trade['transaction_id'],
        'out_trade_no': trade['out_trade_no'],
        'attach': request.get('attach'),
        'time_end': compact_time(trade['paid_at']),
    }
    if trade['coupon_fee']:
        fields['coupon_fee'] = trade['coupon_fee']
    return fields


def query_fields(trade):
    """The reply to orderquery."""
    state = trade['trade_state']
    if state in PAID_STATES:
        fields = payment_fields(trade)
    else:
        request = request_of(trade)
        fields = {
            'device_info': request.get('device_info'),
            'out_trade_no': trade['out_trade_no'],
            'attach': request.get('attach'),
        }
    return {**fields, 'trade_state': state, 'trade_state_desc': STATE_TEXTS[state]}


def describe(db, trade):
    """One trade for an audit: what is in the ledger, without codes and keys."""
    request = request_of(trade)
    account = customers.get_account(db, trade['account_id']) if trade['account_id'] else None
    names = (
        'mch_id', 'sub_mch_id', 'appid', 'sub_appid', 'out_trade_no', 'transaction_id',
        'trade_type', 'trade_state', 'total_fee', 'cash_fee', 'coupon_fee', 'fee_type', 'openid',
        'sub_openid', 'bank_type', 'refunded_fee', 'asked', 'last_event',
    )
    return {
        **{name: trade[name] for name in names},
        'body': request.get('body', ''),
        'attach': request.get('attach', ''),
        'device_info': request.get('device_info', ''),
        'notify_url': request.get('notify_url', ''),
        'sandbox': bool(trade['sandbox']),
        'account': account['name'] if account else None,
        'created_at': compact_time(trade['created_at']),
        'time_expire': compact_time(trade['expire_at']),
        'time_end': compact_time(trade['paid_at']),
        'ended_at': compact_time(trade['ended_at']),
    }


# ---- the customer --------------------------------------------------------------------------

def scan(db, account, text, now):
    """The customer scans a `code_url` or opens a `prepay_id`: the order is on the phone.

    :return: the trade
    :raise PhoneError: what the phone says instead
    """
    _kind, token = customers.read_link(text)
    row = db.execute('SELECT * FROM tokens WHERE token = ?', [token]).fetchone()
    if not row:
        raise PhoneError('CODE_UNKNOWN', "This code belongs to no order.")
    trade = get_trade_by_id(db, row['trade_id'])
    if trade['trade_state'] in PAID_STATES:
        raise PhoneError('ALREADY_PAID', "This order has been paid.")
    if trade['trade_state'] not in OPEN_STATES:
        raise PhoneError('ORDER_CLOSED', "This order has been closed.")
    if row['void']:
        raise PhoneError('CODE_REPLACED', "This code has been replaced by a newer one.")
    if now >= row['expire_at']:
        raise PhoneError('CODE_EXPIRED', "This code has expired.")
    _check_payer(db, trade, account)
    _ask(db, trade, account, now)
    update(db, 'trades', trade['id'], **_openids(trade, account, request_of(trade)))
    return get_trade_by_id(db, trade['id'])


def waiting(db, account):
    """The payments that are on the customer's phone, the newest first."""
    return db.execute(
        "SELECT * FROM trades WHERE account_id = ? AND asked <> ''"
        " AND trade_state IN ('NOTPAY', 'USERPAYING') ORDER BY id DESC",
        [account['id']],
    ).fetchall()


def act(db, account, trade, action, now):
    """What the customer does about a payment that is on the phone.

    A Native payment stays on the phone after a wrong password and can be tried again; a payment
    by code has had its one attempt and becomes PAYERROR.

    :param str action: pay, wrong_password, not_enough, cancel or silent
    :return: the name of what came of it; ``not_enough`` when the balance does not suffice
    """
    if action == 'pay' and account['blocked']:
        action = 'blocked'
    if action == 'pay' and account['balance'] < trade['cash_fee']:
        action = 'not_enough'
    if action == 'pay':
        pay_trade(db, trade, account, now)
        return 'paid'
    if action == 'silent':
        update(db, 'trades', trade['id'], asked='silent', last_event='silent', auto_at=None)
        return 'silent'
    update(db, 'trades', trade['id'], last_event=action, auto_at=None)
    if trade['trade_type'] == 'MICROPAY':
        _end(db, trade, 'PAYERROR', now)
    elif action == 'cancel':
        update(db, 'trades', trade['id'], asked='')
    return action


def pay_trade(db, trade, account, now):
    """Move the money of a trade and have the merchant notified."""
    transaction_id = wechat_number(db, '4200000000', now)
    merchant = get_merchant(db, trade['mch_id'])
    db.execute(
        'UPDATE accounts SET balance = balance - ? WHERE id = ?',
        [trade['cash_fee'], account['id']],
    )
    update(
        db, 'trades', trade['id'], trade_state='SUCCESS', transaction_id=transaction_id,
        paid_at=now, asked='', auto_at=None, last_event='paid',
        bank_type=customers.BANK_TYPES[account['card']],
    )
    move(
        db, trade['mch_id'], "交易", trade['total_fee'], now, transaction_id,
        trade['out_trade_no'],
    )
    move_fee(db, merchant, trade['total_fee'], now, transaction_id, trade['out_trade_no'])
    notify_url = request_of(trade).get('notify_url')
    if notify_url and trade['trade_type'] != 'MICROPAY':
        insert(
            db, 'notifications', kind='payment', trade_id=trade['id'], url=notify_url,
            state='waiting', created_at=now, next_at=now,
        )


def settle(db, now):
    """Do what time has brought: expired orders, and accounts that act by themselves."""
    due = db.execute(
        'SELECT * FROM trades WHERE auto_at <= ? ORDER BY auto_at', [now]
    ).fetchall()
    for trade in due:
        account = customers.get_account(db, trade['account_id'])
        if trade['trade_state'] in OPEN_STATES and trade['auto_at'] < trade['expire_at']:
            act(db, account, trade, account['auto'], trade['auto_at'])
        update(db, 'trades', trade['id'], auto_at=None)
    expired = db.execute(
        "SELECT * FROM trades WHERE trade_state IN ('NOTPAY', 'USERPAYING') AND expire_at <= ?",
        [now],
    ).fetchall()
    for trade in expired:
        state = 'PAYERROR' if trade['trade_type'] == 'MICROPAY' else 'CLOSED'
        _end(db, trade, state, trade['expire_at'])


def next_due(db):
    """When the next of the things that `settle` does is due, or ``None``."""
    return db.execute(
        'SELECT min(at) FROM (SELECT min(auto_at) AS at FROM trades WHERE auto_at IS NOT NULL'
        " UNION ALL SELECT min(expire_at) FROM trades WHERE trade_state IN"
        " ('NOTPAY', 'USERPAYING'))"
    ).fetchone()[0]


# ---- finding -------------------------------------------------------------------------------

def get_trade(db, mch_id, out_trade_no, sandbox=0):
    return db.execute(
        'SELECT * FROM trades WHERE mch_id = ? AND sandbox = ? AND out_trade_no = ?',
        [mch_id, sandbox, out_trade_no],
    ).fetchone()


def get_trade_by_id(db, trade_id):
    return db.execute('SELECT * FROM trades WHERE id = ?', [trade_id]).fetchone()


def find_trade(db, call):
    """The trade that a request names, `transaction_id` first; ``None`` if not the caller's."""
    values = call.values
    if values.get('transaction_id'):
        trade = db.execute(
            'SELECT * FROM trades WHERE transaction_id = ? AND mch_id = ? AND sandbox = 0',
            [values['transaction_id'], call.mch_id],
        ).fetchone()
    else:
        trade = get_trade(db, call.mch_id, values['out_trade_no'])
    if trade and trade['sub_mch_id'] != values.get('sub_mch_id', ''):
        return None
    return trade


def request_of(row):
    """The parameters that a trade or refund was first asked with."""
    return json.loads(row['request'])


# ---- rules ---------------------------------------------------------------------------------

def _check_money(call):
    """Currency and validity, for both ways to order."""
    values, merchant = call.values, call.merchant
    fee_type = values.get('fee_type') or 'CNY'
    if not (call.any_currency or merchant['any_currency'] or fee_type in merchant['fee_types']):
        raise Refusal('PARAM_ERROR', f"fee_type不支持{fee_type}")
    time_expire = values.get('time_expire')
    if time_expire and read_compact_time(time_expire) <= call.now + EXPIRE_AFTER_SECONDS:
        raise Refusal(
            'INVALID_REQUEST',
            f"time_expire必须晚于下单时间1分钟，当前时间{compact_time(call.now)}",
        )


def _check_unifiedorder(db, call):
    values = call.values
    _check_money(call)
    trade_type = values['trade_type']
    if trade_type == 'NATIVE' and not values.get('product_id'):
        raise Rejection("缺少参数product_id")
    if trade_type == 'JSAPI':
        given = [name for name in ('openid', 'sub_openid') if values.get(name)]
        if not given:
            raise Rejection("缺少参数openid")
        if len(given) == 2 or (given == ['sub_openid'] and not values.get('sub_appid')):
            raise Refusal('PARAM_ERROR', "openid和sub_openid只能传一个，sub_openid需要sub_appid")
    if trade_type == 'MWEB':
        scene = json.loads(values['scene_info']) if values.get('scene_info') else {}
        info = scene.get('h5_info')
        if not isinstance(info, dict) or info.get('type') not in ('Wap', 'IOS', 'Android'):
            raise Refusal('PARAM_ERROR', "scene_info缺少h5_info")


def _check_reuse(trade, values, except_for):
    """What may be done with a number that WeChat knows already."""
    micropay_asked = 'auth_code' in values
    if trade['trade_state'] in PAID_STATES:
        raise Refusal('ORDERPAID')
    if trade['trade_state'] == 'CLOSED':
        raise Refusal('ORDERCLOSED')
    if trade['trade_state'] == 'REVOKED':
        raise Refusal('ORDERREVERSED' if micropay_asked else 'OUT_TRADE_NO_USED')
    if micropay_asked != (trade['trade_type'] == 'MICROPAY'):
        raise Refusal('OUT_TRADE_NO_USED')
    changing = {'nonce_str', 'sign', *except_for}
    before, after = (
        {name: value for name, value in side.items() if value and name not in changing}
        for side in (request_of(trade), values)
    )
    if before != after:
        names = sorted(
            name for name in {*before, *after} if before.get(name) != after.get(name)
        )
        raise Refusal('INVALID_REQUEST', f"请求重入时，参数{'、'.join(names)}与首次请求不一致")


def _create_trade(db, call, trade_type, state, lifetime):
    values = call.values
    expire_at = call.now + lifetime
    if values.get('time_expire'):
        expire_at = min(expire_at, read_compact_time(values['time_expire']))
    trade_id = insert(
        db, 'trades', mch_id=call.mch_id, out_trade_no=values['out_trade_no'],
        appid=values['appid'], sub_appid=values.get('sub_appid', ''),
        sub_mch_id=values.get('sub_mch_id', ''), trade_type=trade_type, trade_state=state,
        total_fee=int(values['total_fee']), cash_fee=int(values['total_fee']),
        fee_type=values.get('fee_type') or 'CNY', request=json.dumps(values),
        created_at=call.now, expire_at=expire_at,
    )
    return get_trade_by_id(db, trade_id)


def _issue_tokens(db, call, trade):
    """A fresh `prepay_id`, and the link that goes with the trade type."""
    trade_type = trade['trade_type']
    stamp = compact_time(call.now)[6:]
    prepay_id = f"wx{stamp}{random_text(22).lower()}0000"
    seconds = MWEB_SECONDS if trade_type == 'MWEB' else CODE_URL_SECONDS
    insert(db, 'tokens', token=prepay_id, trade_id=trade['id'], expire_at=call.now + seconds)
    fields = {'trade_type': trade_type, 'prepay_id': prepay_id}
    if trade_type == 'NATIVE':
        start = f"{call.phone_url or 'weixin://wxpay/bizpayurl'}?pr="
        token = random_text(min(10, CODE_URL_LENGTH - len(start)))
        insert(db, 'tokens', token=token, trade_id=trade['id'], expire_at=call.now + seconds)
        fields['code_url'] = start + token
    elif trade_type == 'MWEB':
        base = call.phone_url or 'https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb'
        fields['mweb_url'] = f'{base}?prepay_id={quote(prepay_id)}&package={random_text(10)}'
    return fields


def account_of_code(db, call, auth_code):
    """The account whose payment code this is.

    :raise Refusal: when the code is none, old, used or promised to another merchant
    """
    if not re.fullmatch(r'[0-9]{18}', auth_code):
        raise Refusal('AUTH_CODE_ERROR')
    row = db.execute('SELECT * FROM codes WHERE code = ?', [auth_code]).fetchone()
    if not row:
        raise Refusal('AUTH_CODE_INVALID')
    if row['used'] or row['bound_mch_id'] not in (None, call.mch_id):
        raise Refusal('AUTH_CODE_ERROR')
    if not row['issued_at'] <= call.now < row['issued_at'] + customers.CODE_SECONDS:
        raise Refusal('AUTHCODEEXPIRE')
    return customers.get_account(db, row['account_id'])


def _asks_password(db, account, trade, now):
    if account['password'] != 'auto':
        return account['password'] == 'always'
    if trade['total_fee'] >= customers.PASSWORD_FROM:
        return True
    if account['password_free_daily']:
        (free,) = db.execute(
            "SELECT count(*) FROM trades WHERE account_id = ? AND trade_type = 'MICROPAY'"
            " AND paid_at > ? AND total_fee < ?",
            [account['id'], now - 24 * 3600, customers.PASSWORD_FROM],
        ).fetchone()
        return free >= account['password_free_daily']
    return False


def _check_payer(db, trade, account):
    """One order is paid by one account, and a JSAPI order by the one whose openid it names."""
    request = request_of(trade)
    payer = None
    if request.get('openid'):
        payer = customers.account_of_openid(db, request['openid'], trade['appid'])
    elif request.get('sub_openid'):
        payer = customers.account_of_openid(db, request['sub_openid'], trade['sub_appid'])
    bound = trade['account_id'] or (payer and payer['id'])
    if bound and bound != account['id']:
        raise PhoneError('OTHER_ACCOUNT', "Another customer is paying this order.")
    if account['card'] == 'credit' and request.get('limit_pay') == 'no_credit':
        raise PhoneError('NO_CREDIT', "The shop does not take credit cards for this order.")


def _openids(trade, account, request):
    """The payer's ids; those that a JSAPI order named count even if no account here has them."""
    openid = request.get('openid') or customers.openid(account['id'], trade['appid'])
    sub_openid = ''
    if trade['sub_appid']:
        sub_openid = request.get('sub_openid') or customers.openid(
            account['id'], trade['sub_appid']
        )
    return {'openid': openid, 'sub_openid': sub_openid}


def _ask(db, trade, account, now, **changes):
    """Put the payment on the customer's phone."""
    auto_at = None if account['auto'] == 'wait' else now + account['auto_after']
    update(
        db, 'trades', trade['id'], asked='asked', account_id=account['id'], auto_at=auto_at,
        last_event='asked', **changes,
    )


def _end(db, trade, state, now):
    update(
        db, 'trades', trade['id'], trade_state=state, asked='', auto_at=None, ended_at=now
    )


def _give_back(db, trade, now):
    """A paid trade is reversed: the money goes back at once."""
    merchant = get_merchant(db, trade['mch_id'])
    reverse_id = wechat_number(db, '5030000000', now)
    db.execute(
        'UPDATE accounts SET balance = balance + ? WHERE id = ?',
        [trade['cash_fee'], trade['account_id']],
    )
    update(db, 'trades', trade['id'], reverse_id=reverse_id)
    move(
        db, trade['mch_id'], "退款", -trade['total_fee'], now, trade['transaction_id'],
        trade['out_trade_no'],
    )
    move_fee(db, merchant, -trade['total_fee'], now, reverse_id, trade['out_trade_no'])


def wechat_number(db, start, now):
    """A number as WeChat gives them: 28 digits with the date in them."""
    return f"{start}{compact_time(now)[:8]}{next_number(db, 'wechat'):010d}"
