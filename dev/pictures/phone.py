# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The customer with the phone."""

from browser import Window


class Phone(Window):
    """The phone page of the simulated WeChat."""

    def __init__(self, browser, lang, url):
        super().__init__(browser, 'phone', lang)
        self._url = url

    def open(self, lang):
        """Open the page in the language of the shop."""
        self.page.goto(f'{self._url}/phone?lang={lang[:2]}')
        self.page.wait_for_selector('#code')

    def scan(self, code):
        """Scan the QR code of a shop."""
        self.page.fill('#scan', code)
        self.page.press('#scan', 'Enter')
        self.wait_for_request()

    def wait_for_request(self):
        """Wait until the phone asks whether to pay."""
        self.page.wait_for_selector('.sheet .primary')
        self.page.evaluate('scrollTo(0, 0)')

    def pay(self):
        """Confirm the payment that the phone asks for."""
        self.page.click('.sheet .primary')
        self.page.wait_for_selector('.sheet', state='detached')

    def give_up(self):
        """Refuse the payment that the phone asks for."""
        self.page.locator('.sheet .others button').nth(2).click()
        self.page.wait_for_selector('.sheet', state='detached')

    def code(self):
        """Return the 18 digits of the payment code that is shown."""
        return self.page.inner_text('#code').replace(' ', '')

    def ask_for_password(self, when):
        """Set in the phone's settings when a payment needs the password: ``always``, ``never``."""
        settings = self.page.locator('details.card', has=self.page.locator('.choice'))
        settings.locator('summary').click()
        settings.locator('.choice button').nth(('auto', 'always', 'never').index(when)).click()
        settings.locator('summary').click()
