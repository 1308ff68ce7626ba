# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The database that tests start from: Odoo's own demo shops, with the pages' bundles built."""

from .databases import PREGENERATE, Template, recipe_of


def _make(odoo, name):
    log = f'{name}.log'
    odoo.do(
        "Test database: point of sale and accounting with Odoo's demo data", log,
        '-d', name, '-i', 'point_of_sale,account', '--with-demo', '--stop-after-init', '--no-http',
        '--max-cron-threads=0',
    )
    odoo.do("Test database: scripts and styles of the pages", log,
            'shell', '-d', name, '--no-http', script=PREGENERATE)


TEST_TEMPLATE = Template('tpl_test', _make, recipe_of(__file__))
