# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""After a seed: WeChat's ledger against Odoo's records and the payments of its POS orders."""

from collections import Counter

from books import LINKS
from stage import Told

LIVE = ('draft', 'pending')
FINAL_WITHIN = 90  # seconds after the recovery: an attempt that a till may still wait for
CLOSED_WITHIN = 480  # a withdrawn order: WeChat's five minutes, two runs of the cron, one more call
SETTLED_WITHIN = 3 * 3600  # seconds: closings (a code lives two hours) and refunds
SOURCES = {'API': 'odoo', 'VENDOR_PLATFORM': 'platform'}  # WeChat's word: ours
TOLD_WITHIN = 900  # seconds after that: the accountant knows of money without an order


class Audit:
    """Watches one seed until everything is decided, then compares.

    :param Stage stage: on which it is played
    """

    def __init__(self, stage):
        self.stage = stage
        self.books = stage.books
        self.mark = self.books.ledger_mark()
        self.evidence = self.books.last_evidence()
        self.slowest = 0

    @property
    def _lines(self):
        return [line for till in self.stage.tills for line in till.lines]

    # ---- is it decided? ------------------------------------------------------------------

    def undecided(self):
        """Return the attempts that a till or a customer may still wait for.

        Not those that end later by their nature: an order that the cashier has withdrawn, which
        WeChat closes after five minutes, and one that nobody has paid and whose code only a dead
        or a forgotten till shows, which ends when its code does. A row that was never sent moves
        no money.
        """
        return [
            row['name'] for row in self.books.charges(self._lines)
            if row['state'] == 'pending' and not (row['table'] == 'wechat_order' and (
                row['withdrawn'] or (
                    self._is_forgotten(row) and not self.books.net_at_wechat(row['name']))))
        ]

    def _is_forgotten(self, row):
        return any(
            row['payment_uuid'] in till.lines and (
                till.state == 'dead' or (till.state != 'selling' and row['name'] in till.opened))
            for till in self.stage.tills)

    def withdrawn(self):
        """Return the withdrawn orders that are not closed yet, nor known as paid."""
        return [row['name'] for row in self.books.charges(self._lines)
                if row['state'] == 'pending' and row['withdrawn']]

    def unsettled(self):
        """Return everything that is open in any way."""
        charges = self.books.charges(self._lines)
        return [
            row['name'] for row in (*charges, *self.books.refunds(charges))
            if (row['state'] in LIVE and row['submitted_at'] and not _is_stuck(row))
            or self._was_ordered(row) or self._is_unposted(row)]

    @staticmethod
    def _was_ordered(row):
        return row.get('automatic') and row['state'] == 'draft'

    @staticmethod
    def _is_unposted(row):
        return (row.get('post_payment') and row['state'] == 'done'
                and not (row['account_payment_id'] or row['pos_payment_id']))

    def watch_recovery(self):
        """Play the recovery, and see that it takes no longer than it may."""
        stage = self.stage
        began = stage.now
        while stage.now < began + FINAL_WITHIN:
            stage.play_until(stage.now + 5)
            if self.undecided():
                self.slowest = stage.now - began
        for number in self.undecided():
            stage.find('not final', f"{number} is undecided {FINAL_WITHIN} s after the recovery")
        for till in stage.tills:
            if till.state in ('selling', 'paid'):
                stage.find('till waits', f"{till.ref} is still {till.state}")
        while stage.now < began + CLOSED_WITHIN and self.withdrawn():
            stage.play_until(stage.now + 20)
        for number in self.withdrawn():
            stage.find('not closed', f"{number} is withdrawn and open {CLOSED_WITHIN} s after the"
                                     " recovery")
        self._settle(began)
        self._check_closed()
        self._settle(stage.now)
        for number in self.unsettled():
            stage.find('never settled', f"{number} is open {SETTLED_WITHIN} s after the recovery")
        settled = stage.now
        while stage.now < settled + TOLD_WITHIN and self._untold():
            stage.play_until(stage.now + 100)
        for number in self._untold():
            stage.find('nobody told', f"{number} has money without an order, and no activity")

    def _settle(self, began):
        """Play until everything has come to its end, but not for ever."""
        stage = self.stage
        while stage.now < began + SETTLED_WITHIN and (
                self.unsettled() or self.books.unheard(self.mark)
                or any(till.state == 'returning' for till in stage.tills)):
            stage.play_until(stage.now + (20 if stage.now < began + 600 else 300))

    def _check_closed(self):
        """Refunds that end in another way than they should: the accountant is told, and acts.

        What WeChat cannot pay out (CHANGE) stays open, until somebody settles it on the merchant
        platform. What WeChat has closed (REFUNDCLOSE) has failed, and is begun anew.
        """
        stage = self.stage
        refunds = self.books.refunds(self.books.charges(self._lines))
        told = {row_id for row_id, _summary in self.books.activities(
            'wechat.refund', [row['id'] for row in refunds])}
        closed = []
        for row in refunds:
            at_wechat = self.books.refund_at_wechat(row['name']) or {}
            end = at_wechat.get('refund_status')
            state = {'CHANGE': 'pending', 'REFUNDCLOSE': 'error'}.get(end)
            if not state:
                continue
            stage.behaved(f"refund ends {end}")
            if row['state'] != state or row['id'] not in told:
                stage.find(end, f"{row['name']} is {row['state']}, the accountant is"
                                f" {'' if row['id'] in told else 'not '}told")
            if end == 'REFUNDCLOSE' and row['source'] == 'odoo':
                closed.append(row)
        for till in stage.tills:
            stage.wechat.set_account(till.phone.name, refund_status='SUCCESS')
        for row in closed:
            for host in (0, 1):
                try:
                    stage.office_call(host, 'wechat.refund', 'action_confirm', [[row['id']]])
                except Told as told_why:
                    stage.log(f"accountant: {row['name']} anew: {told_why}")

    def _untold(self):
        """Return payments of which an accountant has to know and is not told.

        Those without an order, and those that Odoo gives back by itself.
        """
        charges = self.books.charges(self._lines)
        returned = {
            (refund['order_id'], refund['micropay_id'])
            for refund in self.books.refunds(charges) if refund['automatic']}
        told = self.books.told(charges)
        links = {'wechat_order': lambda n: (n, None), 'wechat_micropay': lambda n: (None, n)}
        return [
            row['name'] for row in charges if row['name'] not in told and (
                links[row['table']](row['id']) in returned
                or (row['state'] == 'done' and not row['pos_payment_id']))]

    def tell_evidence(self):
        """Add to the diary what Odoo has written down about each payment: for whoever mends it."""
        charges = self.books.charges(self._lines)
        for row in (*charges, *self.books.refunds(charges)):
            self.stage.lines.append(f"{row}")
            self.stage.lines += [f"    {line}" for line in self.books.evidence(row['name'])]

    # ---- is it right? --------------------------------------------------------------------

    def compare(self):
        """Compare everything; what is wrong goes to the stage's findings.

        :return: fen that were lost, fen that were taken twice, fen that differ
        """
        trades, ledger_refunds = self.books.ledger_after(self.mark)
        charges = self.books.charges(self._lines)
        refunds = self.books.refunds(charges)
        by_name = {row['name']: row for row in charges}
        lost = sum(self._check_trade(trade, by_name.get(trade['out_trade_no'])) for trade in trades)
        self._check_charges(charges, refunds, {trade['out_trade_no']: trade for trade in trades})
        self._check_office(refunds)
        lost += self._check_refunds(ledger_refunds, {row['name']: row for row in refunds})
        double = differ = 0
        for till in self.stage.tills:
            if till.first:
                continue
            more_double, more_differ = self._check_sale(till, trades, charges, refunds)
            double += more_double
            differ += more_differ
        differ += self._check_balances(trades, ledger_refunds)
        known = {trade['out_trade_no'] for trade in trades}
        for row in self.books.refused_notifications(self.evidence):
            if row['out_trade_no'] in known:
                self.stage.find('genuine notification refused',
                                f"{row['out_trade_no']}: {row['refused']}")
        return lost, double, differ

    def _check_trade(self, trade, row):
        """WeChat's side: each trade has its record, and paid money is known as such."""
        number = trade['out_trade_no']
        if not row:
            self.stage.find('lost', f"{number} is at WeChat ({trade['trade_state']}), not in Odoo")
            return trade['net']
        if row['total_fee'] != trade['total_fee']:
            self.stage.find('fen differ', f"{number}: {trade['total_fee']} at WeChat,"
                                          f" {row['total_fee']} in Odoo")
        if trade['paid_at'] and row['state'] not in ('done', 'refunded') and trade['net']:
            self.stage.find('lost', f"{number} is paid at WeChat, {row['state']} in Odoo")
            return trade['net']
        return 0

    def _check_charges(self, charges, refunds, trades):
        """Odoo's side: nothing is booked that WeChat does not have."""
        for row in charges:
            stuck = sum(one['refund_fee'] for one in _of(row, refunds) if _is_stuck(one))
            trade = trades.get(row['name'])
            paid = bool(trade and trade['paid_at'])
            state = row['state']
            if state in ('done', 'refunded') and not paid:
                self.stage.find('invented money', f"{row['name']} is {state}, not paid at WeChat")
            if state == 'done' and trade and trade['net'] != trade['total_fee'] - stuck:
                self.stage.find('fen differ', f"{row['name']} is done, WeChat has {trade['net']} of"
                                              f" {trade['total_fee']} fen")
            if state in ('cancelled', 'error') and trade and trade['net']:
                self.stage.find('lost', f"{row['name']} is {state}, WeChat has {trade['net']} fen")
            if state in ('done', 'refunded') and trade and trade['trade_state'] != 'REVOKED' and (
                    row['refund_fee'] + stuck != trade['refunded_fee']):
                self.stage.find('fen differ', f"{row['name']}: {row['refund_fee']} fen refunded in"
                                              f" Odoo, {trade['refunded_fee']} at WeChat")

    def _check_office(self, refunds):
        """What the office gives back: as often as somebody asked for it, and in the books."""
        asked = {one.row.get('id') for one in self.stage.office}
        for row in refunds:
            by_office = row['source'] == 'odoo' and not (
                row['automatic'] or row['payment_uuid'] or row['replaces_id'])
            if by_office and row['id'] not in asked:
                self.stage.find('refund that nobody asked for', row['name'])
        for one in self.stage.office:
            if one.wizard_id and not one.refused and not one.row:
                self.stage.find('refund not made', f"of {one.charge['name']}: {one.fen} fen")
            elif one.row and one.row['refund_fee'] != one.fen:
                self.stage.find('fen differ', f"{one.row['name']}: {one.fen} fen were asked for")
        poor = self.books.answers([row['name'] for row in refunds], 'NOTENOUGH')
        for _answer in poor:
            self.stage.behaved("refund that WeChat has not enough for")
        done = {row['id']: row['name'] for row in refunds if row['state'] == 'done'}
        for row_id, summary in self.books.activities('wechat.refund', done):
            if 'balance too low' in summary:
                self.stage.find('activity left', f"{done[row_id]} is done: {summary}")
        entries = self.books.office_entries([row['id'] for row in refunds])
        if len({entry['id'] for entry in entries}) != len(entries):
            self.stage.find('office refund booked twice', f"{entries}")
        for row in entries:
            if row['fen'] != row['refund_fee'] or row['state'] not in ('in_process', 'paid'):
                self.stage.find('office refund not booked', f"{row}")

    def _check_refunds(self, ledger_refunds, by_name):
        lost = 0
        for refund in ledger_refunds:
            row = by_name.pop(refund['out_refund_no'], None)
            if row and row['source'] != SOURCES[refund['source']]:
                self.stage.find('source of a refund', f"{row['name']}: {row['source']}")
            if not row:
                self.stage.find('lost', f"refund {refund['out_refund_no']} is not in Odoo")
                lost += refund['refund_fee']
            elif row['refund_fee'] != refund['refund_fee']:
                self.stage.find('fen differ', f"refund {row['name']}")
            elif (row['state'] == 'done') != (refund['refund_status'] == 'SUCCESS'):
                self.stage.find('refund untold', f"{row['name']} is {row['state']} in Odoo,"
                                                 f" {refund['refund_status']} at WeChat")
        for row in by_name.values():
            if row['state'] == 'done':
                self.stage.find('invented money', f"refund {row['name']} is done in Odoo only")
        return lost

    def _check_sale(self, till, trades, charges, refunds):
        """One sale: WeChat's money for it is the money of its POS payments.

        :return: fen that were taken twice, fen that differ
        """
        numbers = {row['name']: row for row in charges if row['payment_uuid'] in till.lines}
        kept = [trade for trade in trades if trade['out_trade_no'] in numbers and trade['net']]
        net = sum(trade['net'] for trade in kept)
        booked = self.books.booked(till.lines)
        state = self._state(till)
        orphans = self._orphans(numbers.values(), refunds)
        elsewhere = self._given_elsewhere(numbers.values(), refunds)
        # A return that WeChat closed, and that could not be begun anew: the money is still there.
        closed = sum(row['refund_fee'] for row in refunds
                     if row['state'] == 'error' and row['pos_payment_id']
                     and row['payment_uuid'] in till.lines)
        difference = net - sum(row['fen'] for row in booked) - orphans + elsewhere - closed
        double = differ = 0
        summary = (f"{till.ref} ({state}): WeChat has {net} fen, POS payments"
                   f" {sum(row['fen'] for row in booked)} fen, without an order {orphans} fen,"
                   f" given back elsewhere {elsewhere} fen, closed {closed} fen")
        is_double = net > till.total_fen if till.sale.parts else len(kept) > 1
        if is_double and state != 'dead':
            double = net - max(trade['net'] for trade in kept)
            self.stage.find('double charge', f"{summary}; {[t['out_trade_no'] for t in kept]}")
        elif difference:
            differ = abs(difference)
            self.stage.find('fen differ', summary)
        elif state == 'given up' and net and not till.sale.platform:
            self.stage.find('money of a sale given up', summary)
        elif state == 'stored' and orphans and not till.other_returns:
            self.stage.find('fen differ', f"{summary}: stored, yet money without an order")
        elif state == 'stored' and not self.books.order_is_paid(till.order_uuid):
            self.stage.find('order not stored', summary)
        return double, differ

    def _state(self, till):
        """Return how a sale has ended, whichever till ended it."""
        states = {one.state for one in self.stage.tills if till in (one, one.first)}
        return next((state for state in ('stored', 'dead') if state in states), till.state)

    def _orphans(self, charges, refunds):
        """Fen that the accountant is shown as paid, or given back, without a POS order."""
        fen = 0
        for row in charges:
            gone = [refund for refund in _of(row, refunds) if _is_gone(refund)]
            if row['pos_payment_id']:
                fen -= sum(refund['refund_fee'] for refund in gone
                           if refund['payment_uuid'] and not refund['pos_payment_id'])
            elif row['state'] in ('done', 'refunded') and row['trade_state'] != 'REVOKED':
                fen += row['total_fee'] - sum(refund['refund_fee'] for refund in gone)
        return fen

    def _given_elsewhere(self, charges, refunds):
        """Fen of stored sales that went back by the office or the merchant platform."""
        return sum(
            refund['refund_fee'] for row in charges if row['pos_payment_id']
            for refund in _of(row, refunds) if _is_gone(refund) and not refund['payment_uuid'])

    def _check_balances(self, trades, ledger_refunds):
        """What the customers have left is what they had, less what WeChat holds.

        WeChat holds as well what it could not pay out.
        """
        differ = 0
        stuck = Counter()
        for refund in ledger_refunds:
            if refund['refund_status'] == 'CHANGE':
                stuck[refund['out_trade_no']] += refund['refund_fee']
        for till in self.stage.tills:
            if till.first:
                continue
            left = self.stage.wechat.balance(till.phone.name)
            spent = sum(trade['net'] + stuck[trade['out_trade_no']] for trade in trades
                        if trade['account'] == till.phone.name)
            if till.phone.manners.balance - left != spent:
                gone = till.phone.manners.balance - left
                differ += abs(gone - spent)
                self.stage.find(
                    'fen differ', f"{till.phone.name} is short of {gone} fen, not {spent}")
        return differ

    # ---- the books of a session ----------------------------------------------------------

    @staticmethod
    def check_session(stage, session_id):
        """The journal items of a closed session are the sum of its WeChat payments.

        And all that WeChat and Odoo have ever booked is the same, whichever seed it was of.
        """
        for number, at_wechat, in_odoo in stage.books.all_that_differ():
            stage.find('fen differ', f"{number}: WeChat has {at_wechat} fen, Odoo {in_odoo}")
        payments, posted = stage.books.session(session_id)
        if payments != posted:
            stage.find(
                'journal items differ',
                f"session {session_id}: payments {payments}, posted {posted} (fen by journal)")
        return sum(map(abs, payments.values()))


def _of(charge, refunds):
    """Return the refunds of a payment."""
    return [row for row in refunds if row[LINKS[charge['table']]] == charge['id']]


def _is_stuck(row):
    """Tell whether a refund is one that WeChat cannot pay out by itself."""
    return row['state'] == 'pending' and row['trade_state'] == 'CHANGE'


def _is_gone(refund):
    """Tell whether a refund has left the merchant's account for good, as far as Odoo knows."""
    return refund['state'] == 'done' or _is_stuck(refund)
