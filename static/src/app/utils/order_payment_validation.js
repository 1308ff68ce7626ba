import { _t } from "@web/core/l10n/translation";
import { AlertDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { patch } from "@web/core/utils/patch";
import OrderPaymentValidation from "@point_of_sale/app/utils/order_payment_validation";

patch(OrderPaymentValidation.prototype, {
    /** Validating drops the lines that are not done: never one whose money may be on its way. */
    async askBeforeValidation() {
        const live = this.order.payment_ids.find((line) => line.isWechatLive());
        if (live) {
            this.pos.dialog.add(AlertDialog, {
                title: _t("WeChat Pay is still at work"),
                body: _t(
                    "The end of the WeChat payment of %s is not known yet. Wait for it, or cancel " +
                        "it on its line, then validate again.",
                    this.pos.env.utils.formatCurrency(live.getAmount())
                ),
            });
            return false;
        }
        return super.askBeforeValidation(...arguments);
    },
});
