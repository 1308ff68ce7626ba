# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

"""The catalogue is total: every documented code has its entry, every other one is UNKNOWN."""

import ast
import re
from pathlib import Path

import pytest

from gateway import Kind, Outcome, explain
from gateway.catalogue import ERRORS, EVERYWHERE, RESULTS, kind_of_error, kind_of_result

SOURCE = Path(__file__).resolve().parents[2] / 'gateway' / 'catalogue.py'
IDENTITY = ('NOAUTH', 'APPID_NOT_EXIST', 'MCHID_NOT_EXIST', 'APPID_MCHID_NOT_MATCH', 'SIGNERROR')
FORMAT = ('PARAM_ERROR', 'LACK_PARAMS', 'XML_FORMAT_ERROR', 'NOT_UTF8', 'REQUIRE_POST_METHOD')

# The tables of WeChat's documents, endpoint by endpoint.
DOCUMENTED_ERRORS = {
    'unifiedorder': (
        'INVALID_REQUEST', 'ORDERPAID', 'ORDERCLOSED', 'OUT_TRADE_NO_USED', 'SYSTEMERROR',
        'POST_DATA_EMPTY', 'NOTENOUGH', *IDENTITY, *FORMAT,
    ),
    'micropay': (
        'SYSTEMERROR', 'BANKERROR', 'USERPAYING', 'ORDERPAID', 'AUTHCODEEXPIRE', 'AUTH_CODE_ERROR',
        'AUTH_CODE_INVALID', 'NOTENOUGH', 'NOTSUPORTCARD', 'ORDERCLOSED', 'ORDERREVERSED',
        'OUT_TRADE_NO_USED', 'BUYER_MISMATCH', 'TRADE_ERROR', 'INVALID_REQUEST', *IDENTITY, *FORMAT,
    ),
    'orderquery': ('ORDERNOTEXIST', 'SYSTEMERROR', *IDENTITY),
    'closeorder': (
        'ORDERPAID', 'ORDERCLOSED', 'SYSTEMERROR', 'ORDERNOTEXIST', 'TRADE_STATE_ERROR',
        'SIGNERROR', 'REQUIRE_POST_METHOD', 'XML_FORMAT_ERROR',
    ),
    'reverse': (
        'SYSTEMERROR', 'USERPAYING', 'REVERSE_EXPIRE', 'INVALID_TRANSACTIONID', 'PARAM_ERROR',
        'INVALID_REQUEST', 'TRADE_ERROR', 'SIGNERROR', 'REQUIRE_POST_METHOD',
    ),
    'refund': (
        'SYSTEMERROR', 'BIZERR_NEED_RETRY', 'FREQUENCY_LIMITED', 'INVALID_REQ_TOO_MUCH',
        'ORDER_NOT_READY', 'TRADE_OVERDUE', 'NOTENOUGH', 'USER_ACCOUNT_ABNORMAL', 'ERROR',
        'ORDERNOTEXIST', 'INVALID_TRANSACTIONID', 'PARAM_ERROR', 'REFUND_FEE_MISMATCH',
        'INVALID_REQUEST', 'NOAUTH', 'CERT_ERROR', 'APPID_NOT_EXIST', 'MCHID_NOT_EXIST',
        'SIGNERROR', 'XML_FORMAT_ERROR', 'REQUIRE_POST_METHOD',
    ),
    'refundquery': (
        'SYSTEMERROR', 'REFUNDNOTEXIST', 'INVALID_TRANSACTIONID', 'PARAM_ERROR', 'APPID_NOT_EXIST',
        'MCHID_NOT_EXIST', 'INVALID_REQUEST', 'SIGNERROR', 'XML_FORMAT_ERROR',
        'REQUIRE_POST_METHOD',
    ),
    'downloadbill': ('100', '20001', '20003', '20007', '20008', '20100', 'NO_BILL_EXIST',
                     'BILL_CREATING'),
    'downloadfundflow': ('SYSTEMERROR', 'PARAM_ERROR', 'NO_BILL_EXIST', 'BILL_CREATING'),
    'authcodetoopenid': ('SYSTEMERROR', 'AUTHCODEEXPIRE', 'AUTH_CODE_ERROR', 'AUTH_CODE_INVALID'),
}
DOCUMENTED_STATES = {
    'orderquery': (
        'SUCCESS', 'REFUND', 'NOTPAY', 'CLOSED', 'REVOKED', 'USERPAYING', 'PAYERROR', 'ACCEPT'),
    'refundquery': ('SUCCESS', 'PROCESSING', 'CHANGE', 'REFUNDCLOSE'),
    'refund_notification': ('SUCCESS', 'CHANGE', 'REFUNDCLOSE'),
    'notification': ('SUCCESS',),
}
OWN_CODES = (
    'TIMEOUT', 'CONNECTION', 'NO_CONNECTION', 'TLS', 'TOO_LARGE', 'BAD_XML', 'BAD_SIGNATURE',
    'FOREIGN_REPLY', 'WRONG_AMOUNT', 'INCOMPLETE_REPLY', 'RETURN_FAIL', 'BAD_URL', 'CERT_MISSING',
    'CERT_UNREADABLE', 'CERT_INVALID', 'CERT_EXPIRED', 'CERT_REJECTED', 'SANDBOX_UNSUPPORTED',
    'INVALID_OUT_TRADE_NO',
)
# Refused by the records themselves, before anything is sent; no setting would help.
NOT_ABOUT_SETTINGS = ('AMOUNT', 'NEUTRALIZED', 'NOT_REFUNDABLE')
UNCLEAR_PAYMENT = "Do not charge the customer again"


def every_entry():
    for table in (RESULTS, ERRORS):
        for endpoint, entries in table.items():
            for code, entry in entries.items():
                yield endpoint, code, entry
    for code, entry in EVERYWHERE.items():
        yield 'everywhere', code, entry


@pytest.mark.parametrize(('endpoint', 'code'), [
    (endpoint, code) for endpoint, codes in DOCUMENTED_ERRORS.items() for code in codes])
def test_every_documented_error_is_listed(endpoint, code):
    assert code in ERRORS.get(endpoint, {}) or code in EVERYWHERE
    explanation = explain(code, endpoint)
    assert explanation.cashier
    assert explanation.admin
    assert explanation.config is (kind_of_error(code, endpoint) is Kind.CONFIG)


@pytest.mark.parametrize(('endpoint', 'code'), [
    (endpoint, code) for endpoint, codes in DOCUMENTED_STATES.items() for code in codes])
def test_every_documented_state_is_listed(endpoint, code):
    assert code in RESULTS[endpoint]
    assert explain(code, endpoint).cashier


@pytest.mark.parametrize('endpoint', [*DOCUMENTED_ERRORS, *DOCUMENTED_STATES, 'unheard_of'])
@pytest.mark.parametrize('code', ['', 'NEVER_HEARD', 'paid', 'HTTP_502', 'HTTP_404'])
def test_every_other_code_is_unknown_and_explained(endpoint, code):
    assert kind_of_error(code, endpoint) is Kind.UNKNOWN
    assert kind_of_result(code, endpoint) is Kind.UNKNOWN
    explanation = explain(code, endpoint)
    assert explanation.cashier
    assert explanation.admin
    assert not explanation.config


@pytest.mark.parametrize('code', OWN_CODES)
@pytest.mark.parametrize('endpoint', [*DOCUMENTED_ERRORS, 'notification'])
def test_our_own_codes_are_explained_everywhere(endpoint, code):
    assert code in EVERYWHERE
    assert explain(code, endpoint).cashier
    assert explain(code, endpoint).admin


@pytest.mark.parametrize(('code', 'kind'), [
    ('SYSTEMERROR', Kind.UNKNOWN), ('BANKERROR', Kind.UNKNOWN), ('USERPAYING', Kind.UNKNOWN),
    ('ORDERPAID', Kind.TAKEN), ('OUT_TRADE_NO_USED', Kind.TAKEN), ('INVALID_REQUEST', Kind.TAKEN),
    ('BUYER_MISMATCH', Kind.TAKEN), ('AUTHCODEEXPIRE', Kind.REFUSED),
    ('AUTH_CODE_ERROR', Kind.REFUSED), ('AUTH_CODE_INVALID', Kind.REFUSED),
    ('NOTENOUGH', Kind.REFUSED), ('NOTSUPORTCARD', Kind.REFUSED), ('TRADE_ERROR', Kind.REFUSED),
    ('PARAM_ERROR', Kind.REFUSED), ('ORDERCLOSED', Kind.CLOSED), ('ORDERREVERSED', Kind.CLOSED),
    ('SIGNERROR', Kind.CONFIG), ('NOAUTH', Kind.CONFIG), ('APPID_NOT_EXIST', Kind.CONFIG),
])
def test_kinds_of_micropay(code, kind):
    assert kind_of_error(code, 'micropay') is kind


def test_a_failure_never_says_that_money_moved():
    for endpoint, code, entry in every_entry():
        if code not in RESULTS.get(endpoint, {}):
            assert entry.kind not in (Kind.PAID, Kind.REFUNDED), (endpoint, code)


def test_only_calls_that_begin_something_can_be_refused_for_good():
    beginning = {'unifiedorder', 'micropay', 'refund', 'refundquery', 'refund_notification',
                 'authcodetoopenid'}
    refused = {(endpoint, code) for endpoint, code, entry in every_entry()
               if entry.kind is Kind.REFUSED}
    assert {endpoint for endpoint, _code in refused} <= beginning
    assert {code for endpoint, code in refused
            if endpoint in ('refundquery', 'refund_notification')} == {'REFUNDCLOSE'}


def test_sentences_promise_nothing_unproved():
    """Only PAID may say "paid"; nothing may say "not charged"."""
    for endpoint, code, entry in every_entry():
        said = entry.cashier.lower()
        assert 'not charged' not in said
        assert 'no money' not in said
        if entry.kind is Kind.UNKNOWN:
            assert not re.match(r'(the payment is )?paid', said), (endpoint, code)
        if said.startswith('paid'):
            assert entry.kind is Kind.PAID


@pytest.mark.parametrize('code', ['TIMEOUT', 'HTTP_502', 'BAD_SIGNATURE', 'NEVER_HEARD'])
def test_unclear_payment_is_not_to_be_charged_again(code):
    assert UNCLEAR_PAYMENT in explain(code, 'micropay').cashier
    assert UNCLEAR_PAYMENT in explain(code, 'orderquery').cashier


def test_configuration_names_a_remedy():
    for endpoint, code, entry in every_entry():
        if entry.kind is Kind.CONFIG and code not in NOT_ABOUT_SETTINGS:
            assert 'wechat.' in entry.admin or 'merchant platform' in entry.admin, (endpoint, code)


@pytest.mark.parametrize(('code', 'named'), [
    ('SIGNERROR', 'wechat.api_key'), ('BAD_SIGNATURE', 'wechat.api_key'),
    ('APPID_NOT_EXIST', 'wechat.app_id'), ('MCHID_NOT_EXIST', 'wechat.mch_id'),
    ('CERT_MISSING', 'wechat.mch_cert'), ('CERT_EXPIRED', 'wechat.mch_key'),
    ('OUT_TRADE_NO_USED', 'sequences WeChat Order'), ('PARAM_ERROR', 'wechat.fee_type'),
    ('BAD_URL', 'wechat.api_url'), ('SANDBOX_UNSUPPORTED', 'wechat.local_sandbox'),
])
def test_remedies(code, named):
    assert named in explain(code, 'micropay').admin
    assert named in Outcome(Kind.UNKNOWN, code, 'micropay').explanation.admin


def test_every_sentence_can_be_translated():
    """The export of terms finds literal arguments of ``_lt`` only."""
    tree = ast.parse(SOURCE.read_text())
    marked = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, 'id', '') == '_lt':
            (argument,) = node.args
            assert isinstance(argument, ast.Constant), ast.unparse(node)
            marked.add(argument.value)
    shown = set()
    for endpoint, code, _entry in every_entry():
        explanation = explain(code, endpoint)
        shown |= {explanation.cashier, explanation.admin}
    for endpoint in [*DOCUMENTED_ERRORS, 'notification', 'refund_notification']:
        for code in ('NEVER_HEARD', 'HTTP_502'):
            explanation = explain(code, endpoint)
            shown |= {explanation.cashier, explanation.admin}
    assert shown == marked, "all that is shown is marked, all that is marked is shown"
    assert not any('%' in sentence for sentence in marked), "no sentence takes a value"
