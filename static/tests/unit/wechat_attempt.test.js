import { beforeEach, describe, expect, test } from "@odoo/hoot";
import { advanceTime } from "@odoo/hoot-mock";
import { allowTranslations } from "@web/../tests/web_test_helpers";
import { ConnectionLostError, RPCError } from "@web/core/network/rpc";
import { WechatAttempt } from "@wechat/app/utils/payment/wechat_attempt";

const CODE = "134579302432164181";
const FATES = ["arrives", "is lost on the way", "has its answer lost"];

/**
 * A shop's server in front of a WeChat, as small as the contract allows, that counts what it
 * charges. The net between till and server does with the n-th call what `fates[n]` says.
 */
class Shop {
    constructor({ fates = [], pollsUntilPaid = 2, refusal = null } = {}) {
        this.fates = fates;
        this.pollsUntilPaid = pollsUntilPaid;
        this.refusal = refusal;
        this.calls = [];
        this.charges = 0;
        this.charged = [];
        this.whenSent = "asking";
        this.phase = null;
        this.amount = 0;
        this.number = 0;
        this.isOffline = false;
    }

    async call(method, args) {
        const fate = this.fates[this.calls.length] || FATES[0];
        this.calls.push(method);
        if (fate === FATES[1]) {
            throw new ConnectionLostError("/web");
        }
        const status = this[method](...args);
        if (fate === FATES[2]) {
            throw new ConnectionLostError("/web");
        }
        return status;
    }

    status() {
        const final = ["paid", "failed"].includes(this.phase);
        return {
            found: this.phase !== null,
            amount: this.amount,
            number: `N${this.number}`,
            phase: this.phase || "new",
            paid: this.phase === "paid",
            free: this.phase === "failed" || this.phase === null,
            sentence: `It is ${this.phase}.`,
            tone: "info",
            retry_in: final ? 0 : 2,
        };
    }

    wechat_prepare(uuid, amount) {
        if (this.refusal) {
            const error = new RPCError();
            error.exceptionName = "odoo.exceptions.UserError";
            error.data = { message: this.refusal };
            throw error;
        }
        const isAlive = ["asking", "refund_waits", "paid"].includes(this.phase);
        if (!isAlive && (this.phase !== "new" || this.amount !== amount)) {
            this.phase = "new";
            this.number += 1;
            this.amount = this.mostBack ? Math.max(amount, -this.mostBack) : amount;
        }
        return this.status();
    }

    wechat_submit(uuid, number, code) {
        if (this.phase === "new" && number === `N${this.number}`) {
            this.charges += 1;
            this.charged.push(this.amount);
            this.phase = code === "expired" ? "failed" : this.whenSent;
        }
        return this.status();
    }

    wechat_poll() {
        if (this.phase === "asking") {
            this.pollsUntilPaid -= 1;
            if (this.pollsUntilPaid <= 0) {
                this.phase = "paid";
            }
        }
        return this.status();
    }

    wechat_cancel() {
        // WeChat decides: who has been charged has paid, or it is taken back for good.
        if (this.phase === "asking") {
            this.phase = this.pollsUntilPaid <= 1 ? "paid" : "failed";
        } else if (["new", "refund_waits"].includes(this.phase)) {
            this.phase = "failed";
        }
        return this.status();
    }
}

function takeMoney(shop, options = {}) {
    const attempt = new WechatAttempt((method, args) => shop.call(method, args), {
        uuid: "line",
        amount: 1.98,
        values: {},
        way: "native",
        isOffline: () => shop.isOffline,
        ...options,
    });
    attempt.watch();
    return attempt;
}

/** Let time pass until the attempt is settled; a till that hangs fails the test. */
async function outcomeOf(attempt) {
    for (let minute = 0; !attempt.outcome && minute < 60; minute++) {
        await advanceTime(60000);
    }
    return attempt.outcome;
}

beforeEach(allowTranslations);

describe("an attempt", () => {
    test("is prepared, submitted and polled in turn", async () => {
        const shop = new Shop();
        expect(await outcomeOf(takeMoney(shop))).toEqual({ paid: true, leave: false });
        expect(shop.calls).toEqual([
            "wechat_prepare",
            "wechat_submit",
            "wechat_poll",
            "wechat_poll",
        ]);
    });

    test("charges once and ends with the truth, whatever the net loses", async () => {
        const sequences = [[]];
        for (let length = 0; length < 3; length++) {
            for (const sequence of [...sequences].filter((s) => s.length === length)) {
                sequences.push(...FATES.map((fate) => [...sequence, fate]));
            }
        }
        for (const fates of sequences) {
            const shop = new Shop({ fates });
            const attempt = takeMoney(shop);
            const outcome = await outcomeOf(attempt);
            const message = fates.join(", ");
            expect(outcome).toEqual({ paid: true, leave: false }, { message });
            expect(shop.charges).toBe(1, { message });
        }
    });

    test("never says free over money that was taken, whenever it is cancelled", async () => {
        for (let moment = 0; moment < 5; moment++) {
            for (const first of FATES) {
                for (const second of FATES) {
                    const fates = Array(moment).fill(FATES[0]).concat(first, second);
                    const shop = new Shop({ fates, pollsUntilPaid: 3 });
                    const attempt = takeMoney(shop);
                    while (shop.calls.length < moment && !attempt.outcome) {
                        await advanceTime(500);
                    }
                    attempt.cancel();
                    const outcome = await outcomeOf(attempt);
                    const message = `cancelled after call ${moment}, which ${first}, ${second}`;
                    expect(outcome.paid).toBe(shop.phase === "paid", { message });
                }
            }
        }
    });

    test("does not know when the server does not answer, and says so", async () => {
        const shop = new Shop({ fates: [FATES[0], FATES[2], FATES[1]] });
        const attempt = takeMoney(shop);
        await advanceTime(10);
        expect(attempt.trouble.event).toBe("silence");
        expect(String(attempt.sentence)).toInclude("Do not hand over the goods");
        expect(attempt.isOver).toBe(false);
        expect((await outcomeOf(attempt)).paid).toBe(true);
    });

    test("whose call hangs goes on asking", async () => {
        const shop = new Shop();
        const answer = shop.call.bind(shop);
        let hung = false;
        shop.call = (method, args) => {
            if (method === "wechat_poll" && !hung) {
                hung = true;
                return new Promise(() => {});
            }
            return answer(method, args);
        };
        expect((await outcomeOf(takeMoney(shop))).paid).toBe(true);
        expect(hung).toBe(true);
    });

    test("sends nothing while the till is offline, and can be left at once", async () => {
        const shop = new Shop();
        const attempt = takeMoney(shop, { way: "micropay" });
        await advanceTime(10);
        shop.isOffline = true;
        attempt.scan(CODE);
        await advanceTime(10);
        expect(shop.calls).toEqual(["wechat_prepare"]);
        attempt.cancel();
        expect(await outcomeOf(attempt)).toEqual({ paid: false, leave: true });
        expect(shop.charges).toBe(0);
    });

    test("takes one code, however often the cashier scans", async () => {
        const shop = new Shop();
        const attempt = takeMoney(shop, { way: "micropay" });
        expect(attempt.isScanning).toBe(true);
        // Before the server has even prepared it.
        attempt.scan(CODE);
        attempt.scan("134579302432164182");
        expect(attempt.isScanning).toBe(false);
        expect((await outcomeOf(attempt)).paid).toBe(true);
        expect(shop.charges).toBe(1);
        expect(attempt.authCode).toBe(null);
    });

    test("that failed waits for the cashier, and is begun again under a new number", async () => {
        const shop = new Shop();
        const attempt = takeMoney(shop, { way: "micropay" });
        attempt.scan("expired");
        await advanceTime(60000);
        expect(attempt.isOver).toBe(true);
        expect(attempt.outcome).toBe(null);
        attempt.again();
        expect(attempt.isScanning).toBe(true);
        attempt.scan(CODE);
        expect((await outcomeOf(attempt)).paid).toBe(true);
        expect(shop.number).toBe(2);
    });

    test("that failed while nobody looked is settled by itself", async () => {
        const shop = new Shop({ fates: [FATES[0], FATES[2]] });
        const attempt = takeMoney(shop, { way: "micropay" });
        attempt.scan("expired");
        await advanceTime(10);
        attempt.unwatch();
        expect(await outcomeOf(attempt)).toEqual({ paid: false, leave: false });
    });

    test("that nobody looks at any more charges no code that was not sent yet", async () => {
        const shop = new Shop();
        const attempt = takeMoney(shop, { way: "micropay" });
        attempt.scan(CODE);
        attempt.unwatch();
        await advanceTime(60000);
        attempt.watch();
        await advanceTime(60000);
        expect(attempt.isScanning).toBe(true);
        expect(shop.charges).toBe(0);
    });

    test("that is resumed asks before it does anything", async () => {
        const shop = new Shop();
        shop.wechat_prepare("line", 1.98);
        shop.wechat_submit("line", "N1", CODE);
        const attempt = takeMoney(shop, { way: "micropay", resumed: true });
        expect(attempt.isScanning).toBe(false);
        expect((await outcomeOf(attempt)).paid).toBe(true);
        expect(new Set(shop.calls)).toEqual(new Set(["wechat_poll"]));
    });

    test("that the server does not know of is over", async () => {
        const attempt = takeMoney(new Shop(), { resumed: true });
        await advanceTime(10);
        expect(attempt.isOver).toBe(true);
        attempt.leave();
        expect(attempt.outcome).toEqual({ paid: false, leave: true });
    });

    test("that the server refuses shows its words, and a way out", async () => {
        const shop = new Shop({ refusal: "Set the API key." });
        const attempt = takeMoney(shop);
        await advanceTime(60000);
        expect(attempt.sentence).toBe("Set the API key.");
        expect(attempt.isRefused).toBe(true);
        expect(shop.calls).toEqual(["wechat_prepare"]);
        shop.refusal = null;
        attempt.again();
        expect((await outcomeOf(attempt)).paid).toBe(true);
    });
});

describe("an attempt of two tills", () => {
    test("that changed its amount in turn charges what the till that submits shows", async () => {
        const shop = new Shop();
        const ours = takeMoney(shop, { way: "micropay" });
        await advanceTime(10);
        const theirs = takeMoney(shop, { way: "micropay", amount: 1 });
        await advanceTime(10);
        expect(shop.amount).toBe(1);
        shop.calls = [];
        ours.scan(CODE);
        expect((await outcomeOf(ours)).paid).toBe(true);
        // Theirs came back for the number of ours, and was not charged with our customer's code.
        expect(shop.calls.slice(0, 3)).toEqual([
            "wechat_submit",
            "wechat_prepare",
            "wechat_submit",
        ]);
        expect(shop.charged).toEqual([1.98]);
        expect(theirs.amount).toBe(1);
        // What the line took counts at the other till as well.
        theirs.ask();
        expect((await outcomeOf(theirs)).paid).toBe(true);
        expect(theirs.amount).toBe(1.98);
    });

    test("is left alone by a till at which nobody submits", async () => {
        const shop = new Shop();
        const ours = takeMoney(shop, { way: "micropay" });
        await advanceTime(10);
        shop.wechat_prepare("line", 1);
        ours.ask();
        await advanceTime(60000);
        expect(shop.amount).toBe(1);
        expect(ours.amount).toBe(1.98);
        expect(ours.isScanning).toBe(true);
    });

    test("shows the amount of the one that was sent first", async () => {
        const shop = new Shop({ pollsUntilPaid: 5 });
        const ours = takeMoney(shop, { way: "micropay" });
        await advanceTime(10);
        shop.wechat_prepare("line", 1);
        shop.wechat_submit("line", "N2", CODE);
        ours.ask();
        await advanceTime(10);
        expect(ours.state).toBe("asking");
        expect(ours.amount).toBe(1);
    });
});

describe("a refund", () => {
    const giveBack = (shop, options) => takeMoney(shop, { amount: -1.98, ...options });

    test("that WeChat has not got can be cancelled", async () => {
        const shop = new Shop();
        shop.whenSent = "refund_waits";
        const attempt = giveBack(shop);
        await advanceTime(60000);
        expect(attempt.state).toBe("refund_waits");
        expect(attempt.canCancel).toBe(true);
        expect(attempt.outcome).toBe(null);
        attempt.cancel();
        expect(await outcomeOf(attempt)).toEqual({ paid: false, leave: true });
        expect(shop.calls.at(-1)).toBe("wechat_cancel");
    });

    test("that WeChat may have got cannot", async () => {
        const shop = new Shop({ pollsUntilPaid: 9 });
        const attempt = giveBack(shop);
        await advanceTime(10);
        expect(attempt.state).toBe("asking");
        expect(attempt.canCancel).toBe(false);
        attempt.cancel();
        expect((await outcomeOf(attempt)).paid).toBe(true);
        expect(shop.calls).not.toInclude("wechat_cancel");
    });

    test("that was on its way when it was cancelled is cancelled when it can be", async () => {
        const shop = new Shop();
        shop.whenSent = "refund_waits";
        const attempt = giveBack(shop);
        await advanceTime(10);
        const cancel = shop.wechat_cancel.bind(shop);
        shop.wechat_cancel = () => shop.status();
        shop.phase = "asking";
        shop.wechat_poll = () => shop.status();
        attempt.cancel();
        await advanceTime(10);
        expect(attempt.event).toBe("cancelled");
        expect(attempt.canCancel).toBe(false);
        shop.wechat_cancel = cancel;
        shop.phase = "refund_waits";
        expect(await outcomeOf(attempt)).toEqual({ paid: false, leave: true });
        expect(shop.phase).toBe("failed");
    });

    test("that goes through while it waits is done", async () => {
        const shop = new Shop();
        shop.whenSent = "refund_waits";
        const attempt = giveBack(shop);
        await advanceTime(60000);
        shop.phase = "paid";
        expect(await outcomeOf(attempt)).toEqual({ paid: true, leave: false });
    });

    test("that can be a part only takes the part, and knows the rest", async () => {
        const shop = new Shop();
        shop.mostBack = 1;
        const attempt = giveBack(shop);
        expect((await outcomeOf(attempt)).paid).toBe(true);
        expect(shop.charged).toEqual([-1]);
        expect(attempt.amount).toBe(-1);
        expect(attempt.rest).toBeCloseTo(-0.98);
    });

    test("that can be given back whole has no rest", async () => {
        const shop = new Shop();
        const attempt = giveBack(shop);
        await outcomeOf(attempt);
        expect(shop.charged).toEqual([-1.98]);
        expect(attempt.rest).toBe(0);
    });

    test("of another till's larger amount is prepared again", async () => {
        const shop = new Shop();
        shop.wechat_prepare("line", -1.98);
        const attempt = giveBack(shop, { amount: -1, resumed: true });
        expect((await outcomeOf(attempt)).paid).toBe(true);
        expect(shop.charged).toEqual([-1]);
    });
});
