# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The steps of a refund, and every point at which one of them can break."""

from dataclasses import dataclass

from faults import LIES, OPEN, Fault

SURVEY = Fault("survey", 'odoo', {'do': 'survey', 'place': '', 'when': '', 'nth': 0})
LOST = Fault("answer of WeChat lost", 'wechat', {'kind': 'drop', 'paid': True})
NOT_SENT = Fault("call lost on the way to WeChat", 'wechat', {'kind': 'drop', 'paid': False})
POOR = Fault("NOTENOUGH until the merchant tops up", 'merchant')
POOR_HERE = Fault("NOTENOUGH on one of two accounts", 'merchant', {'recharge': True})

# What a person, the cron and WeChat do before the step that is broken: see `Case._do`.
TO_THE_STEP = {
    'till': {
        'prepare': ('click',), 'submit': ('click', 'click'),
        'poll, sent': ('click', LOST, 5, 'click'),
        'poll, not sent': ('click', NOT_SENT, 5, 'click'),
        'poll sends again': ('click', NOT_SENT, 25, 'click', 3, 'click'),
        'poll sends again, NOTENOUGH before': ('click', POOR, 61, 'click'),
        'give up, NOTENOUGH': ('click', POOR, 3, 'give_up'),
        'give up, sent': ('click', LOST, 1, 'give_up'),
        'give up, not sent': ('click', NOT_SENT, 25, 'click', 'give_up'),
        'sync': ('click', 'click', 'click'),
        'cron, accepted': ('click', 'click', 'click', 61, 'cron'),
        'cron, sent': ('click', LOST, 61, 'cron'),
        'cron, not sent': ('click', NOT_SENT, 61, 'cron'),
        'cron sends again': ('click', NOT_SENT, 61, 'cron', 61, 'cron'),
        'notify': ('click', 'click', 'click', 6, 'notify'),
        'notify, sent': ('click', LOST, 6, 'notify'),
    },
    'office': {
        'wizard': ('click',), 'refund': ('click', 'click'),
        'confirm, sent': ('click', LOST, 5, 'confirm'),
        'confirm, not sent': ('click', NOT_SENT, 5, 'confirm'),
        'confirm sends again': ('click', NOT_SENT, 25, 'confirm', 3, 'confirm'),
        'confirm sends again, NOTENOUGH before': ('click', POOR, 61, 'confirm'),
        'give up, NOTENOUGH': ('click', POOR, 3, 'give_up'),
        'give up, sent': ('click', LOST, 1, 'give_up'),
        'cron, accepted': ('click', 'click', 61, 'cron'),
        'cron, not sent': ('click', NOT_SENT, 61, 'cron'),
        'cron sends again': ('click', NOT_SENT, 61, 'cron', 61, 'cron'),
        'notify': ('click', 'click', 6, 'notify'),
    },
    'backend': {
        'wizard': ('click',), 'check': ('click', 'click'),
        # The wizard closes when it has said that WeChat has not accepted it yet.
        'check, sent': ('click', LOST, 5, 'click', 'click'),
        'check, not sent': ('click', NOT_SENT, 5, 'click', 'click'),
        'check sends again': ('click', NOT_SENT, 25, 'click', 'click', 3, 'click', 'click'),
        'cron, accepted': ('click', 'click', 61, 'cron'),
        'cron, sent': ('click', LOST, 61, 'cron'),
        'cron sends again': ('click', NOT_SENT, 61, 'cron', 61, 'cron'),
        'notify, sent': ('click', LOST, 6, 'notify'),
    },
    'anew': {
        'confirm': ('click',),
        'confirm, sent': (LOST, 5, 'click'), 'confirm, not sent': (NOT_SENT, 5, 'click'),
        'confirm sends again': (NOT_SENT, 25, 'click', 3, 'click'),
        'cron, accepted': ('click', 61, 'cron'), 'cron, sent': (LOST, 61, 'cron'),
        'cron sends again': (NOT_SENT, 61, 'cron', 61, 'cron'),
        'notify': ('click', 6, 'notify'),
    },
    'platform': {
        'notify': (6, 'notify'), 'cron': (6, 'notify', 1, 'cron'),
        'confirm': (6, 'notify', 1, 'confirm'),
    },
}
FIRST_SENDINGS = ('till, submit', 'office, refund', 'backend, check', 'anew, confirm')


DEEDS = {
    ('commit', 'before'): ('kill_worker', 'cut', 'serialize'),
    ('commit', 'after'): ('kill_worker', 'cut'),
    ('call', 'before'): ('kill_worker', 'cut'),
    ('call', 'after'): ('kill_worker', 'cut'),
    ('lock', 'before'): ('cut', 'serialize', 'conflict'),
    ('lock', 'after'): ('kill_worker',),
}
KINDS = {
    'kill_worker': "worker killed", 'cut': "database connection cut",
    'serialize': "serialization failure", 'conflict': "row changed by a rival",
}


@dataclass(frozen=True)
class Break:
    """Where one case is broken.

    :ivar way: and `step`: see `TO_THE_STEP`
    :ivar point: its name in the report
    """

    way: str
    step: str
    point: str
    fault: Fault

    @property
    def name(self):
        return f'{self.way}, {self.step}: {self.point}'


def breaks_of(way, step, points):
    """Return every break of a step that a survey has found these points in."""
    breaks, seen = [], {}
    for point in points:
        place, when = point['place'], point['when']
        nth = seen[place, when] = seen.get((place, when), 0) + 1
        for deed in DEEDS.get((place, when), ()):
            fault = _deed(deed, place, when, nth)
            breaks.append(Break(way, step, f'{deed} {when} {place} {nth}', fault))
        if (place, when) in OPEN and nth == 1:
            for rival in ('again', 'cron', 'notify'):
                breaks.append(Break(
                    way, step, f'{rival} {when} {place}', _rival(place, when, rival)))
        if (place, when) == ('commit', 'before') and nth == 1:
            breaks.append(Break(way, step, f'race at {place}', Fault(
                "two requests at the same moment", 'odoo', {
                    'do': 'meet', 'place': place, 'when': when, 'nth': nth, 'what': 'race',
                    'rival': 'again'})))
    if ('call', 'before') in seen:
        breaks += [Break(way, step, name, fault) for name, fault in ANSWERS.items()]
    if f'{way}, {step}' in FIRST_SENDINGS or step.endswith('sends again'):
        breaks += [Break(way, step, fault.kind, fault) for fault in (POOR, POOR_HERE)]
    return breaks


def any_fault(rng):
    """Return a fault that any request may meet, whatever it does."""
    place, when = rng.choice((*OPEN, ('commit', 'before'), ('lock', 'before')))
    return rng.choice((
        LOST, NOT_SENT, Fault("an error code for an answer", 'wechat', {
            'kind': 'err_code', 'paid': rng.random() < 0.5,
            'code': rng.choice(('SYSTEMERROR', 'BIZERR_NEED_RETRY', 'FREQUENCY_LIMITED'))}),
        *(_deed(deed, place, when, rng.choice((1, 1, 1, 2, 2, 3)))
          for deed in ('kill_worker', 'kill_worker', 'cut')),
        _rival(place, when, rng.choice(('again', 'cron', 'notify')))
        if (place, when) in OPEN else _deed('serialize', 'commit', 'before', 1),
    ))


def _deed(deed, place, when, nth):
    return Fault(KINDS[deed], 'odoo', {'do': deed, 'place': place, 'when': when, 'nth': nth})


def _rival(place, when, what):
    return Fault("a rival in the middle", 'odoo', {
        'do': 'meet', 'place': place, 'when': when, 'nth': 1, 'what': what})


def _answers():
    """Return what WeChat can answer instead, by name; with the call carried out or not."""
    ways = {'connection lost': {'kind': 'drop'}, 'HTTP 502': {'kind': 'http'},
            'no XML': {'kind': 'garbage'}}
    ways |= {code: {'kind': 'err_code', 'code': code}
             for code in ('SYSTEMERROR', 'BIZERR_NEED_RETRY', 'FREQUENCY_LIMITED')}
    answers = {}
    for name, how in ways.items():
        for carried_out in (True, False):
            words = f"{name}, {'' if carried_out else 'not '}carried out"
            answers[words] = Fault(name, 'wechat', {**how, 'paid': carried_out})
    for lie in LIES:
        answers[lie] = Fault(lie, 'wechat', {'kind': lie, 'paid': True})
    return answers


ANSWERS = _answers()
