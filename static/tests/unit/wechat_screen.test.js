import { describe, expect, test } from "@odoo/hoot";
import { allowTranslations } from "@web/../tests/web_test_helpers";
import {
    ACTIONS,
    EVENTS,
    METHODS,
    SAID,
    STATES,
    rowsFor,
} from "@wechat/app/utils/payment/wechat_screen";

const TONES = ["info", "success", "warning", "danger", SAID];
const STAGES = ["scan", "qr", "wait", "over"];
const COMBINATIONS = METHODS.flatMap((method) =>
    STATES[method].flatMap((state) => EVENTS.map((event) => ({ method, state, event })))
);

function failures(check) {
    return COMBINATIONS.filter(
        ({ method, state, event }) => !check(rowsFor(method, state, event)[0], state, event, method)
    ).map(({ method, state, event }) => `${method} ${state} ${event}`);
}

function words({ sentence }, event) {
    return String(typeof sentence === "function" ? sentence(event) : sentence);
}

describe("what the till shows", () => {
    test("each method, state and event has exactly one row", () => {
        const counts = COMBINATIONS.map(
            ({ method, state, event }) => rowsFor(method, state, event).length
        );
        expect(COMBINATIONS.length).toBe(162);
        expect(counts.every((count) => count === 1)).toBe(true);
    });

    test("each has a sentence, a colour and a picture", () => {
        allowTranslations();
        expect(failures((row, state, event) => words(row, event).length > 10)).toEqual([]);
        expect(failures((row) => TONES.includes(row.tone) && STAGES.includes(row.stage))).toEqual(
            []
        );
    });

    test("each has a way out", () => {
        expect(failures((row) => row.ends || row.actions.some((one) => one !== "scan"))).toEqual([]);
        expect(failures((row) => row.actions.every((one) => ACTIONS.includes(one)))).toEqual([]);
        // Whoever is offered to begin again reads on the button how.
        expect(failures((row) => row.actions.includes("again") === Boolean(row.again))).toEqual([]);
        // A refund that is refused is no better the second time: another way leads on.
        expect(
            failures(
                (row, state, event, method) =>
                    !row.again || row.main === (method === "refund" ? "leave" : "again")
            )
        ).toEqual([]);
    });

    test("only WeChat's word says paid or no money", () => {
        allowTranslations();
        expect(
            failures(
                (row, state, event) =>
                    row.sentence === SAID ||
                    !/\bpaid\.|not charged|no money|nothing was|refunded/i.test(words(row, event))
            )
        ).toEqual([]);
        expect(
            failures((row, state) => (row.tone === "success") === /paid|accepted/.test(state))
        ).toEqual([]);
        expect(failures((row, state) => row.stage !== "qr" || state === "show_qr")).toEqual([]);
    });

    test("nobody begins again while money may move", () => {
        const over = ["withdrawn", "failed"];
        const unsent = ["start", "scan", "sending"];
        expect(
            failures(
                (row, state, event) =>
                    !row.actions.includes("again") ||
                    over.includes(state) ||
                    (unsent.includes(state) && event === "refused")
            )
        ).toEqual([]);
        // A refund that was sent cannot be called back, unless WeChat has not got it.
        expect(
            failures(
                (row, state, event, method) =>
                    method !== "refund" ||
                    !row.actions.includes("cancel") ||
                    [...unsent, "refund_waits"].includes(state)
            )
        ).toEqual([]);
        expect(
            failures(
                (row, state, event) =>
                    state !== "refund_waits" ||
                    row.actions.includes("cancel") !== /^cancel/.test(event)
            )
        ).toEqual([]);
    });
});
