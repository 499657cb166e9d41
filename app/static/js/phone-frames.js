// The two phones around the cards: frames of 393 × 852 and 412 × 915 points, a lock screen with the notices
// that arrived, and a banner that drops in when a new one comes.

import { calm, make } from "./wallet-format.js";

const BANNER_MS = 6000;

// Puts an empty phone of `kind` (iphone or android) into `el`; returns its parts:
// {screen, notify(notice, picture), setNotices(list, picture), setOffline(bool), toggleLock() → is locked}.
export function drawPhone(el, { kind, locale = "en", texts }) {
  const clock = make("span", { class: "pf-clock" });
  const signal = make("span", { class: "pf-signal" }, bars(), make("span", { class: "pf-battery" }));
  const status = make("div", { class: "pf-status", attrs: { "aria-hidden": "true" } }, clock, signal);
  const screen = make("div", { class: "pf-screen" });
  const banner = make("div", { class: "pf-banner", attrs: { "aria-live": "polite", hidden: true } });
  const list = make("div", { class: "pf-notices" });
  const bigClock = make("div", { class: "pf-bigclock" });
  const day = make("div", { class: "pf-day" });
  const lock = make("div", { class: "pf-lock", attrs: { hidden: true } }, day, bigClock, list);
  const glass = make(
    "div",
    { class: "pf-glass" },
    screen,
    lock,
    status,
    banner,
    make("div", { class: kind === "iphone" ? "pf-island" : "pf-punch" }),
    make("div", { class: "pf-home" }),
  );
  el.replaceChildren(make("div", { class: `pf pf-${kind}` }, make("div", { class: "pf-body" }, glass)));
  const phone = { kind, locale, texts, screen, banner, list, lock, glass, clock, bigClock, day };
  tick(phone);
  const timer = setInterval(() => (glass.isConnected ? tick(phone) : clearInterval(timer)), 10_000);
  return Object.assign(phone, {
    notify: (notice, picture) => notify(phone, notice, picture),
    setNotices: (notices, picture) => setNotices(phone, notices, picture),
    setOffline: (offline) => glass.classList.toggle("is-offline", offline),
    toggleLock: () => toggleLock(phone),
  });
}

function bars() {
  return make(
    "span",
    { class: "pf-bars" },
    ...[1, 2, 3, 4].map((n) => make("i", { class: `pf-bar pf-bar-${n}` })),
  );
}

function tick({ clock, bigClock, day, locale }) {
  const now = new Date();
  const time = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit", hour12: false }).format(
    now,
  );
  clock.textContent = bigClock.textContent = time;
  day.textContent = new Intl.DateTimeFormat(locale, {
    weekday: "long",
    month: "long",
    day: "numeric",
  }).format(now);
}

function toggleLock({ lock, banner }) {
  lock.hidden = !lock.hidden;
  banner.hidden = true;
  return !lock.hidden;
}

function noticeBox(notice, picture, texts) {
  const head = make(
    "div",
    { class: "pf-notice-head" },
    make("span", { class: "pf-notice-title", text: notice.title }),
    make("span", { class: "pf-notice-when", text: texts.now }),
  );
  const image = picture
    ? make("img", { class: "pf-notice-icon", attrs: { src: picture, alt: "" } })
    : make("span", { class: "pf-notice-icon" });
  return make(
    "div",
    { class: "pf-notice" },
    image,
    make(
      "div",
      { class: "pf-notice-words" },
      head,
      make("div", { class: "pf-notice-text", text: notice.text }),
    ),
  );
}

function notify(phone, notice, picture) {
  phone.banner.replaceChildren(noticeBox(notice, picture, phone.texts));
  phone.banner.hidden = false;
  phone.list.querySelector(".pf-quiet")?.remove();
  phone.list.prepend(noticeBox(notice, picture, phone.texts));
  if (!calm()) {
    phone.banner.animate(
      [
        { transform: "translateY(-140%) scale(.9)", opacity: 0.4 },
        { transform: "none", opacity: 1 },
      ],
      { duration: 420, easing: "cubic-bezier(.2,1.1,.3,1)" },
    );
  }
  clearTimeout(phone.hiding);
  phone.hiding = setTimeout(() => {
    phone.banner.hidden = true;
  }, BANNER_MS);
}

function setNotices(phone, notices, picture) {
  phone.list.replaceChildren(
    ...notices.map((notice) => {
      const box = noticeBox(notice, picture(notice), phone.texts);
      const at = new Date(notice.at);
      const when = new Intl.DateTimeFormat(phone.locale, {
        hour: "numeric",
        minute: "2-digit",
        hour12: false,
      }).format(at);
      box.querySelector(".pf-notice-when").textContent = when;
      return box;
    }),
  );
  if (!notices.length) phone.list.append(make("p", { class: "pf-quiet", text: phone.texts.quiet }));
}
