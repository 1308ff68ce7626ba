# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

"""Text, time and payment codes in the shape that WeChat wants."""

import re
from datetime import datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))

# A customer's code: 18 digits, 10-14 mainland wallets, 15 and 16 Hong Kong wallets.
_PAYMENT_CODE = re.compile(r'1[0-6][0-9]{16}')
_COMPACT_TIME = re.compile(r'[0-9]{14}')
_SPACED_TIME = re.compile(r'[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}')

# What WeChat's XML cannot carry: control characters, lone surrogates, non-characters and all
# that needs four bytes in UTF-8 (emoji above all).
_UNSENDABLE = re.compile(
    r'[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\U00010000-\U0010ffff]')
# What is left of a composed emoji once its pictures are gone.
_EMOJI_GLUE = re.compile('[\u200d\ufe00-\ufe0f]')


def is_payment_code(text):
    """Return whether ``text`` (str) has the shape of a customer's WeChat payment code."""
    return isinstance(text, str) and _PAYMENT_CODE.fullmatch(text) is not None


def sendable(text):
    """Return ``text`` without the characters that WeChat's XML cannot carry; the rest unchanged."""
    return _UNSENDABLE.sub('', text)


def clean_text(text, max_bytes=127):
    """Return one line of text that WeChat accepts as ``body``, ``attach`` or ``refund_desc``.

    :param str text: any text; ``None`` and ``False`` give an empty string
    :param int max_bytes: longest result, in bytes of UTF-8
    :return: the text without emoji and control characters, white space folded, ``]]>`` broken up,
        cut between two characters
    """
    text = _EMOJI_GLUE.sub('', sendable(re.sub(r'\s+', ' ', text or '')))
    text = re.sub(' +', ' ', text).strip().replace(']]>', ']] >')
    return text.encode()[:max_bytes].decode(errors='ignore').rstrip()


def beijing_time(moment):
    """Return ``moment`` as WeChat writes it: ``yyyyMMddHHmmss`` in Beijing time.

    :param datetime moment: naive = UTC (as Odoo stores it), or aware
    """
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.astimezone(BEIJING).strftime('%Y%m%d%H%M%S')


def parse_beijing_time(text):
    """Return the naive UTC datetime behind a Beijing time of WeChat's.

    :param str text: ``yyyyMMddHHmmss`` (``time_end``) or ``yyyy-MM-dd HH:mm:ss``
        (``success_time`` of refunds)
    :raise ValueError: when it is neither
    """
    if _COMPACT_TIME.fullmatch(text):
        moment = datetime.strptime(text, '%Y%m%d%H%M%S')
    elif _SPACED_TIME.fullmatch(text):
        moment = datetime.strptime(text, '%Y-%m-%d %H:%M:%S')
    else:
        raise ValueError(f"{text!r} is not a time as WeChat writes it (yyyyMMddHHmmss).")
    return moment.replace(tzinfo=BEIJING).astimezone(timezone.utc).replace(tzinfo=None)
