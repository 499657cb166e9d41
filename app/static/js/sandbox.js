// The sandbox page: the phones, the guided path, the tabs, the log and the switches, put together.

import { openFaults } from "./sandbox-faults.js";
import { openStage } from "./sandbox-stage.js";
import { API, call, follow } from "./sandbox-stream.js";
import { openWire } from "./sandbox-wire.js";
import { linkedText, make } from "./wallet-format.js";

const texts = JSON.parse(document.getElementById("sandbox-texts").textContent);
const status = document.querySelector("[data-part=status]");

function say(text, tone = "ok", link = null) {
  status.className = `sb-status is-${tone}`;
  status.replaceChildren(
    make("span", {
      class: "sb-status-mark",
      attrs: { "aria-hidden": "true" },
      text: tone === "bad" ? "!" : "✓",
    }),
    make("span", { text }),
    link ? make("a", { text: texts.open, attrs: { href: link, target: "_blank", rel: "noopener" } }) : "",
  );
}

// --- the guided path -------------------------------------------------------------------------------------

function openPath(root, stage) {
  const steps = [...root.querySelectorAll("[data-step]")];
  const focus = () => {
    const next = steps.find((step) => !step.classList.contains("is-done"));
    for (const step of steps) step.classList.toggle("is-next", step === next);
  };
  root.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-go]");
    if (!button || button.disabled) return;
    const step = button.closest("[data-step]");
    await run(button, step, stage);
    focus();
  });
  focus();
}

async function run(button, step, stage) {
  button.disabled = true;
  step.classList.add("is-busy");
  try {
    const answer = await call(`/sandbox/demo/${button.dataset.go}`, { method: "POST", body: {} });
    say(answer.text, answer.ok === false ? "bad" : "ok", answer.link);
    if (answer.ok !== false) step.classList.add("is-done");
    if (button.dataset.go === "crm") showCall(answer);
    stage.refresh();
  } catch (fault) {
    say(fault.message, "bad");
  } finally {
    button.disabled = false;
    step.classList.remove("is-busy");
  }
}

function showCall({ request, response }) {
  for (const [name, text] of Object.entries({ request, response })) {
    if (text) document.querySelector(`[data-part=crm-${name}]`).textContent = text;
  }
}

// --- tabs ------------------------------------------------------------------------------------------------

function openTabs(root) {
  const tabs = [...root.querySelectorAll('[role="tab"]')];
  const show = (chosen) => {
    for (const tab of tabs) {
      const on = tab === chosen;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      const panel = document.getElementById(tab.getAttribute("aria-controls"));
      panel.hidden = !on;
      const frame = on && panel.querySelector("iframe[data-src]");
      if (frame && !frame.src) frame.src = frame.dataset.src;
    }
  };
  root.addEventListener("click", (event) => {
    const tab = event.target.closest('[role="tab"]');
    if (tab) show(tab);
  });
  root.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = tabs.indexOf(document.activeElement);
    if (!step || at < 0) return;
    const next = tabs[(at + step + tabs.length) % tabs.length];
    next.focus();
    show(next);
  });
  show(tabs[0]);
}

// --- mail ------------------------------------------------------------------------------------------------

async function showMails(root) {
  const { mails } = await call(`${API}/mails`);
  root.querySelector("[data-part=mails-empty]").hidden = mails.length > 0;
  root.querySelector("[data-part=mails]").replaceChildren(
    ...mails.map((mail) => {
      const text = make("div", { class: "sb-mail-text" });
      text.append(linkedText(mail.text || mail.links.join("\n")));
      return make(
        "details",
        { class: "sb-mail" },
        make("summary", {}, make("b", { text: mail.subject }), make("span", { text: mail.to.join(", ") })),
        text,
      );
    }),
  );
}

// --- everything together ---------------------------------------------------------------------------------

const stage = openStage(document, texts, say);
const wire = openWire(document.getElementById("panel-log"), texts);
const mailPanel = document.getElementById("panel-mail");
openPath(document.querySelector("[data-part=path]"), stage);
openTabs(document.querySelector("[data-part=tabs]"));
openFaults(document.getElementById("faults"), document.querySelector("[data-part=faults]"), texts, say);

const refreshed = () => stage.refresh().catch((fault) => say(fault.message, "bad"));
follow(
  async (event) => {
    wire(event);
    if (event.kind === "phone") refreshed();
    if (event.kind === "notification") stage.notice(event);
    if (event.kind === "mail") showMails(mailPanel).catch(() => {});
  },
  (live) => {
    document.documentElement.classList.toggle("is-cut", !live);
  },
);
refreshed();
showMails(mailPanel).catch(() => {});
