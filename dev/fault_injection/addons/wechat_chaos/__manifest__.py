# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
{
    'name': "WeChat Pay: fault points",
    'summary': "For dev/chaos only: breaks the server where a request asks for it",
    'version': '19.0.1.0.0',
    'license': 'LGPL-3',
    'author': "WeChat Pay for Odoo",
    'website': "https://pay.weixin.qq.com/",
    'depends': ['base'],
    'installable': False,
}
