import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { patch } from "@web/core/utils/patch";

patch(PosOrder.prototype, {
    /**
     * Odoo gives the terminal lines of a refund no status, which elsewhere means "paid": saved to
     * the server in between, the order would claim money that WeChat has not given back yet.
     */
    addPaymentline() {
        const result = super.addPaymentline(...arguments);
        if (result.status && result.data.isWechat() && !result.data.getPaymentStatus()) {
            result.data.setPaymentStatus("pending");
        }
        return result;
    },
});
