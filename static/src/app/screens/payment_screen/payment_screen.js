import { _t } from "@web/core/l10n/translation";
import { AlertDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { patch } from "@web/core/utils/patch";
import { useService } from "@web/core/utils/hooks";
import { onWillUnmount, status } from "@odoo/owl";
import { PaymentScreen } from "@point_of_sale/app/screens/payment_screen/payment_screen";

patch(PaymentScreen.prototype, {
    setup() {
        super.setup(...arguments);
        this.barcodeReader = useService("barcode_reader");
        const stopReading = this.barcodeReader?.registerRaw((scanned) => this.onRawScan(scanned));
        onWillUnmount(() => stopReading?.());
    },

    onMounted() {
        super.onMounted(...arguments);
        for (const line of this.paymentLines) {
            if (line.isWechatLive()) {
                this.resumeWechatPayment(line);
            }
        }
        const code = this.pos.wechatScan.takeOver(this.currentOrder);
        if (code) {
            this.chargeCodeFromProducts(code);
        }
    },

    // ---- Payment codes scanned before a method was chosen ---- //

    /** @returns {boolean} true for a payment code: then nobody else should read it */
    onRawScan(scanned) {
        return this.pos.wechatScan.onPaymentScreen(scanned, (code) =>
            this.chargeScannedCode(code)
        );
    },

    /** A payment code in front of an unpaid order can only mean: charge it. */
    async chargeScannedCode(code) {
        const { method } = this.pos.wechatScan;
        const waitingLine = this.pos.wechatScan.waitingLine(this.currentOrder);
        method.payment_terminal.scannedCode = code;
        await (waitingLine ? this.sendPaymentRequest(waitingLine) : this.addNewPaymentLine(method));
        method.payment_terminal.scannedCode = null;
    },

    /** Among the products, a payment code means: all that is due. */
    chargeCodeFromProducts(code) {
        const order = this.currentOrder;
        // A shop with this method only has begun by itself, and waits for the code.
        const begun = order.payment_ids
            .map((line) => this.pos.wechatAttempts.get(line.uuid))
            .find((attempt) => attempt?.watched && attempt.isScanning);
        const obstacle = begun ? "" : this.pos.wechatScan.obstacle(order);
        if (begun) {
            begun.scan(code);
        } else if (obstacle) {
            this.pos.wechatScan.tell(obstacle);
        } else {
            this.pos.wechatScan.waitingLine(order)?.setAmount(order.remainingDue);
            this.chargeScannedCode(code);
        }
    },

    // ---- Refunds ---- //

    /** On a refund, what the cashier types is what goes back: nothing is charged there. */
    updateSelectedPaymentline() {
        super.updateSelectedPaymentline(...arguments);
        const line = this.selectedPaymentLine;
        const isToSend = ["pending", "retry"].includes(line?.getPaymentStatus());
        const isCharge = this.currentOrder.totalDue < 0 && line?.getAmount() > 0;
        if (isToSend && isCharge && line.isWechat()) {
            line.setAmount(-line.getAmount());
        }
    },

    // ---- Payments that are under way ---- //

    async sendPaymentRequest(line) {
        try {
            await super.sendPaymentRequest(...arguments);
        } finally {
            if (line.isWechat()) {
                // Whatever happened: a flag left behind would bar all terminals until a reload.
                this.pos.paymentTerminalInProgress = false;
            }
        }
        await this.giveRestBack(line);
    },

    /**
     * One payment of the returned order could not give all of it back: what is left goes back on a
     * further line, without another press. Not behind the back of whoever has left the screen.
     */
    async giveRestBack(line) {
        const { pos_order_id: order, payment_method_id: method, wechatRest: rest } = line;
        if (!rest || status(this) !== "mounted" || !this.pos.isOnPaymentScreen(order)) {
            return;
        }
        line.wechatRest = 0;
        if (!(order.remainingDue < 0)) {
            return;
        }
        const added = order.addPaymentline(method);
        if (added.status) {
            added.data.setAmount(Math.max(rest, order.remainingDue));
            await this.sendPaymentRequest(added.data);
        }
    },

    /** Follow a payment that began before this screen was here, and end it as Odoo would. */
    async resumeWechatPayment(line) {
        const terminal = line.payment_method_id.payment_terminal;
        const attempt = terminal.resume(line);
        const follower = Symbol("follower");
        attempt.aside = true;
        attempt.follower = follower;
        await attempt.ask();
        const order = line.pos_order_id;
        if (this.pos.isOnPaymentScreen(order)) {
            terminal.open(attempt);
        }
        const { paid } = await attempt.settled;
        if (!paid || attempt.follower !== follower || !this.pos.isOnPaymentScreen(order)) {
            return;
        }
        if (line.wechatRest) {
            await this.giveRestBack(line);
        } else if (
            order.isPaid() &&
            this.pos.config.auto_validate_terminal_payment &&
            !order.isRefundInProcess()
        ) {
            this.validateOrder(false);
        }
    },

    /** A line whose money may be on its way goes only when the server says that none moves. */
    deletePaymentLine(uuid) {
        const line = this.paymentLines.find((line) => line.uuid === uuid);
        if (line?.isWechatLive()) {
            this.sendPaymentCancel(line);
        } else if (!line?.isWechatPaid()) {
            // A click that came too late finds the line paid: there is nothing to delete.
            super.deletePaymentLine(...arguments);
        }
    },

    async sendPaymentCancel(line) {
        if (!line.isWechat()) {
            return super.sendPaymentCancel(...arguments);
        }
        await line.payment_method_id.payment_terminal.sendPaymentCancel(
            line.pos_order_id,
            line.uuid
        );
    },

    /** "Done" is the server's word: ask it, and believe nothing else. */
    async sendForceDone(line) {
        if (!line.isWechat()) {
            return super.sendForceDone(...arguments);
        }
        const attempt = line.payment_method_id.payment_terminal.resume(line);
        await attempt.ask();
        if (!attempt.outcome?.paid) {
            this.dialog.add(AlertDialog, {
                title: _t("Not paid"),
                body: _t(
                    "WeChat has not confirmed this payment, so it cannot be marked as done. %s",
                    attempt.sentence
                ),
            });
        }
    },
});
