# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The harness of ``dev/chaos``. ``__main__.py`` runs in the environment of Odoo."""
