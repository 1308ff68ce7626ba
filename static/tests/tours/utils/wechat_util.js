/* global posmodel */

import { generateQRCodeDataUrl } from "@point_of_sale/utils";
import { run, negate } from "@point_of_sale/../tests/generic_helpers/utils";
import { simulateBarCode } from "@barcodes/../tests/legacy/helpers";
import * as Chrome from "@point_of_sale/../tests/pos/tours/utils/chrome_util";
import * as PaymentScreen from "@point_of_sale/../tests/pos/tours/utils/payment_screen_util";
import * as ProductScreen from "@point_of_sale/../tests/pos/tours/utils/product_screen_util";
import * as TicketScreen from "@point_of_sale/../tests/pos/tours/utils/ticket_screen_util";

export const NATIVE = "Wechat Native Payment";
export const MICROPAY = "Wechat Micropay";

/** An order of one product on the payment screen, and one of the WeChat methods chosen. */
export function payWith(method) {
    return [
        Chrome.startPoS(),
        ProductScreen.addOrderline("Desk Pad"),
        ProductScreen.clickPayButton(),
        method ? PaymentScreen.clickPaymentMethod(method) : [],
    ].flat();
}

/**
 * The customer brings goods back; from the products to the payment screen.
 *
 * @param {string} [order] - what its row among the paid orders says
 * @param {string} [quantity] - how many come back
 */
export function returnGoods(order = "001", quantity = "1") {
    return [
        ProductScreen.clickRefund(),
        TicketScreen.selectOrder(order),
        ProductScreen.clickNumpad(quantity),
        TicketScreen.confirmRefund(),
        PaymentScreen.isShown(),
    ].flat();
}

/** Send the money of a return back. */
export function refundWith(method) {
    return [PaymentScreen.clickPaymentMethod(method), PaymentScreen.clickRefundButton()].flat();
}

/**
 * Give the customer, whom the Python side of the test plays, the cue to do something. A customer
 * who scans is given what the till shows.
 */
export function customer(action) {
    return [
        run(() => {
            const [attempt] = posmodel.wechatAttempts.values();
            console.log(`customer: ${action} ${attempt?.codeUrl || ""}`);
        }, `the customer ${action}`),
    ];
}

/**
 * @param {"scan"|"qr"|"wait"|"over"} stage
 * @param {string} [sentence] - a part of the sentence that goes with it
 */
export function shows(stage, sentence) {
    const says = sentence ? `:contains("${sentence}")` : "";
    return [
        {
            content: `the dialog is at "${stage}"`,
            trigger: `.wechat-popup .wechat-stage-${stage}${says}`,
        },
    ];
}

export function isClosed() {
    return [{ content: "the dialog is closed", trigger: negate(".wechat-popup") }];
}

export function click(button) {
    return [
        {
            content: `click ${button}`,
            trigger: `.wechat-popup .wechat-${button}`,
            run: "click",
        },
    ];
}

/** @param {"again"|"leave"} button - the one that the keyboard and the eye find first */
export function leadsOn(button) {
    return [
        {
            content: `"${button}" leads on`,
            trigger: `.wechat-popup .wechat-${button}.btn-primary:focus`,
        },
    ];
}

/** The code that the test gave to the customer's phone; it is known at run time only. */
export function customersCode() {
    return document.cookie.match(/wechat_payment_code=(\d+)/)[1];
}

export function scan(getCode) {
    return [run(() => simulateBarCode([...getCode(), "Enter"]), "scan with a barcode reader")];
}

export function type(getCode) {
    return [
        {
            content: "type a code",
            trigger: ".wechat-popup input.wechat-code",
            run: (helpers) => helpers.edit(getCode()),
        },
    ];
}

export function problemIs(text) {
    return [
        {
            content: `the dialog says what was scanned: ${text}`,
            trigger: `.wechat-popup .wechat-problem:contains("${text}")`,
        },
    ];
}

/** What the customer can scan is the code that WeChat gave, on the till and on the display. */
export function qrCodeIsTheOneOfWechat() {
    return [
        {
            content: "the picture holds WeChat's code",
            trigger: ".wechat-popup .wechat-qr img",
            run: ({ anchor }) => {
                const line = posmodel.getOrder().payment_ids[0];
                const { code_url: codeUrl } = posmodel.wechatAttempts.get(line.uuid).status;
                const expected = generateQRCodeDataUrl(codeUrl, { width: 480, height: 480 });
                if (!codeUrl || anchor.src !== expected) {
                    throw new Error("The till shows another QR code than WeChat's.");
                }
                if (line.wechatDisplay?.qrCode !== expected) {
                    throw new Error("The customer display shows another QR code.");
                }
            },
        },
    ];
}

export function hasNoPaymentLine() {
    return [
        run(() => {
            if (posmodel.getOrder().payment_ids.length) {
                throw new Error("The payment line is still there.");
            }
            if (posmodel.paymentTerminalInProgress) {
                throw new Error("The till still waits for a terminal.");
            }
        }, "the payment line is gone"),
    ];
}

export function lineStatusIs(status) {
    return [
        run(() => {
            const found = posmodel.getOrder().payment_ids.map((line) => line.payment_status);
            if (found.length !== 1 || found[0] !== status) {
                throw new Error(`Expected one line in "${status}", found "${found}".`);
            }
        }, `the line is in status ${status}`),
    ];
}
