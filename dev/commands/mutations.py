# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""``dev/mutations``: removes each guard of the money in turn and shows that something goes red.

A guard whose removal nobody notices is one that the next change can lose. Each mutant is a copy of
the addon; the proof is a test, or the fault harness where only a crash or a race can tell.
"""

import argparse
import os
import shutil
import subprocess

from environment import browser
from environment.console import Stop, say
from environment.databases import drop
from environment.odoo import free_port, ready
from environment.paths import ADDON, FARM, HOME, LOG, ROOT
from environment.test_template import TEST_TEMPLATE
from mutation.guards import GUARDS, Chaos
from testing.odoo_log import OdooLog

DATABASE = 'wechat_mutations'
MUTANT = HOME / 'mutant'
VERDICTS = ('PASSED', 'FAILED')  # of dev/chaos; anything else is a breakdown, and proves nothing


def main(args):
    """Try all mutants, or those whose names hold a word; return 1 if one survives."""
    parser = argparse.ArgumentParser(
        prog='dev/mutations', description="Shows that no guard can be removed unnoticed.")
    parser.add_argument('words', nargs='*', metavar='WORD', help="only guards with this word")
    parser.add_argument(
        '--tests', action='store_true', help="only guards that a test proves, not the harness")
    options = parser.parse_args(args)
    guards = [
        guard for guard in GUARDS if all(word in guard.name for word in options.words)
        and not (options.tests and isinstance(guard.proof, Chaos))
    ]
    browser.prepare_browser()
    survivors = []
    with ready() as odoo:
        try:
            TEST_TEMPLATE.prepare(odoo)
            TEST_TEMPLATE.copy_to(odoo, DATABASE)
            odoo.do("The addon in the test database", f'{DATABASE}.log', '-d', DATABASE,
                    '-i', ADDON, '--stop-after-init', '--no-http', '--max-cron-threads=0')
            _demand_green(odoo, guards)
            for guard in guards:
                if _survives(odoo, guard):
                    survivors.append(guard)
        finally:
            drop(odoo, DATABASE)
            shutil.rmtree(MUTANT, ignore_errors=True)
    for guard in survivors:
        say(f"NOT NOTICED  {guard.name} ({guard.file})")
    print(f"{len(guards) - len(survivors)} guards proved, {len(survivors)} not", flush=True)
    return 1 if survivors or not guards else 0


def _demand_green(odoo, guards):
    """A proof that fails anyway would prove nothing."""
    _breed(None)
    proofs = {guard.proof for guard in guards}
    tags = sorted(proof for proof in proofs if isinstance(proof, str))
    if tags and _is_red(odoo, ','.join(tags)):
        raise Stop(f"The tests fail without any mutation. See {LOG / 'mutations.log'}")
    for chaos in proofs.difference(tags):
        if _chaos_is_red(chaos):
            raise Stop(f"It fails without any mutation: dev/chaos {' '.join(chaos.args)}")


def _survives(odoo, guard):
    _breed(guard)
    proof = guard.proof
    red = _chaos_is_red(proof) if isinstance(proof, Chaos) else _is_red(odoo, proof)
    say(f"{'noticed' if red else 'NOT NOTICED':12} {guard.name}")
    return not red


def _breed(guard):
    """Make the copy of the addon without the guard."""
    shutil.rmtree(MUTANT, ignore_errors=True)
    shutil.copytree(
        FARM / ADDON, MUTANT / ADDON, ignore=shutil.ignore_patterns('__pycache__', 'description'))
    if guard:
        file = MUTANT / ADDON / guard.file
        source = file.read_text(encoding='utf-8')
        if source.count(guard.text) != 1:
            raise Stop(
                f"The guard {guard.name!r} is not found once in {guard.file}. The code has changed:"
                " bring dev/mutation/guards.py up to date."
            )
        file.write_text(source.replace(guard.text, guard.instead), encoding='utf-8')


def _is_red(odoo, tags):
    """Run tests of Odoo on the mutant; tell whether one fails."""
    environment = odoo.environment
    paths = environment['ODOO_ADDONS_PATH'].split(',')
    environment['ODOO_ADDONS_PATH'] = ','.join(
        str(MUTANT) if path == str(FARM) else path for path in paths)
    log = OdooLog(lambda name: None)
    with (LOG / 'mutations.log').open('w', encoding='utf-8') as stream:
        process = subprocess.Popen(
            odoo.command('-d', DATABASE, '--stop-after-init', '--max-cron-threads=0',
                         '--http-port', free_port(0), '--test-tags', tags),
            env=environment, text=True, errors='replace', stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        for line in process.stdout:
            stream.write(line)
            log.feed(line)
        tally = log.tally(process.wait())
    if not tally.failures and not tally.passed:
        raise Stop(f"No test ran for {tags}.")
    return bool(tally.failures)


def _chaos_is_red(chaos):
    """Run the fault harness on the mutant; tell whether it finds something."""
    report = subprocess.run(
        [str(ROOT / 'dev' / 'chaos'), *chaos.args], cwd=ROOT, check=False, text=True,
        env=os.environ | {
            'WECHAT_ADDON_SOURCE': str(MUTANT / ADDON), 'WECHAT_CHAOS_DB': f'{DATABASE}_chaos'},
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ).stdout
    (LOG / 'mutations-chaos.log').write_text(report, encoding='utf-8')
    verdict = report.strip().rpartition('\n')[2].partition(':')[0]
    if verdict not in VERDICTS:
        raise Stop(f"It came to no verdict: dev/chaos {' '.join(chaos.args)}")
    return verdict == 'FAILED'
