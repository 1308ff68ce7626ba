# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""A WeChat Pay V2 that runs on one's own machine. See README.md."""
from .errors import PhoneError
from .ledger import LedgerError
from .merchants import DEMO_MERCHANT, DEMO_PROVIDER
from .simulator import Simulator

__all__ = ['DEMO_MERCHANT', 'DEMO_PROVIDER', 'LedgerError', 'PhoneError', 'Simulator']
