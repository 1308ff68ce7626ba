# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

"""One request out, one bounded reply in; whatever the network does becomes a ``ReplyError``."""

import http.client
import ssl
import time
import zlib
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import requests
import urllib3

from .errors import ReplyError

MAIN_HOST = 'api.mch.weixin.qq.com'
STANDBY_HOST = 'api2.mch.weixin.qq.com'
_CHUNK = 64 * 1024


@dataclass(frozen=True)
class Received:
    """An HTTP 200 reply: its headers and its whole body (bytes, unpacked)."""

    headers: dict
    body: bytes

    @property
    def text(self):
        return self.body.decode('utf-8', errors='replace')


class _TwoTimeouts(requests.adapters.HTTPAdapter):
    """Gives connecting a time-out of its own.

    It is told here and not at each request: there, Odoo's test runner takes plain seconds only.

    :param float connect_timeout: seconds
    """

    def __init__(self, connect_timeout):
        super().__init__()
        self.connect_timeout = connect_timeout

    def send(self, request, timeout=None, **kwargs):
        return super().send(request, timeout=(self.connect_timeout, timeout), **kwargs)


class Transport:
    """Sends prepared bytes with time-outs, once, without following redirections.

    :param requests.adapters.BaseAdapter adapter: carries http:// and https:// in place of sockets
    :param float connect_timeout: seconds
    :param float read_timeout: seconds for the whole reply, not just between two bytes
    """

    def __init__(self, session, adapter=None, connect_timeout=5, read_timeout=10):
        self.session = session
        self.connect_timeout = connect_timeout
        self.read_timeout = read_timeout
        adapter = adapter or _TwoTimeouts(connect_timeout)
        session.mount('http://', adapter)
        session.mount('https://', adapter)

    def send(self, method, url, cert=None, max_bytes=0, timeout=None, **kwargs):
        """Return what the server answered (``Received``).

        A main host that cannot be *connected* to is replaced once by WeChat's standby host, with
        the identical bytes. After that the request may have left, and sending it again is for
        those to decide who know what it does.

        :param tuple cert: paths of certificate and key, or None
        :param int max_bytes: longest body that is accepted
        :param timeout: seconds for the whole reply, or (connect, read), of which the second
            counts; default: the transport's own
        :raise ReplyError: NO_CONNECTION (nothing was sent), CONNECTION, TIMEOUT, TLS,
            CERT_REJECTED, BAD_URL, TOO_LARGE or HTTP_<status>
        """
        if timeout is None:
            timeout = self.read_timeout
        elif isinstance(timeout, tuple):
            timeout = timeout[1]
        send = {'cert': cert, 'max_bytes': max_bytes, 'timeout': timeout, **kwargs}
        try:
            return self._send(method, url, **send)
        except ReplyError as error:
            parts = urlsplit(url)
            if error.reason != 'NO_CONNECTION' or parts.netloc != MAIN_HOST:
                raise
            return self._send(method, urlunsplit(parts._replace(netloc=STANDBY_HOST)), **send)

    def _send(self, method, url, cert, max_bytes, timeout, **kwargs):
        deadline = time.monotonic() + self.connect_timeout + timeout
        # An unpacked body is a body whose size is known while it is read.
        headers = {'Accept-Encoding': 'identity', **kwargs.pop('headers', {})}
        try:
            response = self.session.request(
                method, url, headers=headers, cert=cert, timeout=timeout,
                allow_redirects=False, stream=True, **kwargs,
            )
        except requests.RequestException as error:
            raise _network_error(error, cert) from error
        except (OSError, urllib3.exceptions.HTTPError, http.client.HTTPException) as error:
            # requests looks for certificate files before it opens a connection.
            raise ReplyError('NO_CONNECTION', str(error)) from error
        try:
            body = _read_body(response, max_bytes, deadline)
        except requests.RequestException as error:
            raise _network_error(error, cert) from error
        except (urllib3.exceptions.ReadTimeoutError, TimeoutError) as error:
            raise ReplyError('TIMEOUT', "The reply did not arrive in time.") from error
        except (OSError, urllib3.exceptions.HTTPError, http.client.HTTPException) as error:
            raise ReplyError('CONNECTION', "The connection broke during the reply.") from error
        finally:
            response.close()
        received = Received(dict(response.headers), body)
        if response.status_code != 200:
            reason = f'HTTP_{response.status_code}'
            # WeChat's front server says so in HTML, before any of its services sees the request.
            if cert is not None and response.status_code == 400 and b'SSL certificate' in body:
                reason = 'CERT_REJECTED'
            raise ReplyError(reason, f"HTTP status {response.status_code}", raw=received.text)
        return received


def _read_body(response, max_bytes, deadline):
    """Return the body, unpacked, at most ``max_bytes``, before ``deadline`` (monotonic seconds)."""
    raw = response.raw
    if raw is None:
        return response.content
    # read1 returns what is there instead of waiting for a full chunk, so that a server which
    # drips one byte at a time cannot hold the caller. Where urllib3 lacks it, the response of
    # the standard library underneath has it.
    read = getattr(raw, 'read1', None) or getattr(getattr(raw, '_fp', None), 'read1', raw.read)
    packed = bytearray()
    while chunk := read(_CHUNK):
        packed += chunk
        if len(packed) > max_bytes:
            raise ReplyError('TOO_LARGE', f"The reply has more than {max_bytes} bytes.")
        if time.monotonic() > deadline:
            raise ReplyError('TIMEOUT', "The reply did not end in time.")
    announced = response.headers.get('Content-Length', '')
    if announced.isdigit() and len(packed) < int(announced):
        raise ReplyError('CONNECTION', "The connection broke during the reply.")
    if response.headers.get('Content-Encoding', 'identity').lower() == 'identity':
        return bytes(packed)
    return unpack(bytes(packed), max_bytes)


def unpack(packed, max_bytes):
    """Return the content of gzip or zlib data, at most ``max_bytes``.

    :raise ReplyError: TOO_LARGE, or BAD_XML for broken data
    """
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        content = unpacker.decompress(packed, max_bytes + 1)
    except zlib.error as error:
        raise ReplyError('BAD_XML', "The reply cannot be unpacked.") from error
    if len(content) > max_bytes:
        raise ReplyError('TOO_LARGE', f"The reply has more than {max_bytes} bytes.")
    if not unpacker.eof:
        raise ReplyError('CONNECTION', "The connection broke during the reply.")
    return content


def _network_error(error, cert):
    """Return the ``ReplyError`` for an exception of requests."""
    causes = list(_causes(error))
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema,
                          requests.exceptions.InvalidSchema)):
        return ReplyError('BAD_URL', str(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return ReplyError('TLS', f"The server's certificate is not trusted: {causes[-1]}")
    # An end of file within TLS is a connection that was cut, whoever did it.
    cut = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
    if any(isinstance(cause, ssl.SSLError) and not isinstance(cause, cut) for cause in causes):
        reason = 'CERT_REJECTED' if cert is not None and 'alert' in str(error).lower() else 'TLS'
        return ReplyError(reason, str(causes[-1]))
    if any(isinstance(cause, urllib3.exceptions.NewConnectionError) for cause in causes):
        return ReplyError('NO_CONNECTION', str(causes[-1]))
    if isinstance(error, requests.ConnectTimeout):
        return ReplyError('NO_CONNECTION', "No connection within the time allowed.")
    if isinstance(error, requests.Timeout) or any(
        isinstance(cause, (urllib3.exceptions.ReadTimeoutError, TimeoutError)) for cause in causes
    ):
        return ReplyError('TIMEOUT', "The reply did not arrive in time.")
    return ReplyError('CONNECTION', str(causes[-1]))


def _causes(error):
    """Yield ``error`` and what is behind it, outermost first.

    urllib3 hands the cause on as ``reason`` or as an argument, not only as ``__cause__``.
    """
    seen = []
    waiting = [error]
    while waiting:
        error = waiting.pop(0)
        if not isinstance(error, BaseException) or any(error is one for one in seen):
            continue
        seen.append(error)
        yield error
        # Not __context__: it may be the failure of an earlier attempt.
        waiting += [*error.args, getattr(error, 'reason', None), error.__cause__]
