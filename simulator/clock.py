# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Simulated time. It starts as the real time, and can be set, advanced, sped up or frozen.

Kept in the ledger, so that all processes on one ledger agree.
"""
import math
import time
from datetime import UTC, datetime

from .ledger import get_meta, set_meta
from .wire import BEIJING

REAL = [0.0, 0.0, 1.0]


class Clock:
    """The clock of one ledger: simulated = base + (real - real_base) * speed."""

    def __init__(self, ledger):
        self._ledger = ledger

    def timestamp(self, db=None):
        """Simulated seconds since the epoch.

        :param db: a ledger transaction to read in, if one is open
        """
        if db is None:
            with self._ledger.read() as reading:
                return self.timestamp(reading)
        base, real_base, factor = get_meta(db, 'clock', REAL)
        return base + (time.time() - real_base) * factor

    def now(self):
        """The simulated time, as an aware datetime in Beijing time."""
        return datetime.fromtimestamp(self.timestamp(), BEIJING)

    def utcnow(self):
        """The simulated time as a naive UTC datetime without microseconds, as Odoo keeps times."""
        moment = datetime.fromtimestamp(self.timestamp(), UTC)
        return moment.replace(tzinfo=None, microsecond=0)

    def advance(self, seconds):
        """Let `seconds` pass at once.

        :raise ValueError: when `seconds` is negative; `set()` can turn the clock back
        """
        seconds = _finite(seconds)
        if seconds < 0:
            raise ValueError("advance() takes a positive number of seconds; use set() to go back.")
        self._change(lambda now, factor: (now + seconds, factor))

    def set(self, moment):
        """Set the clock.

        :param moment: aware datetime, ISO 8601 text with an offset, or seconds since the epoch
        :raise ValueError: for a naive datetime, which could mean UTC or Beijing time
        """
        if isinstance(moment, str):
            moment = datetime.fromisoformat(moment)
        if isinstance(moment, datetime):
            if moment.tzinfo is None:
                raise ValueError(
                    "The clock needs a time with its zone, e.g. 2026-01-15T18:02:11+08:00."
                )
            moment = moment.timestamp()
        moment = _finite(moment)
        self._change(lambda now, factor: (moment, factor))

    def speed(self, factor):
        """Let time pass `factor` times as fast from now on; 0 stops it, 1 is the real pace."""
        factor = _finite(factor)
        if factor < 0:
            raise ValueError("Time cannot run backwards: give a speed of 0 or more.")
        self._change(lambda now, _old: (now, factor))

    def reset(self):
        """Back to the real time at its real pace."""
        with self._ledger.write() as db:
            set_meta(db, 'clock', REAL)

    def state(self):
        """`{'now': ISO text in Beijing time, 'timestamp': seconds, 'speed': factor}`"""
        with self._ledger.read() as db:
            factor = get_meta(db, 'clock', REAL)[2]
            timestamp = self.timestamp(db)
        now = datetime.fromtimestamp(timestamp, BEIJING).isoformat(timespec='seconds')
        return {'now': now, 'timestamp': timestamp, 'speed': factor}

    def _change(self, rule):
        with self._ledger.write() as db:
            factor = get_meta(db, 'clock', REAL)[2]
            now, factor = rule(self.timestamp(db), factor)
            set_meta(db, 'clock', [now, time.time(), factor])


def _finite(number):
    number = float(number)
    if not math.isfinite(number):
        raise ValueError("Give a finite number.")
    return number
