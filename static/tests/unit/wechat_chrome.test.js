import { after, beforeEach, destroy, expect, test } from "@odoo/hoot";
import { mountWithCleanup, patchWithCleanup } from "@web/../tests/web_test_helpers";
import { Chrome } from "@point_of_sale/app/pos_app";
import { showOnDisplay } from "@wechat/app/customer_display/wechat_display";
import { defineShop, openTill, pass } from "@wechat/../tests/unit/wechat_till";

const SHOWN = { state: "scan", amount: "¥ 1.98", shop: "Shop", qrCode: "data:image/png;base64,iV" };
const RENEW_MS = 15000;

defineShop();

let till, chrome, heard;
beforeEach(async () => {
    till = await openTill();
    const channel = new BroadcastChannel("UPDATE_CUSTOMER_DISPLAY");
    after(() => channel.close());
    heard = [];
    channel.onmessage = ({ data }) => heard.push(data.wechatPayment?.state ?? data.wechatPayment);
    till.goTo("PaymentScreen");
    chrome = await mountWithCleanup(Chrome, { props: { disableLoader() {} } });
    await pass();
});

/** What the customer display was told since the last time. */
const takeHeard = () => heard.splice(0);

function show() {
    const line = till.addLine("native", "waiting");
    showOnDisplay(line, SHOWN);
    return line;
}

test("a payment is told again and again, to a display that was opened late", async () => {
    show();
    await pass();
    takeHeard();
    await pass(RENEW_MS);
    expect(takeHeard()).toEqual(["scan"]);
    await pass(RENEW_MS);
    expect(takeHeard()).toEqual(["scan"]);
    destroy(chrome);
    await pass(RENEW_MS);
    expect(takeHeard()).toEqual([]);
});

test("without a payment there is nothing to repeat", async () => {
    till.addLine("card", "waiting");
    await pass();
    takeHeard();
    await pass(RENEW_MS);
    expect(takeHeard()).toEqual([]);
});

test("a code is gone when its order is left", async () => {
    show();
    await pass(RENEW_MS);
    expect(takeHeard()).toInclude("scan");
    till.goTo("ProductScreen");
    await pass();
    expect(takeHeard().at(-1)).toBe(null);
});

test("a code is gone when no order is selected any more", async () => {
    show();
    await pass(RENEW_MS);
    expect(takeHeard()).toInclude("scan");
    till.store.selectedOrderUuid = null;
    await pass();
    expect(takeHeard()).toEqual([null]);
});

test("a page that closes takes its code along", async () => {
    patchWithCleanup(navigator, {
        sendBeacon(url, body) {
            expect.step(url);
            body.text().then((text) => {
                const { args, method } = JSON.parse(text).params;
                expect.step(`${method} ${JSON.stringify(args[1])}`);
            });
            return true;
        },
    });
    // Called, not brought about: a page that hides ends the bus of all other tests as well.
    chrome.clearCustomerDisplayOnExit();
    await pass();
    expect.verifySteps([]);
    show();
    await pass();
    takeHeard();
    chrome.clearCustomerDisplayOnExit();
    await pass();
    expect(takeHeard()).toEqual([null]);
    expect.verifySteps([
        "/web/dataset/call_kw/pos.config/update_customer_display",
        'update_customer_display {"qrPaymentData":null,"wechatPayment":null}',
    ]);
});
