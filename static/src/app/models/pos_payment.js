import { PosPayment } from "@point_of_sale/app/models/pos_payment";
import { patch } from "@web/core/utils/patch";

const TERMINALS = ["wechat_native", "wechat_micropay"];
const RESTING_STATUSES = ["pending", "retry", "done", "reversed"];

patch(PosPayment.prototype, {
    isWechat() {
        return TERMINALS.includes(this.payment_method_id?.use_payment_terminal);
    },

    /** Money may be on its way: the line must not be removed, retried or paid in another way. */
    isWechatLive() {
        const status = this.getPaymentStatus();
        return this.isWechat() && Boolean(status) && !RESTING_STATUSES.includes(status);
    },

    isWechatPaid() {
        return this.isWechat() && this.getPaymentStatus() === "done";
    },

    /**
     * A true answer makes PaymentScreen validate the order at once. A payment that ends while the
     * next customer is being served must not pull the screen away, and a screen that was opened
     * again meanwhile does it by itself.
     */
    async pay() {
        const result = super.pay(...arguments);
        if (!this.isWechat()) {
            return result;
        }
        const terminal = this.payment_method_id.payment_terminal;
        const attempt = terminal.attemptOf(this.uuid);
        const paid = await result;
        if (attempt.outcome.leave) {
            terminal.dropLine(this);
        }
        const { pos } = terminal;
        return paid && !attempt.follower && pos.isOnPaymentScreen(this.pos_order_id);
    },
});
