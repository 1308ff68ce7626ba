# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from pathlib import Path

from odoo.tests import tagged

from ..gateway import Kind, Outcome
from .common import WechatCase

DOCUMENT = Path(__file__).resolve().parents[1] / 'doc' / 'states.rst'

# What WeChat can say, for the table: the calls that start a trade, those that ask, and those that
# end it differ in what their refusal means.
PAYMENT_CALLS = ('micropay', 'orderquery', 'reverse')
REFUND_CALLS = ('refund', 'refundquery')
SAME_KINDS = {Kind.DONE}  # Says nothing about a trade.


@tagged('post_install', '-at_install')
class TestStates(WechatCase):
    """The document on the states is what the code does: every state with every kind of news."""

    def render(self, trade, calls, states):
        """Return the table of the transitions that the code makes."""
        lines = []
        for state in states:
            targets = {}
            for call in calls:
                for kind in Kind:
                    if kind in SAME_KINDS:
                        continue
                    target = self.target(trade, state, Outcome(kind=kind, code='X', endpoint=call))
                    if target != state:
                        targets.setdefault(target, {}).setdefault(call, []).append(kind.name)
            for target, by_call in targets.items():
                for call, kinds in by_call.items():
                    lines.append(f"{state:9} -> {target:9}  {call:11}  {', '.join(kinds)}")
            if not targets:
                lines.append(f"{state:9}    (final)")
        return lines

    def target(self, trade, state, outcome):
        self.env.cr.execute(
            f'UPDATE {trade._table} SET state = %s WHERE id = %s', [state, trade.id])
        trade.invalidate_recordset()
        return trade._target_state(outcome)

    def test_document_says_what_the_code_does(self):
        if not DOCUMENT.exists():
            self.skipTest("The documents are not installed with the addon.")
        text = DOCUMENT.read_text(encoding='utf-8')
        payment = self.env['wechat.micropay'].sudo()._create_micropay("Tea", 1)
        paid = self.trade(self.pay_by_code(5))
        refund = self.env['wechat.refund'].sudo().create(
            {**paid._refund_link(), 'refund_fee': 100})
        every = [state for state, _label in payment._fields['state'].selection]
        refunds = [state for state in every if state not in ('refunded', 'cancelled')]
        for title, trade, calls, states in (
            ("Payments", payment, PAYMENT_CALLS, every),
            ("Refunds", refund, REFUND_CALLS, refunds),
        ):
            block = "\n".join(f"    {line}" for line in self.render(trade, calls, states))
            self.assertIn(block, text, f"{title}: doc/states.rst should hold\n{block}")
