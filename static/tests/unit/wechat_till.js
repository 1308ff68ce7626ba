import { after, beforeEach, describe } from "@odoo/hoot";
import { animationFrame, queryAllTexts } from "@odoo/hoot-dom";
import { advanceTime } from "@odoo/hoot-mock";
import {
    allowTranslations,
    makeServerError,
    mountWithCleanup,
    onRpc,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import { MainComponentsContainer } from "@web/core/main_components_container";
import { session } from "@web/session";
import { PaymentInterface } from "@point_of_sale/app/utils/payment/payment_interface";
import { PaymentScreen } from "@point_of_sale/app/screens/payment_screen/payment_screen";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { PosConfig } from "@point_of_sale/../tests/unit/data/pos_config.data";
import { PosPaymentMethod } from "@point_of_sale/../tests/unit/data/pos_payment_method.data";
import { getFilledOrder, setupPosEnv } from "@point_of_sale/../tests/unit/utils";

export const CODE = "134579302432164181";

const IDS = { cash: 1, card: 2, native: 76, micropay: 77 };

const METHODS = ["native", "micropay"].map((way) => ({
    id: IDS[way],
    name: `Wechat ${way}`,
    is_cash_count: false,
    use_payment_terminal: `wechat_${way}`,
    split_transactions: false,
    type: "bank",
    image: false,
    sequence: 9,
    payment_method_type: "terminal",
    default_qr: false,
}));

/** For the top of a test file: the shop of the point of sale, with both WeChat methods. */
export function defineShop() {
    describe.current.tags("desktop");
    definePosModels();
    beforeEach(() => {
        allowTranslations();
        const config = PosConfig._records[0];
        const { payment_method_ids: methodIds } = config;
        PosPaymentMethod._records.push(...METHODS);
        config.payment_method_ids = [...methodIds, IDS.native, IDS.micropay];
        config.wechat_scan_anytime = true;
        // The records are shared with the tests of the point of sale.
        after(() => {
            PosPaymentMethod._records.splice(-METHODS.length);
            config.payment_method_ids = methodIds;
            delete config.wechat_scan_anytime;
        });
    });
}

/** What the shop's server says of its only payment, and what it was asked. */
class Server {
    /** WeChat's side of the payment; null: the server has never heard of it. */
    phase = null;
    /** `done` for money that is there, whatever becomes of it. */
    state = "pending";
    /** What becomes of it when it is sent, and when it is cancelled. */
    whenSent = "asking";
    whenCancelled = "failed";
    /** What it says instead of an answer. */
    refusal = "";
    /** Nothing comes back at all. */
    isDown = false;
    calls = [];
    codes = [];
    amounts = [];
    /** The most that one payment can give back; 0: all that is asked. */
    mostBack = 0;
    /** Until a refund that waits is sent. */
    secondsLeft = 0;

    constructor() {
        for (const name of ["prepare", "submit", "poll", "cancel"]) {
            onRpc("pos.payment.method", `wechat_${name}`, ({ args: [, uuid, ...others] }) =>
                this.answer(name, uuid, others)
            );
        }
    }

    /** What it was asked since the last time. */
    takeCalls() {
        return this.calls.splice(0);
    }

    answer(name, uuid, others) {
        this.calls.push(name);
        if (this.isDown) {
            return new Response("", { status: 502 });
        }
        if (this.refusal) {
            throw makeServerError({ message: this.refusal });
        }
        this[name]?.(...others);
        return {
            found: this.phase !== null,
            payment_uuid: uuid,
            amount: this.amounts.at(-1) ?? this.amountOf(uuid),
            number: "N1",
            phase: this.phase || "new",
            state: this.state,
            paid: this.phase === "paid",
            free: ["failed", "withdrawn"].includes(this.phase),
            sentence: `The server says ${this.phase}.`,
            tone: "info",
            code_url: this.phase === "show_qr" ? "weixin://wxpay/bizpayurl?pr=1" : "",
            transaction_id: this.phase === "paid" ? "4200000001" : "",
            receipt: this.phase === "paid" ? "Paid with WeChat Pay" : "",
            retry_in: 2,
            seconds_left: this.secondsLeft,
            mode: "simulator",
        };
    }

    prepare(amount) {
        this.amounts.push(this.mostBack ? Math.max(amount, -this.mostBack) : amount);
        this.phase = "new";
    }

    submit(number, code) {
        this.codes.push(code);
        this.phase = this.whenSent;
    }

    cancel() {
        this.phase = this.whenCancelled;
    }
}

/** A terminal of another make: it says yes to everything. */
class OtherTerminal extends PaymentInterface {
    async sendPaymentRequest() {
        return true;
    }

    async sendPaymentCancel() {
        return true;
    }
}

/** A till with an order to pay; all of it is real but the server. */
class Till {
    constructor(store, order, server) {
        Object.assign(this, { store, order, server });
        // What began before the page was loaded is for the amount of its line.
        server.amountOf = (uuid) =>
            store.models["pos.payment"].getBy("uuid", uuid)?.getAmount() || 0;
    }

    /** @param {"cash"|"card"|"native"|"micropay"} name */
    method(name) {
        return this.store.models["pos.payment.method"].get(IDS[name]);
    }

    terminal(name) {
        return this.method(name).payment_terminal;
    }

    attemptOf(line) {
        return this.store.wechatAttempts.get(line.uuid);
    }

    /** A line as a press on its method makes it. */
    addLineAsOdoo(name) {
        const { status, data } = this.order.addPaymentline(this.method(name));
        return status && data;
    }

    /** A line as it is found after a reload, when it has this status. */
    addLine(name, status, order = this.order) {
        const line = order.addPaymentline(this.method(name)).data;
        line.setPaymentStatus(status);
        return line;
    }

    goTo(screen, order = this.order) {
        this.store.navigate(screen, { orderUuid: order.uuid });
    }

    async openPayment() {
        this.goTo("PaymentScreen");
        const screen = await mountWithCleanup(PaymentScreen, {
            props: { orderUuid: this.order.uuid },
        });
        await pass();
        return screen;
    }

    /** Customers bring back what they bought. */
    makeRefund() {
        this.order.is_refund = true;
        for (const line of this.order.lines) {
            line.setQuantity(-line.qty);
        }
    }
}

export async function openTill() {
    patchWithCleanup(session, { nomenclature_id: 1 });
    onRpc("barcode.nomenclature", "read", () => [
        { id: 1, name: "Shop", upc_ean_conv: "always", is_gs1_nomenclature: false },
    ]);
    onRpc("barcode.rule", "search_read", () => [
        { id: 1, type: "product", encoding: "any", pattern: ".*", alias: "0", sequence: 9 },
    ]);
    onRpc("product.template", "wechat_barcodes", () => []);
    const server = new Server();
    const store = await setupPosEnv();
    // The router reads the address of the page, and a test has none that it could change.
    store.router.navigate = (current, params = {}) =>
        Object.assign(store.router.state, { current, params });
    store.session.state = "opened";
    await mountWithCleanup(MainComponentsContainer);
    const order = await getFilledOrder(store);
    store.setOrder(order);
    const till = new Till(store, order, server);
    const card = till.method("card");
    card.use_payment_terminal = "other";
    card.payment_terminal = new OtherTerminal(store, card);
    return till;
}

/** Let time pass, and everything happen that it sets going. */
export async function pass(milliseconds = 10) {
    await advanceTime(milliseconds);
    await animationFrame();
    await advanceTime(0);
    await animationFrame();
}

export const told = () => queryAllTexts(".o_notification_content");
