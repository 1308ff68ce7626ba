# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

"""wechatpy writes the merchant's key and customers' payment codes at DEBUG. Never here."""

import logging
import re

import wechatpy.pay  # noqa: F401  (its loggers must exist before they can be silenced)

_WRITERS = ('wechatpy.pay', 'wechatpy.pay.utils', 'wechatpy.pay.api.jsapi')


def _without_secrets(record):
    """Let a record of wechatpy's pass only above DEBUG, where it names no secret."""
    return record.levelno > logging.DEBUG


def silence_wechatpy():
    """Drop wechatpy's DEBUG records at their source, whatever levels are set later.

    A filter on the logger itself, because a level is changed by whoever configures logging next.
    """
    known = [name for name in logging.Logger.manager.loggerDict if name.startswith('wechatpy.pay')]
    for name in {*known, *_WRITERS}:
        logger = logging.getLogger(name)
        if _without_secrets not in logger.filters:
            logger.addFilter(_without_secrets)


_PAYMENT_CODE = re.compile(r'(?<!\d)1[0-6]\d{16}(?!\d)')


def _without_payment_codes(record):
    """Blacken what looks like a payment code in a record that some other logger writes."""
    try:
        message = record.getMessage()
    except (TypeError, ValueError):
        return True  # Badly formatted: whoever writes it will say so.
    masked = _PAYMENT_CODE.sub(lambda code: f'{code[0][:2]}****************', message)
    if masked != message:
        record.msg, record.args = masked, ()
    return True


def mask_payment_codes(*names):
    """Have these loggers never write a payment code, such as in the arguments of a remote call.

    :param names: names of loggers
    """
    for name in names:
        logger = logging.getLogger(name)
        if _without_payment_codes not in logger.filters:
            logger.addFilter(_without_payment_codes)
