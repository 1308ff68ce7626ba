# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The cashier at the till."""

from browser import SETTLED, Window


class Till(Window):
    """The shop's till, and its customer display."""

    def __init__(self, browser, lang, url, shop):
        super().__init__(browser, 'till', lang)
        self._url = url
        self._shop = shop

    def open(self):
        """Log in and open the register."""
        self.log_in(self._url, 'cashier')
        self.page.goto(f'{self._url}/pos/ui/{self._shop}')
        self.page.click('.open-register-btn')
        self.page.click('.modal-footer .btn-primary')
        self.page.wait_for_selector('article.product')

    def open_display(self):
        """Open the customer display, a second window of the same device, and return its page."""
        display = self.context.new_page()
        display.set_viewport_size({'width': 960, 'height': 640})
        display.goto(f'{self._url}/pos_customer_display/{self._shop}/pictures')
        return display

    def sell(self, *positions, times=1):
        """Put products into the basket, by their places on the screen, and go to payment."""
        for position in positions:
            for _time in range(times):
                self.page.locator('article.product').nth(position).click()
        self.page.click('.product-screen .pay-order-button')
        self.page.wait_for_selector('.payment-screen .paymentmethod')

    def pay(self, terminal):
        """Choose a payment method by its terminal: ``wechat_native`` or ``wechat_micropay``."""
        name = self.page.evaluate(
            'terminal => posmodel.config.payment_method_ids'
            '.find(method => method.use_payment_terminal === terminal).name', terminal)
        self.page.locator('.paymentmethod', has_text=name).click()

    def wait_for(self, stage):
        """Wait until the dialog has come to ``scan``, ``qr``, ``wait`` or ``over``."""
        self.page.wait_for_selector(f'.wechat-popup .wechat-stage-{stage}')

    def code(self):
        """Return what the QR code on the screen holds: the link below it leads there, too."""
        return self.page.get_attribute('.wechat-popup .wechat-phone', 'href')

    def type_code(self, digits):
        """Type the customer's payment code; the last digit of a good one sends it."""
        field = self.page.locator('.wechat-popup input.wechat-code')
        field.fill('')
        field.press_sequentially(digits, delay=20)

    def confirm_code(self):
        """Press Enter, as a person does who typed something that is no payment code."""
        self.page.wait_for_timeout(SETTLED)
        self.page.press('.wechat-popup input.wechat-code', 'Enter')
        self.page.wait_for_selector('.wechat-problem')

    def press(self, button):
        """Press a button of the dialog: ``cancel``, ``again``, ``leave``, ``next``."""
        self.page.click(f'.wechat-popup .wechat-{button}')

    def wait_for_receipt(self):
        """Wait until the sale is done."""
        self.page.wait_for_selector('.receipt-screen .pos-receipt')

    def pay_cash(self):
        """Take the whole amount in cash."""
        name = self.page.evaluate(
            "posmodel.config.payment_method_ids.find(method => method.type === 'cash').name")
        self.page.locator('.paymentmethod', has_text=name).click()
        self.page.click('.payment-screen button.validation-button.next')

    def next_order(self):
        """Leave the receipt for the next customer."""
        self.page.click('.receipt-screen .button.next')
        self.page.wait_for_selector('article.product')

    def return_last_order(self):
        """Choose the whole of the latest paid order for a refund, and go to payment."""
        self.page.click('.product-screen .more-btn')
        self.page.locator('.control-buttons button:has(.fa-undo)').click()
        self.page.locator('.ticket-screen .order-row').first.click()
        self.page.locator('.ticket-screen .numpad button', has_text='1').first.click()
        self.page.click('.ticket-screen .pay-order-button')
        self.page.wait_for_selector('.payment-screen .paymentmethod')
