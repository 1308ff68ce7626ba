/* global posmodel */

import { registry } from "@web/core/registry";
import { refresh, run } from "@point_of_sale/../tests/generic_helpers/utils";
import * as Chrome from "@point_of_sale/../tests/pos/tours/utils/chrome_util";
import * as PaymentScreen from "@point_of_sale/../tests/pos/tours/utils/payment_screen_util";
import * as ReceiptScreen from "@point_of_sale/../tests/pos/tours/utils/receipt_screen_util";
import * as TicketScreen from "@point_of_sale/../tests/pos/tours/utils/ticket_screen_util";
import * as Wechat from "@wechat/../tests/tours/utils/wechat_util";

const tours = registry.category("web_tour.tours");

const MARK = "*** Simulator – no real money ***";

/** What WeChat's part of a receipt must say; the numbers are known at run time only. */
function check(words, payment, title) {
    const number = payment.transaction_id;
    const lines = (words || "").split("\n");
    if (!number || !lines.some((line) => line.includes(number))) {
        throw new Error(`WeChat's number "${number}" is not on the receipt: ${words}`);
    }
    if (lines[0] !== MARK || lines[1] !== title) {
        throw new Error(`The receipt does not begin as it should: ${words}`);
    }
    const payer = lines.find((line) => line.startsWith("Payer: "));
    if (payer?.length !== "Payer: abcd…wxyz".length || payer.at(11) !== "…") {
        throw new Error(`The masked payer is not on the receipt: ${words}`);
    }
}

/** The receipt on the screen. */
function receiptShows(title) {
    return [
        ReceiptScreen.isShown(),
        {
            content: "the receipt on the screen has WeChat's words",
            trigger: ".receipt-screen .pos-payment-terminal-receipt pre",
            run: ({ anchor }) =>
                check(anchor.textContent, posmodel.getOrder().payment_ids[0], title),
        },
    ].flat();
}

/** The receipt that the Orders screen prints; a browser prints what is in the render container. */
function reprintShows(title) {
    return [
        Chrome.clickOrders(),
        TicketScreen.selectFilter("Paid"),
        TicketScreen.selectOrder("001"),
        run(() => document.querySelector(".render-container").replaceChildren(), "nothing printed"),
        TicketScreen.clickControlButton("Print Receipt"),
        {
            content: "the printed receipt has WeChat's words",
            trigger: ".render-container .pos-payment-terminal-receipt pre",
            run: ({ anchor }) => {
                const payment = posmodel.models["pos.payment"].find((line) => line.amount > 0);
                check(anchor.textContent, payment, title);
            },
        },
    ].flat();
}

tours.add("WechatReceiptNative", {
    steps: () =>
        [
            Wechat.payWith(Wechat.NATIVE),
            Wechat.shows("qr", "scan"),
            Wechat.customer("scans and pays"),
            receiptShows("WeChat Pay (QR code)"),
            refresh(),
            reprintShows("WeChat Pay (QR code)"),
        ].flat(),
});

tours.add("WechatReceiptMicropay", {
    steps: () =>
        [
            Wechat.payWith(Wechat.MICROPAY),
            Wechat.scan(Wechat.customersCode),
            receiptShows("WeChat Pay (payment code)"),
        ].flat(),
});

/** Until the whole order is paid, the server has none: the words come with the status. */
tours.add("WechatReceiptBeforeTheOrder", {
    steps: () =>
        [
            Wechat.payWith(),
            PaymentScreen.clickNumpad("1"),
            PaymentScreen.clickPaymentMethod(Wechat.NATIVE),
            Wechat.shows("qr", "scan"),
            Wechat.customer("scans and pays"),
            Wechat.isClosed(),
            Wechat.lineStatusIs("done"),
            run(() => {
                const [line] = posmodel.getOrder().payment_ids;
                if (line.isSynced) {
                    throw new Error("The order is at the server already.");
                }
                check(line.ticket, line, "WeChat Pay (QR code)");
            }, "WeChat's words are there for the first print"),
            PaymentScreen.clickPaymentMethod("Cash"),
            PaymentScreen.clickValidate(),
            receiptShows("WeChat Pay (QR code)"),
        ].flat(),
});

/** A browser that knows of the order what the server tells it. */
tours.add("WechatReceiptOtherTill", {
    steps: () => [Chrome.startPoS(), reprintShows("WeChat Pay (payment code)")].flat(),
});

tours.add("WechatReceiptRefund", {
    steps: () =>
        [
            Wechat.payWith(Wechat.NATIVE),
            Wechat.shows("qr", "scan"),
            Wechat.customer("scans and pays"),
            ReceiptScreen.isShown(),
            ReceiptScreen.clickNextOrder(),
            Wechat.returnGoods(),
            Wechat.refundWith(Wechat.NATIVE),
            receiptShows("WeChat Pay refund"),
        ].flat(),
});
