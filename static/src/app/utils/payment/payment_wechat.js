import { _t } from "@web/core/l10n/translation";
import { effect } from "@web/core/utils/reactive";
import { PaymentInterface } from "@point_of_sale/app/utils/payment/payment_interface";
import { logPosMessage } from "@point_of_sale/app/utils/pretty_console_log";
import { register_payment_method } from "@point_of_sale/app/services/pos_store";
import { WechatAttempt } from "@wechat/app/utils/payment/wechat_attempt";
import { WechatPopup } from "@wechat/app/components/popups/wechat_popup/wechat_popup";
import {
    hideFromDisplay,
    showOnDisplay,
    thankOnDisplay,
} from "@wechat/app/customer_display/wechat_display";

/**
 * The part that both ways of paying share: it ties an attempt to its payment line, to the dialog
 * that shows it and to the server. Lines are always found by their uuid: the cashier may have
 * selected another one meanwhile.
 */
export class PaymentWechat extends PaymentInterface {
    setup() {
        super.setup(...arguments);
        this.closers = {};
    }

    /** @returns {"native"|"micropay"} how the customer pays */
    get way() {
        return "native";
    }

    // ---- PaymentInterface ---- //

    /** Take the amount of the line, or give it back when it is negative. Never rejects. */
    async sendPaymentRequest(uuid) {
        const attempt = this.attemptOf(uuid) || this.createAttempt(this.lineOf(uuid));
        attempt.awaited = true;
        this.open(attempt);
        const { paid } = await attempt.settled;
        return paid;
    }

    /** @returns {Promise<boolean>} true only when the server says that no money moves any more */
    async sendPaymentCancel(order, uuid) {
        const attempt = this.resume(this.lineOf(uuid));
        this.open(attempt);
        attempt.cancel();
        const { paid } = await attempt.settled;
        return !paid;
    }

    // ---- Attempts ---- //

    lineOf(uuid) {
        return this.pos.models["pos.payment"].getBy("uuid", uuid);
    }

    /** @returns {WechatAttempt|undefined} the attempt that this page follows for the line */
    attemptOf(uuid) {
        return this.pos.wechatAttempts.get(uuid);
    }

    /**
     * Follow a line whose attempt began before this page was loaded, or at another till.
     *
     * @returns {WechatAttempt} the one that is followed already, if there is one
     */
    resume(line) {
        const attempt = this.attemptOf(line.uuid);
        if (attempt) {
            return attempt;
        }
        const resumed = this.createAttempt(line, { resumed: true, aside: true });
        resumed.run();
        return resumed;
    }

    createAttempt(line, { resumed = false, aside = false } = {}) {
        const attempt = new WechatAttempt((method, args) => this.call(method, args), {
            uuid: line.uuid,
            amount: line.getAmount(),
            values: this.valuesOf(line),
            way: this.way,
            isOffline: () => this.pos.data.network.offline,
            resumed,
        });
        attempt.aside = aside;
        this.pos.wechatAttempts.set(line.uuid, attempt);
        attempt.settled.then((outcome) => this.finish(attempt, outcome));
        effect((attempt) => this.askToConfirm(attempt), [attempt]);
        return this.attemptOf(line.uuid);
    }

    /** The most that a line can take: what is due, this line included, which is not paid yet. */
    mostOf(attempt) {
        return this.lineOf(attempt.uuid).pos_order_id.remainingDue;
    }

    async call(method, args) {
        if (method === "wechat_prepare") {
            // The line says what is charged, also when the cashier has chosen to take a part.
            const [uuid, amount] = args;
            this.lineOf(uuid)?.setAmount(amount);
        }
        if (method === "wechat_submit") {
            // From here on money may move: after a reload the line must still be there, and of a
            // refund that is a part only it must say so.
            const [uuid] = args;
            this.lineOf(uuid)?.setAmount(this.attemptOf(uuid).amount);
            await this.persist();
        }
        return this.pos.data.call("pos.payment.method", method, [
            [this.payment_method_id.id],
            ...args,
        ]);
    }

    async persist() {
        try {
            await this.pos.data.synchronizeLocalDataInIndexedDB();
        } catch (error) {
            // A browser that stores nothing can still be paid: the server has the record.
            logPosMessage("PaymentWechat", "persist", `Not stored: ${error?.name}`);
        }
    }

    /** What the server keeps with the attempt: the shop's references and the goods. */
    valuesOf(line) {
        const order = line.pos_order_id;
        // After a reload Odoo does not load the order that is refunded, but the number is kept.
        const refundedId = order.refunded_order_id?.id ?? order.raw.refunded_order_id;
        return {
            pos_session_id: this.pos.session.id,
            order_uuid: order.uuid,
            order_ref: order.pos_reference || order.getName(),
            lines: order.lines.map((orderLine) => ({
                product_id: orderLine.product_id.id,
                quantity: orderLine.qty,
                price: orderLine.unitPrices.total_included,
            })),
            refunded_order_id: typeof refundedId === "number" ? refundedId : false,
        };
    }

    finish(attempt, { paid, leave }) {
        const line = this.lineOf(attempt.uuid);
        this.pos.wechatAttempts.delete(attempt.uuid);
        this.hideQrCode(attempt.uuid);
        this.closers[attempt.uuid]?.();
        if (!line) {
            return;
        }
        if (paid) {
            // Another till may have begun it with another amount: the line says what was paid.
            line.setAmount(attempt.status.amount ?? line.getAmount());
            line.transaction_id = attempt.status.transaction_id;
            this.thank(attempt, line);
            // For the first print; with the order the server writes the same.
            line.ticket = attempt.status.receipt;
            line.wechatRest = attempt.rest;
        } else if (attempt.status?.phase === "withdrawn") {
            this.pos.wechatWithdrawn.set(attempt.uuid, {
                terminal: this,
                order: line.pos_order_id,
            });
        }
        // What the cashier has not read in the dialog is said here.
        if (paid || attempt.cancelSent || (attempt.aside && !leave)) {
            this.notify(attempt, line, paid);
        }
        // Not left to the one who waits for it: a screen that was opened again goes on at once.
        line.handlePaymentResponse(paid);
        if (!attempt.awaited && leave) {
            this.dropLine(line);
        }
    }

    /** The cashier chose another way: a line in "retry" would only stand in the way of it. */
    dropLine(line) {
        line.pos_order_id?.removePaymentline(line);
        this.pos.numberBuffer.reset();
    }

    notify(attempt, line, paid) {
        const order = line.pos_order_id;
        const rest = this.restSentence(line, paid);
        const toDo = rest
            ? _t("Open the order and go on there.")
            : _t("Open the order and validate it.");
        this.tell(order, rest || attempt.sentence, paid && toDo, {
            type: paid ? "success" : "warning",
            // Somebody who serves the next customer reads it when there is time.
            sticky: attempt.aside && !this.pos.isOnPaymentScreen(order),
        });
    }

    /** "Hand over the goods" is not true yet when only a part is paid, or given back. */
    restSentence(line, paid) {
        const { remainingDue, currency } = line.pos_order_id || {};
        const amount = line.getAmount();
        const due = line.isWechatPaid() ? remainingDue : remainingDue - amount;
        if (!paid || !(due * amount > 0) || currency.isZero(due)) {
            return "";
        }
        const { formatCurrency } = this.env.utils;
        const words = {
            amount: formatCurrency(Math.abs(amount)),
            rest: formatCurrency(Math.abs(due)),
        };
        return amount < 0
            ? _t("WeChat gives back %(amount)s. %(rest)s still to give back.", words)
            : _t("%(amount)s paid. %(rest)s left to pay.", words);
    }

    /**
     * @param {string|false} toDo - what the cashier does when the order is open
     * @param {object} options - of the notification
     */
    tell(order, sentence, toDo, options) {
        const sentences = [
            _t("Order %(order)s: %(sentence)s", { order: order?.pos_reference || "", sentence }),
        ];
        if (toDo && !this.pos.isOnPaymentScreen(order)) {
            sentences.push(toDo);
        }
        this.pos.notification.add(sentences.join(" "), options);
    }

    // ---- Screens ---- //

    /** Show the dialog of an attempt, unless it is open or everything is over. */
    open(attempt) {
        if (this.closers[attempt.uuid] || attempt.outcome) {
            return;
        }
        const line = this.lineOf(attempt.uuid);
        line.pos_order_id.selectPaymentline(line);
        this.closers[attempt.uuid] = this.env.services.dialog.add(
            WechatPopup,
            { attempt, terminal: this },
            { onClose: () => this.onClosed(attempt) }
        );
        attempt.watch();
    }

    /** Closed by us, by "next customer", or by something that closes all dialogs. */
    onClosed(attempt) {
        delete this.closers[attempt.uuid];
        this.hideQrCode(attempt.uuid);
        if (!attempt.outcome) {
            attempt.aside = true;
            // The till may take other payments meanwhile.
            this.pos.paymentTerminalInProgress = false;
            attempt.unwatch();
        }
    }

    serveNextCustomer(attempt) {
        this.closers[attempt.uuid]?.();
        if (this.pos.config.module_pos_restaurant) {
            const { page, params } = this.pos.defaultPage;
            this.pos.navigate(page, params);
        } else {
            const order = this.pos.addNewOrder();
            this.pos.navigate("ProductScreen", { orderUuid: order.uuid });
        }
    }

    // ---- Customer display ---- //

    /** @param {string} qrCode - data URL of the picture, shown on the customer display as well */
    showQrCode(uuid, qrCode) {
        const attempt = this.attemptOf(uuid);
        const shown = { ...this.displayed(attempt), state: "scan", qrCode };
        showOnDisplay(this.lineOf(uuid), shown, attempt.secondsLeft("expires_in") || undefined);
    }

    hideQrCode(uuid) {
        hideFromDisplay(this.lineOf(uuid), "scan");
    }

    /** While the customer types the password, and the cashier waits for it. */
    askToConfirm(attempt) {
        const { watched, status, cancelling, trouble } = attempt;
        const line = this.lineOf(attempt.uuid);
        if (!watched || status?.phase !== "password" || cancelling || trouble) {
            hideFromDisplay(line, "confirm");
        } else if (line && line.wechatDisplay?.state !== "confirm") {
            showOnDisplay(line, { ...this.displayed(attempt), state: "confirm" });
        }
    }

    /** Not when the next customer is being served: to that one it would be a lie. */
    thank(attempt, line) {
        if (!attempt.isRefund && this.pos.isOnPaymentScreen(line.pos_order_id)) {
            thankOnDisplay(line, this.displayed(attempt));
        }
    }

    /** What the customer may read of every payment. */
    displayed(attempt) {
        return {
            amount: this.env.utils.formatCurrency(attempt.amount),
            shop: this.pos.config.name,
            mode: attempt.status.mode,
        };
    }
}

/** Native: the till shows a QR code, the customer scans it. */
export class PaymentWechatNative extends PaymentWechat {}

/** Micropay: the customer shows a payment code, the cashier scans it. */
export class PaymentWechatMicropay extends PaymentWechat {
    get way() {
        return "micropay";
    }

    setup() {
        super.setup(...arguments);
        // A code that was scanned on the payment screen, before there was a line to pay with it.
        this.scannedCode = null;
    }

    async sendPaymentRequest(uuid) {
        const code = this.scannedCode;
        this.scannedCode = null;
        const result = super.sendPaymentRequest(...arguments);
        if (code) {
            this.attemptOf(uuid)?.scan(code);
        }
        return result;
    }
}

register_payment_method("wechat_native", PaymentWechatNative);
register_payment_method("wechat_micropay", PaymentWechatMicropay);
