# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Installs, uses, updates and removes the addon on a database without demo data.

Each step is one test. It fails when Odoo logs an error or a warning of ours, or when what it prints
at the end is not there.
"""

import re
import subprocess

from environment.bare_template import BARE_TEMPLATE
from environment.console import step
from environment.databases import drop
from environment.paths import ADDON, LOG

from .tally import Tally

DATABASE = 'wechat_lifecycle'
DONE = 'LIFECYCLE STEP DONE'
WRONG = re.compile(
    r' (?:ERROR|CRITICAL) .*'
    r'|.* WARNING \S+ odoo\.(?:addons\.wechat|modules|registry).*'
    r'|^Traceback .*', re.MULTILINE)

OPEN_SESSIONS = """
main = env.company
assert main.chart_template, "the first company has a chart of accounts"
shop = env['pos.config'].create({'name': "Shop"})
for opening in range(2):
    session = env['pos.session'].create({'config_id': shop.id})
    journals = env['account.journal'].search([('wechat', '!=', False)])
    methods = env['pos.payment.method'].search([('use_payment_terminal', '=like', 'wechat_%')])
    assert sorted(journals.mapped('name')) == ['Wechat Micropay', 'Wechat Native Payment'], journals
    assert len(methods) == 2, methods
    session.set_opening_control(0, None)
    session.post_closing_cash_details(0)
    session.close_session_from_ui()
    assert session.state == 'closed', session.state
shop.payment_method_ids |= methods
"""

TWO_COMPANIES = """
bare = env['res.company'].create({'name': "No chart of accounts"})
second = env['res.company'].create({'name': "Second"})
env['account.chart.template'].try_loading('generic_coa', company=second, install_demo=False)
shop = env['pos.config'].with_company(second).create({'name': "Second", 'company_id': second.id})
env['pos.session'].with_company(second).create({'config_id': shop.id})
for company, count in ((env.ref('base.main_company'), 2), (second, 2), (bare, 0)):
    journals = env['account.journal'].search(
        [('wechat', '!=', False), ('company_id', '=', company.id)])
    assert len(journals) == count, (company.name, journals)
"""

UNINSTALL = """
env['ir.module.module'].search([('name', '=', 'wechat')]).button_immediate_uninstall()
module = env['ir.module.module'].search([('name', '=', 'wechat')])
assert module.state == 'uninstalled', module.state
methods = env['pos.payment.method'].search([('name', '=like', 'Wechat%')])
assert methods and not any(methods.mapped('use_payment_terminal')), methods
methods.read(['name', 'payment_method_type', 'use_payment_terminal', 'journal_id'])
"""


def run_lifecycle(odoo):
    """Run the steps on a fresh database.

    :return: the :class:`~testing.tally.Tally`
    """
    tally = Tally()
    BARE_TEMPLATE.prepare(odoo)
    BARE_TEMPLATE.copy_to(odoo, DATABASE)
    quick = ('-d', DATABASE, '--no-http', '--max-cron-threads=0')
    try:
        for name, arguments, script in (
            ("install", (*quick, '-i', ADDON, '--stop-after-init'), None),
            ("open sessions", ('shell', *quick), OPEN_SESSIONS),
            ("second company, company without accounts", ('shell', *quick), TWO_COMPANIES),
            ("update", (*quick, '-u', ADDON, '--stop-after-init'), None),
            ("uninstall", ('shell', *quick), UNINSTALL),
        ):
            with step(name):
                wrong = _step(odoo, name, arguments, script)
            if wrong:
                tally.fail(f"lifecycle: {name}", wrong)
                break
            tally.passed += 1
    finally:
        drop(odoo, DATABASE)
    return tally


def _step(odoo, name, arguments, script):
    """Run one step; return what was wrong, or an empty string."""
    if script:
        script = f"{script}\nenv.cr.commit()\nprint('{DONE}')\n"
    result = subprocess.run(
        odoo.command(*arguments), env=odoo.environment, input=script or '', text=True,
        errors='replace', stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )
    (LOG / f"lifecycle-{name.split(',')[0].replace(' ', '-')}.log").write_text(result.stdout)
    wrong = [match.group(0) for match in WRONG.finditer(result.stdout)]
    if result.returncode or wrong or (script and DONE not in result.stdout):
        return '\n'.join(wrong) or result.stdout[-3000:]
    return ''
