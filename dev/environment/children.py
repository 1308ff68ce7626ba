# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Servers that live as long as the command that started them, however it ends."""

import contextlib
import ctypes
import signal
import subprocess
import time
import urllib.error
import urllib.request

from .console import Stop, tail

PR_SET_PDEATHSIG = 1  # prctl(2)
GRACE = 10  # seconds that a server has to close down


class Children:
    """Starts servers and stops them; use it in a ``with`` statement."""

    def __init__(self):
        self._children = []  # (title, process, log)

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        for _title, process, _log in reversed(self._children):
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        deadline = time.monotonic() + GRACE
        for _title, process, _log in reversed(self._children):
            try:
                process.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, title, command, log, **options):
        """Start a server that dies with us.

        :param title: what to call it in messages
        :param log: file for what it prints
        """
        with log.open('w') as stream:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT,
                # A session of its own: Ctrl-C comes to us alone and we stop the others in order.
                start_new_session=True, preexec_fn=die_with_parent, **options,
            )
        self._children.append((title, process, log))

    def wait_until_up(self, url, seconds=90):
        """Return when the address answers; stop when a server ends first or it takes too long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.check()
            try:
                with urllib.request.urlopen(url, timeout=30):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        raise Stop(f"{url} did not answer within {seconds} seconds. {self._logs()}")

    def check(self):
        """Stop when one of the servers has ended."""
        for title, process, log in self._children:
            if process.poll() is not None:
                raise Stop(
                    f"{title} has ended (exit code {process.returncode}). The end of {log}:\n"
                    f"{tail(log, 20)}"
                )

    def _logs(self):
        return "Logs: " + ' '.join(str(log) for _title, _process, log in self._children)


_libc = ctypes.CDLL(None)


def die_with_parent():
    """Run in a child before its program: let the system end it when we are gone."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
