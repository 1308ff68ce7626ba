# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Odoo's tables and WeChat's ledger, read without going through the code that wrote them."""

import psycopg2
import psycopg2.extras

CHARGES = ('wechat_order', 'wechat_micropay')
LINKS = {'wechat_order': 'order_id', 'wechat_micropay': 'micropay_id'}
PAID = ('SUCCESS', 'REFUND')


class Books:
    """Reads both sides. Amounts are integer fen.

    :param str database: Odoo's
    :param Simulator wechat: whose ledger it is
    """

    def __init__(self, database, wechat):
        self.database = database
        self._wechat = wechat
        self._connection = psycopg2.connect(dbname=database)
        self._connection.autocommit = True
        # WeChat's ledger is a new one; the records of earlier stages are not in it.
        self._first = {
            table: self.rows(f'SELECT coalesce(max(id), 0) AS id FROM {table}')[0]['id']
            for table in CHARGES}

    def rows(self, query, params=()):
        """Return the rows of a query on Odoo's database, as dicts."""
        with self._connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
            cursor.execute(query, params)
            return [dict(row) for row in cursor.fetchall()]

    def set_parameter(self, name, value):
        """Set a system parameter; before Odoo starts, as it keeps them in mind."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                'UPDATE ir_config_parameter SET value = %s WHERE key = %s', [value, name])
            if not cursor.rowcount:
                cursor.execute(
                    'INSERT INTO ir_config_parameter (key, value) VALUES (%s, %s)', [name, value])

    def shop(self):
        """Return the ids that a till needs."""
        methods = {
            row['use_payment_terminal']: row['id'] for row in self.rows(
                "SELECT id, use_payment_terminal FROM pos_payment_method"
                " WHERE use_payment_terminal LIKE 'wechat%%'")}
        cash, = self.rows(
            'SELECT m.id FROM pos_payment_method m JOIN account_journal j ON j.id = m.journal_id'
            " WHERE j.type = 'cash' ORDER BY m.id LIMIT 1")
        methods['cash'] = cash['id']
        config, = self.rows('SELECT id, company_id FROM pos_config ORDER BY id LIMIT 1')
        product, = self.rows(
            'SELECT p.id FROM product_product p JOIN product_template t ON t.id = p.product_tmpl_id'
            ' WHERE t.available_in_pos AND t.active AND p.active ORDER BY p.id LIMIT 1')
        cron, = self.rows(
            "SELECT res_id FROM ir_model_data WHERE module = 'wechat'"
            " AND name = 'cron_settle_trades'")
        return {
            'method_ids': methods, 'shop_id': config['id'], 'company_id': config['company_id'],
            'product_id': product['id'], 'cron_id': cron['res_id'],
        }

    def open_session(self, shop_id):
        row, = self.rows(
            "SELECT id FROM pos_session WHERE config_id = %s AND state <> 'closed'", [shop_id])
        return row['id']

    def bus(self, shop_id):
        """Return the channel of the shop's tills, and the last message of the bus."""
        shop, = self.rows('SELECT access_token FROM pos_config WHERE id = %s', [shop_id])
        last, = self.rows('SELECT coalesce(max(id), 0) AS id FROM bus_bus')
        return shop['access_token'], last['id']

    def open_orders(self):
        """Return number and fen of orders that wait for their payment."""
        return [(row['name'], row['total_fee']) for row in self.rows(
            "SELECT name, total_fee FROM wechat_order WHERE state = 'pending'"
            " ORDER BY id DESC LIMIT 1")]

    # ---- what Odoo has -------------------------------------------------------------------

    def charges(self, line_uuids):
        """Return the payments of these payment lines."""
        rows = []
        for table in CHARGES:
            extra = ', expires_at' if table == 'wechat_order' else ''
            rows += self.rows(
                f"SELECT '{table}' AS table, id, name, state, total_fee, payment_uuid, refund_fee,"
                ' refundable_fee, pos_payment_id, withdrawn, submitted_at, err_code,'
                f' trade_state{extra}'
                f" FROM {table} WHERE payment_uuid = ANY(%s)", [list(line_uuids)])
        return rows

    def refunds(self, charges):
        """Return the refunds of these payments."""
        return self.rows(
            'SELECT * FROM wechat_refund'
            ' WHERE order_id = ANY(%s) OR micropay_id = ANY(%s)',
            [[row['id'] for row in charges if row['table'] == table] for table in CHARGES])

    def refund_of_wizard(self, wizard_id):
        """Return the refund that an accountant's wizard has made, or `None`."""
        return next(iter(self.rows(
            'SELECT r.* FROM wechat_refund r JOIN wechat_refund_wizard w ON w.refund_id = r.id'
            ' WHERE w.id = %s', [wizard_id])), None)

    def office_entries(self, refund_ids):
        """Return the accounting payments of refunds by an accountant."""
        return [dict(row, fen=_fen(row['amount'])) for row in self.rows(
            'SELECT p.id, p.payment_type, p.state, r.refund_fee, round(p.amount, 2)::text AS amount'
            ' FROM wechat_refund r JOIN account_payment p ON p.id = r.account_payment_id'
            ' WHERE r.id = ANY(%s)', [list(refund_ids)])]

    def payments_of(self, order_id):
        """Return the state of a POS order, and its payments."""
        order, = self.rows('SELECT state FROM pos_order WHERE id = %s', [order_id])
        return order['state'], [dict(row, fen=_fen(row['amount'])) for row in self.rows(
            'SELECT id, round(amount, 2)::text AS amount FROM pos_payment'
            ' WHERE pos_order_id = %s', [order_id])]

    def answers(self, numbers, code):
        """Return WeChat's answers with a code about these numbers."""
        return self.rows(
            'SELECT id FROM wechat_evidence WHERE code = %s AND out_trade_no = ANY(%s)',
            [code, list(numbers)])

    def told(self, charges):
        """Return the numbers of the payments that an accountant has an activity on."""
        told = set()
        for table in CHARGES:
            rows = self.rows(
                'SELECT DISTINCT res_id FROM mail_activity WHERE res_model = %s',
                [table.replace('_', '.')])
            ids = {row['res_id'] for row in rows}
            told |= {row['name'] for row in charges if row['table'] == table and row['id'] in ids}
        return told

    def all_that_differ(self):
        """Return number, WeChat's and Odoo's fen of all payments for which these are not equal."""
        odoo = {}
        for table in CHARGES:
            for row in self.rows(
                    'SELECT c.name, c.total_fee, c.refund_fee, c.trade_state,'
                    ' coalesce(sum(r.refund_fee), 0) AS stuck'
                    f" FROM {table} c LEFT JOIN wechat_refund r ON r.{LINKS[table]} = c.id"
                    " AND r.state = 'pending' AND r.trade_state = 'CHANGE'"
                    " WHERE c.state IN ('done', 'refunded') AND c.id > %s GROUP BY c.id",
                    [self._first[table]]):
                is_gone = row['trade_state'] == 'REVOKED'
                odoo[row['name']] = 0 if is_gone else (
                    row['total_fee'] - row['refund_fee'] - row['stuck'])
        wechat = {
            trade['out_trade_no']: _net(trade) for trade in self._ledger('SELECT * FROM trades')}
        return [
            (number, wechat.get(number, 0), odoo.get(number, 0))
            for number in sorted({*wechat, *odoo})
            if wechat.get(number, 0) != odoo.get(number, 0)]

    def refunds_under_way(self, number):
        """Return the fen of all refunds, done or under way, of the payment that one is for."""
        return self.rows(
            'SELECT coalesce(sum(b.refund_fee), 0)::int AS fen FROM wechat_refund a'
            ' JOIN wechat_refund b ON (b.order_id = a.order_id OR b.micropay_id = a.micropay_id)'
            " AND b.state NOT IN ('error', 'cancelled') WHERE a.name = %s", [number])[0]['fen']

    def booked(self, line_uuids):
        """Return the POS payments of these payment lines in orders that are paid, in fen."""
        rows = self.rows(
            'SELECT p.id, p.uuid, round(p.amount, 2)::text AS amount, o.uuid AS order_uuid'
            ' FROM pos_payment p JOIN pos_order o ON o.id = p.pos_order_id'
            " WHERE p.uuid = ANY(%s) AND o.state IN ('paid', 'done', 'invoiced')",
            [list(line_uuids)])
        return [dict(row, fen=_fen(row['amount'])) for row in rows]

    def order_is_paid(self, order_uuid):
        return bool(self.rows(
            "SELECT 1 FROM pos_order WHERE uuid = %s AND state IN ('paid', 'done')", [order_uuid]))

    def session(self, session_id):
        """Return fen by WeChat journal: what the session's payments say and what was posted."""
        payments = self.rows(
            'SELECT m.journal_id, round(sum(p.amount), 2)::text AS amount FROM pos_payment p'
            ' JOIN pos_payment_method m ON m.id = p.payment_method_id'
            " WHERE p.session_id = %s AND m.use_payment_terminal LIKE 'wechat%%'"
            ' GROUP BY m.journal_id', [session_id])
        # Of a payment's two items, the one that is not the shop's receivable is the bank's.
        posted = self.rows(
            'SELECT i.journal_id, round(sum(i.balance), 2)::text AS amount'
            ' FROM account_payment a JOIN account_move_line i ON i.move_id = a.move_id'
            ' JOIN account_account c ON c.id = i.account_id'
            ' JOIN account_journal j ON j.id = i.journal_id'
            " WHERE a.pos_session_id = %s AND j.wechat IS NOT NULL AND i.parent_state = 'posted'"
            " AND c.account_type <> 'asset_receivable' GROUP BY i.journal_id", [session_id])
        return tuple(
            {row['journal_id']: _fen(row['amount']) for row in rows if _fen(row['amount'])}
            for rows in (payments, posted))

    def refused_notifications(self, after):
        """Return genuine notifications that found no record."""
        return self.rows(
            "SELECT id, out_trade_no, refused FROM wechat_evidence WHERE id > %s"
            " AND source = 'notification' AND order_id IS NULL AND micropay_id IS NULL"
            ' AND refund_id IS NULL', [after])

    def evidence(self, number):
        """Return the evidence on a number, as lines."""
        return [
            f"{row['source']} {row['endpoint']} {row['kind']} {row['code']}:"
            f" {row['state_before']} -> {row['state_after']} {row['refused'] or ''}"
            for row in self.rows(
                'SELECT * FROM wechat_evidence WHERE out_trade_no = %s ORDER BY id', [number])]

    def last_evidence(self):
        return self.rows('SELECT coalesce(max(id), 0) AS id FROM wechat_evidence')[0]['id']

    def has(self, table, column):
        """Tell whether Odoo's database has a column."""
        return bool(self.rows(
            'SELECT 1 FROM information_schema.columns WHERE table_name = %s AND column_name = %s',
            [table, column]))

    def activities(self, model, record_ids):
        """Return what the accountant has on the desk about these records: `(id, summary)`."""
        return [(row['res_id'], row['summary']) for row in self.rows(
            'SELECT res_id, summary FROM mail_activity WHERE active AND res_model = %s'
            ' AND res_id = ANY(%s)', [model, list(record_ids)])]

    # ---- what WeChat has -----------------------------------------------------------------

    def ledger_mark(self):
        """Return where the ledger ends now, see `ledger_after`."""
        return tuple(self._ledger(f'SELECT coalesce(max(id), 0) AS id FROM {table}')[0]['id']
                     for table in ('trades', 'refunds'))

    def ledger_after(self, mark):
        """Return the trades and refunds that WeChat has had since a mark."""
        trades = self._ledger(
            'SELECT t.*, a.name AS account FROM trades t'
            ' LEFT JOIN accounts a ON a.id = t.account_id WHERE t.id > ?', [mark[0]])
        refunds = self._ledger(
            'SELECT r.*, t.out_trade_no FROM refunds r JOIN trades t ON t.id = r.trade_id'
            ' WHERE r.id > ?', [mark[1]])
        return [dict(trade, net=_net(trade)) for trade in trades], refunds

    def notifications_due(self, moment):
        """Tell whether WeChat has a notification to send at a moment."""
        return bool(self._ledger(
            "SELECT 1 FROM notifications WHERE state = 'waiting' AND next_at <= ? LIMIT 1",
            [moment]))

    def unheard(self, mark):
        """Return the refunds made by hand, since a mark, of which WeChat has yet to tell."""
        return self._ledger(
            "SELECT r.* FROM refunds r WHERE r.id > ? AND r.source = 'VENDOR_PLATFORM'"
            " AND (r.refund_status = 'PROCESSING' OR EXISTS ("
            "SELECT 1 FROM notifications n WHERE n.refund_id = r.id AND n.state = 'waiting'))",
            [mark[1]])

    def net_at_wechat(self, number):
        """Return the fen that WeChat holds of a payment: paid and not given back."""
        trades = self._ledger('SELECT * FROM trades WHERE out_trade_no = ?', [number])
        return _net(trades[0]) if trades else 0

    def refunds_at_wechat(self, number):
        """Return WeChat's refunds of a payment that took money back, or still may."""
        return self._ledger(
            'SELECT r.* FROM refunds r JOIN trades t ON t.id = r.trade_id'
            " WHERE t.out_trade_no = ? AND r.refund_status <> 'REFUNDCLOSE'", [number])

    def refund_at_wechat(self, number):
        """Return one refund as WeChat knows it, or `None`."""
        return next(iter(self._ledger(
            'SELECT * FROM refunds WHERE out_refund_no = ?', [number])), None)

    def _ledger(self, query, params=()):
        self._wechat.settle()
        with self._wechat.ledger.read() as db:
            return [dict(row) for row in db.execute(query, params)]


def _net(trade):
    return trade['total_fee'] - trade['refunded_fee'] if trade['trade_state'] in PAID else 0


def _fen(text):
    yuan, _point, rest = text.partition('.')
    return int(f'{yuan}{rest.ljust(2, "0")}')
