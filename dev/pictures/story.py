# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""A day in the demo shop, with a picture of everything that the documents show."""

ALIPAY_CODE = '285512345678901234'
REFUND_TAKES = 9000  # milliseconds, in the simulated WeChat

# Products by their places on the till.
CROISSANT, APPLE_PIE, SOURDOUGH, MULTIGRAIN, MUFFIN, BAGEL = 3, 4, 6, 7, 11, 12


def tell(album, till, phone, books):
    """Do all of it in order, and hand each picture to the album."""
    books.open()
    look_at_the_settings(album, books)
    till.open()
    display = till.open_display()
    sell_with_qr_code(album, till, phone, display)
    sell_by_scanning(album, till, phone)
    let_the_customer_type_a_password(album, till, phone)
    return_goods(album, till)
    scan_something_else(album, till, phone)
    take_the_code_back(album, till)
    sell_more(till, phone)
    refund_in_the_backend(album, books)
    return_in_the_backend(album, books)
    look_into_the_books(album, books)


def look_at_the_settings(album, books):
    """What the administrator sees."""
    books.app('settings')
    books.list('base.ir_config_list_action')
    books.search('wechat')
    album.save('system_parameters', books.picture())
    books.settings('point_of_sale.action_pos_configuration', '#payment_methods_new')
    album.save('payment_methods', books.picture())


def sell_with_qr_code(album, till, phone, display):
    """Native: the customer scans the till."""
    till.sell(CROISSANT, MUFFIN, times=2)
    till.pay('wechat_native')
    till.wait_for('qr')
    album.save('till_native', till.picture())
    display.wait_for_selector('.wechat-panel img')
    album.save('customer_display', display.screenshot())
    phone.scan(till.code())
    album.save('till_and_phone', till.picture(), phone.picture())
    phone.pay()
    till.wait_for_receipt()
    till.next_order()


def sell_by_scanning(album, till, phone):
    """Micropay: the till reads the customer's code."""
    till.sell(APPLE_PIE)
    till.pay('wechat_micropay')
    till.wait_for('scan')
    album.save('till_micropay', till.picture())
    album.save('micropay_and_phone', till.picture(), phone.picture())
    till.type_code(phone.code())
    till.wait_for_receipt()
    till.next_order()


def let_the_customer_type_a_password(album, till, phone):
    """Micropay, when WeChat asks the customer first."""
    phone.ask_for_password('always')
    till.sell(SOURDOUGH, BAGEL)
    till.pay('wechat_micropay')
    till.wait_for('scan')
    till.type_code(phone.code())
    till.wait_for('wait')
    phone.wait_for_request()
    till.page.wait_for_selector('.wechat-seconds')
    album.save('till_password', till.picture(), phone.picture())
    phone.pay()
    till.wait_for_receipt()
    till.next_order()


def return_goods(album, till):
    """Goods of the latest sale come back, and the money goes back with WeChat."""
    till.return_last_order()
    till.pay('wechat_micropay')
    album.save('till_return', till.picture())
    till.page.click('.paymentlines .send_refund_request')
    till.wait_for_receipt()
    till.next_order()


def scan_something_else(album, till, phone):
    """A code that is none of WeChat's, then a customer without money."""
    till.sell(MULTIGRAIN)
    till.pay('wechat_micropay')
    till.wait_for('scan')
    till.type_code(ALIPAY_CODE)
    till.confirm_code()
    album.save('till_wrong_code', till.picture())
    till.type_code(phone.code())
    phone.wait_for_request()
    phone.give_up()
    till.wait_for('over')
    till.press('leave')


def take_the_code_back(album, till):
    """A QR code that the customer does not want; then cash."""
    till.pay('wechat_native')
    till.wait_for('qr')
    till.press('cancel')
    till.page.wait_for_selector('.wechat-popup', state='detached')
    album.save('till_cancelled', till.picture())
    till.pay_cash()
    till.wait_for_receipt()
    till.next_order()


def sell_more(till, phone):
    """What else the day brings."""
    phone.ask_for_password('never')
    for product in (APPLE_PIE, MULTIGRAIN, CROISSANT):
        till.sell(product, BAGEL)
        till.pay('wechat_native')
        till.wait_for('qr')
        phone.scan(till.code())
        phone.pay()
        till.wait_for_receipt()
        till.next_order()


def refund_in_the_backend(album, books):
    """Give back a part of what was paid."""
    books.list('wechat.action_wechat_order')
    books.row(-1)
    album.save('order', books.picture())
    books.page.click('button[name=action_open_refund_wizard]')
    books.page.fill('.modal [name=amount] input', '6.90')
    books.page.fill('.modal [name=reason] input', "Broken muffin" if books.english else "松饼破损")
    album.save('refund_wizard', books.picture())
    books.page.click('.modal button[name=action_refund]')
    books.page.wait_for_selector('.o_form_view [name=wechat_refund_id]')
    books.page.wait_for_timeout(REFUND_TAKES)
    books.page.reload()
    books.page.wait_for_selector('.o_form_view [name=wechat_refund_id]')
    album.save('refund', books.picture())


def return_in_the_backend(album, books):
    """Take goods back in the backend; the dialog knows which payment goes back."""
    books.list('point_of_sale.action_pos_pos_form')
    books.row()
    books.page.click('button[name=refund]')
    books.page.locator('.o_statusbar_buttons button.btn-primary').click()
    books.page.wait_for_selector('.modal [name=wechat_order_id] input')
    album.save('return_payment', books.picture())
    books.page.click('.modal button[name=check]')
    books.page.wait_for_selector('.modal', state='detached')


def look_into_the_books(album, books):
    """What the accountant sees."""
    books.list('wechat.action_wechat_micropay')
    books.open_menu('account.menu_finance_configuration')
    album.save('menu', books.picture())
    books.list('wechat.action_wechat_order')
    album.save('orders', books.picture())
    books.list('wechat.action_wechat_evidence')
    album.save('evidence', books.picture())
