# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The virtual environment in ``.odoo/venv`` with the packages of ``dev/requirements.txt``."""

import hashlib
import os
import shutil
import subprocess
import sys

from . import system
from .console import Stop, run, say, step, tail
from .paths import HOME, LOG, PYTHON, ROOT, VENV

REQUIREMENTS = ROOT / 'dev' / 'requirements.txt'


def prepare_venv():
    """Create the virtual environment, or bring it up to date with the requirements."""
    made = VENV / 'made-with'
    installed = VENV / 'installed'
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    usable = PYTHON.exists() and made.exists() and made.read_text() == sys.version
    if usable and installed.exists() and installed.read_text() == wanted:
        return
    with step("Python packages"):
        if not usable:
            _create()
            made.write_text(sys.version)
        installed.unlink(missing_ok=True)
        install(['-r', str(REQUIREMENTS)])
        installed.write_text(wanted)


def _create():
    log = LOG / 'venv.log'
    command = [sys.executable, '-m', 'venv', '--clear', str(VENV)]
    if not run(command, log):
        return
    # Debian and Ubuntu ship Python without its venv module.
    system.install(['python3-venv'], "Python's venv module")
    if run(command, log):
        raise Stop(f"Could not create a virtual environment:\n{tail(log)}")


def install(what):
    """Install packages into the virtual environment, as wheels.

    :param what: arguments of ``pip install``
    :raise Stop: when they cannot be had
    """
    log = LOG / 'venv.log'
    # docopt exists as a source archive only; it is plain Python.
    options = ['--only-binary', ':all:', '--no-binary', 'docopt', *what]
    uv = VENV / 'bin' / 'uv'
    pip = [str(PYTHON), '-m', 'pip', '--disable-pip-version-check']
    if not uv.exists():
        run([*pip, 'install', '-q', 'uv'], log)
    env = os.environ | {'UV_CACHE_DIR': str(HOME / 'cache'), 'UV_NO_CONFIG': '1'}
    if index := _configured_index(pip):
        env['UV_DEFAULT_INDEX'] = index
    if run([str(uv), 'pip', 'install', '--python', str(PYTHON), *options], log, env=env):
        say("       uv could not install them; trying with pip, which takes longer")
        if run([*pip, 'install', *options], log):
            raise Stop(
                "The Python packages could not be installed. Check the network and pip's"
                f" settings (pip config list), then run the command again. The end of {log}:\n"
                f"{tail(log, 4)}"
            )
    shutil.rmtree(HOME / 'cache', ignore_errors=True)


def _configured_index(pip):
    """Return the package index that pip is set to use, if any: uv does not read pip's settings."""
    found = subprocess.run(
        [*pip, 'config', 'get', 'global.index-url'], capture_output=True, text=True, check=False,
    )
    return os.environ.get('PIP_INDEX_URL') or found.stdout.strip()
