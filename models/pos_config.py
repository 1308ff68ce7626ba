# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError


def _lt(source):
    """Mark a name for translation; `env._` translates it."""
    return source


JOURNALS = {
    'native': {
        'name': _lt("Wechat Native Payment"), 'code': 'WCNAT', 'terminal': 'wechat_native'},
    'micropay': {
        'name': _lt("Wechat Micropay"), 'code': 'WCMIC', 'terminal': 'wechat_micropay'},
}


class PosConfig(models.Model):
    _inherit = 'pos.config'

    wechat_scan_anytime = fields.Boolean(
        string="Pay by Scanning at Any Time", default=True,
        help="A WeChat payment code that is scanned among the products charges the order at once.")

    def init_pos_wechat_journals(self):
        """Create the WeChat journals and payment methods of these shops' companies.

        Idempotent: what exists, archived or not, is left as it is. Does nothing for a company
        without a chart of accounts.

        :return: the WeChat payment methods of the companies
        :rtype: pos.payment.method
        """
        user = self.env.user
        if not (self.env.su or user.has_group('point_of_sale.group_pos_user')
                or user.has_group('account.group_account_invoice')):
            raise AccessError(self.env._("Only a Point of Sale user can set up its journals."))
        methods = self.env['pos.payment.method']
        for company, configs in self.sudo().grouped('company_id').items():
            if configs[:1].company_has_template:
                # Two first sessions at the same moment: one after the other.
                self.env.cr.execute(
                    'SELECT id FROM res_company WHERE id = %s FOR NO KEY UPDATE', [company.id])
                for kind in JOURNALS:
                    methods |= self.sudo()._wechat_ensure_method(company, kind)
        return methods

    @api.model
    def _wechat_ensure_method(self, company, kind):
        spec = JOURNALS[kind]
        in_company = self.with_company(company).with_context(active_test=False).env
        journal = in_company['account.journal'].search(
            [('wechat', '=', kind), ('company_id', '=', company.id)], limit=1)
        if not journal:
            journal = in_company['account.journal'].create({
                'name': spec['name'],
                'code': self._wechat_free_journal_code(company, spec['code']),
                'type': 'bank',
                'wechat': kind,
                'company_id': company.id,
            })
            self._wechat_translate_name(journal, spec['name'])
        method = in_company['pos.payment.method'].search([
            ('use_payment_terminal', '=', spec['terminal']), ('company_id', '=', company.id),
        ], limit=1)
        if not method:
            method = in_company['pos.payment.method'].create({
                'name': spec['name'],
                'journal_id': journal.id,
                'company_id': company.id,
                'payment_method_type': 'terminal',
                'use_payment_terminal': spec['terminal'],
                'config_ids': [Command.clear()],
            })
            # The form sets the outstanding account by an onchange; created by code it is empty.
            method._onchange_journal_id()
            self._wechat_translate_name(method, spec['name'])
        return method

    @api.model
    def _wechat_translate_name(self, record, name):
        """Name a journal or method in each language of the database, as data files do."""
        record.with_context(lang='en_US').name = name
        for code, _label in self.env['res.lang'].get_installed():
            localized = record.with_context(lang=code)
            localized.name = localized.env._(name)

    @api.model
    def _wechat_free_journal_code(self, company, code):
        taken = set(self.env['account.journal'].with_context(active_test=False).search(
            [('company_id', '=', company.id), ('code', '=like', f'{code[:4]}%')]).mapped('code'))
        candidates = [code, *(f'{code[:4]}{digit}' for digit in range(10))]
        return next(candidate for candidate in candidates if candidate not in taken)

    @api.model
    def _wechat_link_demo_shops(self):
        """Give the WeChat methods to the demo shops (demo data)."""
        shops = self.browse()
        for name in ('pos_config_main', 'pos_config_clothes', 'pos_config_bakery'):
            shops |= self.env.ref(f'point_of_sale.{name}', raise_if_not_found=False) or shops
        for shop in shops.exists().filtered(lambda config: not config.has_active_session):
            methods = shop.init_pos_wechat_journals()
            shop.payment_method_ids |= methods
