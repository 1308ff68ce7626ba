# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Throw-away certificates: a CA, a server certificate, and one for each merchant.

They prove nothing to anybody but this simulator.
"""
import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from requests.exceptions import SSLError

DAYS = 3650
CA_NAME = "WeChat Pay Simulator CA"


def make_certificates(folder, merchants, demo_mch_id):
    """Fill a folder; what is there already is kept.

    `ca.pem` for the client's `verify`, `server.pem` for the server, and for the merchant
    `demo_mch_id` `apiclient_cert.pem` and `apiclient_key.pem`; for the other merchants
    the same in a folder of their own, named after their number.

    :return: the folder as a `Path`
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    ca_key, ca_cert = _authority(folder)
    server_file = folder / 'server.pem'
    if not server_file.exists():
        names = [
            x509.DNSName('localhost'),
            x509.IPAddress(ipaddress.ip_address('127.0.0.1')),
            x509.IPAddress(ipaddress.ip_address('::1')),
        ]
        key, cert = _issue(
            'localhost', ca_key, ca_cert, ExtendedKeyUsageOID.SERVER_AUTH, names
        )
        _write(server_file, _pem_key(key) + _pem_cert(cert))
    for mch_id in merchants:
        home = folder if mch_id == demo_mch_id else folder / mch_id
        home.mkdir(exist_ok=True, mode=0o700)
        if not (home / 'apiclient_cert.pem').exists():
            key, cert = _issue(mch_id, ca_key, ca_cert, ExtendedKeyUsageOID.CLIENT_AUTH)
            _write(home / 'apiclient_key.pem', _pem_key(key))
            _write(home / 'apiclient_cert.pem', _pem_cert(cert))
    return folder


def server_context(folder):
    """The TLS side of the server: asks every client for a certificate, accepts none at all."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(folder) / 'server.pem')
    context.load_verify_locations(Path(folder) / 'ca.pem')
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def load_certificate(cert_file, key_file=None):
    """The certificate in a PEM file, which must be valid now and go with its key.

    :raise requests.exceptions.SSLError: as a real connection would
    """
    cert_bytes = Path(cert_file).read_bytes()
    key_bytes = Path(key_file).read_bytes() if key_file else cert_bytes
    try:
        certificate = x509.load_pem_x509_certificate(cert_bytes)
        key = serialization.load_pem_private_key(key_bytes, None)
    except (ValueError, TypeError) as error:
        raise SSLError(f"The client certificate or its key cannot be read: {error}") from error
    if key.public_key() != certificate.public_key():
        raise SSLError("The client key does not go with the certificate: key values mismatch")
    now = datetime.now(UTC)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise SSLError("The client certificate has expired")
    return certificate


def _authority(folder):
    cert_file, key_file = folder / 'ca.pem', folder / 'ca-key.pem'
    if cert_file.exists() and key_file.exists():
        return (
            serialization.load_pem_private_key(key_file.read_bytes(), None),
            x509.load_pem_x509_certificate(cert_file.read_bytes()),
        )
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, CA_NAME)])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    cert = (
        _builder(name, name, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(_usage(sign_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(key_file, _pem_key(key))
    _write(cert_file, _pem_cert(cert))
    return key, cert


def _issue(common_name, ca_key, ca_cert, purpose, alternative_names=()):
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    builder = (
        _builder(name, ca_cert.subject, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(authority, critical=False)
        .add_extension(_usage(), critical=True)
    )
    if alternative_names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName(list(alternative_names)), critical=False
        )
    return key, builder.sign(ca_key, hashes.SHA256())


def _builder(subject, issuer, key):
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=DAYS))
    )


def _usage(sign_certificates=False):
    return x509.KeyUsage(
        digital_signature=True, content_commitment=False,
        key_encipherment=not sign_certificates, data_encipherment=False, key_agreement=False,
        key_cert_sign=sign_certificates, crl_sign=sign_certificates, encipher_only=False,
        decipher_only=False,
    )


def _pem_key(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _pem_cert(cert):
    return cert.public_bytes(serialization.Encoding.PEM)


def _write(path, content):
    path.touch(mode=0o600)
    path.write_bytes(content)
