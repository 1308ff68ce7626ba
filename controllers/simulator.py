# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import io

from werkzeug.exceptions import NotFound
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response as WerkzeugResponse

from odoo import http
from odoo.http import request

from ..gateway import notification_reply
from ..models.ir_config_parameter import SIMULATOR_PATH


class WechatSimulator(http.Controller):

    @http.route(
        [SIMULATOR_PATH, f'{SIMULATOR_PATH}/<path:path>'], type='http', auth='public',
        methods=['GET', 'POST'], csrf=False, save_session=False, readonly=False)
    def simulator(self, path='', **_kw):
        """Show the phone of the simulated customer while `wechat.local_sandbox` is on.

        Only the phone and its controls: the simulated WeChat itself is called in process.
        """
        params = request.env['ir.config_parameter'].sudo()
        if not params._wechat_switch('local_sandbox') or path.split('/')[0] not in (
                'phone', 'control'):
            raise NotFound
        if path.startswith('control') and not request.env.user.has_group('base.group_system'):
            raise NotFound  # Customers have a phone; the controls are for who runs the tests.
        simulator = params._wechat_simulator()
        environ = dict(
            request.httprequest.environ, SCRIPT_NAME=SIMULATOR_PATH, PATH_INFO=f'/{path}')
        environ['wsgi.input'] = io.BytesIO(request.httprequest.get_data())
        body, status, headers = run_wsgi_app(simulator.wsgi_app, environ, buffered=True)
        if request.httprequest.method == 'POST':
            simulator.deliver_due(post=self._deliver)
        return WerkzeugResponse(b''.join(body), status=status, headers=headers)

    @staticmethod
    def _deliver(url, body, _headers):
        """Hand a notification over without a network, as the callback would take it."""
        model = 'wechat.refund' if url.endswith('/refund') else 'wechat.order'
        taken = request.env[model].sudo().on_notification(body) is not False
        return 200, notification_reply(taken)
