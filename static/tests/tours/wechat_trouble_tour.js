import { registry } from "@web/core/registry";
import * as Chrome from "@point_of_sale/../tests/pos/tours/utils/chrome_util";
import * as OfflineUtil from "@point_of_sale/../tests/generic_helpers/offline_util";
import * as PaymentScreen from "@point_of_sale/../tests/pos/tours/utils/payment_screen_util";
import * as ProductScreen from "@point_of_sale/../tests/pos/tours/utils/product_screen_util";
import * as ReceiptScreen from "@point_of_sale/../tests/pos/tours/utils/receipt_screen_util";
import * as TicketScreen from "@point_of_sale/../tests/pos/tours/utils/ticket_screen_util";
import * as Wechat from "@wechat/../tests/tours/utils/wechat_util";

const tours = registry.category("web_tour.tours");

/** WeChat charged the customer, but its answer was lost on the way to the server. */
tours.add("WechatAnswerLost", {
    steps: () =>
        [
            Wechat.payWith(Wechat.MICROPAY),
            Wechat.scan(Wechat.customersCode),
            Wechat.shows("wait"),
            ReceiptScreen.isShown(),
        ].flat(),
});

/** The shop's server is away while the customer types the password; the queue goes on. */
tours.add("WechatServerAway", {
    steps: () =>
        [
            Wechat.payWith(Wechat.MICROPAY),
            Wechat.scan(Wechat.customersCode),
            Wechat.shows("wait", "password"),
            OfflineUtil.setOfflineMode(),
            Wechat.shows("wait", "No answer from the shop's server"),
            Wechat.click("next"),
            Wechat.isClosed(),
            ProductScreen.orderIsEmpty(),
            OfflineUtil.setOnlineMode(),
            ProductScreen.addOrderline("Desk Pad"),
            ProductScreen.clickPayButton(),
            PaymentScreen.clickPaymentMethod("Cash"),
            PaymentScreen.clickValidate(),
            ReceiptScreen.isShown(),
            Wechat.customer("types the password"),
            {
                content: "the till tells of it, and does not leave the next customer's receipt",
                trigger: `.o_notification:contains("Paid"):contains("Open the order")`,
            },
            ReceiptScreen.isShown(),
            Chrome.clickOrders(),
            TicketScreen.selectOrder("Payment"),
            TicketScreen.loadSelectedOrder(),
            PaymentScreen.clickValidate(),
            ReceiptScreen.isShown(),
        ].flat(),
});

tours.add("WechatSplitWithCash", {
    steps: () =>
        [
            Wechat.payWith("Cash"),
            PaymentScreen.enterPaymentLineAmount("Cash", "1", true, { remaining: "0.98" }),
            PaymentScreen.clickPaymentMethod(Wechat.NATIVE),
            Wechat.shows("qr", "scan"),
            Wechat.customer("scans and pays"),
            ReceiptScreen.isShown(),
        ].flat(),
});

/** The set-up is wrong: the cashier reads it, and is not stuck. */
tours.add("WechatNotSetUp", {
    steps: () =>
        [
            Wechat.payWith(Wechat.NATIVE),
            Wechat.shows("over", "set up"),
            Wechat.click("leave"),
            Wechat.isClosed(),
            Wechat.hasNoPaymentLine(),
        ].flat(),
});
