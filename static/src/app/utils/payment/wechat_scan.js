import { _t } from "@web/core/l10n/translation";
import { browser } from "@web/core/browser/browser";
import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { ConnectionLostError } from "@web/core/network/rpc";
import { readPaymentCode } from "@wechat/app/utils/payment/wechat_payment_code";

/** What the server is told of a code when it looks for a product with that barcode. */
const KNOWN_DIGITS = 6;
const ANSWER_TIMEOUT_MS = 10000;
/** How long a scan counts as the same one, and a code waits for the payment screen to open. */
const SAME_SCAN_MS = 5000;
/** Kinds of barcodes that mean something at a till; a lot or a place in the stock does not. */
const RULES_OF_A_TILL = ["cashier", "client", "coupon", "discount", "price", "quantity", "weight"];
/** Whoever signs in may have a badge of the same form. */
const SCREENS_OF_ODOO = ["LoginScreen", "SaverScreen"];

/**
 * Payment codes that are scanned while no dialog waits for one: among the products, on the payment
 * screen, or where nothing can be paid. Such a code is charged, or the cashier reads why not; it
 * never ends up as an unknown barcode. No sentence repeats it, and it is kept for seconds only.
 *
 * "This scan charged nothing" is what the till knows by itself: it sent nothing for the scan.
 */
export class WechatScan {
    constructor(pos) {
        this.pos = pos;
        this.reading = false;
        this.handedOver = null;
        this.lastCode = null;
        this.timer = null;
    }

    /** The method that takes payment codes, if this shop has one. */
    get method() {
        return this.pos.config.payment_method_ids
            .filter((pm) => pm.use_payment_terminal === "wechat_micropay" && pm.payment_terminal)
            .sort((a, b) => a.sequence - b.sequence)[0];
    }

    // ---- Where a code was scanned; true: it was ours, nobody else should read it ---- //

    /**
     * @param {string} scanned
     * @param {(code: string) => Promise<void>} addProduct - adds the product with this barcode
     * @returns {boolean}
     */
    onProductScreen(scanned, addProduct) {
        const { code } = readPaymentCode(scanned);
        if (!code) {
            return false;
        }
        const isOff = !this.method || !this.pos.config.wechat_scan_anytime;
        if (isOff && (this.findProduct(code) || this.hasRuleOfTheShop(code))) {
            return false;
        }
        if (!this.isBusyWith(code)) {
            this.readAmongProducts(code, addProduct);
        }
        return true;
    }

    /**
     * @param {string} scanned
     * @param {(code: string) => void} charge
     * @returns {boolean}
     */
    onPaymentScreen(scanned, charge) {
        const { code } = readPaymentCode(scanned);
        if (code && !this.isBusyWith(code)) {
            const obstacle = this.openDialog() || this.obstacle(this.pos.getOrder());
            if (obstacle) {
                this.tell(obstacle, code);
            } else {
                this.remember(code);
                charge(code);
            }
        }
        return Boolean(code);
    }

    /** @returns {boolean} */
    onOtherScreen(scanned) {
        const { code } = readPaymentCode(scanned);
        const isOfOdoo = SCREENS_OF_ODOO.includes(this.pos.router.state.current);
        if (!code || isOfOdoo || this.hasRuleOfTheShop(code)) {
            return false;
        }
        if (!this.isBusyWith(code)) {
            this.tell(
                this.pos.getOrder()?.finalized
                    ? _t("This scan charged nothing: the order is paid. Start the next order.")
                    : _t("This scan charged nothing: open the order first, then scan again."),
                code
            );
        }
        return true;
    }

    // ---- From the products to the payment screen ---- //

    async readAmongProducts(code, addProduct) {
        this.reading = true;
        try {
            const order = this.pos.getOrder();
            const step = await this.nextStep(order, code);
            if (step && !this.isAmongProducts(order)) {
                this.tell(_t("This scan charged nothing: the order was left. Scan again."));
            } else if (step === "product") {
                await addProduct(code);
            } else if (step === "charge") {
                await this.goToPayment(order, code);
            }
        } finally {
            this.reading = false;
        }
    }

    /** @returns {Promise<"product"|"charge"|undefined>} undefined: the cashier was told why */
    async nextStep(order, code) {
        if (this.openDialog()) {
            return this.tell(this.openDialog(), code);
        }
        this.remember(code);
        // What was said of an earlier scan is not about this one.
        this.closeNotice?.();
        let product;
        try {
            product = this.findProduct(code) || (await this.fetchProduct(code));
        } catch (error) {
            if (!(error instanceof ConnectionLostError)) {
                throw error;
            }
            return this.tell(
                _t(
                    "This scan charged nothing: the shop's server does not answer. " +
                        "Scan again in a moment."
                )
            );
        }
        if (this.openDialog()) {
            return this.tell(this.openDialog());
        }
        const obstacle = this.isSwitchedOff() || this.obstacle(order);
        if (product) {
            return obstacle ? "product" : this.ask(product, order);
        }
        return obstacle ? this.tell(obstacle) : "charge";
    }

    /** The code is the barcode of a product as well: only a person can tell which it is. */
    ask(product, order) {
        const amount = this.pos.env.utils.formatCurrency(order.remainingDue);
        return new Promise((resolve) => {
            this.pos.dialog.add(
                ConfirmationDialog,
                {
                    title: _t("Product or payment?"),
                    body: _t(
                        "The scanned code is the barcode of “%s”. It could also be the payment " +
                            "code of a customer.",
                        product.display_name
                    ),
                    confirmLabel: _t("Add the product"),
                    confirm: () => resolve("product"),
                    cancelLabel: _t("Charge %s with WeChat Pay", amount),
                    cancel: () => resolve("charge"),
                    dismiss: () => resolve(),
                },
                { onClose: () => resolve() }
            );
        });
    }

    /** Odoo's own way to payment, with all that it may ask; the payment screen takes the code. */
    async goToPayment(order, code) {
        // What was true when the cashier was asked may have changed.
        const obstacle = this.obstacle(order);
        if (obstacle) {
            return this.tell(obstacle);
        }
        this.handedOver = { code, orderUuid: order.uuid };
        try {
            await this.pos.pay();
        } finally {
            if (this.pos.isOnPaymentScreen(order)) {
                this.remember(code);
            } else {
                this.handedOver = null;
                this.tell(_t("This scan charged nothing: the order did not go to payment."));
            }
        }
    }

    /** @returns {string} the code scanned among the products for this order, once, or "" */
    takeOver(order) {
        const { code, orderUuid } = this.handedOver || {};
        this.handedOver = null;
        return orderUuid === order.uuid ? code : "";
    }

    // ---- What stands in the way ---- //

    isAmongProducts(order) {
        const isThere = this.pos.router.state.current === "ProductScreen";
        return isThere && this.pos.getOrder()?.uuid === order?.uuid;
    }

    isSwitchedOff() {
        return this.method && !this.pos.config.wechat_scan_anytime
            ? _t(
                  "This scan charged nothing: press Payment and choose the payment method first, " +
                      "then scan."
              )
            : "";
    }

    openDialog() {
        const overlays = Object.values(this.pos.env.services.overlay.overlays);
        return overlays.some((overlay) => overlay.props?.subComponent)
            ? _t("This scan charged nothing: close the open window first, then scan again.")
            : "";
    }

    /** A line of the order that can take a code as it is. */
    waitingLine(order) {
        return order.payment_ids.find(
            (line) =>
                line.payment_method_id.id === this.method?.id &&
                ["pending", "retry"].includes(line.getPaymentStatus())
        );
    }

    /** @returns {string} why the order cannot be charged now, or "" */
    obstacle(order) {
        if (!this.method) {
            return _t(
                "This scan charged nothing: Wechat Micropay is not a payment method of this shop."
            );
        }
        if (this.pos.session.state !== "opened") {
            return _t("This scan charged nothing: the register is not open.");
        }
        if (!order?.lines.length) {
            return _t("This scan charged nothing: the order is empty.");
        }
        if (order.isRefund) {
            return _t(
                "This scan charged nothing: this is a refund. Press Payment and choose how the " +
                    "money goes back."
            );
        }
        if (order.finalized || order.remainingDue <= 0) {
            return _t("This scan charged nothing: nothing is left to pay.");
        }
        if (order.payment_ids.some((line) => line.isWechatLive())) {
            return _t(
                "This scan charged nothing: a WeChat payment of this order is under way. " +
                    "Wait for its end."
            );
        }
        const isBlocked = !this.waitingLine(order) && order.electronicPaymentInProgress();
        if (isBlocked || this.pos.paymentTerminalInProgress) {
            return _t("This scan charged nothing: another payment is under way.");
        }
        return "";
    }

    // ---- Whose code it is ---- //

    findProduct(code) {
        const { models } = this.pos;
        const packaging = models["product.uom"].getBy("barcode", code);
        return models["product.product"].getBy("barcode", code) || packaging?.product_id;
    }

    /** As Odoo does with a barcode that the till does not know, without telling it the code. */
    async fetchProduct(code) {
        const barcodes = await withinTime(
            this.pos.data.call("product.template", "wechat_barcodes", [
                code.slice(0, KNOWN_DIGITS),
            ])
        );
        const [, templateId] = barcodes.find(([barcode]) => barcode === code) || [];
        if (templateId) {
            await withinTime(this.pos.loadNewProducts([["id", "in", [templateId]]]));
        }
        return this.findProduct(code);
    }

    /**
     * The shop's nomenclature gives the code a meaning of its own: a customer's card, a discount.
     * Odoo's parser is not asked: it finds a pattern like "043|044" anywhere in the first digits.
     */
    hasRuleOfTheShop(code) {
        const { nomenclature } = this.pos.barcodeReader.parser;
        return (
            !nomenclature.is_gs1_nomenclature &&
            nomenclature.rules.some(
                ({ type, encoding, pattern }) =>
                    RULES_OF_A_TILL.includes(type) &&
                    encoding === "any" &&
                    new RegExp(`^(?:${withDigits(pattern)})`).test(code)
            )
        );
    }

    // ---- The same scan twice ---- //

    /**
     * A scanner may trigger twice, a camera sees the code for as long as it is held: the first one
     * is at work. Another code has to wait.
     */
    isBusyWith(code) {
        const isBusy = this.reading || Boolean(this.handedOver);
        if (isBusy) {
            this.tell(_t("This scan charged nothing: another code is being read."), code);
        }
        return isBusy;
    }

    remember(code) {
        browser.clearTimeout(this.timer);
        this.lastCode = code;
        this.timer = browser.setTimeout(() => {
            if (this.reading) {
                this.remember(code);
            } else {
                this.lastCode = null;
                this.handedOver = null;
            }
        }, SAME_SCAN_MS);
    }

    /**
     * @param {string} sentence
     * @param {string} [code] - nothing is said about a code that is at work already; without it,
     * the scan is over and the same code may be scanned again
     */
    tell(sentence, code) {
        if (code && code === this.lastCode) {
            return;
        }
        if (!code) {
            this.lastCode = null;
        }
        this.closeNotice?.();
        this.closeNotice = this.pos.notification.add(sentence, { type: "warning" });
        this.pos.sound.play("error");
    }
}

/** The digits of an amount or a weight, {NNDDD}, as what a code has in their place. */
function withDigits(pattern) {
    return pattern.replace(/\{([ND]*)\}/g, (whole, places) => "\\d".repeat(places.length));
}

/** A call that hangs has no answer. */
function withinTime(promise) {
    let timer;
    const limit = new Promise((resolve, reject) => {
        timer = browser.setTimeout(() => reject(new ConnectionLostError()), ANSWER_TIMEOUT_MS);
    });
    return Promise.race([promise, limit]).finally(() => browser.clearTimeout(timer));
}
