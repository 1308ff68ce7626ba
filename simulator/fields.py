# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The fields of each request: which must be there, how long they may be, what shape they have."""
import ipaddress
import json
import re
from urllib.parse import urlsplit

from .errors import Refusal, Rejection
from .wire import read_compact_time

_FOUR_BYTES = re.compile('[\U00010000-\U0010ffff]')


def _fen(text):
    return re.fullmatch(r'[1-9][0-9]{0,9}', text)


def _compact_time(text):
    try:
        return read_compact_time(text) > 0
    except ValueError:
        return False


def _ip_address(text):
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return False


def _notify_url(text):
    try:
        url = urlsplit(text)
    except ValueError:
        return False
    return url.scheme in ('http', 'https') and url.hostname and '?' not in text


def _json_object(text):
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _matches(pattern):
    return re.compile(pattern).fullmatch


_ID = _matches(r'[0-9A-Za-z_\-]+')
_WECHAT_NUMBER = _matches(r'[0-9]+')
_YES_NO = _matches(r'[YN]')

# name: (longest, check or None)
FIELDS = {
    'account_type': (16, _matches(r'Basic|Operation|Fees')),
    'appid': (32, _ID),
    'attach': (127, None),
    'auth_code': (128, None),
    'bill_date': (8, _matches(r'[0-9]{8}')),
    'bill_type': (16, _matches(r'ALL|SUCCESS|REFUND|RECHARGE_REFUND')),
    'body': (127, None),
    'detail': (6000, None),
    'device_info': (32, None),
    'fee_type': (16, _matches(r'[A-Z]{3}')),
    'goods_tag': (32, None),
    'limit_pay': (32, _matches(r'no_credit')),
    'mch_id': (32, _WECHAT_NUMBER),
    'nonce_str': (32, _matches(r'[0-9A-Za-z]+')),
    'notify_url': (256, _notify_url),
    'offset': (10, _matches(r'[0-9]+')),
    'openid': (128, None),
    'out_refund_no': (64, _matches(r'[0-9A-Za-z_\-|*@]+')),
    'out_trade_no': (32, _matches(r'[0-9A-Za-z_\-|*]+')),
    'product_id': (32, None),
    'profit_sharing': (16, _YES_NO),
    'receipt': (8, _YES_NO),
    'refund_account': (
        30, _matches(r'REFUND_SOURCE_UNSETTLED_FUNDS|REFUND_SOURCE_RECHARGE_FUNDS'),
    ),
    'refund_desc': (80, None),
    'refund_fee': (10, _fen),
    'refund_fee_type': (8, _matches(r'[A-Z]{3}')),
    'refund_id': (32, _WECHAT_NUMBER),
    'scene_info': (256, _json_object),
    'sign': (64, None),
    'sign_type': (32, None),
    'spbill_create_ip': (64, _ip_address),
    'sub_appid': (32, _ID),
    'sub_mch_id': (32, _WECHAT_NUMBER),
    'sub_openid': (128, None),
    'tar_type': (8, _matches(r'GZIP')),
    'time_expire': (14, _compact_time),
    'time_start': (14, _compact_time),
    'total_fee': (10, _fen),
    'trade_type': (16, _matches(r'NATIVE|JSAPI|APP|MWEB')),
    'transaction_id': (32, _WECHAT_NUMBER),
}

# What each call must carry besides appid, mch_id, nonce_str and sign. A tuple: one of them.
REQUIRED = {
    'unifiedorder': [
        'body', 'out_trade_no', 'total_fee', 'spbill_create_ip', 'notify_url', 'trade_type',
    ],
    'micropay': ['body', 'out_trade_no', 'total_fee', 'spbill_create_ip', 'auth_code'],
    'orderquery': [('transaction_id', 'out_trade_no')],
    'closeorder': ['out_trade_no'],
    'reverse': [('transaction_id', 'out_trade_no')],
    'refund': [('transaction_id', 'out_trade_no'), 'out_refund_no', 'total_fee', 'refund_fee'],
    'refundquery': [('refund_id', 'out_refund_no', 'transaction_id', 'out_trade_no')],
    'downloadbill': ['bill_date'],
    'downloadfundflow': ['bill_date', 'account_type'],
    'authcodetoopenid': ['auth_code'],
    'report': ['interface_url', 'user_ip'],
    'sandbox_micropay': ['body', 'out_trade_no', 'total_fee', 'spbill_create_ip', 'auth_code'],
    'sandbox_orderquery': ['out_trade_no'],
}


def check_presence(endpoint, values):
    """Refuse a request that lacks a field.

    :raise Rejection: names the first field that is missing
    """
    for names in ['appid', 'mch_id', 'nonce_str', *REQUIRED[endpoint]]:
        names = (names,) if isinstance(names, str) else names
        if not any(values.get(name) for name in names):
            raise Rejection(f"缺少参数{'/'.join(names)}")


def check_shapes(values):
    """Refuse a request with a field that is too long, of the wrong shape, or with emoji.

    :raise Refusal: ``PARAM_ERROR`` that names the first such field
    """
    for name, value in values.items():
        if not value:
            continue
        if _FOUR_BYTES.search(value):
            raise Refusal('PARAM_ERROR', f"{name}含有非法字符")
        if name not in FIELDS:
            continue
        longest, check = FIELDS[name]
        if len(value) > longest:
            raise Refusal('PARAM_ERROR', f"{name}参数长度有误，最多{longest}个字符")
        if check and not check(value):
            raise Refusal('PARAM_ERROR', f"{name}参数格式有误")
