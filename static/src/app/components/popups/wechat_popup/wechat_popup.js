import { _t } from "@web/core/l10n/translation";
import { browser } from "@web/core/browser/browser";
import { hasTouch } from "@web/core/browser/feature_detection";
import {
    BarcodeVideoScanner,
    isBarcodeScannerSupported,
} from "@web/core/barcode/barcode_video_scanner";
import { useService } from "@web/core/utils/hooks";
import { Component, onMounted, onWillUnmount, useEffect, useRef, useState } from "@odoo/owl";
import { generateQRCodeDataUrl } from "@point_of_sale/utils";
import { WechatDialog } from "@wechat/app/components/popups/wechat_popup/wechat_dialog";
import { NumberPopup } from "@point_of_sale/app/components/popups/number_popup/number_popup";
import { makeAwaitable } from "@point_of_sale/app/utils/make_awaitable_dialog";
import { parseFloat } from "@web/views/fields/parsers";
import { readPaymentCode } from "@wechat/app/utils/payment/wechat_payment_code";

const TICK_MS = 500;
/** A scanner that sends no Enter is done when no key came for this long. */
const END_OF_TYPING_MS = 250;
const PAYMENT_CODE_LENGTH = 18;
/** Shorter, and a button that appears under the finger would be pressed by mistake. */
const NEXT_CUSTOMER_AFTER_MS = 8000;
const QR_CODE_SIZE = 480;

const TONES = {
    info: { icon: "fa-hourglass-half", className: "text-bg-info" },
    success: { icon: "fa-check-circle", className: "text-bg-success" },
    warning: { icon: "fa-exclamation-triangle", className: "text-bg-warning" },
    danger: { icon: "fa-times-circle", className: "text-bg-danger" },
};

const STAGE_ICONS = { scan: "fa-barcode", qr: "fa-qrcode" };

/**
 * What the cashier sees of one attempt: one true sentence, the amount, and the way out.
 * Closing it does not end the attempt.
 */
export class WechatPopup extends Component {
    static template = "wechat.WechatPopup";
    static components = { WechatDialog, BarcodeVideoScanner };
    static props = {
        attempt: Object,
        terminal: Object,
        close: Function,
    };

    setup() {
        this.attempt = useState(this.props.attempt);
        this.state = useState({
            now: Date.now(),
            typed: "",
            problem: "",
            camera: false,
            cameraProblem: "",
        });
        this.hasCamera = isBarcodeScannerSupported();
        this.sound = useService("mail.sound_effects");
        this.codeInput = useRef("codeInput");
        this.againButton = useRef("againButton");
        this.leaveButton = useRef("leaveButton");
        this.sentenceBox = useRef("sentence");
        this.openTime = Date.now();

        const stopReading = this.props.terminal.pos.barcodeReader?.registerRaw((code) => {
            this.onScanned(code);
            return true;
        });
        const tick = browser.setInterval(() => this.onTick(), TICK_MS);
        onMounted(() => this.focus());
        onWillUnmount(() => {
            stopReading?.();
            browser.clearInterval(tick);
            browser.clearTimeout(this.typingTimer);
        });

        // What can be done changes with the stage: bring the keyboard along.
        useEffect(
            () => this.focus(),
            () => [this.stage]
        );
        useEffect(
            (qrCode) => {
                if (qrCode) {
                    this.props.terminal.showQrCode(this.attempt.uuid, qrCode);
                    return () => this.props.terminal.hideQrCode(this.attempt.uuid);
                }
            },
            () => [this.qrCode]
        );
    }

    // ---- What is shown ---- //

    /** @returns {"scan"|"over"|"qr"|"wait"} */
    get stage() {
        return this.attempt.row.stage;
    }

    can(action) {
        return this.attempt.row.actions.includes(action);
    }

    get title() {
        return this.attempt.isRefund ? _t("WeChat Pay refund") : _t("WeChat Pay");
    }

    get amount() {
        return this.env.utils.formatCurrency(Math.abs(this.attempt.amount));
    }

    /** "Part of …", of a refund that has to be made in several. */
    get partOf() {
        const { amount, rest } = this.attempt;
        return rest
            ? _t("Part of %s, the rest follows", this.env.utils.formatCurrency(-amount - rest))
            : "";
    }

    get cancelLabel() {
        return this.attempt.isRefund ? _t("Cancel refund") : _t("Cancel payment");
    }

    /** @returns {"again"|"leave"} the button that leads on from the end */
    get mainAction() {
        return this.attempt.row.main;
    }

    get shopName() {
        return this.props.terminal.pos.config.name;
    }

    get modeMark() {
        const marks = {
            simulator: _t("Simulator – no real money"),
            sandbox: _t("Sandbox – no real money"),
        };
        return marks[this.attempt.status?.mode] || "";
    }

    /** A simulated customer needs no camera: the address in the code opens the phone. */
    get phoneUrl() {
        const { codeUrl, status } = this.attempt;
        return status?.mode === "simulator" && /^https?:/.test(codeUrl) ? codeUrl : "";
    }

    get tone() {
        return TONES[this.attempt.tone] || TONES.info;
    }

    get icon() {
        return (!this.attempt.trouble && STAGE_ICONS[this.stage]) || this.tone.icon;
    }

    get qrCode() {
        const url = this.attempt.codeUrl;
        if (url !== this.drawnUrl) {
            this.drawnUrl = url;
            this.drawnCode =
                url && generateQRCodeDataUrl(url, { width: QR_CODE_SIZE, height: QR_CODE_SIZE });
        }
        return this.drawnCode || "";
    }

    /** How long the QR code is good for, or "" while that is nothing to think about. */
    get validity() {
        const seconds = this.attempt.secondsLeft("expires_in", this.state.now);
        if (!seconds) {
            return "";
        }
        return seconds > 600
            ? _t("Valid for %s minutes", Math.floor(seconds / 60))
            : _t("Valid for %s", clock(seconds));
    }

    /** Until the server takes the payment back, or sends the refund; or 0. */
    get secondsLeft() {
        const { trouble, status, isRefund, cancelling } = this.attempt;
        const isToldByServer = !trouble && status?.phase !== "reversing";
        const isOff = isRefund && cancelling;
        return isToldByServer && !isOff
            ? this.attempt.secondsLeft("seconds_left", this.state.now)
            : 0;
    }

    get secondsLabel() {
        return this.attempt.isRefund
            ? _t("seconds, then it is sent by itself")
            : _t("seconds, then it is cancelled by itself");
    }

    get showsNextCustomer() {
        const isLong = this.state.now - this.openTime > NEXT_CUSTOMER_AFTER_MS;
        const { trouble, isParked } = this.attempt;
        return this.can("next") && (isLong || isParked || Boolean(trouble));
    }

    // ---- What the cashier does ---- //

    onScanned(text) {
        const { code, problem } = readPaymentCode(text);
        this.clearInput();
        if (this.isTypingAmount) {
            this.state.problem = _t(
                "This scan charged nothing: close the open window first, then scan again."
            );
            this.sound.play("error");
            return;
        }
        if (this.can("again") && code && this.attempt.needsCode) {
            // The customer shows a fresh code: no need to press the button first.
            this.attempt.again();
        }
        if (!this.can("scan")) {
            return;
        }
        if (code) {
            this.state.problem = "";
            this.state.camera = false;
            this.attempt.scan(code);
        } else {
            this.state.problem = problem;
            this.sound.play("error");
        }
    }

    /** A whole code counts as soon as no more keys come, with or without Enter. */
    onTyping() {
        this.state.problem = "";
        browser.clearTimeout(this.typingTimer);
        // A code of full length that nobody goes on typing is taken, or named if it is another.
        const digits = this.state.typed.replace(/[\s-]/g, "");
        if (readPaymentCode(digits).code || digits.length >= PAYMENT_CODE_LENGTH) {
            this.typingTimer = browser.setTimeout(() => this.onTyped(), END_OF_TYPING_MS);
        }
    }

    onTyped() {
        browser.clearTimeout(this.typingTimer);
        if (this.state.typed.trim()) {
            this.onScanned(this.state.typed);
        }
    }

    clearInput() {
        browser.clearTimeout(this.typingTimer);
        this.state.typed = "";
    }

    onCameraError(error) {
        this.state.camera = false;
        this.state.cameraProblem = error.message;
    }

    onEscape() {
        if (this.can("leave")) {
            this.attempt.leave();
        } else if (this.can("cancel")) {
            this.attempt.cancel();
        }
    }

    again() {
        this.openTime = Date.now();
        this.state.problem = "";
        this.attempt.again();
    }

    async changeAmount() {
        const { terminal } = this.props;
        this.isTypingAmount = true;
        const typed = await makeAwaitable(this.env.services.dialog, NumberPopup, {
            title: _t("Amount to pay with WeChat Pay"),
            startingValue: "",
        });
        this.isTypingAmount = false;
        const amount = typed ? parseFloat(typed) : 0;
        if (amount > 0 && amount <= terminal.mostOf(this.attempt) && this.can("amount")) {
            this.state.problem = "";
            await this.attempt.changeAmount(amount);
        } else if (typed) {
            terminal.pos.notification.add(
                _t(
                    "The amount stays as it was: type one above zero and up to %s.",
                    this.env.utils.formatCurrency(terminal.mostOf(this.attempt))
                ),
                { type: "warning" }
            );
        }
    }

    nextCustomer() {
        this.props.terminal.serveNextCustomer(this.attempt);
    }

    onTick() {
        this.state.now = Date.now();
        const { status } = this.attempt;
        const isExpired = this.stage === "qr" && status.expires_in > 0 && !this.validity;
        if (isExpired && this.expiredUrl !== this.attempt.codeUrl) {
            this.expiredUrl = this.attempt.codeUrl;
            this.attempt.wake();
        }
    }

    /**
     * The keyboard goes to the code or to the main button. Never to "Cancel": the Enter of a
     * scanner, or one Enter too many, would press it.
     */
    focus() {
        if (this.stage === "scan" && !hasTouch()) {
            this.codeInput.el?.focus();
        } else if (this.stage === "over") {
            (this.mainAction === "leave" ? this.leaveButton : this.againButton).el?.focus();
        } else {
            this.sentenceBox.el?.focus();
        }
    }
}

/** 75 -> "1:15" */
function clock(seconds) {
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
