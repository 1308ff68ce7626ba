# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from decimal import ROUND_HALF_UP, Decimal

from odoo import models

# WeChat counts in the minor unit of ISO 4217, whatever rounding a shop has set on its currency.
MINOR_UNIT_DIGITS = {'JPY': 0, 'KRW': 0, 'VND': 0}
DEFAULT_MINOR_UNIT_DIGITS = 2


class ResCurrency(models.Model):
    _inherit = 'res.currency'

    def _wechat_minor_unit_digits(self):
        self.ensure_one()
        return MINOR_UNIT_DIGITS.get(self.name, DEFAULT_MINOR_UNIT_DIGITS)

    def _wechat_to_fen(self, amount):
        """Convert an amount of this currency to WeChat's integer minor unit (fen for CNY).

        This is the only place where an amount becomes fen.

        :param amount: amount in units of the currency (yuan for CNY): float, int, str or Decimal
        :return: integer number of fen, half a fen rounded away from zero
        :rtype: int
        """
        self.ensure_one()
        if isinstance(amount, float):
            # The shortest decimal that stands for the rounded float: 19.99, not 19.989999999999998.
            amount = repr(self.round(amount))
        digits = self._wechat_minor_unit_digits()
        exact = Decimal(str(amount)).scaleb(digits)
        return int(exact.to_integral_value(rounding=ROUND_HALF_UP))

    def _wechat_from_fen(self, fen):
        """Convert WeChat's integer minor unit back to units of this currency, for display.

        :param int fen: amount in fen
        :return: amount in yuan
        :rtype: float
        """
        self.ensure_one()
        return float(Decimal(fen).scaleb(-self._wechat_minor_unit_digits()))
