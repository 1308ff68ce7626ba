# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Processes that are meant to be killed, and never outlive the harness."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1  # prctl(2)
PATIENCE = 90  # seconds that a process has to come up

_libc = ctypes.CDLL(None)


class Process:
    """A server on a port of 127.0.0.1, in a process group of its own.

    :param list command: its command line
    :param Path log: file for what it prints
    :param int port: that it listens on
    """

    def __init__(self, command, log, port, env):
        self.command = command
        self.log = log
        self.port = port
        self.env = env
        self.process = None

    def start(self):
        """Start it; `is_open` says when it is ready."""
        with self.log.open('a') as stream:
            self.process = subprocess.Popen(
                self.command, env=self.env, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream,
                start_new_session=True, preexec_fn=_die_with_parent)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """End it and all its children at once, as a power cut would."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None


class WechatProcess:
    """The simulated WeChat, see ``wechat_server.py``.

    :param Path ledger: its file; it knows everything again when it is started anew
    """

    def __init__(self, ledger, log):
        self.port = free_port()
        self.url = f'http://127.0.0.1:{self.port}/'
        self._pid = None
        script = Path(__file__).with_name('wechat_server.py')
        with log.open('w') as stream:
            self._nursery = subprocess.Popen(
                [sys.executable, '-B', str(script), str(self.port), str(ledger)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stream, text=True,
                start_new_session=True, preexec_fn=_die_with_parent)

    def kill(self):
        """End it at once, as a power cut would."""
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            self._pid = None

    def ensure(self):
        """Start it again if it has been killed."""
        if self._pid:
            return
        self._nursery.stdin.write('go\n')
        self._nursery.stdin.flush()
        self._pid = int(self._nursery.stdout.readline())
        deadline = time.monotonic() + PATIENCE
        while not is_open(self.port):
            if time.monotonic() > deadline:
                raise RuntimeError("The simulated WeChat did not come up.")
            time.sleep(0.01)

    def stop(self):
        """End all of it."""
        self.kill()
        self._nursery.kill()
        self._nursery.wait()


def is_open(port):
    """Tell whether a server takes connections on this port of 127.0.0.1."""
    try:
        socket.create_connection(('127.0.0.1', port), 1).close()
    except OSError:
        return False
    return True


def free_port():
    """Return a TCP port of 127.0.0.1 that nobody uses."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
