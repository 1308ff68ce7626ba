# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Trouble on demand: what the next answers or notifications do wrong."""
import json

from .ledger import insert, update

API_KINDS = {
    'late': "answers after `seconds` (default 3)",
    'hang': "never answers; the client's time-out ends it",
    'drop': "the connection is closed without an answer",
    'http': "an HTML error page with HTTP `status` (default 502)",
    'html': "HTML instead of XML, with HTTP 200",
    'garbage': "a document that is not XML",
    'return_fail': "an unsigned return_code=FAIL with `text`",
    'err_code': "result_code=FAIL with err_code `code` (default SYSTEMERROR) and `text`",
    'wrong_signature': "a reply whose sign is wrong",
    'no_signature': "a reply without sign",
    'wrong_amount': "amounts that are 1 fen too high, properly signed",
    'wrong_mch_id': "another merchant's number, properly signed",
    'wrong_appid': "another app, properly signed",
    'wrong_out_trade_no': "another order's number, properly signed",
    'wrong_fee_type': "another currency, properly signed",
    'refund_status': "refund: ends as `status` (CHANGE or REFUNDCLOSE) instead of SUCCESS",
}
# Kinds behind which the call is really carried out unless `paid` says otherwise.
DONE_BEHIND = {
    'late', 'hang', 'drop', 'wrong_signature', 'no_signature', 'wrong_amount', 'wrong_mch_id',
    'wrong_appid', 'wrong_out_trade_no', 'wrong_fee_type', 'refund_status',
}
# Kinds that leave no trace of the real answer, so that the call may also not be carried out.
INSTEAD = {'hang', 'drop', 'http', 'html', 'garbage', 'return_fail'}
NOTIFICATION_KINDS = {
    'drop': "this try is lost on the way",
    'double': "this try arrives twice",
    'delay': "comes `seconds` (default 60, simulated) later",
    'reorder': "waits until another notification has been sent (at most 10 simulated minutes)",
    'wrong_signature': "the sign (refund: the encryption) is wrong",
    'wrong_amount': "amounts are 1 fen too high, properly signed",
    'wrong_mch_id': "another merchant's number, properly signed",
    'wrong_appid': "another app, properly signed",
    'wrong_out_trade_no': "another order's number, properly signed",
    'wrong_fee_type': "another currency, properly signed",
}
API_ENDPOINTS = (
    'unifiedorder', 'micropay', 'orderquery', 'closeorder', 'reverse', 'refund', 'refundquery',
    'downloadbill', 'downloadfundflow', 'authcodetoopenid', 'report', 'getsignkey',
    'sandbox_micropay', 'sandbox_orderquery',
)
NOTIFICATION_ENDPOINTS = ('notification', 'refund_notification')
PARAMS = {'seconds', 'status', 'code', 'text', 'paid'}


def arm(db, endpoint, kind, times=1, out_trade_no=None, **params):
    """Arm one fault; `times=None` or ``'always'`` keeps it armed.

    :raise ValueError: for an unknown endpoint, kind or parameter
    """
    if endpoint in NOTIFICATION_ENDPOINTS:
        kinds = NOTIFICATION_KINDS
    elif endpoint in (*API_ENDPOINTS, '*'):
        kinds = API_KINDS
    else:
        known = ', '.join(['*', *API_ENDPOINTS, *NOTIFICATION_ENDPOINTS])
        raise ValueError(f"No endpoint {endpoint} to disturb; there are {known}.")
    if kind not in kinds:
        raise ValueError(f"No fault {kind} for {endpoint}; there are {', '.join(kinds)}.")
    unknown = set(params) - PARAMS
    if unknown:
        raise ValueError(
            f"A fault takes no {', '.join(sorted(unknown))}; it takes {', '.join(sorted(PARAMS))}."
        )
    if times == 'always':
        times = None
    if times is not None and (not isinstance(times, int) or times < 1):
        raise ValueError("Give times as a number from 1, or None for always.")
    if kind == 'refund_status' and params.get('status') not in ('CHANGE', 'REFUNDCLOSE'):
        raise ValueError("Give status='CHANGE' or status='REFUNDCLOSE'.")
    return insert(
        db, 'faults', endpoint=endpoint, kind=kind, times=times,
        out_trade_no=out_trade_no or None, params=json.dumps(params),
    )


def take(db, endpoint, out_trade_no):
    """The fault that this call meets, counted down; ``None`` when all is well."""
    anything = '*' if endpoint in API_ENDPOINTS else endpoint
    row = db.execute(
        'SELECT * FROM faults WHERE endpoint IN (?, ?)'
        ' AND (out_trade_no IS NULL OR out_trade_no = ?) ORDER BY id LIMIT 1',
        [endpoint, anything, out_trade_no],
    ).fetchone()
    if not row:
        return None
    if row['times'] == 1:
        db.execute('DELETE FROM faults WHERE id = ?', [row['id']])
    elif row['times']:
        update(db, 'faults', row['id'], times=row['times'] - 1)
    fault = {'kind': row['kind'], **json.loads(row['params'])}
    fault.setdefault('paid', row['kind'] in DONE_BEHIND)
    return fault


def list_faults(db):
    return [
        {**dict(row), 'params': json.loads(row['params'])}
        for row in db.execute('SELECT * FROM faults ORDER BY id')
    ]


def distort(values, kind):
    """A copy of a message's fields with one lie in it, before it is signed."""
    values = dict(values)
    if kind == 'wrong_amount':
        for name in list(values):
            if name.startswith(('total_fee', 'cash_fee', 'refund_fee')) and (
                str(values[name]).isdigit()
            ):
                values[name] = int(values[name]) + 1
    elif kind == 'wrong_mch_id':
        values['mch_id'] = '1999999999'
    elif kind == 'wrong_appid':
        values['appid'] = 'wx0000000000000000'
    elif kind == 'wrong_out_trade_no' and 'out_trade_no' in values:
        number = str(values['out_trade_no'])
        values['out_trade_no'] = ('Y' if number[0] == 'X' else 'X') + number[1:]
    elif kind == 'wrong_fee_type' and 'fee_type' in values:
        values['fee_type'] = 'USD' if values['fee_type'] != 'USD' else 'CNY'
    return values
