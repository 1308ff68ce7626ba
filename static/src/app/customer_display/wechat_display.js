import { browser } from "@web/core/browser/browser";

/** "Paid" is for the customer who paid, not for the one who comes next. */
const PAID_MS = 8000;

/**
 * A display that hears nothing from its till for this long forgets what it shows: the till may have
 * been switched off in front of a QR code. The till repeats itself often enough (`RENEW_MS`).
 */
const LEASE_SECONDS = 45;
export const RENEW_MS = 15000;

/** Where the customer of an order is still in front of the till. */
const PAYING_SCREENS = ["PaymentScreen"];
const PAID_SCREENS = ["PaymentScreen", "ReceiptScreen", "FeedbackScreen"];

/** The keys of a message to the display: one that is left out would keep its old value there. */
export const NOTHING = { qrPaymentData: null, wechatPayment: null };

/**
 * Have the customer display speak of a payment line, as long as that line is the selected one.
 *
 * @param {object} line - the payment line; what is shown is kept with it in memory, never stored
 * @param {object} shown - for the customer's eyes, and for those of anybody who listens to the bus:
 *  no payment codes, no numbers of WeChat
 * @param {"scan"|"confirm"|"paid"} shown.state
 * @param {string} shown.amount - with its currency
 * @param {string} shown.shop
 * @param {string} [shown.mode] - `simulator`, `sandbox`, or "" where real money moves
 * @param {string} [shown.qrCode] - data URL of the picture
 * @param {number} [seconds] - after which it is not true any more
 */
export function showOnDisplay(line, shown, seconds = Infinity) {
    line.wechatDisplay = { ...shown, until: Date.now() + seconds * 1000 };
}

/** @param {...string} states - leaves the display as it is unless it shows one of these */
export function hideFromDisplay(line, ...states) {
    if (states.includes(line?.wechatDisplay?.state)) {
        line.wechatDisplay = null;
    }
}

/** The customer's receipt of it all; it goes by itself. */
export function thankOnDisplay(line, shown) {
    showOnDisplay(line, { ...shown, state: "paid" }, PAID_MS / 1000);
    browser.setTimeout(() => hideFromDisplay(line, "paid"), PAID_MS);
}

/** @returns {object|null} what the display gets to know of the line, with the seconds it may show it */
export function displayDataOf(line) {
    if (!line?.wechatDisplay) {
        return null;
    }
    const { until, ...shown } = line.wechatDisplay;
    const seconds = Math.min(LEASE_SECONDS, Math.ceil((until - Date.now()) / 1000));
    return seconds > 0 ? { ...shown, seconds } : null;
}

/** False on a screen where another customer, or nobody, may be looking at the display. */
export function isForDisplay({ state }, { current }) {
    return (state === "paid" ? PAID_SCREENS : PAYING_SCREENS).includes(current);
}
