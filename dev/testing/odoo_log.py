# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Reads an Odoo log while it is written, and counts tests by what it says about each of them.

Odoo's own closing line counts skipped tests as run and passes when no test ran at all. Here a test
has passed when it was started and neither failed nor was skipped; one that was skipped because the
browser is missing has failed; and any other line of level ERROR or CRITICAL is a failure, too.
"""

import re

from .tally import Tally

LINE = re.compile(
    r'^[\d-]{10} [\d:,]{12} \d+ (?P<level>[A-Z]+) \S+ (?P<logger>[\w.]+): (?P<text>.*)$')
STARTED = re.compile(r'^Starting (\S+) \.\.\. *$')
SKIPPED = re.compile(r'^skipped (.+?) : (.*)$')
WRONG = re.compile(r'^(?:FAIL|ERROR): (?:Subtest )?(\S+)')
CLOSING = re.compile(r'^(\d+) failed, (\d+) error\(s\) of (\d+) tests when loading database')
BROWSER = re.compile(r'\.tests\.(\w+)\.(\w+\.\w+)\.browser$')
HOOT_TOTAL = re.compile(r'\[HOOT\] (Passed|Failed) (\d+) tests \((?:(\d+) passed)?')
HOOT_FAILED = re.compile(r'\[HOOT\] Test "(.+)" failed:')

# Reasons for which Odoo skips tests although they could have found a defect.
NO_BROWSER = ('chrome', 'websocket-client', ' not found')

# Lines of level ERROR that say nothing about this addon, or say again what was counted already.
HARMLESS = re.compile(
    r'^<string>:\d+: \((ERROR|WARNING)/\d\)'
    r'|^Module \w+: \d+ failures, \d+ errors of \d+ tests'
    r'|^At least one test failed when loading the modules'
)


class OdooLog:
    """Takes the lines of a log one by one.

    :param progress: called with the name of each test when it starts
    """

    def __init__(self, progress):
        self._progress = progress
        self._started = {}  # name → what went wrong with it (None: nothing)
        self._others = []  # errors that belong to no test
        self._record = None  # the last record: (level, logger, [lines])
        self._skipped = {}
        self._current = None  # the test that was started last
        self.closing = None  # numbers of Odoo's own closing line: failed, errors, tests
        self.hoot = Tally()

    def feed(self, line):
        """Take the next line."""
        line = line.rstrip('\n')
        if match := LINE.match(line):
            self._finish_record()
            self._record = (match['level'], match['logger'], [match['text']])
            self._read(match['logger'], match['text'])
        elif self._record:
            self._record[2].append(line)

    def _read(self, logger, text):
        if match := STARTED.match(text):
            name = f'{_file(logger)}{match[1]}'
            self._started.setdefault(name, None)
            self._current = name
            self._progress(match[1])
        elif match := SKIPPED.match(text):
            self._skipped[f'{_file(logger)}{match[1]}'] = match[2]
        elif match := CLOSING.match(text):
            self.closing = tuple(map(int, match.groups()))
        elif match := HOOT_TOTAL.search(text):
            self.hoot.passed = int(match[3] or 0) if match[1] == 'Failed' else int(match[2])

    def _finish_record(self):
        if not self._record:
            return
        level, logger, lines = self._record
        self._record = None
        head, text = lines[0], '\n'.join(lines)
        if (level not in ('ERROR', 'CRITICAL') or HARMLESS.match(head) or CLOSING.match(head)):
            return
        name = None
        if match := WRONG.match(head):
            name = f'{_file(logger)}{match[1]}'
        elif match := BROWSER.search(logger):
            name = f'{match[1]}:{match[2]}'
            if failed := HOOT_FAILED.match(head):
                self.hoot.fail(failed[1], text)
        if name in self._started:
            self._started[name] = '\n'.join(filter(None, (self._started[name], text)))
        elif match:
            self._others.append((lines[0].partition(': ')[2], text))
        else:
            while_running = f" (while {self._current} ran or after it)" if self._current else ""
            self._others.append((f"{level} from {logger}{while_running}", text))

    def tally(self, exit_code):
        """Return the :class:`Tally` of the log after Odoo has ended with this exit code."""
        self._finish_record()
        tally = Tally()
        for name, wrong in self._started.items():
            reason = self._skipped.pop(name, None)
            if wrong:
                tally.fail(name, wrong)
            elif reason is None:
                tally.passed += 1
            else:
                _skip(tally, name, reason)
        for name, reason in self._skipped.items():
            _skip(tally, name, reason)
        for name, text in self._others:
            tally.fail(name, text)
        if self.closing is None:
            last = next(reversed(self._started), "the first test")
            tally.fail("Odoo", f"Odoo ended before all tests had run; it was at {last}.")
        elif self.closing[2] != len(self._started):
            tally.fail("Odoo", f"Odoo says that it ran {self.closing[2]} tests, its log shows"
                       f" {len(self._started)}.")
        if exit_code and not tally.failures:
            tally.fail("Odoo", f"Odoo ended with exit code {exit_code}.")
        return tally


def _skip(tally, name, reason):
    if any(word in reason.lower() for word in NO_BROWSER):
        tally.fail(name, f"was skipped, so it proves nothing: {reason}")
    else:
        tally.skip(name, reason)


def _file(logger):
    """Return the test file that a logger stands for, as ``test_file:``."""
    return f"{logger.rpartition('.tests.')[2]}:"
