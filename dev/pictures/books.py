# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The accountant and the administrator in the backend."""

from browser import Window


class Books(Window):
    """Odoo's backend."""

    def __init__(self, browser, lang, url):
        super().__init__(browser, 'books', lang)
        self._url = url
        self.english = lang == 'en_US'

    def open(self):
        """Log in as the administrator."""
        self.log_in(self._url, 'admin')

    def app(self, path):
        """Open an app, so that its menu is the one in the pictures that follow."""
        self.page.goto(f'{self._url}/odoo/{path}')
        self.page.wait_for_selector('.o_main_navbar .o_menu_brand')
        self.page.wait_for_timeout(2000)

    def open_menu(self, xml_id):
        """Open a menu of the bar at the top."""
        self.page.click(f'.o_main_navbar [data-menu-xmlid="{xml_id}"]')
        self.page.wait_for_selector('.o-dropdown--menu .dropdown-item')

    def list(self, action):
        """Open the list of an action, given by its XML id."""
        self.page.goto(f'{self._url}/odoo/action-{action}')
        self.page.wait_for_selector('.o_list_view .o_data_row')

    def settings(self, action, selector):
        """Open a page of settings and wait for one of them."""
        self.page.goto(f'{self._url}/odoo/action-{action}')
        self.page.wait_for_selector(selector)

    def row(self, number=0):
        """Open a row of the list as a form."""
        self.page.locator('.o_data_row').nth(number).locator('td').nth(1).click()
        self.page.wait_for_selector('.o_form_view .o_field_widget')

    def search(self, words):
        """Search the list for these words."""
        self.page.fill('.o_searchview_input', words)
        self.page.press('.o_searchview_input', 'Enter')
        self.page.wait_for_selector('.o_facet_value')
