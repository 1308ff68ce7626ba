# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Bills: downloadbill and downloadfundflow. Amounts in the files are yuan, times Beijing time."""
import gzip
import hashlib
from datetime import datetime, timedelta
from decimal import Decimal

from . import customers
from .errors import Refusal, Rejection
from .merchants import fee
from .trades import request_of
from .wire import BEIJING, spaced_time, yuan

BILL_HOUR, READY_HOUR = 9, 10
BOM = '\ufeff'

_HEAD = [
    "交易时间", "公众账号ID", "商户号", "特约商户号", "设备号", "微信订单号", "商户订单号",
    "用户标识", "交易类型", "交易状态", "付款银行", "货币种类", "应结订单金额", "代金券金额",
]
_REFUND_TIMES = [
    "退款申请时间", "退款成功时间",
]
_REFUND = [
    "微信退款单号", "商户退款单号", "退款金额", "充值券退款金额", "退款类型", "退款状态",
]
_TAIL = [
    "商品名称", "商户数据包", "手续费", "费率", "订单金额", "申请退款金额", "费率备注",
]
_TAIL_SUCCESS = [
    "商品名称", "商户数据包", "手续费", "费率", "订单金额", "费率备注",
]
COLUMNS = {
    'ALL': _HEAD + _REFUND + _TAIL,
    'SUCCESS': _HEAD + _TAIL_SUCCESS,
    'REFUND': _HEAD + _REFUND_TIMES + _REFUND + _TAIL,
    'RECHARGE_REFUND': _HEAD + _REFUND_TIMES + _REFUND + _TAIL,
}
SUMMARY = [
    "总交易单数", "应结订单总金额", "退款总金额", "充值券退款总金额", "手续费总金额", "订单总金额",
    "申请退款总金额",
]
FLOW_COLUMNS = [
    "记账时间", "微信支付业务单号", "资金流水单号", "业务名称", "业务类型", "收支类型",
    "收支金额（元）", "账户结余（元）", "资金变更提交申请人", "备注", "业务凭证号",
]
FLOW_SUMMARY = [
    "资金流水总笔数", "收入笔数", "收入金额", "支出笔数", "支出金额",
]


def downloadbill(db, call):
    """The bill of one day.

    :return: ``(headers, bytes)``: CSV with BOM, or that in gzip
    :raise Rejection: with ``error_code``, as this endpoint fails in its own way
    """
    values = call.values
    bill_type = values.get('bill_type') or 'ALL'
    start, end = _day(values['bill_date'], call.now, _no_bill)
    rows = _bill_rows(db, call, bill_type, start, end)
    if not rows:
        raise _no_bill('NO_BILL_EXIST')
    text = _bill_text(bill_type, rows)
    return _file(text, values.get('tar_type'))


def downloadfundflow(db, call):
    """The movements on one of the merchant's accounts on one day.

    :return: ``(headers, bytes)``, with the ``Digest`` header
    """
    values = call.values
    if values.get('sign_type') != 'HMAC-SHA256':
        raise Refusal('PARAM_ERROR', "sign_type只支持HMAC-SHA256")
    start, end = _day(values['bill_date'], call.now, Refusal)
    rows = db.execute(
        'SELECT * FROM flows WHERE mch_id = ? AND account_type = ? AND at >= ? AND at < ?'
        ' ORDER BY id',
        [call.mch_id, values['account_type'], start, end],
    ).fetchall()
    if not rows:
        raise Refusal('NO_BILL_EXIST')
    lines = [','.join(FLOW_COLUMNS)]
    for row in rows:
        lines.append(_line([
            spaced_time(row['at']), row['reference'], f"{row['reference']}{row['id']:04d}",
            row['name'], row['name'], "收入" if row['amount'] > 0 else "支出",
            yuan(abs(row['amount'])), yuan(row['balance']), "system", "", row['voucher'],
        ]))
    received = [row['amount'] for row in rows if row['amount'] > 0]
    spent = [-row['amount'] for row in rows if row['amount'] < 0]
    lines.append(','.join(FLOW_SUMMARY))
    lines.append(_line([
        len(rows), len(received), yuan(sum(received)), len(spent), yuan(sum(spent)),
    ]))
    return _file('\r\n'.join(lines) + '\r\n', values.get('tar_type'))


def _no_bill(code):
    texts = {'NO_BILL_EXIST': "No Bill Exist", 'BILL_CREATING': "Bill Creating"}
    return Rejection(texts[code], error_code='20002') if code in texts else Rejection(
        "invalid bill_date", error_code='20001'
    )


def _day(bill_date, now, failure):
    """Start and end of the day, epoch seconds.

    :param failure: makes the exception of a code: NO_BILL_EXIST, BILL_CREATING or PARAM_ERROR
    """
    try:
        day = datetime.strptime(bill_date, '%Y%m%d').replace(tzinfo=BEIJING)
    except ValueError as error:
        raise failure('PARAM_ERROR') from error
    today = datetime.fromtimestamp(now, BEIJING)
    ready = day + timedelta(days=1)
    if (today - day).days > 93:
        raise failure('PARAM_ERROR')
    if today < ready.replace(hour=BILL_HOUR):
        raise failure('NO_BILL_EXIST')
    if today < ready.replace(hour=READY_HOUR):
        raise failure('BILL_CREATING')
    return day.timestamp(), ready.timestamp()


def _bill_rows(db, call, bill_type, start, end):
    """The detail rows, each a dict of all columns, in order of time."""
    sub_mch_id = call.values.get('sub_mch_id')
    found = []
    trades = db.execute(
        'SELECT * FROM trades WHERE mch_id = ? AND sandbox = 0 AND paid_at IS NOT NULL'
        " AND (? = '' OR sub_mch_id = ?)",
        [call.mch_id, sub_mch_id or '', sub_mch_id or ''],
    ).fetchall()
    by_id = {trade['id']: trade for trade in trades}
    for trade in trades:
        if bill_type in ('ALL', 'SUCCESS') and start <= trade['paid_at'] < end:
            found.append((trade['paid_at'], _payment_row(call, trade)))
        if bill_type in ('ALL', 'REFUND') and trade['reverse_id'] and (
            start <= trade['ended_at'] < end
        ):
            found.append((trade['ended_at'], _reversal_row(call, trade)))
    if bill_type != 'SUCCESS':
        made_at = end + BILL_HOUR * 3600
        refunds = db.execute(
            'SELECT * FROM refunds WHERE mch_id = ? AND created_at >= ? AND created_at < ?',
            [call.mch_id, start, end],
        ).fetchall()
        for row in refunds:
            recharged = row['refund_account'] == 'REFUND_SOURCE_RECHARGE_FUNDS'
            if row['trade_id'] in by_id and (bill_type != 'RECHARGE_REFUND' or recharged):
                trade = by_id[row['trade_id']]
                found.append((row['created_at'], _refund_row(db, call, trade, row, made_at)))
    return [row for _at, row in sorted(found, key=lambda pair: pair[0])]


def _common(call, trade, at, state, amount):
    """The columns that all rows share; `amount` in fen, negative when the money goes back."""
    request = request_of(trade)
    cost = fee(call.merchant, amount).scaleb(-2)
    return {
        "交易时间": spaced_time(at),
        "公众账号ID": trade['appid'],
        "商户号": trade['mch_id'],
        "特约商户号": trade['sub_mch_id'] or '0',
        "设备号": _escape(request.get('device_info', ''), amount),
        "微信订单号": trade['transaction_id'],
        "商户订单号": trade['out_trade_no'],
        "用户标识": trade['openid'],
        "交易类型": trade['trade_type'],
        "交易状态": state,
        "付款银行": trade['bank_type'],
        "货币种类": trade['fee_type'],
        "代金券金额": '0.00',
        "商品名称": _escape(request.get('body', ''), amount),
        "商户数据包": _escape(request.get('attach', ''), amount),
        "手续费": f'{cost:.5f}',
        "费率": f"{Decimal(call.merchant['rate']).scaleb(2):.2f}%",
        "费率备注": '',
    }


def _payment_row(call, trade):
    amount = yuan(trade['total_fee'])
    return {
        **_common(call, trade, trade['paid_at'], 'SUCCESS', trade['total_fee']),
        "应结订单金额": amount, "订单金额": amount,
        "微信退款单号": '0', "商户退款单号": '0', "退款金额": '0.00', "充值券退款金额": '0.00',
        "退款类型": '', "退款状态": '', "申请退款金额": '0.00',
    }


def _refund_row(db, call, trade, row, made_at):
    """A refund; its state is the one at the time that the bill is made."""
    status = row['refund_status']
    if row['due_at'] > made_at:
        status = 'PROCESSING'
    account = customers.get_account(db, trade['account_id'])
    return {
        **_common(call, trade, row['created_at'], 'REFUND', -row['refund_fee']),
        **_returned(row['refund_id'], row['out_refund_no'], row['refund_fee']),
        "退款类型": 'BALANCE' if account['card'] == 'balance' else 'ORIGINAL',
        "退款状态": {'REFUNDCLOSE': 'FAIL'}.get(status, status),
        "退款申请时间": spaced_time(row['created_at']),
        "退款成功时间": spaced_time(row['success_at']) if status == 'SUCCESS' else '',
    }


def _reversal_row(call, trade):
    return {
        **_common(call, trade, trade['ended_at'], 'REVOKED', -trade['total_fee']),
        **_returned(trade['reverse_id'], '0', trade['total_fee']),
        "退款类型": 'ORIGINAL',
        "退款状态": 'SUCCESS',
        "退款申请时间": spaced_time(trade['ended_at']),
        "退款成功时间": spaced_time(trade['ended_at']),
    }


def _returned(refund_id, out_refund_no, amount):
    return {
        "应结订单金额": '0.00', "订单金额": '0.00',
        "微信退款单号": refund_id, "商户退款单号": out_refund_no,
        "退款金额": yuan(amount), "充值券退款金额": '0.00', "申请退款金额": yuan(amount),
    }


def _bill_text(bill_type, rows):
    columns = COLUMNS[bill_type]
    lines = [','.join(columns)]
    lines += [_line([row[column] for column in columns]) for row in rows]

    def total(column):
        return sum((Decimal(row[column]) for row in rows), Decimal(0))

    lines.append(','.join(SUMMARY))
    lines.append(_line([
        f'{len(rows)}.0', total("应结订单金额"), total("退款金额"), total("充值券退款金额"),
        total("手续费"), total("订单金额"), total("申请退款金额"),
    ]))
    return BOM + '\r\n'.join(lines) + '\r\n'


def _line(values):
    return ','.join(f'`{value}' for value in values)


def _escape(text, amount):
    """The escapes of 商品名称, 商户数据包 and 设备号; a backtick differs on refund rows."""
    escapes = {
        '\\': '\\\\', "'": "\\'", '"': '\\"', ',': '\\ ', '\n': '\\n', '\r': '\\r', '\t': '\\t',
        '`': '\\`' if amount > 0 else '\\140',
    }
    return ''.join(escapes.get(letter, letter) for letter in text)


def _file(text, tar_type):
    content = text.encode('utf-8')
    headers = {
        'Content-Type': 'text/plain; charset=utf-8',
        'Digest': f"SHA={hashlib.sha1(content, usedforsecurity=False).hexdigest()}",
    }
    if tar_type == 'GZIP':
        headers['Content-Type'] = 'application/x-gzip'
        content = gzip.compress(content)
    return headers, content
