# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

"""wechatpy's interfaces, without the defaults that surprise."""

from wechatpy.pay.api import WeChatMicroPay, WeChatOrder, WeChatRefund

_LOCAL_IP = '127.0.0.1'


class Order(WeChatOrder):
    """``client.order``: without an IP address, wechatpy would ask the DNS for WeChat's host."""

    def create(self, trade_type, body, total_fee, notify_url, client_ip=None, *args, **kwargs):
        """Send ``unifiedorder``; see wechatpy for the arguments (``total_fee`` in fen)."""
        return super().create(
            trade_type, body, total_fee, notify_url, client_ip or _LOCAL_IP, *args, **kwargs)


class MicroPay(WeChatMicroPay):
    """``client.micropay``: the same about the IP address."""

    def create(self, body, total_fee, auth_code, client_ip=None, *args, **kwargs):
        """Send ``micropay``; see wechatpy for the arguments (``total_fee`` in fen)."""
        return super().create(
            body, total_fee, auth_code, client_ip or _LOCAL_IP, *args, **kwargs)


class Refund(WeChatRefund):
    """``client.refund``: WeChat chooses the account unless the caller does."""

    def apply(
        self, total_fee, refund_fee, out_refund_no, transaction_id=None, out_trade_no=None,
        fee_type='CNY', op_user_id=None, device_info=None, refund_account=None,
        refund_desc=None, notify_url=None,
    ):
        """Send ``refund``; see wechatpy for the arguments (both fees in fen)."""
        return super().apply(
            total_fee, refund_fee, out_refund_no, transaction_id, out_trade_no, fee_type,
            op_user_id, device_info, refund_account, refund_desc, notify_url)
