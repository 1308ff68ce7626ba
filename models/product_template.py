# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import re

from odoo import api, models

KNOWN_DIGITS = 6
PAYMENT_CODE_LENGTH = 18


class ProductTemplate(models.Model):
    _inherit = 'product.template'

    @api.model
    def wechat_barcodes(self, prefix):
        """Return the products whose barcode could be taken for a WeChat payment code.

        The till asks before it charges a code that was scanned among products. It tells the first
        digits only: a payment code is money, and what is searched for stands in the logs of the
        database. Which barcode is equal, the till sees by itself.

        :param str prefix: the first 6 digits of a payment code
        :return: barcodes of 18 characters of products and packagings, with the product template
        :rtype: list[list]
        """
        if not re.fullmatch(rf'1[0-6]\d{{{KNOWN_DIGITS - 2}}}', prefix):
            return []
        pattern = prefix + '_' * (PAYMENT_CODE_LENGTH - KNOWN_DIGITS)
        found = []
        for model in ('product.product', 'product.uom'):
            for record in self.env[model].search([('barcode', '=like', pattern)]):
                product = record if model == 'product.product' else record.product_id
                found.append([record.barcode, product.product_tmpl_id.id])
        return found
