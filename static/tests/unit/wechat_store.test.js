import { beforeEach, describe, expect, test } from "@odoo/hoot";
import { queryAllTexts } from "@odoo/hoot-dom";
import { waitForChannels } from "@bus/../tests/bus_test_helpers";
import { MockServer, patchWithCleanup } from "@web/../tests/web_test_helpers";
import { defineShop, openTill, pass, told } from "@wechat/../tests/unit/wechat_till";

defineShop();

let till, store, order, server;
beforeEach(async () => {
    till = await openTill();
    ({ store, order, server } = till);
    till.goTo("ProductScreen");
});

test("what the server tells all tills of the shop is news of a payment", async () => {
    await waitForChannels([odoo.access_token]);
    server.phase = "paid";
    const line = till.addLine("native", "waiting");
    const channel = odoo.access_token;
    const payload = { payment_uuid: line.uuid };
    MockServer.env["bus.bus"]._sendone(channel, `${channel}-WECHAT_TRADE`, payload);
    await pass(100);
    expect(server.calls[0]).toBe("poll");
    expect(line.isWechatPaid()).toBe(true);
});

describe("news of a payment", () => {
    async function sendNews(uuid) {
        store.lookAgainAtWechatPayment(uuid);
        await pass();
    }

    test("that is followed makes the till ask now", async () => {
        server.phase = "asking";
        const line = till.addLine("native", "waiting");
        till.terminal("native").resume(line);
        await pass();
        expect(server.takeCalls()).toEqual(["poll"]);
        server.phase = "paid";
        // Without news it would be asked after two seconds.
        await sendNews(line.uuid);
        expect(server.takeCalls()).toEqual(["poll"]);
        expect(line.getPaymentStatus()).toBe("done");
    });

    test("that is live and not followed yet makes the till follow it", async () => {
        server.phase = "asking";
        const line = till.addLine("native", "waiting");
        await sendNews(line.uuid);
        expect(till.attemptOf(line).status.phase).toBe("asking");
        expect(server.takeCalls()).toEqual(["poll"]);
    });

    test("that was paid and is given back is told to the cashier, until it is read", async () => {
        server.phase = "failed";
        server.state = "done";
        const line = till.addLine("micropay", "done");
        await sendNews(line.uuid);
        expect(server.takeCalls()).toEqual(["poll"]);
        await pass(60000);
        expect(told().length).toBe(1);
        expect(told()[0]).toInclude(till.order.pos_reference);
        expect(told()[0]).toInclude("The server says failed.");
        expect(".o_notification_bar.bg-danger").toHaveCount(1);
        expect(document.body.textContent).not.toInclude("validate it");
    });

    test("of a withdrawn code is told when the customer has paid it, and only then", async () => {
        const line = till.addLine("native", "waiting");
        const { uuid } = line;
        server.phase = "withdrawn";
        await till.terminal("native").sendPaymentCancel(till.order, uuid);
        till.order.removePaymentline(line);
        server.takeCalls();
        const before = told().length;
        server.phase = "failed";
        server.state = "cancelled";
        await sendNews(uuid);
        expect(server.takeCalls()).toEqual(["poll"]);
        expect(told().length).toBe(before);
        server.state = "done";
        await sendNews(uuid);
        expect(told().at(-1)).toInclude("The server says failed.");
        server.takeCalls();
        await sendNews(uuid);
        expect(server.takeCalls()).toEqual([]);
    });

    test("that is still paid says nothing", async () => {
        server.phase = "paid";
        const line = till.addLine("micropay", "done");
        await sendNews(line.uuid);
        expect(server.takeCalls()).toEqual(["poll"]);
        expect(told()).toEqual([]);
    });

    test("that the server does not know says nothing", async () => {
        await sendNews(till.addLine("micropay", "done").uuid);
        expect(server.takeCalls()).toEqual(["poll"]);
        expect(told()).toEqual([]);
    });

    test("whose question stays without an answer says nothing", async () => {
        const line = till.addLine("micropay", "done");
        for (const trouble of [{ isDown: true }, { isDown: false, refusal: "No." }]) {
            Object.assign(server, trouble);
            await sendNews(line.uuid);
            expect(server.takeCalls()).toEqual(["poll"]);
            expect(told()).toEqual([]);
        }
    });

    test("that is no business of this till asks nothing", async () => {
        till.makeRefund();
        const lines = [
            till.addLine("native", "done"),
            till.addLine("card", "done"),
            till.addLine("card", "waiting"),
            till.addLine("native", "retry", store.addNewOrder()),
        ];
        for (const { uuid } of [...lines, { uuid: "of-another-till" }]) {
            await sendNews(uuid);
        }
        expect(server.calls).toEqual([]);
        expect(store.wechatAttempts.size).toBe(0);
    });
});

test("back online, every payment is asked about at once", async () => {
    server.phase = "asking";
    till.terminal("native").resume(till.addLine("native", "waiting"));
    await pass();
    server.takeCalls();
    window.dispatchEvent(new CustomEvent("pos-network-online"));
    await pass();
    expect(server.takeCalls()).toEqual(["poll"]);
});

test("after a reload, all that is live is followed, and nothing else", async () => {
    server.phase = "asking";
    const statuses = ["waiting", "waitingCancel", "retry", "done"];
    const [live, cancelling] = statuses.map((status) =>
        till.addLine("native", status, store.addNewOrder())
    );
    till.addLine("card", "waiting");
    store.resumeWechatPayments();
    await pass();
    expect([...store.wechatAttempts.keys()].sort()).toEqual([live.uuid, cancelling.uuid].sort());
    expect(server.takeCalls()).toEqual(["poll", "poll"]);
    expect([live, cancelling].every((line) => till.attemptOf(line).aside)).toBe(true);
});

test("the payment screen of an order is no other screen, and of no other order", () => {
    const other = store.addNewOrder();
    expect(store.isOnPaymentScreen(till.order)).toBe(false);
    till.goTo("PaymentScreen");
    expect(store.isOnPaymentScreen(till.order)).toBe(true);
    expect(store.isOnPaymentScreen(other)).toBe(false);
    expect(store.isOnPaymentScreen(undefined)).toBe(false);
});

describe("an order", () => {
    /** @returns {Promise<boolean>} whether the order is gone */
    async function deleteOrder() {
        const { uuid } = till.order;
        await store.deleteOrders([till.order]);
        await pass();
        return !store.models["pos.order"].getBy("uuid", uuid);
    }

    for (const [phase, method] of [
        ["asking", "native"],
        ["show_qr", "native"],
        ["password", "micropay"],
        ["reversing", "micropay"],
        ["paid", "native"],
    ]) {
        test(`with a live payment that the server calls ${phase} is not deleted`, async () => {
            server.phase = phase;
            const line = till.addLine(method, "waiting");
            expect(await deleteOrder()).toBe(false);
            expect(server.takeCalls()).toEqual(["poll"]);
            expect(queryAllTexts(".modal-title")).toEqual(["WeChat Pay is still at work"]);
            expect(line.isWechatPaid()).toBe(phase === "paid");
        });
    }

    test("with a live payment is not deleted while the server does not answer", async () => {
        server.isDown = true;
        const line = till.addLine("native", "waiting");
        expect(await deleteOrder()).toBe(false);
        expect(queryAllTexts(".modal-title")).toEqual(["WeChat Pay is still at work"]);
        expect(line.isWechatLive()).toBe(true);
    });

    test("with a payment that failed meanwhile is deleted", async () => {
        server.phase = "failed";
        till.addLine("native", "waiting");
        expect(await deleteOrder()).toBe(true);
        expect(".modal").toHaveCount(0);
    });

    test("with a payment that was not sent yet is deleted, after it is cancelled", async () => {
        server.phase = "new";
        till.addLine("native", "waiting");
        expect(await deleteOrder()).toBe(true);
        expect(server.takeCalls()).toEqual(["poll", "cancel"]);
    });

    test("with a payment that is not given up is not deleted", async () => {
        server.phase = "new";
        server.whenCancelled = "asking";
        till.addLine("native", "waiting");
        expect(await deleteOrder()).toBe(false);
        expect(server.takeCalls()).toEqual(["poll", "cancel"]);
    });

    test("that is paid with WeChat is not deleted", async () => {
        till.addLine("micropay", "done").setAmount(1);
        expect(await deleteOrder()).toBe(false);
        expect(queryAllTexts(".modal-title")).toEqual(["Paid with WeChat Pay"]);
        expect(".modal-body").toHaveText(new RegExp(till.order.pos_reference));
        expect(server.calls).toEqual([]);
    });

    for (const [method, status] of [
        ["native", "retry"],
        ["card", "waiting"],
        ["card", "done"],
        ["cash", undefined],
    ]) {
        test(`with a line of ${method} that is ${status || "there"} is left to Odoo`, async () => {
            till.addLine(method, status);
            expect(await deleteOrder()).toBe(true);
            expect(".modal").toHaveCount(0);
            expect(server.calls).toEqual([]);
        });
    }
});

describe("a return after a reload", () => {
    /** Odoo keeps the number of the order that is returned, and does not load the order. */
    function loadReturn(method, orderId) {
        patchWithCleanup(store.data, {
            async loadServerOrders(domain) {
                expect.step(JSON.stringify(domain));
                throw new Error("No net");
            },
        });
        const kept = {
            ...order.serializeForIndexedDB(),
            id: "return",
            uuid: "return",
            lines: [],
            payment_ids: [],
            refunded_order_id: orderId,
        };
        const loaded = store.models.loadConnectedData({ "pos.order": [kept] })["pos.order"][0];
        return till.addLine(method, "waiting", loaded);
    }

    test("has the order that is returned, or opens without it", async () => {
        const line = loadReturn("native", 4321);
        await store.loadOrdersThatWechatRefunds();
        expect.verifySteps(['[["id","in",[4321]]]']);
        const { values } = till.terminal("native").resume(line);
        expect(values.refunded_order_id).toBe(4321);
    });

    test("is Odoo's business when WeChat has no part in it", async () => {
        loadReturn("card", 4321);
        await store.loadOrdersThatWechatRefunds();
        expect.verifySteps([]);
    });

    test("that returns no order in particular needs none", async () => {
        loadReturn("native", false);
        await store.loadOrdersThatWechatRefunds();
        expect.verifySteps([]);
    });
});
