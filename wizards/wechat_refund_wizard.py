# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import api, fields, models


class WechatRefundWizard(models.TransientModel):
    """Ask an accountant how much of a payment goes back."""

    _name = 'wechat.refund.wizard'
    _description = "Refund a WeChat Payment"
    _inherit = ['wechat.charge.wizard']

    refundable = fields.Monetary(string="Left to refund", readonly=True)
    amount = fields.Monetary(string="Refund", required=True)
    reason = fields.Char(help="Shown to the customer by WeChat.")
    refund_id = fields.Many2one('wechat.refund', readonly=True)

    @api.model
    def _values_of(self, charge):
        left = charge.currency_id._wechat_from_fen(charge.refundable_fee)
        return {'refundable': left, 'amount': left}

    def action_refund(self):
        """Record the refund, send it, and show it."""
        # The user must be allowed to see the payment; the refund itself nobody may write.
        charge = self._charge(
            self.env._("Only an invoicing user or a Point of Sale manager can refund."))
        refund = self.sudo().refund_id
        if not refund:
            refund = self.env['wechat.refund'].sudo().create({
                **charge._refund_link(),
                'refund_fee': charge.currency_id._wechat_to_fen(self.amount),
                'reason': self.reason,
            })
            # Should Odoo run this again, it goes on with the same refund.
            self.sudo().refund_id = refund
            refund._commit()
        refund.action_confirm()
        return {
            'type': 'ir.actions.act_window',
            'res_model': 'wechat.refund',
            'res_id': refund.id,
            'view_mode': 'form',
        }
