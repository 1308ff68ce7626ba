/* Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details. */
"use strict";

(() => {
    const { texts, language, offered, base } = JSON.parse(
        document.getElementById("data").textContent
    );
    const POLL_MS = 1000;
    const CODE_SECONDS = 60;
    const STORE = "wechat-simulator-account";
    const phone = document.getElementById("phone");
    const toastBox = document.getElementById("toast");
    const query = new URLSearchParams(location.search);

    let account = query.get("account") || remembered();
    let code = {};
    let busy = false;
    let online = true;
    let toastTimer = null;
    // Numbers the calls, so that a slow poll does not overwrite what was learned after it.
    let latest = 0;

    function remembered() {
        try {
            return sessionStorage.getItem(STORE) || localStorage.getItem(STORE) || "";
        } catch {
            return "";
        }
    }

    function remember(id) {
        account = String(id);
        try {
            sessionStorage.setItem(STORE, account);
            localStorage.setItem(STORE, account);
        } catch {
            // A browser without storage forgets the customer at the next visit; nothing else.
        }
    }

    function say(text, good = false) {
        toastBox.textContent = text;
        toastBox.className = "toast on" + (good ? " good" : "");
        clearTimeout(toastTimer);
        toastTimer = setTimeout(() => (toastBox.className = "toast"), 3500);
    }

    /** An element: h("b.big", {onclick: …}, "text", child, …). */
    function h(what, attributes = {}, ...children) {
        const [tag, ...classes] = what.split(".");
        const element = document.createElement(tag);
        if (classes.length) {
            element.className = classes.join(" ");
        }
        for (const [name, value] of Object.entries(attributes)) {
            if (name.startsWith("on")) {
                element.addEventListener(name.slice(2), value);
            } else if (value === true) {
                element.setAttribute(name, "");
            } else if (value !== false && value !== null && value !== undefined) {
                element.setAttribute(name, value);
            }
        }
        element.append(...children.filter((child) => child !== null && child !== ""));
        return element;
    }

    // ---- talking to the simulator ---------------------------------------------------------

    async function poll() {
        const number = ++latest;
        const words = new URLSearchParams({ account, shown: code.mark || "" });
        try {
            const response = await fetch(`${base}/phone/state?${words}`);
            if (!response.ok) {
                throw new Error(response.status);
            }
            const state = await response.json();
            if (number === latest && !busy) {
                take(state);
            }
            setOnline(true);
        } catch {
            setOnline(false);
        }
    }

    async function act(action, words = {}) {
        busy = true;
        latest++;
        phone.querySelectorAll(".sheets button").forEach((button) => (button.disabled = true));
        let answer;
        try {
            const response = await fetch(`${base}/phone/do`, {
                method: "POST",
                headers: { "Content-Type": "application/json" },
                body: JSON.stringify({ account, action, shown: code.mark || "", ...words }),
            });
            answer = await response.json();
            setOnline(true);
        } catch {
            setOnline(false);
            return false;
        } finally {
            busy = false;
        }
        if (answer.error) {
            say(texts[answer.error] || answer.message);
            drawn.waiting = null;
            await poll();
            return false;
        }
        take(answer.state);
        return true;
    }

    function setOnline(now) {
        if (now !== online) {
            online = now;
            slots.offline.replaceChildren(
                ...(online ? [] : [h("div.offline", {}, texts.offline)])
            );
        }
    }

    // ---- the page -------------------------------------------------------------------------

    // Each part has its own slot and is drawn again only when what it shows has changed: a poll
    // must not take away what somebody is typing or pressing.
    const slots = {};
    const drawn = {};
    for (const name of ["offline", "top", "waiting", "code", "scan", "history", "settings", "trouble"]) {
        slots[name] = h("div", {});
        slots[name].style.display = "contents";
    }

    function draw(name, data, make) {
        const key = JSON.stringify(data);
        if (drawn[name] === key) {
            return;
        }
        drawn[name] = key;
        const open = slots[name].querySelector("details")?.open;
        slots[name].replaceChildren(...make(data));
        if (open) {
            slots[name].querySelector("details").open = true;
        }
    }

    function take(state) {
        remember(state.account.id);
        if (state.code.digits) {
            code = state.code;
        } else {
            code.seconds = state.code.seconds;
        }
        draw("top", [state.account, state.accounts], () => top(state));
        draw("waiting", state.waiting, waiting);
        draw("code", code.mark, payCode);
        draw("scan", 0, scanBox);
        draw("history", state.history, history);
        draw("settings", state.account.password, settings);
        draw("trouble", [state.faults, state.clock.speed], () => trouble(state));
        countdown();
        const time = phone.querySelector("#clock");
        if (time) {
            time.textContent = state.clock.now.slice(0, 19).replace("T", " ");
        }
    }

    function nameOf(one) {
        return (language === "zh" && one.name_zh) || one.name;
    }

    function top(state) {
        const other = new URLSearchParams({ lang: language === "zh" ? "en" : "zh" });
        const choose = h("select", {
            id: "who",
            onchange: (event) => {
                remember(event.target.value);
                code = {};
                poll();
            },
        });
        for (const one of state.accounts) {
            choose.append(
                h("option", { value: one.id, selected: one.id === state.account.id }, nameOf(one))
            );
        }
        return [
            h("header.top", {},
                h("div.bar", {},
                    h("h1", {}, texts.app),
                    h("span.tag", {}, texts.simulated),
                    h("span.space"),
                    h("a", { href: `?${other}` }, texts.switch_language)
                ),
                h("div.who", {},
                    h("div", {}, h("label", { for: "who" }, texts.account), choose),
                    h("div.money", {},
                        h("span", {}, texts.balance),
                        h("b", { id: "balance" }, state.account.balance)
                    )
                )
            ),
        ];
    }

    function waiting(requests) {
        const notes = ["wrong_password", "not_enough", "silent"];
        const box = h("div.sheets");
        for (const one of requests) {
            const words = { out_trade_no: one.out_trade_no };
            box.append(
                h("section.card.sheet", { "data-number": one.out_trade_no },
                    h("h2", {}, texts[one.way]),
                    h("div.shop", {}, one.shop),
                    h("div.amount", {}, one.amount),
                    h("div.goods", {}, one.body),
                    notes.includes(one.last) ? h("p.note", {}, texts[`was_${one.last}`]) : null,
                    h("button.primary", {
                        onclick: async () => {
                            if (await act("pay", words)) {
                                say(`${texts.paid_toast} ${one.amount}`, true);
                            }
                        },
                    }, texts.pay),
                    h("div.others", {},
                        ...["wrong_password", "not_enough", "cancel", "silent"].map((action) =>
                            h("button.plain", { onclick: () => act(action, words) }, texts[action])
                        )
                    )
                )
            );
        }
        return requests.length ? [box] : [];
    }

    function payCode() {
        const barcode = h("div.barcode", { "aria-hidden": "true" });
        barcode.innerHTML = code.barcode;
        const qr = h("div.qr", { "aria-hidden": "true" });
        qr.innerHTML = code.qr;
        return [
            h("section.card.code", {},
                h("h2", {}, texts.money_code),
                barcode,
                h("div.digits", { id: "code" }, code.groups),
                qr,
                h("div.meter", {}, h("i")),
                h("div.row", {},
                    h("p.hint", { id: "countdown" }),
                    h("button.link", { onclick: copyCode }, texts.copy)
                )
            ),
        ];
    }

    async function copyCode() {
        try {
            await navigator.clipboard.writeText(code.digits);
            say(texts.copied, true);
        } catch {
            // Without https a browser may refuse; the digits can be selected by hand.
            getSelection().selectAllChildren(phone.querySelector("#code"));
        }
    }

    function countdown() {
        const seconds = Math.max(0, Math.ceil(code.seconds || 0));
        const meter = phone.querySelector(".meter");
        if (meter) {
            meter.firstChild.style.width = `${Math.min(1, seconds / CODE_SECONDS) * 100}%`;
            meter.classList.toggle("low", seconds <= 10);
            phone.querySelector("#countdown").textContent =
                texts.code_hint.replace("{seconds}", seconds);
        }
    }

    function scanBox() {
        const input = h("input", {
            type: "text", id: "scan", autocomplete: "off", autocapitalize: "off",
            spellcheck: "false", placeholder: "weixin://wxpay/bizpayurl?pr=…",
            "aria-label": texts.scan,
        });
        const submit = async (event) => {
            event.preventDefault();
            if (input.value.trim() && await act("scan", { text: input.value.trim() })) {
                input.value = "";
                scrollTo({ top: 0, behavior: "smooth" });
            }
        };
        return [
            h("section.card", {},
                h("h2", {}, texts.scan),
                h("form.line", { onsubmit: submit }, input, h("button", {}, texts.scan_button)),
                h("p.hint", {}, texts.scan_hint)
            ),
        ];
    }

    function history(rows) {
        const list = h("ul.history");
        for (const one of rows) {
            const sum = h("div.sum", {}, h("b", {}, (one.moved ? "−" : "") + one.amount));
            sum.append(h("span", {}, texts[one.state]));
            for (const refund of one.refunds) {
                sum.append(h("span.back", {}, `${texts[refund.state]} +${refund.amount}`));
            }
            list.append(
                h(one.moved ? "li" : "li.off", {},
                    h("div.what", {},
                        h("b", {}, one.shop), h("span", {}, one.body), h("span", {}, one.at)
                    ),
                    sum
                )
            );
        }
        return [
            h("section.card", {},
                h("h2", {}, texts.history),
                rows.length ? list : h("p.hint", {}, texts.no_history)
            ),
        ];
    }

    function settings(password) {
        const name = h("input", {
            type: "text", placeholder: texts.new_account_name, maxlength: 40,
            "aria-label": texts.new_account,
        });
        const choice = h("div.choice");
        for (const value of ["auto", "always", "never"]) {
            choice.append(
                h("button.plain", {
                    type: "button", "aria-pressed": String(value === password),
                    onclick: () => act("password", { value }),
                }, texts[`password_${value}`])
            );
        }
        const add = async (event) => {
            event.preventDefault();
            if (name.value.trim() && await act("new_account", { name: name.value })) {
                name.value = "";
            }
        };
        return [
            h("details.card", {},
                h("summary", {}, texts.settings),
                h("p.hint", {}, texts.password),
                choice,
                h("form.line", { onsubmit: add }, name, h("button", {}, texts.add)),
                h("button.plain", { onclick: () => act("top_up") }, `${texts.topup} +¥1000`)
            ),
        ];
    }

    const chosen = { endpoint: "micropay", kind: "late", times: "1", paid: false };

    function trouble(state) {
        const select = (name, options) =>
            h("select", {
                onchange: (event) => {
                    chosen[name] = event.target.value;
                    if (name === "endpoint") {
                        chosen.kind = offered[chosen.endpoint][0];
                        drawn.trouble = null;
                        draw("trouble", [state.faults, state.clock.speed], () => trouble(state));
                    }
                },
            }, ...options.map(([value, text]) =>
                h("option", { value, selected: chosen[name] === value }, text)
            ));
        const field = (name, options) =>
            h("label.field", {}, h("span", {}, texts[name]), select(name, options));
        const paid = h("input", {
            type: "checkbox", checked: chosen.paid,
            onchange: (event) => (chosen.paid = event.target.checked),
        });
        const arm = () => act("fault", {
            endpoint: chosen.endpoint, kind: chosen.kind, paid: chosen.paid,
            times: chosen.times === "always" ? null : Number(chosen.times),
        });
        const armed = h("ul.armed");
        for (const one of state.faults) {
            armed.append(
                h("li", {}, `${texts[one.endpoint] || one.endpoint}: ${texts[one.kind] || one.kind}`
                    + (one.times === null ? ` · ${texts.always}` : ` × ${one.times}`))
            );
        }
        const badge = state.faults.length ? h("span.badge", {}, String(state.faults.length)) : null;
        return [
            h("details.card", {},
                h("summary", {}, texts.trouble, badge),
                h("p.hint", {}, texts.trouble_hint),
                h("div", { style: "height:10px" }),
                field("endpoint", Object.keys(offered).map((name) => [name, texts[name]])),
                field("kind", offered[chosen.endpoint].map((name) => [name, texts[name]])),
                field("times", [["1", texts.once], ["3", texts.thrice], ["always", texts.always]]),
                chosen.endpoint.endsWith("notification") ? null
                    : h("label.check", {}, paid, texts.paid_behind),
                h("div.line", {},
                    h("button", { onclick: arm }, texts.arm),
                    h("button.plain", {
                        style: "color:inherit;background:#f7faf8;border:1px solid var(--line)",
                        onclick: () => act("clear_faults"),
                    }, texts.clear)
                ),
                state.faults.length ? armed : h("p.hint", {}, texts.no_faults),
                h("div.section", {},
                    texts.clock, " ", h("b", { id: "clock" }),
                    h("div.steps", {},
                        ...[["minute", 60], ["hour", 3600], ["day", 86400]].map(([name, seconds]) =>
                            h("button.plain", { onclick: () => act("advance", { seconds }) }, texts[name])
                        ),
                        h("button.plain", { onclick: () => act("real_time") }, texts.real_time)
                    )
                )
            ),
        ];
    }

    // ---- start ----------------------------------------------------------------------------

    async function start() {
        phone.append(...Object.values(slots));
        const opened = query.has("pr") ? `pr=${query.get("pr")}`
            : query.has("prepay_id") ? `prepay_id=${query.get("prepay_id")}` : "";
        if (opened) {
            // Opened by scanning the code: once, not again at every reload.
            query.delete("pr");
            query.delete("prepay_id");
            query.delete("package");
            const rest = query.toString();
            window.history.replaceState(null, "", location.pathname + (rest ? `?${rest}` : ""));
        }
        await poll();
        if (opened) {
            await act("scan", { text: opened });
        }
        setInterval(() => {
            if (!busy && !document.hidden) {
                poll();
            }
        }, POLL_MS);
        document.addEventListener("visibilitychange", () => !document.hidden && poll());
    }

    start();
})();
