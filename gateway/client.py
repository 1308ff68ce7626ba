# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

"""wechatpy's client, made safe: bounded in time, verified, silent about secrets."""

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from wechatpy.exceptions import InvalidSignatureException
from wechatpy.pay import WeChatPay

from .apis import MicroPay, Order, Refund
from .certificates import check_certificate
from .credentials import MAIN_URL
from .errors import FailedReply, ReplyError
from .messages import MAX_BYTES, MessageError, read_message, request_fields, write_message
from .notifications import NotificationError, parse_refund_notification
from .quiet import silence_wechatpy
from .replies import read_reply
from .sandbox import KEY_PATH, PATHS, forget_sandbox_key, sandbox_key
from .signature import MD5, is_signed_by, sign
from .transport import Transport, unpack

silence_wechatpy()

MAX_BILL_BYTES = 256 * MAX_BYTES
_BILLS = ('pay/downloadbill', 'pay/downloadfundflow')
# WeChat signs every reply of these; those of its other products often carry no signature.
_SIGNED = (
    'pay/unifiedorder', 'pay/micropay', 'pay/orderquery', 'pay/closeorder', 'pay/refundquery',
    'secapi/pay/reverse', 'secapi/pay/refund', 'tools/authcodetoopenid', 'pay/downloadfundflow',
)
_CERTIFIED = ('secapi/', 'pay/downloadfundflow', 'mmpaymkttransfers/', 'mmpaysptrans/', 'risk/')
_INTEGERS = (
    'total_fee', 'settlement_total_fee', 'cash_fee', 'coupon_fee', 'coupon_count', 'refund_fee',
    'settlement_refund_fee',
)


@dataclass(frozen=True)
class Reply:
    """A verified reply: its fields (dict of str), or the text of a bill; and what was received."""

    fields: dict
    text: str
    raw: str


class Client(WeChatPay):
    """A ``wechatpy.WeChatPay`` for one merchant.

    All of wechatpy's methods work as documented there; each of them returns a verified reply or
    raises ``WeChatPayException``: ``FailedReply`` when WeChat says no, ``ReplyError`` when there is
    no reply to be believed. ``order.create`` makes new ``time_start`` and ``time_expire`` on every
    call unless both are given; ``Gateway.unified_order`` sends exactly what it is told.

    :param Credentials credentials: who we are
    :param requests.adapters.BaseAdapter adapter: carries all requests in place of the network
    :param float connect_timeout: seconds
    :param float read_timeout: seconds
    """

    order = Order()
    micropay = MicroPay()
    refund = Refund()

    def __init__(self, credentials, adapter=None, connect_timeout=5, read_timeout=10):
        # The certificate stays out of super(): wechatpy 2 opens the file at once.
        super().__init__(
            credentials.app_id, credentials.api_key, credentials.mch_id,
            sub_mch_id=credentials.sub_mch_id, sub_appid=credentials.sub_app_id,
            timeout=(connect_timeout, read_timeout), sandbox=credentials.sandbox,
        )
        self.credentials = credentials
        self.mch_cert = credentials.mch_cert
        self.mch_key = credentials.mch_key
        self.API_BASE_URL = (credentials.api_url or MAIN_URL).rstrip('/') + '/'
        self._in_process = adapter is not None
        self._transport = Transport(self._http, adapter, connect_timeout, read_timeout)

    def close(self):
        """Close the connections that are kept open."""
        self._http.close()

    # -- One call -----------------------------------------------------------------------------

    def exchange(self, endpoint, params, **kwargs):
        """POST ``params`` to ``endpoint`` and return the verified ``Reply``, whatever it says.

        ``mch_id``, ``sub_mch_id``, ``nonce_str`` and ``sign`` are added to a copy of ``params``.

        :param str endpoint: path such as ``pay/orderquery``, or a whole URL
        :param dict params: WeChat's field names; str or int, ``None`` is left out
        :raise ReplyError: when there is no reply to be believed
        :raise TypeError: for a value that is neither text nor a whole number
        """
        path = urlsplit(endpoint).path.strip('/') if '://' in endpoint else endpoint.strip('/')
        fields = request_fields({
            **({} if 'mchid' in params else {'mch_id': self.mch_id}),
            'sub_mch_id': self.sub_mch_id,
            'nonce_str': secrets.token_hex(16),
            **{name: value for name, value in params.items() if name != 'sign'},
        })
        url = self._url(endpoint, path, kwargs.pop('api_base_url', self.API_BASE_URL))
        cert = self._certificate(path, url)
        api_key = self.sandbox_api_key if self.sandbox else self.api_key
        fields['sign'] = sign(fields, api_key, fields.get('sign_type', MD5))
        is_bill = path in _BILLS
        received = self._transport.send(
            'POST', url, cert=cert, data=write_message(fields),
            max_bytes=MAX_BILL_BYTES if is_bill else MAX_BYTES,
            headers={'Content-Type': 'text/xml; charset=utf-8', **kwargs.pop('headers', {})},
            **kwargs,
        )
        body = received.body
        if is_bill:
            if body.startswith(b'\x1f\x8b'):
                body = unpack(body, MAX_BILL_BYTES)
            if body.strip() and not body.lstrip(b'\xef\xbb\xbf \r\n\t').startswith(b'<'):
                _check_digest(received, body)
                return Reply({}, body.decode('utf-8-sig', errors='replace'), '')
        reply = read_reply(
            body, api_key, self.credentials, fields, unsigned_allowed=path not in _SIGNED)
        if self.sandbox and reply.get('return_code') != 'SUCCESS':
            forget_sandbox_key(self.credentials)
        return Reply(reply, '', received.text)

    def _request(self, method, url_or_endpoint, **kwargs):
        """Carry wechatpy's own methods; returns the reply's fields or a bill's text."""
        data = kwargs.pop('data', None)
        if method.lower() != 'post' or not isinstance(data, dict):
            raise ReplyError('BAD_URL', "API V2 takes POST requests with named fields only.")
        reply = self.exchange(url_or_endpoint, data, **kwargs)
        if not reply.fields:
            return reply.text
        if reply.fields['return_code'] != 'SUCCESS' or reply.fields.get('result_code') != 'SUCCESS':
            raise FailedReply(reply.fields)
        return reply.fields

    def _url(self, endpoint, path, base_url):
        if self.sandbox:
            if path not in PATHS:
                raise ReplyError(
                    'SANDBOX_UNSUPPORTED',
                    f"WeChat's sandbox serves {' and '.join(PATHS)} only, not {path}.")
            return base_url + PATHS[path]
        return endpoint if '://' in endpoint else base_url + path

    def _certificate(self, path, url):
        """Return the pair of files for a call that wants a certificate, after looking at them.

        Where no TLS is spoken (a simulator in process or over plain HTTP), a certificate is not
        needed; one that is set is checked all the same.
        """
        if not path.startswith(_CERTIFIED):
            return None
        given = self.mch_cert or self.mch_key
        if not given and (self._in_process or url.startswith('http://')):
            return None
        check_certificate(self.mch_cert, self.mch_key)
        return self.mch_cert, self.mch_key

    # -- Sandbox ------------------------------------------------------------------------------

    @property
    def sandbox_api_key(self):
        """The key of WeChat's sandbox, fetched with the real one and kept for an hour."""
        return sandbox_key(self.credentials, self._fetch_sandbox_api_key)

    def _fetch_sandbox_api_key(self):
        fields = {'mch_id': self.mch_id, 'nonce_str': secrets.token_hex(16)}
        fields['sign'] = sign(fields, self.api_key)
        received = self._transport.send(
            'POST', self.API_BASE_URL + KEY_PATH, data=write_message(fields), max_bytes=MAX_BYTES,
            headers={'Content-Type': 'text/xml; charset=utf-8'},
        )
        reply = read_reply(
            received.body, self.api_key, self.credentials, fields, unsigned_allowed=True)
        if reply.get('return_code') != 'SUCCESS' or not reply.get('sandbox_signkey'):
            message = reply.get('return_msg') or reply.get('retmsg') or "no key"
            raise ReplyError('SIGNERROR', f"WeChat's sandbox gave no key: {message}")
        return reply['sandbox_signkey']

    # -- Parameters for the customer's phone --------------------------------------------------

    def jsapi_params(self, prepay_id, app_id=None, sign_type=MD5):
        """Return what ``WeixinJSBridge`` or ``wx.requestPayment`` needs to open the payment.

        :param str prepay_id: from ``unifiedorder`` (JSAPI), valid for 2 hours
        :param str app_id: the app in which the customer pays; default: ``sub_app_id`` or ``app_id``
        :param str sign_type: the one that ``unifiedorder`` was signed with
        """
        params = {
            'appId': app_id or self.sub_appid or self.appid,
            'timeStamp': str(int(time.time())),
            'nonceStr': secrets.token_hex(16),
            'package': f'prepay_id={prepay_id}',
            'signType': sign_type,
        }
        return {**params, 'paySign': sign(params, self.api_key, sign_type)}

    # -- wechatpy's own readers ---------------------------------------------------------------

    def check_signature(self, params):
        """Return whether ``params['sign']`` (MD5 or HMAC-SHA256) is right for the other fields."""
        return is_signed_by(params, self.sandbox_api_key if self.sandbox else self.api_key)

    @classmethod
    def get_payment_data(cls, xml):
        """Return the four identifying fields of a notification, unverified.

        :raise ValueError: when ``xml`` is none or a field is missing
        """
        fields = read_message(_bytes(xml))
        names = ('appid', 'mch_id', 'out_trade_no', 'transaction_id')
        missing = [name for name in names if not fields.get(name)]
        if missing:
            raise ValueError(f"The notification has no {missing[0]}.")
        return {name: fields[name] for name in names}

    def parse_payment_result(self, xml):
        """Return the fields of a payment notification, amounts as integer fen.

        ``parse_payment_notification`` of this package also checks whose payment it is.

        :raise InvalidSignatureException: when it is not signed by our key
        """
        try:
            fields = read_message(_bytes(xml))
        except MessageError as error:
            raise InvalidSignatureException(errmsg=str(error)) from error
        if not self.check_signature(fields):
            raise InvalidSignatureException
        return _with_integers(fields)

    def parse_refund_notify_result(self, xml):
        """Return the decrypted fields of a refund notification, amounts as integer fen.

        :raise InvalidSignatureException: when it is not encrypted with our key, or not for us
        """
        try:
            outcome = parse_refund_notification(_bytes(xml), self.credentials)
        except NotificationError as error:
            raise InvalidSignatureException(errmsg=str(error)) from error
        return _with_integers(outcome.data)


def _check_digest(received, body):
    """Refuse a bill that differs from the SHA-1 in its ``Digest`` header, if there is one.

    Written in hex or Base64, over the bill as it was sent or as it is read: all four are accepted.
    """
    kind, _, digest = received.headers.get('Digest', '').partition('=')
    if kind.upper() != 'SHA':
        return
    for content in (received.body, body):
        sha1 = hashlib.sha1(content, usedforsecurity=False)
        if digest.lower() == sha1.hexdigest() or digest == base64.b64encode(sha1.digest()).decode():
            return
    raise ReplyError('BAD_BILL', "The bill differs from the digest that WeChat sent with it.")


def _bytes(xml):
    return xml.encode() if isinstance(xml, str) else xml


def _with_integers(fields):
    return {
        name: int(value) if name in _INTEGERS and value.isdigit() else value
        for name, value in fields.items()
    }
