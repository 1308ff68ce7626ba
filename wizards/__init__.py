# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from . import wechat_charge_wizard  # isort: skip  Inherited by the others.
from . import pos_make_payment, wechat_attach_wizard, wechat_refund_wizard
