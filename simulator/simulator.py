# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""`Simulator`: a WeChat Pay V2 on one's own machine, as one object."""
import logging
import threading

from . import customers, faults, merchants, notifier, refunds, trades
from .adapter import Adapter
from .clock import Clock
from .errors import PhoneError
from .ledger import Ledger, get_meta, set_meta
from .server import Server
from .web import Web

LONGEST_PHONE_URL = trades.CODE_URL_LENGTH - len('?pr=') - 8    # 8: the shortest token

_logger = logging.getLogger(__name__)


class Simulator:
    """The engine, its ledger, and everything one can do to it.

    Amounts are fen. Accounts are named by the dict that `account()` returns, by id or by name.

    :param ledger: path of the SQLite file; ``None`` for a temporary one
    :param str phone_url: address of the phone page, at most 52 characters, which then stands in
        the codes; without it codes look like WeChat's own
    :param bool any_currency: every merchant takes any currency
    :param bool require_cert: demand the client certificate also in process and over plain HTTP
        (where none can be shown)
    :raise LedgerError: the file cannot be used
    """

    # Real seconds that a merchant has to answer a notification.
    reply_seconds = 5

    def __init__(self, ledger=None, phone_url=None, any_currency=False, require_cert=False):
        self.phone_url = None
        self.set_phone_url(phone_url)
        self.any_currency = any_currency
        self.require_cert = require_cert
        self.ledger = Ledger(ledger)
        self.clock = Clock(self.ledger)
        self._news = threading.Condition()
        self.news = 0
        with self.ledger.write() as db:
            if not get_meta(db, 'seeded'):
                self._seed(db)
        self.wsgi_app = Web(self)

    def set_phone_url(self, phone_url):
        """Set the address that stands in the codes from now on; ``None`` for WeChat's own form.

        An address that is too long for a code of 64 characters counts as none: the phone also
        takes WeChat's form, pasted into its scan box.
        """
        if phone_url and len(phone_url) > LONGEST_PHONE_URL:
            _logger.warning(
                "The address of the phone page is longer than %d characters and does not fit into "
                "a code: the codes are of WeChat's own form.", LONGEST_PHONE_URL,
            )
            phone_url = None
        self.phone_url = phone_url

    # ---- ways in ---------------------------------------------------------------------------

    def adapter(self, prefix=''):
        """An adapter for `requests`: the same engine without a socket."""
        return Adapter(self, prefix)

    def serve(self, host='127.0.0.1', port=0, tls=None, notify=True):
        """Serve real HTTP from a thread.

        :param int port: 0 takes a free one
        :param tls: folder with the certificates (made if absent): HTTPS, and certified calls
            demand the merchant's client certificate
        :param bool notify: send notifications in the background
        :return: object with `url`, `port` and `stop()`
        :raise OSError: the port is taken
        """
        return Server(self, host, port, tls, notify)

    def deliver_due(self, post=None):
        """Send the notifications that are due; see `notifier.deliver_due`."""
        return notifier.deliver_due(self, post)

    # ---- customers -------------------------------------------------------------------------

    def account(self, name=None):
        """The account of that name, opened when it is mentioned first; without one the default."""
        with self.ledger.write() as db:
            if name is None:
                return customers.list_accounts(db)[0]
            return customers.get_account(db, name) or customers.create_account(db, name)

    def accounts(self):
        """All accounts."""
        with self.ledger.read() as db:
            return customers.list_accounts(db)

    def create_account(self, name, **settings):
        """Open an account; `balance` in fen, settings as in `customers.SETTINGS`."""
        with self.ledger.write() as db:
            return customers.create_account(db, name, **settings)

    def set_account(self, account, **changes):
        """Change an account's balance (fen) or settings."""
        with self.ledger.write() as db:
            return customers.change_account(db, customers.need_account(db, account), **changes)

    def balance(self, account=None):
        """What is on an account, in fen."""
        self.settle()
        with self.ledger.read() as db:
            if account is None:
                return customers.list_accounts(db)[0]['balance']
            return customers.need_account(db, account)['balance']

    def openid(self, account, appid):
        """The account's openid under an app."""
        with self.ledger.read() as db:
            return customers.openid(customers.need_account(db, account)['id'], appid)

    def payment_code(self, account=None):
        """The 18 digits that the account's phone shows now."""
        return self.shown_code(account)['code']

    def shown_code(self, account=None):
        """`{'code': digits, 'seconds': how long it is still good for}`"""
        with self.ledger.read() as db:
            if account is None:
                account = customers.list_accounts(db)[0]
            account = customers.need_account(db, account)
            shown = customers.shown_code(db, account, self.clock.timestamp(db))
        if shown:
            return shown
        with self.ledger.write() as db:
            return customers.current_code(db, account, self.clock.timestamp(db))

    def scan(self, account, code_url):
        """Scan a code (or open a `prepay_id` or `mweb_url`); returns the order as on the phone.

        :raise PhoneError: what the phone says instead
        """
        self.settle()
        with self.ledger.write() as db:
            account = customers.need_account(db, account)
            trade = trades.scan(db, account, code_url, self.clock.timestamp(db))
            return trades.describe(db, trade)

    def pay(self, account, out_trade_no):
        """Pay an order that is on the phone; returns the trade.

        :raise PhoneError: NOT_WAITING, or NOT_ENOUGH when the balance does not suffice
        """
        return self._act(account, out_trade_no, 'pay')

    def wrong_password(self, account, out_trade_no):
        """Type a wrong password."""
        return self._act(account, out_trade_no, 'wrong_password')

    def not_enough(self, account, out_trade_no):
        """Have too little money, whatever the balance."""
        return self._act(account, out_trade_no, 'not_enough')

    def cancel(self, account, out_trade_no):
        """Dismiss the request."""
        return self._act(account, out_trade_no, 'cancel')

    def silent(self, account, out_trade_no):
        """Put the phone away; paying later is still possible."""
        return self._act(account, out_trade_no, 'silent')

    def waiting(self, account=None):
        """The payments that are on the phone."""
        self.settle()
        with self.ledger.read() as db:
            if account is None:
                account = customers.list_accounts(db)[0]
            rows = trades.waiting(db, customers.need_account(db, account))
            return [trades.describe(db, row) for row in rows]

    def _act(self, account, out_trade_no, action):
        self.settle()
        with self.ledger.write() as db:
            account = customers.need_account(db, account)
            trade = next(
                (row for row in trades.waiting(db, account)
                 if row['out_trade_no'] == out_trade_no),
                None,
            )
            if not trade:
                raise PhoneError(
                    'NOT_WAITING',
                    f"The order {out_trade_no} is not on the phone of {account['name']}.",
                )
            outcome = trades.act(db, account, trade, action, self.clock.timestamp(db))
            described = trades.describe(db, trades.get_trade_by_id(db, trade['id']))
        self.wake()
        if action == 'pay' and outcome == 'not_enough':
            raise PhoneError('NOT_ENOUGH', "There is not enough money on the account.")
        if action == 'pay' and outcome == 'blocked':
            raise PhoneError('BLOCKED', "The account has been blocked.")
        return described

    # ---- merchants -------------------------------------------------------------------------

    def merchants(self):
        """All merchants, keys included."""
        self.settle()
        with self.ledger.read() as db:
            return merchants.list_merchants(db)

    def merchant(self, mch_id):
        """One merchant, or ``None``."""
        self.settle()
        with self.ledger.read() as db:
            return merchants.get_merchant(db, mch_id)

    def set_merchant(self, mch_id, **changes):
        """Change a merchant's balances (fen) or settings; an unknown one is added.

        See `merchants.SETTINGS`. A replaced `api_key` stays good for 15 days, as at WeChat,
        unless `void_old_key=True`.
        """
        with self.ledger.write() as db:
            merchant = merchants.get_merchant(db, mch_id)
            if not merchant:
                return merchants.create_merchant(db, mch_id, **changes)
            now = self.clock.timestamp(db)
            return merchants.change_merchant(db, merchant, now, **changes)

    def platform_refund(self, out_trade_no, refund_fee=None, mch_id=None):
        """Refund by hand on the merchant platform (`refund_request_source=VENDOR_PLATFORM`).

        :param int refund_fee: fen; the rest of the payment if not given
        """
        self.settle()
        with self.ledger.write() as db:
            trade = self._find(db, out_trade_no, mch_id)
            rest = trade['total_fee'] - trade['refunded_fee'] if trade else 0
            amount = rest if refund_fee is None else refund_fee
            if not trade or trade['trade_state'] not in trades.PAID_STATES:
                raise ValueError(f"There is no paid order {out_trade_no}.")
            if not 0 < amount <= rest:
                raise ValueError(f"{rest} fen are left to refund on {out_trade_no}.")
            return refunds.refund_by_hand(db, trade, amount, self.clock.timestamp(db))

    # ---- audits ----------------------------------------------------------------------------

    def trades(self):
        """All trades, the oldest first."""
        self.settle()
        with self.ledger.read() as db:
            rows = db.execute('SELECT * FROM trades ORDER BY id').fetchall()
            return [trades.describe(db, row) for row in rows]

    def trade(self, out_trade_no, mch_id=None):
        """One trade, or ``None``."""
        self.settle()
        with self.ledger.read() as db:
            row = self._find(db, out_trade_no, mch_id)
            return trades.describe(db, row) if row else None

    def refunds(self):
        """All refunds, the oldest first."""
        self.settle()
        with self.ledger.read() as db:
            rows = db.execute('SELECT * FROM refunds ORDER BY id').fetchall()
            return [refunds.describe(db, row) for row in rows]

    def notifications(self):
        """All notifications with the log of their tries, the oldest first."""
        self.settle()
        with self.ledger.read() as db:
            rows = db.execute('SELECT * FROM notifications ORDER BY id').fetchall()
            return [notifier.describe(db, row) for row in rows]

    @staticmethod
    def _find(db, out_trade_no, mch_id):
        return db.execute(
            'SELECT * FROM trades WHERE out_trade_no = ? AND (? IS NULL OR mch_id = ?)'
            ' ORDER BY sandbox, id LIMIT 1',
            [out_trade_no, mch_id, mch_id],
        ).fetchone()

    # ---- trouble ---------------------------------------------------------------------------

    def fault(self, endpoint, kind, times=1, out_trade_no=None, **params):
        """Arm a fault; see `faults.API_KINDS` and `faults.NOTIFICATION_KINDS`.

        :param str endpoint: e.g. ``micropay``, ``*`` for all, ``notification``
        :param times: how often; ``None`` or ``'always'`` until cleared
        :param out_trade_no: only calls about this order
        :param params: `seconds`, `status`, `code`, `text`, and `paid`: whether the call is really
            carried out behind the fault
        """
        with self.ledger.write() as db:
            return faults.arm(db, endpoint, kind, times, out_trade_no, **params)

    def faults(self):
        """The faults that are armed."""
        with self.ledger.read() as db:
            return faults.list_faults(db)

    def clear_faults(self):
        """Disarm all faults."""
        with self.ledger.write() as db:
            db.execute('DELETE FROM faults')

    # ---- time and state --------------------------------------------------------------------

    def settle(self):
        """Do what simulated time has brought: refunds that arrive, orders that expire."""
        with self.ledger.read() as db:
            now = self.clock.timestamp(db)
            due = [at for at in (trades.next_due(db), refunds.next_due(db)) if at is not None]
        if due and min(due) <= now:
            with self.ledger.write() as db:
                trades.settle(db, now)
                refunds.settle(db, now)
            self.wake()

    def reset(self):
        """Forget everything; the demo merchants and accounts are there again."""
        with self.ledger.write() as db:
            self.ledger.clear(db)
            self._seed(db)

    def wake(self):
        """Tell the background notifier that there may be something to send."""
        with self._news:
            self.news += 1
            self._news.notify_all()

    def wait(self, seconds, seen):
        """Wait for a `wake()` after the one that left `news` at `seen`; at most so long."""
        with self._news:
            self._news.wait_for(lambda: self.news != seen, seconds)

    def close(self):
        """Close the ledger."""
        self.ledger.close()

    @staticmethod
    def _seed(db):
        merchants.create_demo_merchants(db)
        customers.create_demo_accounts(db)
        set_meta(db, 'seeded', True)
