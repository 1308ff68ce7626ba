# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""How ``dev/test`` chooses, runs and counts tests."""
