# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Plays one seed: trouble, recovery, audit."""

import time
from collections import Counter
from dataclasses import dataclass, field

from audit import Audit
from office import accountant, merchant_platform
from script import write_script
from stage import RICH
from till import SecondTill, Till


@dataclass
class Result:
    """What became of a seed.

    :ivar lost: fen that Odoo does not know of; `double`: fen taken twice; `differ`: other fen
    :ivar ends: how many tills ended in which state
    :ivar killed: whether a server process really got SIGKILL
    :ivar slowest: seconds from the recovery to the last decision, at the precision of 5
    :ivar findings: `(what, details)`
    """

    seed: int
    mode: str
    lost: int = 0
    double: int = 0
    differ: int = 0
    slowest: int = 0
    findings: list = field(default_factory=list)
    diary: list = field(default_factory=list)
    trades: int = 0
    paid_fen: int = 0
    refunds: int = 0
    refunded_fen: int = 0
    ends: Counter = field(default_factory=Counter)
    killed: bool = False
    quick: bool = False
    seconds: float = 0


def play(stage, seed):
    """Play a seed on a stage.

    :rtype: Result
    """
    began = time.monotonic()
    script = write_script(seed)
    stage.begin(seed)
    if stage.session_id is None:
        stage.open_session()
    stage.set_money(RICH)
    audit = Audit(stage)
    stage.spawn(stage.postman())
    stage.spawn(stage.clockwork(script.cron_phase))
    for number, sale in enumerate(script.sales, 1):
        till = Till(stage, number, sale)
        stage.tills.append(till)
        stage.log(f"{till.ref}: {sale}")
        stage.spawn(till.work(), sale.start)
        if sale.second_till:
            stage.behaved("second till")
            second = SecondTill(stage, till)
            stage.tills.append(second)
            stage.spawn(second.work(), sale.start + sale.second_till[1])
        if sale.office:
            stage.spawn(accountant(stage, till, *sale.office))
        if sale.platform:
            stage.spawn(merchant_platform(stage, till, *sale.platform))
    if script.leap:
        stage.spawn(stage.leap(*script.leap))
    if script.payout:
        stage.spawn(stage.payout(*script.payout))
    stage.play_until(stage.now + script.trouble)
    stage.recover()
    audit.watch_recovery()
    lost, double, differ = audit.compare()
    if stage.findings:
        audit.tell_evidence()
    trades, refunds = stage.books.ledger_after(audit.mark)
    return Result(
        seed, stage.mode, lost, double, differ, audit.slowest, stage.findings, stage.lines,
        trades=len(trades), paid_fen=sum(t['total_fee'] for t in trades if t['paid_at']),
        refunds=len(refunds), refunded_fen=sum(refund['refund_fee'] for refund in refunds),
        ends=Counter(till.state for till in stage.tills),
        killed=stage.hosts.real and stage.has_killed, quick=stage.quick,
        seconds=time.monotonic() - began)
