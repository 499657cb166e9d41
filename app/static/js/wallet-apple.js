// Apple's five styles, drawn to their geometry: 375 points wide, strip 375 × 144 (98 on an event ticket), what
// does not fit is cut. This phone is of iOS 26, so it shows a poster's plain style.

import {
  appleValue,
  attributedText,
  calm,
  cssColour,
  icon,
  linkedText,
  make,
  parseColour,
  translated,
  words,
} from "./wallet-format.js";

const STYLES = ["storeCard", "coupon", "eventTicket", "generic", "boardingPass"];
const WIDE = /PDF417|Code128|Code39|Codabar|EAN13|I2of5/i;
const HEADERS_SHOWN = 3;
const ROW_SHOWN = 4;
const WAYS = {
  PKTransitTypeAir: "M3 14l18-6-3 9-5-2-4 4v-5z",
  other: "M4 12h14M13 7l5 5-5 5",
};

// Draws `pass` (a parsed pass.json) into `el`. `images` maps slots (logo, strip, icon) to addresses and
// `barcodeUrl(format, message)` gives the address of a barcode's picture. Draw again to update: a card whose
// face changed turns over to its new one. Returns {flip}.
export function drawApple(
  el,
  { pass, images = {}, locale = "en", strings = {}, barcodeUrl = null, animate = true },
) {
  const style = STYLES.find((name) => pass[name]) ?? STYLES[0];
  const context = { pass, images, locale, strings, barcodeUrl, style, body: pass[style] ?? {} };
  const shown = JSON.stringify([pass, images, strings, locale]);
  const card = el.__card?.kind === "apple" ? el.__card : (el.__card = create(el));
  if (card.shown === shown) return card;
  const update = () => fill(card, context);
  const turns = animate && card.shown !== undefined && !calm();
  card.shown = shown;
  if (turns) turnOver(card, update);
  else update();
  return card;
}

function create(el) {
  const front = make("div", { class: "wc-face wc-front" });
  const back = make("div", { class: "wc-face wc-back", attrs: { hidden: true } });
  const more = make(
    "button",
    { class: "wc-more", attrs: { type: "button", "aria-expanded": "false" } },
    icon("M5 12h.01M12 12h.01M19 12h.01", { stroke: 3 }),
  );
  const turner = make("div", { class: "wc-turner" }, front, back);
  el.replaceChildren(make("div", { class: "wc-apple" }, make("div", { class: "wc-bar" }, more), turner));
  el.classList.add("wc");
  const card = { kind: "apple", front, back, more, turner, flip: () => flip(card) };
  more.addEventListener("click", card.flip);
  return card;
}

function flip(card) {
  const toBack = card.back.hidden;
  const swap = () => {
    card.back.hidden = !toBack;
    card.front.hidden = toBack;
    card.more.setAttribute("aria-expanded", String(toBack));
    card.more.setAttribute("aria-label", toBack ? card.words.front : card.words.back);
  };
  if (calm()) swap();
  else turnOver(card, swap);
}

function turnOver(card, atHalf) {
  const half = { duration: 190, easing: "ease-in" };
  const away = card.turner.animate([{ transform: "rotateY(0)" }, { transform: "rotateY(90deg)" }], half);
  away.finished
    .then(() => {
      atHalf();
      card.turner.animate([{ transform: "rotateY(-90deg)" }, { transform: "rotateY(0)" }], {
        duration: 260,
        easing: "cubic-bezier(.2,.8,.3,1)",
      });
    })
    .catch(atHalf);
}

function fill(card, context) {
  card.words = words(context.locale);
  card.more.setAttribute("aria-label", card.back.hidden ? card.words.back : card.words.front);
  fillFront(card.front, context);
  fillBack(card.back, context);
}

// --- the front -------------------------------------------------------------------------------------------

function fillFront(front, context) {
  const { pass, images, style } = context;
  const ink = cssColour(parseColour(pass.foregroundColor)) ?? "rgb(0,0,0)";
  front.style.setProperty("--wc-paper", cssColour(parseColour(pass.backgroundColor)) ?? "rgb(255,255,255)");
  front.style.setProperty("--wc-ink", ink);
  front.style.setProperty("--wc-label", cssColour(parseColour(pass.labelColor)) ?? ink);
  front.setAttribute("role", "img");
  front.setAttribute("aria-label", spoken(context));
  const off = pass.voided ? "void" : expired(pass) ? "expired" : null;
  front.classList.toggle("is-off", Boolean(off));
  front.dataset.style = style;
  const scene = style === "eventTicket" && !images.strip && images.background;
  const ground = scene ? make("img", { class: "wc-ground", attrs: { src: images.background, alt: "" } }) : "";
  front.replaceChildren(
    ground,
    header(context),
    middle(context),
    ...rows(context).map((row) =>
      make("div", { class: "wc-row" }, ...row.map((field) => cell(field, context))),
    ),
    style === "boardingPass" && images.footer
      ? make("img", { class: "wc-footer", attrs: { src: images.footer, alt: "" } })
      : "",
    off ? make("div", { class: "wc-off", text: words(context.locale)[off] }) : "",
    barcode(context) ?? "",
  );
}

function header({ pass, images, body, locale, strings }) {
  const logo = images.logo ? make("img", { class: "wc-logo", attrs: { src: images.logo, alt: "" } }) : null;
  const text = make("div", { class: "wc-logotext", text: translated(pass.logoText, strings) ?? "" });
  const fields = (body.headerFields ?? []).slice(0, HEADERS_SHOWN);
  const cells = fields.map((field) => cell(field, { locale, strings }));
  return make("div", { class: "wc-head" }, logo, text, make("div", { class: "wc-headfields" }, ...cells));
}

// What stands below the head: a strip, the two ends of a journey, or a large value beside a small picture.
function middle(context) {
  const { style, images } = context;
  if (style === "boardingPass") return journey(context);
  if (style === "generic" || (style === "eventTicket" && !images.strip)) return beside(context);
  return strip(context, images.strip);
}

function journey({ pass, body, locale, strings }) {
  const ends = (body.primaryFields ?? []).slice(0, 2).map((field) => cell(field, { locale, strings }));
  const way = make("span", { class: "wc-way" }, icon(WAYS[pass.boardingPass?.transitType] ?? WAYS.other));
  return make("div", { class: "wc-journey" }, ...(ends.length === 2 ? [ends[0], way, ends[1]] : ends));
}

function beside({ body, images, locale, strings }) {
  const first = body.primaryFields?.[0];
  const value = first ? cell(first, { locale, strings }) : make("div");
  const small = images.thumbnail
    ? make("img", { class: "wc-thumbnail", attrs: { src: images.thumbnail, alt: "" } })
    : null;
  return make("div", { class: "wc-beside" }, value, small);
}

// Secondary and auxiliary fields: one row together on a store card and beside a square code, else a row each;
// an event ticket's auxiliary fields have two.
function rows({ pass, style, body }) {
  const [secondary, auxiliary] = [body.secondaryFields ?? [], body.auxiliaryFields ?? []];
  const format = (pass.barcodes?.[0] ?? pass.barcode)?.format ?? "";
  const together = style === "storeCard" || (["coupon", "generic"].includes(style) && !WIDE.test(format));
  if (together) return [[...secondary, ...auxiliary].slice(0, ROW_SHOWN)];
  const shown = (fields, most = ROW_SHOWN) => fields.slice(0, most);
  if (style === "boardingPass") return [shown(auxiliary, 5), shown(secondary)];
  const low = (field) => style === "eventTicket" && field.row === 1;
  return [secondary, auxiliary.filter((field) => !low(field)), auxiliary.filter(low)]
    .map((fields) => shown(fields))
    .filter((fields, place) => place === 0 || fields.length);
}

function strip({ body, locale, strings }, picture) {
  const band = make("div", { class: picture ? "wc-strip" : "wc-strip wc-strip-plain" });
  if (picture) band.append(make("img", { attrs: { src: picture, alt: "" } }));
  const first = body.primaryFields?.[0];
  if (first) {
    const value = appleValue(first, { locale, strings });
    band.append(
      make(
        "div",
        { class: "wc-primary" },
        make("div", { class: "wc-primary-value", text: value }),
        make("div", { class: "wc-primary-label", text: translated(first.label, strings) ?? "" }),
      ),
    );
  }
  return first || picture ? band : make("div", { class: "wc-nostrip" });
}

function cell(field, { locale, strings }) {
  const side = { PKTextAlignmentRight: "right", PKTextAlignmentCenter: "center" }[field.textAlignment] ?? "";
  return make(
    "div",
    { class: "wc-cell", style: { "text-align": side } },
    make("div", { class: "wc-cell-label", text: translated(field.label, strings) ?? "" }),
    make("div", { class: "wc-cell-value", text: appleValue(field, { locale, strings }) }),
  );
}

function barcode({ pass, strings, barcodeUrl }) {
  const code = (Array.isArray(pass.barcodes) ? pass.barcodes[0] : null) ?? pass.barcode;
  if (!code) return null;
  const wide = WIDE.test(code.format ?? "");
  const panel = make("div", { class: wide ? "wc-code wc-code-wide" : "wc-code" });
  if (barcodeUrl)
    panel.append(make("img", { attrs: { src: barcodeUrl(code.format, code.message), alt: "" } }));
  const text = translated(code.altText, strings);
  if (text) panel.append(make("div", { class: "wc-code-text", text }));
  return make("div", { class: "wc-codebox" }, panel);
}

const expired = (pass) => Boolean(pass.expirationDate) && new Date(pass.expirationDate) < new Date();

function spoken({ pass, body, locale, strings }) {
  const names = ["headerFields", "primaryFields", "secondaryFields", "auxiliaryFields"];
  const fields = names.flatMap((name) => body[name] ?? []);
  const said = fields.map((field) =>
    [translated(field.label, strings), appleValue(field, { locale, strings })].filter(Boolean).join(" "),
  );
  return [pass.organizationName, translated(pass.description, strings), ...said].filter(Boolean).join(". ");
}

// --- the back --------------------------------------------------------------------------------------------

function fillBack(back, { pass, body, locale, strings }) {
  // A field that only waits for its first words has no place yet.
  const told = (body.backFields ?? []).filter((field) => field.label || field.value !== "");
  const rows = told.map((field) => {
    const value = make("div", { class: "wc-back-value" });
    if (field.attributedValue)
      value.append(attributedText(String(translated(field.attributedValue, strings))));
    else value.append(linkedText(appleValue(field, { locale, strings })));
    return make(
      "div",
      { class: "wc-back-row" },
      make("div", { class: "wc-back-label", text: translated(field.label, strings) ?? "" }),
      value,
    );
  });
  const title = make("div", { class: "wc-back-title", text: pass.organizationName ?? "" });
  const empty = rows.length ? null : make("div", { class: "wc-back-row", text: words(locale).empty });
  back.replaceChildren(
    title,
    make("div", { class: "wc-back-list", attrs: { tabindex: "0" } }, ...rows, empty ?? ""),
  );
}
