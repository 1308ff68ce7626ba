# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The ways in which a part of a payment goes back: who clicks what."""

from attempt import Attempt
from hosts import NoAnswer
from office import OfficeRefund
from script import Customer, Sale
from till import Till

UNIT_FEN, UNITS = 700, 3  # a part, so that WeChat would carry a second refund out as well


def give_up(stage, records):
    """Press the button that gives a refund up, of a form that was opened some time ago."""
    for row in records:
        if row['state'] in ('pending', 'done'):
            stage.office_call(0, 'wechat.refund', 'action_give_up', [[row['id']]])
            return


class AtTill(Till):
    """A cashier takes one unit back."""

    way = 'till'
    is_told_of = False  # the accountant has to know of it when it is done

    def __init__(self, stage, number, method):
        super().__init__(stage, number, Sale(
            start=0, method=method, units=UNITS, unit_fen=UNIT_FEN, customer=Customer(
                patience=0, act='pay', password='never', pays_old_codes=False, old_patience=0,
                balance=1_000_000),
            cancel_after=None, next_tries=('leave',) * 3, reload_at=None, die_at=None,
            second_scan=False, returned=()))
        self.host = 0
        self.sold = None

    def sell(self):
        """Sell, without a fault."""
        work = self.work()
        for pause in work:
            if self.phone.codes and not self.phone.paid_once:
                self.phone.act_now()
            self.stage.clock.advance(pause)
        self.stage.deliver()
        self.sold, = self.stage.books.charges(self.lines)
        self.begin_return(0, UNIT_FEN)

    @property
    def is_finished(self):
        return self.state == 'stored'

    def click(self):
        """Do what the till does next by itself, or ask once more."""
        attempt = self.attempt
        if attempt.is_paid and not self.is_finished:
            self._sync()
        elif attempt.is_over or attempt.is_refused:
            # "Try again" on the screen.
            self.attempt = Attempt(attempt.uuid, attempt.method, -UNIT_FEN)
        elif attempt.next_call:
            self._call(attempt.next_call)
        else:
            self.again()

    def again(self):
        """The same at another till, without a fault; or the same order once more."""
        if self.is_finished and self.stage.now % 2:
            self.stage.call(1, 'cashier', 'pos.order', 'sync_from_ui', [[self._return_order()]])
        elif self.attempt.status:
            self.rival('poll' if self.attempt.is_paid else 'submit')
        else:
            self.begin_elsewhere()

    def give_up(self):
        """Do not wait any longer, if the till offers that; or if another one still does."""
        if self.attempt.status and self.attempt.can_cancel:
            self.attempt.cancelling = True
            self.click()
        elif self.attempt.status:
            self._hear(self.stage.till_call(
                'cancel', 1 - self.host, self.attempt.method, [self.attempt.uuid], till=self))

    def confirm(self):
        """Nobody in the office looks at it."""

    def record(self):
        """Return the records of this refund, the live one first."""
        return self.stage.books.refunds([self.sold])

    def _sync(self):
        try:
            self.stage.sync(self.host, self._return_order(), till=self)
        except NoAnswer as error:
            self.stage.log(f"{self.ref}: sync: {error}")
        else:
            self.state = 'stored'

    def _return_order(self):
        return self._order(self.return_uuid, -1, [self._payment()])['data']

    def is_booked(self, refund):
        """Tell whether the books are to say now that this refund is done."""
        return True

    def check_end(self, refund):
        """The return's payment is tied to the refund, once."""
        booked = [row for row in self.stage.books.booked(self.lines) if row['fen'] < 0]
        if [(row['id'], row['fen']) for row in booked] != [(refund['pos_payment_id'], -UNIT_FEN)]:
            self.stage.find('return not booked once', f"{self.ref}: {booked}")


class Anew(AtTill):
    """An accountant begins a till's refund anew that WeChat has closed without paying."""

    way = 'anew'

    def sell(self):
        super().sell()
        stage, account = self.stage, self.phone.name
        stage.wechat.set_account(account, refund_status='REFUNDCLOSE')
        while not self.is_finished:
            super().click()
        stage.clock.advance(6)
        stage.deliver()
        stage.run_cron()  # A notification is not signed: WeChat is asked.
        stage.wechat.set_account(account, refund_status='SUCCESS')
        self._closed, = self.record()
        told = stage.books.activities('wechat.refund', [self._closed['id']])
        if self._closed['state'] != 'error' or not told:
            stage.find('REFUNDCLOSE', f"{self._closed['name']} is {self._closed['state']}, {told}")

    def click(self):
        self._confirm(fault=True)

    def again(self):
        self._confirm(host=1, fault=False)

    def give_up(self):
        give_up(self.stage, self.record())

    def _confirm(self, host=0, fault=True):
        """Press the button, of the closed one or of the one that has taken its place."""
        rows = self.record()
        row = self._closed if self.stage.now % 3 else rows[-1]
        self.stage.office_call(
            host, 'wechat.refund', 'action_confirm', [[row['id']]], fault=fault)

    def check_end(self, refund):
        super().check_end(refund)
        if refund['replaces_id'] != self._closed['id']:
            self.stage.find('REFUNDCLOSE', f"{refund['name']} took the place of nobody")


class InOffice:
    """An accountant gives a part of a payment back."""

    way = 'office'
    is_told_of = False

    def __init__(self, stage, number, method):
        self.stage = stage
        self._sale = AtTill(stage, number, method)
        self.attempt = self.state = None  # there is no till
        self.ref = self._sale.ref
        self.phone = self._sale.phone

    def sell(self):
        self._sale.sell()
        self._sale.state = 'stored'
        self.sold = self._sale.sold
        self._refund = OfficeRefund(self.stage, self.sold, UNIT_FEN)

    @property
    def is_finished(self):
        return bool(self._refund.row.get('wechat_refund_id'))

    def click(self):
        if self._refund.row.get('state') == 'cancelled':
            # Given up: whoever still wants it begins with a new wizard.
            self._refund = OfficeRefund(self.stage, self.sold, UNIT_FEN)
        self._refund.click()

    def give_up(self):
        """Do not wait any longer."""
        give_up(self.stage, self.record())

    def again(self):
        """The second of two clicks, at the other host."""
        self._refund.look()
        self._refund.click(1, fault=False)

    def confirm(self):
        """Look for the refund in the list, and press its own button."""
        self._refund.look()
        if self._refund.refund_id:
            self._refund.confirm()
        else:
            self._refund.click()

    def record(self):
        return self.stage.books.refunds([self.sold])

    def is_booked(self, refund):
        return bool(refund['account_payment_id'])

    def check_end(self, refund):
        """The money that left is in the books, once."""
        entries = self.stage.books.office_entries([row['id'] for row in self.record()])
        if [(row['fen'], row['payment_type'], row['state']) for row in entries] not in (
                [(UNIT_FEN, 'outbound', state)] for state in ('in_process', 'paid')):
            self.stage.find('office refund not booked once', f"{self.ref}: {entries}")


class InBackend(InOffice):
    """A manager returns goods in the backend, and pays the return with WeChat."""

    way = 'backend'

    def sell(self):
        super().sell()
        order = self._sale.stored['pos.order'][0]['id']
        action = self._call(0, 'pos.order', 'refund', [[order]])
        self._return_id = action['res_id']
        line, = self.stage.books.rows(
            'SELECT id FROM pos_order_line WHERE order_id = %s', [self._return_id])
        # One of the units, with the sums that the form computes.
        self._call(0, 'pos.order', 'write', [[self._return_id], {
            'amount_total': -UNIT_FEN / 100, 'lines': [(1, line['id'], {
                'qty': -1, 'price_subtotal': -UNIT_FEN / 100,
                'price_subtotal_incl': -UNIT_FEN / 100})]}])
        self._wizard_id = None

    def _call(self, host, model, method, args, context=None, fault=False):
        return self.stage.office_call(host, model, method, args, context, fault, login='admin')

    @property
    def is_finished(self):
        return self.stage.books.payments_of(self._return_id)[0] == 'paid'

    def click(self):
        if self.is_finished:
            self.confirm()
        elif self._wizard_id:
            self._check(0, self._wizard_id, fault=True)
        else:
            self._wizard_id = self._open_wizard(0, fault=True)

    def again(self):
        if not self.is_finished:
            self._check(1, self._open_wizard(1))

    def confirm(self):
        """Press the button of the refund's own record."""
        for row in self.record():
            self.stage.office_call(0, 'wechat.refund', 'action_confirm', [[row['id']]])

    @property
    def _context(self):
        return {'active_model': 'pos.order', 'active_id': self._return_id}

    def _open_wizard(self, host, fault=False):
        return self._call(
            host, 'pos.make.payment', 'create', [{'amount': -UNIT_FEN / 100}], self._context, fault)

    def _check(self, host, wizard_id, fault=False):
        self._call(host, 'pos.make.payment', 'check', [[wizard_id]], self._context, fault)
        # It closes, whatever it has said.
        self._wizard_id = None

    def is_booked(self, refund):
        return True

    def check_end(self, refund):
        """The return is paid by the refund, once."""
        state, payments = self.stage.books.payments_of(self._return_id)
        if [(row['id'], row['fen']) for row in payments] != [
                (refund['pos_payment_id'], -UNIT_FEN)]:
            self.stage.find('return not booked once', f"{self.ref}: {state}, {payments}")


class OnPlatform(InOffice):
    """Somebody refunds by hand on the merchant platform; Odoo has to learn of it."""

    way = 'platform'
    is_told_of = True

    def sell(self):
        super().sell()
        self.stage.wechat.platform_refund(self.sold['name'], UNIT_FEN)
        # An older one is another case's.
        self.stage.last_notification = None

    @property
    def is_finished(self):
        return bool(self.record())

    def click(self):
        self._confirm(0)

    confirm = click

    def again(self):
        self._confirm(1, fault=False)

    def _confirm(self, host, fault=True):
        for row in self.record():
            self.stage.office_call(
                host, 'wechat.refund', 'action_confirm', [[row['id']]], fault=fault)

    def is_booked(self, refund):
        return True

    def check_end(self, refund):
        """It is known as what it is, and not in the books by itself."""
        if refund['source'] != 'platform' or refund['account_payment_id']:
            self.stage.find('refund on the platform', f"{self.ref}: {refund['source']}")


WAYS = {way.way: way for way in (AtTill, InOffice, InBackend, Anew, OnPlatform)}
