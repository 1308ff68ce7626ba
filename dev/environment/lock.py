# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Only one command at a time sets things up; the others wait and say for whom.

The locks are ``flock`` locks: the system drops them when a process dies, however it dies.
"""

import contextlib
import fcntl
import os
import sys
import time

from .console import say
from .paths import HOME


@contextlib.contextmanager
def setting_up():
    """Hold the set-up lock of this checkout."""
    with (HOME / 'lock').open('a+') as lock:
        if not _try_lock(lock):
            lock.seek(0)
            holder = lock.read().strip() or "another command"
            say(f"       Waiting for {holder} to finish setting up …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        lock.truncate()
        command = sys.argv[1] if len(sys.argv) > 1 else 'command'
        lock.write(f"dev/{command} (process {os.getpid()}, since {time.strftime('%H:%M:%S')})")
        lock.flush()
        try:
            yield
        finally:
            lock.seek(0)
            lock.truncate()
            lock.flush()


def _try_lock(lock):
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
