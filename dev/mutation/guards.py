# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The guards of the money, each with the change that removes it and the proof that has to fail."""

from typing import NamedTuple


class Chaos(NamedTuple):
    """A proof that only a crash or a race can give.

    :ivar args: of ``dev/chaos``
    """

    args: tuple


CRASHES = Chaos(('--quick',))
TWO_TILLS = Chaos(('--scenario', 'two-tills'))


class Guard(NamedTuple):
    """One guard.

    :ivar name: what it guards
    :ivar file: where it stands, from the repository's root
    :ivar text: the code that is the guard; it must occur once
    :ivar instead: what stands there when it is removed
    :ivar proof: test tags of Odoo, or the run of ``dev/chaos`` that goes red
    """

    name: str
    file: str
    text: str
    instead: str
    proof: str | Chaos


def _tests(*names):
    return ','.join(f'/wechat:{name}' for name in names)


GUARDS = [
    Guard(
        "record first: the row is committed before WeChat is called",
        'models/wechat_trade.py',
        "            self._commit()\n            outcome = getattr(gateway, verb)(*args)",
        "            outcome = getattr(gateway, verb)(*args)",
        CRASHES,
    ),
    Guard(
        "two tills that begin at the same moment: the database takes one of them",
        'models/wechat_charge.py',
        """    _live_line_uniq = models.UniqueIndex(
        "(payment_uuid) WHERE state IN ('draft', 'pending') AND withdrawn IS NOT TRUE",""",
        """    _live_line_uniq = models.Index(
        "(payment_uuid) WHERE state IN ('draft', 'pending') AND withdrawn IS NOT TRUE")
    _unused = (""",
        TWO_TILLS,
    ),
    Guard(
        "the gate: only one caller sends a charge",
        'models/wechat_charge.py',
        "        if self.state != 'draft':\n            return False\n        refusal",
        "        refusal",
        _tests('TestMicropay.test_submitted_twice_charges_once'),
    ),
    Guard(
        "amount, currency and number are compared",
        'models/wechat_trade.py',
        "            if received and expected and received != str(expected):",
        "            if False:",
        _tests('TestCallback.test_wrong_amount_or_currency'),
    ),
    Guard(
        "another system's trade is told by its mark",
        'models/wechat_charge.py',
        "            'attach': self._frozen().get('attach'),\n",
        "",
        _tests('TestMicropay.test_number_of_another_system_is_never_adopted'),
    ),
    Guard(
        "an unmarked trade is another system's",
        'models/wechat_charge.py',
        "                and not outcome.data.get('attach') and self.mode != 'sandbox'):",
        "                and False):",
        _tests('TestHostile.test_unmarked_trade_of_another_system_is_left_alone'),
    ),
    Guard(
        "nobody mints a paid record",
        'models/wechat_charge.py',
        "                raise UserError(self.env._(\"%(field)s cannot be",
        "                print(self.env._(\"%(field)s cannot be",
        _tests('TestHostile.test_cashier_cannot_mint_a_paid_record'),
    ),
    Guard(
        "a reversal that may be under way is the last word",
        'models/wechat_micropay.py',
        "reversed_ or (self.reversal_sent and self.state in LIVE_STATES)):",
        "False):",
        _tests('TestMicropay.test_old_news_of_a_payment_does_not_undo_a_reversal'),
    ),
    Guard(
        "money that went back buys nothing",
        'models/pos_payment.py',
        "            accepted = bool(trade) and trade._pays_for_sale()",
        "            accepted = bool(trade)",
        _tests('TestHostile.test_money_that_went_back_buys_nothing'),
    ),
    Guard(
        "a late refusal does not undo a payment",
        'models/wechat_charge.py',
        "            return 'refunded' if outcome.code == 'REVOKED' else state",
        "            return 'cancelled' if outcome.kind == Kind.CLOSED else 'pending'",
        _tests('TestDoor'),
    ),
    Guard(
        "unknown is not refused",
        'models/wechat_charge.py',
        "        return 'pending'\n",
        "        return 'error' if kind == Kind.UNKNOWN else 'pending'\n",
        _tests('TestMicropay.test_unclear_answers_leave_a_pending_record_that_a_query_settles'),
    ),
    Guard(
        "a refund that was lost is sent again under its own number",
        'models/wechat_refund.py',
        "            outcome = self._call('refund', self._frozen())",
        "            outcome = self._call('refund', dict(\n"
        "                self._frozen(), out_refund_no=f'{self.name}R{self.ask_count}'))",
        _tests('TestRefund.test_lost_answer_is_asked_about_with_the_same_number'),
    ),
    Guard(
        "an order whose answer was lost is sent again unchanged",
        'models/wechat_order.py',
        "            self._call('unified_order', self._frozen())\n        elif",
        "            self._call('unified_order', dict(self._frozen(), body='again'))\n        elif",
        _tests('TestNative.test_lost_answer_is_repeated_with_the_same_order'),
    ),
    Guard(
        "an unclear charge is reversed when the window has passed",
        'models/wechat_micropay.py',
        "                or self._age('submitted_at') >= self._window())",
        "                or False)",
        _tests('TestMicropay.test_window_passed_is_reversed'),
    ),
    Guard(
        "nothing is reversed within 15 seconds",
        'models/wechat_micropay.py',
        "        over = self._wants_reverse() and self._age('submitted_at') >= REVERSE_NOT_BEFORE",
        "        over = self._wants_reverse()",
        _tests('TestMicropay.test_nothing_is_reversed_too_early'),
    ),
    Guard(
        "WeChat is asked before it reverses",
        'models/wechat_micropay.py',
        "        if self.last_call != 'silence' or not over:",
        "        if not over:",
        _tests('TestMicropay.test_payment_that_wins_the_race_against_cancel_is_booked'),
    ),
    Guard(
        "a POS payment needs WeChat's word",
        'models/pos_payment.py',
        "            if not trade:\n                raise UserError",
        "            if not trade:\n                continue\n                raise UserError",
        _tests('TestPosPayment.test_payment_without_a_record_is_refused'),
    ),
    Guard(
        "a paid record serves one amount",
        'models/pos_payment.py',
        "('total_fee', '=', fen), ",
        "",
        _tests('TestPosPayment.test_other_amount_or_method_is_refused'),
    ),
    Guard(
        "a waiting line does not pay an order",
        'models/pos_order.py',
        "            self.payment_ids._wechat_accept()\n",
        "",
        _tests('TestPosPayment.test_open_order_with_a_waiting_line_can_be_saved'),
    ),
    Guard(
        "a paid payment is not deleted",
        'models/pos_payment.py',
        "        self._wechat_refuse_if_paid(self.env._(\"refund it, it cannot be deleted\"))",
        "        return",
        _tests('TestPosPayment.test_paid_payment_can_neither_be_changed_nor_deleted'),
    ),
    Guard(
        "one live attempt a payment line",
        'models/pos_payment_method.py',
        "            if status['paid'] or not status['free']:\n                return status",
        "            if status['paid']:\n                return status",
        _tests('TestMicropay.test_prepared_twice_is_one_attempt'),
    ),
    Guard(
        "money for a withdrawn code goes back",
        'models/wechat_charge.py',
        "            if self.withdrawn or before not in LIVE_STATES:",
        "            if before not in LIVE_STATES:",
        _tests('TestNative.test_withdrawn_code_paid_late_is_given_back'),
    ),
    Guard(
        "money for a sale that was paid otherwise goes back",
        'models/wechat_charge.py',
        "            elif self._is_paid_otherwise():",
        "            elif False:",
        _tests('TestOrphan.test_attempt_left_over_by_a_paid_order_goes_back'),
    ),
    Guard(
        "not more is refunded than was paid",
        'models/wechat_charge_refund.py',
        "        if fee > left:",
        "        if False:",
        _tests('TestRefund.test_not_more_than_was_paid'),
    ),
    Guard(
        "accepted is not returned",
        'models/wechat_refund.py',
        "        if kind == Kind.PAID or (state == 'done' and",
        "        if kind in (Kind.PAID, Kind.PENDING) and outcome.data or (state == 'done' and",
        _tests('TestRefund.test_accepted_is_not_returned'),
    ),
    Guard(
        "a charge that was given up as never sent is looked at once more",
        'models/wechat_micropay.py',
        "        never_arrived = self.state == 'cancelled' and self.err_code in NUMBER_UNKNOWN\n",
        "        never_arrived = False\n",
        _tests('TestMicropay.test_charge_that_arrives_after_it_was_given_up_goes_back'),
    ),
    Guard(
        "reversed is WeChat's word, not a conclusion",
        'models/wechat_charge.py',
        "        elif outcome.kind == Kind.CLOSED and outcome.code == 'SUCCESS':",
        "        elif outcome.kind == Kind.CLOSED:",
        _tests('TestMicropay.test_charge_that_arrives_after_it_was_given_up_goes_back'),
    ),
    Guard(
        "two payments that did not see each other",
        'models/wechat_charge.py',
        "        if self._is_paid_otherwise():\n            self._give_back",
        "        if False:\n            self._give_back",
        _tests('TestOrphan.test_two_payments_that_did_not_see_each_other'),
    ),
    Guard(
        "one line is under way with one amount",
        'models/pos_payment_method.py',
        "            if status['total_fee'] != fen and not (",
        "            if False and not (",
        _tests('TestOrphan.test_other_amount_on_a_line_that_is_under_way'),
    ),
    Guard(
        "an accepted refund is not failed by the answer to a repetition",
        'models/wechat_refund.py',
        " and not (outcome.endpoint == 'refund' and self.wechat_refund_id):",
        ":",
        _tests('TestRefund.test_accepted_refund_is_not_failed_by_the_answer_to_a_repetition'),
    ),
    Guard(
        "a refund under way is not sent again",
        'models/wechat_refund.py',
        "        if outcome.code == 'REFUNDNOTEXIST' and outcome.data and arrived:",
        "        if outcome.code == 'REFUNDNOTEXIST' and outcome.data:",
        _tests('TestRefundQuery.test_unknown_while_the_call_is_under_way'),
    ),
    Guard(
        "what WeChat may have is not given up",
        'models/wechat_refund.py',
        "        if self.state == 'draft' or (self.state == 'pending' and self.parked):",
        "        if self.state == 'draft' or self.state == 'pending':",
        _tests('TestRefundRules.test_what_wechat_may_have_cannot_be_given_up'),
    ),
    Guard(
        "on disk that it may be at WeChat, before it is sent",
        'models/wechat_refund.py',
        "        self.write({'sent_at': fields.Datetime.now(), 'parked': False})",
        "        self.write({'sent_at': fields.Datetime.now()})",
        _tests('TestRefundRules.test_what_wechat_may_have_cannot_be_given_up'),
    ),
    Guard(
        "one refund a minute of a payment",
        'models/wechat_refund.py',
        "        if wait:\n            if self.err_code",
        "        if False:\n            if self.err_code",
        _tests('TestRefundRules.test_within_a_minute_at_the_till'),
    ),
    Guard(
        "anew, after WeChat closed it: once",
        'models/wechat_refund_anew.py',
        "        successor = self._successor()\n        if successor:",
        "        successor = self._successor()\n        if False:",
        _tests('TestRefundQuery.test_closed_after_the_return_at_the_till'),
    ),
    Guard(
        "a failed refund is not sent again once its return has been paid otherwise",
        'models/wechat_refund.py',
        "        order = self._return_paid_otherwise()\n        if order:",
        "        order = self._return_paid_otherwise()\n        if False:",
        _tests('TestRefundTwice.test_failed_and_paid_in_cash'),
    ),
    Guard(
        "a return under way with WeChat is not paid otherwise",
        'models/pos_order.py',
        "        if running:",
        "        if False:",
        _tests('TestBackendReturn.test_under_way_is_not_paid_otherwise'),
    ),
    Guard(
        "a refund by hand counts only when WeChat confirms it",
        'models/wechat_refund_elsewhere.py',
        "            refund.source == 'platform' or outcome.kind == Kind.REFUSED)",
        "            outcome.kind == Kind.REFUSED)",
        _tests('TestRefundNotification'),
    ),
    Guard(
        "the signed answer stands above the notification",
        'models/wechat_refund.py',
        "        if kind == Kind.PAID or (state == 'done' and not (self.unsigned and is_answer)):",
        "        if kind == Kind.PAID or state == 'done':",
        _tests('TestRefundNotification.test_spliced_success_or_closing_is_not_the_last_word'),
    ),
    Guard(
        "a refund by hand is of this payment, and not more than is left of it",
        'models/wechat_refund_elsewhere.py',
        "        if not fee.isdecimal() or not 0 < int(fee) <= left:",
        "        if not fee.isdecimal():",
        _tests('TestRefundNotification.test_forged_and_impossible'),
    ),
    Guard(
        "an office refund is posted when the customer has the money",
        'models/wechat_refund_books.py',
        "            ('state', '=', 'done'), ('post_payment', '=', True),\n",
        "            ('post_payment', '=', True),\n",
        _tests('TestRefundBooks'),
    ),
    Guard(
        "no way round the unclear payment of a session",
        'models/pos_session.py',
        "        if problem:\n            raise",
        "        if False:\n            raise",
        _tests('TestPosPayment.test_no_button_goes_round_an_unclear_payment'),
    ),
    Guard(
        "a session waits for an unclear payment",
        'models/pos_session.py',
        "        return problem and {",
        "        return False and {",
        _tests('TestPosPayment.test_session_waits_for_an_unclear_payment'),
    ),
    Guard(
        "the cron looks after what no till watches",
        'models/wechat_evidence.py',
        "            record._settle()\n",
        "",
        _tests('TestMicropay.test_cron_finishes_what_no_till_watches'),
    ),
    Guard(
        "a payment without its order reaches the accountant",
        'models/wechat_evidence.py',
        "                self._work_on(orphan, lone, orphan._find_home)",
        "                pass",
        _tests('TestOrphan.test_payment_whose_order_never_came_reaches_the_accountant_once'),
    ),
    Guard(
        "the signature of a notification",
        'gateway/notifications.py',
        "    if not is_signed_by(fields, credentials.api_key):",
        "    if False:",
        _tests('TestCallback.test_forged_signature'),
    ),
    Guard(
        "the merchant of a notification",
        'gateway/notifications.py',
        "        if fields.get(name, '') not in expected:",
        "        if False:",
        _tests('TestCallback.test_foreign_merchant'),
    ),
    Guard(
        "the signature of a reply",
        'gateway/replies.py',
        "        if not signed:\n            raise ReplyError('BAD_SIGNATURE'",
        "        if False:\n            raise ReplyError('BAD_SIGNATURE'",
        _tests('TestMicropay.test_unclear_answers_leave_a_pending_record_that_a_query_settles'),
    ),
    Guard(
        "payment codes stay out of the log",
        'gateway/quiet.py',
        "    if masked != message:",
        "    if False:",
        _tests('TestAccess.test_no_secret_reaches_the_log'),
    ),
]
