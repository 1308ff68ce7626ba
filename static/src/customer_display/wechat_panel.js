import { _t } from "@web/core/l10n/translation";
import { browser } from "@web/core/browser/browser";
import { Component, useEffect } from "@odoo/owl";

/** One WeChat payment, for the eyes of the customer who makes it. It covers the whole display. */
export class WechatPanel extends Component {
    static template = "wechat.WechatPanel";
    static props = {
        payment: {
            type: Object,
            shape: {
                state: String,
                amount: String,
                shop: String,
                seconds: Number,
                mode: { type: String, optional: true },
                qrCode: { type: String, optional: true },
            },
        },
        forget: Function,
    };

    setup() {
        // Each message brings its own time: a till that falls silent must not leave a code behind.
        useEffect(
            (payment) => {
                const timer = browser.setTimeout(this.props.forget, payment.seconds * 1000);
                return () => browser.clearTimeout(timer);
            },
            () => [this.props.payment]
        );
    }

    get modeMark() {
        const marks = {
            simulator: _t("Simulator – no real money"),
            sandbox: _t("Sandbox – no real money"),
        };
        return marks[this.props.payment.mode] || "";
    }
}
