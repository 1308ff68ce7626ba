# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

"""WeChat's own sandbox: its addresses, and the key that it signs with."""

import hashlib
import threading
import time

PATHS = {
    'pay/micropay': 'xdc/apiv2sandbox/pay/micropay',
    'pay/orderquery': 'xdc/apiv2sandbox/pay/orderquery',
}
KEY_PATH = 'xdc/apiv2getsignkey/sign/getsignkey'
KEY_LIFETIME = 3600  # seconds

_keys = {}
_lock = threading.Lock()


def sandbox_key(credentials, fetch):
    """Return the merchant's sandbox key, asking WeChat at most once an hour.

    :param Credentials credentials: whose key
    :param fetch: called without arguments when the key is not known; returns it
    """
    slot = _slot(credentials)
    with _lock:
        key, fetched = _keys.get(slot, (None, 0))
    if key is None or time.monotonic() - fetched > KEY_LIFETIME:
        key = fetch()
        with _lock:
            _keys[slot] = (key, time.monotonic())
    return key


def forget_sandbox_key(credentials):
    """Ask WeChat for the key at the next call: the known one was refused."""
    with _lock:
        _keys.pop(_slot(credentials), None)


def _slot(credentials):
    # The real key decides which sandbox key we get, but need not lie around a second time.
    digest = hashlib.sha256(credentials.api_key.encode()).hexdigest()
    return credentials.api_url, credentials.mch_id, digest
