import { patch } from "@web/core/utils/patch";
import { CustomerDisplayPosAdapter } from "@point_of_sale/app/customer_display/customer_display_adapter";
import {
    NOTHING,
    displayDataOf,
    isForDisplay,
} from "@wechat/app/customer_display/wechat_display";

patch(CustomerDisplayPosAdapter.prototype, {
    formatOrderData(order) {
        super.formatOrderData(...arguments);
        // Odoo leaves it out where there is none: the code of an earlier order would lie over ours.
        this.data.qrPaymentData ??= NOTHING.qrPaymentData;
        this.data.wechatPayment = displayDataOf(order.getSelectedPaymentline());
    },

    dispatch(pos) {
        const { wechatPayment } = this.data;
        if (wechatPayment && !isForDisplay(wechatPayment, pos.router.state)) {
            this.data.wechatPayment = NOTHING.wechatPayment;
        }
        return super.dispatch(...arguments);
    },
});
