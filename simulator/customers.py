# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The customers' side: accounts, payment codes, and what one does with the phone."""
import base64
import hashlib
import json
import re
import secrets
from urllib.parse import parse_qs, urlsplit

from .errors import PhoneError
from .ledger import insert, update

CODE_SECONDS = 60
PASSWORD_FROM = 100000          # fen: from 1000 yuan the password is always asked
DEFAULT_BALANCE = 500000        # fen

SETTINGS = {
    'name_zh': "",
    'password': 'auto',         # asked: 'auto' from 1000 yuan, 'always', 'never'
    'password_free_daily': 0,   # 'auto': so many payments a day without a password; 0: no limit
    'card': 'balance',          # 'balance', 'debit', 'credit'
    'wallet': 'CN',             # 'HK': codes begin with 15
    'blocked': False,           # by risk control: TRADE_ERROR
    'closed': False,            # account gone: refunds are refused
    'refund_status': 'SUCCESS', # how a refund to it ends: SUCCESS, CHANGE, REFUNDCLOSE
    'auto': 'wait',             # what it does when asked, without anybody touching the phone
    'auto_after': 0,            # simulated seconds until it does so
}
CHOICES = {
    'password': ('auto', 'always', 'never'),
    'card': ('balance', 'debit', 'credit'),
    'wallet': ('CN', 'HK'),
    'refund_status': ('SUCCESS', 'CHANGE', 'REFUNDCLOSE'),
    'auto': ('wait', 'pay', 'wrong_password', 'not_enough', 'cancel', 'silent'),
}
BANK_TYPES = {'balance': 'OTHERS', 'debit': 'CMB_DEBIT', 'credit': 'CMB_CREDIT'}


def create_account(db, name, balance=DEFAULT_BALANCE, **settings):
    """Open an account; `balance` in fen."""
    if not name or not isinstance(name, str):
        raise ValueError("An account needs a name.")
    if db.execute('SELECT 1 FROM accounts WHERE name = ?', [name]).fetchone():
        raise ValueError(f"There is an account {name} already.")
    account_id = insert(db, 'accounts', name=name, balance=0, settings='{}')
    return change_account(db, get_account(db, account_id), balance=balance, **settings)


def create_demo_accounts(db):
    create_account(db, "Li Lei", name_zh="李雷")
    create_account(db, "Han Meimei", name_zh="韩梅梅", card='debit')


def get_account(db, which):
    """The account by id, name or dict, or ``None``."""
    if isinstance(which, dict):
        which = which['id']
    column = 'id' if isinstance(which, int) or str(which).isdigit() else 'name'
    row = db.execute(f'SELECT * FROM accounts WHERE {column} = ?', [which]).fetchone()
    if not row:
        return None
    return {
        'id': row['id'], 'name': row['name'], 'balance': row['balance'],
        **SETTINGS, **json.loads(row['settings']),
    }


def need_account(db, which):
    account = get_account(db, which)
    if not account:
        raise PhoneError('NO_ACCOUNT', f"There is no account {which}.")
    return account


def list_accounts(db):
    return [get_account(db, row['id']) for row in db.execute('SELECT id FROM accounts ORDER BY id')]


def change_account(db, account, **changes):
    """Change the balance (fen) or settings; returns the account as it is then.

    :raise ValueError: for an unknown setting or value
    """
    account = {**account, **changes}
    unknown = set(account) - set(SETTINGS) - {'id', 'name', 'balance'}
    if unknown:
        known = ', '.join(['balance', *SETTINGS])
        raise ValueError(f"An account has no {', '.join(sorted(unknown))}; it has {known}.")
    for name, choices in CHOICES.items():
        if account[name] not in choices:
            raise ValueError(f"{name} is one of {', '.join(choices)}.")
    if isinstance(account['balance'], bool) or not isinstance(account['balance'], int):
        raise ValueError("Give balance as an integer number of fen.")
    update(
        db, 'accounts', account['id'], name=account['name'], balance=account['balance'],
        settings=json.dumps({name: account[name] for name in SETTINGS}),
    )
    return get_account(db, account['id'])


def openid(account_id, appid):
    """The customer's openid under an app: another one for every app, always the same."""
    digest = hashlib.sha256(f'{appid}:{account_id}'.encode()).digest()
    return 'o' + base64.urlsafe_b64encode(digest).decode('ascii')[:27]


def account_of_openid(db, wanted, appid):
    for row in db.execute('SELECT id FROM accounts'):
        if openid(row['id'], appid) == wanted:
            return get_account(db, row['id'])
    return None


def current_code(db, account, now):
    """The payment code on the phone now: a new one each minute and after each use.

    :return: dict with `code` (18 digits) and `seconds` that it is still good for
    """
    shown = shown_code(db, account, now)
    if shown:
        return shown
    first = '15' if account['wallet'] == 'HK' else f'1{secrets.randbelow(5)}'
    code = f'{first}{secrets.randbelow(10 ** 16):016d}'
    insert(db, 'codes', code=code, account_id=account['id'], issued_at=now)
    return {'code': code, 'seconds': CODE_SECONDS}


def shown_code(db, account, now):
    """The code that is on the phone, if it is still good; else ``None``."""
    row = db.execute(
        # By the order of issue, not by the time: the clock may have been turned back.
        'SELECT * FROM codes WHERE account_id = ? ORDER BY rowid DESC LIMIT 1',
        [account['id']],
    ).fetchone()
    if row and not row['used'] and row['issued_at'] <= now < row['issued_at'] + CODE_SECONDS:
        return {'code': row['code'], 'seconds': row['issued_at'] + CODE_SECONDS - now}
    return None


def read_link(text):
    """What a customer's camera or browser got, as ``(kind, token)``.

    Takes a `code_url` of either form, an `mweb_url`, a `prepay_id` (bare, or as the package
    `prepay_id=…` of a JSAPI payment) or a bare `pr`.

    :return: kind ``pr`` or ``prepay_id``
    :raise PhoneError: NOT_A_CODE
    """
    text = text.strip()
    query = parse_qs(urlsplit(text).query) if '?' in text else parse_qs(text)
    for name in ('pr', 'prepay_id'):
        if name in query:
            return name, query[name][0]
    if re.fullmatch(r'wx[0-9a-z]{34}', text):
        return 'prepay_id', text
    if re.fullmatch(r'[0-9A-Za-z]{8,16}', text):
        return 'pr', text
    raise PhoneError('NOT_A_CODE', "This is not a WeChat Pay code.")
