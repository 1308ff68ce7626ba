# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from decimal import Decimal

from odoo import models
from odoo.exceptions import AccessError, UserError

from ..gateway import mask_payment_codes
from .pos_payment import TERMINALS
from .wechat_trade import LIVE_STATES

# At DEBUG, Odoo logs the arguments of every remote call: `wechat_submit` has a payment code.
mask_payment_codes('odoo.service.model', 'odoo.http', 'odoo.addons.base.models.ir_http')

CHARGE_MODELS = {'wechat_native': 'wechat.order', 'wechat_micropay': 'wechat.micropay'}

NOT_FOUND = {
    'found': False, 'payment_uuid': '', 'number': '', 'method': '', 'state': 'draft',
    'phase': 'new', 'sentence': '', 'tone': 'info', 'paid': False, 'free': True, 'code_url': '',
    'expires_in': 0, 'seconds_left': 0, 'amount': 0.0, 'currency': '', 'total_fee': 0,
    'transaction_id': '', 'receipt': '', 'retry_in': 0, 'mode': '',
}


class PosPaymentMethod(models.Model):
    """The calls of the till. Each is short, safe to repeat, and answers with a status.

    A status tells the till what is true now: see `_till_status` of `wechat.charge`. What moves
    money is split in two: `wechat_prepare` writes the row and commits by returning,
    `wechat_submit` sends it.
    """

    _inherit = 'pos.payment.method'

    def _get_payment_terminal_selection(self):
        labels = {
            'wechat_native': self.env._("WeChat Pay: customer scans the till"),
            'wechat_micropay': self.env._("WeChat Pay: till scans the customer"),
        }
        return [*super()._get_payment_terminal_selection(), *labels.items()]

    # === CALLED BY THE TILL === #

    def wechat_prepare(self, payment_uuid, amount, values):
        """Record an attempt for a payment line, or return the one that is alive. Sends nothing.

        :param str payment_uuid: the till's number of the payment line
        :param float amount: in units of the currency (yuan); negative: a refund
        :param dict values: `pos_session_id`, `order_uuid`, `order_ref`, `lines` (dicts of
            `product_id`, `quantity`, `price`), and for a refund `refunded_order_id`
        :return: the status
        :rtype: dict
        :raises AccessError: unless the caller is a cashier with an open session of this method
        """
        session = self._wechat_check_till(values.get('pos_session_id'))
        if not payment_uuid:
            raise UserError(self.env._("The payment line has no number. Reload the till."))
        currency = session.currency_id
        fen = currency._wechat_to_fen(amount)
        trade = self._wechat_find(payment_uuid)
        if trade and trade.state == 'draft' and trade._signed_fee() != fen:
            # Another till had begun; nothing was sent, and the amount has been changed since.
            trade._cancel()
            trade.flush_recordset()
        if trade:
            status = trade._till_status()
            # A refund may be a part of what is asked: see `_wechat_new_refund`.
            is_part = fen < status['total_fee'] < 0
            if status['total_fee'] != fen and not (status['paid'] or status['free'] or is_part):
                raise UserError(self.env._(
                    "%(amount)s are under way on this payment line, at another till perhaps. Cancel"
                    " that payment, then start this one again.",
                    amount=currency.format(currency._wechat_from_fen(abs(status['total_fee'])))))
            if status['paid'] or not status['free']:
                return status
        if self._wechat_is_paid(values.get('order_uuid')):
            raise UserError(self.env._(
                "This order is paid already. Reload the till if it does not show that."))
        if fen < 0:
            # A return of the backend, which tills of the same shop load as well.
            self.env['pos.order'].sudo().search([
                ('uuid', '=', values.get('order_uuid') or ''),
                ('company_id', '=', session.company_id.id)])._wechat_refuse_running_refund()
            trade = self._wechat_new_refund(session, payment_uuid, amount, values)
        else:
            trade = self._wechat_new_charge(session, payment_uuid, amount, values)
        return trade._till_status()

    def wechat_submit(self, payment_uuid, number, auth_code=None):
        """Send a prepared attempt to WeChat. Called again, it asks instead.

        :param str number: the number in the status of `wechat_prepare`
        :param str auth_code: for a micropay, the 18 digits of the customer's payment code
        :return: the status
        :rtype: dict
        """
        self._wechat_check_till()
        trade = self._wechat_find(payment_uuid)
        if trade and trade.name == number:
            if trade._name == 'wechat.micropay':
                trade._submit(auth_code)
            else:
                trade._submit()
            # An earlier refund of this line may have turned out to be accepted meanwhile.
            trade = self._wechat_find(payment_uuid)
        return trade._till_status() if trade else dict(NOT_FOUND, payment_uuid=payment_uuid)

    def wechat_poll(self, payment_uuid):
        """Ask how a payment line stands; WeChat is asked if that is due.

        :return: the status; `found` is false if nothing was ever prepared for the line
        :rtype: dict
        """
        self._wechat_check_till()
        trade = self._wechat_find(payment_uuid)
        if not trade:
            return dict(NOT_FOUND, payment_uuid=payment_uuid)
        trade._settle()
        return trade._till_status()

    def wechat_cancel(self, payment_uuid):
        """Give an attempt up. If the customer has paid, the status says so.

        :return: the status; the line is free only if that says `free`
        :rtype: dict
        """
        self._wechat_check_till()
        trade = self._wechat_find(payment_uuid)
        if not trade:
            return dict(NOT_FOUND, payment_uuid=payment_uuid)
        trade._cancel()
        return trade._till_status()

    # === HELPERS === #

    def _wechat_check_till(self, session_id=None):
        """Check that the caller stands at a till where this method is in use.

        :param int session_id: the till's session; default: any open one of this method
        :return: the session, in sudo
        :rtype: pos.session
        :raises AccessError: otherwise
        """
        self.ensure_one()
        if not (self.env.su or self.env.user.has_group('point_of_sale.group_pos_user')):
            raise AccessError(self.env._("Only a Point of Sale user can take WeChat payments."))
        method = self.sudo()
        if method.use_payment_terminal not in TERMINALS:
            raise AccessError(self.env._("This payment method is not one of WeChat Pay."))
        if not self.env.su and method.company_id not in self.env.user.company_ids:
            raise AccessError(self.env._("This payment method belongs to another company."))
        sessions = method.open_session_ids
        if session_id:
            sessions = sessions.filtered(lambda session: session.id == session_id)
        if not sessions:
            raise AccessError(self.env._(
                "No open session uses %(method)s. Open the shop's session first.",
                method=method.name))
        return sessions[:1]

    def _wechat_find(self, payment_uuid):
        """Return the attempt that counts for a payment line: paid before alive before the latest.

        :return: a record in sudo, or an empty set
        """
        method = self.sudo()
        attempts = method.env[CHARGE_MODELS[method.use_payment_terminal]].search([
            ('payment_uuid', '=', payment_uuid), ('company_id', '=', method.company_id.id),
        ])
        paid = attempts.filtered(lambda attempt: attempt._till_phase() == 'paid')
        live = attempts.filtered(
            lambda attempt: attempt.state in LIVE_STATES and not attempt.withdrawn)
        found = (paid or live or attempts)[:1]
        refunds = method.env['wechat.refund'].search([
            ('payment_uuid', '=', payment_uuid), ('company_id', '=', method.company_id.id),
        ])
        live = refunds.filtered(lambda refund: refund.state not in ('error', 'cancelled'))
        return found or (live or refunds)[:1]

    def _wechat_is_paid(self, order_uuid):
        """Tell whether a till's order has been stored as paid, by another till perhaps."""
        return bool(order_uuid) and bool(self.env['pos.order'].sudo().search_count([
            ('uuid', '=', order_uuid), ('state', 'in', ('paid', 'done')),
        ], limit=1))

    def _wechat_new_charge(self, session, payment_uuid, amount, values):
        method = self.sudo().with_company(session.company_id)
        shop = session.config_id
        lines = [self._wechat_line(line) for line in values.get('lines') or []]
        goods = method.env['product.product'].browse(
            line['product_id'] for line in lines[:1]).exists().display_name
        common = {
            'order_ref': values.get('order_ref'),
            'journal_id': method.journal_id.id,
            'company_id': session.company_id.id,
            'currency_id': session.currency_id.id,
            'pos_id': shop.id,
            'pos_session_id': session.id,
            'payment_uuid': payment_uuid,
            'order_uuid': values.get('order_uuid'),
            'cashier_id': self.env.uid,
        }
        more = f" +{len(lines) - 1}" if goods and len(lines) > 1 else ""
        body = f"{shop.name} - {goods or values.get('order_ref') or session.name}{more}"
        if method.use_payment_terminal == 'wechat_native':
            return method.env['wechat.order']._create_order(
                'NATIVE', lines, pay_amount=amount, body=body, **common)
        return method.env['wechat.micropay']._create_micropay(
            body, amount, terminal_ref=f'POS-{shop.id}', **common)

    def _wechat_line(self, line):
        """Return the values of a `wechat.order.line` for a line of a POS order."""
        quantity = Decimal(str(line.get('quantity') or 1))
        whole = quantity == quantity.to_integral_value()
        price = Decimal(str(line.get('price') or 0))
        return {
            'product_id': int(line['product_id']),
            # WeChat takes whole quantities only: a weighed line counts as one piece.
            'quantity': int(quantity) if whole else 1,
            'price': float(price if whole else price * quantity),
            'quantity_full': str(quantity),
        }

    def _wechat_new_refund(self, session, payment_uuid, amount, values):
        """Record a refund of what the refunded order paid with WeChat.

        If no single payment of that order suffices, this is the part that one of them can give: the
        till takes the amount in the status, and asks for the rest on a further line.

        :raises UserError: if so much cannot go back with this method, and why
        """
        method = self.sudo()
        fen = -session.currency_id._wechat_to_fen(amount)
        order = method.env['pos.order'].browse(values.get('refunded_order_id') or []).exists()
        order = order.filtered(lambda order: order.company_id == session.company_id)
        originals = method._wechat_originals(order, session)
        left = [charge for charge in originals if charge.refundable_fee]
        if sum(charge.refundable_fee for charge in left) < fen:
            raise UserError(self.env._(
                "%(amount)s cannot go back with %(method)s. The order was paid with: %(paid)s.",
                amount=session.currency_id.format(abs(amount)), method=method.name,
                paid=", ".join(
                    f"{payment.payment_method_id.name} "
                    f"{payment.currency_id.format(payment.amount)}"
                    for payment in order.payment_ids) or "—",
            ) + self._wechat_gone_back(originals, session.currency_id))
        open_ones = [charge for charge in left if not charge._refund_refusal(1)]
        if sum(charge.refundable_fee for charge in open_ones) >= fen:
            # Not one that is too old, say, while another one can give it.
            left = open_ones
        fitting = [charge for charge in left if charge.refundable_fee >= fen]
        # The one with the least left over, so that later returns still find room.
        original = min(fitting or left, key=lambda charge: (
            charge.refundable_fee if fitting else -charge.refundable_fee))
        fen = min(fen, original.refundable_fee)
        return method.env['wechat.refund'].create({
            **original._refund_link(),
            'refund_fee': fen,
            'journal_id': method.journal_id.id,
            'pos_id': session.config_id.id,
            'pos_session_id': session.id,
            'payment_uuid': payment_uuid,
            'order_uuid': values.get('order_uuid'),
        })

    def _wechat_gone_back(self, originals, currency):
        """Return a sentence on what has gone back of these payments already, or nothing."""
        left = sum(charge.refundable_fee for charge in originals)
        gone = sum(charge.total_fee for charge in originals) - left
        return " " + self.env._(
            "%(gone)s of it have been refunded with WeChat already, %(left)s are left.",
            gone=currency.format(currency._wechat_from_fen(gone)),
            left=currency.format(currency._wechat_from_fen(left))) if gone else ""

    def _wechat_originals(self, order, session):
        """Return the WeChat payments of an order that this method can give back.

        Those of the other kind as well where the shop does not have that method: to WeChat, and to
        the customer, a refund is a refund.

        :return: a list of records in sudo
        :rtype: list
        """
        here = session.payment_method_ids.mapped('use_payment_terminal')
        return [
            charge
            for terminal, model_name in CHARGE_MODELS.items()
            if terminal == self.use_payment_terminal or terminal not in here
            for charge in self.env[model_name].sudo().search([
                ('pos_payment_id', 'in', order.payment_ids.ids),
                ('company_id', '=', session.company_id.id),
                ('currency_id', '=', session.currency_id.id),
            ])
        ]
