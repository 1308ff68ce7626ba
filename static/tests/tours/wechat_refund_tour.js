import { registry } from "@web/core/registry";
import { refresh } from "@point_of_sale/../tests/generic_helpers/utils";
import * as Chrome from "@point_of_sale/../tests/pos/tours/utils/chrome_util";
import * as Dialog from "@point_of_sale/../tests/generic_helpers/dialog_util";
import * as NumberPopup from "@point_of_sale/../tests/generic_helpers/number_popup_util";
import * as PaymentScreen from "@point_of_sale/../tests/pos/tours/utils/payment_screen_util";
import * as ProductScreen from "@point_of_sale/../tests/pos/tours/utils/product_screen_util";
import * as ReceiptScreen from "@point_of_sale/../tests/pos/tours/utils/receipt_screen_util";
import * as Wechat from "@wechat/../tests/tours/utils/wechat_util";

const tours = registry.category("web_tour.tours");

/** The sale is over, and the customer comes back with the goods. */
function nextOrder() {
    return [ReceiptScreen.isShown(), ReceiptScreen.clickNextOrder()].flat();
}

function soldByQrCode() {
    return [
        Wechat.payWith(Wechat.NATIVE),
        Wechat.shows("qr", "scan"),
        Wechat.customer("scans and pays"),
        nextOrder(),
    ].flat();
}

/** Of 1.98, the customer who scans pays 1.00; the rest is due. */
function soldInParts() {
    return [
        Wechat.payWith(Wechat.NATIVE),
        Wechat.shows("qr", "scan"),
        Wechat.click("change-amount"),
        NumberPopup.enterValue("1"),
        NumberPopup.isShown("1"),
        Dialog.confirm(),
        {
            content: "a code over the part",
            trigger: `.wechat-popup .wechat-qr:contains("1.00")`,
        },
        Wechat.customer("scans and pays"),
        Wechat.isClosed(),
        PaymentScreen.remainingIs("0.98"),
    ].flat();
}

function soldInTwoQrCodes() {
    return [
        soldInParts(),
        PaymentScreen.clickPaymentMethod(Wechat.NATIVE),
        Wechat.shows("qr", "scan"),
        Wechat.customer("scans and pays"),
        nextOrder(),
    ].flat();
}

function payInCash() {
    return [
        Wechat.isClosed(),
        Wechat.hasNoPaymentLine(),
        PaymentScreen.clickPaymentMethod("Cash"),
        PaymentScreen.clickValidate(),
        ReceiptScreen.isShown(),
    ].flat();
}

function isTold(text) {
    return [
        {
            content: `the cashier is told: ${text}`,
            trigger: `.o_notification:contains("${text}")`,
        },
    ];
}

function countsDown() {
    return [
        {
            content: "the seconds until it is sent",
            trigger: `.wechat-popup .wechat-countdown:contains("sent by itself") .wechat-seconds`,
            run: ({ anchor }) => {
                const seconds = Number(anchor.textContent);
                if (!(seconds > 30 && seconds <= 62)) {
                    throw new Error(`The till counts down from "${anchor.textContent}".`);
                }
            },
        },
    ];
}

function countsNothingDown() {
    return [
        {
            content: "nothing is counted down",
            trigger: ".wechat-popup:not(:has(.wechat-countdown))",
        },
    ];
}

tours.add("WechatRefund", {
    steps: () =>
        [
            soldByQrCode(),
            Wechat.returnGoods(),
            PaymentScreen.clickPaymentMethod(Wechat.NATIVE),
            // An open order may be saved at any time: nothing is paid by that.
            PaymentScreen.syncCurrentOrder(),
            PaymentScreen.clickRefundButton(),
            ReceiptScreen.isShown(),
            Chrome.endTour(),
        ].flat(),
});

tours.add("WechatRefundMicropay", {
    steps: () =>
        [
            Wechat.payWith(Wechat.MICROPAY),
            Wechat.scan(Wechat.customersCode),
            nextOrder(),
            Wechat.returnGoods(),
            Wechat.refundWith(Wechat.MICROPAY),
            ReceiptScreen.isShown(),
        ].flat(),
});

/** Two pieces come back one after the other: WeChat takes one refund a minute of a payment. */
tours.add("WechatRefundPieces", {
    steps: () =>
        [
            Chrome.startPoS(),
            ProductScreen.addOrderline("Desk Pad", "2"),
            ProductScreen.clickPayButton(),
            PaymentScreen.clickPaymentMethod(Wechat.NATIVE),
            Wechat.shows("qr", "scan"),
            Wechat.customer("scans and pays"),
            nextOrder(),
            Wechat.returnGoods(),
            Wechat.refundWith(Wechat.NATIVE),
            nextOrder(),
            Wechat.returnGoods(),
            Wechat.refundWith(Wechat.NATIVE),
            Wechat.shows("wait", "one refund a minute"),
            countsDown(),
            Wechat.customer("lets 65 seconds pass"),
            ReceiptScreen.isShown(),
        ].flat(),
});

/** An order that this browser has not seen: of a session that is closed, or of another till. */
tours.add("WechatRefundOtherSession", {
    steps: () =>
        [
            Chrome.startPoS(),
            Wechat.returnGoods("1.98"),
            Wechat.refundWith(Wechat.MICROPAY),
            ReceiptScreen.isShown(),
        ].flat(),
});

// ---- Several payments ---- //

/** One press gives both back. */
tours.add("WechatRefundSeveral", {
    steps: () =>
        [
            soldInTwoQrCodes(),
            Wechat.returnGoods(),
            Wechat.refundWith(Wechat.NATIVE),
            isTold("0.98 still to give back"),
            ReceiptScreen.isShown(),
        ].flat(),
});

/** A reload in between: the line says what went back, and the cashier goes on with the rest. */
tours.add("WechatRefundSeveralReload", {
    steps: () =>
        [
            soldInTwoQrCodes(),
            Wechat.returnGoods(),
            Wechat.customer("does not hear of the refund"),
            Wechat.refundWith(Wechat.NATIVE),
            Wechat.shows("wait"),
            {
                content: "a part, and the rest follows",
                trigger: `.wechat-popup .wechat-part:contains("1.98")`,
            },
            refresh(),
            isTold("0.98 still to give back"),
            Wechat.isClosed(),
            PaymentScreen.remainingIs("-0.98"),
            Wechat.refundWith(Wechat.NATIVE),
            ReceiptScreen.isShown(),
        ].flat(),
});

/** What was paid in two ways goes back in two ways; the amount is typed as it is spoken. */
tours.add("WechatRefundBothKinds", {
    steps: () =>
        [
            soldInParts(),
            PaymentScreen.clickPaymentMethod(Wechat.MICROPAY),
            Wechat.shows("scan", "Scan the payment code"),
            Wechat.scan(Wechat.customersCode),
            nextOrder(),
            Wechat.returnGoods(),
            Wechat.refundWith(Wechat.NATIVE),
            Wechat.shows("over", "cannot go back"),
            Wechat.click("leave"),
            Wechat.isClosed(),
            PaymentScreen.clickPaymentMethod(Wechat.NATIVE),
            PaymentScreen.clickNumpad("1"),
            PaymentScreen.selectedPaymentlineHas(Wechat.NATIVE, "-1.00"),
            PaymentScreen.clickRefundButton(),
            isTold("0.98 still to give back"),
            Wechat.isClosed(),
            Wechat.refundWith(Wechat.MICROPAY),
            ReceiptScreen.isShown(),
        ].flat(),
});

// ---- The shop's money at WeChat ---- //

tours.add("WechatRefundToppedUp", {
    steps: () =>
        [
            soldByQrCode(),
            Wechat.returnGoods(),
            Wechat.customer("finds the merchant without money"),
            Wechat.refundWith(Wechat.NATIVE),
            Wechat.shows("wait", "balance is too low"),
            countsNothingDown(),
            Wechat.customer("sees it topped up"),
            Wechat.customer("lets 21 seconds pass"),
            ReceiptScreen.isShown(),
        ].flat(),
});

tours.add("WechatRefundGivenUp", {
    steps: () =>
        [
            soldByQrCode(),
            Wechat.returnGoods(),
            Wechat.customer("finds the merchant without money"),
            Wechat.refundWith(Wechat.NATIVE),
            Wechat.shows("wait", "balance is too low"),
            Wechat.click("cancel"),
            isTold("Give the money back in another way"),
            payInCash(),
        ].flat(),
});

/** The queue goes on while the refund waits for the money. */
tours.add("WechatRefundPutAside", {
    steps: () =>
        [
            soldByQrCode(),
            Wechat.returnGoods(),
            Wechat.customer("finds the merchant without money"),
            Wechat.refundWith(Wechat.NATIVE),
            Wechat.shows("wait", "balance is too low"),
            Wechat.click("next"),
            Wechat.isClosed(),
            ProductScreen.orderIsEmpty(),
            Wechat.customer("sees it topped up"),
            Wechat.customer("lets 21 seconds pass"),
            isTold("WeChat has accepted the refund"),
            isTold("Open the order and validate it"),
        ].flat(),
});

// ---- Trouble ---- //

tours.add("WechatRefundAccountClosed", {
    steps: () =>
        [
            soldByQrCode(),
            Wechat.returnGoods(),
            Wechat.customer("has closed the account"),
            Wechat.refundWith(Wechat.NATIVE),
            Wechat.shows("over", "cannot take the refund"),
            Wechat.leadsOn("leave"),
            Wechat.click("leave"),
            payInCash(),
        ].flat(),
});

tours.add("WechatRefundAnswerLost", {
    steps: () =>
        [
            soldByQrCode(),
            Wechat.returnGoods(),
            Wechat.customer("does not hear of the refund"),
            Wechat.refundWith(Wechat.NATIVE),
            Wechat.shows("wait"),
            ReceiptScreen.isShown(),
        ].flat(),
});

/** The request itself was lost: WeChat is asked until that is sure, then it is sent again. */
tours.add("WechatRefundRequestLost", {
    steps: () =>
        [
            soldByQrCode(),
            Wechat.returnGoods(),
            Wechat.customer("is not heard of at WeChat"),
            Wechat.refundWith(Wechat.NATIVE),
            Wechat.shows("wait", "Do not refund again"),
            Wechat.customer("lets 21 seconds pass"),
            ReceiptScreen.isShown(),
        ].flat(),
});

/** The server says no before anything is sent: cash went in, it cannot go out through WeChat. */
tours.add("WechatRefundOfCash", {
    steps: () =>
        [
            Wechat.payWith("Cash"),
            PaymentScreen.clickValidate(),
            nextOrder(),
            Wechat.returnGoods(),
            Wechat.refundWith(Wechat.NATIVE),
            Wechat.shows("over", "cannot go back"),
            Wechat.leadsOn("leave"),
            Wechat.click("again"),
            Wechat.shows("over", "cannot go back"),
            Wechat.click("leave"),
            payInCash(),
        ].flat(),
});
