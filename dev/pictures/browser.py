# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""What all pages have in common: a window of one person, and how to photograph it."""

DEVICES = {
    'till': {'width': 1180, 'height': 900},
    'books': {'width': 1280, 'height': 720},
    'display': {'width': 960, 'height': 640},
    'phone': {'width': 390, 'height': 840},
}
SETTLED = 700  # milliseconds after which a dialog has faded in and a picture is loaded


class Window:
    """One person's browser.

    :param browser: Playwright's browser
    :param device: one of ``DEVICES``
    :param lang: ``en_US`` or ``zh_CN``
    """

    def __init__(self, browser, device, lang):
        self.context = browser.new_context(
            viewport=DEVICES[device], locale=lang.replace('_', '-'), timezone_id='Asia/Shanghai')
        self.context.set_default_timeout(30_000)
        self.page = self.context.new_page()

    def log_in(self, url, login):
        """Log in at Odoo; the demo's passwords equal the names."""
        self.page.goto(f'{url}/web/login')
        self.page.fill('[name=login]', login)
        self.page.fill('[name=password]', login)
        self.page.click('.oe_login_form button[type=submit]')
        self.page.wait_for_url('**/odoo**')

    def picture(self, selector=None):
        """Return what the window, or a part of it, shows, as PNG in bytes."""
        self.page.mouse.move(0, 0)
        self.page.wait_for_timeout(SETTLED)
        return (self.page.locator(selector) if selector else self.page).screenshot()
