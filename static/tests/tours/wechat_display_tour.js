/* global posmodel */

import { registry } from "@web/core/registry";
import { refresh, run } from "@point_of_sale/../tests/generic_helpers/utils";
import * as Chrome from "@point_of_sale/../tests/pos/tours/utils/chrome_util";
import * as PaymentScreen from "@point_of_sale/../tests/pos/tours/utils/payment_screen_util";
import * as ProductScreen from "@point_of_sale/../tests/pos/tours/utils/product_screen_util";
import * as ReceiptScreen from "@point_of_sale/../tests/pos/tours/utils/receipt_screen_util";
import * as Display from "@wechat/../tests/tours/utils/wechat_display_util";
import * as Wechat from "@wechat/../tests/tours/utils/wechat_util";

const tours = registry.category("web_tour.tours");

function showCode() {
    return [
        Chrome.startPoS(),
        Display.open(),
        Display.listen(),
        ProductScreen.addOrderline("Desk Pad"),
        ProductScreen.clickPayButton(),
        PaymentScreen.clickPaymentMethod(Wechat.NATIVE),
        Wechat.shows("qr", "scan"),
        Display.shows("scan", "1.98", "Scan the code"),
    ].flat();
}

tours.add("WechatDisplayPaid", {
    steps: () =>
        [
            showCode(),
            Display.showsCodeOfWechat(),
            run(() => {
                const shop = Display.find(".wechat-panel-shop").textContent.trim();
                if (shop !== posmodel.config.name) {
                    throw new Error(`The display names "${shop}".`);
                }
            }, "the display says to whom"),
            Wechat.customer("scans and pays"),
            Display.shows("paid", "Paid. Thank you", "1.98"),
            {
                content: "not by its colour alone",
                trigger: ":iframe .wechat-panel-paid .fa-check-circle",
            },
            ReceiptScreen.isShown(),
            // By itself, with the receipt still on the till.
            Display.showsNoPayment("Thank you."),
            ReceiptScreen.isShown(),
        ].flat(),
});

tours.add("WechatDisplayNextOrder", {
    steps: () =>
        [
            showCode(),
            Wechat.customer("scans and pays"),
            Display.shows("paid", "1.98"),
            ReceiptScreen.isShown(),
            ReceiptScreen.clickNextOrder(),
            Display.showsNoPayment("Welcome"),
        ].flat(),
});

tours.add("WechatDisplayCancelled", {
    steps: () =>
        [
            showCode(),
            Wechat.click("cancel"),
            Display.showsNoPayment("Desk Pad"),
            Wechat.isClosed(),
            Wechat.hasNoPaymentLine(),
            Display.wasNeverTold("paid"),
        ].flat(),
});

tours.add("WechatDisplayPutAside", {
    steps: () =>
        [
            showCode(),
            run(() => {
                const [attempt] = posmodel.wechatAttempts.values();
                const [line] = posmodel.getOrder().payment_ids;
                window.wechatOrder = posmodel.getOrder();
                line.payment_method_id.payment_terminal.serveNextCustomer(attempt);
            }, "serve the next customer"),
            Display.showsNoPayment("Welcome"),
            ProductScreen.addOrderline("Desk Pad"),
            Display.showsNoPayment("Desk Pad"),
            // The first customer pays now, on a phone that still has the code.
            Wechat.customer("scans and pays"),
            {
                content: "the cashier is told",
                trigger: `.o_notification:contains("Paid")`,
            },
            Display.showsNoPayment("Desk Pad"),
            run(() => {
                if (window.wechatOrder.payment_ids[0].payment_status !== "done") {
                    throw new Error("The payment has not ended.");
                }
            }, "the payment has ended"),
            Display.wasNeverTold("paid"),
        ].flat(),
});

tours.add("WechatDisplayOtherScreen", {
    steps: () =>
        [
            showCode(),
            // The browser's "back" leaves the dialog on the till.
            run(() => {
                const order = posmodel.getOrder();
                posmodel.navigate("ProductScreen", { orderUuid: order.uuid });
            }, "go to the product screen"),
            ProductScreen.isShown(),
            Display.showsNoPayment("Desk Pad"),
            run(() => {
                const order = posmodel.getOrder();
                posmodel.navigate("PaymentScreen", { orderUuid: order.uuid });
            }, "go back to the payment"),
            Display.shows("scan", "1.98"),
            run(() => {
                posmodel.getOrder().selectPaymentline(undefined);
            }, "select no line"),
            Display.showsNoPayment("Desk Pad"),
            run(() => {
                const order = posmodel.getOrder();
                order.selectPaymentline(order.payment_ids[0]);
            }, "select the line"),
            Display.shows("scan", "1.98"),
            // Something else closes all dialogs.
            run(() => posmodel.dialog.closeAll(), "close all dialogs"),
            Display.showsNoPayment("Desk Pad"),
        ].flat(),
});

tours.add("WechatDisplayReload", {
    steps: () =>
        [
            showCode(),
            refresh(),
            Wechat.shows("qr", "scan"),
            Wechat.click("cancel"),
            Wechat.isClosed(),
        ].flat(),
});

tours.add("WechatDisplayConfirm", {
    steps: () =>
        [
            Chrome.startPoS(),
            Display.open(),
            ProductScreen.addOrderline("Desk Pad"),
            ProductScreen.clickPayButton(),
            PaymentScreen.clickPaymentMethod(Wechat.MICROPAY),
            Wechat.shows("scan"),
            Display.showsNoPayment("Desk Pad"),
            Wechat.scan(Wechat.customersCode),
            Wechat.shows("wait", "password"),
            Display.shows("confirm", "confirm the payment on your phone", "1.98"),
            Wechat.customer("types the password"),
            Display.shows("paid", "Paid. Thank you", "1.98"),
            ReceiptScreen.isShown(),
        ].flat(),
});
