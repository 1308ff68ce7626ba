# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import logging
import os
from urllib.parse import urlsplit

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import config

from ..gateway import Client, Credentials, Gateway, ReplyError, check_certificate
from ..simulator import DEMO_MERCHANT, Simulator

_logger = logging.getLogger(__name__)

DEFAULT_API_URL = 'https://api.mch.weixin.qq.com/'
DEFAULT_FEE_TYPE = 'CNY'
CALLBACK_PATH = '/wechat/callback'
REFUND_CALLBACK_PATH = '/wechat/callback/refund'
SIMULATOR_PATH = '/wechat/simulator'

# Where the money of a refund comes from: what is not yet paid out, or the balance.
REFUND_ACCOUNTS = ('REFUND_SOURCE_UNSETTLED_FUNDS', 'REFUND_SOURCE_RECHARGE_FUNDS')

# One simulator per ledger file and process; its truth lies in the file, which processes share.
_simulators = {}


class IrConfigParameter(models.Model):
    _inherit = 'ir.config_parameter'

    # === READING === #

    @api.model
    def _wechat_param(self, name):
        """Return the system parameter `wechat.<name>`, stripped; an empty one counts as unset.

        The only place where the parameters are read, and the only one that needs `sudo`.

        :rtype: str
        """
        value = (self.sudo().get_param(f'wechat.{name}') or '').strip()
        # Odoo drops a parameter whose value is empty, so they are installed as a single space;
        # people also type the word.
        return '' if value.lower() in ('false', 'none') else value

    @api.model
    def _wechat_switch(self, name):
        """Tell whether `wechat.<name>` is on: any value but none and `0` is."""
        return self._wechat_param(name) not in ('', '0')

    @api.model
    def _wechat_seconds(self, name, default, lowest, highest):
        """Return the whole number of seconds in `wechat.<name>`.

        :param int default: if it is unset or no number
        :param int lowest: and `highest`: the bounds that WeChat's rules set; a value beyond is
            brought back to the nearer one
        """
        value = self._wechat_param(name)
        if not value:
            return default
        if not value.isdecimal():
            _logger.warning("wechat.%s is no whole number of seconds; %s are used", name, default)
            return default
        return min(max(int(value), lowest), highest)

    @api.model
    def _wechat_mode(self):
        """Return who answers: `live`, WeChat's own `sandbox`, or a `simulator` on this machine."""
        if self._wechat_switch('local_sandbox'):
            return 'simulator'
        if self._wechat_switch('sandbox'):
            return 'sandbox'
        host = urlsplit(self._wechat_param('api_url') or DEFAULT_API_URL).hostname or ''
        return 'simulator' if host in ('localhost', '::1') or host.startswith('127.') else 'live'

    @api.model
    def _wechat_takes_currency(self, currency):
        """Tell whether the merchant account takes money in this currency."""
        if self._wechat_switch('local_sandbox'):
            return True
        return currency.name in self._wechat_fee_types()

    @api.model
    def _wechat_fee_types(self):
        """Return the ISO codes of the currencies that the merchant account takes.

        :rtype: list[str]
        """
        names = self._wechat_param('fee_type') or DEFAULT_FEE_TYPE
        return [name.strip().upper() for name in names.split(',') if name.strip()]

    @api.model
    def _wechat_refund_account(self):
        """Return the account that refunds are taken from first; none: WeChat decides.

        :rtype: str
        :raises UserError: if `wechat.refund_account` is neither of WeChat's two
        """
        account = self._wechat_param('refund_account').upper()
        if account and account not in REFUND_ACCOUNTS:
            raise UserError(self.env._(
                "The system parameter wechat.refund_account must be empty, %(one)s or %(other)s.",
                one=REFUND_ACCOUNTS[0], other=REFUND_ACCOUNTS[1]))
        return account

    @api.model
    def _wechat_certificate_error(self, mode, app_id=None):
        """Return what is wrong with the client certificate; a simulator is asked without one.

        :param str mode: the one of the record that is about to need it
        :rtype: ReplyError | None
        :raises UserError: see `_wechat_credentials`
        """
        credentials = self._wechat_credentials(app_id)
        if mode == 'live' and credentials.api_url.startswith('https:'):
            try:
                check_certificate(credentials.mch_cert, credentials.mch_key)
            except ReplyError as error:
                return error
        return None

    @api.model
    def _wechat_notify_url(self, refund=False):
        """Return the address that WeChat posts notifications to.

        A URL in `wechat.payment_result_notification_url` overrides the one of payments.
        """
        override = self._wechat_param('payment_result_notification_url')
        if refund:
            base = override.removesuffix(CALLBACK_PATH) if override.endswith(CALLBACK_PATH) else ''
            return (base or self._wechat_base_url()) + REFUND_CALLBACK_PATH
        return override or self._wechat_base_url() + CALLBACK_PATH

    @api.model
    def _wechat_base_url(self):
        return (self.sudo().get_param('web.base.url') or '').rstrip('/')

    # === THE CLIENT === #

    @api.model
    def _wechat_credentials(self, app_id=None):
        """Return the merchant's credentials.

        :param str app_id: the app that the record was ordered for, default `wechat.app_id`
        :rtype: Credentials
        :raises UserError: if a parameter is missing; the message lists all that are
        """
        if self._wechat_switch('local_sandbox'):
            return Credentials(
                app_id=app_id or DEMO_MERCHANT['appid'],
                mch_id=DEMO_MERCHANT['mch_id'],
                api_key=DEMO_MERCHANT['api_key'],
                # Were the simulator not there to answer, nothing would leave the machine either.
                api_url='http://127.0.0.1/',
            )
        values = {name: self._wechat_param(name) for name in ('app_id', 'mch_id')}
        values['api_key'] = self._wechat_param('api_key') or self._wechat_param('app_secret')
        missing = [f'wechat.{name}' for name, value in values.items() if not value]
        if missing:
            raise UserError(self.env._(
                "WeChat Pay is not set up: fill in %(parameters)s under"
                " Settings ▸ Technical ▸ System Parameters.",
                parameters=", ".join(missing),
            ))
        api_url = self._wechat_param('api_url') or DEFAULT_API_URL
        if urlsplit(api_url).scheme not in ('http', 'https') or not urlsplit(api_url).hostname:
            raise UserError(self.env._(
                "The system parameter wechat.api_url is not a web address: %(value)s."
                " Empty it to use WeChat's own address.",
                value=api_url,
            ))
        return Credentials(
            **dict(values, app_id=app_id or values['app_id']),
            sub_mch_id=self._wechat_param('sub_mch_id') or None,
            mch_cert=self._wechat_param('mch_cert') or None,
            mch_key=self._wechat_param('mch_key') or None,
            api_url=api_url if api_url.endswith('/') else f'{api_url}/',
            sandbox=self._wechat_switch('sandbox'),
        )

    @api.private
    @api.model
    def get_wechat_pay_object(self, app_id=None):
        """Return a ready client for WeChat Pay.

        :param str app_id: another app than `wechat.app_id`, such as a mini-program's
        :return: a `wechatpy.WeChatPay` with time-outs and verified replies
        :rtype: Client
        :raises UserError: if credentials are missing; the message lists which
        """
        credentials = self._wechat_credentials(app_id)
        if self._wechat_switch('local_sandbox'):
            return Client(credentials, adapter=self._wechat_simulator().adapter())
        return Client(credentials)

    @api.model
    def _wechat_gateway(self, app_id=None):
        """Return the gateway, whose calls give typed outcomes.

        :rtype: Gateway
        :raises UserError: see `_wechat_credentials`
        """
        return Gateway(self.get_wechat_pay_object(app_id))

    # === LOCAL SANDBOX === #

    @api.model
    def _wechat_simulator(self):
        """Return the simulated WeChat that answers when `wechat.local_sandbox` is on.

        :rtype: Simulator
        """
        folder = os.path.join(config['data_dir'], 'wechat_simulator')
        ledger = os.path.join(folder, f'{self.env.cr.dbname}.sqlite')
        phone_url = f'{self._wechat_base_url()}{SIMULATOR_PATH}/phone'
        key = (os.getpid(), ledger, phone_url)
        if key not in _simulators:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            _simulators[key] = Simulator(ledger=ledger, phone_url=phone_url, any_currency=True)
        return _simulators[key]
