import { registry } from "@web/core/registry";
import { refresh } from "@point_of_sale/../tests/generic_helpers/utils";
import * as PaymentScreen from "@point_of_sale/../tests/pos/tours/utils/payment_screen_util";
import * as ReceiptScreen from "@point_of_sale/../tests/pos/tours/utils/receipt_screen_util";
import * as Wechat from "@wechat/../tests/tours/utils/wechat_util";

const NEVER_ISSUED = "134579302432164181";
const ALIPAY = "281234567890123456";
const PRODUCT = "2300002000007";

const tours = registry.category("web_tour.tours");

tours.add("WechatMicropayTyped", {
    steps: () =>
        [
            Wechat.payWith(Wechat.MICROPAY),
            Wechat.shows("scan", "Scan the payment code"),
            Wechat.type(Wechat.customersCode),
            ReceiptScreen.isShown(),
        ].flat(),
});

tours.add("WechatMicropayScanned", {
    steps: () =>
        [
            Wechat.payWith(Wechat.MICROPAY),
            Wechat.shows("scan", "Scan the payment code"),
            Wechat.scan(Wechat.customersCode),
            ReceiptScreen.isShown(),
        ].flat(),
});

tours.add("WechatMicropayScannedOnPaymentScreen", {
    steps: () =>
        [
            Wechat.payWith(),
            PaymentScreen.isShown(),
            Wechat.scan(Wechat.customersCode),
            ReceiptScreen.isShown(),
        ].flat(),
});

tours.add("WechatMicropayWrongCodes", {
    steps: () =>
        [
            Wechat.payWith(Wechat.MICROPAY),
            Wechat.shows("scan", "Scan the payment code"),
            Wechat.scan(() => ALIPAY),
            Wechat.problemIs("Alipay"),
            Wechat.scan(() => PRODUCT),
            Wechat.problemIs("barcode of a product"),
            Wechat.shows("scan", "Scan the payment code"),
            Wechat.scan(Wechat.customersCode),
            ReceiptScreen.isShown(),
        ].flat(),
});

tours.add("WechatMicropayPassword", {
    steps: () =>
        [
            Wechat.payWith(Wechat.MICROPAY),
            Wechat.scan(Wechat.customersCode),
            Wechat.shows("wait", "password"),
            Wechat.customer("types the password"),
            ReceiptScreen.isShown(),
        ].flat(),
});

tours.add("WechatMicropayRefused", {
    steps: () =>
        [
            Wechat.payWith(Wechat.MICROPAY),
            Wechat.scan(() => NEVER_ISSUED),
            Wechat.shows("over", "code"),
            // The fresh code may be scanned straight away.
            Wechat.scan(Wechat.customersCode),
            ReceiptScreen.isShown(),
        ].flat(),
});

tours.add("WechatMicropayOtherMethod", {
    steps: () =>
        [
            Wechat.payWith(Wechat.MICROPAY),
            Wechat.scan(() => NEVER_ISSUED),
            Wechat.shows("over", "code"),
            Wechat.click("again"),
            Wechat.shows("scan", "Scan the payment code"),
            Wechat.scan(() => NEVER_ISSUED),
            Wechat.shows("over", "code"),
            Wechat.click("leave"),
            Wechat.isClosed(),
            Wechat.hasNoPaymentLine(),
            PaymentScreen.clickPaymentMethod("Cash"),
            PaymentScreen.clickValidate(),
            ReceiptScreen.isShown(),
        ].flat(),
});

tours.add("WechatMicropayReload", {
    steps: () =>
        [
            Wechat.payWith(Wechat.MICROPAY),
            Wechat.scan(Wechat.customersCode),
            Wechat.shows("wait", "password"),
            refresh(),
            Wechat.shows("wait", "password"),
            Wechat.customer("types the password"),
            ReceiptScreen.isShown(),
        ].flat(),
});

tours.add("WechatMicropayReversed", {
    steps: () =>
        [
            Wechat.payWith(Wechat.MICROPAY),
            Wechat.scan(Wechat.customersCode),
            Wechat.shows("wait", "password"),
            Wechat.customer("goes away"),
            Wechat.click("cancel"),
            Wechat.shows("wait", "Taking the payment back"),
            { ...Wechat.isClosed()[0], timeout: 40000 },
            Wechat.hasNoPaymentLine(),
        ].flat(),
});
