# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

"""The few kinds of answer, and how an answer is explained."""

from dataclasses import dataclass
from enum import Enum


class Kind(str, Enum):
    """What WeChat's answer means for the thing that was asked.

    Only PAID, PENDING, REFUSED, CLOSED and REFUNDED are WeChat's word about money. The kind speaks
    about the *call*: REFUSED for a refund means that the refund was refused. Queries, close and
    reverse never give REFUSED, since their failure says nothing about the payment.
    """

    PAID = 'paid'
    """This number is paid; for a refund: the money went back."""
    PENDING = 'pending'
    """WeChat knows the number and has not finished with it."""
    REFUSED = 'refused'
    """Refused for good: this attempt moved no money and none will follow."""
    CLOSED = 'closed'
    """The number is dead: closed without a payment, or reversed with the money back."""
    REFUNDED = 'refunded'
    """Paid, and a refund of any amount was started."""
    TAKEN = 'taken'
    """The number has a history at WeChat: ask by query and compare, never adopt."""
    TOO_EARLY = 'too_early'
    """Not yet allowed; the same call later."""
    RETRY = 'retry'
    """Not done; the same call again, with the same number and parameters."""
    UNKNOWN = 'unknown'
    """No trustworthy answer: ask WeChat, never guess."""
    CONFIG = 'config'
    """Refused before processing because the set-up is wrong; nothing happened."""
    DONE = 'done'
    """An answer that says nothing about a payment: a bill, an openid."""


@dataclass(frozen=True)
class Explanation:
    """``cashier`` and ``admin``: English source sentences, to be translated by whoever shows them.

    ``config`` tells whether the remedy is in the settings.
    """

    cashier: str
    admin: str
    config: bool = False
