# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import fields, models


class AccountJournal(models.Model):
    _inherit = 'account.journal'

    wechat = fields.Selection(
        selection=[('micropay', "Scanning customer's QR"), ('native', "Showing QR to customer")],
        string="WeChat Payment",
        help="The kind of WeChat payment that is booked in this journal:\n"
             "the cashier scans the customer's payment code (Micropay), or the customer scans "
             "a QR code that the till shows (Native).",
    )
