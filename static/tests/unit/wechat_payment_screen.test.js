import { beforeEach, describe, destroy, expect, test } from "@odoo/hoot";
import { click, queryAllTexts } from "@odoo/hoot-dom";
import { patchWithCleanup } from "@web/../tests/web_test_helpers";
import { CODE, defineShop, openTill, pass, told } from "@wechat/../tests/unit/wechat_till";

const POPUP = ".wechat-popup";
const LIVE = ["waiting", "waitingCancel"];

defineShop();

let till, store, order, server;
beforeEach(async () => {
    till = await openTill();
    ({ store, order, server } = till);
});

const titles = () => queryAllTexts(".modal-title");

describe("a code on the payment screen", () => {
    test("is charged on a new line, and the order is done", async () => {
        await till.openPayment();
        server.whenSent = "paid";
        await store.barcodeReader.scan(CODE);
        await pass();
        expect(server.codes).toEqual([CODE]);
        expect(server.amounts).toEqual([order.priceIncl]);
        expect(order.payment_ids.length).toBe(1);
        expect(order.state).toBe("paid");
        expect(store.router.state.current).toBe("ReceiptScreen");
        expect(till.terminal("micropay").scannedCode).toBe(null);
    });

    test("is charged on the line that waits for one", async () => {
        const line = till.addLine("micropay", "retry");
        line.setAmount(2);
        const screen = await till.openPayment();
        expect(screen.onRawScan(CODE)).toBe(true);
        await pass();
        expect(server.codes).toEqual([CODE]);
        expect(server.amounts).toEqual([2]);
        expect(order.payment_ids.map(({ uuid }) => uuid)).toEqual([line.uuid]);
    });

    test("that comes to nothing is not kept for the next customer", async () => {
        const screen = await till.openPayment();
        // Another terminal is busy, which the till finds out when it adds the line.
        store.paymentTerminalInProgress = true;
        await screen.chargeScannedCode(CODE);
        expect(till.terminal("micropay").scannedCode).toBe(null);
        expect(server.calls).toEqual([]);
        store.paymentTerminalInProgress = false;
        await pass();
        expect(titles()).toEqual(["Error"]);
        expect(order.payment_ids.length).toBe(0);
    });

    test("is no other barcode, and is read by no screen that was left", async () => {
        const screen = await till.openPayment();
        expect(screen.onRawScan("2300002000007")).toBe(false);
        destroy(screen);
        till.goTo("TicketScreen");
        await store.barcodeReader.scan(CODE);
        await pass();
        expect(server.calls).toEqual([]);
        expect(told()[0]).toInclude("This scan charged nothing");
    });
});

describe("a code from the products", () => {
    async function comeFromProducts() {
        till.goTo("ProductScreen");
        store.wechatScan.onProductScreen(CODE, async () => {});
        await pass();
        expect(store.isOnPaymentScreen(order)).toBe(true);
        return till.openPayment();
    }

    test("charges all that is due, on the line that waits", async () => {
        till.addLine("cash", undefined).setAmount(3);
        till.addLine("micropay", "retry").setAmount(1);
        await comeFromProducts();
        expect(server.codes).toEqual([CODE]);
        expect(order.priceIncl).toBe(17.85);
        expect(server.amounts).toEqual([14.85]);
        expect(order.payment_ids.map((line) => line.getAmount())).toEqual([3, 14.85]);
    });

    test("charges a new line", async () => {
        await comeFromProducts();
        expect(server.codes).toEqual([CODE]);
        expect(server.amounts).toEqual([order.priceIncl]);
    });

    test("charges the line that a shop with one method has begun by itself", async () => {
        store.config.payment_method_ids = [till.method("micropay")];
        await comeFromProducts();
        expect(server.codes).toEqual([CODE]);
        expect(order.payment_ids.length).toBe(1);
    });

    test("charges nothing when something came in between", async () => {
        till.goTo("ProductScreen");
        store.wechatScan.onProductScreen(CODE, async () => {});
        await pass();
        server.phase = "asking";
        till.addLine("native", "waiting").setAmount(1);
        await till.openPayment();
        expect(told().at(-1)).toInclude("This scan charged nothing");
        expect(server.codes).toEqual([]);
        expect(order.payment_ids.length).toBe(1);
    });

    test("is for its own order", async () => {
        till.goTo("ProductScreen");
        store.wechatScan.onProductScreen(CODE, async () => {});
        await pass();
        till.order = store.addNewOrder();
        await till.openPayment();
        expect(server.calls).toEqual([]);
        expect(till.order.payment_ids.length).toBe(0);
    });
});

describe("a payment that is sent", () => {
    test("validates the order when it is paid", async () => {
        server.whenSent = "show_qr";
        const screen = await till.openPayment();
        await screen.addNewPaymentLine(till.method("native"));
        await pass();
        expect(`${POPUP} .wechat-stage-qr`).toHaveCount(1);
        expect(store.paymentTerminalInProgress).toBe(true);
        server.phase = "paid";
        await pass(2500);
        expect(order.state).toBe("paid");
        expect(POPUP).toHaveCount(0);
        expect(store.paymentTerminalInProgress).toBe(false);
    });

    for (const [name, isBarred] of [
        ["native", false],
        ["card", true],
    ]) {
        test(`with ${name} and breaks ${isBarred ? "is Odoo's" : "bars no terminal"}`, async () => {
            const line = till.addLine(name, "pending");
            const screen = await till.openPayment();
            patchWithCleanup(store.numberBuffer, {
                capture() {
                    throw new Error("Broken");
                },
            });
            await expect(screen.sendPaymentRequest(line)).rejects.toThrow("Broken");
            expect(store.paymentTerminalInProgress).toBe(isBarred);
            store.paymentTerminalInProgress = false;
        });
    }
});

describe("a payment that is found live", () => {
    for (const status of LIVE) {
        test(`is followed and shown (${status})`, async () => {
            server.phase = "asking";
            till.addLine("native", status);
            await till.openPayment();
            expect(new Set(server.takeCalls())).toEqual(new Set(["poll"]));
            expect(`${POPUP} .wechat-sentence`).toHaveText("The server says asking.");
        });
    }

    test("is followed by its own method only", async () => {
        till.addLine("card", "waiting");
        await till.openPayment();
        expect(server.calls).toEqual([]);
        expect(POPUP).toHaveCount(0);
    });

    /** The customer pays after the screen was opened again. */
    async function payAfter(arrange) {
        server.phase = "asking";
        const line = till.addLine("native", "waiting");
        const screen = await till.openPayment();
        await arrange(line, screen);
        server.phase = "paid";
        await pass(2500);
        expect(line.isWechatPaid()).toBe(true);
        expect(line.transaction_id).toBe("4200000001");
    }

    test("validates the order when it is paid", async () => {
        await payAfter(() => {});
        expect(order.state).toBe("paid");
        expect(store.router.state.current).toBe("ReceiptScreen");
    });

    test("leaves the order alone when the cashier has left it", async () => {
        await payAfter(() => till.goTo("ProductScreen"));
        expect(order.state).toBe("draft");
        expect(told()[0]).toInclude("Open the order and validate it.");
    });

    test("leaves the order alone where the shop validates by hand", async () => {
        await payAfter(() => (store.config.auto_validate_terminal_payment = false));
        expect(order.state).toBe("draft");
        expect(store.isOnPaymentScreen(order)).toBe(true);
    });

    test("leaves the order alone when more is due", async () => {
        await payAfter((line) => line.setAmount(1));
        expect(order.state).toBe("draft");
    });

    test("leaves the end to the screen that follows it last", async () => {
        // The later one stands for a till that has opened the order once more.
        await payAfter((line) => (till.attemptOf(line).follower = Symbol("later")));
        expect(order.state).toBe("draft");
    });
});

describe("delete", () => {
    async function deleteLine(name, status) {
        const line = till.addLine(name, status);
        const screen = await till.openPayment();
        server.takeCalls();
        screen.deletePaymentLine(line.uuid);
        await pass();
        return line;
    }
    const isThere = ({ uuid }) => order.payment_ids.some((line) => line.uuid === uuid);

    for (const status of LIVE) {
        test(`takes a live line away when no money moves any more (${status})`, async () => {
            server.phase = "asking";
            expect(isThere(await deleteLine("native", status))).toBe(false);
            expect(server.takeCalls()).toEqual(["cancel"]);
        });
    }

    test("keeps a live line whose end is not known", async () => {
        server.phase = "asking";
        server.whenCancelled = "reversing";
        const line = await deleteLine("micropay", "waiting");
        expect(isThere(line)).toBe(true);
        expect(line.isWechatLive()).toBe(true);
        server.phase = "failed";
        await pass(2500);
        expect(isThere(line)).toBe(false);
    });

    test("keeps a live line that was paid just then", async () => {
        server.phase = "show_qr";
        server.whenCancelled = "paid";
        const line = await deleteLine("native", "waiting");
        expect(isThere(line)).toBe(true);
        expect(line.isWechatPaid()).toBe(true);
    });

    test("keeps a live line while the server does not answer", async () => {
        server.isDown = true;
        const line = await deleteLine("native", "waiting");
        await pass(60000);
        expect(isThere(line)).toBe(true);
        expect(line.isWechatLive()).toBe(true);
    });

    test("keeps a line that is paid", async () => {
        const line = await deleteLine("native", "done");
        expect(isThere(line)).toBe(true);
        expect(server.calls).toEqual([]);
    });

    for (const [name, status] of [
        ["native", "retry"],
        ["micropay", "pending"],
        ["cash", undefined],
        ["card", "done"],
        ["card", "waiting"],
    ]) {
        test(`of ${name} that is ${status || "there"} is Odoo's`, async () => {
            expect(isThere(await deleteLine(name, status))).toBe(false);
            expect(server.calls).toEqual([]);
            expect(POPUP).toHaveCount(0);
        });
    }
});

describe("cancel", () => {
    async function cancel(name) {
        const line = till.addLine(name, "waiting");
        const screen = await till.openPayment();
        server.takeCalls();
        const isDone = screen.sendPaymentCancel(line);
        await pass();
        return { line, isDone };
    }

    test("asks the server, and never says that it is being cancelled before", async () => {
        server.phase = "asking";
        server.whenCancelled = "reversing";
        const { line, isDone } = await cancel("micropay");
        expect(server.takeCalls()).toEqual(["cancel"]);
        expect(line.getPaymentStatus()).toBe("waiting");
        server.phase = "failed";
        await pass(2500);
        await isDone;
        expect(order.payment_ids.length).toBe(0);
    });

    test("of another terminal is Odoo's", async () => {
        const { line, isDone } = await cancel("card");
        await isDone;
        expect(line.getPaymentStatus()).toBe("retry");
        expect(server.calls).toEqual([]);
    });
});

describe("force done", () => {
    async function forceDone(name, phase) {
        server.phase = "asking";
        const line = till.addLine(name, "waiting");
        const screen = await till.openPayment();
        server.takeCalls();
        server.phase = phase;
        await screen.sendForceDone(line);
        await pass();
        return line;
    }

    for (const phase of ["asking", "failed"]) {
        test(`asks the server, which says ${phase}: not done`, async () => {
            const line = await forceDone("native", phase);
            expect(server.takeCalls()).toEqual(["poll"]);
            expect(line.isDone()).toBe(false);
            expect(titles()).toEqual(["Not paid"]);
            expect(".modal:contains(Not paid) .modal-body").toHaveText(
                new RegExp(`The server says ${phase}.`)
            );
            expect(order.state).toBe("draft");
        });
    }

    test("believes nothing when the server does not answer", async () => {
        const line = till.addLine("native", "waiting");
        server.isDown = true;
        const screen = await till.openPayment();
        await screen.sendForceDone(line);
        await pass();
        expect(line.isDone()).toBe(false);
        expect(titles()).toEqual(["Not paid"]);
    });

    test("is done when the server says that it is paid", async () => {
        const line = await forceDone("native", "paid");
        expect(line.isWechatPaid()).toBe(true);
        expect(line.transaction_id).toBe("4200000001");
        expect(titles()).not.toInclude("Not paid");
    });

    test("of another terminal is Odoo's", async () => {
        const line = await forceDone("card", "asking");
        expect(line.getPaymentStatus()).toBe("done");
        expect(order.state).toBe("paid");
        expect(server.calls).toEqual([]);
    });
});

describe("the row of a line", () => {
    const SENTENCE = ".wechat-line-sentence";
    const ODOO = ".electronic_payment";

    test("says what the attempt says, and shows it again", async () => {
        server.phase = "asking";
        till.addLine("native", "waiting");
        await till.openPayment();
        store.dialog.closeAll();
        await pass();
        expect(POPUP).toHaveCount(0);
        expect(SENTENCE).toHaveText("The server says asking.");
        expect(ODOO).toHaveCount(0);
        await click(".wechat-line-show");
        await pass();
        expect(`${POPUP} .wechat-sentence`).toHaveText("The server says asking.");
        expect(till.attemptOf(order.payment_ids[0]).watched).toBe(true);
    });

    test("that nobody follows yet can be shown, too", async () => {
        await till.openPayment();
        server.phase = "asking";
        till.addLine("native", "waiting");
        await pass();
        expect(SENTENCE).toHaveText("Asking what became of this payment …");
        await click(".wechat-line-show");
        await pass();
        expect(new Set(server.takeCalls())).toEqual(new Set(["poll"]));
        expect(SENTENCE).toHaveText("The server says asking.");
        expect(POPUP).toHaveCount(1);
    });

    test("of another terminal is Odoo's, with its force done", async () => {
        till.addLine("card", "waiting");
        await till.openPayment();
        expect(SENTENCE).toHaveCount(0);
        expect(`${ODOO} .send_force_done`).toHaveCount(1);
    });

    test("of a refund is sent by the cashier, once", async () => {
        till.makeRefund();
        till.addLineAsOdoo("native");
        await till.openPayment();
        expect(ODOO).toHaveCount(0);
        server.whenSent = "paid";
        await click(".send_refund_request");
        await pass();
        expect(server.amounts).toEqual([order.priceIncl]);
        expect(order.payment_ids[0].getPaymentStatus()).toBe("done");
        expect(".send_refund_request").toHaveCount(0);
    });

    test("of a refund that failed can be sent again", async () => {
        till.makeRefund();
        till.addLine("native", "retry");
        await till.openPayment();
        expect(".send_refund_request").toHaveCount(1);
    });

    test("of a sale, or of another terminal, has no refund of ours", async () => {
        till.addLine("native", "pending");
        await till.openPayment();
        expect(".send_refund_request").toHaveCount(0);
        expect(`${ODOO} .send_payment_request`).toHaveCount(1);
        order.removePaymentline(order.payment_ids[0]);
        till.makeRefund();
        till.addLine("card", "pending");
        await pass();
        expect(".send_refund_request").toHaveCount(0);
        expect(ODOO).toHaveCount(1);
    });
});

describe("a refund", () => {
    const amounts = () => order.payment_ids.map((line) => line.getAmount());

    async function returnGoods() {
        till.makeRefund();
        till.addLineAsOdoo("native");
        await till.openPayment();
    }

    test("of several payments goes back in parts, at one press", async () => {
        await returnGoods();
        server.whenSent = "paid";
        server.mostBack = 10;
        await click(".send_refund_request");
        await pass();
        expect(server.amounts).toEqual([-10, -7.85]);
        expect(amounts()).toEqual([-10, -7.85]);
        expect(server.codes.length).toBe(2);
        expect(told()[0]).toInclude("10.00");
        expect(told()[0]).toInclude("7.85 still to give back");
        expect(order.state).toBe("paid");
        expect(store.router.state.current).toBe("ReceiptScreen");
    });

    test("tells of the part that is given back now", async () => {
        await returnGoods();
        server.whenSent = "asking";
        server.mostBack = 10;
        await click(".send_refund_request");
        await pass();
        expect(`${POPUP} .wechat-amount`).toHaveText(/10.00/);
        expect(`${POPUP} .wechat-part`).toHaveText(/17.85/);
        expect(amounts()).toEqual([-10]);
        server.phase = "paid";
        await pass(2500);
        expect(amounts()).toEqual([-10, -7.85]);
        expect(`${POPUP} .wechat-amount`).toHaveText(/7.85/);
        expect(`${POPUP} .wechat-part`).toHaveCount(0);
    });

    test("is not more than the cashier typed", async () => {
        till.makeRefund();
        till.addLineAsOdoo("native").setAmount(-12);
        await till.openPayment();
        server.whenSent = "paid";
        server.mostBack = 10;
        await click(".send_refund_request");
        await pass();
        expect(amounts()).toEqual([-10, -2]);
        expect(order.state).toBe("draft");
        expect(told().at(-1)).toInclude("5.85 still to give back");
    });

    test("does not go on behind the back of a cashier who is elsewhere", async () => {
        await returnGoods();
        server.whenSent = "asking";
        server.mostBack = 10;
        await click(".send_refund_request");
        await pass(9000);
        await click(`${POPUP} .wechat-next`);
        await pass();
        server.phase = "paid";
        await pass(2500);
        expect(amounts()).toEqual([-10]);
        expect(order.payment_ids[0].isWechatPaid()).toBe(true);
        await pass(60000);
        expect(told()[0]).toInclude("7.85 still to give back. Open the order and go on there.");
    });

    test("goes on where the cashier has come back to it", async () => {
        till.makeRefund();
        till.addLineAsOdoo("native");
        const screen = await till.openPayment();
        server.whenSent = "asking";
        server.mostBack = 10;
        await click(".send_refund_request");
        await pass(9000);
        await click(`${POPUP} .wechat-next`);
        await pass();
        destroy(screen);
        await till.openPayment();
        server.whenSent = "paid";
        server.phase = "paid";
        await pass(2500);
        expect(amounts()).toEqual([-10, -7.85]);
        expect(server.amounts).toEqual([-10, -7.85]);
        expect(order.state).toBe("paid");
    });

    test("that waits for a minute counts down, and can be cancelled", async () => {
        await returnGoods();
        server.whenSent = "refund_waits";
        server.secondsLeft = 40;
        await click(".send_refund_request");
        await pass();
        expect(`${POPUP} .wechat-seconds`).toHaveText("40");
        expect(`${POPUP} .wechat-countdown`).toHaveText(/sent by itself/);
        expect(queryAllTexts(`${POPUP} footer button`)).toEqual([
            "Serve the next customer",
            "Cancel refund",
        ]);
        server.secondsLeft = 0;
        await pass(2500);
        expect(`${POPUP} .wechat-countdown`).toHaveCount(0);
        await click(`${POPUP} .wechat-cancel`);
        await pass();
        expect(server.takeCalls().at(-1)).toBe("cancel");
        expect(order.payment_ids.length).toBe(0);
        expect(told()[0]).toInclude("The server says failed.");
    });

    test("that is refused leads on to another method", async () => {
        await returnGoods();
        server.refusal = "Paid in cash.";
        await click(".send_refund_request");
        await pass();
        expect(queryAllTexts(`${POPUP} footer .btn-primary`)).toEqual(["Other payment method"]);
        expect(`${POPUP} .wechat-leave`).toBeFocused();
        await click(`${POPUP} .wechat-leave`);
        await pass();
        expect(order.payment_ids.length).toBe(0);
    });

    test("is never a charge, whatever the cashier types", async () => {
        till.makeRefund();
        till.addLineAsOdoo("native");
        const screen = await till.openPayment();
        screen.updateSelectedPaymentline(5);
        expect(amounts()).toEqual([-5]);
        screen.updateSelectedPaymentline(-6);
        expect(amounts()).toEqual([-6]);
        const [line] = order.payment_ids;
        line.setAmount(7);
        line.setPaymentStatus("done");
        screen.updateSelectedPaymentline(5);
        // Whatever was paid stays as it is.
        expect(amounts()).toEqual([7]);
        order.removePaymentline(line);
        till.addLine("cash");
        screen.updateSelectedPaymentline(5);
        expect(amounts()).toEqual([5]);
    });
});
