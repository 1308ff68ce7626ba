import { beforeEach, describe, expect, test } from "@odoo/hoot";
import OrderPaymentValidation from "@point_of_sale/app/utils/order_payment_validation";
import { defineShop, openTill, pass } from "@wechat/../tests/unit/wechat_till";

const RESTING = [undefined, "pending", "retry", "done", "reversed"];
const LIVE = ["waiting", "waitingCard", "waitingCancel", "timeout", "reversing"];

defineShop();

let till;
beforeEach(async () => {
    till = await openTill();
});

describe("a payment line", () => {
    test("is WeChat's by its terminal", () => {
        const isWechat = (name) => {
            const line = till.addLine(name, "done");
            return line.isWechat();
        };
        expect(["native", "micropay", "card", "cash"].map(isWechat)).toEqual([
            true,
            true,
            false,
            false,
        ]);
    });

    test("is live while money may be on its way", () => {
        const wechat = till.addLine("micropay", "done");
        const other = till.addLine("card", "done");
        for (const status of [...RESTING, ...LIVE]) {
            wechat.setPaymentStatus(status);
            other.setPaymentStatus(status);
            expect(wechat.isWechatLive()).toBe(LIVE.includes(status), { message: status });
            expect(wechat.isWechatPaid()).toBe(status === "done", { message: status });
            expect(other.isWechatLive() || other.isWechatPaid()).toBe(false);
        }
    });
});

describe("pay", () => {
    /** @returns {Promise<boolean>} what the payment screen is told, once the customer has paid */
    async function payWith(name, { meanwhile = () => {} } = {}) {
        till.server.whenSent = "show_qr";
        const line = till.addLine(name, "pending");
        const result = line.pay();
        expect(line.getPaymentStatus()).toBe("waiting");
        await pass();
        meanwhile(line);
        till.server.phase = "paid";
        await pass(2500);
        expect(line.getPaymentStatus()).toBe("done");
        return result;
    }

    test("says true on the payment screen of the order", async () => {
        till.goTo("PaymentScreen");
        expect(await payWith("native")).toBe(true);
    });

    test("says nothing of the sort on another screen", async () => {
        till.goTo("PaymentScreen");
        const meanwhile = () => till.goTo("ProductScreen");
        expect(await payWith("native", { meanwhile })).toBe(false);
    });

    test("says nothing of the sort to another order", async () => {
        till.goTo("PaymentScreen");
        const meanwhile = () => till.goTo("PaymentScreen", till.store.addNewOrder());
        expect(await payWith("native", { meanwhile })).toBe(false);
    });

    test("leaves the end to a screen that was opened again", async () => {
        till.goTo("PaymentScreen");
        const meanwhile = (line) => (till.attemptOf(line).follower = Symbol("follower"));
        expect(await payWith("native", { meanwhile })).toBe(false);
    });

    test("takes the line away when the cashier leaves it, not when it only failed", async () => {
        till.goTo("PaymentScreen");
        for (const leave of [true, false]) {
            till.server.whenSent = "failed";
            const line = till.addLine("native", "pending");
            const result = line.pay();
            await pass();
            const attempt = till.attemptOf(line);
            if (leave) {
                attempt.leave();
            } else {
                attempt.unwatch();
            }
            expect(await result).toBe(false);
            expect(till.order.payment_ids.length).toBe(leave ? 0 : 1);
        }
        expect(till.order.payment_ids[0].getPaymentStatus()).toBe("retry");
    });

    test("with another terminal is Odoo's, on any screen", async () => {
        till.goTo("ProductScreen");
        expect(await payWith("card")).toBe(true);
        expect(till.server.calls).toEqual([]);
    });
});

describe("a new line of an order", () => {
    test("that is a refund is not paid yet", () => {
        till.makeRefund();
        const line = till.addLineAsOdoo("native");
        expect(line.getPaymentStatus()).toBe("pending");
        expect(line.getAmount()).toBe(till.order.priceIncl);
        expect(line.isDone()).toBe(false);
        expect(till.order.amountPaid).toBe(0);
    });

    test("that is a refund has the status that Odoo gives it with another terminal", () => {
        till.makeRefund();
        expect(till.addLineAsOdoo("card").getPaymentStatus()).toBe(undefined);
    });

    test("that is a sale is left to Odoo", () => {
        expect(till.addLineAsOdoo("cash").getPaymentStatus()).toBe(undefined);
        expect(till.addLineAsOdoo("native").getPaymentStatus()).toBe("pending");
        const { status, data } = till.order.addPaymentline(till.method("micropay"));
        expect(status).toBe(false);
        expect(String(data)).toBe("There is already an electronic payment in progress.");
        expect(till.order.payment_ids.length).toBe(2);
    });
});

describe("validation", () => {
    /** An order that is paid in cash, with one more line of another kind. */
    function validate(name, status) {
        till.goTo("PaymentScreen");
        till.addLine("cash", undefined);
        const line = till.addLine(name, status);
        line.setAmount(1);
        const orderUuid = till.order.uuid;
        return new OrderPaymentValidation({ pos: till.store, orderUuid }).validateOrder(false);
    }

    test("is refused while a payment is live, and drops no line", async () => {
        for (const status of LIVE) {
            const { length } = till.order.payment_ids;
            expect(length).toBe(0);
            expect(await validate("native", status)).toBe(false);
            await pass();
            expect(".modal-title").toHaveText("WeChat Pay is still at work");
            expect(".modal-body").toHaveText(/\$\s1\.00/);
            expect(till.order.payment_ids.length).toBe(2);
            expect(till.order.state).toBe("draft");
            document.querySelector(".modal-footer .btn-primary").click();
            await pass();
            for (const line of [...till.order.payment_ids]) {
                till.order.removePaymentline(line);
            }
        }
    });

    for (const [name, status] of [
        ["native", "retry"],
        ["native", "pending"],
        ["card", "waiting"],
    ]) {
        test(`drops a line of ${name} that is ${status}, as Odoo does`, async () => {
            expect(await validate(name, status)).toBe(true);
            expect(till.order.state).toBe("paid");
            expect(till.order.payment_ids.length).toBe(1);
            expect(".modal").toHaveCount(0);
        });
    }
});
