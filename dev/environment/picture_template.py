# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The database that pictures start from: the demo shop with the addon in it, and no sale yet."""

import hashlib

from . import demo_database, demo_shop
from .databases import PREGENERATE, Template, recipe_of
from .farm import addon_files
from .paths import ADDON

CONNECT = """
from odoo.addons.wechat.simulator import DEMO_MERCHANT
connect_wechat(env, DEMO_MERCHANT, 'en_US')
"""


def prepare_template(odoo):
    """Make the template unless there is one for this Odoo and this addon, and return it."""
    demo_database.TEMPLATE.prepare(odoo)
    template = Template('tpl_pictures', _make, recipe_of(__file__, demo_shop.__file__) + _addon())
    template.prepare(odoo)
    return template


def _make(odoo, name):
    log = f'{name}.log'
    demo_database.TEMPLATE.copy_to(odoo, name)
    odoo.do("Picture database: WeChat Pay", log, '-d', name, '-i', ADDON,
            '--stop-after-init', '--no-http', '--max-cron-threads=0')
    odoo.do("Picture database: the pages with WeChat Pay", log, 'shell', '-d', name, '--no-http',
            script=f'{recipe_of(demo_shop.__file__)}\n{CONNECT}\n{PREGENERATE}')


def _addon():
    return ''.join(
        hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(addon_files()) if 'description' not in path.parts
    )
