# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import api, fields, models


class WechatOrderLine(models.Model):
    """One kind of goods in an order, as WeChat's `goods_detail` has it."""

    _name = 'wechat.order.line'
    _description = "WeChat Order Line"

    order_id = fields.Many2one('wechat.order', required=True, ondelete='cascade', index=True)
    name = fields.Char(compute='_compute_name', store=True, readonly=False)
    description = fields.Char(string="Body")
    product_id = fields.Many2one('product.product', index='btree_not_null')
    wxpay_goods_ID = fields.Char(
        string="WeChat goods ID", help="The number of these goods in WeChat's own promotions.")
    currency_id = fields.Many2one(related='order_id.currency_id')
    price = fields.Monetary(
        help="Price of one unit, in units of the currency (yuan). Empty: the product's price.")
    quantity = fields.Integer(default=1, help="WeChat takes whole numbers only.")
    quantity_full = fields.Char(
        string="Exact quantity", default='1', help="The quantity as sold, such as 0.35.")
    category = fields.Char(string="Goods category")

    @api.depends('product_id')
    def _compute_name(self):
        for line in self:
            line.name = line.name or line.product_id.display_name or ''

    def get_fee(self):
        """Return the total of this line.

        :return: price × quantity in fen
        :rtype: int
        """
        self.ensure_one()
        price = self.price or self.product_id.lst_price
        return self.currency_id._wechat_to_fen(price) * self.quantity

    def _goods_detail(self):
        """Return this line as an entry of WeChat's `goods_detail` (unit price in fen)."""
        self.ensure_one()
        goods = {
            'goods_id': str(self.product_id.id or self.id),
            'goods_name': (self.name or self.description or '')[:256],
            'quantity': self.quantity,
            'price': self.currency_id._wechat_to_fen(self.price or self.product_id.lst_price),
        }
        optional = {
            'wxpay_goods_id': self.wxpay_goods_ID,
            'goods_category': self.category,
            'body': self.description,
        }
        return {**goods, **{key: value for key, value in optional.items() if value}}
