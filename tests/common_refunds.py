# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import contextlib
import io
import re
import uuid

from lxml import etree

from odoo.exceptions import UserError
from odoo.tools import SQL

from .common import WechatCase

REFUND, QUERY = '/secapi/pay/refund', '/pay/refundquery'
MOMENTS = (
    'create_date', 'submitted_at', 'sent_at', 'asked_at', 'next_ask', 'expires_at', 'paid_at')
# After these WeChat wants a minute's rest.
TOO_OFTEN = {'FREQUENCY_LIMITED', 'INVALID_REQ_TOO_MUCH'}
# What nobody may read while WeChat has the refund, or may have it.
DENIALS = re.compile(
    r'no money|nothing was|refused (this|the) refund|has not (taken|got)|not been sent|given up'
    r'|another way', re.IGNORECASE)


class RefundCase(WechatCase):
    """Refunds as a cashier and an accountant make them, and what WeChat has really received.

    Between the server and the simulated WeChat stands an ear: it hears every request and changes
    none.
    """

    @classmethod
    def _serve_simulator(cls):
        super()._serve_simulator()
        cls.heard = []
        answer = cls.simulator.wsgi_app

        def listen(environ, start_response):
            body = environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))
            fields = {child.tag: child.text for child in etree.fromstring(body)}
            cls.heard.append((environ['PATH_INFO'], cls.simulator.clock.timestamp(), fields))
            return answer({**environ, 'wsgi.input': io.BytesIO(body)}, start_response)

        cls.simulator.wsgi_app = listen
        server = cls.simulator.serve(notify=False)
        cls.addClassCleanup(server.stop)
        cls.set_params(api_url=server.url)

    def setUp(self):
        super().setUp()
        self.heard.clear()

    def begin(self, amount=10):
        """Begin one case of many: no trouble left over. Return as `sold`."""
        self.simulator.clear_faults()
        sold = self.sold(amount)
        self.heard.clear()
        return sold

    @contextlib.contextmanager
    def params(self, **values):
        """Have `wechat.<name>` parameters for a while."""
        before = {name: self.env['ir.config_parameter']._wechat_param(name) for name in values}
        self.set_params(**values)
        try:
            yield
        finally:
            self.set_params(**before)

    def begin_office(self, amount=10):
        """Begin one case of many, with a payment without a POS order. Return the payment."""
        self.simulator.clear_faults()
        trade = self.trade(self.pay_by_code(amount))
        self.heard.clear()
        return trade

    def later(self, seconds):
        """Let time pass, here for every record and at WeChat."""
        self.env.flush_all()
        for model in ('wechat.order', 'wechat.micropay', 'wechat.refund'):
            known = self.env[model]._fields
            self.env.cr.execute(SQL(
                "UPDATE %s SET %s", SQL.identifier(self.env[model]._table),
                SQL(", ").join(
                    SQL("%s = %s - %s * interval '1 second'",
                        SQL.identifier(name), SQL.identifier(name), seconds)
                    for name in MOMENTS if name in known)))
        self.env.invalidate_all()
        self.simulator.clock.advance(seconds)

    # === THE TILL === #

    def till(self, method_name, method, *args):
        """Override: a refusal tells its sentence, and a slow WeChat has time."""
        response = self.opener.post(self.base_url() + '/web/dataset/call_kw', json={
            'id': 0, 'jsonrpc': '2.0', 'method': 'call', 'params': {
                'model': 'pos.payment.method', 'method': f'wechat_{method_name}',
                'args': [[method.id], *args], 'kwargs': {},
            }}, timeout=60)
        answer = response.json()
        self.env.invalidate_all()
        if 'error' in answer:
            self.assertEqual(
                answer['error']['data']['name'], 'odoo.exceptions.UserError', answer)
            raise UserError(answer['error']['data']['message'])
        return answer['result']

    def sold(self, amount=10):
        """Sell something at the till for a payment code.

        :return: the payment and the stored order
        """
        status = self.pay_by_code(amount)
        order = self.sync(self.order_data([{
            'method': self.micropay, 'amount': amount, 'uuid': status['payment_uuid']}]))
        return self.trade(status), order

    def prepare_back(self, order, amount, line_uuid=None):
        """Prepare a refund of `amount` at the till, for an order that is returned."""
        return self.prepare(
            self.micropay, -amount, line_uuid or str(uuid.uuid4()), refunded_order_id=order.id)

    def submit(self, status):
        return self.till('submit', self.micropay, status['payment_uuid'], status['number'])

    def give_back(self, order, amount, line_uuid=None):
        """Refund at the till. Return the status after the submission."""
        return self.submit(self.prepare_back(order, amount, line_uuid))

    def look(self, status):
        """Ask as the till does after a while."""
        return self.till('poll', self.micropay, status['payment_uuid'])

    def store_return(self, status):
        """Store the return at the till whose refund WeChat has accepted."""
        return self.sync(self.order_data([{
            'method': self.micropay, 'amount': status['amount'],
            'uuid': status['payment_uuid']}]))

    # === THE OFFICE === #

    def wizard(self, trade, amount):
        """Open the refund dialogue as the accountant."""
        wizard = self.env['wechat.refund.wizard'].with_user(self.accountant).with_context(
            active_model=trade._name, active_id=trade.id).create({'reason': "Goods returned"})
        wizard.amount = amount
        return wizard

    def office(self, trade, amount):
        """Refund in the office. Return the refund, as the superuser."""
        action = self.wizard(trade, amount).action_refund()
        self.env.invalidate_all()
        return self.env['wechat.refund'].sudo().browse(action['res_id'])

    def as_accountant(self, record):
        return record.with_user(self.accountant)

    # === WHAT WECHAT HAS GOT === #

    def at_wechat(self, trade):
        """Return WeChat's refunds of a payment that did not come back to the shop."""
        return [known for known in self.simulator.refunds()
                if known['out_trade_no'] == trade.name and known['refund_status'] != 'REFUNDCLOSE']

    def money_back(self, trade):
        """Return the fen of a payment that WeChat gives back to the customer."""
        return sum(known['refund_fee'] for known in self.at_wechat(trade))

    def settle_by_hand(self, refund, status):
        """Have somebody end an abnormal refund on the merchant platform."""
        with self.simulator.ledger.write() as db:
            db.execute(
                'UPDATE refunds SET refund_status = ?, success_at = ? WHERE out_refund_no = ?',
                [status, self.simulator.clock.timestamp(db) if status == 'SUCCESS' else None,
                 refund.name])

    def sent(self, path=REFUND):
        """Return the fields of the requests that WeChat received."""
        return [fields for known, _at, fields in self.heard if known == path]

    def assert_sent_with_care(self, refund, by_hand=False):
        """The same request each time, not while one may be under way, and not before asking.

        :param bool by_hand: the accountant has sent it again, after a refusal
        """
        mine = [one for one in self.heard if one[2].get('out_refund_no') == refund.name]
        self.assertLessEqual(len(mine), 25)
        sends = [(index, at, fields) for index, (path, at, fields) in enumerate(mine)
                 if path == REFUND]
        essence = {tuple(sorted((name, value) for name, value in fields.items()
                                if name not in ('nonce_str', 'sign'))) for _i, _at, fields in sends}
        self.assertLessEqual(len(essence), 1, "each time the same")
        if by_hand:
            return
        codes = self.env['wechat.evidence'].search([('refund_id', '=', refund.id)]).mapped('code')
        for (earlier, begin, _a), (later, end, _b) in zip(sends, sends[1:], strict=False):
            self.assertGreaterEqual(end - begin, 60 if set(codes) & TOO_OFTEN else 20)
            # WeChat's one answer that leaves no doubt that the same number may be sent again.
            if 'NOTENOUGH' not in codes:
                between = [path for path, _at, _fields in mine[earlier:later]]
                self.assertIn(QUERY, between, "asked before it was sent again")

    def todo(self, record):
        """Return the summaries of the open activities of a record."""
        for activity in record.activity_ids:
            self.assertTrue(activity.user_id.has_group('account.group_account_invoice'))
            self.assertIn(self.company, activity.user_id.company_ids)
            self.assertTrue(activity.note)
        return record.activity_ids.mapped('summary')
