import { beforeEach, describe, expect, test } from "@odoo/hoot";
import { advanceTime, animationFrame } from "@odoo/hoot-mock";
import { Component, useState, xml } from "@odoo/owl";
import { mountWithCleanup } from "@web/../tests/web_test_helpers";
import { getFilledOrder, setupPosEnv } from "@point_of_sale/../tests/unit/utils";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { CustomerDisplayPosAdapter } from "@point_of_sale/app/customer_display/customer_display_adapter";
import {
    hideFromDisplay,
    showOnDisplay,
    thankOnDisplay,
} from "@wechat/app/customer_display/wechat_display";
import { WechatPanel } from "@wechat/customer_display/wechat_panel";

const SHOWN = { amount: "¥ 1.98", shop: "Clothes Shop", mode: "simulator" };
const SCAN = { ...SHOWN, state: "scan", qrCode: "data:image/png;base64,iVBORw0KGgo=" };

definePosModels();

describe("what the till tells", () => {
    let store, order, line;

    beforeEach(async () => {
        store = await setupPosEnv();
        order = await getFilledOrder(store);
        line = order.addPaymentline(store.models["pos.payment.method"].getFirst()).data;
        goTo("PaymentScreen");
    });

    /** The router reads the address of the page, which is the one of the tests. */
    function goTo(screen) {
        store.router.state.current = screen;
    }

    /** What reaches the display: Odoo sends it as JSON, which leaves out what is undefined. */
    async function told() {
        const channel = new BroadcastChannel("UPDATE_CUSTOMER_DISPLAY");
        const message = new Promise((resolve) => {
            channel.onmessage = ({ data }) => resolve(data);
        });
        const adapter = new CustomerDisplayPosAdapter();
        adapter.formatOrderData(store.getOrder());
        adapter.dispatch(store);
        const { wechatPayment, ...others } = await message;
        channel.close();
        expect(others).toInclude("qrPaymentData");
        return wechatPayment;
    }

    test("the selected line, with its time", async () => {
        expect(await told()).toBe(null);
        showOnDisplay(line, SCAN, 30);
        expect(await told()).toEqual({ ...SCAN, seconds: 30 });
        await advanceTime(10000);
        expect(await told()).toEqual({ ...SCAN, seconds: 20 });
        await advanceTime(20000);
        expect(await told()).toBe(null);
    });

    test("a long time is told in short ones", async () => {
        showOnDisplay(line, SCAN, 7200);
        expect((await told()).seconds).toBe(45);
        showOnDisplay(line, SCAN);
        expect((await told()).seconds).toBe(45);
    });

    test("no other line, order or screen", async () => {
        showOnDisplay(line, SCAN);
        order.selectPaymentline(undefined);
        expect(await told()).toBe(null);
        order.selectPaymentline(line);
        expect(await told()).not.toBe(null);
        goTo("ProductScreen");
        expect(await told()).toBe(null);
        store.addNewOrder();
        goTo("PaymentScreen");
        expect(await told()).toBe(null);
    });

    test("hidden is what was shown, not what came after it", async () => {
        showOnDisplay(line, SCAN);
        hideFromDisplay(line, "confirm");
        expect((await told()).state).toBe("scan");
        thankOnDisplay(line, SHOWN);
        hideFromDisplay(line, "scan");
        expect((await told()).state).toBe("paid");
        goTo("ReceiptScreen");
        expect((await told()).state).toBe("paid");
        await advanceTime(8000);
        expect(await told()).toBe(null);
        expect(line.wechatDisplay).toBe(null);
    });
});

describe("what the display shows", () => {
    beforeEach(setupPosEnv);

    class Display extends Component {
        static template = xml`
            <WechatPanel t-if="order.wechatPayment" payment="order.wechatPayment"
                forget="() => order.wechatPayment = null"/>`;
        static components = { WechatPanel };
        static props = ["order"];

        setup() {
            this.order = useState(this.props.order);
        }
    }

    async function display(wechatPayment) {
        const { order } = await mountWithCleanup(Display, { props: { order: { wechatPayment } } });
        return order;
    }

    test("the code, the amount, the shop and that it is a simulation", async () => {
        await display({ ...SCAN, seconds: 30 });
        expect(".wechat-panel img").toHaveCount(1);
        expect(".wechat-panel-amount").toHaveText("¥ 1.98");
        expect(".wechat-panel-shop").toHaveText("Clothes Shop");
        expect(".wechat-panel-mode").toHaveText("Simulator – no real money");
    });

    test("no mark where real money moves", async () => {
        await display({ ...SCAN, mode: "", seconds: 30 });
        expect(".wechat-panel-mode").toHaveCount(0);
    });

    test("one thing at a time", async () => {
        const order = await display({ ...SHOWN, state: "confirm", seconds: 30 });
        expect(".wechat-panel-sentence").toHaveText("Please confirm the payment on your phone");
        order.wechatPayment = { ...SHOWN, state: "paid", seconds: 8 };
        await animationFrame();
        expect(".wechat-panel-sentence").toHaveText("Paid. Thank you!");
        expect(".wechat-panel img").toHaveCount(0);
        expect(".wechat-panel .fa-check-circle").toHaveCount(1);
    });

    test("a till that falls silent leaves no code behind", async () => {
        const order = await display({ ...SCAN, seconds: 45 });
        await advanceTime(40000);
        // The till is alive: it says so again, and the time begins anew.
        order.wechatPayment = { ...SCAN, seconds: 45 };
        await animationFrame();
        await advanceTime(40000);
        expect(".wechat-panel").toHaveCount(1);
        await advanceTime(5000);
        await animationFrame();
        expect(".wechat-panel").toHaveCount(0);
    });
});
