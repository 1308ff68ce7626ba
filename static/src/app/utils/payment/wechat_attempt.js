import { _t } from "@web/core/l10n/translation";
import { browser } from "@web/core/browser/browser";
import { RPCError } from "@web/core/network/rpc";
import { Deferred } from "@web/core/utils/concurrency";
import { Reactive } from "@web/core/utils/reactive";
import { logPosMessage } from "@point_of_sale/app/utils/pretty_console_log";
import { SAID, rowsFor } from "@wechat/app/utils/payment/wechat_screen";

/** Longer than the server may take with WeChat (5 s to connect, 10 s to read) in its worst case. */
const ANSWER_TIMEOUT_MS = 30000;
const FIRST_BACK_OFF_MS = 1000;
const LONGEST_BACK_OFF_MS = 15000;
const SHORTEST_POLL_MS = 500;
const SAME_AMOUNT = 0.00001;

/** Errors whose text the server wrote for people: shown as they are. */
const TOLD_ERRORS = [
    "odoo.exceptions.UserError",
    "odoo.exceptions.ValidationError",
    "odoo.exceptions.AccessError",
    "odoo.exceptions.MissingError",
    "odoo.exceptions.RedirectWarning",
];

class NoAnswerError extends Error {}

/**
 * One try to take (or give back) the money of one payment line.
 *
 * It knows nothing of the screen. In a loop it makes the one call that the present state asks for:
 * prepare, then submit, then poll until the server's word is final; cancel when the cashier wants
 * out. A call without an answer leaves everything unknown: the same question is asked again, and
 * nothing that moves money is repeated before a poll has told what became of it.
 *
 * - `settled` is a promise of `{paid, leave}` that never rejects. `leave`: the cashier is done with
 *   this way of paying and the payment line can go.
 * - `status` is the server's latest word, `trouble` what stands between it and us.
 * - `rest`: of a refund, what is left to give back when this one is done. One payment of the order
 *   could not give back all that was asked.
 */
export class WechatAttempt extends Reactive {
    constructor() {
        super();
        this.setup(...arguments);
    }

    /**
     * @param {(method: string, args: any[]) => Promise<object>} call - calls the server
     * @param {object} options
     * @param {string} options.uuid - uuid of the payment line
     * @param {number} options.amount - in the currency of the shop; negative for a refund
     * @param {object} options.values - what the server keeps with it, see `wechat_prepare`
     * @param {"native"|"micropay"} options.way - how the customer pays, or paid
     * @param {() => boolean} options.isOffline - true when a call would not even leave the till
     * @param {boolean} [options.resumed] - started before this page was loaded: ask before acting
     */
    setup(call, { uuid, amount, values, way, isOffline, resumed = false }) {
        this.call = call;
        this.uuid = uuid;
        this.amount = amount;
        this.rest = 0;
        this.values = values;
        this.way = way;
        this.isOffline = isOffline;
        this.settled = new Deferred();
        this.outcome = null;
        // Somebody looks at it: what went wrong is shown, and the cashier says how to go on.
        this.watched = false;
        // Put aside: the next customer is being served, or nobody has come back to it yet.
        this.aside = false;
        // PaymentInterface waits for it, and sets the status of the line when it is settled.
        this.awaited = false;
        // The payment screen that was opened on it again, if any.
        this.follower = null;
        this.timer = null;
        this.running = false;
        this.runAgain = false;
        this.loop = null;
        this.clear();
        this.mustAsk = resumed;
        this.maybeSent = resumed;
    }

    clear() {
        this.status = null;
        this.statusTime = 0;
        this.trouble = null;
        this.failures = 0;
        this.authCode = null;
        this.mustAsk = false;
        this.maybeSent = false;
        this.cancelling = false;
        this.cancelSent = false;
        this.newAmount = null;
    }

    // ---- What a screen shows ---- //

    get isRefund() {
        return this.amount < 0;
    }

    /** The server will not change its mind and no money moved: the cashier chooses how to go on. */
    get isOver() {
        return Boolean(this.status?.free && this.status.phase !== "new");
    }

    /** The server refused to begin, nothing was sent to WeChat. */
    get isRefused() {
        return this.trouble?.event === "refused" && !this.maybeSent;
    }

    get isScanning() {
        return (
            this.needsCode &&
            !this.authCode &&
            !this.maybeSent &&
            !this.cancelling &&
            !this.isRefused &&
            (!this.status || this.status.phase === "new")
        );
    }

    get canCancel() {
        const isSentBack = this.isRefund && this.maybeSent && !this.isParked;
        return !this.cancelling && !this.isOver && !isSentBack;
    }

    /** WeChat surely has not got the refund: it is sent later, unless the cashier cancels it. */
    get isParked() {
        return this.status?.phase === "refund_waits";
    }

    get codeUrl() {
        return (this.row.stage === "qr" && this.status.code_url) || "";
    }

    /** @returns {"native"|"micropay"|"refund"} */
    get method() {
        return this.isRefund ? "refund" : this.way;
    }

    /** The customer's payment code has to be scanned first. */
    get needsCode() {
        return this.method === "micropay";
    }

    /** @returns {string} one of `STATES` of its method */
    get state() {
        if (this.status && this.status.phase !== "new") {
            return this.status.phase;
        }
        if (this.isScanning) {
            return "scan";
        }
        if (this.maybeSent) {
            return this.status ? "sent" : "resumed";
        }
        return this.status ? "sending" : "start";
    }

    /** @returns {string} one of `EVENTS` */
    get event() {
        if (this.trouble) {
            return this.trouble.event;
        }
        if (this.cancelling && !this.isOver) {
            return this.cancelSent ? "cancelled" : "cancelling";
        }
        return "none";
    }

    /** What a screen shows now: a row of the table in `wechat_screen.js`. */
    get row() {
        return rowsFor(this.method, this.state, this.event)[0];
    }

    get sentence() {
        const { sentence } = this.row;
        if (sentence === SAID) {
            return this.trouble?.sentence || this.status.sentence;
        }
        return typeof sentence === "function" ? sentence(this.event) : sentence;
    }

    /** @returns {"info"|"success"|"warning"|"danger"} */
    get tone() {
        const { tone } = this.row;
        return tone === SAID ? this.status.tone : tone;
    }

    /** Seconds left of a time that the server gave with its latest word, or 0. */
    secondsLeft(field, now = Date.now()) {
        const seconds = this.status?.[field] || 0;
        const elapsed = Math.max(0, now - this.statusTime) / 1000;
        return Math.max(0, Math.ceil(seconds - elapsed));
    }

    // ---- What the cashier and the server's bus do to it ---- //

    /** There is news: ask now instead of when the time comes. */
    wake() {
        this.failures = 0;
        this.run();
    }

    /** Ask the server what became of it; resolves when its answer, or its silence, is in. */
    ask() {
        if (this.running) {
            return this.loop;
        }
        this.mustAsk = true;
        return this.run();
    }

    /** @param {string} code - 18 digits; kept in memory until the server has it, never stored */
    scan(code) {
        if (!this.isScanning) {
            return;
        }
        this.authCode = code;
        this.trouble = null;
        this.run();
    }

    /** @returns {Promise<void>} as `run`: the end may still be some polls away */
    async cancel() {
        if (this.canCancel) {
            this.cancelling = true;
            this.trouble = null;
            await this.run();
        }
    }

    /**
     * Take another amount on the same line. A code that the customer may have seen is given up first;
     * if it has been paid meanwhile, it stays paid.
     *
     * @param {number} amount
     */
    async changeAmount(amount) {
        if (this.maybeSent) {
            this.newAmount = amount;
            await this.cancel();
        } else {
            this.amount = amount;
            this.clear();
            await this.run();
        }
    }

    /** After a failure: the same line once more, with a new number if the server sees fit. */
    again() {
        if (this.outcome || !(this.isOver || this.isRefused)) {
            return;
        }
        this.clear();
        this.run();
    }

    /** After a failure: take another payment method instead. */
    leave() {
        if (this.isOver || this.isRefused) {
            this.settle(false, true);
        }
    }

    watch() {
        this.watched = true;
        this.run();
    }

    unwatch() {
        this.watched = false;
        if (!this.maybeSent) {
            // Whoever comes back to it later does not expect an old scan to be charged.
            this.authCode = null;
        }
        this.settleUnwatched();
    }

    // ---- The loop ---- //

    /** The call that the present state asks for, or null if only a person can go on. */
    get nextCall() {
        if (this.outcome || this.isOver) {
            return null;
        }
        if (this.cancelling && !this.cancelSent) {
            return "wechat_cancel";
        }
        if (this.mustAsk) {
            return "wechat_poll";
        }
        if (this.isRefused) {
            return null;
        }
        if (!this.status) {
            return "wechat_prepare";
        }
        if (this.status.phase === "new" && !this.cancelSent) {
            const waitsForPeople = !this.watched || (this.needsCode && !this.authCode);
            if (waitsForPeople) {
                return null;
            }
            // Another till may have changed the line: what was prepared is not what is seen here.
            return isSame(this.status.amount, this.amount) ? "wechat_submit" : "wechat_prepare";
        }
        return "wechat_poll";
    }

    /** @returns {Promise<void>} resolves when there is nothing more to do at once */
    run() {
        if (this.running) {
            this.runAgain = true;
        } else {
            this.running = true;
            this.loop = this.work();
        }
        return this.loop;
    }

    async work() {
        browser.clearTimeout(this.timer);
        let method = this.nextCall;
        while (method) {
            this.runAgain = false;
            await this.perform(method);
            const next = this.nextCall;
            // Polls and repetitions wait for their time, the next step of a trade does not.
            const waits = next === "wechat_poll" || next === method || this.failures;
            method = waits && !this.runAgain ? null : next;
        }
        this.running = false;
        if (this.nextCall) {
            this.timer = browser.setTimeout(() => this.run(), this.pause);
        }
    }

    /** Milliseconds until the next call makes sense. */
    get pause() {
        if (this.failures) {
            const backOff = FIRST_BACK_OFF_MS * 2 ** (this.failures - 1);
            return Math.min(backOff, LONGEST_BACK_OFF_MS);
        }
        if (this.mustAsk) {
            return 0;
        }
        return Math.max((this.status?.retry_in || 0) * 1000, SHORTEST_POLL_MS);
    }

    async perform(method) {
        try {
            if (this.isOffline()) {
                throw new NoAnswerError();
            }
            const request = this.request(method);
            this.receive(method, await withinTime(request));
        } catch (error) {
            this.fail(method, error);
        }
    }

    request(method) {
        switch (method) {
            case "wechat_prepare":
                return this.call(method, [this.uuid, this.amount, this.values]);
            case "wechat_submit":
                this.maybeSent = true;
                return this.call(method, [this.uuid, this.status.number, this.authCode]);
            default:
                return this.call(method, [this.uuid]);
        }
    }

    receive(method, status) {
        if (!status.found) {
            status = {
                ...status,
                free: true,
                paid: false,
                phase: "failed",
                tone: "info",
                sentence: _t("The shop's server knows of no payment on this line."),
            };
        }
        this.failures = 0;
        this.mustAsk = false;
        this.status = status;
        this.statusTime = Date.now();
        if (status.phase === "new") {
            this.maybeSent = false;
        } else {
            this.maybeSent = true;
            this.authCode = null;
        }
        if (method === "wechat_cancel") {
            this.cancelSent = true;
        }
        if (this.isParked) {
            // It was on its way when the cashier wanted out, and is not any more: cancel it now.
            this.cancelSent = false;
        }
        this.followAmount(status);
        // A refusal stays in sight until it is answered or overtaken by news.
        if (!this.isRefused) {
            this.trouble = null;
        }
        if (status.paid) {
            this.settle(true, false);
        } else if (this.isOver && this.newAmount !== null) {
            this.amount = this.newAmount;
            this.clear();
            return;
        }
        this.settleUnwatched();
    }

    /** What is under way on the line counts, also a part of a refund, or what another till began. */
    followAmount({ amount, phase, free }) {
        if (free || isSame(amount, this.amount)) {
            return;
        }
        if (this.amount < amount && amount < 0) {
            this.rest += this.amount - amount;
            this.amount = amount;
        } else if (phase !== "new") {
            this.amount = amount;
        }
    }

    /** A failure needs an answer of the cashier, unless it was asked for or nobody is there. */
    settleUnwatched() {
        if ((this.isOver || this.isRefused) && (this.cancelling || !this.watched)) {
            this.settle(false, this.cancelling);
        }
    }

    fail(method, error) {
        this.failures += 1;
        this.mustAsk = this.maybeSent && method !== "wechat_cancel";
        if (error instanceof RPCError && TOLD_ERRORS.includes(error.exceptionName)) {
            this.trouble = { event: "refused", sentence: error.data?.message || error.message };
            if (method === "wechat_cancel") {
                this.cancelling = false;
                this.newAmount = null;
                this.mustAsk = this.maybeSent;
            }
            this.settleUnwatched();
            return;
        }
        if (!(error instanceof NoAnswerError)) {
            // The name only: arguments and debug text of an error may hold a payment code.
            logPosMessage("WechatAttempt", method, `No answer: ${error?.name}`);
        }
        if (this.cancelling && !this.maybeSent) {
            // Nothing was ever sent, there is nothing to undo.
            this.settle(false, true);
            return;
        }
        const isSignedOut = error?.exceptionName === "odoo.http.SessionExpiredException";
        this.trouble = { event: isSignedOut ? "signed_out" : "silence" };
    }

    settle(paid, leave) {
        if (this.outcome) {
            return;
        }
        browser.clearTimeout(this.timer);
        this.authCode = null;
        this.outcome = { paid, leave };
        this.settled.resolve(this.outcome);
    }
}

/** @returns {boolean} true for amounts that differ by less than any currency's smallest unit */
function isSame(amount, other) {
    return Math.abs(amount - other) < SAME_AMOUNT;
}

/** A call that hangs has no answer; what it says too late, the next poll says again. */
function withinTime(promise) {
    let timer;
    const limit = new Promise((resolve, reject) => {
        timer = browser.setTimeout(() => reject(new NoAnswerError()), ANSWER_TIMEOUT_MS);
    });
    return Promise.race([promise, limit]).finally(() => browser.clearTimeout(timer));
}
