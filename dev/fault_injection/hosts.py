# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Where requests go: Odoo within the harness, or two real servers on one database."""

import http.client
import os
import sys
import time
from types import SimpleNamespace
from urllib.parse import urlsplit

from process import PATIENCE, Process, free_port, is_open

ONE_PROCESS = 'WECHAT_CHAOS_ONE_PROCESS'  # tells the fault points that a kill is not a real one
MOST_STARTS = 6  # of both servers together, within one healing
ANSWER_SECONDS = 40  # longer than a till waits


class NoAnswer(Exception):
    """The request may or may not have been carried out: nobody knows."""


class InProcess:
    """Odoo in this very process. A request runs as at a server; a kill ends it without a trace."""

    real = False

    def __init__(self, database):
        self.database = database
        self.address = 'http://127.0.0.1:8069'

    def start(self):
        """Load Odoo and the registry."""
        os.environ[ONE_PROCESS] = '1'
        from odoo.tools import config

        config.parse_config(
            [*_options(self.database), f"--logfile={os.environ['WECHAT_CHAOS']}/odoo.log"],
            setup_logging=True)
        import odoo.http
        from odoo.modules.registry import Registry
        from odoo.service import model

        if not hasattr(model.random, 'wechat_chaos'):
            odoo.http.root.initialize()
        # An earlier stage of this process has read other parameters.
        Registry(self.database).clear_all_caches()
        # Odoo sleeps up to two seconds before it runs a request again: time that nobody needs.
        model.random = SimpleNamespace(uniform=lambda _low, _high: 0.001, wechat_chaos=True)
        self._root = odoo.http.root
        from odoo.addons.wechat_chaos.points import Killed

        self._killed = Killed

    def post(self, _host, path, body, headers):
        """Send a POST request.

        :return: status, headers, body
        :raise NoAnswer: when it ended in a kill or in a crash outside Odoo's own error handling
        """
        from werkzeug.test import EnvironBuilder, run_wsgi_app

        environ = EnvironBuilder(
            path, base_url=self.address, method='POST', data=body, headers=headers).get_environ()
        environ['REMOTE_ADDR'] = '127.0.0.1'
        try:
            chunks, status, received = run_wsgi_app(self._root, environ, buffered=True)
        except (self._killed, Exception) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from error
        return int(status.split()[0]), dict(received), b''.join(chunks)

    def heal(self, wait):
        """Nothing has died."""

    def stop(self):
        """Nothing to stop."""


class Servers:
    """Two prefork servers with two workers each, as two machines behind a load balancer."""

    real = True

    def __init__(self, database, folder):
        self._servers = []
        self._buses = []
        # A stage in process may have been played before in this process; here kills are real.
        env = {name: value for name, value in os.environ.items() if name != ONE_PROCESS}
        for name in ('A', 'B'):
            port, bus = free_port(), free_port()
            self._buses.append(bus)
            command = [
                sys.executable, os.environ['WECHAT_CHAOS_LAUNCHER'], *_options(database),
                '--http-port', str(port), '--gevent-port', str(bus), '--workers=2',
                '--max-cron-threads=0',
            ]
            self._servers.append(Process(
                command, folder / f'odoo-{name}.log', port, env))
        self.address = f'http://127.0.0.1:{self._servers[1].port}'

    def start(self):
        for server in self._servers:
            server.log.unlink(missing_ok=True)
            server.start()
        self.heal(wait=True)

    def post(self, host, path, body, headers):
        """Send a POST request to one of the two; while it is down, to the other.

        :param int host: 0 or 1
        :return: status, headers, body
        :raise NoAnswer: when the connection broke before the answer was complete
        """
        server = self._servers[host]
        if not (server.is_running() and is_open(server.port)):
            server = self._servers[1 - host]
        connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=ANSWER_SECONDS)
        try:
            connection.request('POST', path, body, headers)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()

    def bus_port(self, host):
        """Return the port of a host's web socket, once it serves."""
        deadline = time.monotonic() + PATIENCE
        while not is_open(self._buses[host]) and time.monotonic() < deadline:
            time.sleep(0.1)
        return self._buses[host]

    def heal(self, wait):
        """Start again what has been killed.

        :param bool wait: until all of it serves
        """
        starts = 0
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and starts <= MOST_STARTS:
            for server in self._servers:
                # One that was killed a moment ago may still look alive the first time.
                if not server.is_running():
                    server.kill()
                    server.start()
                    starts += 1
            up = [is_open(server.port) for server in self._servers]
            if all(up) or (any(up) and not wait):
                return
            time.sleep(0.05)
        logs = ", ".join(str(server.log) for server in self._servers)
        raise RuntimeError(f"Odoo does not come up; its logs are {logs}")

    def stop(self):
        for server in self._servers:
            server.kill()


def path_of(url):
    """Return what comes after the host in a URL."""
    return urlsplit(url).path


def _options(database):
    return [
        '-d', database, f'--db-filter=^{database}$', '--no-database-list',
        '--load=base,web,wechat_chaos', '--log-level=warn',
    ]
