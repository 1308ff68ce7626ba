# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

"""What each code of WeChat's means: its kind, a sentence for the cashier, a remedy for the admin.

Three tables, looked up in this order:

- ``RESULTS``: what an endpoint says when it succeeds (``trade_state``, ``refund_status``, …);
- ``ERRORS``: what it says when it fails (``err_code``), where a code has a meaning or a consequence
  of its own at that endpoint;
- ``EVERYWHERE``: failures that mean the same at every endpoint, and the codes of our own for
  everything that is not an answer (``TIMEOUT``, ``BAD_SIGNATURE``, ``CERT_MISSING`` …).

A code that is in none of them is UNKNOWN. No sentence says that money moved, or that it did not,
unless WeChat said so.
"""

from typing import NamedTuple

from .kind import Explanation, Kind


def _lt(source):
    """Mark a sentence for translation; whoever shows it translates it."""
    return source


class Entry(NamedTuple):
    """One code's kind and its two sentences."""

    kind: Kind
    cashier: str
    admin: str


def kind_of_result(code, endpoint):
    """Return the ``Kind`` of what ``endpoint`` said when it succeeded; UNKNOWN if unlisted."""
    entry = RESULTS.get(endpoint, {}).get(code)
    return entry.kind if entry else Kind.UNKNOWN


def kind_of_error(code, endpoint):
    """Return the ``Kind`` of a failure at ``endpoint``; UNKNOWN if unlisted."""
    entry = ERRORS.get(endpoint, {}).get(code) or EVERYWHERE.get(code)
    return entry.kind if entry else Kind.UNKNOWN


def explain(code, endpoint):
    """Return the ``Explanation`` of ``code`` at ``endpoint``; there is one for every code."""
    entry = RESULTS.get(endpoint, {}).get(code) or ERRORS.get(endpoint, {}).get(code)
    entry = entry or EVERYWHERE.get(code)
    if entry is None:
        entry = _HTTP_STATUS if str(code).startswith('HTTP_') else _UNLISTED
    cashier = entry.cashier
    if entry is _UNLISTED or not cashier:
        cashier = _UNCLEAR.get(endpoint, _UNCLEAR['notification'])
    return Explanation(cashier, entry.admin, entry.kind is Kind.CONFIG)


# -- Sentences used more than once ---------------------------------------------------------------

_SCAN_AGAIN = _lt(
    "This payment code cannot be used any more. Ask the customer to refresh it, then scan it "
    "again.")
_OTHER_CARD = _lt(
    "WeChat cannot take the money from this card. Ask the customer to choose another card in "
    "WeChat, then scan the code again.")
_NEW_ATTEMPT = _lt("This payment attempt has ended. Start the WeChat payment again.")
_NUMBER_KNOWN = _lt("WeChat already knows this payment number. Please wait: it is being checked.")
_SETUP = _lt("WeChat Pay is not set up correctly. Please call your administrator.")
_REFUND_SETUP = _lt(
    "WeChat Pay is not set up for refunds correctly. Please call your administrator.")
_REFUND_WAITS = _lt("WeChat has not taken this refund yet. It will be sent again by itself.")
_REFUND_REFUSED = _lt(
    "WeChat refused this refund. Give the money back in another way, or call your administrator.")
_CHECKING = _lt("WeChat is not sure about this payment yet. Please wait: it is being checked.")
_CUSTOMER_PAYS = _lt("The customer has to confirm the payment on the phone.")
_STILL_CANCELLING = _lt("The payment is still being cancelled. Please wait.")
_CLOSED = _lt("This payment is closed at WeChat. Start a new one.")

_ADMIN_NOTHING = _lt("Nothing to do.")
_ADMIN_WAIT = _lt(
    "Nothing to do: WeChat is asked again until it gives a final answer.")
_ADMIN_PARAMETER = _lt(
    "WeChat refused a value that was sent. Read its own words beside this message, and check the "
    "system parameters wechat.fee_type and wechat.payment_result_notification_url.")
_ADMIN_WIRE = _lt(
    "WeChat could not read the request. Check that wechat.api_url points to WeChat and that no "
    "proxy changes the requests of this server.")
_ADMIN_SEQUENCE = _lt(
    "The payment number has been used at WeChat already, perhaps by another system that works with "
    "the same merchant account. If this happens often, give the sequences WeChat Order and WeChat "
    "Micropay a prefix that no other system uses.")
_ADMIN_REFUND_SEQUENCE = _lt(
    "WeChat refused the refund: the amount exceeds what is left of the payment, or the refund "
    "number was used with other values. If another system works with the same merchant account, "
    "give the sequence WeChat Refund a prefix of its own.")
_ADMIN_NUMBER = _lt(
    "WeChat does not know this number for this merchant. Check that wechat.mch_id and "
    "wechat.sub_mch_id are those that the payment was made with.")
_ADMIN_RATE = _lt("Too many calls in a short time. The call is repeated later by itself.")

# What a cashier reads when nothing better is known: it depends on what was asked.
_UNCLEAR = {
    'unifiedorder': _lt(
        "WeChat did not give a clear answer, so no QR code can be shown yet. Please wait."),
    'micropay': _lt(
        "WeChat did not give a clear answer yet. Do not charge the customer again: the payment is "
        "being checked."),
    'orderquery': _lt(
        "WeChat did not give a clear answer yet. Do not charge the customer again: the payment is "
        "being checked."),
    'closeorder': _STILL_CANCELLING,
    'reverse': _STILL_CANCELLING,
    'refund': _lt(
        "WeChat did not give a clear answer about the refund. Do not refund again: it is being "
        "checked."),
    'refundquery': _lt(
        "WeChat did not give a clear answer about the refund. Do not refund again: it is being "
        "checked."),
    'refund_notification': _lt(
        "WeChat did not give a clear answer about the refund. Do not refund again: it is being "
        "checked."),
    'notification': _CHECKING,
    'authcodetoopenid': _lt("WeChat did not recognise the customer. Scan the code again."),
    'downloadbill': _lt("WeChat's bill could not be fetched."),
    'downloadfundflow': _lt("WeChat's bill could not be fetched."),
}

_UNLISTED = Entry(
    Kind.UNKNOWN, '',
    _lt("WeChat sent a code that this addon does not know. Read WeChat's own words beside this "
        "message; the result is asked for until it is clear."))
_HTTP_STATUS = Entry(
    Kind.UNKNOWN, '',
    _lt("The server answered with an HTTP error instead of WeChat's message. Check that "
        "wechat.api_url points to WeChat; otherwise WeChat has a disturbance that passes."))


# -- What success says ---------------------------------------------------------------------------

_TRADE_STATES = {
    'SUCCESS': Entry(Kind.PAID, _lt("Paid."), _ADMIN_NOTHING),
    'REFUND': Entry(
        Kind.REFUNDED,
        _lt("This payment was paid and has a refund."),
        _lt("The refunds of this payment tell how much went back.")),
    'NOTPAY': Entry(Kind.PENDING, _lt("The customer has not paid yet."), _ADMIN_NOTHING),
    'USERPAYING': Entry(Kind.PENDING, _CUSTOMER_PAYS, _ADMIN_WAIT),
    'ACCEPT': Entry(Kind.PENDING, _CHECKING, _ADMIN_WAIT),
    'CLOSED': Entry(Kind.CLOSED, _CLOSED, _ADMIN_NOTHING),
    'REVOKED': Entry(
        Kind.CLOSED,
        _lt("This payment was cancelled at WeChat; the customer keeps the money or gets it back."),
        _ADMIN_NOTHING),
    # Not the end: in rare cases money moved, and only closing or reversing makes the number safe.
    'PAYERROR': Entry(
        Kind.PENDING,
        _lt("The payment failed. Please wait until it is cancelled, then try again with another "
            "card."),
        _lt("The customer's bank refused. The number is closed or reversed at WeChat before "
            "another payment is taken.")),
}
_REFUND_STATES = {
    'SUCCESS': Entry(Kind.PAID, _lt("The money went back to the customer."), _ADMIN_NOTHING),
    'PROCESSING': Entry(
        Kind.PENDING,
        _lt("WeChat is sending the money back. It takes minutes, with bank cards up to some days."),
        _ADMIN_WAIT),
    'CHANGE': Entry(
        Kind.UNKNOWN,
        _lt("WeChat could not return the money to the customer's card. The accountant has to "
            "settle this refund."),
        _lt("The customer's account cannot take the refund. Settle it by hand on the WeChat Pay "
            "merchant platform (abnormal refunds): to another card of the customer, or back to the "
            "shop, who then pays in another way. Odoo notices when it is done.")),
    'REFUNDCLOSE': Entry(
        Kind.REFUSED,
        _lt("WeChat closed this refund without returning the money."),
        _lt("Refund again, which takes a new number, or give the money back in another way.")),
}

RESULTS = {
    'unifiedorder': {
        'SUCCESS': Entry(
            Kind.PENDING, _lt("Ask the customer to scan the QR code with WeChat."), _ADMIN_NOTHING),
    },
    'micropay': {'SUCCESS': _TRADE_STATES['SUCCESS']},
    'notification': {'SUCCESS': _TRADE_STATES['SUCCESS']},
    'orderquery': _TRADE_STATES,
    'closeorder': {'SUCCESS': Entry(Kind.CLOSED, _CLOSED, _ADMIN_NOTHING)},
    'reverse': {
        'SUCCESS': Entry(
            Kind.CLOSED,
            _lt("This payment was cancelled at WeChat; the customer keeps the money or gets it "
                "back."),
            _ADMIN_NOTHING),
        'RECALL': Entry(Kind.RETRY, _STILL_CANCELLING, _ADMIN_WAIT),
    },
    'refund': {
        'SUCCESS': Entry(
            Kind.PENDING,
            _lt("WeChat accepted the refund. The money is on its way back."),
            _ADMIN_NOTHING),
    },
    'refundquery': _REFUND_STATES,
    'refund_notification': _REFUND_STATES,
    'downloadbill': {
        'SUCCESS': Entry(Kind.DONE, _lt("The bill was fetched."), _ADMIN_NOTHING),
        'NO_BILL_EXIST': Entry(
            Kind.DONE, _lt("There was no trade on that day."), _ADMIN_NOTHING),
    },
    'downloadfundflow': {
        'SUCCESS': Entry(Kind.DONE, _lt("The bill was fetched."), _ADMIN_NOTHING),
        'NO_BILL_EXIST': Entry(
            Kind.DONE, _lt("There was no trade on that day."), _ADMIN_NOTHING),
    },
    'authcodetoopenid': {
        'SUCCESS': Entry(Kind.DONE, _lt("The customer was recognised."), _ADMIN_NOTHING),
    },
}


# -- What failure says, endpoint by endpoint -----------------------------------------------------

_PARAMETER_REFUSED = Entry(
    Kind.REFUSED,
    _lt("WeChat refused the data of this payment. Please call your administrator."),
    _ADMIN_PARAMETER)
_NUMBER_TAKEN = Entry(Kind.TAKEN, _NUMBER_KNOWN, _ADMIN_SEQUENCE)
_NUMBER_GONE = Entry(
    Kind.REFUSED,
    _lt("WeChat refused this attempt because of its number. Start the payment again: it gets a "
        "new number."),
    _ADMIN_SEQUENCE)
_ATTEMPT_CLOSED = Entry(Kind.CLOSED, _NEW_ATTEMPT, _ADMIN_NOTHING)
_CODE_SPENT = Entry(Kind.REFUSED, _SCAN_AGAIN, _ADMIN_NOTHING)

_REFUND_PARAMETER = Entry(
    Kind.REFUSED, _REFUND_REFUSED,
    _lt("WeChat refused a number or an amount of this refund. Read its own words beside this "
        "message; the total must be the one of the payment."))
_CANNOT_ASK = Entry(Kind.CONFIG, '', _ADMIN_PARAMETER)

ERRORS = {
    'unifiedorder': {
        'NUMBER_TAKEN': _NUMBER_GONE,  # Our own conclusion, from a refusal and a query.
        'INVALID_REQUEST': _NUMBER_TAKEN,
        'INVALID_OUT_TRADE_NO': _NUMBER_TAKEN,
        'ORDERPAID': _NUMBER_TAKEN,
        'OUT_TRADE_NO_USED': _NUMBER_TAKEN,
        'ORDERCLOSED': _ATTEMPT_CLOSED,
        'ORDERREVERSED': _ATTEMPT_CLOSED,
        'SYSTEMERROR': Entry(
            Kind.RETRY,
            _lt("WeChat is busy, so no QR code can be shown yet. Please wait."),
            _ADMIN_WAIT),
        'NOTENOUGH': Entry(Kind.REFUSED, _OTHER_CARD, _ADMIN_NOTHING),
        'PARAM_ERROR': _PARAMETER_REFUSED,
        'LACK_PARAMS': _PARAMETER_REFUSED,
        'NOT_UTF8': _PARAMETER_REFUSED,
        # Nothing can be paid before a code was given out, so this refusal is a definite one.
        'RETURN_FAIL': Entry(
            Kind.CONFIG, _SETUP,
            _lt("WeChat refused the request before processing it. Read its own words beside this "
                "message, and check wechat.app_id, wechat.mch_id and wechat.api_key.")),
    },
    'micropay': {
        'NUMBER_TAKEN': _NUMBER_GONE,
        # Ours: found out before anything is sent.
        'NOT_A_PAYMENT_CODE': Entry(
            Kind.REFUSED,
            _lt("This is not a WeChat payment code; nothing was charged. Ask the customer to open "
                "Money > Pay in WeChat, then scan that code: 18 digits that begin with 10 to 16."),
            _ADMIN_NOTHING),
        'SYSTEMERROR': Entry(Kind.UNKNOWN, _CHECKING, _ADMIN_WAIT),
        'BANKERROR': Entry(Kind.UNKNOWN, _CHECKING, _ADMIN_WAIT),
        'USERPAYING': Entry(Kind.UNKNOWN, _CUSTOMER_PAYS, _ADMIN_WAIT),
        'ORDERPAID': _NUMBER_TAKEN,
        'OUT_TRADE_NO_USED': _NUMBER_TAKEN,
        'INVALID_REQUEST': Entry(
            Kind.TAKEN, _NUMBER_KNOWN,
            _lt("WeChat refused the request: the number was used before, the merchant account may "
                "not take payments at present, or there were too many calls. Read its own words "
                "beside this message. If another system works with the same merchant account, give "
                "the sequence WeChat Micropay a prefix of its own.")),
        'INVALID_OUT_TRADE_NO': _NUMBER_TAKEN,
        'BUYER_MISMATCH': _NUMBER_TAKEN,
        'ORDERCLOSED': _ATTEMPT_CLOSED,
        'ORDERREVERSED': _ATTEMPT_CLOSED,
        'AUTHCODEEXPIRE': _CODE_SPENT,
        'AUTH_CODE_ERROR': _CODE_SPENT,
        'AUTH_CODE_INVALID': Entry(
            Kind.REFUSED,
            _lt("This is not a WeChat payment code. Ask the customer to open Money > Pay in "
                "WeChat, then scan that code."),
            _ADMIN_NOTHING),
        'NOTENOUGH': Entry(
            Kind.REFUSED,
            _lt("There is not enough money on the customer's card or balance. Ask the customer to "
                "choose another one in WeChat, then scan the code again."),
            _ADMIN_NOTHING),
        'NOTSUPORTCARD': Entry(Kind.REFUSED, _OTHER_CARD, _ADMIN_NOTHING),
        'TRADE_ERROR': Entry(
            Kind.REFUSED,
            _lt("WeChat stopped this payment. The customer finds the reason in WeChat and can try "
                "again or pay in another way."),
            _lt("The customer's account or WeChat's risk control stopped the payment. Read "
                "WeChat's own words beside this message.")),
        'PARAM_ERROR': _PARAMETER_REFUSED,
        'LACK_PARAMS': _PARAMETER_REFUSED,
        'NOT_UTF8': _PARAMETER_REFUSED,
    },
    'orderquery': {
        'ORDERNOTEXIST': Entry(
            Kind.UNKNOWN,
            _lt("WeChat does not know this payment yet. Please wait: it is being checked."),
            _ADMIN_NUMBER),
        'PARAM_ERROR': _CANNOT_ASK,
        'LACK_PARAMS': _CANNOT_ASK,
        'NOT_UTF8': _CANNOT_ASK,
    },
    'closeorder': {
        'ORDERPAID': Entry(
            Kind.TAKEN,
            _lt("The customer paid before the payment could be closed. Please wait: it is being "
                "checked."),
            _ADMIN_NOTHING),
        'ORDERCLOSED': Entry(Kind.CLOSED, _CLOSED, _ADMIN_NOTHING),
        'SYSTEMERROR': Entry(Kind.RETRY, _STILL_CANCELLING, _ADMIN_WAIT),
        'ORDERNOTEXIST': Entry(Kind.UNKNOWN, _STILL_CANCELLING, _ADMIN_NUMBER),
        # The answer to a close within 5 minutes after the order.
        'INVALID_REQUEST': Entry(
            Kind.TOO_EARLY,
            _lt("WeChat closes a payment 5 minutes after it was started at the earliest. It "
                "will be closed by itself."),
            _lt("Nothing to do: the payment is closed later; if the customer still pays the "
                "withdrawn code, it is refunded.")),
        'TRADE_STATE_ERROR': Entry(
            Kind.TAKEN, _STILL_CANCELLING,
            _lt("The payment is in a state that cannot be closed; it is asked for instead.")),
        'PARAM_ERROR': _CANNOT_ASK,
        'LACK_PARAMS': _CANNOT_ASK,
        'NOT_UTF8': _CANNOT_ASK,
    },
    'reverse': {
        'SYSTEMERROR': Entry(Kind.UNKNOWN, _STILL_CANCELLING, _ADMIN_WAIT),
        'USERPAYING': Entry(
            Kind.RETRY,
            _lt("The customer is just paying. Please wait: the payment is being cancelled."),
            _ADMIN_WAIT),
        # Reversing is over, not the payment: what is known about it decides, so it is asked for.
        'REVERSE_EXPIRE': Entry(
            Kind.TAKEN,
            _lt("This payment is too old to be cancelled. If it was paid, refund it."),
            _lt("WeChat reverses payments for 7 days only. If the payment is paid, refund it.")),
        'INVALID_TRANSACTIONID': Entry(Kind.UNKNOWN, _STILL_CANCELLING, _ADMIN_NUMBER),
        'ORDERNOTEXIST': Entry(Kind.UNKNOWN, _STILL_CANCELLING, _ADMIN_NUMBER),
        # Also the answer to a reverse within 15 seconds after micropay.
        'INVALID_REQUEST': Entry(
            Kind.TOO_EARLY, _STILL_CANCELLING,
            _lt("WeChat did not accept the cancellation yet; it is repeated. If it stays so, "
                "check that the merchant account may call the reverse interface and that "
                "wechat.mch_cert and wechat.mch_key belong to wechat.mch_id.")),
        'TRADE_ERROR': Entry(
            Kind.UNKNOWN, _STILL_CANCELLING,
            _lt("WeChat's rules or risk control block this payment. Look it up on the WeChat Pay "
                "merchant platform.")),
        'PARAM_ERROR': _CANNOT_ASK,
        'LACK_PARAMS': _CANNOT_ASK,
        'NOT_UTF8': _CANNOT_ASK,
    },
    'refund': {
        'SYSTEMERROR': Entry(
            Kind.UNKNOWN,
            _lt("WeChat is busy. Do not refund again: this refund is being checked."),
            _ADMIN_WAIT),
        'BIZERR_NEED_RETRY': Entry(Kind.RETRY, _REFUND_WAITS, _ADMIN_NOTHING),
        'FREQUENCY_LIMITED': Entry(Kind.RETRY, _REFUND_WAITS, _ADMIN_RATE),
        'INVALID_REQ_TOO_MUCH': Entry(Kind.RETRY, _REFUND_WAITS, _ADMIN_RATE),
        'ORDER_NOT_READY': Entry(Kind.RETRY, _REFUND_WAITS, _ADMIN_NOTHING),
        'NOTENOUGH': Entry(
            Kind.RETRY,
            _lt("The shop's WeChat balance is too low for this refund. It will be sent again by "
                "itself; please tell the accountant."),
            _lt("Top up the merchant account on the WeChat Pay merchant platform; the refund "
                "is then sent again with the same number.")),
        'TOO_SOON': Entry(
            Kind.RETRY,
            _lt("WeChat takes one refund a minute for a payment. This one is sent by itself when "
                "the minute is over."),
            _ADMIN_NOTHING),
        'NOT_REFUNDABLE': Entry(
            Kind.CONFIG, _lt("This payment cannot be refunded with WeChat."),
            _lt("Give the money back in another way.")),
        'TRADE_OVERDUE': Entry(
            Kind.REFUSED,
            _lt("This payment is too old for a WeChat refund. Give the money back in another way."),
            _lt("WeChat refunds payments for one year only.")),
        'USER_ACCOUNT_ABNORMAL': Entry(
            Kind.REFUSED,
            _lt("The customer's WeChat account cannot take the refund. Give the money back in "
                "another way."),
            _lt("The customer's account was closed; this payment cannot be refunded through "
                "WeChat.")),
        'ERROR': Entry(
            Kind.UNKNOWN, '',
            _lt("Read WeChat's own words beside this message; the refund is asked for until its "
                "state is clear.")),
        'ORDERNOTEXIST': Entry(Kind.REFUSED, _REFUND_REFUSED, _ADMIN_NUMBER),
        'INVALID_TRANSACTIONID': Entry(Kind.REFUSED, _REFUND_REFUSED, _ADMIN_NUMBER),
        'PARAM_ERROR': _REFUND_PARAMETER,
        'LACK_PARAMS': _REFUND_PARAMETER,
        'NOT_UTF8': _REFUND_PARAMETER,
        'REFUND_FEE_MISMATCH': _REFUND_PARAMETER,
        'INVALID_REQUEST': Entry(Kind.REFUSED, _REFUND_REFUSED, _ADMIN_REFUND_SEQUENCE),
        'NOAUTH': Entry(
            Kind.CONFIG, _REFUND_SETUP,
            _lt("The merchant account may not refund through the interface, or this server's "
                "address is not in its refund IP white list: see the WeChat Pay merchant "
                "platform, product settings. A service provider needs the refund permission of "
                "wechat.sub_mch_id.")),
    },
    'refundquery': {
        'REFUNDNOTEXIST': Entry(
            Kind.RETRY, _REFUND_WAITS,
            _lt("WeChat never accepted this refund; it is sent again with the same number.")),
        'NOT_AT_WECHAT': Entry(
            Kind.UNKNOWN, _lt("WeChat knows of no such refund."),
            _lt("A notification told of this refund, but WeChat knows nothing of it: nothing was "
                "refunded. Only somebody who has wechat.api_key can write such a notification; "
                "change the key.")),
        'INVALID_TRANSACTIONID': Entry(Kind.CONFIG, '', _ADMIN_NUMBER),
        'INVALID_REQUEST': _CANNOT_ASK,
        'PARAM_ERROR': _CANNOT_ASK,
        'LACK_PARAMS': _CANNOT_ASK,
        'NOT_UTF8': _CANNOT_ASK,
    },
    'authcodetoopenid': {
        'AUTHCODEEXPIRE': _CODE_SPENT,
        'AUTH_CODE_ERROR': _CODE_SPENT,
        'AUTH_CODE_INVALID': _CODE_SPENT,
    },
}
_BILL_ERRORS = {
    'NO_BILL_EXIST': Entry(Kind.DONE, _lt("There was no trade on that day."), _ADMIN_NOTHING),
    'BILL_CREATING': Entry(
        Kind.RETRY, '',
            _lt("WeChat is still making this bill; it is ready after 10:00 Beijing time.")),
    'SYSTEMERROR': Entry(Kind.RETRY, '', _ADMIN_WAIT),
    'BAD_BILL': Entry(
        Kind.UNKNOWN, '', _lt("What WeChat sent is no complete bill; it is fetched again later.")),
    '100': Entry(Kind.RETRY, '', _ADMIN_WAIT),
    '20003': Entry(Kind.RETRY, '', _ADMIN_WAIT),
    '20100': Entry(Kind.RETRY, '', _ADMIN_WAIT),
    '20008': Entry(Kind.RETRY, '', _ADMIN_RATE),
    '20001': Entry(
        Kind.CONFIG, '',
        _lt("WeChat refused the request for the bill. Read its own words beside this message, and "
            "check wechat.app_id, wechat.mch_id, wechat.sub_mch_id and wechat.api_key.")),
    '20007': Entry(
        Kind.CONFIG, '',
        _lt("The merchant account may not download bills: open this permission on the WeChat Pay "
            "merchant platform.")),
}
ERRORS['downloadbill'] = _BILL_ERRORS
ERRORS['downloadfundflow'] = {**_BILL_ERRORS}

# With TLS 1.3 a server that rejects the client certificate may just cut the connection.
_CUT = Entry(
    Kind.UNKNOWN, '',
    _lt("The secure connection to WeChat broke. If this happens every time, check that "
        "wechat.mch_cert and wechat.mch_key are the valid certificate of wechat.mch_id, and the "
        "server's clock, root certificates and proxy."))
for _certified in ('reverse', 'refund', 'downloadfundflow'):
    ERRORS[_certified].update({'CONNECTION': _CUT, 'TLS': _CUT})


# -- What means the same everywhere --------------------------------------------------------------

_WIRE = Entry(Kind.CONFIG, _SETUP, _ADMIN_WIRE)

EVERYWHERE = {
    # Refused by WeChat before processing.
    'SIGNERROR': Entry(
        Kind.CONFIG, _SETUP,
        _lt("WeChat does not accept our signature. Set wechat.api_key to the 32-character "
            "APIv2 key of the merchant account wechat.mch_id (not the APIv3 key, not the app's "
            "secret).")),
    'NOAUTH': Entry(
        Kind.CONFIG, _SETUP,
        _lt("The merchant account wechat.mch_id may not use this product. Open it on the "
            "WeChat Pay merchant platform, product center.")),
    'APPID_NOT_EXIST': Entry(
        Kind.CONFIG, _SETUP, _lt("WeChat does not know this app. Correct wechat.app_id.")),
    'MCHID_NOT_EXIST': Entry(
        Kind.CONFIG, _SETUP,
        _lt("WeChat does not know this merchant. Correct wechat.mch_id, and wechat.sub_mch_id if "
            "you are a service provider.")),
    'APPID_MCHID_NOT_MATCH': Entry(
        Kind.CONFIG, _SETUP,
        _lt("The app is not bound to the merchant. Correct wechat.app_id or wechat.mch_id, or bind "
            "them on the WeChat Pay merchant platform.")),
    'CERT_ERROR': Entry(
        Kind.CONFIG, _SETUP,
        _lt("WeChat does not accept the client certificate. Set wechat.mch_cert and "
            "wechat.mch_key to the valid apiclient_cert.pem and apiclient_key.pem of "
            "wechat.mch_id.")),
    'PARAM_ERROR': Entry(Kind.CONFIG, _SETUP, _ADMIN_PARAMETER),
    'LACK_PARAMS': Entry(Kind.CONFIG, _SETUP, _ADMIN_PARAMETER),
    'NOT_UTF8': Entry(Kind.CONFIG, _SETUP, _ADMIN_PARAMETER),
    'XML_FORMAT_ERROR': _WIRE,
    'REQUIRE_POST_METHOD': _WIRE,
    'POST_DATA_EMPTY': _WIRE,
    'SYSTEMERROR': Entry(Kind.UNKNOWN, '', _ADMIN_WAIT),
    'INVALID_OUT_TRADE_NO': Entry(Kind.UNKNOWN, '', _ADMIN_SEQUENCE),
    'RETURN_FAIL': Entry(
        Kind.UNKNOWN, '',
        _lt("WeChat refused the request without a code. Read its own words beside this "
            "message, and check wechat.app_id, wechat.mch_id and wechat.api_key.")),

    # Refused by us before sending.
    'CERT_MISSING': Entry(
        Kind.CONFIG, _REFUND_SETUP,
        _lt("Refunds and cancellations need the merchant's certificate. Set wechat.mch_cert and "
            "wechat.mch_key to the paths of apiclient_cert.pem and apiclient_key.pem on the Odoo "
            "server.")),
    'CERT_UNREADABLE': Entry(
        Kind.CONFIG, _REFUND_SETUP,
        _lt("The Odoo server may not read the files in wechat.mch_cert and wechat.mch_key. "
            "Make them readable for the user that runs Odoo, and for nobody else.")),
    'CERT_INVALID': Entry(
        Kind.CONFIG, _REFUND_SETUP,
        _lt("The files in wechat.mch_cert and wechat.mch_key are no matching pair of "
            "certificate and key. Use apiclient_cert.pem and apiclient_key.pem as downloaded "
            "together from the WeChat Pay merchant platform, not the .p12 file.")),
    'CERT_EXPIRED': Entry(
        Kind.CONFIG, _REFUND_SETUP,
        _lt("The merchant's certificate has expired. Download a new one from the WeChat Pay "
            "merchant platform and set wechat.mch_cert and wechat.mch_key to it.")),
    'BAD_URL': Entry(
        Kind.CONFIG, _SETUP,
        _lt("wechat.api_url is no web address. Empty it to use WeChat's own, or begin it with "
            "https://.")),
    'SANDBOX_UNSUPPORTED': Entry(
        Kind.CONFIG,
        _lt("WeChat's sandbox does not offer this. Please call your administrator."),
        _lt("WeChat's sandbox serves payment codes (micropay) and their query only. For QR codes, "
            "refunds and cancellations set wechat.local_sandbox to 1, or empty wechat.sandbox.")),

    'NOT_SET_UP': Entry(
        Kind.CONFIG, _SETUP,
        _lt("Fill in wechat.app_id, wechat.mch_id and wechat.api_key under Settings > Technical > "
            "System Parameters.")),
    'FEE_TYPE': Entry(
        Kind.CONFIG,
        _lt("WeChat Pay cannot take this currency. Take another payment, and tell your "
            "administrator."),
        _lt("The merchant account takes the currencies in wechat.fee_type (CNY if empty). Give the "
            "shop a pricelist and journals in one of them, or list its currency if the merchant "
            "account takes it.")),
    'AMOUNT': Entry(
        Kind.CONFIG, _lt("There is nothing to pay: WeChat takes amounts above zero only."),
        _ADMIN_NOTHING),
    'FOREIGN_EVIDENCE': Entry(
        Kind.UNKNOWN, '',
        _lt("WeChat's answer speaks of another trade than this one, so it was not believed. Read "
            "in the evidence what differs; if another system works with the same merchant account, "
            "give the sequences WeChat Order and WeChat Micropay a prefix of their own.")),
    'NEUTRALIZED': Entry(
        Kind.CONFIG, _SETUP,
        _lt("This database is a copy made for tests; its unfinished payments belong to the "
            "original.")),

    # No answer, or none that can be trusted.
    'CERT_REJECTED': Entry(
        Kind.CONFIG, _REFUND_SETUP,
        _lt("WeChat does not accept the client certificate. Set wechat.mch_cert and "
            "wechat.mch_key to the valid apiclient_cert.pem and apiclient_key.pem of "
            "wechat.mch_id.")),
    'NO_CONNECTION': Entry(
        Kind.UNKNOWN,
        _lt("WeChat cannot be reached. Please wait: it is tried again."),
        _lt("This server cannot connect to WeChat. Check its internet access, DNS, firewall and "
            "proxy, and wechat.api_url.")),
    'CONNECTION': Entry(
        Kind.UNKNOWN, '',
        _lt("The connection to WeChat broke. If this happens often, check the server's internet "
            "access and proxy.")),
    'TIMEOUT': Entry(
        Kind.UNKNOWN, '',
        _lt("WeChat did not answer in time. If this happens often, check the server's internet "
            "access and proxy.")),
    'TLS': Entry(
        Kind.UNKNOWN, '',
        _lt("The secure connection to WeChat failed. Check the server's clock and its root "
            "certificates, that no proxy opens the connection, and wechat.api_url.")),
    'TOO_LARGE': Entry(
        Kind.UNKNOWN, '',
        _lt("The reply was longer than any of WeChat's. Check that wechat.api_url points to "
            "WeChat.")),
    'BAD_XML': Entry(
        Kind.UNKNOWN, '',
        _lt("The reply was not WeChat's XML. Check that wechat.api_url points to WeChat and "
            "that no proxy answers in its place.")),
    'BAD_SIGNATURE': Entry(
        Kind.UNKNOWN, '',
        _lt("The signature of WeChat's message is wrong, so it was not believed. Check that "
            "wechat.api_key is the APIv2 key of wechat.mch_id.")),
    'FOREIGN_REPLY': Entry(
        Kind.UNKNOWN, '',
        _lt("The message speaks of another merchant, app or number, so it was not believed. Check "
            "wechat.app_id, wechat.mch_id and wechat.sub_mch_id.")),
    'WRONG_AMOUNT': Entry(
        Kind.UNKNOWN,
        _lt("WeChat reports another amount for this payment. Please call your administrator."),
        _lt("The amount or currency at WeChat differs from ours: the number may belong to "
            "another system's payment. Compare both, and give the sequences WeChat Order and "
            "WeChat Micropay a prefix that no other system uses.")),
    'INCOMPLETE_REPLY': Entry(
        Kind.UNKNOWN, '',
        _lt("A field is missing in WeChat's message, so it was not believed; WeChat is asked "
            "again.")),
}
