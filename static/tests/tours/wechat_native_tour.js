/* global posmodel */

import { registry } from "@web/core/registry";
import { negate, refresh, run } from "@point_of_sale/../tests/generic_helpers/utils";
import * as Dialog from "@point_of_sale/../tests/generic_helpers/dialog_util";
import * as PaymentScreen from "@point_of_sale/../tests/pos/tours/utils/payment_screen_util";
import * as ReceiptScreen from "@point_of_sale/../tests/pos/tours/utils/receipt_screen_util";
import * as Wechat from "@wechat/../tests/tours/utils/wechat_util";

const tours = registry.category("web_tour.tours");

tours.add("WechatNativePaid", {
    steps: () =>
        [
            Wechat.payWith(Wechat.NATIVE),
            Wechat.shows("qr", "scan"),
            Wechat.qrCodeIsTheOneOfWechat(),
            Wechat.customer("scans and pays"),
            ReceiptScreen.isShown(),
        ].flat(),
});

tours.add("WechatNativeCancelled", {
    steps: () =>
        [
            Wechat.payWith(Wechat.NATIVE),
            Wechat.shows("qr", "scan"),
            Wechat.click("cancel"),
            Wechat.isClosed(),
            Wechat.hasNoPaymentLine(),
            // The way is free for another payment at once.
            PaymentScreen.clickPaymentMethod("Cash"),
            PaymentScreen.clickValidate(),
            ReceiptScreen.isShown(),
        ].flat(),
});

tours.add("WechatNativeReload", {
    steps: () =>
        [
            Wechat.payWith(Wechat.NATIVE),
            Wechat.shows("qr", "scan"),
            refresh(),
            Wechat.shows("qr", "scan"),
            Wechat.qrCodeIsTheOneOfWechat(),
            Wechat.customer("scans and pays"),
            ReceiptScreen.isShown(),
        ].flat(),
});

tours.add("WechatNativePutAside", {
    steps: () =>
        [
            Wechat.payWith(Wechat.NATIVE),
            Wechat.shows("qr", "scan"),
            // Something else closes all dialogs: the payment goes on behind.
            run(() => posmodel.dialog.closeAll(), "close all dialogs"),
            Wechat.isClosed(),
            Wechat.lineStatusIs("waiting"),
            {
                content: "the line says how it stands and offers no way round the server",
                trigger: `.paymentlines .wechat-line:contains("scan")`,
            },
            { content: "no force done", trigger: negate(".send_force_done") },
            // What cannot be known yet cannot be validated, nor deleted with the order.
            run(() => {
                posmodel.onDeleteOrder(posmodel.getOrder());
            }, "delete the order"),
            Dialog.confirm(),
            Dialog.is({ title: "WeChat Pay is still at work" }),
            Dialog.confirm(),
            {
                content: "look at it again",
                trigger: ".wechat-line-show",
                run: "click",
            },
            Wechat.shows("qr", "scan"),
            Wechat.click("cancel"),
            Wechat.isClosed(),
            Wechat.hasNoPaymentLine(),
        ].flat(),
});

tours.add("WechatNativeDeletedLine", {
    steps: () =>
        [
            Wechat.payWith(Wechat.NATIVE),
            Wechat.shows("qr", "scan"),
            run(() => posmodel.dialog.closeAll(), "close all dialogs"),
            Wechat.isClosed(),
            Wechat.customer("scans and pays while the net is down"),
            PaymentScreen.clickPaymentlineDelButton(Wechat.NATIVE, "1.98"),
            // The server asks before it lets go: the line stays, and the order is paid.
            ReceiptScreen.isShown(),
        ].flat(),
});

tours.add("WechatForged", {
    steps: () =>
        [
            Wechat.payWith(Wechat.NATIVE),
            Wechat.shows("qr", "scan"),
            run(() => posmodel.dialog.closeAll(), "close all dialogs"),
            Wechat.isClosed(),
            run(() => {
                const [line] = posmodel.getOrder().payment_ids;
                line.transaction_id = "4200000000202601010000000001";
                line.setPaymentStatus("done");
            }, "pretend that it was paid"),
            PaymentScreen.clickValidate(),
            {
                content: "the server refuses it",
                trigger: `.modal-body:contains("WeChat has not confirmed a payment")`,
            },
            Dialog.confirm(),
            PaymentScreen.isShown(),
        ].flat(),
});
