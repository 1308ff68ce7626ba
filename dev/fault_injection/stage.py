# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The stage on which a seed is played: time, tasks, requests, and the faults that meet them."""

import heapq
import itertools
import json
import socket
import threading
import time
from collections import Counter
from random import Random

from faults import draw
from hosts import NoAnswer, path_of

CRON_EVERY, POST_EVERY = 60, 3  # seconds
RICH = 1_000_000_000  # fen that a merchant may have for refunds
HEAD_START, RACE_SECONDS = 0.03, 60  # real seconds
FORGED = (
    '<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code>'
    '<appid>{appid}</appid><mch_id>{mch_id}</mch_id><nonce_str>0</nonce_str>'
    '<out_trade_no>{number}</out_trade_no><total_fee>{fee}</total_fee><trade_type>NATIVE</trade_type>'
    '<transaction_id>4200000000000000000000000000</transaction_id><time_end>20260101000000</time_end>'
    '<sign>0123456789ABCDEF0123456789ABCDEF</sign></xml>'
)


class Told(Exception):
    """The server refused in words that people are meant to read."""


class Crashed(NoAnswer):
    """The server answered with an error that it did not foresee; a till takes it for no answer."""


class Stage:
    """Plays seeds in one shop.

    :param hosts: `InProcess` or `Servers`
    :param WechatProcess process: the simulated WeChat as a process
    :param Simulator wechat: the harness' own hand on its ledger
    :param Clock clock: simulated time
    :param Books books: Odoo's tables
    :param Path folder: where hits are written down
    """

    def __init__(self, hosts, process, wechat, clock, books, folder, run_id):
        self.hosts = hosts
        self.process = process
        self.wechat = wechat
        self.clock = clock
        self.books = books
        self.run_id = run_id
        self.quick = False
        self.hits = Counter()
        self.unforeseen = Counter()
        self.cookies = {}
        self.session_id = None
        self.meetings = {}
        self._hits_file = folder / 'hits'
        self._hits_file.write_text('')
        self._hits_read = 0
        self._listener = socket.create_server(('127.0.0.1', 0))
        self._listen = threading.Thread(target=self._meet_all, daemon=True)
        self._listen.start()
        self.begin(0)

    # ---- a seed --------------------------------------------------------------------------

    def begin(self, seed):
        """Clear the stage for a seed."""
        self.seed = seed
        self.began = self.now
        self._real = time.monotonic()
        self.lines = []
        self.findings = []
        self.recovering = False
        self.recovered_at = None
        self.tills = []
        self.office = []  # refunds by an accountant
        self._tasks = []
        self._order = itertools.count()
        self._step = 0
        self._racers = []
        self._rng = Random(f'stage/{seed}')
        # (step, fault): what the next such step meets, whatever the seed says; `None`: any step
        self.planned = None
        self.fired = []  # what the last fault has done, point by point
        self.last_notification = None
        self.breaking = False  # a request is under way that a fault makes fail
        self._killed_before = self._kills()

    @property
    def has_killed(self):
        """Whether a worker or a server has been killed in this seed."""
        return self._kills() > self._killed_before

    def _kills(self):
        return sum(count for kind, count in self.hits.items() if ' killed' in kind)

    @property
    def now(self):
        return self.clock.now

    @property
    def since_recovery(self):
        return self.now - self.recovered_at if self.recovering else 0

    def log(self, line):
        """Add a line to the seed's diary."""
        real = time.monotonic() - self._real
        self.lines.append(f'{real:6.2f} {self.now - self.began:5.0f} s  {line}')

    def find(self, what, details):
        """Note that something is wrong."""
        self.log(f"FINDING {what}: {details}")
        self.findings.append((what, details))

    def behaved(self, kind):
        self.hits[kind] += 1

    def spawn(self, task, delay=0):
        """Add a task: a generator that yields the seconds until it wants to go on."""
        heapq.heappush(self._tasks, (self.now + delay, next(self._order), task))

    def play_until(self, moment, done=None):
        """Let time pass and tasks work until a moment, or until `done` says so."""
        while not (done and done()):
            if not self._tasks or self._tasks[0][0] > moment:
                self.clock.set(max(self.now, moment))
                return
            at, _order, task = heapq.heappop(self._tasks)
            # A fault may have let time pass already.
            if at > self.now:
                self.clock.set(at)
            try:
                delay = next(task)
            except StopIteration:
                continue
            self.spawn(task, delay)

    def recover(self):
        """The trouble is over: everything runs, nothing is disturbed any more."""
        self.recovering = True
        self.recovered_at = self.now
        self.wechat.clear_faults()
        self.process.ensure()
        self.hosts.heal(wait=True)
        self.log("recovery begins")

    # ---- steps that can meet a fault -----------------------------------------------------

    def till_call(self, call, host, method, args, till=None):
        """Call `wechat_<call>` as the cashier.

        :param Till till: whose step it is, for a step that can meet a fault
        :raise NoAnswer: nobody knows what became of it
        :raise Told: refused in words
        """
        args = [[self.method_ids[method]], *args]
        def send(headers):
            return self.call(
                host, 'cashier', 'pos.payment.method', f'wechat_{call}', args, headers=headers)

        return self._step_of(call, till, send) if till else send({})

    def sync(self, host, order, till):
        """Send a paid order as the till does."""
        return self._step_of('sync', till, lambda headers: self.call(
            host, 'cashier', 'pos.order', 'sync_from_ui', [[order]], headers=headers))

    def office_call(
            self, host, model, method, args, context=None, fault=True, login='accountant'):
        """Call a method from the backend.

        :param bool fault: whether this step may meet one
        :raise NoAnswer: nobody knows what became of it
        :raise Told: refused in words
        """
        def send(headers):
            return self.call(
                host, login, model, method, args,
                {'context': context} if context else {}, headers=headers)

        return self._step_of('office', None, send) if fault else send({})

    def run_cron(self, host=0, step=True):
        """Run the cron as Odoo does, in a transaction of its own."""
        def run(headers):
            problem = self.call(
                host, 'admin', 'ir.cron', 'method_direct_trigger', [[self.cron_id]],
                headers=headers)
            if isinstance(problem, dict):
                self.log(f"cron: {problem}")
                if self.recovering and not self.breaking:
                    self.find('server error', f"the cron fails without any fault: {problem}")

        try:
            if step:
                self._step_of('cron', None, run)
            else:
                run({})
        except (NoAnswer, Told) as error:
            self.log(f"cron: {error}")

    def deliver(self, step=True):
        """Deliver the notifications that are due."""
        fault = None
        if not self.wechat_has_news():
            return
        if step and self.planned and self.planned[0] in ('notify', None):
            fault, self.planned = self.planned[1], None
        elif step and not self.recovering:
            self._step += 1
            fault = self._draw('notify', None)
        faults = [fault] if fault and fault.side != 'wechat' else []

        def post(url, body, headers):
            self.last_notification = url, body, headers
            host = self._rng.randrange(2)

            def send(more):
                status, _headers, answer = self.hosts.post(
                    host, path_of(url), body, {**headers, **more})
                taken = b'<![CDATA[SUCCESS]]>' in answer or b'>SUCCESS<' in answer
                self.log(f"notification: {status} {'taken' if taken else 'refused'}")
                return status, answer

            try:
                if faults:
                    return self._with_fault(faults.pop(), 'notify', None, send)
                return send({})
            except NoAnswer as error:
                self.log(f"notification: {error}")
                raise OSError(str(error)) from error

        armed = None
        if fault and fault.side == 'wechat':
            self.log(f"[notify] fault: {fault.kind} {fault.how}")
            armed = self._arm(fault)
        self.wechat.deliver_due(post)
        if armed:
            self._disarm(*armed)

    def repeat_notification(self, url, body, headers):
        """Deliver a notification that was delivered before once more."""
        def send(more):
            status, _headers, answer = self.hosts.post(
                self._rng.randrange(2), path_of(url), body, {**headers, **more})
            self.log(f"notification once more: {status} {answer[:200]}")

        self._step_of('notify', None, send)

    def wechat_has_news(self):
        """Tell whether a notification is due."""
        return self.books.notifications_due(self.now)

    def _step_of(self, step, till, send):
        """Carry out one step, with the fault that this seed has for it."""
        if self.planned and self.planned[0] in (step, None):
            fault, self.planned = self.planned[1], None
            return self._with_fault(fault, step, till, send)
        if self.recovering:
            return send({})
        self._step += 1
        fault = self._draw(step, till)
        if fault is None:
            return send({})
        return self._with_fault(fault, step, till, send)

    def _draw(self, step, till):
        return draw(
            self.seed, self._step, step, self._is_hot(till), self.quick, self.hosts.real,
            kill=self.hosts.real and not self.has_killed)

    def _is_hot(self, till):
        """Tell whether money moves that a till does not know of: in at WeChat, or out of a till."""
        return any(
            one.attempt and not one.attempt.is_paid and (one.attempt.is_refund or (
                one.attempt.status and self.books.net_at_wechat(one.attempt.status['number'])))
            for one in ([till] if till else self.tills))

    def _with_fault(self, fault, step, till, send):
        self.log(f"[{step}] fault: {fault.kind} {fault.how or ''}")
        headers, armed = {}, None
        self.breaking = fault.side == 'odoo' and fault.how['do'] != 'meet'
        if fault.side == 'odoo':
            headers, armed = self._arm_odoo(fault, till)
        elif fault.side == 'wechat':
            armed = self._arm(fault)
        elif fault.side == 'post':
            self._invent(fault)
        elif fault.side == 'line' and fault.how['when'] == 'before':
            self.hits[fault.kind] += 1
            raise NoAnswer("the till's connection broke")
        try:
            result = send(headers)
            if fault.side == 'line':
                self.hits[fault.kind] += 1
                raise NoAnswer("the till's connection broke")
            return result
        finally:
            self._after_fault(fault, armed)

    def _after_fault(self, fault, armed):
        self.breaking = False
        if fault.side == 'wechat' and armed:
            self._disarm(*armed)
        elif fault.side == 'odoo':
            self.meetings.pop(armed, None)
            while self._racers:
                self._racers.pop().join(RACE_SECONDS)
            self.fired = self._new_hits()
            if self.fired and fault.how['do'] != 'survey':
                self.hits[fault.kind] += 1
            self.process.ensure()
            self.hosts.heal(wait=False)

    def _arm_odoo(self, fault, till):
        number = self._step
        point = {key: fault.how[key] for key in ('do', 'place', 'when', 'nth')}
        if fault.how['do'] == 'meet':
            point['port'] = self._listener.getsockname()[1]
            self.meetings[number] = (fault.how, till)
        point['id'] = number
        return {'X-Wechat-Chaos': json.dumps(point)}, number

    def _arm(self, fault):
        how = dict(fault.how)
        kind = how.pop('kind')
        if 'endpoint' in how:
            ids = [self.wechat.fault(how.pop('endpoint'), kind, **how)]
        elif 'paid' in how or fault.kind in (
                "a forged or foreign answer", "answer of WeChat lost"):
            ids = [self.wechat.fault('*', kind, **how)]
        else:
            ids = [self.wechat.fault(endpoint, kind, **how)
                   for endpoint in ('notification', 'refund_notification')]
        return fault.kind, ids

    def _disarm(self, kind, ids):
        left = {armed['id'] for armed in self.wechat.faults()}
        self.fired = sorted(set(ids) - left)
        if self.fired:
            self.hits[kind] += 1
            self.log(f"hit: {kind}")
        self.wechat.clear_faults()

    def _new_hits(self):
        text = self._hits_file.read_text()
        new, self._hits_read = text[self._hits_read:], len(text)
        for line in new.splitlines():
            self.log(f"hit: {line}")
        return [json.loads(line) for line in new.splitlines()]

    def _invent(self, fault):
        """Post a notification that WeChat never sent, for an order that is open."""
        for number, fee in self.books.open_orders():
            merchant = self.merchant
            body = FORGED.format(
                appid=merchant['appid'], mch_id=merchant['mch_id'], number=number, fee=fee)
            self.hits[fault.kind] += 1
            try:
                _status, _headers, answer = self.hosts.post(
                    0, '/wechat/callback', body.encode(), {'Content-Type': 'text/xml'})
            except NoAnswer:
                return
            if b'SUCCESS' in answer:
                self.find('forgery believed', f"{number} with a signature that is none")
            return

    # ---- in the middle of somebody else's request ----------------------------------------

    def _meet_all(self):
        while True:
            connection, _address = self._listener.accept()
            with connection:
                number = int(connection.makefile().readline())
                how, till = self.meetings.get(number, (None, None))
                try:
                    if how:
                        self._try_to(how, till)
                finally:
                    connection.sendall(b'go\n')

    def _try_to(self, how, till):
        try:
            self._meet(how, till)
        except (NoAnswer, Told) as error:
            self.log(f"   meanwhile: {error}")
            if 'lock timeout' in str(error) or 'LockNotAvailable' in str(error):
                self.find('lock held', f"during {how}: {error}")

    def _meet(self, how, till):
        what = how['what']
        till = till or next((
            one for one in self.tills if one.attempt and one.state in ('selling', 'returning')
        ), None)
        self.log(f"   meanwhile: {what} {how.get('rival', '')}")
        if what == 'race':
            if till and till.attempt and till.attempt.is_refund and how['rival'] != 'notify':
                how = dict(how, rival='rival_return')
            # Not waited for: it comes as far as the locks of the other request let it.
            self._racers.append(threading.Thread(
                target=self._try_to, args=({'what': how['rival']}, till), daemon=True))
            self._racers[-1].start()
            time.sleep(how.get('head_start', HEAD_START))
        elif what == 'wait':
            self.clock.advance(how['seconds'])
        elif what == 'stall' and till and till.attempt and till.attempt.status:
            self._stall(till)
        elif what == 'wechat_down':
            self.process.kill()
        elif what == 'cron':
            self.run_cron(1, step=False)
        elif what == 'notify':
            self.deliver(step=False)
        elif what == 'customer' and till:
            till.phone.act_now()
        elif what == 'again':
            self.tills[0].again()
        elif what == 'rival_return' and till:
            till.return_elsewhere()
        elif what == 'rival_begin' and till:
            till.begin_elsewhere()
        elif till and till.attempt and till.attempt.status:
            if what == 'rival_to_the_end':
                self._rival_to_the_end(till)
            else:
                till.rival(what.removeprefix('rival_'))

    def _stall(self, till):
        """The host hangs for minutes, the other one takes over and gives the payment up."""
        till.rival('cancel')
        for _poll in range(6):
            self.clock.advance(15)
            till.rival('poll')

    def _rival_to_the_end(self, till):
        """Another till cancels, and asks for as long as one answer may be on its way."""
        till.rival('cancel')
        for _poll in range(2):
            self.clock.advance(5)
            till.rival('poll')

    # ---- requests ------------------------------------------------------------------------

    def call(self, host, login, model, method, args, kwargs=None, headers=None):
        """Call a method over JSON-RPC as the web client does.

        :param str login: the user
        """
        return self.post_json(
            host, f'/web/dataset/call_kw/{model}/{method}',
            {'model': model, 'method': method, 'args': args, 'kwargs': kwargs or {}},
            {'Cookie': self.cookies[login], **(headers or {})})[0]

    def log_in(self, login):
        """Log a user in; the session is good at both hosts."""
        _result, received = self.post_json(0, '/web/session/authenticate', {
            'db': self.books.database, 'login': login, 'password': login}, {})
        self.cookies[login] = received['Set-Cookie'].partition(';')[0]

    def post_json(self, host, path, params, headers):
        """Return the result and the headers of one JSON-RPC request."""
        body = json.dumps({'jsonrpc': '2.0', 'method': 'call', 'params': params, 'id': 1})
        status, received, answer = self.hosts.post(
            host, path, body.encode(), {'Content-Type': 'application/json', **headers})
        if status != 200:
            raise Crashed(f"HTTP status {status}")
        reply = json.loads(answer)
        if 'error' not in reply:
            return reply.get('result'), received
        data = reply['error'].get('data', {})
        words = f"{data.get('name')}: {data.get('message')}"
        if (data.get('name') or '').startswith('odoo.exceptions.'):
            raise Told(words)
        self.unforeseen[words.splitlines()[0][:100]] += 1
        if self.recovering and not self.planned and not self.breaking:
            self.find('server error', f"without any fault: {words.splitlines()[0]}")
        raise Crashed(words)

    # ---- the shop ------------------------------------------------------------------------

    def open_shop(self):
        """Log everybody in and open a session as the cashier."""
        for login in ('cashier', 'accountant', 'admin'):
            self.log_in(login)
        shop = self.books.shop()
        for name, value in shop.items():
            setattr(self, name, value)
        self.open_session()

    def open_session(self):
        self.call(0, 'cashier', 'pos.config', 'open_ui', [[self.shop_id]])
        self.session_id = self.books.open_session(self.shop_id)
        self.call(0, 'cashier', 'pos.session', 'set_opening_control', [[self.session_id], 0, ''])

    def close_session(self):
        """Close the session as the cashier; the books are checked by the audit.

        :return: its id
        """
        closed = self.session_id
        result = self.call(
            0, 'cashier', 'pos.session', 'close_session_from_ui', [[closed]])
        if not result.get('successful'):
            self.find('session does not close', result.get('message'))
        self.session_id = None
        return closed

    def postman(self):
        """Deliver notifications for as long as the seed goes on. A task."""
        while True:
            self.deliver()
            yield POST_EVERY

    def leap(self, at, seconds):
        """Let much time pass at once, as if everybody had gone to lunch. A task."""
        yield at
        self.log(f"{seconds} s pass")
        self.clock.advance(seconds)

    def set_money(self, balance, recharge=0):
        """Set what the merchant has for refunds, on WeChat's two accounts."""
        self.wechat.set_merchant(
            self.merchant['mch_id'], balance=balance, recharge_balance=recharge)

    def payout(self, at, seconds, other_account):
        """Let the merchant be without money for a while. A task."""
        yield at
        self.behaved("no money for refunds")
        until = self.now + seconds
        while self.now < until:
            self.set_money(0, RICH if other_account else 0)
            yield 2
        self.log("topped up")
        self.set_money(RICH)

    def clockwork(self, phase):
        """Run the cron each minute. A task."""
        yield phase
        while True:
            self.run_cron(self._rng.randrange(2))
            yield CRON_EVERY

    # ---- the truth at any moment ---------------------------------------------------------

    def check_word(self, till, status):
        """The till must not be told "paid", or "no money", against WeChat's own ledger."""
        number = status['number']
        if status['total_fee'] <= 0:
            self._check_word_on_refund(till, number, status)
            return
        net = self.books.net_at_wechat(number)
        if status['paid'] and not net and not self.books.refunds_at_wechat(number):
            self.find('false word', f"{till.ref}: {number} is told as paid, WeChat has no money")
        if status['phase'] == 'failed' and status['state'] in ('cancelled', 'error') and net:
            self.find('false word', f"{till.ref}: {number} is told as failed, WeChat has {net} fen")

    def _check_word_on_refund(self, till, number, status):
        """Accepted is what WeChat has; what waits, or has been given up, WeChat has not."""
        known = self.books.refund_at_wechat(number)
        word = f"{till.ref}: refund {number} is told as {status['phase']}"
        if status['paid'] and not known:
            self.find('false word', f"{word}, WeChat does not know it")
        if status['phase'] in ('refund_waits', 'failed') and number and known and (
                known['refund_status'] != 'REFUNDCLOSE'):
            self.find('false word', f"{word}, WeChat says {known['refund_status']}")
