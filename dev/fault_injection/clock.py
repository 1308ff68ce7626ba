# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Simulated time, the same for WeChat and for all servers. It stands still unless it is moved."""

import mmap
import struct
import time


class Clock:
    """Sets WeChat's clock and the file that Odoo reads, see the fault points' ``clock.py``.

    :param Path path: the file
    :param Simulator wechat: whose clock goes along
    """

    def __init__(self, path, wechat):
        path.write_bytes(bytes(8))
        with path.open('r+b') as stream:
            self._memory = mmap.mmap(stream.fileno(), 8)
        self._wechat = wechat
        self.now = float(int(time.time()))
        wechat.clock.speed(0)
        self.set(self.now)

    def set(self, moment):
        """Let it be `moment`, in seconds since the epoch."""
        self.now = moment
        self._memory[:8] = struct.pack('<d', moment)
        self._wechat.clock.set(moment)

    def advance(self, seconds):
        """Let so many seconds pass at once."""
        self.set(self.now + seconds)
