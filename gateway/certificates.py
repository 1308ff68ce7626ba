# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

"""The merchant's client certificate, looked at before WeChat does."""

import stat
from datetime import datetime, timezone
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from .errors import ReplyError


def check_certificate(mch_cert, mch_key):
    """Return the day (aware datetime) on which the pair of files expires.

    :param str mch_cert: path of ``apiclient_cert.pem``
    :param str mch_key: path of ``apiclient_key.pem``, without a password
    :raise ReplyError: ``CERT_MISSING``, ``CERT_UNREADABLE``, ``CERT_INVALID`` or ``CERT_EXPIRED``;
        the message names the file
    """
    certificate = _load_certificate(mch_cert)
    key = _load_key(mch_key)
    if _public_bytes(key.public_key()) != _public_bytes(certificate.public_key()):
        raise ReplyError('CERT_INVALID', f"{mch_key} is not the key of the certificate {mch_cert}.")
    # Both bounds are UTC; the names without _utc serve cryptography before 42.
    begin = getattr(certificate, 'not_valid_before_utc', None) or (
        certificate.not_valid_before.replace(tzinfo=timezone.utc))
    end = getattr(certificate, 'not_valid_after_utc', None) or (
        certificate.not_valid_after.replace(tzinfo=timezone.utc))
    now = datetime.now(timezone.utc)
    if now > end:
        raise ReplyError('CERT_EXPIRED', f"{mch_cert} expired on {end:%Y-%m-%d}.")
    if now < begin:
        raise ReplyError('CERT_INVALID', f"{mch_cert} is valid from {begin:%Y-%m-%d} only.")
    return end


def _read(path, parameter):
    if not path:
        raise ReplyError('CERT_MISSING', f"{parameter} is not set.")
    file = Path(path)
    try:
        if stat.S_ISREG(file.stat().st_mode):
            return file.read_bytes()
        raise ReplyError('CERT_MISSING', f"{path} ({parameter}) is not a file.")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ReplyError(
            'CERT_MISSING', f"There is no file {path} ({parameter}) on this server.") from error
    except OSError as error:
        raise ReplyError(
            'CERT_UNREADABLE', f"{path} ({parameter}) cannot be read: {error.strerror}.",
        ) from error


def _load_certificate(path):
    content = _read(path, 'wechat.mch_cert')
    try:
        return x509.load_pem_x509_certificate(content)
    except ValueError as error:
        raise ReplyError(
            'CERT_INVALID', f"{path} (wechat.mch_cert) is not a certificate in PEM format.",
        ) from error


def _load_key(path):
    content = _read(path, 'wechat.mch_key')
    try:
        return serialization.load_pem_private_key(content, password=None)
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise ReplyError(
            'CERT_INVALID',
            f"{path} (wechat.mch_key) is not a private key in PEM format without a password.",
        ) from error


def _public_bytes(key):
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo,
    )
