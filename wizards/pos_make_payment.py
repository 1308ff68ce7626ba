# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import uuid

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount

from ..models.pos_payment import TERMINALS
from ..models.wechat_charge import PAID_STATES


class PosMakePayment(models.TransientModel):
    """Give the money of a return in the backend back with WeChat."""

    _inherit = 'pos.make.payment'

    # Odoo's wizard knows its order from the context only, which a computed field cannot rely on.
    wechat_return_id = fields.Many2one(
        'pos.order', string="Return", default=lambda self: self._wechat_pos_order())
    wechat_terminal = fields.Char(string="Terminal", compute='_compute_wechat_terminal')
    wechat_order_id = fields.Many2one(
        'wechat.order', string="WeChat order to refund", readonly=False, store=True,
        compute='_compute_wechat_original', domain=[('state', 'in', PAID_STATES)])
    micropay_id = fields.Many2one(
        'wechat.micropay', string="WeChat micropay to refund", readonly=False, store=True,
        compute='_compute_wechat_original', domain=[('state', 'in', PAID_STATES)])

    @api.model
    def default_get(self, fields_list):
        """Override of `point_of_sale` to begin with the WeChat payment that is to go back."""
        values = super().default_get(fields_list)
        order = self._wechat_pos_order()
        methods = order.session_id.payment_method_ids.filtered(
            lambda method: method.use_payment_terminal in TERMINALS)
        running = order._wechat_running_refund()
        for method in methods if order.amount_total < 0 else ():
            if running or self._wechat_choices(order, method):
                values['payment_method_id'] = method.id
                break
        return values

    @api.depends('payment_method_id')
    def _compute_wechat_terminal(self):
        for wizard in self:
            terminal = wizard.payment_method_id.use_payment_terminal
            wizard.wechat_terminal = terminal if terminal in TERMINALS else False

    @api.depends('payment_method_id', 'wechat_return_id')
    def _compute_wechat_original(self):
        """Choose the payment of the order that is returned; the user may choose another."""
        for wizard in self:
            order = wizard.wechat_return_id
            choices = wizard.wechat_terminal and self._wechat_choices(
                order, wizard.payment_method_id)
            fen = -order.currency_id._wechat_to_fen(wizard.amount) if order else 0
            enough = [charge for charge in choices or () if charge.refundable_fee >= fen]
            chosen = (enough or choices or [None])[0]
            wizard.wechat_order_id = chosen if chosen and chosen._name == 'wechat.order' else False
            wizard.micropay_id = chosen if chosen and chosen._name == 'wechat.micropay' else False

    @api.model
    def _wechat_pos_order(self):
        return self.env['pos.order'].browse(self.env.context.get('active_id') or [])

    @api.model
    def _wechat_choices(self, order, method):
        """Return the WeChat payments of the returned order with something left to refund.

        :return: a list of records in sudo; by their POS payment, or by their order reference
        :rtype: list
        """
        returned = order.refunded_order_id
        charges = method._wechat_originals(returned, order.session_id)
        references = [name for name in (returned.pos_reference, returned.name) if name]
        if not charges and references:
            for model_name in ('wechat.order', 'wechat.micropay'):
                charges += [
                    charge for charge in self.env[model_name].sudo().search([
                        ('order_ref', 'in', references), ('state', 'in', PAID_STATES),
                        ('pos_payment_id', '=', False),
                        ('company_id', '=', order.company_id.id),
                        ('currency_id', '=', order.currency_id.id),
                    ]) if charge._till_method() == method.use_payment_terminal]
        return [charge for charge in charges if charge.refundable_fee]

    def check(self):
        """Override of `point_of_sale` to pay a return against a WeChat refund."""
        self.ensure_one()
        order = self._wechat_pos_order()
        if not self.wechat_terminal or self.amount >= 0:
            order._wechat_refuse_running_refund()
            return super().check()
        if order != self.wechat_return_id or order.state != 'draft':
            raise UserError(self.env._(
                "This return is paid, or is not the one on the screen. Open it again."))
        refund = self._wechat_refund(order)
        refund._submit()
        status = refund._till_status()
        if status['free']:
            raise UserError(status['sentence'])
        if not status['paid']:
            return self._wechat_tell(refund, status['sentence'])
        refund._finish_return()
        if order.state == 'draft':
            return self.launch_payment()
        return {'type': 'ir.actions.act_window_close'}

    def _wechat_refund(self, order):
        """Return the refund that runs for this return, or a new one.

        :return: the record, in sudo
        :raises UserError: for a choice that cannot be right
        """
        running = order._wechat_running_refund()
        if running:
            return running
        charge = self._wechat_charge(order)
        due = order.currency_id._wechat_to_fen(self._default_amount())
        fen = order.currency_id._wechat_to_fen(self.amount)
        if fen < due:
            raise UserError(self.env._(
                "Only %(due)s are left to give back for this return.",
                due=format_amount(
                    self.env, order.currency_id._wechat_from_fen(-due), order.currency_id)))
        return self.env['wechat.refund'].sudo().create({
            **charge._refund_link(),
            'refund_fee': -fen,
            'journal_id': self.payment_method_id.journal_id.id,
            'pos_id': order.config_id.id,
            'pos_session_id': order.session_id.id,
            'payment_uuid': str(uuid.uuid4()),
            'order_uuid': order.uuid,
            'return_order_id': order.id,
        })

    def _wechat_charge(self, order):
        """Return the payment that goes back.

        :return: the record, in sudo
        :raises UserError: if none or a wrong one is chosen
        """
        _ = self.env._
        if self.wechat_order_id and self.micropay_id:
            raise UserError(_("Choose one WeChat payment to refund, not two."))
        charge = (self.wechat_order_id or self.micropay_id).sudo()
        if not charge:
            raise UserError(_(
                "Choose the WeChat payment to refund. If this sale was not paid with WeChat, choose"
                " another payment method."))
        (self.wechat_order_id or self.micropay_id).check_access('read')
        if charge.company_id != order.company_id or charge.currency_id != order.currency_id:
            raise UserError(_(
                "%(number)s belongs to another company, or is in another currency.",
                number=charge.name))
        own_method = order.session_id.payment_method_ids.filtered(
            lambda method: method.use_payment_terminal == charge._till_method())[:1]
        if own_method and charge._till_method() != self.wechat_terminal:
            raise UserError(_(
                "%(number)s was paid another way. Choose the payment method %(method)s.",
                number=charge.name, method=own_method.name))
        choices = self._wechat_choices(order, self.payment_method_id)
        if order.refunded_order_id and charge not in choices:
            raise UserError(_(
                "%(number)s did not pay for %(order)s, which is returned here.%(choices)s",
                number=charge.name, order=order.refunded_order_id.name,
                choices=choices and " " + _("Choose one of these: %(numbers)s.", numbers=", ".join(
                    choice.name for choice in choices)) or ""))
        return charge

    def _wechat_tell(self, refund, sentence):
        """Return the action that says how a refund stands that WeChat has not accepted yet."""
        return {
            'type': 'ir.actions.client',
            'tag': 'display_notification',
            'params': {
                'type': 'warning',
                'sticky': True,
                'title': refund.name,
                'message': " ".join([sentence, self.env._(
                    "The return is paid by itself as soon as WeChat has accepted the refund.")]),
                'next': {'type': 'ir.actions.act_window_close'},
            },
        }
