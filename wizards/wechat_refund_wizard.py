# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import api, fields, models
from odoo.exceptions import AccessError


class WechatRefundWizard(models.TransientModel):
    """Ask an accountant how much of a payment goes back."""

    _name = 'wechat.refund.wizard'
    _description = "Refund a WeChat Payment"

    order_id = fields.Many2one('wechat.order', readonly=True)
    micropay_id = fields.Many2one('wechat.micropay', readonly=True)
    currency_id = fields.Many2one('res.currency', readonly=True)
    refundable = fields.Monetary(string="Left to refund", readonly=True)
    amount = fields.Monetary(string="Refund", required=True)
    reason = fields.Char(help="Shown to the customer by WeChat.")
    refund_id = fields.Many2one('wechat.refund', readonly=True)

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        model, record_id = self.env.context.get('active_model'), self.env.context.get('active_id')
        if model in ('wechat.order', 'wechat.micropay') and record_id:
            charge = self.env[model].browse(record_id)
            left = charge.currency_id._wechat_from_fen(charge.refundable_fee)
            values.update(
                order_id=charge.id if model == 'wechat.order' else False,
                micropay_id=charge.id if model == 'wechat.micropay' else False,
                currency_id=charge.currency_id.id, refundable=left, amount=left,
            )
        return values

    def action_refund(self):
        """Record the refund, send it, and show it."""
        self.ensure_one()
        user = self.env.user
        if not (user.has_group('account.group_account_invoice')
                or user.has_group('point_of_sale.group_pos_manager')):
            raise AccessError(self.env._(
                "Only an invoicing user or a Point of Sale manager can refund."))
        # The user must be allowed to see the payment; the refund itself nobody may write.
        charge = self.order_id or self.micropay_id
        charge.check_access('read')
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
