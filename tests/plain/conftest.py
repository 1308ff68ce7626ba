# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
