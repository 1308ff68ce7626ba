/* global posmodel */

import { registry } from "@web/core/registry";
import { generateQRCodeDataUrl, loadImage } from "@point_of_sale/utils";
import { negate, run } from "@point_of_sale/../tests/generic_helpers/utils";
import * as Chrome from "@point_of_sale/../tests/pos/tours/utils/chrome_util";
import * as Dialog from "@point_of_sale/../tests/generic_helpers/dialog_util";
import * as PaymentScreen from "@point_of_sale/../tests/pos/tours/utils/payment_screen_util";
import * as ProductScreen from "@point_of_sale/../tests/pos/tours/utils/product_screen_util";
import * as ReceiptScreen from "@point_of_sale/../tests/pos/tours/utils/receipt_screen_util";
import * as Wechat from "@wechat/../tests/tours/utils/wechat_util";

const OTHER_CODE = "134579302432164181";
const ALIPAY = "281234567890123456";
const FRAME_MS = 100;
const CAMERA_SIZE = 960;
/** Inside the flat window that Odoo's scanner looks through: a fifth of the height. */
const CODE_SIZE = 126;

const tours = registry.category("web_tour.tours");

/** An order of one product, and the cashier still among the products. */
function sellDeskPad() {
    return [Chrome.startPoS(), ProductScreen.addOrderline("Desk Pad")].flat();
}

function isTold(text) {
    return [
        {
            content: `the cashier is told: ${text}`,
            trigger: `.o_notification:contains("${text}")`,
            run: () => {
                const shown = document.body.textContent;
                if (shown.includes(Wechat.customersCode()) || shown.includes("Unknown Barcode")) {
                    throw new Error("A payment code is repeated, or called unknown.");
                }
            },
        },
    ];
}

function hasNoPayment() {
    return [Wechat.isClosed(), Wechat.hasNoPaymentLine()].flat();
}

/**
 * Give the till a camera in front of which somebody holds the code. All of Odoo's camera scanner
 * is at work: the stream, the picture, the library that reads it.
 */
function holdBeforeCamera(getCode) {
    return [
        run(async () => {
            const size = CODE_SIZE;
            const url = generateQRCodeDataUrl(getCode(), { width: size, height: size });
            const picture = await loadImage(url);
            const canvas = document.createElement("canvas");
            canvas.width = canvas.height = CAMERA_SIZE;
            const context = canvas.getContext("2d");
            setInterval(() => {
                context.fillStyle = "white";
                context.fillRect(0, 0, CAMERA_SIZE, CAMERA_SIZE);
                const middle = (CAMERA_SIZE - size) / 2;
                context.drawImage(picture, middle, middle, size, size);
            }, FRAME_MS);
            navigator.mediaDevices.getUserMedia = async () => canvas.captureStream();
        }, "somebody holds a code before the camera"),
    ];
}

const scanOnProductScreen = {
    steps: () =>
        [sellDeskPad(), Wechat.scan(Wechat.customersCode), ReceiptScreen.isShown()].flat(),
};
tours.add("WechatScanAnytime", scanOnProductScreen);

tours.add("WechatScanAnytimePassword", {
    steps: () =>
        [
            sellDeskPad(),
            Wechat.scan(Wechat.customersCode),
            Wechat.shows("wait", "password"),
            Wechat.customer("types the password"),
            ReceiptScreen.isShown(),
        ].flat(),
});

/** Cash first, the rest by scanning among the products. */
tours.add("WechatScanAnytimeRest", {
    steps: () =>
        [
            sellDeskPad(),
            ProductScreen.clickPayButton(),
            PaymentScreen.clickPaymentMethod("Cash"),
            PaymentScreen.enterPaymentLineAmount("Cash", "1", true, { remaining: "0.98" }),
            PaymentScreen.clickBack(),
            ProductScreen.isShown(),
            Wechat.scan(Wechat.customersCode),
            ReceiptScreen.isShown(),
        ].flat(),
});

tours.add("WechatScanSwitchedOff", {
    steps: () =>
        [
            sellDeskPad(),
            Wechat.scan(Wechat.customersCode),
            isTold("choose the payment method first"),
            hasNoPayment(),
            ProductScreen.isShown(),
            ProductScreen.clickPayButton(),
            PaymentScreen.isShown(),
            Wechat.scan(Wechat.customersCode),
            ReceiptScreen.isShown(),
        ].flat(),
});

tours.add("WechatScanNoMethod", {
    steps: () =>
        [
            sellDeskPad(),
            Wechat.scan(Wechat.customersCode),
            isTold("not a payment method of this shop"),
            hasNoPayment(),
            ProductScreen.clickPayButton(),
            PaymentScreen.isShown(),
            Wechat.scan(Wechat.customersCode),
            isTold("not a payment method of this shop"),
            hasNoPayment(),
        ].flat(),
});

/** Nothing to pay, a dialog in the way, a code of somebody else: each is told or left to Odoo. */
tours.add("WechatScanNothingCharged", {
    steps: () =>
        [
            Chrome.startPoS(),
            ProductScreen.isShown(),
            Wechat.scan(Wechat.customersCode),
            isTold("the order is empty"),
            hasNoPayment(),
            ProductScreen.addOrderline("Desk Pad"),
            ProductScreen.clickControlButtonMore(),
            Wechat.scan(Wechat.customersCode),
            isTold("close the open window first"),
            hasNoPayment(),
            Dialog.cancel(),
            Wechat.scan(() => ALIPAY),
            {
                content: "Odoo takes other codes for barcodes of products, as ever",
                trigger: `.o_notification:contains("Unknown Barcode ${ALIPAY}")`,
            },
            {
                content: "close it",
                trigger: `.o_notification:contains("Unknown Barcode") .o_notification_close`,
                run: "click",
            },
            { content: "it is closed", trigger: negate(`.o_notification:contains("Unknown")`) },
            hasNoPayment(),
            ProductScreen.clickNumpad("+/-"),
            ProductScreen.selectedOrderlineHas("Desk Pad", "-1"),
            Wechat.scan(Wechat.customersCode),
            isTold("nothing is left to pay"),
            hasNoPayment(),
            ProductScreen.clickNumpad("+/-"),
            ProductScreen.selectedOrderlineHas("Desk Pad", "1"),
            Wechat.scan(Wechat.customersCode),
            ReceiptScreen.isShown(),
            Wechat.scan(() => OTHER_CODE),
            isTold("the order is paid"),
        ].flat(),
});

tours.add("WechatScanProductAdded", {
    steps: () =>
        [
            sellDeskPad(),
            Wechat.scan(Wechat.customersCode),
            Dialog.is({ title: "Product or payment?" }),
            Dialog.bodyIs("Long Number"),
            Dialog.confirm("Add the product"),
            Dialog.isNot(),
            ProductScreen.selectedOrderlineHas("Long Number", "1"),
            hasNoPayment(),
        ].flat(),
});

tours.add("WechatScanProductCharged", {
    steps: () =>
        [
            sellDeskPad(),
            Wechat.scan(Wechat.customersCode),
            Dialog.is({ title: "Product or payment?" }),
            Dialog.bodyIs("Long Number"),
            Dialog.cancel(),
            Dialog.isNot(),
            hasNoPayment(),
            Wechat.scan(Wechat.customersCode),
            Dialog.is({ title: "Product or payment?" }),
            Dialog.confirm("1.98 with WeChat Pay", ".btn-secondary"),
            ReceiptScreen.isShown(),
        ].flat(),
});

/** With nothing to pay there is nothing to ask. */
tours.add("WechatScanProductIntoEmptyOrder", {
    steps: () =>
        [
            Chrome.startPoS(),
            ProductScreen.isShown(),
            Wechat.scan(Wechat.customersCode),
            ProductScreen.selectedOrderlineHas("Long Number", "1"),
            hasNoPayment(),
        ].flat(),
});

/** A scanner that triggers twice, and somebody else's code in between. */
tours.add("WechatScanTwice", {
    steps: () =>
        [
            sellDeskPad(),
            Wechat.scan(() => [
                ...[...Wechat.customersCode(), "Enter"],
                ...[...Wechat.customersCode(), "Enter"],
                ...OTHER_CODE,
            ]),
            isTold("another code is being read"),
            Wechat.shows("wait", "password"),
            Wechat.scan(Wechat.customersCode),
            Wechat.scan(() => OTHER_CODE),
            Wechat.shows("wait", "password"),
            run(() => {
                if (document.querySelectorAll(".o_notification").length !== 1) {
                    throw new Error("The cashier is told of a scan that is at work already.");
                }
            }, "the second trigger of the same code is no news"),
            Wechat.customer("types the password"),
            ReceiptScreen.isShown(),
        ].flat(),
});

tours.add("WechatScanCameraInDialog", {
    steps: () =>
        [
            Wechat.payWith(Wechat.MICROPAY),
            Wechat.shows("scan", "Scan the payment code"),
            holdBeforeCamera(Wechat.customersCode),
            Wechat.click("camera-button"),
            ReceiptScreen.isShown(),
        ].flat(),
});

tours.add("WechatScanCameraOnProductScreen", {
    steps: () =>
        [
            sellDeskPad(),
            holdBeforeCamera(Wechat.customersCode),
            {
                content: "switch Odoo's camera scanner on",
                trigger: ".pos-rightheader button:has(.fa-barcode)",
                run: "click",
            },
            ReceiptScreen.isShown(),
            run(() => {
                if (posmodel.getOrder().payment_ids.length !== 1) {
                    throw new Error("The order has not exactly one payment.");
                }
            }, "one payment"),
        ].flat(),
});
