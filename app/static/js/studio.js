// The studio: two phones that follow the form, and a place to drop pictures.

import { phonesIn } from "./studio-phones.js";
import { make } from "./wallet-format.js";

const PAUSE_MS = 120;
const texts = JSON.parse(document.getElementById("studio-texts").textContent);
const root = document.querySelector("[data-studio]");
const form = document.getElementById("look");
const part = (name) => document.querySelector(`[data-part="${name}"]`);
const draw = phonesIn(root, texts);
let asked = 0;
let timer = 0;
let pictureBusy = false;

// --- the phones --------------------------------------------------------------------------------------------

function formBody() {
  const body = new FormData(form);
  body.delete("picture");
  return new URLSearchParams(body);
}

async function ask(animate) {
  const mine = (asked += 1);
  const answer = await fetch(root.dataset.preview, { method: "POST", body: formBody(), headers: { Accept: "application/json" } }).catch(() => null);
  if (mine !== asked) return;
  if (answer?.status === 401) { location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`); return; }
  const said = await answer?.json().catch(() => null);
  if (!answer?.ok) { complain(said?.fault ?? texts.broke); return; }
  complain("");
  draw(said, animate);
  judge(said);
}

function judge({ contrasts, faults, changed }) {
  for (const [name, ratio] of Object.entries(contrasts)) {
    const place = root.querySelector(`[data-contrast="${name}"]`);
    const word = ratio >= 4.5 ? texts.ok : ratio >= 3 ? texts.least : texts.hard;
    place.textContent = `${ratio.toFixed(1)} : 1, ${word}`;
    place.className = ratio >= 3 ? "" : "is-bad";
  }
  part("faults").replaceChildren(...faults.map((text) => make("li", { text })));
  part("faults").hidden = !faults.length;
  part("publish").disabled = Boolean(faults.length) || !changed;
  part("keep").disabled = !changed;
  part("state").textContent = changed ? texts.changed : texts.same;
}

function complain(words) {
  part("fault-words").textContent = words;
  part("fault").hidden = !words;
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(() => ask(false), PAUSE_MS);
}

// --- pictures ----------------------------------------------------------------------------------------------

async function send(file) {
  if (!file || pictureBusy) return;
  pictureBusy = true;
  part("drop").classList.add("is-busy");
  part("drop-words").textContent = texts.sending;
  try {
    const body = new FormData(form);
    body.set("picture", file);
    const answer = await fetch(root.dataset.picture, { method: "POST", body, headers: { Accept: "application/json" } }).catch(() => null);
    const said = await answer?.json().catch(() => null);
    if (!answer?.ok || !said) { complain(said?.fault ?? (answer?.status === 413 ? texts.too_big : texts.broke)); part("drop-words").textContent = texts.drop; return; }
    await shown(said);
  } finally {
    pictureBusy = false;
    part("drop").classList.remove("is-busy");
    part("file").value = "";
  }
}

async function shown({ draft, suggested }) {
  form.elements.base.value = draft;
  history.replaceState({}, "", `${root.dataset.page}?draft=${draft}`);
  part("drop-words").textContent = texts.shown;
  part("suggest").hidden = !suggested;
  part("suggest").onclick = () => {
    for (const [name, colour] of Object.entries(suggested)) form.elements[`palette_${name}`].value = colour;
    ask(true);
  };
  await ask(true);
}

const picture = (list) => [...(list ?? [])].find((file) => file.type.startsWith("image/")) ?? list?.[0];

document.addEventListener("dragover", (event) => { event.preventDefault(); part("drop").classList.add("is-over"); });
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) part("drop").classList.remove("is-over"); });
document.addEventListener("drop", (event) => {
  event.preventDefault();
  part("drop").classList.remove("is-over");
  send(picture(event.dataTransfer?.files));
});
document.addEventListener("paste", (event) => { const file = picture(event.clipboardData?.files); if (file) { event.preventDefault(); send(file); } });
part("file").addEventListener("change", (event) => send(event.target.files[0]));
part("send-picture").hidden = true;

for (const control of form.elements) {
  if (control.name === "picture" || control.name === "slot") continue;
  control.addEventListener("input", later);
}
for (const slot of form.elements.slot) slot.addEventListener("change", () => { part("hint").textContent = slot.dataset.hint; part("drop-words").textContent = texts.drop; });
form.addEventListener("submit", () => { requestAnimationFrame(() => { for (const name of ["keep", "publish"]) part(name).disabled = true; }); });
window.addEventListener("pageshow", () => ask(false));
