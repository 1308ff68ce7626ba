# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""What the demo shop is made of. These functions run inside ``odoo shell``, which gives ``env``."""


def set_up_shop(env):
    """Make the company of a fresh Chinese database a bakery with a till and a cashier."""
    company = env.ref('base.main_company')
    company.write({'name': "Panda Bakery 熊猫面包房", 'city': "上海", 'street': "南京西路 1266 号"})
    # The price on the tag is what the customer pays, as usual in China.
    company.account_price_include = 'tax_included'
    shop = env['pos.config'].browse(
        env['pos.config'].load_onboarding_bakery_scenario()['config_id'])
    shop.name = "Panda Bakery"
    env['ir.module.module']._load_module_terms(['point_of_sale', 'product'], ['zh_CN'])
    # The stock's photos come with prices of another currency; here is what one pays in Shanghai.
    for product in env['product.template'].search([('available_in_pos', '=', True)]):
        product.list_price = max(round(product.list_price * 4), 1) - 0.1
    env['res.users'].create({
        'name': "Wang Fang 王芳",
        'login': 'cashier',
        'password': 'cashier',
        'tz': 'Asia/Shanghai',
        'group_ids': [(6, 0, (
            env.ref('base.group_user') | env.ref('point_of_sale.group_pos_user')).ids)],
    })
    admin = env.ref('base.user_admin')
    admin.tz = 'Asia/Shanghai'
    admin.group_ids |= env.ref('account.group_account_manager')
    # A demo calls nobody.
    env.ref('mail.ir_cron_module_update_notification').active = False
    env.cr.commit()


def connect_wechat(env, merchant, lang):
    """Give the shop the WeChat methods and the simulated merchant.

    :param merchant: ``DEMO_MERCHANT`` of the simulator
    :param lang: language of both users, ``en_US`` or ``zh_CN``
    """
    shop = env['pos.config'].search([], limit=1)
    shop.payment_method_ids |= shop.init_pos_wechat_journals()
    env['res.users'].search([('share', '=', False)]).write({'lang': lang})
    for name, value in {
        'wechat.app_id': merchant['appid'],
        'wechat.mch_id': merchant['mch_id'],
        'wechat.api_key': merchant['api_key'],
        # Otherwise the address would follow the one in the browser of the last admin.
        'web.base.url.freeze': 'True',
    }.items():
        env['ir.config_parameter'].set_param(name, value)
    env.cr.commit()
