# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Odoo in the prepared environment."""

import contextlib
import os
import socket

from . import farm, paths, venv
from .console import Stop, run, step, tail
from .lock import setting_up
from .paths import DATA, FARM, HOME, LOG, PYTHON
from .postgres import Postgres
from .source import odoo_source

HTTP_PORT = 8069


@contextlib.contextmanager
def ready():
    """Prepare what is missing, start PostgreSQL, and yield an :class:`Odoo`."""
    paths.prepare_home()
    postgres = Postgres()
    try:
        with setting_up():
            venv.prepare_venv()
            source = odoo_source()
            farm.prepare_farm()
            odoo = Odoo(source, postgres)
            odoo.write_launcher()
            postgres.start()
        yield odoo
    finally:
        postgres.leave()


class Odoo:
    """Runs Odoo's command line.

    :ivar postgres: the running :class:`Postgres`
    :ivar identity: text that changes when the Odoo source does
    """

    def __init__(self, source, postgres):
        self.source = source
        self.postgres = postgres
        self.identity = source.identity
        self._launcher = HOME / 'bin' / 'odoo'
        self._conf = HOME / 'odoo.conf'

    def write_launcher(self):
        """Write the start script and the configuration file."""
        DATA.mkdir(exist_ok=True)
        self._launcher.parent.mkdir(exist_ok=True)
        # A script, not "python -m odoo": that one cannot start Odoo's child for web sockets.
        _write(self._launcher, 'import odoo.cli\n\nodoo.cli.main()\n')
        _write(self._conf, f'[options]\ndata_dir = {DATA}\nhttp_interface = 127.0.0.1\n')

    def command(self, *arguments):
        """Return the command line that runs Odoo with these arguments."""
        return [str(PYTHON), str(self._launcher), *map(str, arguments)]

    @property
    def environment(self):
        """The environment variables that Odoo needs."""
        addons = [*self.source.addons, FARM]
        if extra := os.environ.get('WECHAT_EXTRA_ADDONS'):
            addons += map(os.path.abspath, extra.split(','))
        return self.postgres.environment | {
            'PYTHONPATH': str(self.source.python_path),
            'PYTHONDONTWRITEBYTECODE': '1',
            # Odoo looks for pg_dump and others there.
            'PATH': f"{PYTHON.parent}:{self.postgres.bin}:{os.environ.get('PATH', '')}",
            'ODOO_RC': str(self._conf),
            'ODOO_ADDONS_PATH': ','.join(map(str, addons)),
        }

    def do(self, title, log_name, *arguments, script=None):
        """Run Odoo as one step of the set-up.

        :param title: what the user sees
        :param log_name: name of the log file in ``.odoo/log``
        :param script: Python statements for ``odoo shell``
        :raise Stop: when it fails; the message shows the end of the log
        """
        log = LOG / log_name
        with step(title):
            code = run(
                self.command(*arguments), log, env=self.environment, text_input=script)
        if code:
            raise Stop(f"{title}: Odoo failed. The end of {log}:\n{tail(log, 30)}")


def free_port(wanted=HTTP_PORT):
    """Return the wanted TCP port of 127.0.0.1 if it is free, else another free one."""
    return wanted if is_free(wanted) else _any_port()


def is_free(port):
    """Tell whether a server could listen on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(('127.0.0.1', port))
        except OSError:
            return False
    return True


def _any_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def _write(path, text):
    """Write a file unless it says the same already (another command may be reading it)."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
