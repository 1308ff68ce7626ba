# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The tests inside Odoo: Python tests and tours, and the HOOT unit tests in the browser."""

import os
import shutil
import subprocess
import time

from environment.children import die_with_parent
from environment.console import say
from environment.databases import checked
from environment.paths import ADDON, LOG, ROOT
from environment.test_template import TEST_TEMPLATE

from .odoo_log import OdooLog
from .tally import Tally

DATABASE = os.environ.get('WECHAT_TEST_DB', 'wechat_test')
SCREENSHOTS = LOG / f'screenshots-{DATABASE}'


def make_database(odoo):
    """Make the test database afresh from its template."""
    checked(DATABASE)
    TEST_TEMPLATE.prepare(odoo)
    TEST_TEMPLATE.copy_to(odoo, DATABASE)
    shutil.rmtree(SCREENSHOTS, ignore_errors=True)


def run_odoo(odoo, tags):
    """Install the addon into the test database, run the tests with these tags.

    :return: the :class:`~testing.tally.Tally`
    """
    log, code = _run(odoo, 'odoo', '-i', ADDON, '--test-tags', ','.join(tags))
    return log.tally(code)


def check_template(odoo):
    """Compare ``i18n/wechat.pot`` with what the addon in the test database would export now."""
    name = f'i18n/{ADDON}.pot'
    fresh = LOG / f'test-{DATABASE}.pot'
    odoo.do("Texts to translate", f'test-{DATABASE}-i18n.log',
            'i18n', 'export', '-d', DATABASE, '-o', fresh, ADDON)
    template = ROOT / name
    if template.exists() and _texts(template) == _texts(fresh):
        return Tally(passed=1)
    tally = Tally()
    tally.fail(name, f"{name} does not hold the texts that the addon has now. Bring it and the"
               " translations up to date: dev/i18n")
    return tally


def _texts(path):
    """Return the lines of a translation template without comments and dates."""
    return [
        line for line in path.read_text(encoding='utf-8').splitlines()
        if not line.startswith(('#', '"POT-Creation-Date', '"PO-Revision-Date'))
    ]


def run_hoot(odoo, suites, installed):
    """Run HOOT suites in the browser.

    :param installed: whether the addon is in the test database already
    """
    if not installed:
        odoo.do("The addon in the test database", f'test-{DATABASE}-install.log',
                '-d', DATABASE, '-i', ADDON, '--stop-after-init', '--no-http')
    log, code = _run(odoo, 'hoot', '--test-tags',
                     f"/web:WebSuite.test_unit_desktop[{','.join(suites)}]")
    outer = log.tally(code)
    tally = Tally(log.hoot.passed, log.hoot.failures or outer.failures, outer.skips)
    if not tally.passed and not tally.failures:
        tally.fail("HOOT", f"No unit test ran for {', '.join(suites)}.")
    return tally


def _run(odoo, kind, *arguments):
    path = log_path(kind)
    started = time.monotonic()
    log = OdooLog(lambda name: say(f"{time.monotonic() - started:4.0f} s {name}"))
    command = odoo.command(
        '-d', DATABASE, '--stop-after-init', '--http-port=0',  # any free port
        '--max-cron-threads=0', f'--screenshots={SCREENSHOTS}', *arguments,
    )
    with path.open('w', encoding='utf-8') as stream:
        process = subprocess.Popen(
            command, env=odoo.environment, text=True, errors='replace',
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent,
        )
        try:
            for line in process.stdout:
                stream.write(line)
                log.feed(line)
            code = process.wait()
        finally:
            # When the run is stopped: Odoo takes the browser with it, given the time.
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
    return log, code


def log_path(kind):
    """Return the log file of the ``odoo`` or the ``hoot`` tests."""
    return LOG / f'test-{DATABASE}-{kind}.log'
