import { Dialog } from "@web/core/dialog/dialog";

/**
 * A dialog that Escape does not close by itself: money may be on its way, so the owner says what
 * Escape means.
 */
export class WechatDialog extends Dialog {
    static props = {
        ...Dialog.props,
        onEscape: Function,
    };

    onEscape() {
        this.props.onEscape();
    }
}
