# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Odoo's time is the simulated WeChat's: both read what the harness has set.

The file ``clock`` in the folder ``WECHAT_CHAOS`` holds the seconds since the epoch as one double.
All server processes map it into their memory, so that time moves for all of them at once.
"""

import mmap
import os
import struct
from datetime import UTC, datetime
from pathlib import Path

from odoo.orm.fields_temporal import Datetime


def install():
    """Replace `fields.Datetime.now`, which the addon takes every moment from."""
    with (Path(os.environ['WECHAT_CHAOS']) / 'clock').open('rb') as stream:
        memory = mmap.mmap(stream.fileno(), 8, access=mmap.ACCESS_READ)

    def now(*_args):
        (seconds,) = struct.unpack('<d', memory[:8])
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=0, tzinfo=None)

    Datetime.now = staticmethod(now)
