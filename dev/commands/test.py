# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""``dev/test [NAME…]``: all tests, or those of a file, a class or a method.

Closes with one line ``N passed, N failed`` (``, N skipped``); the exit code is 0 when nothing
failed and something passed. ``WECHAT_TEST_DB`` names the test database, so that several runs can
go on at the same time.
"""

import argparse

from environment import browser, paths, venv
from environment.console import say
from environment.lock import setting_up
from environment.odoo import ready
from environment.paths import ADDON
from testing.lifecycle import run_lifecycle
from testing.odoo_tests import (
    SCREENSHOTS,
    check_template,
    log_path,
    make_database,
    run_hoot,
    run_odoo,
)
from testing.plain import run_plain
from testing.selection import select
from testing.tally import Tally


def main(args):
    """Run the tests, show what failed, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog='dev/test', description="Runs the tests and closes with a line that counts them.")
    parser.add_argument(
        'names', nargs='*', metavar='NAME',
        help="a test file, class or method; or plain, odoo, hoot, lifecycle for all of that kind")
    selection = select(parser.parse_args(args).names)
    paths.prepare_home()
    if selection.odoo or selection.hoot:
        browser.prepare_browser()
    total = Tally()
    if selection.plain:
        total.add(_plain(selection))
    if selection.odoo or selection.hoot or selection.lifecycle:
        total.add(_odoo(selection))
    kinds = [kind for kind in ('odoo', 'hoot') if getattr(selection, kind)]
    return _report(total, kinds)


def _plain(selection):
    with setting_up():
        venv.prepare_venv()
    say("Tests without Odoo")
    return run_plain(selection.plain)


def _odoo(selection):
    tally = Tally()
    with ready() as odoo:
        if selection.lifecycle:
            say("The addon's life on a database without demo data")
            tally.add(run_lifecycle(odoo))
        if selection.odoo or selection.hoot:
            make_database(odoo)
        if selection.odoo:
            say("Tests in Odoo")
            tally.add(run_odoo(odoo, selection.odoo))
            if f'/{ADDON}' in selection.odoo:
                tally.add(check_template(odoo))
        if selection.hoot:
            say("Unit tests in the browser")
            tally.add(run_hoot(odoo, selection.hoot, installed=bool(selection.odoo)))
    return tally


def _report(total, kinds):
    for name, reason in total.skips:
        say(f"\nSKIPPED  {name}: {reason}")
    for name, details in total.failures:
        say(f"\nFAILED  {name}\n{details}")
    if total.failures and kinds:
        say(f"\nFull logs: {' '.join(str(log_path(kind)) for kind in kinds)}")
        if SCREENSHOTS.exists():
            say(f"Screenshots: {SCREENSHOTS}")
    if not total.passed and not total.failures:
        total.fail("dev/test", "")
        say("\nNo test has run, so nothing is proved.")
    print(f"\n{total}", flush=True)
    return 1 if total.failures else 0
