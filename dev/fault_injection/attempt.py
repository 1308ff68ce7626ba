# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""One try to take the money of one payment line: the till's part.

A port of the state machine in ``static/src/app/utils/payment/wechat_attempt.js``, so that the
scripted tills call the server in the order in which the real ones do.
"""

FIRST_BACK_OFF, LONGEST_BACK_OFF, SHORTEST_POLL = 1, 15, 1  # seconds


class Attempt:
    """What a till knows of a payment line.

    :param int fen: negative for a refund
    :param bool resumed: started before the page was loaded: ask before acting
    """

    def __init__(self, uuid, method, fen, resumed=False):
        self.uuid = uuid
        self.method = method
        self.fen = fen
        self.clear()
        self.must_ask = self.maybe_sent = resumed

    def clear(self):
        """Begin again on the same line."""
        self.status = None
        self.trouble = ''
        self.failures = 0
        self.auth_code = None
        self.must_ask = self.maybe_sent = False
        self.cancelling = self.cancel_sent = False

    @property
    def is_refund(self):
        return self.fen < 0

    @property
    def is_paid(self):
        return bool(self.status and self.status['paid'])

    @property
    def is_over(self):
        return bool(self.status and self.status['free'] and self.status['phase'] != 'new')

    @property
    def is_refused(self):
        return self.trouble == 'refused' and not self.maybe_sent

    @property
    def is_scanning(self):
        return (
            self.method == 'wechat_micropay' and not self.is_refund and not self.auth_code
            and not self.maybe_sent and not self.cancelling and not self.is_refused
            and (not self.status or self.status['phase'] == 'new'))

    @property
    def can_cancel(self):
        return not (self.cancelling or self.is_over or (
            self.is_refund and self.maybe_sent and not self.waits))

    @property
    def waits(self):
        """A refund that WeChat surely has not got, for lack of money, say."""
        return bool(self.status and self.status['phase'] == 'refund_waits')

    @property
    def next_call(self):
        """The call that the present state asks for, or `None` if only a person can go on."""
        if self.is_paid or self.is_over:
            return None
        if self.cancelling and not self.cancel_sent:
            return 'cancel'
        if self.must_ask:
            return 'poll'
        if self.is_refused:
            return None
        if not self.status:
            return 'prepare'
        if self.status['phase'] == 'new' and not self.cancel_sent:
            return None if self.is_scanning else 'submit'
        return 'poll'

    def pause(self, done):
        """Return the seconds until the next call makes sense, after the call `done`."""
        if self.failures:
            return min(FIRST_BACK_OFF * 2 ** (self.failures - 1), LONGEST_BACK_OFF)
        if self.next_call not in ('poll', done):
            return 0
        return max((self.status or {}).get('retry_in') or 0, SHORTEST_POLL)

    def receive(self, call, status):
        """Take the server's word."""
        if not status['found']:
            status = dict(status, free=True, paid=False, phase='failed')
        self.failures = 0
        self.must_ask = False
        self.status = status
        if self.is_refund and status['total_fee'] < 0:
            # One payment may give back less than was asked; the rest is another line's.
            self.fen = status['total_fee']
        self.maybe_sent = status['phase'] != 'new'
        if self.maybe_sent:
            self.auth_code = None
        if call == 'cancel':
            self.cancel_sent = True
        if not self.is_refused:
            self.trouble = ''

    def fail(self, call, refused):
        """Take a failure.

        :param bool refused: the server said in words why not; else nobody answered
        """
        self.failures += 1
        self.must_ask = self.maybe_sent and call != 'cancel'
        self.trouble = 'refused' if refused else 'silence'
        if refused and call == 'cancel':
            self.cancelling = False
            self.must_ask = self.maybe_sent
