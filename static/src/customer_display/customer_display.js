import { patch } from "@web/core/utils/patch";
import { CustomerDisplay } from "@point_of_sale/customer_display/customer_display";
import { WechatPanel } from "@wechat/customer_display/wechat_panel";

patch(CustomerDisplay, {
    components: { ...CustomerDisplay.components, WechatPanel },
});

patch(CustomerDisplay.prototype, {
    forgetWechatPayment() {
        this.order.wechatPayment = null;
    },
});
