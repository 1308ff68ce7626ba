# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

"""What the client raises. Both are wechatpy's own exception, so that its callers need no change."""

from wechatpy.exceptions import WeChatPayException


class ReplyError(WeChatPayException):
    """There is no reply of WeChat's that may be believed.

    ``reason`` is one of the catalogue's own codes (``TIMEOUT``, ``BAD_SIGNATURE``, ``CERT_MISSING``
    …) or ``HTTP_<status>``; ``raw`` is what was received, if anything. The request is not kept: it
    may hold a payment code.
    """

    def __init__(self, reason, message, raw=''):
        super().__init__(None, return_msg=message, errcode=reason, errmsg=message)
        self.reason = reason
        self.raw = raw


class FailedReply(WeChatPayException):
    """WeChat answered, and the answer is no (``return_code`` or ``result_code`` is not SUCCESS).

    ``data`` holds the reply's fields; they are verified unless ``return_code`` is FAIL, which
    WeChat does not sign.
    """

    def __init__(self, data):
        super().__init__(
            data.get('return_code'),
            data.get('result_code'),
            data.get('return_msg'),
            data.get('err_code') or data.get('error_code'),
            data.get('err_code_des'),
        )
        self.data = data
