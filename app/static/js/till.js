// The till's pages without waiting: forms are sent and re-sent with the same key, what cannot be sent is kept,
// and a reader is heard wherever the focus is. Without this script they are plain pages and forms.

import { quoting, stepping } from "./till-figures.js";
import { openQueue } from "./till-queue.js";
import { closeCamera, readyCamera } from "./till-camera.js";
import { listen } from "./till-reader.js";
import { post, texts } from "./till-wire.js";

const main = document.querySelector("main");
const part = (name, root = main) => root.querySelector(`[data-part="${name}"]`);
const view = () => main.querySelector("[data-till]");
const script = document.querySelector("script[data-staff]");
const me = script.dataset;
const queue = openQueue(me.staff, part("news"), () => main.querySelector("[name=csrf_token]").value);
let busy = false;

// --- showing a view ----------------------------------------------------------------------------------------

function show(fresh, address) {
  closeCamera();
  view().replaceWith(fresh);
  if (address && address !== location.pathname) history.pushState({}, "", address);
  window.scrollTo(0, 0);
  begin();
}

function scanning() {
  if (busy) return;
  show(part("scan-view").content.firstElementChild.cloneNode(true), "/till");
  document.title = texts.title;
}

async function showAnswer(answer) {
  const path = new URL(answer.url).pathname;
  if (answer.status === 401 || path === "/sign-in") { location.assign("/sign-in?next=/till"); return; }
  const { page, colours } = parsed(await answer.text());
  const found = page.querySelector("main [data-till]");
  wear(colours);
  document.title = page.title;
  show(document.importNode(found ?? strange(page), true), answer.ok ? path : "");
}

// The page, and its colours apart from it: their nonce is another page's, and the policy would complain.
function parsed(html) {
  let colours = "";
  const rest = html.replace(/<style[^>]*>([^<]*)<\/style>/, (_, words) => { colours = words; return ""; });
  return { page: new DOMParser().parseFromString(rest, "text/html"), colours };
}

function strange(page) {
  const box = document.createElement("div");
  box.className = "tl";
  box.dataset.till = "fault";
  box.append(...(page.querySelector("main")?.children ?? []));
  if (!box.children.length) box.textContent = texts.broke;
  return box;
}

function wear(colours) {
  document.querySelector("style[data-worn]")?.remove();
  const own = document.createElement("style");
  own.nonce = script.nonce;
  own.dataset.worn = "";
  own.textContent = colours;
  document.head.append(own);
}

function begin() {
  const now = view();
  stepping(now);
  quoting(now, texts);
  if (now.dataset.till === "scan") readyCamera(now, me, texts, look);
  if (now.dataset.till === "done") navigator.vibrate?.(40);
  const touch = window.matchMedia("(pointer: coarse)").matches;
  const first = now.querySelector("[autofocus]") ?? (touch ? null : now.querySelector("#code"));
  first?.focus({ preventScroll: true });
  queue.flush();
}

// --- sending -----------------------------------------------------------------------------------------------

async function send(form) {
  if (busy) return;
  busy = true;
  const body = new URLSearchParams(new FormData(form));
  if (form.dataset.send === "act" && !body.get("key")) body.set("key", newKey());
  form.classList.add("is-sending");
  form.setAttribute("aria-busy", "true");
  queue.say(texts.sending, 400);
  try {
    const answer = await post(form.action, body, () => queue.say(texts.again, 0));
    busy = false;
    queue.say("");
    if (answer) await showAnswer(answer);
    else unsent(form, body);
  } finally {
    busy = false;
    queue.say("");
    form.classList.remove("is-sending");
    form.removeAttribute("aria-busy");
  }
}

function unsent(form, body) {
  if (form.dataset.send === "act") {
    queue.keep(new URL(form.action).pathname, body, form.querySelector("button:not([type=button])")?.textContent.trim() ?? "");
    show(part("kept-view").content.firstElementChild.cloneNode(true));
    return;
  }
  const offline = part("offline-view").content.firstElementChild.cloneNode(true);
  part("code", offline).textContent = body.get("code");
  const card = offline.querySelector("[name=card]");
  if (card) card.value = body.get("code");
  show(offline);
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function visit(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
  if (answer) await showAnswer(answer);
  else scanning();
}

// A code that was read: by a reader, by the camera, from a photo.
function look(code) {
  if (busy) return;
  navigator.vibrate?.(25);
  if (view().dataset.till !== "scan") scanning();
  const form = view().querySelector("form[data-send=find]");
  form.elements.code.value = code;
  send(form);
}

// --- what people do ----------------------------------------------------------------------------------------

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-till] form[data-send]");
  if (!form) return;
  event.preventDefault();
  send(form);
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-next], a[data-visit]");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  if ("next" in link.dataset) scanning(); else visit(link.href);
});
document.addEventListener("keydown", (event) => { if (event.key === "Escape") scanning(); });
window.addEventListener("popstate", () => visit(location.href));
listen(look, () => view().dataset.till === "scan");
begin();
