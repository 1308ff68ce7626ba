# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Refunds: refund and refundquery. Amounts are fen, times simulated epoch seconds."""
import json

from . import customers
from .errors import Refusal
from .ledger import insert, update
from .merchants import get_merchant, move, move_fee
from .trades import PAID_STATES, find_trade, get_trade_by_id, request_of, wechat_number
from .wire import compact_time, spaced_time

MOST_REFUNDS = 50
APART_SECONDS = 60
WITHIN_SECONDS = 365 * 24 * 3600
PAGE = 10
UNSETTLED = 'REFUND_SOURCE_UNSETTLED_FUNDS'
RECHARGE = 'REFUND_SOURCE_RECHARGE_FUNDS'
RECEIVER = "支付用户零钱"


def refund(db, call, final_status=None):
    """Accept a refund. The money is on its way (PROCESSING) until `settle` ends it.

    :param final_status: how it ends, if a fault wants something else than the account's setting
    """
    values, merchant = call.values, call.merchant
    trade = find_trade(db, call)
    before = db.execute(
        'SELECT * FROM refunds WHERE mch_id = ? AND out_refund_no = ?',
        [call.mch_id, values['out_refund_no']],
    ).fetchone()
    if before:
        if not trade or before['trade_id'] != trade['id'] or _essence(before) != _essence(values):
            raise Refusal('INVALID_REQUEST', "退款单号已被使用，且参数与首次请求不一致")
        return refund_fields(trade, before)
    sub_merchant = merchant['sub_merchants'].get(values.get('sub_mch_id'), {})
    if not sub_merchant.get('refund', True):
        raise Refusal('NOAUTH', "特约商户未授予退款权限")
    if not trade:
        raise Refusal('INVALID_TRANSACTIONID' if values.get('transaction_id') else 'ORDERNOTEXIST')
    refund_fee = int(values['refund_fee'])
    _check_trade(db, call, trade, refund_fee)
    source = _source(values)
    if merchant[source] < refund_fee:
        raise Refusal('NOTENOUGH', "账户余额不足，请充值后用原退款单号重试")
    account = customers.get_account(db, trade['account_id'])
    if account['closed']:
        raise Refusal('USER_ACCOUNT_ABNORMAL')
    row = _accept(
        db, merchant, trade, account, refund_fee, call.now, final_status=final_status,
        out_refund_no=values['out_refund_no'], source='API', request=values,
        notify_url=values.get('notify_url') or merchant['refund_notify_url'],
    )
    return refund_fields(get_trade_by_id(db, trade['id']), row)


def refund_by_hand(db, trade, refund_fee, now):
    """Somebody refunds on the merchant platform's page; the shop's system did not ask for it."""
    merchant = get_merchant(db, trade['mch_id'])
    account = customers.get_account(db, trade['account_id'])
    row = _accept(
        db, merchant, trade, account, refund_fee, now, source='VENDOR_PLATFORM',
        out_refund_no=f"{trade['out_trade_no']}-{wechat_number(db, 'P', now)[-6:]}",
        request={'total_fee': str(trade['total_fee']), 'refund_fee': str(refund_fee)},
        notify_url=merchant['refund_notify_url'],
    )
    return describe(db, row)


def refundquery(db, call):
    values = call.values
    rows, trade = _find_refunds(db, call)
    if not rows:
        raise Refusal('REFUNDNOTEXIST')
    offset = int(values.get('offset') or 0)
    if offset and offset >= len(rows):
        raise Refusal('PARAM_ERROR', "offset超出退款笔数")
    page = rows[offset:offset + PAGE]
    fields = {
        'transaction_id': trade['transaction_id'],
        'out_trade_no': trade['out_trade_no'],
        'total_refund_count': len(rows),
        'refund_count': len(page),
        'total_fee': trade['total_fee'],
        'fee_type': trade['fee_type'],
        'cash_fee': trade['cash_fee'],
        'refund_fee': sum(row['refund_fee'] for row in page),
    }
    for index, row in enumerate(page):
        one = {
            'out_refund_no': row['out_refund_no'],
            'refund_id': row['refund_id'],
            'refund_channel': 'ORIGINAL',
            'refund_fee': row['refund_fee'],
            'cash_refund_fee': row['refund_fee'],
            'refund_status': row['refund_status'],
            'refund_account': row['refund_account'],
            'refund_recv_accout': RECEIVER,
            'refund_success_time': spaced_time(row['success_at']),
        }
        fields.update({f'{name}_{index}': value for name, value in one.items()})
    return fields


def refund_fields(trade, row):
    """The reply to an accepted refund."""
    return {
        'transaction_id': trade['transaction_id'],
        'out_trade_no': trade['out_trade_no'],
        'out_refund_no': row['out_refund_no'],
        'refund_id': row['refund_id'],
        'refund_fee': row['refund_fee'],
        'total_fee': trade['total_fee'],
        'fee_type': trade['fee_type'],
        'cash_fee': trade['cash_fee'],
        'cash_fee_type': trade['fee_type'],
        'cash_refund_fee': row['refund_fee'],
    }


def notification_fields(trade, row):
    """What the encrypted `req_info` of a refund notification says."""
    return {
        'transaction_id': trade['transaction_id'],
        'out_trade_no': trade['out_trade_no'],
        'refund_id': row['refund_id'],
        'out_refund_no': row['out_refund_no'],
        'total_fee': trade['total_fee'],
        'settlement_total_fee': trade['total_fee'],
        'refund_fee': row['refund_fee'],
        'settlement_refund_fee': row['refund_fee'],
        'cash_refund_fee': row['refund_fee'],
        'refund_status': row['refund_status'],
        'success_time': spaced_time(row['success_at']),
        'refund_recv_accout': RECEIVER,
        'refund_account': row['refund_account'],
        'refund_request_source': row['source'],
    }


def settle(db, now):
    """End the refunds whose time has come, and have the merchant notified."""
    due = db.execute(
        "SELECT * FROM refunds WHERE refund_status = 'PROCESSING' AND due_at <= ? ORDER BY due_at",
        [now],
    ).fetchall()
    for row in due:
        trade = get_trade_by_id(db, row['trade_id'])
        merchant = get_merchant(db, row['mch_id'])
        status, at = row['final_status'], row['due_at']
        update(
            db, 'refunds', row['id'], refund_status=status,
            success_at=at if status == 'SUCCESS' else None,
        )
        if status == 'SUCCESS':
            db.execute(
                'UPDATE accounts SET balance = balance + ? WHERE id = ?',
                [row['refund_fee'], trade['account_id']],
            )
        elif status == 'REFUNDCLOSE':
            update(
                db, 'trades', trade['id'],
                refunded_fee=trade['refunded_fee'] - row['refund_fee'],
            )
            _move_refund(db, merchant, trade, row, row['refund_fee'], at)
        if row['notify_url']:
            insert(
                db, 'notifications', kind='refund', trade_id=trade['id'], refund_id=row['id'],
                url=row['notify_url'], state='waiting', created_at=at, next_at=at,
            )


def next_due(db):
    """When `settle` has something to do next, or ``None``."""
    return db.execute(
        "SELECT min(due_at) FROM refunds WHERE refund_status = 'PROCESSING'"
    ).fetchone()[0]


def describe(db, row):
    """One refund for an audit."""
    trade = get_trade_by_id(db, row['trade_id'])
    names = (
        'mch_id', 'out_refund_no', 'refund_id', 'refund_fee', 'refund_status', 'refund_account',
        'source', 'notify_url',
    )
    return {
        **{name: row[name] for name in names},
        'out_trade_no': trade['out_trade_no'],
        'transaction_id': trade['transaction_id'],
        'total_fee': trade['total_fee'],
        'fee_type': trade['fee_type'],
        'refund_desc': request_of(row).get('refund_desc', ''),
        'created_at': compact_time(row['created_at']),
        'success_time': compact_time(row['success_at']),
    }


def _check_trade(db, call, trade, refund_fee):
    """The rules of a new refund on a trade."""
    values = call.values
    if trade['trade_state'] not in PAID_STATES:
        raise Refusal('ORDERNOTEXIST', "订单不存在或未支付")
    if call.now - trade['paid_at'] > WITHIN_SECONDS:
        raise Refusal('TRADE_OVERDUE')
    if int(values['total_fee']) != trade['total_fee']:
        raise Refusal('REFUND_FEE_MISMATCH')
    if (values.get('refund_fee_type') or trade['fee_type']) != trade['fee_type']:
        raise Refusal('PARAM_ERROR', "refund_fee_type与订单币种不一致")
    earlier = db.execute(
        "SELECT count(*), max(created_at) FROM refunds WHERE trade_id = ?"
        " AND refund_status <> 'REFUNDCLOSE'",
        [trade['id']],
    ).fetchone()
    if refund_fee > trade['total_fee'] - trade['refunded_fee']:
        raise Refusal('INVALID_REQUEST', "退款金额大于可退金额")
    if earlier[0] >= MOST_REFUNDS:
        raise Refusal('INVALID_REQUEST', f"一笔订单最多退款{MOST_REFUNDS}次")
    if earlier[1] is not None and 0 <= call.now - earlier[1] < APART_SECONDS:
        raise Refusal('FREQUENCY_LIMITED', "同一订单多次退款需间隔1分钟")


def _accept(
    db, merchant, trade, account, refund_fee, now, out_refund_no, source, request, notify_url,
    final_status=None,
):
    refund_account = request.get('refund_account') or UNSETTLED
    row_id = insert(
        db, 'refunds', trade_id=trade['id'], mch_id=trade['mch_id'], out_refund_no=out_refund_no,
        refund_id=wechat_number(db, '5030000000', now), refund_fee=refund_fee,
        refund_status='PROCESSING', final_status=final_status or account['refund_status'],
        refund_account=refund_account, source=source, request=json.dumps(request),
        notify_url=notify_url, created_at=now, due_at=now + float(merchant['refund_seconds']),
    )
    row = db.execute('SELECT * FROM refunds WHERE id = ?', [row_id]).fetchone()
    update(
        db, 'trades', trade['id'], trade_state='REFUND',
        refunded_fee=trade['refunded_fee'] + refund_fee,
    )
    _move_refund(db, merchant, trade, row, -refund_fee, now)
    return row


def _move_refund(db, merchant, trade, row, amount, now):
    column = _source({'refund_account': row['refund_account']})
    name = "退款" if amount < 0 else "退款失败退回"
    move(
        db, trade['mch_id'], name, amount, now, trade['transaction_id'], row['out_refund_no'],
        column,
    )
    move_fee(db, merchant, amount, now, row['refund_id'], row['out_refund_no'])


def _source(values):
    return 'recharge_balance' if values.get('refund_account') == RECHARGE else 'balance'


def _essence(side):
    """What must be the same when a refund number is sent again."""
    values = side if isinstance(side, dict) else request_of(side)
    names = ('total_fee', 'refund_fee', 'refund_account', 'notify_url')
    return [
        *(values.get(name) or '' for name in names), values.get('refund_fee_type') or 'CNY',
    ]


def _find_refunds(db, call):
    """The refunds that a query names, in WeChat's order of priority, with their trade."""
    values = call.values
    for name in ('refund_id', 'out_refund_no'):
        if values.get(name):
            rows = db.execute(
                f'SELECT * FROM refunds WHERE mch_id = ? AND {name} = ?',
                [call.mch_id, values[name]],
            ).fetchall()
            if not rows:
                return [], None
            trade = get_trade_by_id(db, rows[0]['trade_id'])
            if trade['sub_mch_id'] != values.get('sub_mch_id', ''):
                return [], None
            return rows, trade
    trade = find_trade(db, call)
    if not trade:
        if values.get('transaction_id'):
            raise Refusal('INVALID_TRANSACTIONID')
        return [], None
    rows = db.execute(
        'SELECT * FROM refunds WHERE trade_id = ? ORDER BY id', [trade['id']]
    ).fetchall()
    return rows, trade
