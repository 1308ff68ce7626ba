# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import api, models
from odoo.exceptions import UserError

# Payments that a closing session asks about itself, so that the cashier is not kept waiting when
# WeChat is slow; the cron asks about all.
ASK_AT_MOST = 6


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
        if blocked:
            return blocked
        self._wechat_ask_before_closing()
        problem = self._wechat_closing_problem()
        return problem and {'successful': False, 'message': problem, 'redirect': False}

    def action_pos_session_closing_control(self, *args, **kwargs):
        """Override of `point_of_sale`: the button in the backend asks nobody else."""
        self._wechat_ask_before_closing()
        self._wechat_refuse_unclear()
        return super().action_pos_session_closing_control(*args, **kwargs)

    def _validate_session(self, *args, **kwargs):
        """Override of `point_of_sale`: all ways of closing end here."""
        self._wechat_refuse_unclear()
        return super()._validate_session(*args, **kwargs)

    def _wechat_refuse_unclear(self):
        problem = self._wechat_closing_problem()
        if problem:
            raise UserError(problem)

    def _wechat_closing_problem(self):
        """Return why the session has to stay open, or an empty string.

        :rtype: str
        """
        unclear = self._wechat_unclear_trades()
        return self.env._(
            "WeChat has not said yet how these payments ended: %(numbers)s."
            " Wait a minute and close again; Odoo keeps asking.",
            numbers=", ".join(trade.name for trade in unclear),
        ) if unclear else ''

    def _wechat_unclear_trades(self):
        """Return what may still move money of this session.

        Without what the accountant has on the desk, because asking leads nowhere: a session must
        not stay open for ever. And without withdrawn codes, whose money would go back.

        :rtype: list
        """
        unclear = [('pos_session_id', 'in', self.ids), ('state', '=', 'pending'),
                   ('stuck_told', '=', False)]
        further = {
            'wechat.micropay': [],
            'wechat.order': [('withdrawn', '=', False)],
            # Without what stands for a return that is paid already.
            'wechat.refund': [('payment_uuid', '!=', False), ('wechat_refund_id', '=', False),
                              ('pos_payment_id', '=', False)],
        }
        return [
            trade for name, domain in further.items()
            for trade in self.env[name].sudo().search([*unclear, *domain])
        ]

    def _wechat_ask_before_closing(self):
        """Ask WeChat once more about what is unclear; commits.

        A code that nobody has paid is withdrawn: its till is gone, or is being closed.
        """
        if self.order_ids.filtered(lambda order: order.state == 'draft'):
            return  # Odoo refuses to close then.
        for trade in self._wechat_unclear_trades()[:ASK_AT_MOST]:
            if trade._name == 'wechat.refund' and trade._is_waiting() and (
                    trade.err_code != 'TOO_SOON'):
                # WeChat has not got it, and nobody waits here any more: it must not go out later.
                trade._cancel()
            elif trade._name != 'wechat.order':
                trade._settle()
            elif trade._ask().code == 'NOTPAY' and trade.state == 'pending':
                trade._give_up()
