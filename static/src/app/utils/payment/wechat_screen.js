import { _t } from "@web/core/l10n/translation";

/** Ways of paying, and of giving back. */
export const METHODS = ["native", "micropay", "refund"];

/** What the server says of a payment or refund, see `_till_phase` of `wechat.trade`. */
export const PHASES = {
    native: ["show_qr", "asking", "withdrawn", "failed", "paid"],
    micropay: ["asking", "password", "reversing", "failed", "paid"],
    refund: ["asking", "refund_waits", "failed", "refund_accepted"],
};

/**
 * Before that: `start` nothing has happened, `resumed` begun before the page was loaded, `scan` waits
 * for the customer's code, `sending` about to be sent, `sent` on its way.
 */
export const STATES = {
    native: ["start", "resumed", "sending", "sent", ...PHASES.native],
    micropay: ["start", "resumed", "scan", "sending", "sent", ...PHASES.micropay],
    refund: ["start", "resumed", "sending", "sent", ...PHASES.refund],
};

const UNSENT = ["start", "scan", "sending"];
const SENT = ["resumed", "sent", "asking", "password", "reversing"];
const QR = ["show_qr"];
/** WeChat surely has not got the refund: it is sent later by itself, or not at all. */
const PARKED = ["refund_waits"];
const OVER = ["withdrawn", "failed"];
const DONE = ["paid", "refund_accepted"];
const LIVE = [...UNSENT, ...SENT, ...QR, ...PARKED];

/**
 * What stands between the state and its end: `cancelling` the cashier wants out, the server has not
 * answered; `cancelled` it has, WeChat's last word is awaited; `silence` the server does not answer;
 * `signed_out`; `refused` the server said in words why not.
 */
export const EVENTS = ["none", "cancelling", "cancelled", "silence", "signed_out", "refused"];

/**
 * What the cashier can do. `next`: serve the next customer, this one is followed in the background.
 * `again`: the same line once more. `leave`: take another payment method. `amount`: take a part only;
 * a code that is shown is withdrawn for it.
 */
export const ACTIONS = ["scan", "amount", "cancel", "next", "again", "leave"];

/** Words that only the server has: WeChat's answer, explained; or the reason of a refusal. */
export const SAID = Symbol("said by the server");

const CHARGES = ["native", "micropay"];
const OUTAGES = ["silence", "signed_out"];
const SIGNED_OUT = _t(
    "You were signed out. Sign in again in another tab of this browser: this payment is kept, and " +
        "asked about again by itself."
);
const UNSURE = _t(
    "No answer from the shop's server. Do not hand over the goods and do not charge again – asking " +
        "again …"
);
const UNSURE_REFUND = _t(
    "No answer from the shop's server. Do not give the money back in another way, the refund may be " +
        "under way – asking again …"
);
const TRYING = _t("No answer from the shop's server – trying again …");
const CANCELLING = _t("Cancelling: asking WeChat whether the customer has paid …");
const CANCELLING_REFUND = _t(
    "Cancelling the refund. Wait: do not give the money back in another way yet …"
);

/**
 * The one table of what a till shows: for each method, state and event exactly one row.
 *
 * `sentence` is a text, `SAID`, or a function of the event. `stage` is the picture below the
 * sentence: `scan` an input, `qr` the code, `wait` the time that is left, `over` nothing; there,
 * `main` is the button that leads on. "Paid" and "no money" are in no sentence of this file: those
 * are WeChat's word, and the server passes it on.
 */
const ROWS = [
    // ---- Nothing stands in between ---- //
    {
        states: ["start"],
        sentence: _t("Getting ready …"),
        actions: ["cancel"],
    },
    {
        states: ["scan"],
        sentence: _t("Scan the payment code of the customer"),
        stage: "scan",
        actions: ["scan", "amount", "cancel"],
    },
    {
        methods: CHARGES,
        states: ["sending"],
        sentence: _t("Sending the payment …"),
        actions: ["cancel"],
    },
    {
        methods: CHARGES,
        states: ["sent"],
        sentence: _t("Sending the payment …"),
        actions: ["cancel", "next"],
    },
    {
        methods: ["refund"],
        states: ["sending"],
        sentence: _t("Sending the refund …"),
        actions: ["cancel"],
    },
    {
        methods: ["refund"],
        states: ["sent"],
        sentence: _t("Sending the refund …"),
        actions: ["next"],
    },
    {
        methods: CHARGES,
        states: ["resumed"],
        sentence: _t("Asking what became of this payment …"),
        actions: ["cancel", "next"],
    },
    {
        methods: ["refund"],
        states: ["resumed"],
        sentence: _t("Asking what became of this payment …"),
        actions: ["next"],
    },
    {
        states: QR,
        sentence: SAID,
        stage: "qr",
        actions: ["amount", "cancel"],
    },
    {
        methods: CHARGES,
        states: ["asking"],
        sentence: SAID,
        tone: SAID,
        actions: ["cancel", "next"],
    },
    {
        // What was sent back cannot be called back.
        methods: ["refund"],
        states: ["asking"],
        sentence: SAID,
        tone: SAID,
        actions: ["next"],
    },
    {
        methods: ["refund"],
        states: PARKED,
        sentence: SAID,
        tone: SAID,
        actions: ["cancel", "next"],
    },
    {
        states: ["password"],
        sentence: SAID,
        actions: ["cancel", "next"],
    },
    {
        states: ["reversing"],
        sentence: SAID,
        tone: "warning",
        actions: ["cancel", "next"],
    },

    // ---- The cashier wants out ---- //
    {
        methods: CHARGES,
        states: LIVE,
        events: ["cancelling"],
        sentence: CANCELLING,
        actions: ["next"],
    },
    {
        methods: ["refund"],
        states: LIVE,
        events: ["cancelling"],
        sentence: CANCELLING_REFUND,
        actions: ["next"],
    },
    {
        methods: CHARGES,
        states: [...UNSENT, "resumed", "sent"],
        events: ["cancelled"],
        sentence: CANCELLING,
        actions: ["next"],
    },
    {
        methods: ["refund"],
        states: [...UNSENT, "resumed", "sent"],
        events: ["cancelled"],
        sentence: CANCELLING_REFUND,
        actions: ["next"],
    },
    {
        states: ["asking", "password", "reversing", ...QR, ...PARKED],
        events: ["cancelled"],
        sentence: SAID,
        tone: "warning",
        actions: ["next"],
    },

    // ---- Nobody answers ---- //
    {
        states: ["scan"],
        events: OUTAGES,
        sentence: (event) => (event === "signed_out" ? SIGNED_OUT : TRYING),
        tone: "warning",
        stage: "scan",
        actions: ["scan", "cancel"],
    },
    {
        states: ["start", "sending"],
        events: OUTAGES,
        sentence: (event) => (event === "signed_out" ? SIGNED_OUT : TRYING),
        tone: "warning",
        actions: ["cancel"],
    },
    {
        methods: CHARGES,
        states: SENT,
        events: OUTAGES,
        sentence: (event) => (event === "signed_out" ? SIGNED_OUT : UNSURE),
        tone: "warning",
        actions: ["cancel", "next"],
    },
    {
        states: QR,
        events: OUTAGES,
        sentence: (event) => (event === "signed_out" ? SIGNED_OUT : UNSURE),
        tone: "warning",
        stage: "qr",
        actions: ["cancel", "next"],
    },
    {
        methods: ["refund"],
        states: SENT,
        events: OUTAGES,
        sentence: (event) => (event === "signed_out" ? SIGNED_OUT : UNSURE_REFUND),
        tone: "warning",
        actions: ["next"],
    },
    {
        // It may have been sent meanwhile: whether it can still be cancelled, the server says.
        methods: ["refund"],
        states: PARKED,
        events: OUTAGES,
        sentence: (event) => (event === "signed_out" ? SIGNED_OUT : UNSURE_REFUND),
        tone: "warning",
        actions: ["cancel", "next"],
    },

    // ---- The server says no ---- //
    {
        // Nothing was sent: the same once more, or another way.
        methods: CHARGES,
        states: UNSENT,
        events: ["refused"],
        sentence: SAID,
        tone: "danger",
        stage: "over",
        again: _t("Try again"),
        actions: ["again", "leave"],
    },
    {
        // What was paid in another way cannot go back in this one, however often it is tried.
        methods: ["refund"],
        states: UNSENT,
        events: ["refused"],
        sentence: SAID,
        tone: "danger",
        stage: "over",
        again: _t("Try again"),
        main: "leave",
        actions: ["again", "leave"],
    },
    {
        // Money may move all the same, so it goes on being asked.
        methods: CHARGES,
        states: SENT,
        events: ["refused"],
        sentence: SAID,
        tone: "danger",
        actions: ["cancel", "next"],
    },
    {
        methods: ["refund"],
        states: SENT,
        events: ["refused"],
        sentence: SAID,
        tone: "danger",
        actions: ["next"],
    },
    {
        methods: ["refund"],
        states: PARKED,
        events: ["refused"],
        sentence: SAID,
        tone: "danger",
        actions: ["cancel", "next"],
    },
    {
        states: QR,
        events: ["refused"],
        sentence: SAID,
        tone: "danger",
        stage: "qr",
        actions: ["cancel", "next"],
    },

    // ---- The end, whatever else is ---- //
    {
        methods: ["native"],
        states: OVER,
        events: EVENTS,
        sentence: SAID,
        tone: SAID,
        stage: "over",
        again: _t("New code"),
        actions: ["again", "leave"],
    },
    {
        methods: ["micropay"],
        states: OVER,
        events: EVENTS,
        sentence: SAID,
        tone: SAID,
        stage: "over",
        again: _t("Scan again"),
        actions: ["again", "leave"],
    },
    {
        methods: ["refund"],
        states: OVER,
        events: EVENTS,
        sentence: SAID,
        tone: SAID,
        stage: "over",
        again: _t("Refund again"),
        main: "leave",
        actions: ["again", "leave"],
    },
    {
        // Ends by itself: the line is paid, the order goes on.
        states: DONE,
        events: EVENTS,
        sentence: SAID,
        tone: "success",
        ends: true,
    },
].map((row) => ({
    methods: METHODS,
    events: ["none"],
    tone: "info",
    stage: "wait",
    again: "",
    main: "again",
    actions: [],
    ends: false,
    ...row,
}));

/** @returns {object[]} the rows for a method in a state with an event: always one */
export function rowsFor(method, state, event) {
    return ROWS.filter(
        (row) =>
            row.methods.includes(method) &&
            row.states.includes(state) &&
            row.events.includes(event)
    );
}
