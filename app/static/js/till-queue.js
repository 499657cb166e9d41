// What could not be sent waits here, on this till and for this person, and goes out by itself when the network
// is back. Each entry keeps its key, so that one which did arrive is not applied again.

import { once, texts } from "./till-wire.js";

const EVERY_MS = 5000;

export function openQueue(staff, place, token) {
  const name = `tillpass.unsent.${staff}`;
  const state = { sending: false, words: "", timer: 0, faults: [] };
  const read = () => { try { return JSON.parse(localStorage.getItem(name) ?? "[]"); } catch { return []; } };
  const write = (entries) => localStorage.setItem(name, JSON.stringify(entries));

  function draw() {
    const waiting = read().length;
    const lines = [];
    if (state.words) lines.push(line(state.words));
    if (waiting) lines.push(line(waiting === 1 ? texts.waits_one : texts.waits_many.replace("{n}", waiting)));
    lines.push(...state.faults.map((fault) => bad(fault)));
    place.replaceChildren(...lines);
  }

  function line(words) {
    const box = document.createElement("p");
    box.textContent = words;
    return box;
  }

  function bad(fault) {
    const box = line(texts.refused.replace("{what}", fault));
    box.className = "is-bad";
    const ok = document.createElement("button");
    ok.type = "button";
    ok.className = "button is-second is-small";
    ok.textContent = texts.dismiss;
    ok.addEventListener("click", () => { state.faults = state.faults.filter((one) => one !== fault); draw(); });
    box.append(ok);
    return box;
  }

  // Words that are shown while something is under way; only after `delay` ms, so that a quick answer flashes nothing.
  function say(words, delay = 0) {
    clearTimeout(state.timer);
    if (delay) { state.timer = setTimeout(() => say(words), delay); return; }
    state.words = words;
    draw();
  }

  function keep(address, body, words) {
    const kept = Object.fromEntries([...body].filter(([key]) => key !== "csrf_token"));
    write([...read(), { address, kept, words }]);
    draw();
  }

  async function flush() {
    draw();
    if (state.sending || !read().length) return;
    state.sending = true;
    try {
      while (read().length && await sendFirst(read()[0]));
    } finally {
      state.sending = false;
      draw();
    }
  }

  // Whether the first entry is settled: applied, or refused with a reason that the cashier is told.
  async function sendFirst({ address, kept, words }) {
    const answer = await once(address, new URLSearchParams({ ...kept, csrf_token: token() }));
    if (!answer || answer.status >= 500 || answer.status === 429) return false;
    if ([400, 401].includes(answer.status) || new URL(answer.url).pathname === "/sign-in") { state.faults = [texts.signin]; return false; }
    if (!answer.ok) state.faults.push(`${words} — ${await reason(answer)}`);
    write(read().filter((entry) => entry.kept.key !== kept.key));
    return true;
  }

  async function reason(answer) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return (page.querySelector("[data-fault]") ?? page.querySelector("main h1"))?.textContent.trim() ?? answer.status;
  }

  window.addEventListener("online", flush);
  setInterval(flush, EVERY_MS);
  return { say, keep, flush };
}
