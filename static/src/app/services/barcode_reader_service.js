import { BarcodeReader } from "@point_of_sale/app/services/barcode_reader_service";
import { patch } from "@web/core/utils/patch";

patch(BarcodeReader.prototype, {
    setup() {
        super.setup(...arguments);
        this.rawHandlers = [];
    },

    /**
     * Offer what is scanned to `handler` before any nomenclature reads it: a payment code is
     * neither a product nor GS1, and must not end up in an "unknown barcode" message.
     *
     * @param {(code: string) => boolean} handler - returns true when the scan was for it
     * @returns {() => void} takes the handler away again
     */
    registerRaw(handler) {
        this.rawHandlers.push(handler);
        return () => {
            this.rawHandlers = this.rawHandlers.filter((other) => other !== handler);
        };
    },

    /** USB scanner, camera and IoT box all come through here. The latest handler is asked first. */
    scan(code) {
        if (code && [...this.rawHandlers].reverse().some((handler) => handler(code))) {
            return Promise.resolve();
        }
        return super.scan(...arguments);
    },
});
