# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""What goes over the wire: XML documents, signatures, times and the encrypted refund message.

Nothing here is shared with `gateway/`: a mistake common to both sides would pass every test.
"""
import base64
import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from lxml import etree

BEIJING = timezone(timedelta(hours=8), 'Asia/Shanghai')

_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
# What XML 1.0 cannot carry at all, whatever the escaping.
_UNPRINTABLE = re.compile('[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')


class NotXml(ValueError):
    """The document is not one flat `<xml>` element."""


class NotUtf8(ValueError):
    """The document is not UTF-8."""


def parse_xml(body, root='xml'):
    """Read one flat document.

    :param bytes body: the document
    :param str root: the name that its root element must have
    :return: dict of text by element name; an empty element gives ``''``
    :raise NotUtf8: when the bytes are not UTF-8
    :raise NotXml: when they are not XML, have a DTD, another root, or are nested
    """
    try:
        body.decode('utf-8')
    except UnicodeDecodeError as error:
        raise NotUtf8(str(error)) from error
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        element = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotXml(str(error)) from error
    if element.tag != root or element.getroottree().docinfo.doctype:
        raise NotXml("root element")
    values = {}
    for child in element:
        if not isinstance(child.tag, str) or len(child):
            raise NotXml("nested or foreign element")
        values[child.tag] = child.text or ''
    return values


def build_xml(values, root='xml'):
    """Write one flat document; empty values are left out, digits go without CDATA.

    :return: bytes, UTF-8
    """
    parts = [f'<{root}>']
    for name, value in values.items():
        text = '' if value is None else _UNPRINTABLE.sub('', str(value))
        if not text:
            continue
        if not (text.isascii() and text.isdigit()):
            text = '<![CDATA[' + text.replace(']]>', ']]]]><![CDATA[>') + ']]>'
        parts.append(f'<{name}>{text}</{name}>')
    parts.append(f'</{root}>')
    return ''.join(parts).encode('utf-8')


def sign(values, key, sign_type='MD5'):
    """The signature over all non-empty values except ``sign``.

    :param str key: the merchant's APIv2 key, 32 characters
    :param str sign_type: ``MD5`` or ``HMAC-SHA256``
    :return: 32 or 64 upper-case hex digits
    """
    pairs = [
        f'{name}={values[name]}'
        for name in sorted(values)
        if name != 'sign' and values[name] not in (None, '')
    ]
    text = ('&'.join(pairs) + '&key=' + key).encode('utf-8')
    if sign_type == 'HMAC-SHA256':
        return hmac.new(key.encode('utf-8'), text, hashlib.sha256).hexdigest().upper()
    return hashlib.md5(text, usedforsecurity=False).hexdigest().upper()


def is_signed(values, key, sign_type='MD5'):
    """Whether ``values['sign']`` is the signature that this key gives."""
    given = values.get('sign', '').encode('utf-8')
    return hmac.compare_digest(given, sign(values, key, sign_type).encode('utf-8'))


def encrypt_req_info(values, key):
    """The ``req_info`` of a refund notification: AES-256-ECB, PKCS#7, Base64.

    :param dict values: the fields of the inner ``<root>`` document
    :param str key: the APIv2 key; the lower-case hex MD5 of it is the AES key
    """
    return encrypt_text(
        build_xml(values, root='root'),
        hashlib.md5(key.encode('utf-8'), usedforsecurity=False).hexdigest().encode('ascii'),
    )


def encrypt_text(plain, aes_key):
    """AES-256-ECB with PKCS#7 padding, then Base64. WeChat's choice of ECB, not ours."""
    padder = padding.PKCS7(128).padder()
    padded = padder.update(plain) + padder.finalize()
    encryptor = Cipher(algorithms.AES(aes_key), modes.ECB()).encryptor()  # noqa: S305
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode('ascii')


def random_text(length):
    """Random letters and digits, e.g. a ``nonce_str``."""
    return ''.join(secrets.choice(_LETTERS) for _ in range(length))


def compact_time(timestamp):
    """``yyyyMMddHHmmss`` in Beijing time of seconds since the epoch; ``''`` for ``None``."""
    if timestamp is None:
        return ''
    return datetime.fromtimestamp(timestamp, BEIJING).strftime('%Y%m%d%H%M%S')


def spaced_time(timestamp):
    """``yyyy-MM-dd HH:mm:ss`` in Beijing time of seconds since the epoch; ``''`` for ``None``."""
    if timestamp is None:
        return ''
    return datetime.fromtimestamp(timestamp, BEIJING).strftime('%Y-%m-%d %H:%M:%S')


def read_compact_time(text):
    """Seconds since the epoch of a ``yyyyMMddHHmmss`` in Beijing time.

    :raise ValueError: when the text is not such a time
    """
    if not re.fullmatch(r'[0-9]{14}', text):
        raise ValueError(text)
    moment = datetime.strptime(text, '%Y%m%d%H%M%S').replace(tzinfo=BEIJING)
    return moment.timestamp()


def yuan(fen):
    """Fen as yuan with two decimals, as the bills write it."""
    return f'{Decimal(fen).scaleb(-2):.2f}'
