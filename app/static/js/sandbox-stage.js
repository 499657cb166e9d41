// The stage: one iPhone and one Android phone, drawn with what they really hold.

import { drawPhone } from "./phone-frames.js";
import { API, call } from "./sandbox-stream.js";
import { drawApple, drawGoogle, sandboxBarcode } from "./wallet-cards.js";
import { make } from "./wallet-format.js";

const KINDS = ["iphone", "android"];
const NEWS_MS = 10_000;

export function openStage(root, texts, say) {
  const stands = Object.fromEntries(
    KINDS.map((kind) => [kind, stand(root.querySelector(`[data-stand=${kind}]`), kind)]),
  );
  const stage = { stands, texts, say, phones: [], known: new Set() };
  for (const one of Object.values(stands)) wire(stage, one);
  setInterval(() => Object.values(stands).forEach((one) => caption(stage, one)), 1000);
  return {
    refresh: once(() => refresh(stage)),
    notice: (event) => notice(stage, event),
    phone: (id) => find(stage, id),
  };
}

// At most one question at a time, and one more when asked meanwhile.
function once(work) {
  let running = false;
  let again = false;
  return async function ask() {
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      await work();
    } finally {
      running = false;
    }
    if (again) {
      again = false;
      await ask();
    }
  };
}

function stand(root, kind) {
  const part = (name) => root.querySelector(`[data-part=${name}]`);
  return {
    root,
    kind,
    frame: part("frame"),
    name: part("name"),
    state: part("state"),
    picker: part("picker"),
    lock: part("lock"),
    locale: part("locale"),
    chosen: null,
    picked: false,
    phone: null,
    cards: new Map(),
  };
}

const find = (stage, id) => stage.phones.find((phone) => phone.id === id);

async function refresh(stage) {
  const { phones } = await call(`${API}/phones`);
  stage.phones = phones;
  for (const one of Object.values(stage.stands)) show(stage, one);
}

function show(stage, one) {
  const mine = stage.phones.filter((phone) => phone.kind === one.kind);
  const wanted = one.picked && mine.find((phone) => phone.id === one.chosen);
  const current = wanted || mine.find((phone) => phone.cards.length) || mine[0];
  pick(stage, one, mine, current);
  if (!current) return;
  if (!one.phone || one.chosen !== current.id || one.phone.locale !== current.locale) {
    one.chosen = current.id;
    one.locale.value = current.locale.split("-")[0];
    one.cards.clear();
    one.phone = drawPhone(one.frame, { kind: one.kind, locale: current.locale, texts: stage.texts });
    one.phone.setNotices(current.notifications, (notice) => picture(current, notice));
  }
  one.phone.setOffline(current.offline);
  one.root.classList.toggle("is-offline", current.offline);
  one.root.querySelector('[data-do="offline"]').setAttribute("aria-checked", String(current.offline));
  screen(stage, one, current);
  caption(stage, one);
}

function pick(stage, one, mine, current) {
  one.name.textContent = current?.name ?? "";
  one.picker.hidden = mine.length < 2;
  one.picker.replaceChildren(
    ...mine.map((phone) =>
      make("option", { text: phone.name, attrs: { value: phone.id, selected: phone === current } }),
    ),
  );
}

// --- the screen ------------------------------------------------------------------------------------------

function screen(stage, one, current) {
  const { screen: glass } = one.phone;
  const ids = new Set(current.cards.map((card) => card.id));
  for (const [id, slot] of one.cards)
    if (!ids.has(id)) {
      slot.remove();
      one.cards.delete(id);
    }
  glass.querySelector(".pf-empty")?.remove();
  if (!current.cards.length) glass.append(empty(stage.texts));
  for (const card of current.cards) {
    // the newest on top
    if (!one.cards.has(card.id)) {
      const slot = make("div", { class: "pf-card" });
      one.cards.set(card.id, slot);
      glass.prepend(slot);
      glass.scrollTop = 0;
    }
    draw(one.cards.get(card.id), card, current);
  }
}

function draw(slot, card, { kind, locale }) {
  const barcodeUrl = sandboxBarcode(API);
  if (kind === "android")
    return drawGoogle(slot, { ...near({ object: card.object, class: card.class }), locale, barcodeUrl });
  const images = Object.fromEntries(
    Object.entries(card.images).map(([name, path]) => [name, `${API}/${path}`]),
  );
  return drawApple(slot, { pass: card.pass, images, locale, strings: card.strings, barcodeUrl });
}

// Google shows its own copies of our pictures; this page shows ours from where it was opened, whatever
// name the shop had when it told Google.
const near = (shown) =>
  JSON.parse(JSON.stringify(shown), (key, value) =>
    key === "uri" && typeof value === "string" ? value.replace(/^https?:\/\/[^/]+(?=\/media\/)/, "") : value,
  );

const empty = (texts) =>
  make(
    "div",
    { class: "pf-empty" },
    make("div", { class: "pf-ghost" }),
    make("strong", { text: texts.empty }),
    make("span", { text: texts.emptyHint }),
  );

function picture(phone, { card: id }) {
  const card = phone.cards.find((one) => one.id === id);
  if (!card) return "";
  return phone.kind === "iphone"
    ? card.images.icon && `${API}/${card.images.icon}`
    : near(card.class)?.programLogo?.sourceUri?.uri;
}

async function notice(stage, event) {
  if (Date.now() - new Date(event.at) > NEWS_MS) return; // opened later: the lock screen lists it
  await refresh(stage); // the new face first: the notice shows its icon
  const one = Object.values(stage.stands).find((each) => each.chosen === event.phone);
  const phone = find(stage, event.phone);
  if (!one?.phone || !phone) return;
  const slot = one.cards.get(event.card);
  if (slot)
    one.phone.screen.scrollTop =
      slot === one.phone.screen.firstElementChild ? 0 : slot.offsetTop - slot.parentElement.clientHeight / 8;
  one.phone.notify(event, picture(phone, event));
}

// --- the line beneath: what is known, and no more --------------------------------------------------------

function caption(stage, one) {
  const phone = find(stage, one.chosen);
  if (!phone) return;
  const words = stage.texts.state;
  const { pushed_at: pushed, fetched_at: fetched } = phone.sync;
  const ago = (at) => age(stage.texts, Math.max(0, Math.round((Date.now() - new Date(at)) / 1000)));
  let text = phone.cards.length ? words.quiet : words.empty;
  if (fetched) text = words.fetched.replace("{ago}", ago(fetched));
  if (pushed && (!fetched || fetched < pushed)) text = words.pushed.replace("{ago}", ago(pushed));
  if (phone.offline) text = words.offline;
  one.state.textContent = text;
}

function age(texts, seconds) {
  if (seconds < 100) return texts.seconds.replace("{n}", seconds);
  const minutes = Math.round(seconds / 60);
  return minutes < 100
    ? texts.minutes.replace("{n}", minutes)
    : texts.hours.replace("{n}", Math.round(minutes / 60));
}

// --- what a person does with a phone ---------------------------------------------------------------------

function wire(stage, one) {
  one.picker.addEventListener("change", () => {
    one.chosen = one.picker.value;
    one.picked = true;
    one.phone = null;
    show(stage, one);
  });
  one.locale.addEventListener("change", () => act(stage, one, "locale", one.locale));
  one.root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (button) act(stage, one, button.dataset.do, button);
  });
  one.root.addEventListener("submit", (event) => {
    event.preventDefault();
    act(stage, one, "add", event.target);
  });
}

async function act(stage, one, what, source) {
  const phone = find(stage, one.chosen);
  if (what === "lock" && one.phone) {
    const locked = one.phone.toggleLock();
    source.setAttribute("aria-pressed", String(locked));
    return;
  }
  try {
    await ACTIONS[what](phone, source, one);
    if (source.closest("details") && what !== "offline") source.closest("details").open = false;
    await refresh(stage);
  } catch (fault) {
    stage.say(fault.message, "bad");
  }
}

const at = (phone, what) => `${API}/phones/${phone.id}/${what}`;

const ACTIONS = {
  offline: (phone) => call(at(phone, "offline"), { method: "POST", body: { on: !phone.offline } }),
  refresh: (phone) => call(at(phone, "refresh"), { method: "POST" }),
  locale: (phone, select) => call(at(phone, "locale"), { method: "POST", body: { locale: select.value } }),
  token: (phone) => call(at(phone, "new-token"), { method: "POST" }),
  remove: (phone) =>
    Promise.all(
      phone.cards.map((card) => call(at(phone, "remove-card"), { method: "POST", body: { card: card.id } })),
    ),
  new: (phone, source, one) =>
    call(`${API}/phones`, {
      method: "POST",
      body: { kind: one.kind, locale: document.documentElement.lang },
    }).then((made) => {
      one.chosen = made.id;
      one.picked = true;
      one.phone = null;
    }),
  add: (phone, form) =>
    call(at(phone, "add"), { method: "POST", body: { url: form.elements.url.value.trim() } }).then(() =>
      form.reset(),
    ),
};
