# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Counts of passed, failed and skipped tests, with what the failed ones said."""

from dataclasses import dataclass, field


@dataclass
class Tally:
    """Result of one kind of tests.

    :ivar failures: pairs of a test's name and what it said
    :ivar skips: pairs of a test's name and the reason
    """

    passed: int = 0
    failures: list = field(default_factory=list)
    skips: list = field(default_factory=list)

    def fail(self, name, details):
        """Count a failed test."""
        self.failures.append((name, details.rstrip()))

    def skip(self, name, reason):
        """Count a skipped test."""
        self.skips.append((name, reason.strip()))

    def add(self, other):
        """Count another kind of tests in."""
        self.passed += other.passed
        self.failures += other.failures
        self.skips += other.skips

    def __str__(self):
        text = f"{self.passed} passed, {len(self.failures)} failed"
        return f"{text}, {len(self.skips)} skipped" if self.skips else text
