# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The customer with the phone."""

from simulator import PhoneError

PASSWORD_LOOKS = 30  # how often the phone is looked at for a password prompt


class Phone:
    """One customer. The methods are tasks of the stage: they yield the seconds until they go on.

    :param Stage stage: where it all happens
    :param script.Customer manners: how the customer behaves
    """

    def __init__(self, stage, name, manners):
        self.stage = stage
        self.manners = manners
        self.name = name
        self.paid_once = False
        self.codes = []
        stage.wechat.create_account(
            name, balance=manners.balance, password=manners.password,
            refund_status=manners.refund_status)

    def show_code(self):
        """Return the 18 digits on the phone."""
        return self.stage.wechat.payment_code(self.name)

    def see(self, number, code_url):
        """See a QR code on the till; a code that was seen before is nothing new."""
        if code_url not in self.codes:
            self.codes.append(code_url)
            self.stage.spawn(self._pay_code(number, code_url))

    def _pay_code(self, number, code_url):
        manners = self.manners
        yield manners.patience
        if manners.act != 'ignore' and not (self.paid_once and not manners.pays_old_codes):
            self._do('scan', code_url)
            self._do(manners.act, number)
        if manners.pays_old_codes:
            yield manners.old_patience
            self._do('scan', code_url)
            self._do('pay', number)

    def answer_prompt(self):
        """Answer a password prompt, should there be one."""
        for _look in range(PASSWORD_LOOKS):
            waiting = [
                trade for trade in self.stage.wechat.waiting(self.name)
                if trade['trade_type'] == 'MICROPAY']
            if waiting:
                yield self.manners.patience
                if self.manners.act not in ('ignore', 'silent'):
                    self._do(self.manners.act, waiting[0]['out_trade_no'])
                return
            yield 2

    def act_now(self):
        """Do at once whatever the phone offers: the hurry of a customer in the wrong moment."""
        for trade in self.stage.wechat.waiting(self.name):
            self._do('pay', trade['out_trade_no'])
            return
        for code_url in self.codes[-1:]:
            if not self.paid_once or self.manners.pays_old_codes:
                trade = self._do('scan', code_url)
                if trade:
                    self._do('pay', trade['out_trade_no'])

    def _do(self, action, what):
        try:
            done = getattr(self.stage.wechat, action)(self.name, what)
        except PhoneError as error:
            self.stage.log(f"{self.name}: {action}: the phone says {error.code}")
            return None
        self.stage.log(f"{self.name}: {action} {done['out_trade_no']}")
        if action == 'pay':
            self.paid_once = True
        return done
