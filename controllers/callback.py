# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import http
from odoo.http import request

from ..gateway import notification_reply
from ..models.ir_config_parameter import CALLBACK_PATH, REFUND_CALLBACK_PATH

# A notification is some 2 kB; the gateway refuses more than 1 MB, and Odoo does not even read this.
MAX_BYTES = 16 * 1024 * 1024

ROUTE = {
    'type': 'http', 'auth': 'public', 'methods': ['POST'], 'csrf': False, 'save_session': False,
    'max_content_length': MAX_BYTES,
}


class WechatCallback(http.Controller):

    @http.route(CALLBACK_PATH, **ROUTE)
    def payment(self):
        """Take WeChat's payment notification."""
        return self._answer('wechat.order')

    @http.route(REFUND_CALLBACK_PATH, **ROUTE)
    def refund(self):
        """Take WeChat's refund notification."""
        return self._answer('wechat.refund')

    def _answer(self, model_name):
        # The bytes as they came: the signature is over what WeChat wrote, not over what we read.
        raw = request.httprequest.get_data()
        taken = request.env[model_name].sudo().on_notification(raw) is not False
        message = "OK" if taken else "REFUSED"
        return request.make_response(
            notification_reply(taken, message), headers=[('Content-Type', 'text/xml')])
