# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The database of a real shop on its first day: point of sale and accounting, no demo data."""

from .databases import Template, recipe_of


def _make(odoo, name):
    odoo.do(
        "Bare database: point of sale and accounting without demo data", f'{name}.log',
        '-d', name, '-i', 'point_of_sale,account', '--stop-after-init', '--no-http',
        '--max-cron-threads=0',
    )


BARE_TEMPLATE = Template('tpl_bare', _make, recipe_of(__file__))
