# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""``dev/demo``: Odoo with a demo shop, this addon, and a simulated WeChat with a phone to pay with.

No account, no money, no network once it is set up. Ctrl-C stops all of it; the shop's data stay for
the next time.
"""

import argparse
import fcntl
import os
import time

from environment import demo_database, paths
from environment.children import Children
from environment.console import Stop, say, step
from environment.odoo import HTTP_PORT, is_free, ready
from environment.paths import HOME, LOG, PYTHON, ROOT

PHONE_PORT = 8070


def main(args):
    """Set everything up, run it until Ctrl-C, and return the exit code."""
    options = _parse(args)
    for option, port in (('--port', options.port), ('--phone-port', options.phone_port)):
        if not is_free(port):
            raise Stop(
                f"Port {port} of 127.0.0.1 is taken by another program. Stop that program, or"
                f" choose another port: dev/demo {option} {port + 100}"
            )
    base_url = f'http://127.0.0.1:{options.port}'
    phone_url = f'http://127.0.0.1:{options.phone_port}'
    paths.prepare_home()
    with (HOME / 'demo.lock').open('a') as lock:
        _only_one(lock)
        with ready() as odoo, Children() as children:
            demo_database.prepare_database(
                odoo, options.fresh, base_url, f'{phone_url}/', options.lang)
            with step("Odoo and the simulated WeChat"):
                _start(children, odoo, options, phone_url)
                children.wait_until_up(f'{phone_url}/phone')
                children.wait_until_up(f'{base_url}/web/login')
            _greet(base_url, phone_url, demo_database.shop_id(odoo))
            return _run(children)


def _parse(args):
    parser = argparse.ArgumentParser(
        prog='dev/demo',
        description="Runs Odoo with a demo shop and a simulated WeChat on this machine.")
    parser.add_argument('--port', type=int, default=HTTP_PORT, help="of Odoo (%(default)s)")
    parser.add_argument(
        '--phone-port', type=int, default=PHONE_PORT,
        help="of the simulated WeChat and its phone page (%(default)s)")
    parser.add_argument(
        '--fresh', action='store_true', help="forget all sales and start with a new shop")
    parser.add_argument(
        '--lang', choices=('en_US', 'zh_CN'), default=_language(),
        help="language of the users of a new shop (%(default)s, from the environment)")
    return parser.parse_args(args)


def _language():
    for name in ('LC_ALL', 'LC_MESSAGES', 'LANG'):
        if value := os.environ.get(name):
            return 'zh_CN' if value.startswith('zh') else 'en_US'
    return 'en_US'


def _only_one(lock):
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Stop(
            "dev/demo is running in this checkout already. Stop it first (Ctrl-C where it runs),"
            " or use another checkout for a second one."
        ) from error


def _start(children, odoo, options, phone_url):
    children.start(
        "The simulated WeChat",
        [str(PYTHON), '-m', 'simulator', '--port', str(options.phone_port),
         '--ledger', str(demo_database.LEDGER), '--phone-url', f'{phone_url}/phone'],
        LOG / 'demo-simulator.log', cwd=ROOT,
    )
    database = demo_database.DATABASE
    children.start(
        "Odoo",
        odoo.command('-d', database, f'--db-filter=^{database}$', '--no-database-list',
                     '--http-port', options.port, '--workers=0', '--max-cron-threads=1'),
        LOG / 'demo-odoo.log', env=odoo.environment,
    )


def _greet(base_url, phone_url, shop):
    say(f"""
WeChat Pay for Odoo is ready. Open these two side by side:

  The till      {base_url}/pos/ui/{shop}      log in as cashier, password cashier
  The phone     {phone_url}/phone         the customer's WeChat, with play money

  1. Open the register and put a croissant into the basket.
  2. Payment, Wechat Native Payment: a QR code appears; click "Scan it with the simulated
     phone" below it, and pay there.
  3. Or Wechat Micropay: scan the payment code that the phone page shows (type or paste it).

  The books     {base_url}/odoo           log in as admin, password admin
                Invoicing, Configuration, Wechat: Orders, Micropays, Refunds

Logs are in {LOG}. Ctrl-C stops everything; sales are kept (dev/demo --fresh: start over).
""")


def _run(children):
    try:
        while True:
            children.check()
            time.sleep(1)
    except KeyboardInterrupt:
        say("\nStopping …")
        return 0
