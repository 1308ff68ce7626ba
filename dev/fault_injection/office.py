# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""An accountant who gives money of one payment back: in the backend, or where WeChat lets one."""

from books import LINKS
from hosts import NoAnswer
from stage import Told

MODELS = {'wechat_order': 'wechat.order', 'wechat_micropay': 'wechat.micropay'}
PATIENCE = 60  # clicks


def accountant(stage, till, at, share):
    """Give a share of what is left of a sale's payment back. A task of the stage."""
    yield at
    yield from _until_stored(till)
    paid = [row for row in stage.books.charges(till.lines) if row['refundable_fee'] > 0]
    if paid:
        stage.behaved("refund by an accountant")
        refund = OfficeRefund(stage, paid[0], max(1, int(paid[0]['refundable_fee'] * share)))
        stage.office.append(refund)
        yield from refund.work(PATIENCE)


def merchant_platform(stage, till, at, share):
    """Do the same by hand on the merchant platform. A task of the stage."""
    yield at
    yield from _until_stored(till)
    for row in stage.books.charges(till.lines):
        left = stage.books.net_at_wechat(row['name'])
        if left:
            stage.behaved("refund on the merchant platform")
            made = stage.wechat.platform_refund(row['name'], max(1, int(left * share)))
            stage.log(f"merchant platform: {made}")
            return


def _until_stored(till):
    """Wait for the order, or until its till has left the payment behind."""
    while till.state in ('selling', 'paid'):
        yield 3


class OfficeRefund:
    """One refund that an accountant wants: the wizard, and then the record's own button.

    :param Stage stage: where it happens
    :param dict charge: the payment, a row of `Books.charges`
    :param int fen: what shall go back
    """

    def __init__(self, stage, charge, fen):
        self.stage = stage
        self.charge = charge
        self.fen = fen
        self.wizard_id = None
        self.refund_id = None
        self.refused = ''

    def click(self, host=0, fault=True):
        """Press the button that is on the screen now.

        :raise NoAnswer: nobody knows what became of it
        :raise Told: refused in words
        """
        if not self.wizard_id:
            self.wizard_id = self._open_wizard(host, fault)
        elif not self.refund_id:
            action = self.stage.office_call(
                host, 'wechat.refund.wizard', 'action_refund', [[self.wizard_id]], fault=fault)
            self.refund_id = action['res_id']
        else:
            self.confirm(host, fault)

    def confirm(self, host=0, fault=True):
        """Press the button of the refund itself."""
        self.stage.office_call(
            host, 'wechat.refund', 'action_confirm', [[self.refund_id]], fault=fault)

    def look(self):
        """Find the refund in the list, should it be there without the wizard having said so."""
        if self.wizard_id and not self.refund_id:
            self.refund_id = self.row.get('id')

    @property
    def row(self):
        """The refund that this wizard has made, or the one that took its place."""
        if not self.wizard_id:
            return {}
        return self.stage.books.refund_of_wizard(self.wizard_id) or {}

    def work(self, patience):
        """Refund, and go on until it is on its way. A task of the stage.

        :param int patience: clicks
        """
        for number in range(patience):
            try:
                self.click(number % 2)
            except NoAnswer as error:
                self.stage.log(f"accountant: {error}")
            except Told as told:
                self.stage.log(f"accountant: {told}")
                self.look()
                if not self.refund_id:
                    self.refused = str(told)
                    return
            if self.row.get('wechat_refund_id'):
                return
            if self.refund_id is None and number % 3 == 2:
                self.look()
            yield 4

    def _open_wizard(self, host, fault):
        context = {
            'active_model': MODELS[self.charge['table']], 'active_id': self.charge['id']}
        values = self.stage.office_call(
            host, 'wechat.refund.wizard', 'default_get', [[
                'order_id', 'micropay_id', 'currency_id', 'refundable', 'amount']],
            context, fault=False)
        if values.get(LINKS[self.charge['table']]) != self.charge['id']:
            self.stage.find('wizard', f"{self.charge['name']}: the wizard begins with {values}")
        return self.stage.office_call(
            host, 'wechat.refund.wizard', 'create', [dict(values, amount=self.fen / 100)],
            context, fault=fault)
