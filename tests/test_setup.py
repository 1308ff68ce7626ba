# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..simulator import DEMO_MERCHANT
from .common import WechatCase

PARAMETERS = (
    'app_id', 'app_secret', 'api_key', 'mch_id', 'sub_mch_id', 'sandbox', 'mch_cert', 'mch_key',
    'miniprogram_app_id', 'miniprogram_app_secret', 'local_sandbox',
    'payment_result_notification_url', 'fee_type', 'api_url', 'micropay_window', 'micropay_step',
)


@tagged('post_install', '-at_install')
class TestSetup(WechatCase):

    def wechat_of(self, company, model='account.journal'):
        domain = [('wechat', '!=', False)] if model == 'account.journal' else [
            ('use_payment_terminal', 'in', ('wechat_native', 'wechat_micropay'))]
        return self.env[model].with_context(active_test=False).search(
            [*domain, ('company_id', '=', company.id)])

    def forget_journals(self):
        self.shop.payment_method_ids -= self.methods
        journals = self.methods.journal_id
        self.methods.unlink()
        journals.unlink()

    def test_parameters_exist_and_are_empty(self):
        for name in PARAMETERS:
            self.assertTrue(self.env.ref(f'wechat.param_{name}').key, f'wechat.{name}')

    def test_missing_credentials_are_listed(self):
        self.set_params(app_id='', api_key='', app_secret='', mch_id=' ')
        with self.assertRaises(UserError) as missing:
            self.env['ir.config_parameter'].get_wechat_pay_object()
        for name in ('wechat.app_id', 'wechat.mch_id', 'wechat.api_key'):
            self.assertIn(name, str(missing.exception))

    def test_app_secret_stands_in_for_the_key(self):
        self.set_params(api_key='', app_secret=DEMO_MERCHANT['api_key'])
        self.assertTrue(self.pay_by_code(1)['paid'])

    def test_zero_switches_the_sandbox_off(self):
        params = self.env['ir.config_parameter']
        for value, on in (('0', False), ('', False), ('1', True), ('yes', True)):
            self.set_params(sandbox=value)
            self.assertEqual(params._wechat_switch('sandbox'), on, value)

    def test_window_of_a_micropay_keeps_to_wechats_rules(self):
        micropay = self.env['wechat.micropay'].sudo()._create_micropay("Tea", 1)
        for value, seconds in (('', 30), ('40', 40), ('5', 30), ('600', 45)):
            self.set_params(micropay_window=value)
            self.assertEqual(micropay._window(), seconds, value)
        self.set_params(micropay_window='soon')
        with self.assertLogs('odoo.addons.wechat.models.ir_config_parameter', 'WARNING'):
            self.assertEqual(micropay._window(), 30)

    def test_wechats_sandbox_serves_payment_codes_only(self):
        self.set_params(sandbox='1')
        status = self.pay_by_code(0.01)
        for _step in range(3):
            if not status['paid']:
                status = self.poll(status)
        self.assertEqual((status['paid'], status['mode']), (True, 'sandbox'), status)
        self.assertTrue(self.trade(status).debug)
        status = self.show_qr(0.01)
        self.assertEqual((status['state'], status['free']), ('error', True))
        self.assertIn("sandbox", status['sentence'])

    def test_first_opening_creates_journals_and_methods_once(self):
        self.forget_journals()
        for opening in range(2):
            self.shop.with_user(self.cashier).open_ui()
            self.assertEqual(sorted(self.wechat_of(self.company).mapped('name')),
                             ["Wechat Micropay", "Wechat Native Payment"], opening)
            methods = self.wechat_of(self.company, 'pos.payment.method')
            self.assertEqual(len(methods), 2)
            self.assertFalse(methods & self.shop.payment_method_ids)
            for method in methods:
                self.assertEqual(method.journal_id.type, 'bank')
                self.assertTrue(
                    method.outstanding_account_id or not method.company_id.chart_template)
            session = self.shop.current_session_id
            session.set_opening_control(0, None)
            session.post_closing_cash_details(0)
            session.close_session_from_ui()
        # What the admin does then:
        self.methods = methods
        self.native = methods.filtered(lambda m: m.use_payment_terminal == 'wechat_native')
        self.micropay = methods - self.native
        self.shop.payment_method_ids |= methods
        self.assertTrue(self.pay_by_code(5)['paid'])
        status = self.show_qr(5)
        self.pay_by_phone(status)
        self.assertTrue(self.poll(status)['paid'])

    def test_archived_ones_are_not_created_again(self):
        self.shop.payment_method_ids -= self.methods
        self.methods.active = False
        self.shop.init_pos_wechat_journals()
        self.assertEqual(self.wechat_of(self.company, 'pos.payment.method'), self.methods)

    def test_two_companies_have_their_own(self):
        other = self._create_company(name="Second shop")
        shop = self.env['pos.config'].with_company(other).create({
            'name': "Second", 'company_id': other.id})
        shop.init_pos_wechat_journals()
        self.assertEqual(len(self.wechat_of(other)), 2)
        self.assertFalse(self.wechat_of(other) & self.wechat_of(self.company))

    def test_taken_journal_code_is_got_round(self):
        self.forget_journals()
        self.env['account.journal'].create({'name': "Other", 'type': 'general', 'code': 'WCNAT'})
        self.shop.init_pos_wechat_journals()
        self.assertEqual(len(self.wechat_of(self.company)), 2)

    def test_company_without_chart_of_accounts(self):
        company = self.env['res.company'].create({'name': "No chart"})
        shop = self.env['pos.config'].sudo().with_company(company).new({'company_id': company.id})
        self.assertFalse(shop.company_has_template)
        self.assertFalse(shop.init_pos_wechat_journals())

    def test_sequences_are_free_of_companies(self):
        for code, prefix, name in (
            ('wechat.order', 'WO-', "WeChat Order"), ('wechat.micropay', 'WMP-', "WeChat Micropay"),
            ('wechat.refund', 'WR-', "WeChat Refund"),
        ):
            sequence = self.env.ref(f"wechat.seq_{code.replace('.', '_')}")
            self.assertEqual((sequence.code, sequence.prefix, sequence.name), (code, prefix, name))
            self.assertFalse(sequence.company_id)

    def test_missing_sequence_names_the_remedy(self):
        self.env.ref('wechat.seq_wechat_micropay').active = False
        with self.assertRaises(UserError) as missing:
            self.env['wechat.micropay'].sudo()._create_micropay("Tea", 1)
        self.assertIn('wechat.micropay', str(missing.exception))

    def test_missing_certificate_file(self):
        """A charge that could not be taken back is not begun."""
        self.set_params(
            api_url='https://127.0.0.1:9/', mch_cert='/nowhere/cert.pem',
            mch_key='/nowhere/key.pem')
        status = self.prepare(self.micropay, 5)
        trade = self.trade(status)
        trade.mode = 'live'
        status = self.till('submit', self.micropay, status['payment_uuid'], status['number'],
                           '134567890123456789')
        self.assertEqual((status['state'], trade.err_code), ('error', 'CERT_MISSING'))
        self.assertIn("wechat.mch_cert", status['sentence'])

    def test_neutralized_copy_takes_no_real_money(self):
        status = self.show_qr(5)
        with open(__file__.replace('tests/test_setup.py', 'data/neutralize.sql')) as script:
            self.env.cr.execute(script.read())
        self.env.registry.clear_all_caches()
        self.env.invalidate_all()
        params = self.env['ir.config_parameter']
        self.assertEqual(params._wechat_mode(), 'simulator')
        self.assertFalse(params._wechat_param('mch_id'))
        self.assertEqual(self.trade(status).state, 'error')
