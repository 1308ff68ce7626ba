# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Programs that come from the system's own package archive."""

import functools
import os
import shutil
import subprocess
import sys

from .console import Stop, run, step, tail
from .paths import LOG


def install(packages, purpose):
    """Install Debian packages, without recommended ones.

    :param packages: names of packages
    :param purpose: what they are needed for, for the message
    :raise Stop: when it cannot be done; the message holds the command for an administrator
    """
    names = ' '.join(packages)
    remedy = f"sudo apt-get install --no-install-recommends {names}"
    prefix = _administrator()
    if prefix is None or not shutil.which('apt-get'):
        raise Stop(f"{purpose} is missing. Install it once, for instance: {remedy}")
    log = LOG / 'apt.log'
    apt = [*prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q']
    with step(f"{purpose} (system packages {names})"):
        _update(tuple(apt))
        if run([*apt, 'install', '-y', '--no-install-recommends', *packages], log):
            raise Stop(
                f"{purpose} could not be installed ({names}). Look at {log}, mend the"
                f" cause, or install it yourself: {remedy}\n{tail(log)}"
            )


@functools.cache
def _update(apt):
    run([*apt, 'update'], LOG / 'apt.log')


@functools.cache
def _administrator():
    """Return what to put before a command to run it as root, or None when there is no way."""
    if os.getuid() == 0:
        return []
    if not shutil.which('sudo'):
        return None
    if not subprocess.run(['sudo', '-n', 'true'], capture_output=True, check=False).returncode:
        return ['sudo', '-n']
    return ['sudo'] if sys.stdin.isatty() else None
