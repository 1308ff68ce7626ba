# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import models
from odoo.tools.misc import get_lang


def mask_openid(openid):
    """Return enough of a payer's openid to compare two receipts, too little to find the person.

    :param str openid: WeChat's, 28 characters as a rule
    :return: its first and last four characters; fewer of a shorter one
    """
    shown = min(4, len(openid) // 6)
    return f"{openid[:shown]}…{openid[len(openid) - shown:]}"


class WechatReceiptMixin(models.AbstractModel):
    """What a trade says on the receipt of a POS order: Odoo's `ticket` of the payment.

    The words are the server's. The till shows them, and cannot change them.
    """

    _name = 'wechat.receipt.mixin'
    _description = "WeChat: on the Receipt"

    def _receipt(self):
        """Return the lines for the receipt, in the language of the till that took the payment.

        Not in that of whoever causes the writing: the news may come from WeChat or the cron.

        :rtype: str
        """
        self.ensure_one()
        lang = get_lang(self.env, self.sudo().create_uid.lang).code
        trade = self.with_context(lang=lang)
        return "\n".join(filter(None, [trade._receipt_mark(), *trade._receipt_lines()]))

    def _receipt_lines(self):
        """Return the lines in the language of the environment; empty ones are left out.

        :rtype: list
        """
        raise NotImplementedError

    def _receipt_mark(self):
        """Return what nobody can overlook when no real money moved, or an empty string."""
        if self.mode == 'live':
            return ""
        mark = (
            self.env._("Simulator – no real money") if self.mode == 'simulator'
            else self.env._("Sandbox – no real money"))
        return f"*** {mark} ***"
