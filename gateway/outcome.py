# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

"""What a call or a notification came to."""

from dataclasses import dataclass, field

from .catalogue import explain
from .kind import Kind


@dataclass(frozen=True)
class Outcome:
    """The result of one call or notification.

    ``code`` is WeChat's ``err_code``, ``trade_state`` or ``refund_status``, or a code of ours such
    as TIMEOUT. ``description`` is WeChat's own words. ``data`` holds the verified fields (all str;
    empty if not verified); ``raw`` is what was received, for the record, without keys and
    payment codes.
    """

    kind: Kind
    code: str
    endpoint: str
    description: str = ''
    data: dict = field(default_factory=dict)
    raw: str = field(default='', repr=False)

    @property
    def explanation(self):
        """What the code means, for the cashier and for the admin (``Explanation``)."""
        return explain(self.code, self.endpoint)
