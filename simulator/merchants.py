# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Merchants of the simulated WeChat, and the money on their accounts."""
import json
from decimal import ROUND_HALF_UP, Decimal

from .ledger import insert
from .wire import random_text

DEMO_MERCHANT = {
    'appid': 'wx5d1e0c0ffee00001',
    'appsecret': 'demo0appsecret0of0the0simulator0',
    'mch_id': '1900000109',
    'api_key': 'demo0api0key0of0the0simulator001',
    'name': "Demo Shop 示范商店",
    'fee_types': ['CNY'],
}

DEMO_PROVIDER = {
    'appid': 'wx5d1e0c0ffee00002',
    'mch_id': '1900000209',
    'api_key': 'demo0api0key0of0the0simulator002',
    'name': "Demo Service Provider 示范服务商",
    'fee_types': ['CNY'],
    'sub_mch_id': '1900000309',
    'sub_appid': 'wx5d1e0c0ffee00003',
}

OLD_KEY_SECONDS = 15 * 24 * 3600

SETTINGS = {
    'name': "",
    'appids': [],               # bound to this merchant
    'appsecret': "",
    'api_key': "",              # APIv2 key, 32 characters
    'old_api_key': "",          # still good until old_key_until
    'old_key_until': 0,
    'fee_types': ['CNY'],       # currencies that it may take
    'any_currency': False,
    'sub_merchants': {},        # service provider: {sub_mch_id: {'appids': […], 'refund': True}}
    'no_auth': [],              # what is not opened: NATIVE, MICROPAY, refund, …
    'refund_seconds': 5,        # simulated seconds from PROCESSING to the end of a refund
    'refund_notify_url': "",    # set on the merchant platform
    'rate': '0.006',            # WeChat's fee
    'sandbox_signkey': "",
}
BALANCES = ('balance', 'recharge_balance', 'fees_balance')


def create_merchant(db, mch_id, **changes):
    """Add a merchant, with a random key unless one is given."""
    settings = {**SETTINGS, 'api_key': random_text(32), 'sandbox_signkey': random_text(32)}
    insert(
        db, 'merchants', mch_id=mch_id, balance=0, recharge_balance=0, fees_balance=0,
        settings=json.dumps(settings),
    )
    return change_merchant(db, get_merchant(db, mch_id), 0, **changes)


def create_demo_merchants(db):
    demo, provider = DEMO_MERCHANT, DEMO_PROVIDER
    create_merchant(
        db, demo['mch_id'], name=demo['name'], appids=[demo['appid']], api_key=demo['api_key'],
        appsecret=demo['appsecret'], fee_types=demo['fee_types'],
    )
    create_merchant(
        db, provider['mch_id'], name=provider['name'], appids=[provider['appid']],
        api_key=provider['api_key'], fee_types=provider['fee_types'],
        sub_merchants={
            provider['sub_mch_id']: {'appids': [provider['sub_appid']], 'refund': True},
        },
    )


def get_merchant(db, mch_id):
    """The merchant as a dict, or ``None``."""
    row = db.execute('SELECT * FROM merchants WHERE mch_id = ?', [mch_id]).fetchone()
    if not row:
        return None
    return {
        'mch_id': row['mch_id'],
        **{name: row[name] for name in BALANCES},
        **SETTINGS,
        **json.loads(row['settings']),
    }


def change_merchant(db, merchant, now, void_old_key=False, **changes):
    """Change settings or balances (fen); returns the merchant as it is then.

    A new `api_key` works at once and the old one for 15 days more, as with WeChat, unless
    `void_old_key` is given.

    :raise ValueError: for an unknown setting or a balance that is not an integer
    """
    if 'appid' in changes:
        changes['appids'] = [changes.pop('appid')]
    unknown = set(changes) - set(SETTINGS) - set(BALANCES)
    if unknown:
        known = ', '.join([*BALANCES, *SETTINGS])
        raise ValueError(f"A merchant has no {', '.join(sorted(unknown))}; it has {known}.")
    merchant = dict(merchant)
    new_key = changes.get('api_key')
    if new_key is not None:
        if not isinstance(new_key, str) or len(new_key) != 32:
            raise ValueError("An APIv2 key has 32 characters.")
        if new_key != merchant['api_key']:
            changes.setdefault('old_api_key', merchant['api_key'])
            changes.setdefault('old_key_until', now + OLD_KEY_SECONDS)
    if void_old_key:
        changes.update(old_api_key='', old_key_until=0)
    for name in BALANCES:
        if name in changes and (isinstance(changes[name], bool)
                                or not isinstance(changes[name], int)):
            raise ValueError(f"Give {name} as an integer number of fen.")
    merchant.update(changes)
    db.execute(
        'UPDATE merchants SET balance = ?, recharge_balance = ?, fees_balance = ?, settings = ?'
        ' WHERE mch_id = ?',
        [
            *(merchant[name] for name in BALANCES),
            json.dumps({name: merchant[name] for name in SETTINGS}),
            merchant['mch_id'],
        ],
    )
    return get_merchant(db, merchant['mch_id'])


def list_merchants(db):
    rows = db.execute('SELECT mch_id FROM merchants ORDER BY rowid').fetchall()
    return [get_merchant(db, row['mch_id']) for row in rows]


def valid_keys(merchant, now):
    """The keys that a request may be signed with, the current one first."""
    keys = [merchant['api_key']]
    if merchant['old_api_key'] and now < merchant['old_key_until']:
        keys.append(merchant['old_api_key'])
    return keys


def fee(merchant, amount):
    """WeChat's fee on an amount in fen: an exact ``Decimal`` of fen."""
    return Decimal(amount) * Decimal(merchant['rate'])


def move(db, mch_id, name, amount, now, reference, voucher, column='balance'):
    """Book `amount` fen (negative: out) on one of the merchant's accounts, with its flow row."""
    db.execute(
        f'UPDATE merchants SET {column} = {column} + ? WHERE mch_id = ?', [amount, mch_id]
    )
    balance = db.execute(
        f'SELECT {column} FROM merchants WHERE mch_id = ?', [mch_id]
    ).fetchone()[0]
    insert(
        db, 'flows', mch_id=mch_id, account_type='Fees' if column == 'fees_balance' else 'Basic',
        at=now, reference=reference, name=name, amount=amount, balance=balance, voucher=voucher,
    )


def move_fee(db, merchant, amount, now, reference, voucher):
    """Take WeChat's fee on a payment of `amount` fen, or give it back on a negative one."""
    taken = int(fee(merchant, amount).quantize(Decimal(1), ROUND_HALF_UP))
    if taken:
        name = "扣除交易手续费" if taken > 0 else "返还交易手续费"
        move(db, merchant['mch_id'], name, -taken, now, reference, voucher, 'fees_balance')
