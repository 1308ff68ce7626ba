# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import itertools
import logging

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..simulator import DEMO_MERCHANT
from .common import WechatCase

MODELS = (
    'wechat.order', 'wechat.order.line', 'wechat.micropay', 'wechat.refund', 'wechat.evidence')


@tagged('post_install', '-at_install')
class TestAccess(WechatCase):

    def test_nobody_edits_or_deletes_evidence(self):
        self.pay_by_code(5)
        self.show_qr(5)
        for user, model in itertools.product(
                (self.cashier, self.pos_admin, self.accountant, self.env.user), MODELS):
            records = self.env[model].with_user(user)
            for operation in ('create', 'write', 'unlink'):
                self.assertFalse(records.has_access(operation), (user.name, model, operation))
        evidence = self.env['wechat.evidence'].sudo().search([], limit=1)
        with self.assertRaises(AccessError):
            evidence.unlink()

    def test_accounting_roles_of_community_see_the_menus(self):
        manager = self.env['res.users'].create({
            'name': "Chief", 'login': 'chief',
            'group_ids': [(4, self.env.ref('account.group_account_manager').id)]})
        for user in (self.accountant, manager):
            visible = self.env['ir.ui.menu'].with_user(user)._visible_menu_ids()
            for name in ('menu_wechat', 'menu_wechat_order', 'menu_wechat_micropay',
                         'menu_wechat_refund'):
                menu = self.env.ref(f'wechat.{name}')
                self.assertIn(menu.id, visible, (user.name, name))
                self.assertLessEqual(
                    {menu.parent_id.id, menu.parent_id.parent_id.id} - {False}, set(visible))
            for model in MODELS:
                self.env[model].with_user(user).search([]).read()

    def test_accountant_without_till_opens_every_form(self):
        self.pay_by_code(5)
        self.show_qr(5)
        for model in ('wechat.order', 'wechat.micropay', 'wechat.refund', 'wechat.evidence'):
            views = self.env[model].with_user(self.accountant).get_views(
                [(False, 'list'), (False, 'form'), (False, 'search')])
            record = self.env[model].with_user(self.accountant).search([], limit=1)
            record.read(list(views['models'][model]['fields']))

    def test_only_cashiers_with_an_open_session_take_payments(self):
        portal = self.env['res.users'].create({
            'name': "Portal", 'login': 'portal1',
            'group_ids': [(6, 0, [self.env.ref('base.group_portal').id])]})
        for user in (portal, self.accountant, self.env.ref('base.public_user')):
            method = self.micropay.with_user(user)
            for call in (
                lambda m: m.wechat_prepare('uuid', 5, {}),
                lambda m: m.wechat_submit('uuid', 'WMP-1', '134567890123456789'),
                lambda m: m.wechat_poll('uuid'),
                lambda m: m.wechat_cancel('uuid'),
            ):
                with self.assertRaises(AccessError):
                    call(method)
        # No session is open yet.
        with self.assertRaises(AccessError):
            self.micropay.with_user(self.cashier).wechat_prepare('uuid', 5, {})

    def test_portal_user_cannot_use_the_python_api(self):
        portal = self.env['res.users'].create({
            'name': "Portal", 'login': 'portal1',
            'group_ids': [(6, 0, [self.env.ref('base.group_portal').id])]})
        with self.assertRaises(AccessError):
            self.env['wechat.order'].with_user(portal).create_qr([], pay_amount=1)
        with self.assertRaises(AccessError):
            self.env['wechat.micropay'].with_user(portal).create_from_qr(
                "Tea", '134567890123456789', 1)

    def test_other_company_is_refused(self):
        other = self.env['res.company'].create({'name': "Other shop"})
        stranger = self.env['res.users'].create({
            'name': "Stranger", 'login': 'stranger',
            'company_id': other.id, 'company_ids': [(6, 0, other.ids)],
            'group_ids': [(4, self.env.ref('point_of_sale.group_pos_user').id)]})
        status = self.prepare(self.micropay, 5)
        with self.assertRaises(AccessError):
            self.micropay.with_user(stranger).wechat_poll(status['payment_uuid'])
        self.assertFalse(self.env['wechat.micropay'].with_user(stranger).search([]))

    def test_no_secret_reaches_the_browser(self):
        self.open_session()
        self.set_params(app_secret='s3cret-of-the-app', miniprogram_app_secret='s3cret-mini')
        self.authenticate(self.cashier.login, self.cashier.login)
        status = self.show_qr(5)
        data = self.make_jsonrpc_request('/web/dataset/call_kw', {
            'model': 'pos.session', 'method': 'load_data',
            'args': [[self.shop.current_session_id.id], []], 'kwargs': {}})
        page = self.url_open(f'/pos/ui/{self.shop.id}').text
        for text in (str(data), page, str(status)):
            for secret in (DEMO_MERCHANT['api_key'], 's3cret-of-the-app', 's3cret-mini'):
                self.assertNotIn(secret, text)
        with self.assertRaises(AccessError):
            self.env['ir.config_parameter'].with_user(self.cashier).get_param('wechat.api_key')

    def test_no_secret_reaches_the_log(self):
        """A whole run at DEBUG: a payment of each kind, a refusal, a refund, a notification."""
        root = logging.getLogger()
        lines = []

        class Collector(logging.Handler):
            def emit(self, record):
                lines.append(self.format(record))

        collector = Collector(level=logging.DEBUG)
        collector.setFormatter(logging.Formatter('%(name)s %(message)s'))
        loggers = [root, logging.getLogger('odoo'), logging.getLogger('wechatpy.pay'),
                   logging.getLogger('wechatpy.pay.utils'), logging.getLogger('urllib3'),
                   logging.getLogger('odoo.addons.wechat'), logging.getLogger('odoo.http')]
        levels = [logger.level for logger in loggers]
        root.addHandler(collector)
        codes = []
        try:
            for logger in loggers:
                logger.setLevel(logging.DEBUG)
            for _attempt in range(2):
                codes.append(self.simulator.payment_code(self.customer))
                status = self.pay_by_code(5, auth_code=codes[-1])
                self.simulator.clock.advance(60)
                self.simulator.fault('micropay', 'wrong_signature')
            client = self.env['ir.config_parameter'].get_wechat_pay_object()
            client.order.query(out_trade_no=status['number'])
            self.pay_by_phone(self.show_qr(5))
            self.deliver()
        finally:
            root.removeHandler(collector)
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
        self.assertTrue(lines)
        log = "\n".join(lines)
        for secret in (DEMO_MERCHANT['api_key'], *codes):
            self.assertNotIn(secret, log)
