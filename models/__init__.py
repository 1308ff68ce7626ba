# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from . import (
    wechat_accountant,  # What others inherit comes first.
    account_journal,
    ir_config_parameter,
    pos_config,
    pos_order,
    pos_payment,
    pos_payment_method,
    pos_session,
    res_currency,
    wechat_trade,
    wechat_charge,
    wechat_evidence,
    wechat_micropay,
    wechat_order,
    wechat_order_line,
    wechat_refund,
)
