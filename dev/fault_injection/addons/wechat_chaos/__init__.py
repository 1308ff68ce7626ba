# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Loaded by ``--load``, before any database: it changes the process, not a database."""

from . import clock, points

clock.install()
points.install()
