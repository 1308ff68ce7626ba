# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import api, models

# Payments of each kind that a closing session asks about itself, so that the cashier is not kept
# waiting when WeChat is slow; the cron asks about all.
ASK_AT_MOST = 3


class PosSession(models.Model):
    _inherit = 'pos.session'

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `point_of_sale` to create the WeChat journals at the first opening.

        This is the only point that all ways of opening a session share, and the last one at which
        a payment method can still be created for it.
        """
        config_ids = [
            vals.get('config_id') or self.env.context.get('default_config_id')
            for vals in vals_list
        ]
        configs = self.env['pos.config'].sudo().browse(filter(None, config_ids))
        configs.init_pos_wechat_journals()
        return super().create(vals_list)

    def _cannot_close_session(self, bank_payment_method_diffs=None):
        """Override of `point_of_sale` to keep the session open while a payment is unclear."""
        blocked = super()._cannot_close_session(bank_payment_method_diffs)
        unclear = self._wechat_unclear_trades()
        if blocked or not unclear:
            return blocked
        return {
            'successful': False,
            'message': self.env._(
                "WeChat has not said yet how these payments ended: %(numbers)s."
                " Wait a minute and close again; Odoo keeps asking.",
                numbers=", ".join(unclear),
            ),
            'redirect': False,
        }

    def _wechat_unclear_trades(self):
        """Ask WeChat once more, and return the numbers of what is still open.

        :rtype: list[str]
        """
        numbers = []
        for model_name in ('wechat.micropay', 'wechat.order'):
            domain = [('pos_session_id', 'in', self.ids), ('state', '=', 'pending')]
            if model_name == 'wechat.order':
                domain.append(('withdrawn', '=', False))
            for count, trade in enumerate(self.env[model_name].sudo().search(domain)):
                if count < ASK_AT_MOST:
                    trade._settle()
                if trade.state == 'pending':
                    numbers.append(trade.name)
        return numbers
