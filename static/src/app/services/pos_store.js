import { _t } from "@web/core/l10n/translation";
import { AlertDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { patch } from "@web/core/utils/patch";
import { logPosMessage } from "@point_of_sale/app/utils/pretty_console_log";
import { PosStore } from "@point_of_sale/app/services/pos_store";
import { WechatScan } from "@wechat/app/utils/payment/wechat_scan";

patch(PosStore.prototype, {
    async setup() {
        // Attempts that this page follows, by the uuid of their payment line.
        this.wechatAttempts = new Map();
        // Codes that were given up at this till, and may still be paid.
        this.wechatWithdrawn = new Map();
        this.wechatAskedAbout = new Set();
        this.wechatScan = new WechatScan(this);
        await super.setup(...arguments);
        this.barcodeReader?.registerRaw((scanned) => this.wechatScan.onOtherScreen(scanned));
        // The bus only says "look again": its channel is public.
        this.data.connectWebSocket("WECHAT_TRADE", ({ payment_uuid }) =>
            this.lookAgainAtWechatPayment(payment_uuid)
        );
        window.addEventListener("pos-network-online", () => {
            for (const attempt of this.wechatAttempts.values()) {
                attempt.wake();
            }
        });
        await this.loadOrdersThatWechatRefunds();
        this.resumeWechatPayments();
    },

    /**
     * After a reload Odoo has the return, but not the order that is returned, and would store it as
     * a return of nothing. Until then WeChat may have given the money back.
     */
    async loadOrdersThatWechatRefunds() {
        const ids = this.getOpenOrders()
            .filter((order) => order.payment_ids.some((line) => line.isWechat()))
            .map((order) => order.raw.refunded_order_id)
            .filter((id) => typeof id === "number" && !this.models["pos.order"].get(id));
        if (!ids.length) {
            return;
        }
        try {
            await this.data.loadServerOrders([["id", "in", ids]]);
        } catch (error) {
            // The till must open all the same, without a net, too.
            logPosMessage("PosStore", "loadOrdersThatWechatRefunds", `No answer: ${error?.name}`);
        }
    },

    lookAgainAtWechatPayment(uuid) {
        const attempt = this.wechatAttempts.get(uuid);
        if (attempt) {
            attempt.wake();
            return;
        }
        const line = this.models["pos.payment"].getBy("uuid", uuid);
        if (line?.isWechatLive()) {
            line.payment_method_id.payment_terminal?.resume(line);
            return;
        }
        const isPaid = line?.isWechatPaid() && line.getAmount() > 0;
        const known = isPaid
            ? { terminal: line.payment_method_id.payment_terminal, order: line.pos_order_id }
            : this.wechatWithdrawn.get(uuid);
        if (known) {
            this.askAboutOldWechatPayment(uuid, known);
        }
    },

    /**
     * A payment that pays for nothing is given back, also after this till was told "paid", or when a
     * customer pays a code that was withdrawn. Whoever stands there wants to know.
     */
    async askAboutOldWechatPayment(uuid, { terminal, order }) {
        if (this.wechatAskedAbout.has(uuid)) {
            // Odoo's bus delivers news again for each connection that it had.
            return;
        }
        this.wechatAskedAbout.add(uuid);
        try {
            const status = await terminal.call("wechat_poll", [uuid]);
            if (!status.paid && ["done", "refunded"].includes(status.state)) {
                this.wechatWithdrawn.delete(uuid);
                terminal.tell(order, status.sentence, false, { type: "danger", sticky: true });
            }
        } catch (error) {
            // Nothing hangs on the answer: the server has done what there was to do.
            logPosMessage("PosStore", "askAboutOldWechatPayment", `No answer: ${error?.name}`);
        } finally {
            this.wechatAskedAbout.delete(uuid);
        }
    },

    /** After a reload: every payment that was under way is followed again. */
    resumeWechatPayments() {
        for (const order of this.getOpenOrders()) {
            for (const line of order.payment_ids) {
                if (line.isWechatLive()) {
                    line.payment_method_id.payment_terminal?.resume(line);
                }
            }
        }
    },

    isOnPaymentScreen(order) {
        const { current, params } = this.router.state;
        return Boolean(order) && current === "PaymentScreen" && params.orderUuid === order.uuid;
    },

    /** An order is not deleted over a payment that WeChat has taken or may still take. */
    async _onBeforeDeleteOrder(order) {
        const live = order.payment_ids.find((line) => line.isWechatLive());
        const paid = order.payment_ids.some((line) => line.isWechatPaid());
        if (live && !(await this.isWechatPaymentFree(live))) {
            this.dialog.add(AlertDialog, {
                title: _t("WeChat Pay is still at work"),
                body: _t(
                    "Order %s has a WeChat payment whose end is not known yet. Open the order, " +
                        "cancel the payment there, then delete the order.",
                    order.pos_reference
                ),
            });
            return false;
        }
        if (paid) {
            this.dialog.add(AlertDialog, {
                title: _t("Paid with WeChat Pay"),
                body: _t(
                    "Order %s was paid with WeChat Pay and cannot be deleted. Validate it, " +
                        "then refund it.",
                    order.pos_reference
                ),
            });
            return false;
        }
        return super._onBeforeDeleteOrder(...arguments);
    },

    /** Ask the server once; anything but a clear "no money moves any more" is a no. */
    async isWechatPaymentFree(line) {
        const terminal = line.payment_method_id.payment_terminal;
        const attempt = this.wechatAttempts.get(line.uuid) || terminal.resume(line);
        await attempt.ask();
        if (attempt.status?.phase === "new") {
            await attempt.cancel();
        }
        return Boolean(attempt.outcome && !attempt.outcome.paid);
    },
});
