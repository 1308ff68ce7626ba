# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import api, fields, models
from odoo.exceptions import AccessError


class WechatChargeWizard(models.AbstractModel):
    """What somebody who keeps the books does with one payment by a customer."""

    _name = 'wechat.charge.wizard'
    _description = "Work on a WeChat Payment"

    order_id = fields.Many2one('wechat.order', readonly=True)
    micropay_id = fields.Many2one('wechat.micropay', readonly=True)
    currency_id = fields.Many2one('res.currency', readonly=True)

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        model, record_id = self.env.context.get('active_model'), self.env.context.get('active_id')
        if model in ('wechat.order', 'wechat.micropay') and record_id:
            charge = self.env[model].browse(record_id)
            values.update(
                charge._refund_link(), currency_id=charge.currency_id.id,
                **self._values_of(charge))
        return values

    @api.model
    def _values_of(self, charge):
        """Return what the wizard begins with.

        :rtype: dict
        """
        raise NotImplementedError

    def _charge(self, refusal):
        """Return the payment that the user may work on.

        :param str refusal: what the user is told who may not
        :raises AccessError: unless the user keeps the books or manages the shop
        """
        self.ensure_one()
        user = self.env.user
        if not (user.has_group('account.group_account_invoice')
                or user.has_group('point_of_sale.group_pos_manager')):
            raise AccessError(refusal)
        charge = self.order_id or self.micropay_id
        charge.check_access('read')
        return charge
