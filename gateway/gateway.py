# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

"""One method per WeChat call; each returns an ``Outcome``, whatever happens on the wire."""

import re
from dataclasses import replace

from .catalogue import kind_of_error, kind_of_result
from .errors import ReplyError
from .hints import code_from_words, sharper_code
from .kind import Kind
from .outcome import Outcome

_RAW_LENGTH = 16 * 1024  # characters
# refund_status_0, coupon_type_0_1: the first number is the refund's, the second a coupon's of it.
_INDEXED = re.compile(r'(?P<name>[a-z_]+?)_(?P<index>[0-9]+)(?P<coupon>_[0-9]+)?')
_PAID_FIELDS = ('out_trade_no', 'transaction_id', 'total_fee')


class Gateway:
    """WeChat Pay V2 for one merchant.

    Params carry WeChat's own field names with str or int values (amounts: fen, times:
    ``yyyyMMddHHmmss`` in Beijing time) and are sent exactly as given; only the identity
    (``appid``, ``mch_id``, ``sub_appid``, ``sub_mch_id``), ``nonce_str`` and ``sign`` are added.
    No method raises for what happens on the wire; a ``TypeError`` or ``ValueError`` is a mistake of
    the caller's.

    :param Client client: carries the calls
    """

    def __init__(self, client):
        self.client = client

    # -- Payments -----------------------------------------------------------------------------

    def unified_order(self, params):
        """Create an order to be paid by the customer: PENDING when it waits for payment.

        ``data`` has ``prepay_id`` and, depending on ``trade_type``, ``code_url`` or ``mweb_url``.
        Endpoint: ``/pay/unifiedorder``.
        """
        expected = {'NATIVE': ('code_url',), 'MWEB': ('mweb_url',)}
        return self._call(
            'unifiedorder', 'pay/unifiedorder', params,
            needed=expected.get(params.get('trade_type'), ('prepay_id',)),
        )

    def micropay(self, params):
        """Charge the customer whose ``auth_code`` was scanned.

        PAID, REFUSED, CLOSED, TAKEN, CONFIG, or UNKNOWN, which ``query_order`` and in the end
        ``reverse`` resolve.

        Endpoint: ``/pay/micropay``.
        """
        outcome = self._call('micropay', 'pay/micropay', params, needed=_PAID_FIELDS)
        if outcome.kind is Kind.PAID and outcome.data.get('trade_type') != 'MICROPAY':
            return self._unbelieved(outcome, 'INCOMPLETE_REPLY')
        return outcome

    def query_order(self, out_trade_no=None, transaction_id=None):
        """Ask for the state of a payment; ``code`` is the ``trade_state``.

        PAID, REFUNDED, CLOSED, PENDING, or UNKNOWN / CONFIG, which say nothing about it.
        Endpoint: ``/pay/orderquery``.
        """
        return self._call(
            'orderquery', 'pay/orderquery', _one_of(out_trade_no, transaction_id),
            state='trade_state',
        )

    def close_order(self, out_trade_no):
        """Close an unpaid order (not a micropay): CLOSED, TAKEN (ask), TOO_EARLY or RETRY.

        Endpoint: ``/pay/closeorder``; WeChat wants 5 minutes between order and close.
        """
        return self._call('closeorder', 'pay/closeorder', _one_of(out_trade_no, None))

    def reverse(self, out_trade_no=None, transaction_id=None):
        """Cancel a micropay, giving the money back if it was paid: CLOSED when that is settled.

        RETRY or UNKNOWN: again. TAKEN: too old, ask. Not within 15 seconds after micropay.
        Endpoint: ``/secapi/pay/reverse``, with the client certificate.
        """
        return self._call(
            'reverse', 'secapi/pay/reverse', _one_of(out_trade_no, transaction_id))

    # -- Refunds ------------------------------------------------------------------------------

    def refund(self, params):
        """Ask for a refund: PENDING when it was accepted (which is not yet money), RETRY, REFUSED …

        The same ``out_refund_no`` is refunded once, however often it is sent.
        Endpoint: ``/secapi/pay/refund``, with the client certificate.
        """
        return self._call(
            'refund', 'secapi/pay/refund', params, needed=('out_refund_no', 'refund_id'))

    def query_refund(self, out_refund_no):
        """Ask for the state of one refund; ``code`` is its ``refund_status``.

        PAID, PENDING, REFUSED (closed), UNKNOWN with code ``CHANGE`` (needs a person), or RETRY
        when WeChat never accepted it. ``data`` has this refund's fields without WeChat's index:
        ``refund_id``, ``refund_fee``, ``refund_recv_accout``, ``refund_success_time`` …
        Endpoint: ``/pay/refundquery``.
        """
        if not out_refund_no:
            raise ValueError("A refund is asked for by its out_refund_no.")
        return self._call(
            'refundquery', 'pay/refundquery', {'out_refund_no': out_refund_no},
            state='refund_status', flatten=out_refund_no,
        )

    def query_refunds(self, out_trade_no):
        """Ask for all refunds of one payment, whoever made them.

        Return the ``Outcome`` of the asking (DONE, also when there is none) and a list with the
        ``Outcome`` of each refund, as ``query_refund`` would give it. A list may be cut short by a
        failing page; the outcome is then that page's.
        Endpoint: ``/pay/refundquery``, which lists ten refunds a page.
        """
        found = []
        while True:
            outcome = self._call(
                'refundquery', 'pay/refundquery',
                {'out_trade_no': out_trade_no, 'offset': len(found) or None},
                needed=('out_trade_no', 'refund_count'))
            if outcome.code != 'SUCCESS':
                none = outcome.data and outcome.code == 'REFUNDNOTEXIST'
                return replace(outcome, kind=Kind.DONE) if none else outcome, found
            page = list(_each_refund(outcome))
            found += page
            if not page or len(found) >= int(outcome.data.get('total_refund_count') or 0):
                return replace(outcome, kind=Kind.DONE), found

    # -- Bills and the rest -------------------------------------------------------------------

    def download_bill(self, bill_date, bill_type='ALL'):
        """Return the ``Outcome`` and the text of a day's trades (CSV in yuan, without BOM).

        DONE with an empty text means a day without trades.
        Endpoint: ``/pay/downloadbill``; ready after 10:00 Beijing time, for 3 months.

        :param bill_date: ``yyyyMMdd``, or a date
        """
        return self._bill(
            'downloadbill', 'pay/downloadbill',
            {'bill_date': _day(bill_date), 'bill_type': bill_type}, ('交易时间', '总交易单数'),
        )

    def download_fund_flow(self, bill_date, account_type='Basic'):
        """Return the ``Outcome`` and the text of a day's movements on the merchant account.

        Endpoint: ``/pay/downloadfundflow``, with the client certificate.

        :param bill_date: ``yyyyMMdd``, or a date
        :param str account_type: ``Basic``, ``Operation`` or ``Fees``
        """
        return self._bill(
            'downloadfundflow', 'pay/downloadfundflow',
            {'bill_date': _day(bill_date), 'account_type': account_type,
             'sign_type': 'HMAC-SHA256'},
            ('记账时间', '资金流水总笔数'),
        )

    def auth_code_to_openid(self, auth_code):
        """Ask whose payment code it is: DONE with ``openid`` in ``data``.

        Endpoint: ``/tools/authcodetoopenid``. Afterwards only this merchant can charge the code.
        """
        return self._call(
            'authcodetoopenid', 'tools/authcodetoopenid', {'auth_code': auth_code},
            needed=('openid',),
        )

    def _bill(self, endpoint, path, params, headings):
        """Return the ``Outcome`` and the text of a bill.

        :param headings: what its two header lines must contain, else it is no bill or was cut off
        """
        try:
            reply = self.client.exchange(path, self._identified(params))
        except ReplyError as error:
            return self._failure(endpoint, error, params), ''
        if reply.fields:
            return _no_bill(endpoint, reply, self._masked(reply.raw, params)), ''
        if not _is_whole_bill(reply.text, *headings):
            return Outcome(
                kind_of_error('BAD_BILL', endpoint), 'BAD_BILL', endpoint,
                raw=reply.text[:_RAW_LENGTH]), ''
        return Outcome(kind_of_result('SUCCESS', endpoint), 'SUCCESS', endpoint), reply.text

    # -- From reply to outcome ----------------------------------------------------------------

    def _call(self, endpoint, path, params, state=None, needed=(), flatten=None):
        """Return the ``Outcome`` of one call.

        :param str state: the field that holds the state, where success has more than one
        :param needed: fields without which success is not believed
        :param str flatten: the refund whose indexed fields are wanted
        """
        try:
            reply = self.client.exchange(path, self._identified(params))
        except ReplyError as error:
            return self._failure(endpoint, error, params)
        return self._read(endpoint, reply, params, state, needed, flatten)

    def _identified(self, params):
        return {
            'appid': self.client.appid, 'sub_appid': self.client.sub_appid,
            **{name: value for name, value in params.items() if value is not None},
        }

    def _read(self, endpoint, reply, params, state, needed, flatten):
        fields = reply.fields
        common = {'endpoint': endpoint, 'raw': self._masked(reply.raw, params)}
        description = self._masked(
            fields.get('err_code_des') or fields.get('trade_state_desc')
            or (fields.get('return_msg') or '').removeprefix('OK'), params)
        common['description'] = description
        if fields['return_code'] != 'SUCCESS':
            return _refused_unread(fields, **common)
        common['data'] = fields
        if fields.get('result_code') != 'SUCCESS':
            code = sharper_code(fields.get('err_code') or 'RETURN_FAIL', description)
            kind = kind_of_error(code, endpoint)
            if endpoint == 'reverse' and fields.get('recall') == 'Y' and kind is not Kind.CONFIG:
                kind = Kind.RETRY
            return Outcome(kind, code, **common)
        if flatten:
            fields = common['data'] = _one_refund(fields, flatten)
        code = fields.get(state, '') if state else 'SUCCESS'
        if endpoint == 'reverse' and fields.get('recall') != 'N':
            code = 'RECALL'
        outcome = Outcome(kind_of_result(code, endpoint), code, **common)
        if state == 'trade_state':
            needed = _PAID_FIELDS if outcome.kind is Kind.PAID else ('out_trade_no',)
        if not code or any(not fields.get(name) for name in needed):
            return self._unbelieved(outcome, 'INCOMPLETE_REPLY')
        return outcome

    def _unbelieved(self, outcome, code):
        return Outcome(
            kind_of_error(code, outcome.endpoint), code, outcome.endpoint,
            outcome.description, raw=outcome.raw)

    def _failure(self, endpoint, error, params):
        return Outcome(
            kind_of_error(error.reason, endpoint), error.reason, endpoint,
            self._masked(str(error.errmsg), params), raw=self._masked(error.raw, params))

    def _masked(self, text, params):
        """Return ``text``, cut for the record, without the key and the customer's code."""
        for secret in (self.client.api_key, params.get('auth_code')):
            if secret:
                text = text.replace(secret, '***')
        return text[:_RAW_LENGTH]


def _refused_unread(fields, endpoint, description, raw):
    """Return the ``Outcome`` of a reply whose ``return_code`` is not SUCCESS: it is not signed.

    The request was not processed as it was sent, but that is no proof of what became of an earlier
    one with the same number. A payment by code is therefore asked for in any case.
    """
    code = fields.get('err_code') or fields.get('error_code') or code_from_words(description)
    kind = kind_of_error(sharper_code(code, description), endpoint)
    if kind in (Kind.PAID, Kind.CLOSED, Kind.REFUNDED):
        kind = Kind.UNKNOWN
    if endpoint == 'micropay' and kind is not Kind.TAKEN:
        kind = Kind.UNKNOWN
    return Outcome(kind, sharper_code(code, description), endpoint, description, raw=raw)


def _one_refund(fields, out_refund_no):
    """Return ``fields`` with those of one refund freed from their index; without it, no status."""
    index = next((
        name.rpartition('_')[2] for name, value in fields.items()
        if name.startswith('out_refund_no_') and value == out_refund_no
    ), None)
    flat = {name: value for name, value in fields.items() if not _INDEXED.fullmatch(name)}
    for name, value in fields.items():
        match = _INDEXED.fullmatch(name)
        if match and match['index'] == index:
            flat[match['name'] + (match['coupon'] or '')] = value
    return flat


def _each_refund(outcome):
    """Yield the ``Outcome`` of each refund in a list of refunds."""
    fields = outcome.data
    for name, number in fields.items():
        if name.startswith('out_refund_no_'):
            one = _one_refund(fields, number)
            code = one.get('refund_status', '')
            yield Outcome(
                kind_of_result(code, 'refundquery'), code, 'refundquery', data=one,
                raw=outcome.raw)


def _is_whole_bill(text, first_heading, summary_heading):
    """Return whether ``text`` begins as a bill and ends with its row of sums."""
    lines = text.rstrip().split('\n')
    return (
        first_heading in lines[0] and len(lines) > 2
        and summary_heading in lines[-2] and lines[-1].startswith('`')
    )


def _no_bill(endpoint, reply, raw):
    """Return the ``Outcome`` of the XML that came in place of a bill."""
    fields = reply.fields
    words = fields.get('err_code_des') or fields.get('return_msg') or ''
    code = fields.get('err_code') or fields.get('error_code') or code_from_words(words)
    if code == '20002':
        code = 'NO_BILL_EXIST' if 'no bill' in words.lower() else 'BILL_CREATING'
    return Outcome(kind_of_error(code, endpoint), code, endpoint, words, raw=raw)


def _one_of(out_trade_no, transaction_id):
    if not out_trade_no and not transaction_id:
        raise ValueError("A payment is asked for by out_trade_no or transaction_id.")
    return {'out_trade_no': out_trade_no or None, 'transaction_id': transaction_id or None}


def _day(date):
    return date if isinstance(date, str) else date.strftime('%Y%m%d')
