# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import models


class WechatAccountantMixin(models.AbstractModel):
    """What can be put in front of an accountant, as an activity."""

    _name = 'wechat.accountant.mixin'
    _description = "WeChat: for the Accountant"
    _inherit = ['mail.thread', 'mail.activity.mixin']

    def _tell_accountant(self, summary, note):
        """Put this record in front of an accountant, once for each summary.

        :param summary: and `note`: functions of an environment, called in the accountant's language
        """
        self.ensure_one()
        accountant = self._accountant()
        words = self.with_context(lang=accountant.lang).env
        # Told once, also to somebody who has changed the language since.
        languages = [code for code, _name in self.env['res.lang'].get_installed()]
        if {summary(self.with_context(lang=code).env) for code in languages} & set(
                self.sudo().activity_ids.mapped('summary')):
            return
        self.sudo().activity_schedule(
            'mail.mail_activity_data_todo', summary=summary(words), note=note(words),
            user_id=accountant.id)

    def _accountant(self):
        """Return the user who keeps the books of this company, or the administrator."""
        self.ensure_one()
        company = self.company_id or self.env.ref('base.main_company')
        users = self.env['res.users'].sudo()
        for name in ('account.group_account_manager', 'account.group_account_invoice'):
            accountant = users.search([
                ('all_group_ids', 'in', self.env.ref(name).ids), ('share', '=', False),
                ('company_ids', 'in', company.ids),
            ], order='id', limit=1)
            if accountant:
                return accountant
        return self.env.ref('base.user_admin')
