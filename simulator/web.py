# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The WSGI application: the API of WeChat Pay, `/control/…` and the phone page.

Control and phone know no password: they are for 127.0.0.1 and development only.
"""
import contextlib
import select
import socket
import time
from urllib.parse import urlsplit

from cryptography import x509
from werkzeug.exceptions import HTTPException
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from . import control, engine
from .phone import page

TLS_KEY = 'wechat.simulator.tls'
LONGEST_HANG = 120      # seconds


class Web:
    """Routes a request; every address it writes is relative, so it may be mounted anywhere."""

    def __init__(self, simulator):
        self._simulator = simulator

    def __call__(self, environ, start_response):
        request = Request(environ)
        request.max_content_length = engine.MAX_BODY
        path = request.path
        try:
            if path == '/' and request.method in ('GET', 'HEAD'):
                response = redirect(request.script_root + '/phone', 302)
            elif path == '/phone' or path.startswith('/phone/'):
                response = self._ours(request) or page.respond(self._simulator, request)
            elif path == '/control' or path.startswith('/control/'):
                response = self._ours(request) or control.respond(self._simulator, request)
            else:
                response = self._api(request)
        except HTTPException as error:
            response = error.get_response(environ)
        return response(environ, start_response)

    @staticmethod
    def _ours(request):
        """Refuse what another web page sends through somebody's browser."""
        origin = request.headers.get('Origin')
        if request.method == 'GET' or not origin or urlsplit(origin).netloc == request.host:
            return None
        return Response("This page belongs to another site.\n", 403)

    def _api(self, request):
        environ = request.environ
        certificate = None
        if environ.get('SSL_CLIENT_CERT'):
            certificate = x509.load_pem_x509_certificate(environ['SSL_CLIENT_CERT'].encode())
        reply = engine.answer(
            self._simulator, request.method, request.path,
            {name.lower(): value for name, value in request.headers.items()},
            request.get_data(cache=False), certificate,
            demand_certificate=self._simulator.require_cert or environ.get(TLS_KEY, False),
        )
        if reply.fate != 'answer':
            return _silence(environ.get('werkzeug.socket'), reply.fate)
        time.sleep(reply.seconds)
        return Response(reply.body, reply.status, reply.headers)


def _silence(connection, fate):
    """Give no answer: hold the connection until the client lets go, or cut it."""
    if connection is None:
        return Response("The simulator was told not to answer.\n", 504)
    if fate == 'hang':
        select.select([connection], [], [], LONGEST_HANG)
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("no answer, as wanted")
