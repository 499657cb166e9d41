// The wire log: every push, question and answer with its time, and how long after the push it came.

import { make } from "./wallet-format.js";

const LINES_KEPT = 300;
const STORY_MS = 30_000;

export function openWire(root, texts) {
  const list = root.querySelector("[data-part=lines]");
  const filter = root.querySelector("[data-part=filter]");
  const wire = { list, texts, pushes: new Map(), empty: root.querySelector("[data-part=empty]") };
  filter.addEventListener("change", () => {
    list.dataset.only = filter.value;
  });
  return (event) => add(wire, event);
}

function add(wire, event) {
  const line = describe(wire, event);
  if (!line) return;
  wire.empty.hidden = true;
  wire.list.prepend(row(wire, event, line));
  while (wire.list.children.length > LINES_KEPT) wire.list.lastElementChild.remove();
}

function describe({ texts, pushes }, event) {
  const at = new Date(event.at).getTime();
  if (event.kind === "wire" && event.step === "pushed") pushes.set(event.phone, at);
  const since = event.phone && at - (pushes.get(event.phone) ?? -Infinity);
  const after = since > 0 && since < STORY_MS ? texts.after.replace("{n}", (since / 1000).toFixed(2)) : "";
  const words = texts.steps[event.kind === "wire" ? event.step : event.kind];
  if (event.kind === "wire") {
    const lane = event.platform === "google" ? "google" : event.step === "pushed" ? "apns" : "apple";
    return {
      lane,
      who: event.phone_name,
      words: words ?? event.step,
      detail: event.path && `${event.method} ${event.path}`,
      event,
      after,
    };
  }
  if (event.kind === "apns" || event.kind === "google") {
    return { lane: event.kind, who: "", words: event.text ?? words, detail: event.detail, event, after: "" };
  }
  if (event.kind === "notification")
    return { lane: "phone", who: event.phone_name, words: words.replace("{text}", event.text), event, after };
  if (event.kind === "complaint")
    return { lane: "phone", who: event.phone_name, words: event.text, event, after, bad: true };
  if (event.kind === "mail")
    return { lane: "mail", who: (event.to ?? []).join(", "), words: event.subject, event, after: "" };
  return null;
}

function row({ texts }, event, { lane, who, words, detail, after, bad }) {
  const time =
    new Date(event.at).toLocaleTimeString([], { hour12: false }) +
    "." +
    String(new Date(event.at).getMilliseconds()).padStart(3, "0");
  const status = event.status;
  const wrong = bad || status === 0 || status >= 400;
  const figures = [
    status ? String(status) : "",
    event.took_ms !== undefined ? texts.ms.replace("{n}", Math.round(event.took_ms)) : "",
    after,
  ];
  return make(
    "li",
    { class: `sb-line sb-lane-${lane}${wrong ? " is-bad" : ""}`, attrs: { "data-lane": lane } },
    make("time", { class: "sb-line-time", text: time, attrs: { datetime: event.at } }),
    make("span", { class: "sb-line-lane", text: texts.lanes[lane] }),
    make("span", { class: "sb-line-words" }, who ? make("b", { text: `${who} ` }) : null, words ?? ""),
    make(
      "span",
      { class: "sb-line-small" },
      make("span", { class: "sb-line-figures", text: figures.filter(Boolean).join(" · ") }),
      detail ? make("code", { text: detail, attrs: { title: detail } }) : null,
    ),
  );
}
