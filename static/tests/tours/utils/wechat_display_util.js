/* global posmodel */

import { generateQRCodeDataUrl } from "@point_of_sale/utils";
import { run } from "@point_of_sale/../tests/generic_helpers/utils";

const PANEL = ":iframe .wechat-panel";
const REST = ":iframe body:not(:has(.wechat-panel)):not(:has(.modal))";

/** The customer display itself, beside the till; both are on one device. */
export function open() {
    return [
        run(async () => {
            const frame = document.createElement("iframe");
            frame.src = `/pos_customer_display/${posmodel.config.id}/tour`;
            frame.style = "position: fixed; inset: auto 0 0 auto; width: 480px; height: 300px;";
            document.body.append(frame);
            await new Promise((resolve) => frame.addEventListener("load", resolve));
        }, "open the customer display"),
        {
            content: "the customer display is ready",
            trigger: ":iframe .o_customer_display",
        },
    ];
}

/**
 * @param {"scan"|"confirm"|"paid"} state
 * @param {...string} texts - all of which the customer reads
 */
export function shows(state, ...texts) {
    const says = texts.map((text) => `:contains("${text}")`).join("");
    return [
        {
            content: `the display is at "${state}"`,
            trigger: `${PANEL}.wechat-panel-${state}${says}`,
        },
    ];
}

/** What the display has behind a selector; the dialog of the till is in front of it for a tour. */
export function find(selector) {
    return document.querySelector("iframe").contentDocument.querySelector(selector);
}

/** The picture on the display holds the code of WeChat, nothing else. */
export function showsCodeOfWechat() {
    return [
        run(() => {
            const line = posmodel.getOrder().payment_ids[0];
            const { code_url: codeUrl } = posmodel.wechatAttempts.get(line.uuid).status;
            const expected = generateQRCodeDataUrl(codeUrl, { width: 480, height: 480 });
            const picture = find(".wechat-panel img");
            if (!codeUrl || picture.src !== expected) {
                throw new Error("The display shows another QR code than WeChat's.");
            }
            if (picture.clientWidth < 0.7 * picture.ownerDocument.documentElement.clientHeight) {
                throw new Error(`The code is only ${picture.clientWidth} pixels wide.`);
            }
        }, "the display shows WeChat's code, and large"),
    ];
}

/** Nothing of a payment is left on the display; what Odoo shows, shows. */
export function showsNoPayment(text = "") {
    return [
        {
            content: "the display shows no payment",
            trigger: text ? `${REST}:contains("${text}")` : REST,
        },
    ];
}

/** Keep what the till tells its display from now on. */
export function listen() {
    return [
        run(() => {
            window.wechatDisplayMessages = [];
            const channel = new BroadcastChannel("UPDATE_CUSTOMER_DISPLAY");
            channel.onmessage = ({ data }) => window.wechatDisplayMessages.push(data);
        }, "listen to what the till tells the display"),
    ];
}

export function wasNeverTold(state) {
    return [
        run(() => {
            const told = window.wechatDisplayMessages.map(
                ({ wechatPayment }) => wechatPayment?.state
            );
            if (!told.length || told.includes(state)) {
                throw new Error(`The till told the display: ${told}.`);
            }
        }, `the till never said "${state}"`),
    ];
}
