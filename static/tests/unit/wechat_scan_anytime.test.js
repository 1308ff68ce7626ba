import { after, beforeEach, describe, expect, test } from "@odoo/hoot";
import { animationFrame, click, queryAllTexts, waitFor } from "@odoo/hoot-dom";
import { advanceTime, Deferred } from "@odoo/hoot-mock";
import {
    allowTranslations,
    getService,
    mountWithCleanup,
    onRpc,
} from "@web/../tests/web_test_helpers";
import { MainComponentsContainer } from "@web/core/main_components_container";
import { ConnectionLostError } from "@web/core/network/rpc";
import { BarcodeParser } from "@barcodes/js/barcode_parser";
import { BarcodeReader } from "@point_of_sale/app/services/barcode_reader_service";
import { AlertDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { PosConfig } from "@point_of_sale/../tests/unit/data/pos_config.data";
import { PosPaymentMethod } from "@point_of_sale/../tests/unit/data/pos_payment_method.data";
import { getFilledOrder, setupPosEnv } from "@point_of_sale/../tests/unit/utils";

const CODE = "134579302432164181";
const OTHER_CODE = "134579302432164199";
const MICROPAY = 77;

const METHOD = {
    id: MICROPAY,
    name: "Wechat Micropay",
    is_cash_count: false,
    use_payment_terminal: "wechat_micropay",
    split_transactions: false,
    type: "bank",
    image: false,
    sequence: 9,
    payment_method_type: "terminal",
    default_qr: false,
};

describe.current.tags("desktop");
definePosModels();
beforeEach(() => {
    allowTranslations();
    const config = PosConfig._records[0];
    const { payment_method_ids: methodIds } = config;
    PosPaymentMethod._records.push(METHOD);
    config.payment_method_ids = [...methodIds, MICROPAY];
    config.wechat_scan_anytime = true;
    // The records are shared with the tests of the point of sale.
    after(() => {
        PosPaymentMethod._records.splice(PosPaymentMethod._records.indexOf(METHOD), 1);
        config.payment_method_ids = methodIds;
        delete config.wechat_scan_anytime;
    });
});

/** A reader that knows two rules of the shop: cards of customers begin with 15, coupons with 04. */
function giveReader(store) {
    const rules = [
        { type: "client", encoding: "any", pattern: "15", alias: "0", sequence: 1, id: 1 },
        { type: "coupon", encoding: "any", pattern: "043|044", alias: "0", sequence: 2, id: 3 },
        { type: "lot", encoding: "any", pattern: "13", alias: "0", sequence: 3, id: 4 },
        { type: "product", encoding: "any", pattern: ".*", alias: "0", sequence: 9, id: 2 },
    ];
    const parser = new BarcodeParser({
        nomenclature: { rules, upc_ean_conv: "always", is_gs1_nomenclature: false },
    });
    store.barcodeReader = new BarcodeReader(parser, store.env.services);
}

/** A till among the products, whose server knows these barcodes. */
async function openTill({ barcodes = [] } = {}) {
    onRpc("product.template", "wechat_barcodes", ({ args: [prefix] }) => {
        expect.step(`server: ${prefix}`);
        return barcodes;
    });
    const store = await setupPosEnv();
    giveReader(store);
    // The router reads the address of the page, and a test has none that it could change.
    store.router.navigate = (current, params = {}) =>
        Object.assign(store.router.state, { current, params });
    store.session.state = "opened";
    await mountWithCleanup(MainComponentsContainer);
    const order = await getFilledOrder(store);
    store.setOrder(order);
    store.navigate("ProductScreen", { orderUuid: order.uuid });
    return { store, order, scan: store.wechatScan };
}

/** Scan among the products; resolves when everything is done that the scan set going. */
async function scanProduct({ scan }, code) {
    const isOurs = scan.onProductScreen(code, async (barcode) => expect.step(`add ${barcode}`));
    await advanceTime(10);
    await animationFrame();
    return isOurs;
}

const told = () => queryAllTexts(".o_notification_content");

async function expectTold(till, sentence) {
    await animationFrame();
    const texts = told();
    expect(texts.length).toBe(1);
    expect(texts[0]).toInclude(sentence);
    expect(document.body.textContent).not.toInclude(CODE);
    expect(till.store.router.state.current).not.toBe("PaymentScreen");
    expect(till.scan.takeOver(till.order)).toBe("");
    expect(till.order.payment_ids.length).toBe(0);
}

describe("a payment code among the products", () => {
    test("takes the order to payment, which takes it over once", async () => {
        const till = await openTill();
        expect(await scanProduct(till, CODE)).toBe(true);
        // The server is asked for a product, and never told the code.
        expect.verifySteps([`server: ${CODE.slice(0, 6)}`]);
        expect(till.store.isOnPaymentScreen(till.order)).toBe(true);
        expect(told()).toEqual([]);
        expect(till.scan.takeOver(till.order)).toBe(CODE);
        expect(till.scan.takeOver(till.order)).toBe("");
    });

    test("is taken over for no other order, and not for long", async () => {
        const till = await openTill();
        await scanProduct(till, CODE);
        expect(till.scan.takeOver({ uuid: "another" })).toBe("");
        expect(till.scan.takeOver(till.order)).toBe("");

        till.store.navigate("ProductScreen", { orderUuid: till.order.uuid });
        await scanProduct(till, CODE);
        await advanceTime(6000);
        expect(till.scan.takeOver(till.order)).toBe("");
        expect(till.scan.lastCode).toBe(null);
        expect.verifySteps(Array(2).fill(`server: ${CODE.slice(0, 6)}`));
    });

    test("is told why it is not charged", async () => {
        const till = await openTill();
        const { store, order } = till;
        const obstacles = [
            ["choose the payment method first", () => (store.config.wechat_scan_anytime = false)],
            ["register is not open", () => (store.session.state = "opening_control")],
            ["this is a refund", () => (order.is_refund = true)],
            ["another payment is under way", () => (store.paymentTerminalInProgress = true)],
        ];
        const undo = () => {
            store.config.wechat_scan_anytime = true;
            store.session.state = "opened";
            order.is_refund = false;
            store.paymentTerminalInProgress = false;
        };
        for (const [sentence, arrange] of obstacles) {
            arrange();
            expect(await scanProduct(till, CODE)).toBe(true);
            await expectTold(till, sentence);
            undo();
        }
        for (const line of [...order.lines]) {
            line.setQuantity(-1);
        }
        await scanProduct(till, CODE);
        await expectTold(till, "nothing is left to pay");
        for (const line of [...order.lines]) {
            order.removeOrderline(line);
        }
        await scanProduct(till, CODE);
        await expectTold(till, "the order is empty");
        expect.verifySteps(Array(6).fill(`server: ${CODE.slice(0, 6)}`));
    });

    test("is told so in a shop without the method", async () => {
        const till = await openTill();
        till.store.config.payment_method_ids = till.store.config.payment_method_ids.filter(
            (pm) => pm.id !== MICROPAY
        );
        await scanProduct(till, CODE);
        await expectTold(till, "not a payment method of this shop");
        expect.verifySteps([`server: ${CODE.slice(0, 6)}`]);
    });

    test("waits for an open dialog to be closed", async () => {
        const till = await openTill();
        const close = getService("dialog").add(AlertDialog, { body: "Something else" });
        await waitFor(".modal");
        await scanProduct(till, CODE);
        await expectTold(till, "close the open window first");
        close();
        await animationFrame();
        await scanProduct(till, CODE);
        expect(till.store.isOnPaymentScreen(till.order)).toBe(true);
        expect.verifySteps([`server: ${CODE.slice(0, 6)}`]);
    });

    test("is not charged while the shop's server does not answer", async () => {
        const till = await openTill();
        till.store.data.call = () => Promise.reject(new ConnectionLostError("/web"));
        await scanProduct(till, CODE);
        await expectTold(till, "server does not answer");
        // A call that hangs: the notification above closes itself meanwhile.
        till.store.data.call = () => new Deferred();
        await scanProduct(till, CODE);
        await advanceTime(9000);
        expect(told()).toEqual([]);
        await advanceTime(1000);
        await expectTold(till, "server does not answer");
    });

    test("is charged once, however often it is scanned, and no other with it", async () => {
        const till = await openTill();
        const answer = new Deferred();
        till.store.data.call = () => answer;
        expect(await scanProduct(till, CODE)).toBe(true);
        expect(await scanProduct(till, CODE)).toBe(true);
        expect(told()).toEqual([]);
        expect(await scanProduct(till, OTHER_CODE)).toBe(true);
        expect(told()[0]).toInclude("another code is being read");
        answer.resolve([]);
        await advanceTime(10);
        // Payment is about to open: it is too early for the next scan here, too.
        expect(await scanProduct(till, CODE)).toBe(true);
        expect(await scanProduct(till, OTHER_CODE)).toBe(true);
        expect(till.scan.takeOver(till.order)).toBe(CODE);
    });

    test("is dropped when the cashier left the order meanwhile", async () => {
        const till = await openTill();
        const answer = new Deferred();
        till.store.data.call = () => answer;
        await scanProduct(till, CODE);
        till.store.setOrder(await getFilledOrder(till.store));
        answer.resolve([]);
        await advanceTime(10);
        await expectTold(till, "the order was left");
    });

    test("is dropped when the order does not go to payment", async () => {
        const till = await openTill();
        till.store.pay = async () => {};
        await scanProduct(till, CODE);
        await expectTold(till, "did not go to payment");
        expect.verifySteps([`server: ${CODE.slice(0, 6)}`]);
    });
});

describe("the barcode of a product", () => {
    const question = ".modal:contains(Product or payment?)";

    function makeProduct(till) {
        const product = till.store.models["product.product"].getFirst();
        product.barcode = CODE;
        return product;
    }

    test("is asked about: the product", async () => {
        const till = await openTill();
        const product = makeProduct(till);
        await scanProduct(till, CODE);
        await waitFor(question);
        expect(`${question} .modal-body`).toHaveText(new RegExp(product.display_name));
        // The scanner triggers once more.
        await scanProduct(till, CODE);
        await click(`${question} .btn-primary`);
        await animationFrame();
        expect.verifySteps([`add ${CODE}`]);
        await expectNothing(till);
    });

    test("is asked about: the payment", async () => {
        const till = await openTill();
        makeProduct(till);
        await scanProduct(till, CODE);
        await waitFor(question);
        const amount = till.store.env.utils.formatCurrency(till.order.remainingDue);
        const [label] = queryAllTexts(`${question} .modal-footer .btn-secondary`);
        expect(label).toInclude(amount.replace("\u00a0", " "));
        await click(`${question} .modal-footer .btn-secondary`);
        await advanceTime(10);
        expect(till.scan.takeOver(till.order)).toBe(CODE);
    });

    test("is asked about: neither", async () => {
        const till = await openTill();
        makeProduct(till);
        await scanProduct(till, CODE);
        await waitFor(question);
        await click(`${question} .btn-close`);
        await animationFrame();
        await expectNothing(till);
    });

    test("is a product when nothing can be charged", async () => {
        const till = await openTill();
        makeProduct(till);
        till.order.is_refund = true;
        await scanProduct(till, CODE);
        expect.verifySteps([`add ${CODE}`]);
        await expectNothing(till);
    });

    test("is left to Odoo where scanning at any time is switched off", async () => {
        const till = await openTill();
        makeProduct(till);
        till.store.config.wechat_scan_anytime = false;
        expect(await scanProduct(till, CODE)).toBe(false);
        await expectNothing(till);
    });

    async function expectNothing(till) {
        expect(till.store.router.state.current).toBe("ProductScreen");
        expect(told()).toEqual([]);
        expect(till.scan.takeOver(till.order)).toBe("");
    }
});

describe("a code of another kind", () => {
    test("is left to Odoo", async () => {
        const till = await openTill();
        for (const code of ["281234567890123456", "2300002000007", "1345", ""]) {
            expect(await scanProduct(till, code)).toBe(false);
            expect(till.scan.onPaymentScreen(code)).toBe(false);
            expect(till.scan.onOtherScreen(code)).toBe(false);
        }
    });

    test("is a card of the shop where scanning at any time is switched off", async () => {
        const till = await openTill();
        till.store.config.wechat_scan_anytime = false;
        expect(await scanProduct(till, "154579302432164181")).toBe(false);
        // The coupon's digits are in it, but not in front.
        expect(await scanProduct(till, "130439302432164181")).toBe(true);
        await expectTold(till, "choose the payment method first");
        expect.verifySteps(["server: 130439"]);
    });
});

test("on other screens a payment code is charged to nobody", async () => {
    const till = await openTill();
    till.store.navigate("TicketScreen");
    expect(till.scan.onOtherScreen(CODE)).toBe(true);
    await expectTold(till, "open the order first");
    till.store.navigate("LoginScreen");
    expect(till.scan.onOtherScreen(CODE)).toBe(false);
});

test("on the payment screen it is charged, switched on or off", async () => {
    const till = await openTill();
    till.store.config.wechat_scan_anytime = false;
    expect(till.scan.onPaymentScreen(CODE, (code) => expect.step(code))).toBe(true);
    expect.verifySteps([CODE]);
    till.order.is_refund = true;
    expect(till.scan.onPaymentScreen(OTHER_CODE, (code) => expect.step(code))).toBe(true);
    await expectTold(till, "this is a refund");
});
