# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import api, fields, models
from odoo.exceptions import UserError

from .pos_payment import TERMINALS


class WechatRefund(models.Model):
    """Where a refund stands in the books.

    A return at a till is a payment of its POS order and nets in the session, as Odoo does it. What
    the office refunds has no POS order: it becomes an outgoing payment to the customer, open until
    the accountant matches it with a credit note. Money that never came into the books, such as a
    surplus payment, leaves none when it goes back.
    """

    _inherit = 'wechat.refund'

    return_order_id = fields.Many2one(
        'pos.order', string="Return", readonly=True, copy=False, index='btree_not_null',
        help="The return in the backend that is paid when WeChat has accepted this refund.")
    post_payment = fields.Boolean(
        string="Enter in the books", readonly=True, copy=False,
        help="Post an outgoing payment when the money is back with the customer.")
    account_payment_id = fields.Many2one(
        'account.payment', string="Outgoing payment", readonly=True, copy=False,
        ondelete='restrict')
    books = fields.Char(string="In the books", compute='_compute_books')

    _running_return_uniq = models.UniqueIndex(
        "(return_order_id) WHERE state IN ('draft', 'pending') AND pos_payment_id IS NULL"
        " AND return_order_id IS NOT NULL",
        "A WeChat refund is already running for this return.",
    )
    _account_payment_uniq = models.UniqueIndex(
        "(account_payment_id) WHERE account_payment_id IS NOT NULL",
        "This outgoing payment belongs to another WeChat refund.",
    )

    @api.depends(
        'state', 'post_payment', 'account_payment_id', 'pos_payment_id', 'return_order_id')
    def _compute_books(self):
        for refund in self:
            refund.books = refund._books_sentence()

    def _books_sentence(self):
        self.ensure_one()
        _ = self.env._
        refund = self.sudo()
        if refund.pos_payment_id:
            order = refund.pos_payment_id.pos_order_id
            return _(
                "POS order %(order)s, session %(session)s",
                order=order.name, session=order.session_id.name)
        if refund.account_payment_id:
            return refund.account_payment_id.display_name
        if refund.state in ('error', 'cancelled'):
            return ''
        if refund.return_order_id.state == 'draft':
            return _("With the return %(order)s, as soon as WeChat has accepted it",
                     order=refund.return_order_id.name)
        if refund.post_payment:
            return _("As soon as the customer has the money")
        if refund.payment_uuid and not refund.orphan_told:
            return _("Waits for the return at the till")
        if not refund._original().pos_payment_id:
            return _("No, since the payment is not in the books either")
        return _("No")

    # === RETURNS IN THE BACKEND === #

    @api.model
    def _unfinished_return_domain(self):
        """Return the domain of what WeChat has accepted and its return does not know yet."""
        return [
            ('return_order_id.state', '=', 'draft'),
            ('return_order_id.session_id.state', '!=', 'closed'),
            ('pos_payment_id', '=', False), ('account_payment_id', '=', False),
            '|', ('state', '=', 'done'),
            '&', ('state', '=', 'pending'), ('wechat_refund_id', '!=', False),
        ]

    def _finish_return(self):
        """Pay the return that this refund is for; finish it if that is all that it waits for."""
        self._lock()
        order = self.return_order_id
        if (self.pos_payment_id or self.account_payment_id or not self._is_accepted()
                or order.state != 'draft'):
            return
        methods = order.session_id.payment_method_ids.filtered(
            lambda pm: pm.use_payment_terminal in TERMINALS)
        own = methods.filtered(
            lambda pm: pm.use_payment_terminal == self._original()._till_method())
        method = (own or methods)[:1]
        order.add_payment({
            'pos_order_id': order.id,
            'amount': -self.amount,
            'payment_method_id': method.id,
            'uuid': self.payment_uuid,
            'payment_status': 'done',
            'name': self.name,
        })
        if order._is_pos_order_paid():
            order._process_saved_order(False)
            # A till may show the return still.
            order._send_order()
            order.config_id.notify_synchronisation(order.config_id.current_session_id.id, 0)
        elif order.amount_paid < order.amount_total:
            self._tell_accountant(
                lambda env: env._("WeChat refund exceeds its return"),
                lambda env: env._(
                    "The return %(order)s was changed while WeChat was refunding %(amount)s."
                    " Correct its lines, then press Payment with the amount 0.",
                    order=order.name, amount=self.currency_id.format(self.amount)))

    def _try_to_finish_return(self):
        """Pay the return, or tell the accountant why that cannot be."""
        try:
            with self.env.cr.savepoint():
                self._finish_return()
        except UserError as error:
            reason = str(error)
            self.invalidate_recordset()
            self._tell_accountant(
                lambda env: env._("WeChat refund: its return could not be paid"),
                lambda env: reason)

    # === OUTGOING PAYMENTS === #

    @api.model
    def _unposted_domain(self):
        """Return the domain of what the customer has and the books do not know yet."""
        return [
            ('state', '=', 'done'), ('post_payment', '=', True),
            ('account_payment_id', '=', False), ('pos_payment_id', '=', False),
            ('unsigned', '=', False),
        ]

    def action_post_payment(self):
        """Enter a refund that no POS order stands for in the books.

        :raises AccessError: unless the caller keeps the books or manages the shop
        """
        self._check_bookkeeper()
        for refund in self.sudo():
            refund._lock()
            if refund.return_order_id.state == 'draft':
                raise UserError(self.env._(
                    "This refund comes into the books with the return %(order)s, by itself. If"
                    " something bars that, an activity on the refund says what.",
                    order=refund.return_order_id.name))
            if refund.filtered_domain([
                    ('state', '=', 'done'), ('account_payment_id', '=', False),
                    ('pos_payment_id', '=', False), ('unsigned', '=', False)]):
                refund.post_payment = True
                refund._post_payment()
                refund._done_with_it()
        return True

    def _try_to_post(self):
        """Enter the refund in the books, or tell the accountant why that cannot be."""
        try:
            with self.env.cr.savepoint():
                self._post_payment()
        except UserError as error:
            reason = str(error)
            self.invalidate_recordset()
            # Not again each minute: the accountant has a button for it.
            self.post_payment = False
            self._tell_accountant(
                lambda env: env._("WeChat refund is not in the books"), lambda env: reason)

    def _post_payment(self):
        """Post the outgoing payment. The caller has looked, under the lock, whether it is due."""
        original = self._original()
        payments = self.env['account.payment'].with_company(self.company_id)
        method = original.pos_payment_id.payment_method_id
        # The same account that the closing of a session uses in both directions: it shows what
        # WeChat still owes the shop.
        outstanding = method.outstanding_account_id or payments.new({
            'company_id': self.company_id.id})._get_outstanding_account('inbound')
        payment = payments.create({
            'payment_type': 'outbound',
            'partner_type': 'customer',
            'partner_id': self.env['res.partner']._find_accounting_partner(
                original.pos_payment_id.partner_id).id,
            'amount': self.amount,
            'currency_id': self.currency_id.id,
            'journal_id': (method.journal_id or self.journal_id).id,
            'company_id': self.company_id.id,
            'force_outstanding_account_id': outstanding.id,
            # The day on which it is done is the shop's: the cron's user may be in another zone.
            'date': fields.Date.context_today(
                self.with_context(tz=self._accountant().tz or 'Asia/Shanghai')),
            'memo': " ".join(filter(None, [self.name, original.name, self.reason])),
        })
        payment.action_post()
        self.account_payment_id = payment

    def _leave_books_to_order(self):
        """Take the outgoing payment back, now that a POS order brings the refund into the books."""
        payment = self.account_payment_id
        if not payment:
            return
        if any(payment.move_id.line_ids.mapped('reconciled')):
            self._tell_accountant(
                lambda env: env._("WeChat refund is in the books twice"),
                lambda env: env._(
                    "With the POS order %(order)s, and as %(payment)s, which has been matched"
                    " already. Take one of them back.", order=self.pos_payment_id.pos_order_id.name,
                    payment=payment.display_name))
            return
        payment.action_draft()
        payment.action_cancel()
        self.account_payment_id = False

    def _on_state_change(self, before):
        result = super()._on_state_change(before)
        if self.state == 'done' and self.post_payment:
            self.env.ref('wechat.cron_settle_trades').sudo()._trigger()
        return result
