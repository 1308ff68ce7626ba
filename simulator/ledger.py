# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The ledger: one SQLite file that holds everything the simulated WeChat knows.

Several processes and threads may work on the same file at once. Every change is one short
transaction, so that a process killed at any moment leaves either all of it or nothing.
"""
import json
import os
import sqlite3
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

VERSION = '1'
BUSY_SECONDS = 20

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS merchants (
    mch_id TEXT PRIMARY KEY,
    balance INTEGER NOT NULL,               -- fen, what refunds are taken from by default
    recharge_balance INTEGER NOT NULL,      -- fen, REFUND_SOURCE_RECHARGE_FUNDS
    fees_balance INTEGER NOT NULL,          -- fen, what WeChat's fee is taken from
    settings TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS accounts (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    balance INTEGER NOT NULL,               -- fen
    settings TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS codes (
    code TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL,
    issued_at REAL NOT NULL,
    used INTEGER NOT NULL DEFAULT 0,
    bound_mch_id TEXT
);
CREATE INDEX IF NOT EXISTS codes_account ON codes (account_id);
CREATE TABLE IF NOT EXISTS trades (
    id INTEGER PRIMARY KEY,
    mch_id TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    sandbox INTEGER NOT NULL DEFAULT 0,
    appid TEXT NOT NULL,
    sub_appid TEXT NOT NULL,
    sub_mch_id TEXT NOT NULL,
    trade_type TEXT NOT NULL,
    trade_state TEXT NOT NULL,
    total_fee INTEGER NOT NULL,
    cash_fee INTEGER NOT NULL,
    coupon_fee INTEGER NOT NULL DEFAULT 0,
    fee_type TEXT NOT NULL,
    request TEXT NOT NULL,                  -- the parameters as first sent
    transaction_id TEXT,
    reverse_id TEXT,
    openid TEXT NOT NULL DEFAULT '',
    sub_openid TEXT NOT NULL DEFAULT '',
    bank_type TEXT NOT NULL DEFAULT '',
    account_id INTEGER,                     -- who scanned or showed the code
    asked TEXT NOT NULL DEFAULT '',         -- '', 'asked' (on the phone), 'silent' (put away)
    last_event TEXT NOT NULL DEFAULT '',    -- what the customer did last
    auto_at REAL,
    created_at REAL NOT NULL,
    expire_at REAL NOT NULL,
    paid_at REAL,
    ended_at REAL,
    refunded_fee INTEGER NOT NULL DEFAULT 0,
    UNIQUE (mch_id, sandbox, out_trade_no)
);
CREATE INDEX IF NOT EXISTS trades_transaction ON trades (transaction_id);
CREATE INDEX IF NOT EXISTS trades_open ON trades (expire_at)
    WHERE trade_state IN ('NOTPAY', 'USERPAYING');
CREATE INDEX IF NOT EXISTS trades_auto ON trades (auto_at) WHERE auto_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS trades_account ON trades (account_id, id);
CREATE TABLE IF NOT EXISTS tokens (
    token TEXT PRIMARY KEY,                 -- prepay_id, or the pr of a code_url
    trade_id INTEGER NOT NULL,
    expire_at REAL NOT NULL,
    void INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS tokens_trade ON tokens (trade_id);
CREATE TABLE IF NOT EXISTS refunds (
    id INTEGER PRIMARY KEY,
    trade_id INTEGER NOT NULL,
    mch_id TEXT NOT NULL,
    out_refund_no TEXT NOT NULL,
    refund_id TEXT NOT NULL,
    refund_fee INTEGER NOT NULL,
    refund_status TEXT NOT NULL,
    final_status TEXT NOT NULL,             -- what PROCESSING turns into at due_at
    refund_account TEXT NOT NULL,
    source TEXT NOT NULL,                   -- API or VENDOR_PLATFORM
    request TEXT NOT NULL,
    notify_url TEXT NOT NULL,
    created_at REAL NOT NULL,
    due_at REAL NOT NULL,
    success_at REAL,
    UNIQUE (mch_id, out_refund_no)
);
CREATE INDEX IF NOT EXISTS refunds_trade ON refunds (trade_id);
CREATE INDEX IF NOT EXISTS refunds_id ON refunds (refund_id);
CREATE INDEX IF NOT EXISTS refunds_open ON refunds (due_at) WHERE refund_status = 'PROCESSING';
CREATE TABLE IF NOT EXISTS flows (
    id INTEGER PRIMARY KEY,
    mch_id TEXT NOT NULL,
    account_type TEXT NOT NULL,             -- Basic, Operation or Fees
    at REAL NOT NULL,
    reference TEXT NOT NULL,
    name TEXT NOT NULL,
    amount INTEGER NOT NULL,                -- fen, negative when money leaves
    balance INTEGER NOT NULL,               -- fen, afterwards
    voucher TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS flows_day ON flows (mch_id, account_type, at);
CREATE TABLE IF NOT EXISTS notifications (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,                     -- payment or refund
    trade_id INTEGER NOT NULL,
    refund_id INTEGER,
    url TEXT NOT NULL,
    state TEXT NOT NULL,                    -- waiting, delivered, given_up
    tries INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    next_at REAL NOT NULL,
    hold_tries INTEGER,                     -- reorder: not before so many tries in all
    hold_until REAL,
    delayed INTEGER NOT NULL DEFAULT 0,
    claim TEXT,
    claimed_at REAL
);
CREATE INDEX IF NOT EXISTS notifications_due ON notifications (next_at) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS tries (
    id INTEGER PRIMARY KEY,
    notification_id INTEGER NOT NULL,
    at REAL NOT NULL,
    fault TEXT NOT NULL,
    body TEXT NOT NULL,
    status INTEGER,
    reply TEXT NOT NULL,
    ok INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS tries_notification ON tries (notification_id);
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY,
    endpoint TEXT NOT NULL,
    kind TEXT NOT NULL,
    times INTEGER,                          -- NULL: always
    out_trade_no TEXT,
    params TEXT NOT NULL
);
"""

TABLES = (
    'meta', 'merchants', 'accounts', 'codes', 'trades', 'tokens', 'refunds', 'flows',
    'notifications', 'tries', 'faults',
)


class LedgerError(Exception):
    """The ledger file cannot be used; the message says what to do."""


class Ledger:
    """Connections to one ledger file, pooled per process.

    :param path: the SQLite file; ``None`` makes one in a private temporary folder that goes
        away with `close()`
    """

    def __init__(self, path=None):
        self._folder = None
        if path is None:
            self._folder = tempfile.TemporaryDirectory(prefix='wechat-simulator-')
            path = Path(self._folder.name) / 'ledger.sqlite'
        self.path = Path(path)
        self._lock = threading.Lock()
        self._idle = []
        self._pid = os.getpid()
        self._abandoned = []
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._connection() as connection:
                self._prepare(connection)
        except (OSError, sqlite3.DatabaseError) as error:
            raise LedgerError(
                f"The ledger {self.path} cannot be used ({error}). "
                "Name another file, or delete this one to start afresh."
            ) from error

    def _prepare(self, connection):
        connection.execute('PRAGMA journal_mode = WAL')
        connection.execute('BEGIN IMMEDIATE')
        try:
            for statement in SCHEMA.split(';'):
                if statement.strip():
                    connection.execute(statement)
            connection.execute("INSERT OR IGNORE INTO meta VALUES ('version', ?)", [VERSION])
            connection.execute('COMMIT')
        except sqlite3.DatabaseError:
            connection.execute('ROLLBACK')
            raise
        (found,) = connection.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
        if found != VERSION:
            raise LedgerError(
                f"The ledger {self.path} was written by another version of the simulator. "
                "Delete the file to start afresh."
            )

    @contextmanager
    def _connection(self):
        with self._lock:
            if self._pid != os.getpid():
                # A connection must not cross a fork. It is put aside rather than closed, because
                # closing it here would drop the locks that the parent process holds.
                self._abandoned += self._idle
                self._idle = []
                self._pid = os.getpid()
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            connection.row_factory = sqlite3.Row
            connection.execute('PRAGMA synchronous = NORMAL')
        try:
            yield connection
        finally:
            with self._lock:
                self._idle.append(connection)

    @contextmanager
    def write(self):
        """One transaction that may change things.

        An exception undoes it, except one whose ``keep`` is true (a refusal that has changed
        something, such as a payment code that is now used up).
        """
        with self._connection() as connection:
            connection.execute('BEGIN IMMEDIATE')
            try:
                yield connection
            except BaseException as error:
                connection.execute('COMMIT' if getattr(error, 'keep', False) else 'ROLLBACK')
                raise
            connection.execute('COMMIT')

    @contextmanager
    def read(self):
        """One consistent look at the ledger."""
        with self._connection() as connection:
            connection.execute('BEGIN')
            try:
                yield connection
            finally:
                connection.execute('COMMIT')

    def clear(self, db):
        """Forget everything, inside the transaction `db`."""
        for table in TABLES:
            db.execute(f'DELETE FROM {table}')
        db.execute("INSERT INTO meta VALUES ('version', ?)", [VERSION])

    def close(self):
        """Close the idle connections; a temporary ledger is deleted."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        if self._folder is not None:
            self._folder.cleanup()


def get_meta(db, key, default=None):
    row = db.execute('SELECT value FROM meta WHERE key = ?', [key]).fetchone()
    return json.loads(row['value']) if row else default


def set_meta(db, key, value):
    db.execute('INSERT OR REPLACE INTO meta VALUES (?, ?)', [key, json.dumps(value)])


def next_number(db, name):
    """The next number of a counter, from 1."""
    number = get_meta(db, f'counter_{name}', 0) + 1
    set_meta(db, f'counter_{name}', number)
    return number


def insert(db, table, **values):
    """Insert one row; returns its id."""
    columns = ', '.join(values)
    marks = ', '.join('?' for _ in values)
    cursor = db.execute(
        f'INSERT INTO {table} ({columns}) VALUES ({marks})', list(values.values())
    )
    return cursor.lastrowid


def update(db, table, row_id, **values):
    """Change one row by its id."""
    assignments = ', '.join(f'{column} = ?' for column in values)
    db.execute(f'UPDATE {table} SET {assignments} WHERE id = ?', [*values.values(), row_id])
