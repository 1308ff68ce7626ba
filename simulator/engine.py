# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""One API call: bytes in, a reply out. The same for real HTTP and for the in-process adapter."""
import hashlib
import logging
from dataclasses import dataclass, field

from cryptography import x509

from . import bills, faults, fields, refunds, sandbox, tools, trades, wire
from .errors import TEXTS, Refusal, Rejection
from .merchants import get_merchant, list_merchants, valid_keys
from .sandbox import LATE

_logger = logging.getLogger(__name__)

ROUTES = {
    '/pay/unifiedorder': 'unifiedorder',
    '/pay/micropay': 'micropay',
    '/pay/orderquery': 'orderquery',
    '/pay/closeorder': 'closeorder',
    '/secapi/pay/reverse': 'reverse',
    '/secapi/pay/refund': 'refund',
    '/pay/refundquery': 'refundquery',
    '/pay/downloadbill': 'downloadbill',
    '/pay/downloadfundflow': 'downloadfundflow',
    '/tools/authcodetoopenid': 'authcodetoopenid',
    '/payitil/report': 'report',
    '/xdc/apiv2getsignkey/sign/getsignkey': 'getsignkey',
    '/xdc/apiv2sandbox/pay/micropay': 'sandbox_micropay',
    '/xdc/apiv2sandbox/pay/orderquery': 'sandbox_orderquery',
}
WITH_CERTIFICATE = ('reverse', 'refund', 'downloadfundflow')
HANDLERS = {
    'unifiedorder': trades.unifiedorder,
    'micropay': trades.micropay,
    'orderquery': trades.orderquery,
    'closeorder': trades.closeorder,
    'reverse': trades.reverse,
    'refund': refunds.refund,
    'refundquery': refunds.refundquery,
    'authcodetoopenid': tools.authcodetoopenid,
    'report': tools.report,
    'sandbox_micropay': sandbox.micropay,
    'sandbox_orderquery': sandbox.orderquery,
}
BILLS = {
    'downloadbill': bills.downloadbill,
    'downloadfundflow': bills.downloadfundflow,
}
# downloadbill has numbers of its own; the others of ours are 20001.
BILL_ERRORS = {'SYSTEMERROR': '100', 'FREQUENCY_LIMITED': '20008', 'NOAUTH': '20007'}
MAX_BODY = 1024 * 1024
HTML = 'text/html; charset=utf-8'


@dataclass
class Reply:
    """What goes back: an answer, perhaps late, or none (`fate` ``drop`` or ``hang``)."""

    body: bytes = b''
    status: int = 200
    headers: dict = field(default_factory=lambda: {'Content-Type': 'text/xml; charset=utf-8'})
    seconds: float = 0
    fate: str = 'answer'


@dataclass
class Call:
    """A request whose sender is known and whose signature is right."""

    endpoint: str
    values: dict
    headers: dict
    now: float
    phone_url: str
    any_currency: bool
    merchant: dict = None
    key: str = ''
    sign_type: str = 'MD5'

    @property
    def mch_id(self):
        return self.merchant['mch_id']


def html_page(status, title):
    body = (
        f'<!DOCTYPE html><html><head><title>{status} {title}</title></head>'
        f'<body><h1>{status} {title}</h1></body></html>'
    )
    return Reply(body.encode('utf-8'), status, {'Content-Type': HTML})


def answer(simulator, method, path, headers, body, certificate=None, demand_certificate=False):
    """Carry out one API call.

    :param simulator: the `Simulator`
    :param str path: from the root of the API, e.g. ``/pay/micropay``
    :param dict headers: by lower-case name
    :param bytes body: the request document
    :param certificate: the client's X.509 certificate, if it showed one
    :param bool demand_certificate: refuse certified calls without one
    :return: a `Reply`
    """
    endpoint = ROUTES.get(path)
    if not endpoint:
        return html_page(404, "Not Found")
    simulator.settle()
    values, complaint = _read(method, body)
    with simulator.ledger.write() as db:
        fault = faults.take(db, endpoint, _number(db, values)) or {}
    kind = fault.get('kind')
    seconds = float(fault.get('seconds', 3)) if kind == 'late' else 0
    if kind in faults.INSTEAD and not fault['paid']:
        reply = Reply()
    elif complaint:
        reply = _rejected(complaint)
    else:
        try:
            reply = _carry_out(
                simulator, endpoint, values, headers, fault, certificate, demand_certificate
            )
        except Rejection as rejection:
            extra = rejection.extra
            if endpoint == 'downloadbill':
                extra = {'error_code': '20001', **extra}
            reply = _rejected(rejection.text, **extra)
    reply.seconds += seconds
    if kind in ('drop', 'hang'):
        reply.fate = kind
    elif kind == 'http':
        reply = html_page(int(fault.get('status', 502)), "Simulated trouble")
    elif kind == 'html':
        reply = html_page(200, "Simulated trouble")
    elif kind == 'garbage':
        reply.body = b'<xml><return_code>SUCC'
    elif kind == 'return_fail':
        reply = _rejected(fault.get('text', "系统繁忙，请稍后再试"))
    if kind:
        _logger.info("%s: fault %s", endpoint, kind)
    return reply


def _read(method, body):
    """The parameters, and what is wrong with the document (``''`` if nothing is)."""
    if method != 'POST':
        return {}, "请使用post方法"
    if not body:
        return {}, "post数据为空"
    if len(body) > MAX_BODY:
        return {}, "post数据过大"
    try:
        return wire.parse_xml(body), ''
    except wire.NotUtf8:
        return {}, "编码格式错误，请使用UTF-8"
    except wire.NotXml:
        return {}, "XML格式错误"


def _number(db, values):
    """The `out_trade_no` that a request is about, for faults that wait for a certain one."""
    if values.get('out_trade_no'):
        return values['out_trade_no']
    row = None
    if values.get('transaction_id'):
        row = db.execute(
            'SELECT out_trade_no FROM trades WHERE transaction_id = ?', [values['transaction_id']]
        ).fetchone()
    elif values.get('out_refund_no') or values.get('refund_id'):
        row = db.execute(
            'SELECT out_trade_no FROM trades WHERE id IN'
            ' (SELECT trade_id FROM refunds WHERE out_refund_no = ? OR refund_id = ?)',
            [values.get('out_refund_no'), values.get('refund_id')],
        ).fetchone()
    return row['out_trade_no'] if row else None


def _carry_out(simulator, endpoint, values, headers, fault, certificate, demand_certificate):
    """Identify the caller, run the handler, and sign its reply."""
    call = Call(endpoint, values, headers, 0, simulator.phone_url, simulator.any_currency)
    try:
        with simulator.ledger.write() as db:
            call.now = simulator.clock.timestamp(db)
            _identify(db, call)
            if endpoint == 'getsignkey':
                return Reply(sandbox.getsignkey(call))
            fields.check_presence(endpoint, values)
            fields.check_shapes(values)
            if not endpoint.startswith('sandbox_'):
                _authorise(db, call)
            if demand_certificate and endpoint in WITH_CERTIFICATE:
                _check_certificate(call, certificate)
            reply = _handle(db, call, fault)
        if _refused(fault):
            raise _wanted_refusal(fault, endpoint)
    except Refusal as raised:
        refusal = _wanted_refusal(fault, endpoint) if _refused(fault) else raised
        if endpoint == 'downloadbill':
            number = BILL_ERRORS.get(refusal.code, '20001')
            raise Rejection(refusal.text, error_code=number) from refusal
        reply = {
            'result_code': 'FAIL', 'err_code': refusal.code, 'err_code_des': refusal.text,
            **refusal.extra,
        }
    finally:
        simulator.wake()
    if isinstance(reply, Reply):
        return reply
    seconds = reply.pop(LATE, 0)
    return Reply(_signed(call, {'result_code': 'SUCCESS', **reply}, fault), seconds=seconds)


def _handle(db, call, fault):
    """Run the handler, in the way that a fault wants.

    :return: the reply's own fields, or a `Reply` for the bills, which are files
    """
    endpoint = call.endpoint
    if _refused(fault) and not fault['paid']:
        if endpoint == 'micropay' and fault.get('code') == 'USERPAYING':
            return trades.micropay(db, call, ask_password=True)
        return {}
    if endpoint == 'refund' and fault.get('kind') == 'refund_status':
        return refunds.refund(db, call, final_status=fault['status'])
    if endpoint in BILLS:
        headers, content = BILLS[endpoint](db, call)
        return Reply(content, headers=headers)
    return HANDLERS[endpoint](db, call)


def _refused(fault):
    return fault.get('kind') == 'err_code'


def _wanted_refusal(fault, endpoint):
    code = fault.get('code', 'SYSTEMERROR')
    extra = {}
    if endpoint == 'reverse':
        extra['recall'] = 'Y' if code in ('SYSTEMERROR', 'USERPAYING') else 'N'
    return Refusal(code, fault.get('text') or TEXTS.get(code, code), **extra)


def _identify(db, call):
    """Who is calling, and is the signature right?

    :raise Rejection: unsigned, because there is no key to sign with
    """
    values = call.values
    if not values.get('mch_id'):
        raise Rejection("缺少参数mch_id")
    call.merchant = get_merchant(db, values['mch_id'])
    if not call.merchant:
        raise Rejection("商户号mch_id不存在")
    if not values.get('sign'):
        raise Rejection("缺少参数sign")
    call.sign_type = values.get('sign_type') or 'MD5'
    if call.sign_type not in ('MD5', 'HMAC-SHA256'):
        raise Rejection("sign_type无效")
    if call.endpoint.startswith('sandbox_'):
        keys = [call.merchant['sandbox_signkey']]
    else:
        keys = valid_keys(call.merchant, call.now)
    for key in keys:
        if wire.is_signed(values, key, call.sign_type):
            call.key = key
            return
    raise Rejection("签名错误")


def _authorise(db, call):
    """Do the app, the sub-merchant and the permission go with the merchant?"""
    values, merchant = call.values, call.merchant
    if values['appid'] not in merchant['appids']:
        known = any(values['appid'] in other['appids'] for other in list_merchants(db))
        raise Refusal('APPID_MCHID_NOT_MATCH' if known else 'APPID_NOT_EXIST')
    sub_mch_id = values.get('sub_mch_id')
    if merchant['sub_merchants'] and not sub_mch_id and call.endpoint not in (
        'downloadbill', 'downloadfundflow', 'report',
    ):
        raise Rejection("缺少参数sub_mch_id")
    if sub_mch_id:
        if not merchant['sub_merchants']:
            raise Refusal('NOAUTH', "sub_mch_id与mch_id受理关系不存在")
        if sub_mch_id not in merchant['sub_merchants']:
            raise Refusal('MCHID_NOT_EXIST', "sub_mch_id不存在")
        bound = merchant['sub_merchants'][sub_mch_id].get('appids', [])
        if values.get('sub_appid') and values['sub_appid'] not in bound:
            raise Refusal('APPID_MCHID_NOT_MATCH', "sub_appid和sub_mch_id不匹配")
    closed = set(merchant['no_auth'])
    if closed & {call.endpoint, call.endpoint.upper(), values.get('trade_type', call.endpoint)}:
        raise Refusal('NOAUTH')


def _check_certificate(call, certificate):
    """A certified call needs the certificate of the merchant that signs it."""
    problem = ''
    if certificate is None:
        problem = "缺少商户证书"
    else:
        names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        if not names or names[0].value != call.mch_id:
            problem = "证书不属于该商户"
    if problem:
        code = 'INVALID_REQUEST' if call.endpoint == 'reverse' else 'CERT_ERROR'
        raise Refusal(code, problem)


def _signed(call, result, fault):
    """The reply document: common fields, the handler's, and the signature."""
    values = call.values
    kind = fault.get('kind')
    reply = {
        'return_code': 'SUCCESS',
        'return_msg': 'OK',
        'appid': values['appid'],
        'mch_id': values['mch_id'],
        'sub_appid': values.get('sub_appid'),
        'sub_mch_id': values.get('sub_mch_id'),
        'nonce_str': wire.random_text(32),
        **result,
    }
    reply = faults.distort(reply, kind)
    if kind == 'no_signature':
        return wire.build_xml(reply)
    reply['sign'] = wire.sign(reply, call.key, call.sign_type)
    if kind == 'wrong_signature':
        reply['sign'] = hashlib.sha256(reply['sign'].encode()).hexdigest().upper()[
            :len(reply['sign'])
        ]
    return wire.build_xml(reply)


def _rejected(text, **extra):
    return Reply(wire.build_xml({'return_code': 'FAIL', 'return_msg': text, **extra}))
