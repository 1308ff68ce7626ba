# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from . import (
    wechat_accountant,  # What others inherit comes first.
    wechat_receipt,
    account_journal,
    ir_config_parameter,
    ir_http,
    pos_config,
    pos_order,
    pos_payment,
    pos_payment_method,
    pos_session,
    product_template,
    res_config_settings,
    res_currency,
    wechat_trade,
    wechat_charge,
    wechat_charge_refund,
    wechat_evidence,
    wechat_micropay,
    wechat_order,
    wechat_order_line,
    wechat_refund,
    wechat_refund_anew,
    wechat_refund_books,
    wechat_refund_elsewhere,
    wechat_refund_till,
)
