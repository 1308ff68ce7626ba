import { browser } from "@web/core/browser/browser";
import { effect } from "@web/core/utils/reactive";
import { patch } from "@web/core/utils/patch";
import { batched } from "@web/core/utils/timing";
import { onWillUnmount } from "@odoo/owl";
import { Chrome } from "@point_of_sale/app/pos_app";
import { CustomerDisplayPosAdapter } from "@point_of_sale/app/customer_display/customer_display_adapter";
import { NOTHING, RENEW_MS } from "@wechat/app/customer_display/wechat_display";

/**
 * Odoo tells the customer display when the selected order changes. That is not enough for a QR code
 * which must be gone as soon as its customer is: there are other ways to leave an order.
 */
patch(Chrome.prototype, {
    setup() {
        super.setup(...arguments);
        const renew = browser.setInterval(() => this.renewCustomerDisplay(), RENEW_MS);
        const onPageHide = () => this.clearCustomerDisplayOnExit();
        window.addEventListener("pagehide", onPageHide);
        onWillUnmount(() => {
            browser.clearInterval(renew);
            window.removeEventListener("pagehide", onPageHide);
        });
        effect(
            batched(({ selectedOrder, router }) => {
                if (!selectedOrder) {
                    // A floor plan, for instance: Odoo leaves the last order where it is.
                    this.clearCustomerDisplay();
                } else if (router.state.current) {
                    this.renewCustomerDisplay();
                }
            }),
            [this.pos]
        );
    },

    /** Say again what is to be seen of a payment, to a display that was opened late perhaps. */
    renewCustomerDisplay() {
        const order = this.pos.getOrder();
        if (order?.getSelectedPaymentline()?.wechatDisplay) {
            this.sendOrderToCustomerDisplay(order, null);
        }
    },

    clearCustomerDisplay() {
        const adapter = new CustomerDisplayPosAdapter();
        adapter.data = { ...NOTHING };
        adapter.dispatch(this.pos);
    },

    /** A page that closes has no time for a call; what it hands over to the browser still leaves. */
    clearCustomerDisplayOnExit() {
        if (!this.pos.getOrder()?.getSelectedPaymentline()?.wechatDisplay) {
            return;
        }
        new CustomerDisplayPosAdapter().channel.postMessage(NOTHING);
        const params = {
            model: "pos.config",
            method: "update_customer_display",
            args: [[this.pos.config.id], NOTHING, localStorage.getItem("device_uuid")],
            kwargs: {},
        };
        navigator.sendBeacon(
            "/web/dataset/call_kw/pos.config/update_customer_display",
            new Blob([JSON.stringify({ jsonrpc: "2.0", method: "call", params })], {
                type: "application/json",
            })
        );
    },
});
