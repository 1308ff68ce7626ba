# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from odoo import api, models
from odoo.exceptions import UserError

from .wechat_charge import PAID_STATES

TERMINALS = ('wechat_native', 'wechat_micropay')

# What a payment line can be while the money is not there. `done`, and none at all, mean paid.
UNPAID_STATUSES = (
    'pending', 'waiting', 'waitingCard', 'waitingCapture', 'waitingCancel', 'timeout', 'retry',
    'force_done', 'reversing',
)


class PosPayment(models.Model):
    _inherit = 'pos.payment'

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `point_of_sale` to accept WeChat payments against WeChat's word only."""
        payments = super().create(vals_list)
        payments._wechat_accept()
        return payments

    def write(self, vals):
        """Override of `point_of_sale`: what WeChat has paid for stays as it is."""
        for name in ('payment_method_id', 'pos_order_id', 'uuid'):
            if name in vals:
                moved = self.filtered(
                    lambda payment, name=name: vals[name] != (
                        payment.uuid if name == 'uuid' else payment[name].id))
                moved._wechat_refuse_if_paid(self.env._("it cannot be changed"))
        result = super().write(vals)
        if vals.keys() & {
            'amount', 'payment_method_id', 'uuid', 'pos_order_id', 'payment_status',
            'transaction_id', 'ticket',
        }:
            self._wechat_accept()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_wechat_paid(self):
        self._wechat_refuse_if_paid(self.env._("refund it, it cannot be deleted"))

    def _wechat_refuse_if_paid(self, remedy):
        """Raise if one of these payments was accepted against WeChat's word."""
        for model_name in ('wechat.order', 'wechat.micropay', 'wechat.refund'):
            trade = self.env[model_name].sudo().search(
                [('pos_payment_id', 'in', self.ids)], limit=1)
            if trade and trade._keeps_money():
                raise UserError(self.env._(
                    "%(number)s is settled with WeChat: %(remedy)s.",
                    number=trade.name, remedy=remedy))

    def _wechat_accept(self):
        """Tie each WeChat payment to the paid record of its payment line, used once.

        :raises UserError: if there is none for this line, amount, currency and company
        """
        for payment in self:
            if payment.payment_method_id.use_payment_terminal not in TERMINALS:
                continue
            if payment.pos_order_id.state == 'draft' and payment.payment_status in UNPAID_STATUSES:
                # A till saves its open orders as they are; nothing is paid by that.
                payment._wechat_print(None)
                continue
            trade = payment._wechat_tied_trade() or payment._wechat_paid_trade()
            if not trade:
                payment._wechat_refuse_closed_refund()
                raise UserError(self.env._(
                    "WeChat has not confirmed a payment of %(amount)s for this order."
                    " Take the payment at the till with the method %(method)s.",
                    amount=payment.currency_id.format(payment.amount),
                    method=payment.payment_method_id.name,
                ))
            if trade.pos_payment_id != payment:
                trade.pos_payment_id = payment
                if trade._name == 'wechat.refund':
                    trade._leave_books_to_order()
            if payment.transaction_id != trade._wechat_number():
                payment.transaction_id = trade._wechat_number()
            payment._wechat_print(trade)

    def _wechat_refuse_closed_refund(self):
        """Raise if the refund of this line was accepted, and closed before the return was stored.

        :raises UserError: with the way out
        """
        closed = self.env['wechat.refund'].sudo().search([
            ('payment_uuid', '=', self.uuid or ''), ('company_id', '=', self.company_id.id),
            ('state', '=', 'error'), ('trade_state', '=', 'REFUNDCLOSE'),
        ], limit=1)
        if closed:
            raise UserError(self.env._(
                "WeChat has closed the refund %(number)s without returning the money. Ask the"
                " accountant for Refund again on it (Invoicing ▸ Configuration ▸ Wechat ▸ Refunds),"
                " then validate this return.", number=closed.name))

    def _wechat_print(self, trade):
        """Put on the receipt what WeChat has said, whatever the till has sent.

        :param trade: the record that this payment is accepted against; none: nothing is printed
        """
        self.ensure_one()
        ticket = trade._receipt() if trade else ''
        if (self.ticket or '') != ticket:
            self.ticket = ticket

    def _wechat_paid_trade(self):
        """Return the paid record of this payment line, of the same amount, unused or used by it.

        The row is locked: two orders cannot both use it.
        """
        self.ensure_one()
        if not self.uuid:
            # Payments outside the till have no line either; none of them is for the taking.
            return self.env['wechat.order']
        fen = self.currency_id._wechat_to_fen(self.amount)
        domain = [
            ('payment_uuid', '=', self.uuid),
            ('company_id', '=', self.company_id.id),
            ('currency_id', '=', self.currency_id.id),
            ('pos_payment_id', '=', False),
        ]
        if self.env['ir.config_parameter']._wechat_mode() == 'live':
            domain.append(('mode', '=', 'live'))  # Play money buys nothing.
        if fen < 0:
            trade = self.env['wechat.refund'].sudo().search(
                [*domain, ('refund_fee', '=', -fen), ('state', 'in', ('pending', 'done'))], limit=1)
            accepted = trade._is_accepted()
        else:
            model = {'wechat_native': 'wechat.order', 'wechat_micropay': 'wechat.micropay'}[
                self.payment_method_id.use_payment_terminal]
            trade = self.env[model].sudo().search(
                [*domain, ('total_fee', '=', fen), ('state', 'in', PAID_STATES)], limit=1)
            accepted = bool(trade) and trade._pays_for_sale()
        if not trade or not accepted:
            return trade.browse()
        trade._lock()
        return trade.browse() if trade.pos_payment_id else trade

    def _wechat_tied_trade(self):
        """Return the record that this payment was accepted against, if it is still the same.

        :raises UserError: if the payment has been changed since
        """
        self.ensure_one()
        for model_name in ('wechat.order', 'wechat.micropay', 'wechat.refund'):
            trade = self.env[model_name].sudo().search([('pos_payment_id', '=', self.id)], limit=1)
            if trade:
                fen = self.currency_id._wechat_to_fen(self.amount)
                if trade.payment_uuid != self.uuid or trade._signed_fee() != fen:
                    raise UserError(self.env._(
                        "%(number)s is settled with WeChat: it cannot be changed.",
                        number=trade.name))
                return trade
        return None
