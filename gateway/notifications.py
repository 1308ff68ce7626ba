# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

"""What WeChat tells us by itself: read raw bytes, believe what our key proves."""

import base64
import binascii
import hashlib
import re

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from .catalogue import kind_of_result
from .messages import MessageError, read_message
from .outcome import Outcome
from .signature import is_signed_by
from .values import clean_text

_NUMBER = re.compile(r'[0-9A-Za-z_\-|*@]{1,32}')


class NotificationError(Exception):
    """The notification is no evidence.

    ``reason`` is ``empty``, ``too_large``, ``bad_xml``, ``dtd``, ``return_code``,
    ``bad_signature``, ``foreign_merchant``, ``missing_number`` or
    ``not_success``; the message says it in a sentence.
    """

    def __init__(self, reason, message):
        super().__init__(message)
        self.reason = reason


def notification_number(raw):
    """Return the ``out_trade_no`` (str) that a payment notification claims to be about, or None.

    Nothing is trusted yet: it only finds the record whose company's key can prove the rest.
    """
    return _claimed(raw).get('out_trade_no')


def notification_merchant(raw):
    """Return what a notification claims to be for: ``{'appid', 'mch_id', 'sub_mch_id'}``.

    Unproved, as above; a refund notification shows nothing more without the key. Fields that are
    absent or ill-formed are left out.
    """
    claimed = _claimed(raw)
    return {name: claimed[name] for name in ('appid', 'mch_id', 'sub_mch_id') if name in claimed}


def parse_payment_notification(raw, credentials):
    """Return the ``Outcome`` (PAID) of a payment notification whose every field is proved.

    The amount is not compared here: only the record knows what it should be.

    :param bytes raw: the request's body as received
    :param Credentials credentials: the merchant whose record it is about
    :raise NotificationError: when it is no evidence of a payment to this merchant
    """
    fields = _read(raw)
    if not is_signed_by(fields, credentials.api_key):
        raise NotificationError('bad_signature', "The signature is not made with our API key.")
    _check_merchant(fields, credentials)
    missing = [name for name in ('out_trade_no', 'transaction_id', 'total_fee')
               if not fields.get(name)]
    if missing:
        raise NotificationError('missing_number', f"The notification has no {missing[0]}.")
    if fields.get('result_code') != 'SUCCESS':
        raise NotificationError('not_success', "The notification does not speak of a payment.")
    return Outcome(
        kind_of_result('SUCCESS', 'notification'), 'SUCCESS', 'notification',
        data=fields, raw=raw.decode('utf-8-sig')[:_RAW_LENGTH],
    )


def parse_refund_notification(raw, credentials):
    """Return the ``Outcome`` of a refund notification: PAID, REFUSED, or UNKNOWN (``CHANGE``).

    It carries no signature; that it decrypts to a sensible message is its proof, so numbers and
    amounts have to be compared with the refund.

    :param bytes raw: the request's body as received
    :param Credentials credentials: the merchant whose refund it is about
    :raise NotificationError: when it is no evidence of a refund by this merchant
    """
    outer = _read(raw)
    _check_merchant(outer, credentials)
    inner = _decrypt(outer.get('req_info', ''), credentials.api_key)
    if not inner.get('out_refund_no'):
        raise NotificationError('missing_number', "The notification has no out_refund_no.")
    code = inner.get('refund_status', '')
    if not code:
        raise NotificationError('not_success', "The notification has no refund_status.")
    proved = {name: outer[name] for name in ('appid', 'mch_id', 'sub_mch_id') if outer.get(name)}
    return Outcome(
        kind_of_result(code, 'refund_notification'), code, 'refund_notification',
        data={**proved, **inner}, raw=raw.decode('utf-8-sig')[:_RAW_LENGTH],
    )


def notification_reply(ok, message='OK'):
    """Return the XML (bytes) that answers a notification; it goes out with HTTP 200.

    :param bool ok: True once the evidence is stored; False makes WeChat send it again
    :param str message: the reason when ``ok`` is False
    """
    code = 'SUCCESS' if ok else 'FAIL'
    text = 'OK' if ok else clean_text(message, 128)
    return (
        f'<xml><return_code><![CDATA[{code}]]></return_code>'
        f'<return_msg><![CDATA[{text}]]></return_msg></xml>'
    ).encode()


# How much of a message is kept for the record, in characters.
_RAW_LENGTH = 16 * 1024


def _claimed(raw):
    try:
        fields = read_message(raw)
    except MessageError:
        return {}
    return {name: value for name, value in fields.items() if _NUMBER.fullmatch(value)}


def _read(raw):
    try:
        fields = read_message(raw)
    except MessageError as error:
        raise NotificationError(error.reason, str(error)) from error
    if fields.get('return_code') != 'SUCCESS':
        raise NotificationError('return_code', "The notification's return_code is not SUCCESS.")
    return fields


def _check_merchant(fields, credentials):
    """Refuse what names another app, merchant or sub-merchant than ours."""
    ours = {
        'appid': credentials.app_ids,
        'mch_id': {credentials.mch_id},
        'sub_mch_id': {credentials.sub_mch_id or ''},
    }
    for name, expected in ours.items():
        if fields.get(name, '') not in expected:
            raise NotificationError('foreign_merchant', f"The {name} is not ours.")


def _decrypt(req_info, api_key):
    """Return the fields of an encrypted refund notification.

    AES-256-ECB with PKCS#7 padding; the key is the lower-case hex MD5 of the API key.
    """
    key = hashlib.md5(api_key.encode(), usedforsecurity=False).hexdigest().encode()
    try:
        decryptor = Cipher(algorithms.AES(key), modes.ECB()).decryptor()  # noqa: S305
        padded = decryptor.update(base64.b64decode(req_info)) + decryptor.finalize()
        unpadder = padding.PKCS7(algorithms.AES.block_size).unpadder()
        return read_message(unpadder.update(padded) + unpadder.finalize(), root='root')
    except (binascii.Error, MessageError, ValueError) as error:
        raise NotificationError(
            'bad_signature', "The notification cannot be decrypted with our API key.") from error
