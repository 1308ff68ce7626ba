import { beforeEach, describe, destroy, expect, test } from "@odoo/hoot";
import { click, queryAllTexts, waitFor } from "@odoo/hoot-dom";
import { mountWithCleanup } from "@web/../tests/web_test_helpers";
import { BarcodeReader } from "@point_of_sale/app/services/barcode_reader_service";
import { ProductScreen } from "@point_of_sale/app/screens/product_screen/product_screen";
import { CODE, defineShop, openTill, pass, told } from "@wechat/../tests/unit/wechat_till";

const PRODUCT = "test_test";

defineShop();

let till, reader;
beforeEach(async () => {
    till = await openTill();
    reader = till.store.barcodeReader;
});

describe("a reader", () => {
    function handle(name, isOurs) {
        return reader.registerRaw((code) => {
            expect.step(`${name}: ${code}`);
            return isOurs;
        });
    }

    test("asks the latest handler first, until one takes the code", async () => {
        reader.register({ product: () => expect.step("Odoo") });
        handle("first", true);
        handle("second", false);
        handle("third", false);
        await reader.scan(CODE);
        expect.verifySteps([`third: ${CODE}`, `second: ${CODE}`, `first: ${CODE}`]);
        expect(told()).toEqual([]);
    });

    test("gives Odoo what no handler takes, read as ever", async () => {
        reader.register({ product: ({ base_code }) => expect.step(`Odoo: ${base_code}`) });
        handle("ours", false);
        await reader.scan(PRODUCT);
        expect.verifySteps([`ours: ${PRODUCT}`, `Odoo: ${PRODUCT}`]);
    });

    test("asks nobody about an empty scan", async () => {
        handle("ours", true);
        await reader.scan("");
        await reader.scan(undefined);
        expect.verifySteps([]);
    });

    test("forgets a handler that was taken away, and only that one", async () => {
        handle("stays", true);
        const forget = handle("goes", true);
        forget();
        forget();
        await reader.scan(CODE);
        expect.verifySteps([`stays: ${CODE}`]);
    });

    test("has handlers of its own, beside those of Odoo", async () => {
        const other = new BarcodeReader(reader.parser, till.store.env.services);
        handle("ours", true);
        other.register({ product: () => expect.step("Odoo") });
        await other.scan(CODE);
        expect.verifySteps(["Odoo"]);
    });

    test("tells where nothing can be paid that nothing was charged", async () => {
        till.goTo("TicketScreen");
        await reader.scan(CODE);
        await pass();
        expect(told()[0]).toInclude("This scan charged nothing");
        expect(document.body.textContent).not.toInclude(CODE);
    });
});

describe("among the products", () => {
    async function openProducts() {
        till.goTo("ProductScreen");
        const props = { orderUuid: till.order.uuid };
        const screen = await mountWithCleanup(ProductScreen, { props });
        await pass();
        return screen;
    }

    test("a payment code takes the order to payment", async () => {
        const screen = await openProducts();
        expect(screen.onRawScan(CODE)).toBe(true);
        await pass();
        expect(till.store.isOnPaymentScreen(till.order)).toBe(true);
        expect(till.store.wechatScan.takeOver(till.order)).toBe(CODE);
    });

    test("a payment code of the reader is the screen's, and not Odoo's", async () => {
        await openProducts();
        const { length } = till.order.lines;
        await reader.scan(CODE);
        await pass();
        expect(till.store.isOnPaymentScreen(till.order)).toBe(true);
        expect(till.order.lines.length).toBe(length);
        expect(told()).toEqual([]);
    });

    test("a product is added by Odoo", async () => {
        const screen = await openProducts();
        expect(screen.onRawScan(PRODUCT)).toBe(false);
        const quantity = till.order.lines[0].qty;
        await reader.scan(PRODUCT);
        await pass();
        expect(till.order.lines[0].qty).toBe(quantity + 1);
        expect(till.store.router.state.current).toBe("ProductScreen");
    });

    test("a product that looks like a payment code is added when the cashier says so", async () => {
        await openProducts();
        const [line] = till.order.lines;
        line.product_id.barcode = CODE;
        const quantity = line.qty;
        await reader.scan(CODE);
        await waitFor(".modal:contains(Product or payment?)");
        expect(queryAllTexts(".modal .btn-primary")).toEqual(["Add the product"]);
        await click(".modal .btn-primary");
        await pass();
        expect(line.qty).toBe(quantity + 1);
        expect(till.store.router.state.current).toBe("ProductScreen");
    });

    test("a screen that was left reads nothing any more", async () => {
        destroy(await openProducts());
        await reader.scan(CODE);
        await pass();
        expect(till.store.router.state.current).toBe("ProductScreen");
        expect(told()[0]).toInclude("This scan charged nothing");
    });
});
