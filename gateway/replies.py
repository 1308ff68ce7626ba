# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

"""A reply is evidence only if it is signed by our key and speaks of what we asked."""

from .errors import ReplyError
from .messages import MessageError, read_message
from .signature import is_signed_by

_NUMBERS = (
    'out_trade_no', 'transaction_id', 'out_refund_no', 'refund_id', 'trade_type', 'product_id',
)
_AMOUNTS = ('total_fee', 'refund_fee', 'fee_type')


def read_reply(body, api_key, credentials, request, unsigned_allowed=False):
    """Return the verified fields (dict of str) of a reply.

    A reply whose ``return_code`` is FAIL carries no signature: its fields are returned as they are,
    and say nothing about a payment.

    :param bytes body: as received
    :param str api_key: the key that the request was signed with
    :param Credentials credentials: whose reply it must be
    :param dict request: the fields (str) that were sent
    :param bool unsigned_allowed: for the endpoints that WeChat does not sign
    :raise ReplyError: BAD_XML, TOO_LARGE, BAD_SIGNATURE, FOREIGN_REPLY or WRONG_AMOUNT
    """
    raw = body.decode('utf-8', errors='replace')
    try:
        fields = read_message(body)
    except MessageError as error:
        reason = 'TOO_LARGE' if error.reason == 'too_large' else 'BAD_XML'
        raise ReplyError(reason, str(error), raw) from error
    if fields.get('return_code') == 'FAIL' and not fields.get('sign'):
        return fields
    if not fields.get('return_code'):
        raise ReplyError('BAD_XML', "The reply has no return_code.", raw)
    if fields.get('sign') or not unsigned_allowed:
        signed = is_signed_by(fields, api_key)
        if not signed and credentials.sandbox:
            # The sandbox was seen to leave a cash_fee of 0 out of its signature.
            signed = is_signed_by({k: v for k, v in fields.items() if v != '0'}, api_key)
        if not signed:
            raise ReplyError('BAD_SIGNATURE', "The signature of the reply is wrong.", raw)
    if not credentials.sandbox:
        _check_identity(fields, credentials, request, raw)
    _check_echo(fields, request, raw)
    return fields


def _check_identity(fields, credentials, request, raw):
    """Refuse a reply that names another app or merchant than those that asked."""
    app_ids = credentials.app_ids | {request.get('appid', credentials.app_id)}
    expected = {
        'appid': app_ids,
        'mch_id': {request.get('mch_id', credentials.mch_id)},
        'sub_mch_id': {request.get('sub_mch_id', '')},
    }
    if request.get('sub_appid'):
        expected['sub_appid'] = {request['sub_appid']}
    for name, ours in expected.items():
        if fields.get(name) and fields[name] not in ours:
            raise ReplyError(
                'FOREIGN_REPLY', f"The reply names the {name} {fields[name]}, not ours.", raw)


def _check_echo(fields, request, raw):
    """Refuse a reply in which a number or an amount differs from what was sent."""
    for names, reason in ((_NUMBERS, 'FOREIGN_REPLY'), (_AMOUNTS, 'WRONG_AMOUNT')):
        for name in names:
            sent, received = request.get(name), fields.get(name)
            if sent and received and sent != received:
                raise ReplyError(
                    reason, f"The reply says {name} {received}, the request said {sent}.", raw)
