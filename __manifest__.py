# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
{
    'name': "WeChat Pay",
    'version': '19.0.1.0.0',
    'category': 'Sales/Point of Sale',
    'summary': "Take WeChat Pay at the till: scan the customer's code or show a QR code",
    'author': "WeChat Pay for Odoo maintainers",
    'website': "https://github.com/wechat-pay-for-odoo/wechat",
    'license': 'LGPL-3',
    'depends': ['account', 'point_of_sale'],
    'external_dependencies': {
        'python': [
            'wechatpy', 'cryptography', 'lxml', 'requests', 'werkzeug', 'qrcode', 'reportlab',
        ],
    },
    'data': [
        'security/ir.model.access.csv',
        'security/wechat_security.xml',
        'data/ir_sequence_data.xml',
        'data/ir_config_parameter_data.xml',
        'data/ir_cron_data.xml',
        'views/wechat_evidence_views.xml',
        'views/wechat_refund_views.xml',  # Orders and micropays show their refunds.
        'views/wechat_order_views.xml',
        'views/wechat_micropay_views.xml',
        'views/account_journal_views.xml',
        'views/res_config_settings_views.xml',
        'wizards/pos_make_payment_views.xml',
        'wizards/wechat_attach_wizard_views.xml',
        'wizards/wechat_refund_wizard_views.xml',
        'views/wechat_menus.xml',  # Last: it names the actions of the other files.
    ],
    'demo': ['demo/pos_config_demo.xml'],
    'assets': {
        'point_of_sale._assets_pos': ['wechat/static/src/app/**/*'],
        'point_of_sale.customer_display_assets': ['wechat/static/src/customer_display/**/*'],
        'web.assets_tests': ['wechat/static/tests/tours/**/*'],
        'web.assets_unit_tests': [
            # The display is a page of its own; its parts are tested with the till's.
            'wechat/static/src/customer_display/wechat_panel.js',
            'wechat/static/src/customer_display/wechat_panel.xml',
            'wechat/static/tests/unit/**/*',
        ],
    },
    'images': ['static/description/banner.png'],
    'uninstall_hook': 'uninstall_hook',
}
