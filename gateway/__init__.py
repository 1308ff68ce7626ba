# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

"""Everything WeChat, nothing Odoo: calls, notifications, and what they mean.

Whatever happens on the wire becomes an ``Outcome`` of one of a few kinds, with WeChat's code; the
catalogue gives each code a sentence for the cashier and a remedy for the admin.
"""

from .catalogue import explain, kind_of_error
from .certificates import check_certificate
from .client import Client
from .credentials import Credentials
from .errors import FailedReply, ReplyError
from .gateway import Gateway
from .kind import Explanation, Kind
from .messages import write_message
from .notifications import (
    NotificationError,
    notification_merchant,
    notification_number,
    notification_reply,
    parse_payment_notification,
    parse_refund_notification,
)
from .outcome import Outcome
from .quiet import mask_payment_codes
from .values import beijing_time, clean_text, is_payment_code, parse_beijing_time

__all__ = [
    'Client',
    'Credentials',
    'Explanation',
    'FailedReply',
    'Gateway',
    'Kind',
    'NotificationError',
    'Outcome',
    'ReplyError',
    'beijing_time',
    'check_certificate',
    'clean_text',
    'explain',
    'is_payment_code',
    'kind_of_error',
    'mask_payment_codes',
    'notification_merchant',
    'notification_number',
    'notification_reply',
    'parse_beijing_time',
    'parse_payment_notification',
    'parse_refund_notification',
    'write_message',
]
