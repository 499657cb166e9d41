// The detailed form: lists grow and shrink without a new page, and both phones follow what is typed. Everything here
// works without it too, by sending the form.

import { phonesIn } from "./studio-phones.js";
import { make } from "./wallet-format.js";

const PAUSE_MS = 250;
const texts = JSON.parse(document.getElementById("studio-texts").textContent);
const root = document.querySelector("[data-more]");
const form = document.getElementById("more");
const part = (name) => document.querySelector(`[data-part="${name}"]`);
const draw = phonesIn(root, texts);
let asked = 0;
let timer = 0;
let lastFill = null;

// --- the phones --------------------------------------------------------------------------------------------

// Phones that show nothing yet ask for the version at hand, in case that what is typed cannot be drawn.
function formBody() {
  const body = new URLSearchParams(new FormData(form));
  if (!root.dataset.drawn) body.set("instead", "1");
  return body;
}

async function ask(animate) {
  const mine = (asked += 1);
  const answer = await fetch(root.dataset.preview, { method: "POST", body: formBody(), headers: { Accept: "application/json" } }).catch(() => null);
  if (mine !== asked) return;
  if (answer?.status === 401) { location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`); return; }
  const said = await answer?.json().catch(() => null);
  if (!said || (!answer.ok && !said.faults)) { say([texts.broke]); return; }
  if (!answer.ok) { if (said.instead) draw(said.instead, false); mark(said.faults); wrong(); return; }
  mark({});
  draw(said, animate);
  for (const [name, value] of Object.entries(said.wallets)) raw(name, value);
  say(said.faults);
  part("publish").disabled = Boolean(said.faults.length) || !said.changed;
  part("keep").disabled = !said.changed;
  part("state").textContent = said.changed ? texts.changed : texts.same;
}

// The buttons stay open to those who press them: the server then says at every input what is wrong.
function wrong() {
  say([]);
  part("state").textContent = texts.mend;
  for (const name of ["keep", "publish"]) part(name).disabled = false;
}

function raw(name, value) {
  const place = document.querySelector(`[data-raw="${name}"]`);
  if (place) place.textContent = JSON.stringify(value, null, 2);
}

function say(faults) {
  part("faults").replaceChildren(...faults.map((text) => make("li", { text })));
  part("faults").hidden = !faults.length;
}

// Says at an input what is wrong with it, as soon as that is known; only where somebody has written something.
function mark(faults) {
  for (const old of form.querySelectorAll("[data-said]")) {
    const input = form.elements[old.dataset.said];
    input?.removeAttribute?.("aria-invalid");
    old.remove();
  }
  for (const [name, words] of Object.entries(faults)) {
    const input = form.elements[name];
    if (!(input instanceof Element) || !input.value || input.type === "checkbox") continue;
    if (input.closest(".mf-line")?.querySelector(".fault")) continue;
    input.setAttribute("aria-invalid", "true");
    const note = make("p", { class: "fault", text: words });
    note.dataset.said = name;
    input.closest(".mf-line, li, fieldset")?.append(note);
  }
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(() => ask(false), PAUSE_MS);
}

// --- lists -------------------------------------------------------------------------------------------------

const moves = (button) => button?.name === "act" && button.value.includes(":");

async function act(button) {
  const body = new URLSearchParams(new FormData(form));
  body.set("act", button.value);
  button.disabled = true;
  const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } }).catch(() => null);
  const said = answer?.ok ? await answer.json().catch(() => null) : null;
  if (!said) { button.disabled = false; say([texts.broke]); return; }
  const open = [...form.querySelectorAll("details[open][id]")].map((each) => each.id);
  document.getElementById("parts").outerHTML = said.parts;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  ready();
  land(document.querySelector("[data-at-work]").value);
  ask(false);
}

// After a button the keyboard stands where the work goes on: in a new item, at a moved one, at its list.
function land(at) {
  const item = [...document.querySelectorAll("[data-at]")].find((each) => each.dataset.at === at);
  const place = item ?? document.getElementById(`f${at.replaceAll("/", "-")}`);
  if (!place) return;
  const target = item ? place.querySelector("summary") : place.querySelector("summary, button, input:not([type=hidden])");
  target?.focus();
  place.scrollIntoView({ block: "nearest" });
}

// --- placeholders ------------------------------------------------------------------------------------------

function ready() {
  for (const chip of document.querySelectorAll("[data-chip]")) {
    const button = make("button", { class: "mf-chip", attrs: { type: "button" }, text: chip.textContent });
    button.addEventListener("click", () => insert(chip.textContent));
    chip.replaceWith(button);
  }
  const hint = part("fill-hint");
  if (hint) hint.textContent = texts.insert;
}

function insert(text) {
  const field = lastFill?.isConnected ? lastFill : document.querySelector("#part-fields [data-fill]");
  if (!field) return;
  for (let above = field.closest("details"); above; above = above.parentElement.closest("details")) above.open = true;
  field.focus();
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

form.addEventListener("focusin", (event) => { if (event.target.matches("[data-fill]")) lastFill = event.target; });
form.addEventListener("input", later);
for (const dial of document.querySelectorAll('[form="more"]')) dial.addEventListener("input", later);
form.addEventListener("submit", (event) => {
  if (moves(event.submitter)) { event.preventDefault(); act(event.submitter); }
});
window.addEventListener("pageshow", () => ask(false));
ready();
document.querySelector("#parts [aria-invalid=true]")?.focus();
