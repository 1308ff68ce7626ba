# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The scenario "refunds": what is asked goes back, once, wherever the way there breaks.

A case is one refund of a part of a payment, so that WeChat would carry a second one out. It is
brought to one of its steps, the step is broken at one of its points, and then twenty things are
tried again in the midst of more trouble. When everything works again, WeChat has to have given back
what was asked, and Odoo has to say so.
"""

from random import Random

from breaks import SURVEY, TO_THE_STEP, Break, any_fault, breaks_of
from faults import Fault
from hosts import NoAnswer
from script import METHODS
from stage import RICH, Told
from ways import UNIT_FEN, UNITS, WAYS

TRIES = 20
AGAIN = ('click',) * 4 + ('confirm', 'again', 'cron', 'notify', 'notify', 'give_up')
AGAIN_BROKEN = 0.3  # of what is tried again, so much is broken as well
SAMPLE = 60  # cases of a run that does not ask for all
END_WITHIN = 7200  # seconds until a refund has come to its end when everything works


class Case:
    """Plays one break.

    :param Break spot: where it breaks
    """

    def __init__(self, stage, number, spot):
        self.stage = stage
        self.spot = spot
        # By its name: it plays the same alone as among others.
        self._rng = Random(f'refunds/{spot.name}')
        # By the step: so that what the survey has found is there in its cases.
        method = Random(f'{spot.way}/{spot.step}').choice(METHODS)
        self._who = WAYS[spot.way](stage, number, method)
        self.fired = []
        self.asked = self.given = 0

    def play(self):
        """Play it; what is wrong goes to the stage's findings."""
        stage, found = self.stage, len(self.stage.findings)
        stage.log(f"==== {self.spot.name}")
        stage.set_money(RICH)
        stage.tills[:] = [self._who]
        stage.recovered_at = stage.now  # customers have just come in
        self._who.sell()
        *before, last = TO_THE_STEP[self.spot.way][self.spot.step]
        for deed in before:
            self._do(deed)
            stage.set_money(RICH)
        self._do(last, self.spot.fault)
        self.fired = list(stage.fired)
        if self.spot.fault.side == 'merchant':
            self.fired = stage.books.answers(self._numbers(), 'NOTENOUGH')
            self._check_told()
        if not self.fired:
            stage.find('not broken', f"{self.spot.name} did not happen")
        for _try in range(TRIES if self.spot.fault != SURVEY else 0):
            stage.clock.advance(self._rng.choice((0, 0, 1, 3, 20, 61)))
            broken = self._rng.random() < AGAIN_BROKEN
            self._do(self._rng.choice(AGAIN), any_fault(self._rng) if broken else None)
            self._check_now()
        self._recover()
        self._check_end()
        stage.findings[found:] = dict.fromkeys(
            (what, f"[{self.spot.name}] {details}") for what, details in stage.findings[found:])

    # ---- what is done --------------------------------------------------------------------

    def _do(self, deed, fault=None):
        """Do one thing: wait so many seconds, or what its name says; a fault alone is a click."""
        stage, who = self.stage, self._who
        if isinstance(deed, Fault):
            deed, fault = 'click', deed
        if isinstance(deed, int):
            stage.clock.advance(deed)
            return
        if fault and fault.side == 'merchant':
            stage.set_money(0, RICH if fault.how.get('recharge') else 0)
        elif fault:
            stage.planned = None, fault
        stage.fired = []
        stage.log(f"-- {deed}")
        try:
            if deed == 'cron':
                stage.run_cron(self._rng.randrange(2))
            elif deed == 'notify':
                self._notify()
            else:
                getattr(who, deed)()
        except (NoAnswer, Told) as error:
            stage.log(f"{who.ref}: {error}")
        finally:
            stage.planned = None

    def _notify(self):
        """Deliver what WeChat has to say; or its last word once more, as WeChat does."""
        stage = self.stage
        if stage.wechat_has_news():
            stage.deliver()
        elif stage.last_notification:
            url, body, headers = stage.last_notification
            stage.repeat_notification(url, body, headers)

    def _recover(self):
        """Everything works again: till, accountant, cron and WeChat go on until it is over."""
        stage, who = self.stage, self._who
        stage.log("recovery begins")
        stage.wechat.clear_faults()
        stage.set_money(RICH)
        began, next_cron = stage.now, stage.now
        while stage.now < began + END_WITHIN and not self._is_over():
            if not who.is_finished:
                self._do('click')
            self._do('cron' if stage.now >= next_cron else 'click')
            if stage.now >= next_cron:
                next_cron = stage.now + 60
            if stage.wechat_has_news():
                self._do('notify')
            stage.clock.advance(10 if stage.now < began + 600 else 60)
            self._check_now()

    def _is_over(self):
        live = self._live()
        return self._who.is_finished and bool(live) and all(
            row['state'] == 'done' and self._who.is_booked(row) for row in live)

    # ---- what is demanded ----------------------------------------------------------------

    def _live(self):
        return [row for row in self._who.record() if row['state'] not in ('error', 'cancelled')]

    def _numbers(self):
        return [row['name'] for row in self._who.record()]

    def _check_now(self):
        """At any moment: never more than was asked, never two at a time."""
        books, sold = self.stage.books, self._who.sold
        given = sum(row['refund_fee'] for row in books.refunds_at_wechat(sold['name']))
        if given > UNIT_FEN:
            self.stage.find('refunded twice', f"WeChat has given back {given} of {UNIT_FEN} fen")
        live = self._live()
        if len(live) > 1:
            self.stage.find('two live records', f"{sorted(row['name'] for row in live)}")
        for row in self._who.record():
            known = books.refund_at_wechat(row['name'])
            surely_not = row['state'] == 'cancelled' or (
                row['state'] == 'pending' and row['parked'])
            if surely_not and known and known['refund_status'] != 'REFUNDCLOSE':
                self.stage.find('surely not sent, yet at WeChat', f"{row['name']}, {row['state']}")

    def _check_told(self):
        """The accountant knows at once when there is no money left, and only then."""
        row = self._live()[0]
        told = bool(self.stage.books.activities('wechat.refund', [row['id']]))
        poor = row['state'] == 'pending' and row['err_code'] == 'NOTENOUGH' and row['parked']
        if told != poor or poor == bool(self.spot.fault.how.get('recharge')):
            self.stage.find('NOTENOUGH', f"{row['name']} is {row['state']} {row['err_code']},"
                                         f" the accountant is {'' if told else 'not '}told")

    def _check_end(self):
        """At the end: WeChat has given back what was asked, and Odoo knows it."""
        stage, who, books = self.stage, self._who, self.stage.books
        at_wechat = books.refunds_at_wechat(who.sold['name'])
        self.asked = UNIT_FEN
        self.given = sum(row['refund_fee'] for row in at_wechat)
        there = [(row['out_refund_no'], row['refund_status']) for row in at_wechat]
        here = [(row['name'], row['state'], row['err_code']) for row in who.record()]
        summary = f"{who.ref}: WeChat has {there}, Odoo {here}"
        if self.given != self.asked or len(at_wechat) != 1:
            stage.find('refunded fen differ', f"asked {self.asked}, given {self.given}; {summary}")
        if not self._is_over():
            stage.find('never settled', f"{END_WITHIN} s after the recovery; {summary}")
            return
        live, *more = self._live()
        if more or not at_wechat:
            return
        if (live['name'], live['refund_fee']) != tuple(
                at_wechat[0][name] for name in ('out_refund_no', 'refund_fee')):
            stage.find('fen differ', summary)
        sold, = books.charges([who.sold['payment_uuid']])
        if (sold['state'], sold['refund_fee'], sold['refundable_fee']) != (
                'refunded', UNIT_FEN, UNIT_FEN * (UNITS - 1)):
            stage.find('fen differ', f"the payment says {sold}")
        left = stage.wechat.balance(who.phone.name)
        if left != who.phone.manners.balance - UNIT_FEN * (UNITS - 1):
            stage.find('fen differ', f"the customer has {left} fen")
        told = books.activities('wechat.refund', [row['id'] for row in who.record()])
        if told and not who.is_told_of:
            stage.find('activity left', f"all is well, and the accountant still has {told}")
        if who.is_told_of and len(told) != 1:
            stage.find('nobody told', f"the accountant has {told}")
        who.check_end(live)


def refunds(stage, options):
    """Play all cases, or a sample of them.

    :return: lines for the report
    """
    stage.begin('refunds')
    stage.recovering, stage.recovered_at = True, stage.now  # no faults but those planned
    cases, spots = [], []
    for way, steps in TO_THE_STEP.items():
        for step in steps:
            if ':' in options.case and not f'{way}, {step}'.endswith(
                    options.case.partition(':')[0]):
                continue
            survey = Case(stage, len(cases), Break(way, step, 'nothing', SURVEY))
            survey.play()
            cases.append(survey)
            spots += breaks_of(way, step, survey.fired)
    chosen = [spot for spot in spots if options.case in spot.name] if options.case else spots
    if not (options.all or options.case):
        chosen = Random(f'refunds/{options.seed or options.first}').sample(
            chosen, min(SAMPLE, len(chosen)))
    if not chosen:
        stage.find('not broken', f"no case has {options.case!r} in its name")
    for spot in chosen:
        case = Case(stage, len(cases), spot)
        case.play()
        cases.append(case)
    asked, given = (sum(getattr(case, name) for case in cases) for name in ('asked', 'given'))
    return [
        f"refunds: {len(chosen)} of {len(spots)} points of {sum(map(len, TO_THE_STEP.values()))}"
        f" steps broken, then {TRIES} times tried again; {sum(stage.hits.values())} faults;"
        f" asked {asked} fen, WeChat has given back {given} fen"
    ]
