# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""How the simulated WeChat says no."""

TEXTS = {
    'APPID_MCHID_NOT_MATCH': "appid和mch_id不匹配",
    'APPID_NOT_EXIST': "APPID不存在",
    'AUTHCODEEXPIRE': "二维码已过期，请用户在微信上刷新后再试",
    'AUTH_CODE_ERROR': "付款码参数错误或已被使用，请刷新后重新扫描",
    'AUTH_CODE_INVALID': "付款码无效，请扫描微信支付的付款码",
    'BANKERROR': "银行系统异常",
    'BILL_CREATING': "账单正在生成中",
    'BIZERR_NEED_RETRY': "退款业务流程错误，需要商户触发重试来解决",
    'BUYER_MISMATCH': "支付账号错误，暂不支持同一笔订单更换支付方",
    'CERT_ERROR': "证书校验错误",
    'ERROR': "业务错误",
    'FREQUENCY_LIMITED': "频率限制，请降低请求频率后用原单号重试",
    'INVALID_REQUEST': "参数错误，请求与之前不一致或不被允许",
    'INVALID_REQ_TOO_MUCH': "无效请求过多，请一分钟后重试",
    'INVALID_TRANSACTIONID': "无效的订单号",
    'LACK_PARAMS': "缺少参数",
    'MCHID_NOT_EXIST': "商户号不存在",
    'NOAUTH': "商户无此接口权限",
    'NOTENOUGH': "余额不足",
    'NOTSUPORTCARD': "不支持该卡支付，请更换支付方式",
    'NO_BILL_EXIST': "账单不存在",
    'ORDERCLOSED': "订单已关闭",
    'ORDERNOTEXIST': "此交易订单号不存在",
    'ORDERPAID': "该订单已支付",
    'ORDERREVERSED': "订单已撤销",
    'ORDER_NOT_READY': "订单处理中，暂时无法退款，请稍后再试",
    'OUT_TRADE_NO_USED': "商户订单号重复",
    'PARAM_ERROR': "参数错误",
    'REFUNDNOTEXIST': "退款单不存在",
    'REFUND_FEE_MISMATCH': "订单金额与原订单不一致",
    'REVERSE_EXPIRE': "订单超过七天，无法撤销，请使用退款",
    'SIGNERROR': "签名错误",
    'SYSTEMERROR': "系统错误",
    'TRADE_ERROR': "交易错误",
    'TRADE_OVERDUE': "订单已经超过退款期限",
    'TRADE_STATE_ERROR': "订单状态错误",
    'USERPAYING': "需要用户输入支付密码",
    'USER_ACCOUNT_ABNORMAL': "用户账户异常或已注销",
}


class Refusal(Exception):
    """A business refusal: `result_code=FAIL` with an `err_code`, signed.

    :param str code: WeChat's `err_code`
    :param str text: `err_code_des`; the usual text of the code when empty
    :param bool keep: keep what the call has changed so far, such as a code that is used up
    :param extra: further fields of the reply
    """

    def __init__(self, code, text='', keep=False, **extra):
        super().__init__(code)
        self.code = code
        self.text = text or TEXTS.get(code, code)
        self.keep = keep
        self.extra = extra


class Rejection(Exception):
    """The request was not processed as sent: `return_code=FAIL`, unsigned.

    :param str text: `return_msg`
    :param extra: further fields of the reply, e.g. `error_code` of a bill
    """

    def __init__(self, text, **extra):
        super().__init__(text)
        self.text = text
        self.extra = extra


class PhoneError(Exception):
    """What the customer reads on the phone instead of a payment.

    :param str code: stable name of the reason, e.g. ``CODE_EXPIRED``
    :param str message: one English sentence
    """

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
        self.message = message
