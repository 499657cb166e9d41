// What both wallets need to draw a card: elements, colours, and values written in the phone's language.

export function make(tag, { class: name, text, attrs = {}, style = {} } = {}, ...children) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined && text !== null) element.textContent = text;
  for (const [key, value] of Object.entries(attrs)) {
    if (value !== null && value !== undefined && value !== false)
      element.setAttribute(key, value === true ? "" : value);
  }
  for (const [key, value] of Object.entries(style)) if (value) element.style.setProperty(key, value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

export function icon(path, { size = 24, stroke = 2 } = {}) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  for (const [key, value] of Object.entries({
    viewBox: "0 0 24 24",
    width: size,
    height: size,
    fill: "none",
    stroke: "currentColor",
    "stroke-width": stroke,
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
    "aria-hidden": "true",
  }))
    svg.setAttribute(key, value);
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

// --- colours ---------------------------------------------------------------------------------------------

export function parseColour(text) {
  const rgb = /^\s*rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)/.exec(text ?? "");
  if (rgb) return rgb.slice(1, 4).map(Number);
  const hex = /^\s*#([0-9a-f]{3}|[0-9a-f]{6})\s*$/i.exec(text ?? "");
  if (!hex) return null;
  const wide = hex[1].length === 3 ? [...hex[1]].map((c) => c + c).join("") : hex[1];
  return [0, 2, 4].map((at) => parseInt(wide.slice(at, at + 2), 16));
}

export const cssColour = (rgb) => (rgb ? `rgb(${rgb.join(",")})` : null);

function luminance(rgb) {
  const [r, g, b] = rgb.map((part) => {
    const c = part / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

// White or near black, whichever reads better on `rgb`: Google chooses the text colour by itself.
export function readableOn(rgb) {
  const dark = [32, 33, 36];
  const light = luminance(rgb) + 0.05;
  return 1.05 / light >= light / (luminance(dark) + 0.05) ? [255, 255, 255] : dark;
}

// --- values ----------------------------------------------------------------------------------------------

const DATE_STYLES = {
  PKDateStyleShort: "short",
  PKDateStyleMedium: "medium",
  PKDateStyleLong: "long",
  PKDateStyleFull: "full",
};

export function translated(text, strings) {
  return typeof text === "string" && strings && Object.hasOwn(strings, text) ? strings[text] : text;
}

export function appleValue(field, { locale, strings }) {
  const { value } = field;
  if (field.dateStyle || field.timeStyle) return appleDate(field, locale);
  if (typeof value === "number") return appleNumber(field, locale);
  return String(translated(value, strings) ?? "");
}

function appleNumber({ value, currencyCode, numberStyle }, locale) {
  const options = currencyCode ? { style: "currency", currency: currencyCode } : {};
  if (numberStyle === "PKNumberStylePercent") options.style = "percent";
  if (numberStyle === "PKNumberStyleScientific") options.notation = "scientific";
  return new Intl.NumberFormat(locale, options).format(value);
}

function appleDate({ value, dateStyle, timeStyle, ignoresTimeZone }, locale) {
  // Where the phone's zone does not count, the clock is read as it is written.
  const at = new Date(ignoresTimeZone ? String(value).replace(/(Z|[+-]\d\d:\d\d)$/, "Z") : value);
  if (Number.isNaN(at.getTime())) return String(value);
  const options = {};
  if (DATE_STYLES[dateStyle]) options.dateStyle = DATE_STYLES[dateStyle];
  if (DATE_STYLES[timeStyle]) options.timeStyle = DATE_STYLES[timeStyle];
  if (ignoresTimeZone) options.timeZone = "UTC";
  return new Intl.DateTimeFormat(locale, options).format(at);
}

// A Google text: the phone's language where a translation exists, else the default, else the plain one.
export function googleText(holder, name, locale) {
  if (!holder) return "";
  const local = holder[`localized${name[0].toUpperCase()}${name.slice(1)}`];
  return (local && localString(local, locale)) || holder[name] || "";
}

export function localString(local, locale) {
  const all = [...(local.translatedValues ?? []), local.defaultValue].filter(Boolean);
  const short = (tag) =>
    String(tag ?? "")
      .split(/[-_]/)[0]
      .toLowerCase();
  return (
    (all.find((one) => short(one.language) === short(locale)) ?? local.defaultValue ?? all[0])?.value ?? ""
  );
}

// --- text with links, as the back of a card shows it -----------------------------------------------------

const FINDS = /(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)])|([\w.+-]+@[\w-]+\.[\w.-]*\w)|(\+?\d[\d\s()-]{7,}\d)/g;

export function linkedText(text) {
  const parts = document.createDocumentFragment();
  let at = 0;
  for (const found of text.matchAll(FINDS)) {
    parts.append(text.slice(at, found.index), link(found));
    at = found.index + found[0].length;
  }
  parts.append(text.slice(at));
  return parts;
}

function link([text, web, mail]) {
  if (web) return make("a", { text, attrs: { href: web, target: "_blank", rel: "noopener noreferrer" } });
  return make("a", { text, attrs: { href: mail ? `mailto:${mail}` : `tel:${text.replace(/[^+\d]/g, "")}` } });
}

// Apple allows only <a href> in `attributedValue`; everything else becomes plain text. Read by hand and not by
// the browser's parser, so that markup of a stranger never becomes elements at all.
const ANCHOR = /<a\s[^>]*?href\s*=\s*(?:"([^"]*)"|'([^']*)')[^>]*>(.*?)<\/a>/gis;
const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&nbsp;": "\u00a0" };

const plain = (markup) =>
  markup.replace(/<[^>]*>/g, "").replace(/&(?:amp|lt|gt|quot|#39|nbsp);/g, (one) => ENTITIES[one]);

export function attributedText(markup) {
  const parts = document.createDocumentFragment();
  let at = 0;
  for (const found of markup.matchAll(ANCHOR)) {
    parts.append(plain(markup.slice(at, found.index)), anchor(plain(found[1] ?? found[2]), plain(found[3])));
    at = found.index + found[0].length;
  }
  parts.append(plain(markup.slice(at)));
  return parts;
}

function anchor(address, text) {
  if (!/^(https?:|mailto:|tel:)/i.test(address)) return text;
  return make("a", { text, attrs: { href: address, target: "_blank", rel: "noopener noreferrer" } });
}

export const WORDS = {
  en: {
    back: "Show details",
    front: "Show the card",
    card: "Card",
    void: "Void",
    expired: "Expired",
    barcode: "Barcode",
    details: "Details",
    account: "Member name",
    number: "Member ID",
    empty: "Nothing here yet",
  },
  ru: {
    back: "Показать подробности",
    front: "Показать карту",
    card: "Карта",
    void: "Недействительна",
    expired: "Срок истёк",
    barcode: "Штрихкод",
    details: "Подробности",
    account: "Имя участника",
    number: "Номер участника",
    empty: "Здесь пока пусто",
  },
};

export const words = (locale) =>
  WORDS[
    String(locale ?? "en")
      .toLowerCase()
      .startsWith("ru")
      ? "ru"
      : "en"
  ];
