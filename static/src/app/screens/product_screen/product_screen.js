import { patch } from "@web/core/utils/patch";
import { ProductScreen } from "@point_of_sale/app/screens/product_screen/product_screen";
import { useEffect } from "@odoo/owl";

patch(ProductScreen.prototype, {
    setup() {
        super.setup(...arguments);
        useEffect(
            () => this.barcodeReader?.registerRaw((scanned) => this.onRawScan(scanned)),
            () => []
        );
    },

    /** @returns {boolean} true for a payment code: then nobody else should read it */
    onRawScan(scanned) {
        return this.pos.wechatScan.onProductScreen(scanned, (code) =>
            // As if a nomenclature had read it: under GS1 none would.
            this._barcodeProductAction({ type: "product", code, base_code: code })
        );
    },
});
