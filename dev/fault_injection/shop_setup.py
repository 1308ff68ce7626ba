# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""What the shop of ``dev/chaos`` needs besides the demo shop. Runs inside ``odoo shell``."""


def set_up_tills(env):
    """Leave the shop to the harness: no job runs by itself, and the goods bear no tax."""
    env['ir.cron'].search([]).write({'active': False})
    env.ref('wechat.cron_settle_trades').active = True
    env['pos.config'].search([]).write({'cash_control': False})
    env['res.users'].create({
        'name': "Li Na 李娜", 'login': 'accountant', 'password': 'accountant',
        'tz': 'Asia/Shanghai', 'lang': 'en_US',
        'group_ids': [(6, 0, (
            env.ref('base.group_user') | env.ref('account.group_account_invoice')).ids)],
    })
    env.cr.commit()
