import { _t } from "@web/core/l10n/translation";

/** What the customer shows under "Me > Services > Money": 18 digits, 10 to 16 in front. */
const PAYMENT_CODE = /^1[0-6]\d{16}$/;

/**
 * What other codes that reach a till look like, most telling first, each with the sentence that
 * tells the cashier what it was. No sentence repeats the code: it is money.
 */
const OTHER_CODES = [
    {
        pattern: /^(2[5-9]|30)\d{14,22}$/,
        sentence: () =>
            _t("This is an Alipay code. Ask the customer to open WeChat Pay and scan again."),
    },
    {
        pattern: /^62\d{17}$/,
        sentence: () =>
            _t("This is a UnionPay code. Ask the customer to open WeChat Pay and scan again."),
    },
    {
        pattern: /^(wxp:|https?:\/\/(wx\.tenpay\.com|payapp\.weixin\.qq\.com))/i,
        sentence: () =>
            _t(
                "This code is for receiving money. Ask the customer for the payment code: " +
                    "in WeChat, Me, Services, Money."
            ),
    },
    {
        pattern: /^(weixin:|https?:)/i,
        sentence: () =>
            _t("This is a link, not a payment code. Scan the payment code of the customer."),
    },
    {
        pattern: /^(\d{8}|\d{12,14})$/,
        sentence: () =>
            _t("This is the barcode of a product. Scan the payment code of the customer."),
    },
    {
        pattern: /^1[0-6]\d*$/,
        sentence: (text) =>
            _t("A payment code has 18 digits, this one has %s. Scan again.", text.length),
    },
];

/**
 * Tell whether a scanned or typed text is a WeChat payment code.
 *
 * @param {string} text - what the scanner, the camera or the keyboard gave, raw
 * @returns {{code: string, problem: string}} `code`: the 18 digits as a string, or "";
 * `problem`: what the text is instead, for the cashier, or "". The text itself is never part of it.
 */
export function readPaymentCode(text) {
    const stripped = String(text ?? "").replace(/[\s-]/g, "");
    if (PAYMENT_CODE.test(stripped)) {
        return { code: stripped, problem: "" };
    }
    const known = OTHER_CODES.find(({ pattern }) => pattern.test(stripped));
    return {
        code: "",
        problem: known
            ? known.sentence(stripped)
            : _t("This is not a WeChat payment code. Scan the payment code of the customer."),
    };
}
