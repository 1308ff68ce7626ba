import { patch } from "@web/core/utils/patch";
import { PaymentScreenPaymentLines } from "@point_of_sale/app/screens/payment_screen/payment_lines/payment_lines";

patch(PaymentScreenPaymentLines.prototype, {
    /** @returns {WechatAttempt|undefined} */
    wechatAttemptOf(line) {
        return this.pos.wechatAttempts.get(line.uuid);
    },

    isWechatRefundToSend(line) {
        const isToSend = ["pending", "retry"].includes(line.getPaymentStatus());
        return this.props.isRefundOrder && line.isWechat() && isToSend;
    },

    showWechatPayment(line) {
        const terminal = line.payment_method_id.payment_terminal;
        terminal.open(terminal.resume(line));
    },
});
