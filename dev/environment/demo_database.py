# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The database of ``dev/demo``: a Chinese shop that takes WeChat Pay from the simulator."""

import hashlib
import json
import subprocess

from . import demo_shop
from .console import Stop
from .databases import PREGENERATE, Template, checked, exists, recipe_of
from .farm import addon_files
from .paths import ADDON, HOME, PYTHON, ROOT

DATABASE = 'wechat_demo'
FOLDER = HOME / 'demo'
LEDGER = FOLDER / 'simulator.sqlite'
_CODE = FOLDER / 'installed-code'  # says which state of the addon the database has


def _make(odoo, name):
    log = f'{name}.log'
    odoo.do("Demo database: a company in China", log, 'db', 'init', name, '--country', 'CN')
    odoo.do("Demo database: point of sale and accounting", log,
            '-d', name, '-i', 'point_of_sale,account', '--load-language=zh_CN',
            '--stop-after-init', '--no-http', '--max-cron-threads=0')
    odoo.do("Demo database: shop, products and cashier", log, 'shell', '-d', name, '--no-http',
            script=_shell('set_up_shop(env)'))
    odoo.do("Demo database: scripts and styles of the pages", log,
            'shell', '-d', name, '--no-http', script=PREGENERATE)


TEMPLATE = Template('tpl_demo', _make, recipe_of(__file__, demo_shop.__file__))


def prepare_database(odoo, fresh, base_url, api_url, lang):
    """Make the demo database, or bring the one that is there up to date.

    :param fresh: whether to start over
    :param base_url: address of Odoo
    :param api_url: address of the simulator
    :param lang: ``en_US`` or ``zh_CN``
    """
    log = f'{DATABASE}.log'
    FOLDER.mkdir(exist_ok=True)
    code = _code_now()
    new = fresh or not _CODE.exists() or not exists(odoo, DATABASE)
    if new:
        _CODE.unlink(missing_ok=True)
        TEMPLATE.prepare(odoo)
        TEMPLATE.copy_to(odoo, DATABASE)
        # The simulator remembers every number, and a new database begins again at the first.
        for file in FOLDER.glob(f'{LEDGER.name}*'):
            file.unlink()
    if new or _CODE.read_text() != code:
        _CODE.unlink(missing_ok=True)
        odoo.do("Demo database: WeChat Pay", log, '-d', DATABASE, '-i' if new else '-u', ADDON,
                '--stop-after-init', '--no-http', '--max-cron-threads=0')
        connect = _shell(f'connect_wechat(env, {_merchant()!r}, {lang!r})') if new else ''
        odoo.do("Demo database: the pages with WeChat Pay", log, 'shell', '-d', DATABASE,
                '--no-http', script=connect + PREGENERATE)
        _CODE.write_text(code)
    _point_at(odoo, {'wechat.api_url': api_url, 'web.base.url': base_url})


def shop_id(odoo):
    """Return the database id of the demo shop, for the address of its till."""
    return odoo.postgres.sql('SELECT min(id) FROM pos_config', database=checked(DATABASE))[0]


def _point_at(odoo, parameters):
    """Set addresses that depend on ports without starting Odoo for it."""
    for name, value in parameters.items():
        odoo.postgres.sql(
            f"UPDATE ir_config_parameter SET value = '{value}' WHERE key = '{name}'",
            database=checked(DATABASE))


def _merchant():
    result = subprocess.run(
        [str(PYTHON), '-c', 'import json, simulator; print(json.dumps(simulator.DEMO_MERCHANT))'],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )
    if result.returncode:
        raise Stop(f"The simulator cannot be imported:\n{result.stderr}")
    return json.loads(result.stdout)


def _shell(call):
    """Return the statements for ``odoo shell`` that define and call functions of demo_shop."""
    return f'{recipe_of(demo_shop.__file__)}\n{call}\n'


def _code_now():
    digest = hashlib.sha256()
    for path in sorted(addon_files()):
        digest.update(f'{path.relative_to(ROOT)}\n'.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
