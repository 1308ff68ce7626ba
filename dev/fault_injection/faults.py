# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The kinds of faults, and which one meets which step of a seed.

A fault belongs to one step: a request of a till, a run of the cron, or a notification. Seed, number
and name of the step alone decide it, so that the same seed meets the same faults again.
"""

from dataclasses import dataclass, field
from random import Random

# How likely a step meets a fault. What moves money meets more.
CHANCE = {
    'prepare': 0.30, 'submit': 0.60, 'poll': 0.12, 'cancel': 0.45, 'sync': 0.40, 'cron': 0.35,
    'notify': 0.70, 'office': 0.55,
}
TILL = ('prepare', 'submit', 'poll', 'cancel', 'sync')
CALLING = ('submit', 'poll', 'cancel', 'cron', 'office')  # the steps in which Odoo calls WeChat
ODOO = (*TILL, 'cron', 'notify', 'office')

LIES = (
    'wrong_signature', 'no_signature', 'wrong_amount', 'wrong_mch_id', 'wrong_appid',
    'wrong_out_trade_no', 'wrong_fee_type',
)
RIVALS = (
    'rival_poll', 'rival_cancel', 'rival_submit', 'rival_to_the_end', 'notify', 'cron', 'customer')
RACERS = ('rival_poll', 'rival_cancel', 'rival_submit', 'rival_submit', 'rival_return', 'notify')
# Where a rival would find a lock that should not be held, or miss one that should be.
LIKELY = {
    ('cancel', "a rival in the middle"), ('submit', "a rival in the middle"),
    ('prepare', "two requests at the same moment"),
}
KILL_TIMES = 3  # as likely is a kill where it is a real one
KILL_CHANCE = 0.7  # for a step of a seed with real servers in which nobody has been killed so far
QUICK_CHANCE = {'submit': 0.8, 'poll': 0.25, 'cancel': 0.9, 'cron': 0.6}
QUICK_KINDS = {"a rival in the middle": 5, "two requests at the same moment": 2}
HOT_CHANCE = 0.75  # for a step at a moment when WeChat has money that the till does not know of
# kind: how many times as likely at such a moment
HOT_KINDS = {
    "a rival in the middle": 3, "worker killed after a call": 3, "answer of WeChat lost": 2,
}


@dataclass(frozen=True)
class Fault:
    """One fault.

    :ivar kind: its name in the report
    :ivar side: who brings it about: `odoo` (a fault point of the server), `wechat` (the simulator),
        `line` (the till's or WeChat's connection to Odoo) or `post` (the harness as postman)
    :ivar how: what that side needs to know
    """

    kind: str
    side: str
    how: dict = field(default_factory=dict)


def _points(rng, kind, deed, places):
    place, when = rng.choice(places)
    # A submission commits four times, and no till's request calls WeChat more than twice.
    nth = rng.choice((1, 1, 1, 2, 2, 3, 4)) if place == 'commit' else rng.choice((1,) * 7 + (2,))
    return Fault(kind, 'odoo', {'do': deed, 'place': place, 'when': when, 'nth': nth})


COMMITS = (('commit', 'before'), ('commit', 'after'))
CALLS = (('call', 'before'), ('call', 'after'))
EVERYWHERE = COMMITS + CALLS
# Where the laws of the house say that no row is locked: somebody else may come in there.
OPEN = (('call', 'before'), ('call', 'after'), ('commit', 'after'))


def _odoo(kind, deed, places):
    return lambda rng: _points(rng, kind, deed, places)


def _meeting(rng):
    place, when = rng.choice(OPEN)
    return Fault("a rival in the middle", 'odoo', {
        'do': 'meet', 'place': place, 'when': when, 'nth': 1 + (rng.random() < 0.3),
        'what': rng.choice(RIVALS)})


def _race(rng):
    place, when = rng.choice((('lock', 'before'), ('lock', 'after'), ('commit', 'before')))
    return Fault("two requests at the same moment", 'odoo', {
        'do': 'meet', 'place': place, 'when': when, 'nth': 1 + (rng.random() < 0.3),
        'what': 'race', 'rival': rng.choice(RACERS)})


def _slow(rng):
    return Fault("a slow answer", 'odoo', {
        # Within the time-outs of one connection.
        'do': 'meet', 'place': 'call', 'when': rng.choice(('before', 'after')), 'nth': 1,
        'what': 'wait', 'seconds': rng.randint(3, 12)})


def _stall(_rng):
    return Fault("a host that hangs for minutes", 'odoo', {
        'do': 'meet', 'place': 'call', 'when': 'before', 'nth': 1, 'what': 'stall'})


def _down(rng):
    return Fault("WeChat restarted", 'odoo', {
        'do': 'meet', 'place': 'call', 'when': rng.choice(('before', 'after')), 'nth': 1,
        'what': 'wechat_down'})


def _wechat(kind, *choices):
    return lambda rng: Fault(kind, 'wechat', rng.choice(choices))


def _error_page(rng):
    return Fault("an error page for an answer", 'wechat', {
        'kind': rng.choice(('http', 'html', 'garbage', 'return_fail')),
        'paid': rng.random() < 0.5})


def _system_error(rng):
    return Fault("an error code for an answer", 'wechat', {
        'kind': 'err_code', 'code': rng.choice(('SYSTEMERROR', 'BANKERROR', 'USERPAYING')),
        'paid': rng.random() < 0.5})


# kind: (weight, steps, draw)
KINDS = {
    "worker killed before a commit": (
        5, ODOO, _odoo("worker killed before a commit", 'kill_worker', COMMITS[:1])),
    "worker killed after a commit": (
        5, ODOO, _odoo("worker killed after a commit", 'kill_worker', COMMITS[1:])),
    "worker killed before a call": (
        6, CALLING, _odoo("worker killed before a call", 'kill_worker', CALLS[:1])),
    "worker killed after a call": (
        6, CALLING, _odoo("worker killed after a call", 'kill_worker', CALLS[1:])),
    "server killed": (3, ODOO, _odoo("server killed", 'kill_server', EVERYWHERE)),
    "database connection cut": (
        5, ODOO, _odoo("database connection cut", 'cut', (*EVERYWHERE, ('lock', 'before')))),
    "serialization failure": (
        4, ODOO, _odoo("serialization failure", 'serialize', (COMMITS[0], ('lock', 'before')))),
    "row changed by a rival": (
        4, ODOO, _odoo("row changed by a rival", 'conflict', (('lock', 'before'),))),
    "a rival in the middle": (8, CALLING, _meeting),
    "two requests at the same moment": (6, (*TILL, 'notify'), _race),
    "a slow answer": (4, CALLING, _slow),
    "a host that hangs for minutes": (4, ('submit',), _stall),
    "WeChat restarted": (4, CALLING, _down),
    "call lost on the way to WeChat": (
        4, CALLING, _wechat("call lost on the way to WeChat", {'kind': 'drop', 'paid': False})),
    "answer of WeChat lost": (
        6, CALLING, _wechat("answer of WeChat lost", {'kind': 'drop', 'paid': True})),
    "an error page for an answer": (5, CALLING, _error_page),
    "an error code for an answer": (5, CALLING, _system_error),
    "a forged or foreign answer": (
        5, CALLING, _wechat("a forged or foreign answer", *({'kind': lie} for lie in LIES))),
    "till's request lost": (3, TILL, lambda _rng: Fault("till's request lost", 'line', {
        'when': 'before'})),
    "till's answer lost": (5, TILL, lambda _rng: Fault("till's answer lost", 'line', {
        'when': 'after'})),
    "notification lost": (12, ('notify',), _wechat("notification lost", {'kind': 'drop'})),
    "notification doubled": (14, ('notify',), _wechat("notification doubled", {'kind': 'double'})),
    "notification late": (
        14, ('notify',), _wechat("notification late", {'kind': 'delay', 'seconds': 40},
                                {'kind': 'delay', 'seconds': 400})),
    "notification out of order": (
        14, ('notify',), _wechat("notification out of order", {'kind': 'reorder'})),
    "notification forged": (
        8, ('notify',), _wechat("notification forged", *({'kind': lie} for lie in LIES
                                                         if lie != 'no_signature'))),
    "invented notification": (8, ('notify', 'poll'), lambda _rng: Fault(
        "invented notification", 'post')),
}
# What a till or its cashier does, counted where it happens.
BEHAVIOUR = (
    "till reloaded", "till dead for good", "second scan", "second till", "several payments",
    "refund given up", "refund by an accountant", "refund on the merchant platform",
    "no money for refunds", "refund that WeChat has not enough for", "refund ends CHANGE",
    "refund ends REFUNDCLOSE",
)


def draw(seed, number, step, hot=False, quick=False, real=False, kill=False):
    """Return the fault that this step of this seed meets, or `None`.

    :param int number: of the step within the seed
    :param str step: its name, see `CHANCE`
    :param bool hot: WeChat has money that the till does not know of: the worst moment for a fault
    :param bool real: there are processes to kill
    :param bool kill: one of them has to be killed in this seed, and none has been so far
    :param bool quick: few seeds have to show much: more faults, and more rivals among them
    """
    rng = Random(f'{seed}/{number}/{step}')
    chance = HOT_CHANCE if hot else CHANCE[step]
    chance = max(chance, QUICK_CHANCE.get(step, 0) if quick else 0, KILL_CHANCE if kill else 0)
    if rng.random() >= chance:
        return None
    makes, weights = [], []
    for kind, (weight, steps, make) in KINDS.items():
        if step in steps and (' killed' in kind or not kill):
            makes.append(make)
            times = HOT_KINDS.get(kind, 1) if hot else 2 if (step, kind) in LIKELY else 1
            more = QUICK_KINDS.get(kind, 1) if quick else 1
            kills = KILL_TIMES if real and ' killed' in kind else 1
            weights.append(weight * times * more * kills)
    return rng.choices(makes, weights)[0](rng)
