import { beforeEach, describe, expect, test } from "@odoo/hoot";
import { patchWithCleanup } from "@web/../tests/web_test_helpers";
import { CODE, defineShop, openTill, pass, told } from "@wechat/../tests/unit/wechat_till";

const POPUP = ".wechat-popup";

defineShop();

let till, store, order, server;
beforeEach(async () => {
    till = await openTill();
    ({ store, order, server } = till);
    till.goTo("PaymentScreen");
});

/** Odoo asks the terminal to take the money of a new line, and waits for the answer. */
async function request(name) {
    const line = till.addLine(name, "pending");
    const result = line.pay();
    await pass();
    return { line, result, attempt: till.attemptOf(line) };
}

/** A line whose payment began before the page was loaded. */
async function resume(name, phase) {
    server.phase = phase;
    const line = till.addLine(name, "waiting");
    const attempt = till.terminal(name).resume(line);
    await pass();
    server.takeCalls();
    return { line, attempt };
}

describe("a request", () => {
    test("tells the server what is bought, and keeps the payment before it is sent", async () => {
        patchWithCleanup(store.data, {
            async synchronizeLocalDataInIndexedDB() {
                expect.step(`kept after ${server.calls.join(", ")}`);
            },
        });
        server.whenSent = "show_qr";
        const { attempt } = await request("native");
        expect.verifySteps(["kept after prepare"]);
        expect(server.takeCalls()).toEqual(["prepare", "submit"]);
        expect(attempt.values).toEqual({
            pos_session_id: store.session.id,
            order_uuid: order.uuid,
            order_ref: order.pos_reference,
            lines: order.lines.map(({ product_id, qty, unitPrices }) => ({
                product_id: product_id.id,
                quantity: qty,
                price: unitPrices.total_included,
            })),
            refunded_order_id: false,
        });
    });

    test("goes on in a browser that keeps nothing", async () => {
        patchWithCleanup(store.data, {
            async synchronizeLocalDataInIndexedDB() {
                throw new Error("No space");
            },
        });
        server.whenSent = "paid";
        const { line, result } = await request("native");
        expect(await result).toBe(true);
        expect(line.isWechatPaid()).toBe(true);
    });

    for (const [trouble, arrange] of [
        ["refuses", () => (server.refusal = "Set the API key.")],
        ["does not answer", () => (server.isDown = true)],
    ]) {
        test(`never rejects when the server ${trouble}`, async () => {
            arrange();
            const { line, result, attempt } = await request("native");
            expect(line.getPaymentStatus()).toBe("waiting");
            expect(`${POPUP} .wechat-sentence`).toHaveCount(1);
            attempt.leave();
            attempt.cancel();
            await pass(60000);
            expect(await result).toBe(false);
            expect(server.codes).toEqual([]);
            expect(order.payment_ids.length).toBe(0);
        });
    }

    test("that is made twice is one attempt", async () => {
        server.whenSent = "show_qr";
        const { line, result } = await request("native");
        const second = till.terminal("native").sendPaymentRequest(line.uuid);
        server.phase = "paid";
        await pass(2500);
        expect(await second).toBe(true);
        expect(await result).toBe(true);
        expect(server.amounts.length).toBe(1);
        expect(server.codes.length).toBe(1);
    });
});

describe("a scanned code", () => {
    test("is sent with the next request, and with that one only", async () => {
        till.terminal("micropay").scannedCode = CODE;
        server.whenSent = "failed";
        const { attempt, result } = await request("micropay");
        expect(server.codes).toEqual([CODE]);
        attempt.leave();
        expect(await result).toBe(false);
        const next = await request("micropay");
        expect(next.attempt.isScanning).toBe(true);
        expect(server.codes).toEqual([CODE]);
    });

    test("is nothing that a refund needs", async () => {
        till.makeRefund();
        till.terminal("micropay").scannedCode = CODE;
        await request("micropay");
        expect(server.codes).toEqual([null]);
        expect(till.terminal("micropay").scannedCode).toBe(null);
    });

    test("is nothing to the other method", async () => {
        till.terminal("micropay").scannedCode = CODE;
        await request("native");
        expect(server.codes).toEqual([null]);
    });
});

describe("cancel", () => {
    async function cancel(phase) {
        const { line } = await resume("native", "show_qr");
        server.whenCancelled = phase;
        const result = till.terminal("native").sendPaymentCancel(order, line.uuid);
        await pass();
        expect(server.takeCalls().at(-1)).toBe("cancel");
        return { line, result };
    }

    test("is true when no money moves any more", async () => {
        const { result } = await cancel("withdrawn");
        expect(await result).toBe(true);
        expect(order.payment_ids.length).toBe(0);
        expect(told()[0]).toInclude("The server says withdrawn.");
    });

    test("is false when it was paid", async () => {
        const { line, result } = await cancel("paid");
        expect(await result).toBe(false);
        expect(line.isWechatPaid()).toBe(true);
    });

    test("says nothing before the end is known", async () => {
        const { line, result } = await cancel("asking");
        result.then((isFree) => expect.step(`free: ${isFree}`));
        await pass(60000);
        expect.verifySteps([]);
        expect(line.isWechatLive()).toBe(true);
        server.phase = "paid";
        await pass(2500);
        expect.verifySteps(["free: false"]);
    });
});

describe("resume", () => {
    test("asks, and sends nothing", async () => {
        server.phase = "new";
        const line = till.addLine("native", "waiting");
        const attempt = till.terminal("native").resume(line);
        await pass(60000);
        expect(server.codes).toEqual([]);
        expect(new Set(server.takeCalls())).toEqual(new Set(["poll"]));
        expect(attempt.aside).toBe(true);
        expect(POPUP).toHaveCount(0);
    });

    test("gives the attempt that is followed already", async () => {
        const { line, attempt } = await resume("native", "asking");
        expect(till.terminal("native").resume(line)).toBe(attempt);
        await pass();
        expect(server.calls).toEqual([]);
    });
});

describe("the end of an attempt", () => {
    test("that nobody waited for is on the line, and told", async () => {
        const { line } = await resume("native", "asking");
        till.goTo("ProductScreen");
        server.phase = "paid";
        await pass(2500);
        expect(line.isWechatPaid()).toBe(true);
        expect(line.transaction_id).toBe("4200000001");
        expect(line.ticket).toBe("Paid with WeChat Pay");
        expect(till.attemptOf(line)).toBe(undefined);
        expect(order.state).toBe("draft");
        // Whoever serves another customer reads it when there is time.
        await pass(60000);
        expect(told()[0]).toInclude(order.pos_reference);
        expect(told()[0]).toInclude("Open the order and validate it.");
    });

    test("that failed leaves a line to try again", async () => {
        const { line } = await resume("micropay", "asking");
        server.phase = "failed";
        await pass(2500);
        expect(line.getPaymentStatus()).toBe("retry");
        expect(line.transaction_id).not.toBe("4200000001");
        expect(told()[0]).toInclude("The server says failed.");
        expect(told()[0]).not.toInclude("validate");
    });

    test("finds no line when the order is gone, and breaks nothing", async () => {
        const { line } = await resume("native", "asking");
        order.removePaymentline(line);
        server.phase = "paid";
        await pass(2500);
        expect(store.wechatAttempts.size).toBe(0);
        expect(told()).toEqual([]);
    });

    test("closes the dialog and lets go of the customer display", async () => {
        server.whenSent = "show_qr";
        const { line } = await request("native");
        expect(line.wechatDisplay.state).toBe("scan");
        server.phase = "failed";
        till.attemptOf(line).cancel();
        await pass(2500);
        expect(POPUP).toHaveCount(0);
        expect(line.wechatDisplay).toBe(null);
    });
});

describe("another amount", () => {
    test("of a payment that is not sent yet is the one that is charged", async () => {
        const { line, attempt } = await request("micropay");
        await attempt.changeAmount(5);
        await pass();
        expect(line.getAmount()).toBe(5);
        server.whenSent = "paid";
        attempt.scan(CODE);
        await pass();
        expect(server.amounts).toEqual([17.85, 5]);
        expect(line.isWechatPaid()).toBe(true);
        expect(order.remainingDue).toBe(12.85);
    });

    test("of a code that is shown needs the code to be given up first", async () => {
        server.whenSent = "show_qr";
        server.whenCancelled = "withdrawn";
        const { line, attempt } = await request("native");
        server.takeCalls();
        await attempt.changeAmount(5);
        await pass();
        expect(server.takeCalls().slice(0, 3)).toEqual(["cancel", "prepare", "submit"]);
        expect(server.amounts.at(-1)).toBe(5);
        expect(line.getAmount()).toBe(5);
        expect(line.isWechatLive()).toBe(true);
    });

    test("comes too late for a code that was paid", async () => {
        server.whenSent = "show_qr";
        server.whenCancelled = "paid";
        const { line, result, attempt } = await request("native");
        const amount = line.getAmount();
        await attempt.changeAmount(5);
        expect(await result).toBe(true);
        expect(line.getAmount()).toBe(amount);
        expect(server.amounts).toEqual([amount]);
    });

    test("is never more than what is due", async () => {
        const { attempt } = await request("micropay");
        expect(till.terminal("micropay").mostOf(attempt)).toBe(order.priceIncl);
    });

    test("is on the line when it is charged, after an outage", async () => {
        server.whenSent = "show_qr";
        server.whenCancelled = "withdrawn";
        const { line, attempt } = await request("native");
        server.isDown = true;
        attempt.changeAmount(5);
        await pass();
        server.isDown = false;
        await pass(20000);
        expect(server.amounts).toEqual([17.85, 5]);
        expect(line.getAmount()).toBe(5);
    });
});

describe("the next customer", () => {
    /** The cashier turns to the next customer, while this one looks for the phone. */
    async function serveNext() {
        server.whenSent = "show_qr";
        const payment = await request("native");
        till.terminal("native").serveNextCustomer(payment.attempt);
        await pass();
        return payment;
    }

    test("is served on an order of their own, while the payment goes on", async () => {
        const { line, result } = await serveNext();
        const next = store.getOrder();
        expect(next.uuid).not.toBe(order.uuid);
        expect(store.router.state).toEqual({
            ...store.router.state,
            current: "ProductScreen",
            params: { orderUuid: next.uuid },
        });
        expect(POPUP).toHaveCount(0);
        expect(store.paymentTerminalInProgress).toBe(false);
        expect(line.isWechatLive()).toBe(true);
        server.phase = "paid";
        await pass(2500);
        // No screen is pulled away, and the cashier is told where to go on.
        expect(await result).toBe(false);
        expect(line.isWechatPaid()).toBe(true);
        expect(order.state).toBe("draft");
        expect(store.getOrder().uuid).toBe(next.uuid);
        await pass(60000);
        expect(told()[0]).toInclude(order.pos_reference);
    });

    test("of a restaurant is at another table", async () => {
        store.config.module_pos_restaurant = true;
        const { length } = store.models["pos.order"];
        await serveNext();
        expect(store.models["pos.order"].length).toBe(length);
        expect(store.router.state.current).toBe(store.defaultPage.page);
        expect(store.router.state.current).not.toBe("PaymentScreen");
    });
});
