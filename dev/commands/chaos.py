# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""``dev/chaos``: breaks everything that can break around a payment, then counts the money.

Each seed is a short day in a shop: tills, customers, and faults at points that the seed chooses.
After it the ledger of the simulated WeChat is compared, to the fen, with what Odoo has booked.
``doc/chaos.rst`` says how to read the report.

``WECHAT_ADDON_SOURCE`` names another copy of the addon to test; ``WECHAT_CHAOS_DB`` the database,
so that several runs can go on at the same time.
"""

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

from environment import databases, demo_database, demo_shop, farm, paths
from environment.console import Stop, say
from environment.databases import checked, exists, recipe_of
from environment.odoo import ready
from environment.paths import ADDON, FARM, HOME, PYTHON, ROOT
from fault_injection import shop_setup

HARNESS = ROOT / 'dev' / 'fault_injection'
DATABASE = os.environ.get('WECHAT_CHAOS_DB', 'wechat_chaos')
GRACE = 20  # seconds that a process of the harness has to end
LONG = 200  # seeds; such a run is shared among processes
JOBS = ('kill', 'inprocess/0/3', 'inprocess/1/3', 'inprocess/2/3')
NOT_IN_DATABASE = ('tests', 'static', 'simulator', 'i18n')


def main(args):
    """Run the seeds that were asked for and return the exit code: 1 when money went astray."""
    options, jobs = _parse(args)
    folder = HOME / 'chaos' / checked(DATABASE)
    paths.prepare_home()
    source = _source()
    with ready() as odoo:
        folder.mkdir(parents=True, exist_ok=True)
        env = _environment(odoo, source, folder)
        base = _prepare_database(odoo, source, env, folder)
        if not jobs:
            with _fresh_database(odoo, base, DATABASE), Harness() as harness:
                harness.start(env, options)
                return harness.wait()
        return _run_jobs(odoo, base, env, folder, options, jobs)


def _run_jobs(odoo, base, env, folder, options, jobs):
    """Share a long run among several processes, each with its own database and WeChat."""
    parts = []
    with contextlib.ExitStack() as stack:
        harness = stack.enter_context(Harness())
        for number, job in enumerate(jobs):
            database, place = f'{DATABASE}_{number}', folder / f'job-{number}'
            place.mkdir(exist_ok=True)
            stack.enter_context(_fresh_database(odoo, base, database))
            parts.append(str(place / 'part'))
            own = {'WECHAT_CHAOS': str(place), 'WECHAT_CHAOS_DB': database}
            harness.start(env | own, [*options, '--job', job, '--part', parts[-1]])
        if harness.wait():
            raise Stop("A part of the run has failed; what it said is above.")
        harness.start(env, [*options, '--merge', *parts])
        return harness.wait()


@contextlib.contextmanager
def _fresh_database(odoo, base, database):
    """Copy the database that every run starts from; remove the copy afterwards."""
    databases.drop(odoo, database)
    odoo.postgres.sql(f'CREATE DATABASE "{checked(database)}" TEMPLATE "{base}"')
    # A lock that is held while WeChat thinks must show as a failure, not as patience.
    odoo.postgres.sql(f'ALTER DATABASE "{database}" SET lock_timeout = \'6s\'')
    try:
        yield
    finally:
        databases.drop(odoo, database)


class Harness:
    """Processes of the harness, which end with us."""

    def __init__(self):
        self._processes = []

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            # It takes its servers along.
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, env, options):
        self._processes.append(
            subprocess.Popen([str(PYTHON), '-B', str(HARNESS), *options], env=env))

    def wait(self):
        """Return the highest exit code, when all have ended."""
        return max(abs(process.wait()) for process in self._processes)


def _parse(args):
    parser = argparse.ArgumentParser(
        prog='dev/chaos',
        description="Breaks servers, connections and answers in the middle of payments, then"
                    " compares WeChat's ledger with Odoo's books.")
    parser.add_argument('--runs', type=int, help="so many seeds (default: about 3 minutes of them)")
    parser.add_argument('--seed', type=int, help="this seed only, as a failing run prints it")
    parser.add_argument('--first', type=int, default=1, help="the first seed (%(default)s)")
    parser.add_argument(
        '--mode', choices=('inprocess', 'kill'),
        help="inprocess: Odoo within the harness, many seeds a minute; kill: two real prefork"
             " servers that are killed with SIGKILL (default: most in process, the rest killed)")
    parser.add_argument('--quick', action='store_true', help="a look of less than a minute")
    parser.add_argument(
        '--scenario', choices=('refunds', 'two-hosts', 'two-tills', 'hundred'),
        help="one of the named scenarios instead of seeds")
    parser.add_argument('--all', action='store_true', help="with --scenario refunds: every case")
    parser.add_argument(
        '--case', help="with --scenario refunds: the cases with these words in their name")
    parser.add_argument('--report', type=Path, help="write the report to this file as well")
    parser.add_argument('--verbose', action='store_true', help="print what happens in each seed")
    options = parser.parse_args(args)
    if (options.all or options.case) and options.scenario != 'refunds':
        parser.error("--all and --case go with --scenario refunds")
    passed = []
    for name, value in vars(options).items():
        if value is True:
            passed.append(f'--{name}')
        elif value:
            passed += [f'--{name}', str(value.resolve() if isinstance(value, Path) else value)]
    is_long = (options.runs or 0) >= LONG and not options.mode
    return passed, JOBS if is_long else ()


def _source():
    """Return the folder of the addon to test."""
    source = Path(os.environ.get('WECHAT_ADDON_SOURCE') or ROOT).resolve()
    if not (source / '__manifest__.py').exists():
        raise Stop(
            f"WECHAT_ADDON_SOURCE is {source}, and there is no __manifest__.py in it. Point it at"
            " the root of a copy of this repository.")
    return source


def _environment(odoo, source, folder):
    """Return the environment of the harness and of its servers."""
    env = odoo.environment
    addons = [path for path in env['ODOO_ADDONS_PATH'].split(',') if path != str(FARM)]
    return env | {
        'ODOO_ADDONS_PATH': ','.join(
            [*addons, str(_copy_of(source, folder)), str(HARNESS / 'addons')]),
        'WECHAT_CHAOS': str(folder),
        'WECHAT_CHAOS_DB': DATABASE,
        'WECHAT_CHAOS_LAUNCHER': odoo.command()[1],
    }


def _copy_of(source, folder):
    """Copy the addon: servers that start again in the middle of a run must find the same code.

    :return: the folder of addons with the copy in it
    """
    target = folder / 'addons'
    shutil.rmtree(target, ignore_errors=True)
    for entry in source.iterdir():
        is_part = entry.suffix == '.py' or (entry.is_dir() and entry.name not in farm.NOT_ADDON)
        if is_part and not entry.name.startswith(('.', '__pycache__')):
            copy = shutil.copytree if entry.is_dir() else shutil.copy2
            (target / ADDON).mkdir(parents=True, exist_ok=True)
            copy(entry, target / ADDON / entry.name)
    return target


def _prepare_database(odoo, source, env, folder):
    """Make the database that every run starts from, unless there is one for this very code.

    :return: its name
    """
    base = checked(f'{DATABASE}_base')
    log = f'{DATABASE}.log'
    stamp = folder / 'made-from'
    wanted = _fingerprint(odoo, folder / 'addons' / ADDON)
    if stamp.exists() and stamp.read_text() == wanted and exists(odoo, base):
        return base
    stamp.unlink(missing_ok=True)
    demo_database.TEMPLATE.prepare(odoo)
    demo_database.TEMPLATE.copy_to(odoo, base)
    say(f"       Testing {source if source != ROOT else 'this repository'}")
    options = ('-d', base, f"--addons-path={env['ODOO_ADDONS_PATH']}")
    odoo.do("The shop: WeChat Pay", log, *options, '-i', ADDON, '--stop-after-init', '--no-http',
            '--max-cron-threads=0')
    merchant = json.loads(subprocess.run(
        [str(PYTHON), '-c', 'import json, simulator; print(json.dumps(simulator.DEMO_MERCHANT))'],
        cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    script = (
        f'{recipe_of(demo_shop.__file__, shop_setup.__file__)}\n'
        f"connect_wechat(env, {merchant!r}, 'en_US')\nset_up_tills(env)\n"
    )
    odoo.do("The shop: tills and merchant", log, 'shell', *options, '--no-http', script=script)
    stamp.write_text(wanted)
    return base


def _fingerprint(odoo, addon):
    digest = hashlib.sha256(odoo.identity.encode())
    digest.update(recipe_of(__file__, shop_setup.__file__, demo_shop.__file__).encode())
    for path in sorted(addon.rglob('*')):
        inside = path.relative_to(addon)
        if path.is_file() and not {'__pycache__', *NOT_IN_DATABASE} & set(inside.parts):
            digest.update(f'{inside}\n'.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
