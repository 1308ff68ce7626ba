# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The checks of ``dev/lint``. Each is a function that yields one line per defect."""
