# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from . import controllers, models, wizards


def uninstall_hook(env):
    """Unlink the payment methods from the terminals that leave with this module.

    The selection values of `use_payment_terminal` vanish, and a payment method that still named
    one could not be opened any more. Methods, journals and their entries stay: they are books.
    """
    methods = env['pos.payment.method'].with_context(active_test=False).search(
        [('use_payment_terminal', 'in', ('wechat_native', 'wechat_micropay'))],
    )
    # Straight to the row: `write` is refused while a session is open, an uninstallation is not.
    env.cr.execute(
        "UPDATE pos_payment_method SET use_payment_terminal = NULL, payment_method_type = 'none'"
        " WHERE id = ANY(%s)",
        [methods.ids],
    )
    methods.invalidate_recordset()
    # Given to the invoicing role for our menus' sake.
    menu = env.ref('account.menu_finance_configuration', raise_if_not_found=False)
    if menu:
        menu.group_ids -= env.ref('account.group_account_invoice')
