# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The named scenarios: two hosts, two tills at the same moment, a hundred customers."""

import json
import statistics
import threading
import time
from dataclasses import replace

import websocket
from audit import Audit
from faults import Fault
from hosts import NoAnswer
from script import METHODS, Customer, Sale
from stage import Stage, Told
from till import Till

CROWD = 100
SAMPLES = 40
MOST_TIMES_SLOWER = 30  # with a hundred polling tills; a worker that waits for a human: thousands
WATCH_SECONDS = 20  # for the bus
ROUNDS = 6  # of two tills
ROUND_SECONDS = 60  # for each half of a round
TWICE = "two requests at the same moment"


def _customer(patience, act='pay', password='always'):
    return Customer(
        patience=patience, act=act, password=password, pays_old_codes=False, old_patience=0,
        balance=10_000_000)


def _sale(method, customer):
    return Sale(
        start=0, method=method, units=1, unit_fen=1999, customer=customer, cancel_after=None,
        next_tries=('leave',) * 3, reload_at=None, die_at=None, second_scan=False, returned=())


# ---- two hosts -------------------------------------------------------------------------------

def two_hosts(stage, _options):
    """The notification comes to host B, the till on host A is told.

    :return: lines for the report
    """
    stage.begin('two-hosts')
    stage.recovering, stage.recovered_at = True, stage.now  # no faults here
    audit = Audit(stage)
    till = Till(stage, 2, _sale('wechat_native', _customer(0, 'ignore', 'never')))
    till.host = 0
    stage.tills.append(till)
    work = till.work()
    while not till.phone.codes:
        stage.clock.advance(next(work))
    number = till.attempt.status['number']
    bus = _listen(stage)
    try:
        stage.wechat.scan(till.phone.name, till.phone.codes[-1])
        stage.wechat.pay(till.phone.name, number)
        calls_before = _calls_to_wechat(stage)
        began = time.monotonic()
        answers = []

        def post(url, body, headers):
            status, _headers, answer = stage.hosts.post(1, '/wechat/callback', body, headers)
            answers.append(answer)
            return status, answer

        stage.wechat.deliver_due(post)
        if not answers or b'SUCCESS' not in answers[0]:
            stage.find('notification refused', f"host B answered {answers}")
        seconds = _heard(bus, till.attempt.uuid, began)
    finally:
        bus.close()
    if seconds is None:
        stage.find('till not told', f"no word on host A's bus within {WATCH_SECONDS} s")
    status = stage.till_call('poll', 0, 'wechat_native', [till.attempt.uuid])
    if not status['paid']:
        stage.find('till not told', f"host A says {status['phase']} after host B was notified")
    if _calls_to_wechat(stage) != calls_before:
        stage.find('till not told', "host A had to ask WeChat")
    for delay in work:
        stage.clock.advance(delay)
    audit.compare()
    return [
        f"two hosts: notified at host B; host A told its till {seconds or 0:.2f} s later;"
        f" host A says {'paid' if status['paid'] else status['phase']} without asking WeChat"
    ]


def _listen(stage):
    """Open the till's bus on host A."""
    port = stage.hosts.bus_port(0)
    bus = websocket.create_connection(
        f'ws://127.0.0.1:{port}/websocket', timeout=WATCH_SECONDS,
        cookie=stage.cookies['cashier'], origin=f'http://127.0.0.1:{port}')
    token, last = stage.books.bus(stage.shop_id)
    bus.send(json.dumps({
        'event_name': 'subscribe', 'data': {'channels': [token], 'last': last}}))
    bus.ping()
    return bus


def _heard(bus, line, began):
    """Return the seconds from `began` until the bus mentions a payment line, or `None`."""
    while time.monotonic() - began < WATCH_SECONDS:
        try:
            text = bus.recv()
        except websocket.WebSocketTimeoutException:
            return None
        if line in (text if isinstance(text, str) else text.decode(errors='replace')):
            return time.monotonic() - began
    return None


def _calls_to_wechat(stage):
    row, = stage.books.rows(
        "SELECT count(*) AS n FROM wechat_evidence WHERE source = 'reply'")
    return row['n']


# ---- two tills -------------------------------------------------------------------------------

def two_tills(stage, _options):
    """Two tills do the same at the same moment: begin a payment, and give its money back.

    The customer pays once and gets the money back once.

    :return: lines for the report
    """
    stage.begin('two-tills')
    audit = Audit(stage)
    stage.spawn(stage.postman())
    stage.spawn(stage.clockwork(30))
    for number in range(ROUNDS):
        till = Till(stage, number, replace(
            _sale(METHODS[number % 2], _customer(0, password='never')), returned=(1,)))
        stage.tills.append(till)
        _meet_twice(stage, till)
    stage.recover()
    audit.watch_recovery()
    audit.compare()
    races = stage.hits[TWICE]
    if races < 2 * ROUNDS:
        stage.find('two tills', f"only {races} of {2 * ROUNDS} times they met")
    rich = sum(stage.wechat.balance(till.phone.name) == till.phone.manners.balance
               for till in stage.tills)
    if rich < ROUNDS:
        stage.find('two tills', f"of {ROUNDS} customers {rich} have their money back")
    return [f"two tills at the same moment: {races} races; {rich} of {ROUNDS} customers paid once"
            " and have their money back, once"]


def _meet_twice(stage, till):
    """Sell at two tills, then take back at two tills. No faults but that they meet."""
    stage.recovering = True
    stage.recovered_at = stage.now
    stage.planned = ('prepare', _race('rival_begin'))
    stage.spawn(till.work())
    stage.play_until(stage.now + ROUND_SECONDS, done=lambda: till.state == 'stored')
    attempts = [row['name'] for row in stage.books.charges(till.lines)]
    if len(attempts) != 1:
        stage.find('two attempts', f"for one payment line: {attempts}")
    stage.planned = ('prepare', _race('rival_return'))
    stage.play_until(stage.now + ROUND_SECONDS)


def _race(rival):
    return Fault(TWICE, 'odoo', {
        'do': 'meet', 'place': 'commit', 'when': 'before', 'nth': 1, 'what': 'race',
        # Real seconds: the rival has read the rows before the first one has written them.
        'rival': rival, 'head_start': 0.5})


# ---- a hundred passwords ---------------------------------------------------------------------

class CrowdedStage(Stage):
    """A stage in real time: each task is a thread."""

    def spawn(self, task, delay=0):
        thread = threading.Thread(target=self._drive, args=(task, delay), daemon=True)
        thread.start()
        self.threads.append(thread)

    def _drive(self, task, delay):
        time.sleep(delay)
        for pause in task:
            time.sleep(pause)

    def begin(self, seed):
        super().begin(seed)
        self.threads = []
        self.recovering, self.recovered_at = True, self.now + 3600


def hundred(stage, _options):
    """A hundred customers type their passwords; two workers serve them and everybody else.

    :return: lines for the report
    """
    stage.__class__ = CrowdedStage
    stage.begin('hundred')
    audit = Audit(stage)
    over = threading.Event()
    threading.Thread(target=_let_time_pass, args=(stage.clock, over), daemon=True).start()
    try:
        _other_requests(stage, 5)
        idle = _other_requests(stage, SAMPLES)
        acts = ('pay',) * 7 + ('wrong_password', 'cancel', 'silent')
        for number in range(CROWD):
            customer = _customer(8 + number % 17, acts[number % len(acts)])
            till = Till(stage, number, _sale('wechat_micropay', customer))
            till.host = 0
            stage.tills.append(till)
            stage.spawn(till.work(), number * 0.03)
        began = time.monotonic()
        while sum(_is_typing(till) for till in stage.tills) < CROWD * 0.7:
            time.sleep(0.1)
            if time.monotonic() - began > 60:
                stage.find('crowd', "the prompts did not come up within a minute")
                break
        typing = sum(_is_typing(till) for till in stage.tills)
        busy = _other_requests(stage, SAMPLES)
        for thread in stage.threads:
            thread.join(180)
    finally:
        over.set()
    stage.deliver(step=False)
    audit.compare()
    return _judge(stage, audit, idle, busy, typing)


def _judge(stage, audit, idle, busy, typing):
    times = statistics.median(busy) / statistics.median(idle)
    worst = max(busy) / statistics.median(idle)
    if times > MOST_TIMES_SLOWER:
        stage.find('slow', f"other requests are {times:.1f} times slower, the worst {worst:.0f}")
    states = [till.state for till in stage.tills]
    unpaid = sum(till.sale.customer.act != 'pay' for till in stage.tills)
    if states.count('stored') != CROWD - unpaid or states.count('given up') != unpaid:
        stage.find('crowd', f"ended as {({state: states.count(state) for state in set(states)})},"
                            f" {CROWD - unpaid} should be paid")
    if audit.undecided():
        stage.find('crowd', f"undecided: {audit.undecided()}")
    return [
        f"hundred passwords: {typing} of {CROWD} customers typing on two workers; other requests"
        f" take {times:.1f} times as long as without them (median; the slowest of {len(busy)}:"
        f" {worst:.1f} times); {states.count('stored')} paid, {states.count('given up')} not"
    ]


def _is_typing(till):
    return bool(till.attempt and till.attempt.maybe_sent and not till.attempt.is_over
                and not till.attempt.is_paid)


def _other_requests(stage, count):
    """Return the seconds that an everyday request of a till takes, so many times."""
    seconds = []
    for _sample in range(count):
        began = time.monotonic()
        try:
            stage.call(0, 'cashier', 'product.product', 'search_read',
                       [[['available_in_pos', '=', True]], ['name', 'lst_price'], 0, 5])
        except (NoAnswer, Told) as error:
            stage.find('slow', f"another request failed: {error}")
        seconds.append(time.monotonic() - began)
        time.sleep(0.05)
    return seconds


def _let_time_pass(clock, over):
    last = time.monotonic()
    while not over.wait(0.25):
        now = time.monotonic()
        clock.advance(now - last)
        last = now
