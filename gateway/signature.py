# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

"""Signatures of API V2: MD5 and HMAC-SHA256, for requests, replies and notifications alike."""

import hashlib
import hmac

MD5 = 'MD5'
HMAC_SHA256 = 'HMAC-SHA256'
_TYPE_BY_LENGTH = {32: MD5, 64: HMAC_SHA256}


def sign(fields, api_key, sign_type=MD5):
    """Return the upper-case signature of ``fields`` (dict of str or int) under ``api_key``.

    Empty values and ``sign`` itself take no part; ``0`` does.

    :raise ValueError: when ``sign_type`` is neither ``MD5`` nor ``HMAC-SHA256``
    """
    pairs = [
        f'{name}={value}'
        for name, value in sorted(fields.items())
        if name != 'sign' and value is not None and value != ''
    ]
    message = '&'.join([*pairs, f'key={api_key}']).encode()
    if sign_type == MD5:
        return hashlib.md5(message, usedforsecurity=False).hexdigest().upper()
    if sign_type == HMAC_SHA256:
        return hmac.new(api_key.encode(), message, hashlib.sha256).hexdigest().upper()
    raise ValueError(f"Unknown sign_type {sign_type!r}: WeChat knows MD5 and HMAC-SHA256.")


def is_signed_by(fields, api_key):
    """Return whether ``fields['sign']`` is right for all other fields.

    The length of the signature tells its type; a ``sign_type`` that says otherwise is refused.
    Takes the same time wherever the first difference lies.
    """
    received = fields.get('sign') or ''
    sign_type = _TYPE_BY_LENGTH.get(len(received))
    if sign_type is None or fields.get('sign_type', sign_type) != sign_type:
        return False
    return hmac.compare_digest(sign(fields, api_key, sign_type).encode(), received.encode())
