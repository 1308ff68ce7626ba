# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The environment that the dev commands run in: an Odoo 19, its Python packages, a private
PostgreSQL, a browser and databases. Only the standard library is used, because nothing else is
there yet when it starts. Everything is kept in ``.odoo/`` below the repository root and used
again."""
