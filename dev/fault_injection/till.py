# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""A till and its cashier, who sell one order and take goods back."""

import uuid
from dataclasses import replace

from attempt import Attempt
from customer import Phone
from hosts import NoAnswer
from stage import Told

NAMESPACE = uuid.UUID('5a9d2f6e-6a0f-4d51-9d3c-0c8f2a1b7e44')
OTHER = {'wechat_native': 'wechat_micropay', 'wechat_micropay': 'wechat_native'}
MOST_REFUSALS = 3
SYNC_TRIES = 40
LAST_PATIENCE = 15  # seconds after the trouble is over that a cashier still waits for a customer


class Dead(Exception):
    """The till has died for good: nobody will ever ask about its sale again."""


class Till:
    """One sale, from the first scan to the last return.

    :param Stage stage: where it all happens
    :param int number: of the sale in its seed
    :param script.Sale sale: what the people do
    """

    def __init__(self, stage, number, sale, phone=None):
        self.stage = stage
        self.sale = sale
        self.ref = f'S{stage.seed}-{number}'
        self.host = number % 2
        self.order_uuid = self._uuid('order')
        self.phone = phone or Phone(stage, f'{self.ref}-{stage.run_id}', sale.customer)
        self.lines = []  # uuids of all payment lines
        self.orders = []  # (uuid, fen) of all orders that the till sent
        self.state = 'selling'
        self.told_paid = set()
        self.attempt = None
        self.opened_elsewhere = ''
        self.opened = set()  # numbers that another till began on this till's lines
        self.other_returns = 0
        self.first = None
        self.calls = 0
        self.stored = None
        self.return_uuid = None
        self.paid_methods = []
        self.gave_up = False  # the present refund, because it takes too long
        self.last_word = ''

    _line_name = 'first'

    @property
    def total_fen(self):
        return self.sale.units * self.sale.unit_fen

    # ---- the sale ------------------------------------------------------------------------

    def work(self):
        """Sell, then take back. A task of the stage."""
        try:
            yield from self._sell()
        except Dead:
            self.state = 'dead'
            self.stage.behaved("till dead for good")
            self.stage.log(f"{self.ref}: the till is dead")

    def _sell(self):
        payments = []
        if self.sale.parts:
            self.stage.behaved("several payments")
        for number, fen in enumerate(self.sale.parts or (self.total_fen,), 1):
            name = self._line_name if number == 1 else f'part {number}'
            end = yield from self._collect(name, fen, go_on=bool(payments))
            if end == 'leave':
                self.state = 'given up'
                return
            if end == 'cash':
                break
            payments.append(self._payment())
        self.state = 'paid'
        if payments:
            self.paid_methods = list(dict.fromkeys(method for method, *_rest in payments))
        yield from self._store(
            self.order_uuid, self._order(self.order_uuid, self.sale.units, payments))
        self.state = 'stored'
        for number, units in enumerate(self.sale.returned):
            yield 15
            if not payments or not self.stored:
                return
            yield from self._take_back(number, units)

    def _collect(self, name, fen, go_on):
        """Take one payment line's money.

        :param bool go_on: the order has money already: what cannot be had is paid in cash
        :return: how it ended: `paid`, `cash` or `leave`
        """
        method = self.sale.method
        line = self._new_line(name)
        for number, next_try in enumerate(self.sale.next_tries, 2):
            self.attempt = Attempt(line, method, fen)
            yield from self._follow()
            if self.attempt.is_paid:
                return 'paid'
            if go_on and next_try == 'leave':
                next_try = 'cash'
            self.stage.log(f"{self.ref}: not paid ({self._phase()}), the cashier: {next_try}")
            if next_try in ('leave', 'cash'):
                return next_try
            if next_try == 'other':
                method = OTHER[method]
                line = self._new_line(f'{name} {number}')
        return 'cash' if go_on else 'leave'

    def _take_back(self, number, units):
        """Give the money of some units back, on as many payment lines as it takes."""
        asked, payments = units * self.sale.unit_fen, []
        self.begin_return(number, asked)
        while True:
            accepted = yield from self._give_back(tries=1 if payments else MOST_REFUSALS)
            if accepted:
                payments.append(self._payment())
            elif not payments and not self.gave_up:
                self.state = 'return given up'
                return
            left = asked + sum(fen for _method, _line, fen, _number in payments)
            if not left or not accepted:
                # What WeChat does not give back, or too late for this customer, is paid in cash.
                break
            # Several payments paid for it, and this one has given back what it could.
            self.begin_line(f'return line {number} {len(payments)}', -left)
        yield from self._store(
            self.return_uuid, self._order(self.return_uuid, -units, payments))
        self.state = 'stored'

    def begin_return(self, number, fen):
        """Begin to take goods back: on a first payment line."""
        self.state = 'returning'
        self.return_uuid = self._uuid(f'return {number}')
        self.begin_line(f'return line {number}', -fen)

    def begin_line(self, name, fen):
        """Begin a payment line of a return."""
        self.gave_up = False
        line = self._uuid(name)
        self.lines.append(line)
        self.attempt = Attempt(line, self.paid_methods[0], fen)

    def _give_back(self, tries):
        """Follow the refund of the present line.

        :return: whether WeChat has accepted it
        """
        line, method, fen = self.attempt.uuid, self.attempt.method, self.attempt.fen
        for number in range(tries):
            if number:
                self.attempt = Attempt(line, method, fen)
            yield from self._follow()
            if self.attempt.is_paid:
                return True
            self.stage.log(f"{self.ref}: return not accepted ({self._phase()})")
            if self.gave_up:
                return False
            yield 70
        return False

    # ---- one try -------------------------------------------------------------------------

    def _follow(self):
        """Call the server until it is paid, over, or refused for good."""
        began = self.stage.now
        refusals = 0
        while True:
            attempt = self.attempt
            waited = self.stage.now - began
            wants_out = self.sale.cancel_after is not None and waited >= self.sale.cancel_after
            if self.stage.recovering and self.stage.since_recovery >= LAST_PATIENCE:
                wants_out = True
            if attempt.is_refund:
                wants_out = attempt.waits and (
                    self.sale.refund_patience is not None and waited >= self.sale.refund_patience)
            if wants_out and attempt.can_cancel and attempt.status:
                attempt.cancelling = True
                self.gave_up = attempt.is_refund
                if self.gave_up:
                    self.stage.behaved("refund given up")
            if attempt.is_scanning:
                attempt.auth_code = self.phone.show_code()
                self.stage.spawn(self.phone.answer_prompt())
            call = attempt.next_call
            if call is None and attempt.is_refused and refusals < MOST_REFUSALS:
                # "Try again" on the screen.
                refusals += 1
                yield 5
                attempt.clear()
                continue
            if call is None and self.opened_elsewhere:
                # Another till has begun anew on this line: here one sees what comes of it.
                self.opened_elsewhere = ''
                attempt.clear()
                attempt.must_ask = attempt.maybe_sent = True
                continue
            if call is None:
                return
            self._call(call)
            yield self.attempt.pause(call)

    def _call(self, call):
        self.calls += 1
        attempt = self.attempt
        if self.calls == self.sale.die_at:
            if self.stage.now % 2:  # half of them die with their last request under way
                try:
                    self._request(call)
                except (NoAnswer, Told) as error:
                    raise Dead from error
            raise Dead
        if self.calls == self.sale.reload_at:
            self.stage.behaved("till reloaded")
            self.stage.log(f"{self.ref}: reloaded")
            if attempt.maybe_sent or attempt.status:
                # What was on the screen is lost; the payment line is still there.
                self.attempt = Attempt(attempt.uuid, attempt.method, attempt.fen, resumed=True)
                return
        try:
            status = self._request(call)
        except NoAnswer:
            attempt.fail(call, refused=False)
        except Told as told:
            self.stage.log(f"{self.ref}: {call}: {told}")
            attempt.fail(call, refused=True)
        else:
            attempt.receive(call, status)
            self._hear(status)
            if call == 'submit' and self.sale.second_scan and not attempt.is_refund:
                self._scan_again()

    def _request(self, call):
        """Make one call of this till's attempt, with whatever fault is due."""
        attempt = self.attempt
        args = [attempt.uuid]
        if call == 'prepare':
            args += [attempt.fen / 100, self._values()]
        elif call == 'submit':
            attempt.maybe_sent = True
            args += [attempt.status['number'], attempt.auth_code]
        return self.stage.till_call(call, self.host, attempt.method, args, till=self)

    def begin_elsewhere(self):
        """Begin a payment for the same line at another till, before this one has an answer."""
        attempt = self.attempt
        host = 1 - self.host
        status = self.stage.till_call('prepare', host, attempt.method, [
            attempt.uuid, attempt.fen / 100, self._values()])
        self.stage.till_call('submit', host, attempt.method, [
            attempt.uuid, status['number'], self.phone.show_code()])

    def rival(self, call):
        """Make a call for the same payment line from another till, without a fault."""
        attempt = self.attempt
        known = attempt.status['number']
        args = [attempt.uuid]
        if call == 'submit':
            status = self.stage.till_call(
                'prepare', 1 - self.host, attempt.method,
                [attempt.uuid, attempt.fen / 100, self._values()])
            args += [status['number'], None if attempt.is_refund else self.phone.show_code()]
        status = self.stage.till_call(call, 1 - self.host, attempt.method, args)
        self._hear(status)
        if call == 'submit' and status['number'] != known:
            self.opened_elsewhere = status['number']
            self.opened.add(status['number'])

    def return_elsewhere(self):
        """Take the same goods back at another till, on another payment line."""
        attempt = self.attempt
        if not (attempt and attempt.is_refund):
            return
        self.other_returns += 1
        line = self._uuid(f'other return {self.other_returns}')
        self.lines.append(line)
        status = self.stage.till_call(
            'prepare', 1 - self.host, attempt.method,
            [line, attempt.fen / 100, dict(self._values(), order_uuid=self._uuid(f'of {line}'))])
        fen = self.stage.books.refunds_under_way(status['number'])
        if fen > self.total_fen:
            self.stage.find('too much given back', f"{self.ref}: refunds of {fen} fen for a payment"
                                                   f" of {self.total_fen} fen")
        self.stage.till_call('submit', 1 - self.host, attempt.method, [line, status['number']])

    def _scan_again(self):
        self.stage.behaved("second scan")
        try:
            self.rival('submit')
        except (NoAnswer, Told) as error:
            self.stage.log(f"{self.ref}: second scan: {error}")

    def _hear(self, status):
        """Take note of what the server says, and let the customer see a code."""
        word = (f"{self.ref}: {status['number']} {status['state']}/{status['phase']}"
                f" paid={status['paid']} free={status['free']}")
        if word != self.last_word:
            self.last_word = word
            self.stage.log(word)
        if status['paid'] and status['total_fee'] > 0:
            self.told_paid.add(status['number'])
        self.stage.check_word(self, status)
        if status['code_url']:
            self.phone.see(status['number'], status['code_url'])

    # ---- orders --------------------------------------------------------------------------

    def _store(self, order_uuid, order):
        """Send a paid order to the server until it is stored."""
        self.orders.append((order_uuid, order['fen']))
        order = order['data']
        for _try in range(SYNC_TRIES):
            self.calls += 1
            if self.calls == self.sale.die_at:
                raise Dead
            try:
                result = self.stage.sync(self.host, order, till=self)
            except NoAnswer:
                yield 3
            except Told as told:
                self.stage.find('refused order', f"{self.ref}: told paid, then refused: {told}")
                return
            else:
                if order['lines'][0][2]['qty'] > 0:
                    self.stored = result
                return
        self.stage.find('refused order', f"{self.ref}: no answer to {SYNC_TRIES} tries to store it")

    def _payment(self):
        """Return the present line as a payment of its order: method, line, fen, number."""
        attempt = self.attempt
        return attempt.method, attempt.uuid, attempt.fen, attempt.status['transaction_id']

    def _order(self, order_uuid, units, payments):
        """Return an order as the till stores it; what is missing is paid in cash."""
        fen = units * self.sale.unit_fen
        rest = fen - sum(payment[2] for payment in payments)
        if rest:
            name = 'cash' if units > 0 else f'cash of {order_uuid}'
            payments = [*payments, ('cash', self._uuid(name), rest, False)]
        line = {
            'product_id': self.stage.product_id, 'qty': units, 'discount': 0,
            'price_unit': self.sale.unit_fen / 100, 'price_subtotal': fen / 100,
            'price_subtotal_incl': fen / 100, 'tax_ids': [(6, 0, [])],
            'uuid': self._uuid(f'line of {order_uuid}'),
        }
        if units < 0:
            line['refunded_orderline_id'] = self.stored['pos.order.line'][0]['id']
        return {'fen': fen, 'data': {
            'uuid': order_uuid, 'name': self.ref, 'state': 'paid',
            'session_id': self.stage.session_id, 'company_id': self.stage.company_id,
            'pricelist_id': False, 'amount_paid': fen / 100, 'amount_total': fen / 100,
            'amount_tax': 0, 'amount_return': 0, 'is_refund': units < 0,
            'lines': [(0, 0, line)],
            'payment_ids': [(0, 0, {
                'payment_method_id': self.stage.method_ids[method], 'amount': paid_fen / 100,
                'uuid': line_uuid, 'payment_status': False if method == 'cash' else 'done',
                'transaction_id': number, 'payment_date': '2026-01-01 00:00:00',
            }) for method, line_uuid, paid_fen, number in payments],
        }}

    # ---- helpers -------------------------------------------------------------------------

    def _values(self):
        is_refund = self.attempt.is_refund
        refunded = is_refund and self.stored['pos.order'][0]['id']
        return {
            'pos_session_id': self.stage.session_id, 'order_ref': self.ref,
            'order_uuid': self.return_uuid if is_refund else self.order_uuid,
            'refunded_order_id': refunded,
            'lines': [{'product_id': self.stage.product_id, 'quantity': self.sale.units,
                       'price': self.sale.unit_fen / 100}],
        }

    def _new_line(self, number):
        line = self._uuid(f'line {number}')
        self.lines.append(line)
        return line

    def _uuid(self, what):
        return str(uuid.uuid5(
            NAMESPACE, f'{self.stage.run_id}/{self.ref}/{what}'))

    def _phase(self):
        return (self.attempt.status or {}).get('phase', self.attempt.trouble)


class SecondTill(Till):
    """Another till that has the same order open and takes its money on a line of its own."""

    _line_name = 'second'

    def __init__(self, stage, first):
        super().__init__(stage, 0, replace(
            first.sale, method=first.sale.second_till[0], die_at=None, second_scan=False),
            first.phone)
        self.ref = f'{first.ref}b'
        self.host = 1 - first.host
        self.order_uuid = first.order_uuid
        self.lines = first.lines
        self.first = first
