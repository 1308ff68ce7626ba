# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Plays seeds and reports. Run by ``dev/chaos``, which makes the database and the environment."""

import argparse
import os
import pickle
import signal
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from audit import Audit
from books import Books
from clock import Clock
from hosts import InProcess, Servers
from named import hundred, two_hosts, two_tills
from play import Result, play
from process import WechatProcess
from refunds import refunds
from report import replay_of, write_report
from stage import Stage

from simulator import DEMO_MERCHANT, Simulator

FOLDER = Path(os.environ['WECHAT_CHAOS'])
DATABASE = os.environ['WECHAT_CHAOS_DB']
SESSION_SEEDS = 25  # seeds in one session of the till
SHORT = {'inprocess': 45, 'kill': 14}
QUICK = {'inprocess': 20, 'kill': 0}
SCENARIOS = {
    'refunds': (refunds, 'inprocess'), 'two-hosts': (two_hosts, 'kill'),
    'two-tills': (two_tills, 'kill'), 'hundred': (hundred, 'kill'),
}
KILL_SHARE = 7  # of --runs, every seventh seed is one with real servers


def main():
    """Return the exit code: 1 when anything was found."""
    signal.signal(signal.SIGTERM, lambda *_args: sys.exit(143))
    options = _parse()
    if options.merge:
        return _finish(options, *_merged(options.merge))
    plan = _plan(options)
    results, hits, ledgers, extra = [], {}, [], []
    for mode, seeds in plan.items():
        if seeds:
            hits[mode] = _play_all(mode, seeds, results, ledgers, options)
    for name in _scenarios(options):
        results.append(_play_named(name, extra, options))
    if options.part:
        options.part.write_bytes(pickle.dumps((results, hits, ledgers, extra)))
        return 0
    return _finish(options, results, hits, ledgers, extra)


def _merged(paths):
    """Put the parts of a run together."""
    results, hits, ledgers, extra = [], {}, [], []
    for path in paths:
        more, their_hits, their_ledgers, their_extra = pickle.loads(path.read_bytes())
        results += more
        ledgers += their_ledgers
        extra += their_extra
        for mode, counter in their_hits.items():
            hits.setdefault(mode, Counter()).update(counter)
    return results, hits, ledgers, extra


def _finish(options, results, hits, ledgers, extra):
    """Print the report and return the exit code."""
    text = write_report(results, hits, ledgers, extra)
    print(text, flush=True)
    if options.report:
        options.report.write_text(text + '\n')
    return 1 if any(result.findings for result in results) else 0


def _parse():
    parser = argparse.ArgumentParser()
    for name in ('runs', 'seed'):
        parser.add_argument(f'--{name}', type=int)
    parser.add_argument('--first', type=int, default=1)
    parser.add_argument('--mode')
    parser.add_argument('--scenario')
    parser.add_argument('--report', type=Path)
    parser.add_argument('--job', default='')
    parser.add_argument('--part', type=Path)
    parser.add_argument('--merge', type=Path, nargs='*')
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--all', action='store_true')
    parser.add_argument('--case', default='')
    parser.add_argument('--verbose', action='store_true')
    return parser.parse_args()


def _scenarios(options):
    """Return the named scenarios to play: all of them in a full run."""
    if options.scenario:
        return [options.scenario]
    some = options.seed is not None or options.quick or options.mode
    return [] if some or options.job.startswith('inprocess') else list(SCENARIOS)


def _play_named(name, extra, options):
    """Play a named scenario on a stage of its own."""
    scenario, mode = SCENARIOS[name]
    stage = _open_stage(mode)
    began = time.monotonic()
    try:
        extra += scenario(stage, options)
        Audit.check_session(stage, stage.close_session())
    finally:
        stage.process.stop()
        stage.hosts.stop()
    result = Result(name, 'named', findings=stage.findings, diary=stage.lines,
                    seconds=time.monotonic() - began)
    _tell(result, 1, 1, options.verbose)
    return result


def _plan(options):
    """Return the seeds to play, by mode."""
    if options.scenario:
        return {}
    if options.seed is not None:
        return {options.mode or 'inprocess': [options.seed]}
    if options.runs is None:
        share = dict(QUICK if options.quick else SHORT)
    else:
        real = max(1, options.runs // KILL_SHARE) if options.runs > 1 else 0
        share = {'inprocess': options.runs - real, 'kill': real}
    if options.mode:
        share = {options.mode: sum(share.values()) if options.runs else share[options.mode]}
    first, plan = options.first, {}
    for mode, count in share.items():
        plan[mode] = list(range(first, first + count))
        first += count
    if options.job:
        # One of several processes that share a run: "kill", or "inprocess/0/2".
        mode, _, share = options.job.partition('/')
        number, _, jobs = share.partition('/')
        plan = {mode: plan[mode][int(number or 0)::int(jobs or 1)]}
    return plan


def _play_all(mode, seeds, results, ledgers, options):
    """Play seeds in one mode; return the faults that happened."""
    stage = _open_stage(mode)
    stage.quick = options.quick
    posted = sessions = 0
    try:
        for number, seed in enumerate(seeds, 1):
            result = play(stage, seed)
            enough = options.quick and result.findings
            if number % SESSION_SEEDS == 0 or seed == seeds[-1] or enough:
                closed = stage.close_session()
                posted += Audit.check_session(stage, closed)
                sessions += 1
            results.append(result)
            _tell(result, number, len(seeds), options.verbose)
            if enough:
                break
    finally:
        stage.process.stop()
        stage.hosts.stop()
    ledgers.append(f"{sessions} sessions closed; {posted} fen in their journal items")
    if stage.unforeseen:
        ledgers.append("Errors that a till took for no answer: " + ", ".join(
            f"{count} × {words}" for words, count in stage.unforeseen.most_common(6)))
    return stage.hits


def _open_stage(mode):
    """Start WeChat and Odoo, and open the shop."""
    ledger = FOLDER / 'wechat.sqlite'
    for file in FOLDER.glob(f'{ledger.name}*'):
        file.unlink()
    wechat = Simulator(ledger=ledger)
    process = WechatProcess(ledger, FOLDER / 'wechat.log')
    process.ensure()
    clock = Clock(FOLDER / 'clock', wechat)
    books = Books(DATABASE, wechat)
    hosts = InProcess(DATABASE) if mode == 'inprocess' else Servers(DATABASE, FOLDER)
    books.set_parameter('wechat.api_url', process.url)
    books.set_parameter('web.base.url', hosts.address)
    # So that the other account is tried when this one is empty.
    books.set_parameter('wechat.refund_account', 'REFUND_SOURCE_UNSETTLED_FUNDS')
    hosts.start()
    stage = Stage(hosts, process, wechat, clock, books, FOLDER, mode)
    stage.mode = mode
    stage.merchant = DEMO_MERCHANT
    wechat.set_merchant(
        DEMO_MERCHANT['mch_id'], refund_notify_url=f'{hosts.address}/wechat/callback/refund')
    stage.open_shop()
    return stage


def _tell(result, number, count, verbose):
    if result.findings or verbose:
        diary = FOLDER / f'seed-{result.seed}-{result.mode}.log'
        diary.write_text('\n'.join(result.diary) + '\n')
        if verbose:
            print('\n'.join(result.diary), flush=True)
        for what, details in result.findings:
            print(f"seed {result.seed}: {what}: {details}", flush=True)
        print(f"seed {result.seed}: again with {replay_of(result)}; diary: {diary}", flush=True)
    elif number % 10 == 0 or number == count:
        print(f"{number} of {count} seeds ({result.mode})", file=sys.stderr, flush=True)


if __name__ == '__main__':
    sys.exit(main())
