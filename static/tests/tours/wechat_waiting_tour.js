/* global posmodel */

import { registry } from "@web/core/registry";
import { refresh, run } from "@point_of_sale/../tests/generic_helpers/utils";
import * as Dialog from "@point_of_sale/../tests/generic_helpers/dialog_util";
import * as NumberPopup from "@point_of_sale/../tests/generic_helpers/number_popup_util";
import * as OfflineUtil from "@point_of_sale/../tests/generic_helpers/offline_util";
import * as PaymentScreen from "@point_of_sale/../tests/pos/tours/utils/payment_screen_util";
import * as ReceiptScreen from "@point_of_sale/../tests/pos/tours/utils/receipt_screen_util";
import * as Wechat from "@wechat/../tests/tours/utils/wechat_util";

const tours = registry.category("web_tour.tours");

tours.add("WechatNativeExpired", {
    steps: () =>
        [
            Wechat.payWith(Wechat.NATIVE),
            Wechat.shows("qr", "scan"),
            Wechat.customer("looks at the code"),
            Wechat.customer("lets 7300 seconds pass"),
            Wechat.shows("over", "expired"),
            Wechat.click("again"),
            Wechat.shows("qr", "scan"),
            Wechat.qrCodeIsTheOneOfWechat(),
            Wechat.customer("scans and pays"),
            ReceiptScreen.isShown(),
        ].flat(),
});

tours.add("WechatNativePaidLate", {
    steps: () =>
        [
            Wechat.payWith(Wechat.NATIVE),
            Wechat.shows("qr", "scan"),
            Wechat.customer("looks at the code"),
            Wechat.click("cancel"),
            Wechat.isClosed(),
            PaymentScreen.clickPaymentMethod("Cash"),
            PaymentScreen.clickValidate(),
            ReceiptScreen.isShown(),
            Wechat.customer("pays the code that was there"),
            {
                content: "the cashier is told what becomes of the money",
                trigger: `.o_notification:contains("Take nothing more")`,
            },
            ReceiptScreen.isShown(),
        ].flat(),
});

tours.add("WechatMicropayWindowPassed", {
    steps: () =>
        [
            Wechat.payWith(Wechat.MICROPAY),
            Wechat.scan(Wechat.customersCode),
            Wechat.shows("wait", "password"),
            Wechat.customer("lets 60 seconds pass"),
            Wechat.shows("over", "no money was kept"),
            Wechat.click("leave"),
            Wechat.isClosed(),
            Wechat.hasNoPaymentLine(),
        ].flat(),
});

// ---- Reload ---- //

tours.add("WechatReloadAsking", {
    steps: () =>
        [
            Wechat.payWith(Wechat.MICROPAY),
            Wechat.scan(Wechat.customersCode),
            Wechat.shows("wait"),
            refresh(),
            { ...ReceiptScreen.isShown()[0], timeout: 40000 },
        ].flat(),
});

tours.add("WechatReloadReversing", {
    steps: () =>
        [
            Wechat.payWith(Wechat.MICROPAY),
            Wechat.scan(Wechat.customersCode),
            Wechat.shows("wait", "password"),
            Wechat.click("cancel"),
            Wechat.shows("wait", "Taking the payment back"),
            refresh(),
            Wechat.shows("wait", "Taking the payment back"),
            Wechat.customer("lets 20 seconds pass"),
            Wechat.shows("over", "no money was kept"),
            Wechat.click("leave"),
            Wechat.isClosed(),
            Wechat.hasNoPaymentLine(),
        ].flat(),
});

tours.add("WechatReloadRefund", {
    steps: () =>
        [
            Wechat.payWith(Wechat.MICROPAY),
            Wechat.scan(Wechat.customersCode),
            ReceiptScreen.isShown(),
            ReceiptScreen.clickNextOrder(),
            Wechat.returnGoods(),
            Wechat.customer("does not hear of the refund"),
            Wechat.refundWith(Wechat.MICROPAY),
            Wechat.shows("wait"),
            refresh(),
            ReceiptScreen.isShown(),
        ].flat(),
});

// ---- Offline ---- //

tours.add("WechatOfflineQrCode", {
    steps: () =>
        [
            Wechat.payWith(Wechat.NATIVE),
            Wechat.shows("qr", "scan"),
            OfflineUtil.setOfflineMode(),
            Wechat.shows("qr", "No answer from the shop's server"),
            Wechat.customer("scans and pays while the net is down"),
            OfflineUtil.setOnlineMode(),
            ReceiptScreen.isShown(),
        ].flat(),
});

tours.add("WechatOfflineReversing", {
    steps: () =>
        [
            Wechat.payWith(Wechat.MICROPAY),
            Wechat.scan(Wechat.customersCode),
            Wechat.shows("wait", "password"),
            Wechat.click("cancel"),
            Wechat.shows("wait", "Taking the payment back"),
            OfflineUtil.setOfflineMode(),
            Wechat.shows("wait", "No answer from the shop's server"),
            Wechat.customer("lets 20 seconds pass"),
            OfflineUtil.setOnlineMode(),
            Wechat.isClosed(),
            Wechat.hasNoPaymentLine(),
        ].flat(),
});

tours.add("WechatOfflineAsking", {
    steps: () =>
        [
            Wechat.payWith(Wechat.MICROPAY),
            Wechat.scan(Wechat.customersCode),
            Wechat.shows("wait"),
            OfflineUtil.setOfflineMode(),
            Wechat.shows("wait", "No answer from the shop's server"),
            OfflineUtil.setOnlineMode(),
            { ...ReceiptScreen.isShown()[0], timeout: 40000 },
        ].flat(),
});

tours.add("WechatOfflineRefund", {
    steps: () =>
        [
            Wechat.payWith(Wechat.MICROPAY),
            Wechat.scan(Wechat.customersCode),
            ReceiptScreen.isShown(),
            ReceiptScreen.clickNextOrder(),
            Wechat.returnGoods(),
            Wechat.customer("does not hear of the refund"),
            Wechat.refundWith(Wechat.MICROPAY),
            Wechat.shows("wait"),
            OfflineUtil.setOfflineMode(),
            Wechat.shows("wait", "Do not give the money back in another way"),
            OfflineUtil.setOnlineMode(),
            { ...ReceiptScreen.isShown()[0], timeout: 40000 },
        ].flat(),
});

// ---- Parts ---- //

tours.add("WechatTwoCustomers", {
    steps: () =>
        [
            Wechat.payWith(Wechat.NATIVE),
            Wechat.shows("qr", "scan"),
            Wechat.customer("looks at the code"),
            Wechat.click("change-amount"),
            NumberPopup.enterValue("1"),
            NumberPopup.isShown("1"),
            Dialog.confirm(),
            {
                content: "a code over the part",
                trigger: `.wechat-popup .wechat-qr:contains("1.00")`,
            },
            Wechat.customer("scans and pays"),
            {
                content: "a part is paid, the goods stay",
                trigger: `.o_notification:contains("1.00 paid"):contains("0.98 left to pay")`,
            },
            Wechat.isClosed(),
            PaymentScreen.remainingIs("0.98"),
            PaymentScreen.clickPaymentMethod(Wechat.MICROPAY),
            Wechat.shows("scan", "Scan the payment code"),
            Wechat.scan(Wechat.customersCode),
            ReceiptScreen.isShown(),
        ].flat(),
});

tours.add("WechatPartOfMicropay", {
    steps: () =>
        [
            Wechat.payWith(Wechat.MICROPAY),
            Wechat.shows("scan", "Scan the payment code"),
            Wechat.click("change-amount"),
            NumberPopup.enterValue("3"),
            NumberPopup.isShown("3"),
            Dialog.confirm(),
            {
                content: "more than is due is not taken",
                trigger: `.o_notification:contains("up to")`,
            },
            Wechat.shows("scan", "Scan the payment code"),
            Wechat.scan(Wechat.customersCode),
            ReceiptScreen.isShown(),
        ].flat(),
});

// ---- Two tills ---- //

/** Another till has the same order open and takes its money meanwhile. */
tours.add("WechatTwoTills", {
    steps: () =>
        [
            Wechat.payWith(Wechat.NATIVE),
            Wechat.shows("qr", "scan"),
            Wechat.customer("looks at the code"),
            Wechat.customer("pays in cash at another till"),
            Wechat.customer("pays the code that was there"),
            Wechat.shows("over", "Take nothing more"),
            Wechat.click("leave"),
            Wechat.isClosed(),
            run(() => {
                if (posmodel.paymentTerminalInProgress) {
                    throw new Error("The till still waits for a terminal.");
                }
            }, "the till is free"),
        ].flat(),
});
