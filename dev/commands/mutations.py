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
from mutation.guards import CHAOS, GUARDS
from testing.odoo_log import OdooLog

DATABASE = 'wechat_mutations'
MUTANT = HOME / 'mutant'


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
        and not (options.tests and guard.proof == CHAOS)
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
    tags = sorted({guard.proof for guard in guards if guard.proof != CHAOS})
    if tags and _is_red(odoo, ','.join(tags)):
        raise Stop(f"The tests fail without any mutation. See {LOG / 'mutations.log'}")
    if any(guard.proof == CHAOS for guard in guards) and _chaos_is_red():
        raise Stop("dev/chaos fails without any mutation. Run: dev/chaos --quick")


def _survives(odoo, guard):
    _breed(guard)
    red = _chaos_is_red() if guard.proof == CHAOS else _is_red(odoo, guard.proof)
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


def _chaos_is_red():
    """Run the fault harness on the mutant; tell whether it finds something."""
    code = subprocess.run(
        [str(ROOT / 'dev' / 'chaos'), '--quick'], cwd=ROOT, check=False,
        env=os.environ | {'WECHAT_ADDON_SOURCE': str(MUTANT / ADDON)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ).returncode
    return code != 0
