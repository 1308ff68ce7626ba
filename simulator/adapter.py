# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The simulator without a socket: an adapter that a `requests` session can mount."""
import io
import os
import time
from urllib.parse import urlsplit

from requests import Response
from requests.adapters import BaseAdapter
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ReadTimeout
from requests.structures import CaseInsensitiveDict
from werkzeug.http import HTTP_STATUS_CODES

from . import engine
from .certificates import load_certificate

LONGEST_HANG = 120      # seconds, for a client that set no time-out


class Adapter(BaseAdapter):
    """Answers requests from the engine; drops and time-outs raise what real sockets would.

    :param simulator: the `Simulator`
    :param str prefix: what comes before the API's own paths in the client's base URL
    """

    def __init__(self, simulator, prefix=''):
        super().__init__()
        self._simulator = simulator
        self._prefix = prefix.rstrip('/')

    def send(
        self, request, stream=False, timeout=None, verify=True, cert=None, proxies=None
    ):
        path = urlsplit(request.url).path.removeprefix(self._prefix)
        certificate = self._load(cert)
        body = request.body or b''
        if isinstance(body, str):
            body = body.encode('utf-8')
        started = time.monotonic()
        headers = {name.lower(): value for name, value in request.headers.items()}
        reply = engine.answer(
            self._simulator, request.method, path, headers, body, certificate,
            demand_certificate=self._simulator.require_cert,
        )
        limit = timeout[1] if isinstance(timeout, tuple) else timeout
        if not isinstance(limit, (int, float)):
            limit = None
        if reply.fate == 'drop':
            raise RequestsConnectionError(
                "Connection aborted: the simulator closed it without an answer", request=request
            )
        if reply.fate == 'hang':
            time.sleep(LONGEST_HANG if limit is None else limit)
            raise ReadTimeout("Read timed out", request=request)
        if limit is not None and time.monotonic() - started + reply.seconds > limit:
            time.sleep(limit)
            raise ReadTimeout("Read timed out", request=request)
        time.sleep(reply.seconds)
        return _response(request, reply, self)

    def close(self):
        """Nothing is kept open."""

    def _load(self, cert):
        """The client certificate that `requests` was given, which must be files that exist."""
        if not cert:
            return None
        paths = (cert,) if isinstance(cert, str) else cert
        for path in paths:
            if not os.path.exists(path):
                raise OSError(f"Could not find the TLS certificate file, invalid path: {path}")
        return load_certificate(*paths)


def _response(request, reply, adapter):
    response = Response()
    response.status_code = reply.status
    response.headers = CaseInsensitiveDict(reply.headers)
    response.headers['Content-Length'] = str(len(reply.body))
    response.raw = io.BytesIO(reply.body)
    response.url = request.url
    response.reason = HTTP_STATUS_CODES.get(reply.status, '')
    response.encoding = 'utf-8' if 'utf-8' in reply.headers['Content-Type'] else None
    response.request = request
    response.connection = adapter
    return response
