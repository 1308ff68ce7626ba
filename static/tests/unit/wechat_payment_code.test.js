import { beforeEach, expect, test } from "@odoo/hoot";
import { allowTranslations } from "@web/../tests/web_test_helpers";
import { readPaymentCode } from "@wechat/app/utils/payment/wechat_payment_code";

beforeEach(allowTranslations);

test("a payment code is 18 digits that begin with 10 to 16, and stays a string", () => {
    for (const start of ["10", "11", "12", "13", "14", "15", "16"]) {
        const code = start + "4579302432164181";
        expect(readPaymentCode(code)).toEqual({ code, problem: "" });
    }
    // As a number it would lose its last digits.
    expect(readPaymentCode("134579302432164181").code).toBe("134579302432164181");
});

test("spaces and dashes that help people to read a code are no part of it", () => {
    expect(readPaymentCode(" 1345 7930 2432-164181\n").code).toBe("134579302432164181");
});

test("whatever is no payment code is named, and never repeated", () => {
    const others = [
        ["281234567890123456", "Alipay"],
        ["251234567890123456789012", "Alipay"],
        ["6212345678901234567", "UnionPay"],
        ["wxp://f2f0abcdefghijklmnop", "receiving money"],
        ["https://wx.tenpay.com/f2f?t=abcdefgh", "receiving money"],
        ["weixin://wxpay/bizpayurl?pr=abcdefgh", "link"],
        ["https://example.com/134579302432164181", "link"],
        ["2300002000007", "product"],
        ["13457930243216418", "18 digits, this one has 17"],
        ["1345793024321641811", "18 digits, this one has 19"],
        ["174579302432164181", "not a WeChat payment code"],
        ["013457930243216418", "not a WeChat payment code"],
        ["(01)13457930243216", "not a WeChat payment code"],
        ["", "not a WeChat payment code"],
        [undefined, "not a WeChat payment code"],
    ];
    for (const [text, name] of others) {
        const { code, problem } = readPaymentCode(text);
        expect(code).toBe("", { message: `${text} is no payment code` });
        expect(String(problem)).toInclude(name);
        if (text) {
            expect(String(problem)).not.toInclude(text);
        }
    }
});
