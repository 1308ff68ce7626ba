# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""``dev/screenshots [NAME…]``: takes every picture that the documents name, in both languages.

Runs the shop of ``dev/demo`` on a scratch database, with the simulated WeChat, and does what a
cashier, a customer and an accountant do. English pictures go to ``static/description/images``,
Chinese ones to ``doc/images/zh_CN``. Icon and banner are drawn again, too.
"""

import argparse
import re
import subprocess

from environment import browser, databases, paths
from environment.children import Children
from environment.console import Stop, say, step
from environment.odoo import free_port, ready
from environment.paths import HOME, LOG, PYTHON, ROOT
from environment.picture_template import prepare_template

DATABASE = 'wechat_pictures'
ODOO_PORT, PHONE_PORT = 8169, 8170  # not those of dev/demo, which may be running
DOCUMENTS = ('README.rst', 'doc/*.rst', 'static/description/*.html')
DESCRIPTION = ROOT / 'static' / 'description'
FOLDERS = {
    'en_US': DESCRIPTION / 'images',
    'zh_CN': ROOT / 'doc' / 'images' / 'zh_CN',
}


def main(args):
    """Take the pictures, or those named, and return the exit code."""
    options = _parse(args)
    paths.prepare_home()
    with ready() as odoo:
        chromium = browser.prepare_browser()
        template = prepare_template(odoo)
        for lang in options.lang or FOLDERS:
            template.copy_to(odoo, DATABASE)
            with Children() as children:
                shop = Shop(odoo, children, lang)
                with step(f"Odoo and the simulated WeChat ({lang})"):
                    shop.open()
                shop.take_pictures(chromium, options.names)
        databases.drop(odoo, DATABASE)
    say("\nLook at every picture before you keep it.")
    return 0


def _parse(args):
    parser = argparse.ArgumentParser(
        prog='dev/screenshots', description="Takes the pictures of the documents again.")
    parser.add_argument(
        'names', nargs='*', metavar='NAME',
        help="save these pictures only, till_native for instance")
    parser.add_argument(
        '--lang', choices=FOLDERS, action='append', help="this language only")
    return parser.parse_args(args)


class Shop:
    """The demo shop and its WeChat, in one language."""

    def __init__(self, odoo, children, lang):
        self._odoo = odoo
        self._children = children
        self._lang = lang
        self._odoo_url = f'http://127.0.0.1:{free_port(ODOO_PORT)}'
        self._phone_url = f'http://127.0.0.1:{free_port(PHONE_PORT)}'

    def open(self):
        """Set language and addresses, and start both servers."""
        for statement in (
            f"UPDATE res_partner SET lang = '{self._lang}'"
            " WHERE id IN (SELECT partner_id FROM res_users)",
            f"UPDATE ir_config_parameter SET value = '{self._odoo_url}'"
            " WHERE key = 'web.base.url'",
            f"UPDATE ir_config_parameter SET value = '{self._phone_url}/'"
            " WHERE key = 'wechat.api_url'",
        ):
            self._odoo.postgres.sql(statement, database=DATABASE)
        ledger = HOME / 'pictures.sqlite'
        for file in ledger.parent.glob(f'{ledger.name}*'):
            file.unlink()
        self._children.start(
            "The simulated WeChat",
            [str(PYTHON), '-m', 'simulator', '--port', _port(self._phone_url),
             '--ledger', str(ledger), '--phone-url', f'{self._phone_url}/phone'],
            LOG / 'pictures-simulator.log', cwd=ROOT,
        )
        self._children.start(
            "Odoo",
            self._odoo.command(
                '-d', DATABASE, f'--db-filter=^{DATABASE}$', '--no-database-list',
                '--http-port', _port(self._odoo_url), '--workers=0', '--max-cron-threads=1'),
            LOG / 'pictures-odoo.log', env=self._odoo.environment,
        )
        self._children.wait_until_up(f'{self._phone_url}/phone')
        self._children.wait_until_up(f'{self._odoo_url}/web/login')

    def take_pictures(self, chromium, names):
        """Run the photographer, which needs the packages of the virtual environment."""
        folder = FOLDERS[self._lang]
        folder.mkdir(parents=True, exist_ok=True)
        shop_id = self._odoo.postgres.sql(
            'SELECT min(id) FROM pos_config', database=DATABASE)[0]
        command = [
            str(PYTHON), '-B', str(ROOT / 'dev' / 'pictures'), '--chromium', chromium,
            '--odoo', self._odoo_url, '--phone', self._phone_url, '--shop', shop_id,
            '--lang', self._lang, '--folder', str(folder), *(names or _named(folder)),
        ]
        if folder.parent == DESCRIPTION and not names:
            command += ['--artwork', str(DESCRIPTION)]
        code = subprocess.run(command, check=False).returncode
        if code:
            raise Stop(
                f"The pictures could not be taken. What the browser saw last is in"
                f" {LOG / 'pictures-last.png'}, Odoo's log in {LOG / 'pictures-odoo.log'}.")


def _named(folder):
    """Return the names of the pictures in a folder that the documents show."""
    # doc/ writes images/zh_CN/NAME.png, the others (…/)images/NAME.png.
    start = 'images/' if folder.name == 'images' else f'images/{folder.name}/'
    documents = [path for pattern in DOCUMENTS for path in ROOT.glob(pattern)]
    return sorted({
        name for path in documents
        for name in re.findall(rf'{start}(\w+)\.png', path.read_text(encoding='utf-8'))
    })


def _port(url):
    return url.rpartition(':')[2]
