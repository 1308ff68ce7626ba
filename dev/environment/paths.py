# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Where everything is."""

import hashlib
import os
import shutil
from pathlib import Path

from .console import Stop

ROOT = Path(__file__).resolve().parents[2]  # the repository, which is the addon
ADDON = 'wechat'
HOME = ROOT / '.odoo'
LOG = HOME / 'log'
VENV = HOME / 'venv'
PYTHON = VENV / 'bin' / 'python'
FARM = HOME / 'farm'
DATA = HOME / 'data'
TEMPLATES = HOME / 'templates'

NEEDED_SPACE = 3 * 1024**3  # bytes: Odoo 1.3 GB, packages 0.4 GB, databases and their files


def prepare_home():
    """Create ``.odoo/``; refuse a folder of somebody else, a read-only one and a full disk."""
    try:
        HOME.mkdir(exist_ok=True)
        LOG.mkdir(exist_ok=True)
    except OSError as error:
        raise Stop(
            f"Cannot write to {HOME}: {error.strerror}. Use a checkout of your own."
        ) from error
    if HOME.stat().st_uid != os.getuid():
        raise Stop(
            f"{HOME} belongs to another user (it was set up by {owner(HOME)}). Run the command as"
            f" that user, or remove the folder, or use a checkout of your own."
        )
    if not PYTHON.exists() and shutil.disk_usage(HOME).free < NEEDED_SPACE:
        free = shutil.disk_usage(HOME).free / 1024**3
        raise Stop(
            f"{HOME} needs 3 GB of free disk space and there are {free:.1f} GB. Free some, or put"
            " the checkout on a larger disk."
        )


def owner(path):
    """Return the name of the user who owns the path, or the number of a user without a name."""
    try:
        return path.owner()
    except KeyError:
        return f"user {path.stat().st_uid}"


def short_name():
    """Return a short name that belongs to this checkout alone, for folders outside it."""
    return f"wechat-odoo-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:10]}"
