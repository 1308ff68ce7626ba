# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The simulator over real HTTP or HTTPS, from a thread."""
import contextlib
import logging
import socket
import threading

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from .certificates import make_certificates, server_context
from .merchants import DEMO_MERCHANT
from .notifier import Notifier
from .web import TLS_KEY

_logger = logging.getLogger(__name__)


class Handler(WSGIRequestHandler):
    """Knows its open connections, and logs without what stands in queries."""

    def setup(self):
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self):
        self.server.connections.discard(self.connection)
        super().finish()

    def make_environ(self):
        environ = super().make_environ()
        environ[TLS_KEY] = self.server.ssl_context is not None
        return environ

    def log_request(self, code='-', size='-'):
        path = self.path.partition('?')[0]
        level = logging.DEBUG if path.startswith('/phone/') else logging.INFO
        _logger.log(level, "%s %s %s", self.command, path, getattr(code, 'value', code))

    def log_error(self, format, *args):
        _logger.warning(format, *args)


class HttpServer(ThreadedWSGIServer):
    """Threads as daemons; a deeper queue, as tills come in crowds."""

    request_queue_size = 128

    def __init__(self, *args, **kwargs):
        self.connections = set()
        super().__init__(*args, **kwargs)

    def log(self, type, message, *args):
        _logger.log(getattr(logging, type.upper(), logging.INFO), message, *args)

    def handle_error(self, request, client_address):
        _logger.debug("A connection ended early", exc_info=True)


class Server:
    """A running server; see `Simulator.serve`.

    :ivar url: base URL without a slash at the end
    :ivar port: the port that it listens on
    :ivar folder: with TLS, the folder of the certificates
    """

    def __init__(self, simulator, host, port, tls, notify):
        self.folder = None
        listener = socket.socket(
            socket.AF_INET6 if ':' in host else socket.AF_INET, socket.SOCK_STREAM
        )
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(HttpServer.request_queue_size)
            self._http = HttpServer(
                host, port, simulator.wsgi_app, handler=Handler, fd=listener.fileno()
            )
        finally:
            listener.close()
        self.port = self._http.server_address[1]
        if tls:
            numbers = [merchant['mch_id'] for merchant in simulator.merchants()]
            self.folder = make_certificates(tls, numbers, DEMO_MERCHANT['mch_id'])
            context = server_context(self.folder)
            # The handshake is left to the connection's own thread: a client that does not shake
            # hands must not keep the others waiting.
            self._http.socket = context.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
            self._http.ssl_context = context
        shown = f'[{host}]' if ':' in host else host
        self.url = f"{'https' if tls else 'http'}://{shown}:{self.port}"
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={'poll_interval': 0.02},
            name='wechat-simulator', daemon=True,
        )
        self._thread.start()
        self._notifier = Notifier(simulator) if notify else None

    def stop(self):
        """Stop serving and notifying; open connections are cut."""
        if self._notifier:
            self._notifier.stop()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
        for connection in list(self._http.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
