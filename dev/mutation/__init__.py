# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The check that every guard is guarded: without it, a test or the fault harness goes red."""
