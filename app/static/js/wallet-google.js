// Google's loyalty card: round logo, issuer and programme, points and tier rows, barcode, hero image below,
// details page beneath. Text colour is Google's own choice, made from the background.

import {
  calm,
  cssColour,
  googleText,
  icon,
  linkedText,
  localString,
  make,
  parseColour,
  readableOn,
  words,
} from "./wallet-format.js";

const WIDE = /PDF|128|39|CODABAR|EAN|UPC|ITF/i;
const ROWS_SHOWN = 3;
const GREY = [232, 234, 237];

// Draws a loyalty object and its class into `el`; draw again to update. Returns {flip}: opens the details.
export function drawGoogle(el, { object, class: cls, locale = "en", barcodeUrl = null, animate = true }) {
  const context = { object: object ?? {}, cls: cls ?? {}, locale, barcodeUrl };
  const shown = JSON.stringify([object, cls, locale]);
  const card = el.__card?.kind === "google" ? el.__card : (el.__card = create(el));
  if (card.shown === shown) return card;
  const update = () => fill(card, context);
  const turns = animate && card.shown !== undefined && !calm();
  card.shown = shown;
  if (turns) fade(card, update);
  else update();
  return card;
}

function create(el) {
  const face = make("div", { class: "wc-gcard" });
  const list = make("div", { class: "wc-gdetails", attrs: { hidden: true } });
  const more = make("button", { class: "wc-gmore", attrs: { type: "button", "aria-expanded": "false" } });
  el.replaceChildren(make("div", { class: "wc-google" }, face, more, list));
  el.classList.add("wc");
  const card = { kind: "google", face, list, more, flip: () => flip(card) };
  more.addEventListener("click", card.flip);
  return card;
}

function flip(card) {
  card.list.hidden = !card.list.hidden;
  card.more.setAttribute("aria-expanded", String(!card.list.hidden));
}

function fade(card, update) {
  const out = card.face.animate([{ transform: "rotateY(0)" }, { transform: "rotateY(90deg)" }], {
    duration: 190,
    easing: "ease-in",
  });
  out.finished
    .then(() => {
      update();
      card.face.animate([{ transform: "rotateY(-90deg)" }, { transform: "rotateY(0)" }], {
        duration: 260,
        easing: "cubic-bezier(.2,.8,.3,1)",
      });
    })
    .catch(update);
}

function fill(card, context) {
  const { object, cls, locale } = context;
  const paper = parseColour(cls.hexBackgroundColor) ?? GREY;
  card.face.style.setProperty("--wc-paper", cssColour(paper));
  card.face.style.setProperty("--wc-ink", cssColour(readableOn(paper)));
  card.face.setAttribute("role", "img");
  card.face.setAttribute("aria-label", spoken(context));
  const state = String(object.state ?? "ACTIVE").toUpperCase();
  const off = { EXPIRED: "expired", COMPLETED: "expired", INACTIVE: "void" }[state];
  card.face.classList.toggle("is-off", Boolean(off));
  card.face.replaceChildren(
    head(context),
    make("div", { class: "wc-gtitle", text: googleText(cls, "programName", locale) }),
    ...rows(context).slice(0, ROWS_SHOWN),
    off ? make("div", { class: "wc-off", text: words(locale)[off] }) : "",
    barcode(context) ?? "",
    hero(context) ?? "",
  );
  card.more.replaceChildren(words(locale).details, icon("M6 9l6 6 6-6", { size: 18 }));
  card.list.replaceChildren(...details(context));
}

// --- the card --------------------------------------------------------------------------------------------

function head({ cls, locale }) {
  const address = imageUrl(cls.programLogo);
  const logo = address ? make("img", { attrs: { src: address, alt: "" } }) : null;
  return make(
    "div",
    { class: "wc-ghead" },
    make("div", { class: "wc-glogo" }, logo ?? ""),
    make("div", { class: "wc-gissuer", text: googleText(cls, "issuerName", locale) }),
  );
}

function rows(context) {
  const infos = context.cls.classTemplateInfo?.cardTemplateOverride?.cardRowTemplateInfos;
  if (infos?.length) return infos.map((info) => overriddenRow(info, context));
  const { object, cls, locale } = context;
  const items = [points(object.loyaltyPoints, locale), tier(cls, "", locale)].filter(Boolean);
  const second = [points(object.secondaryLoyaltyPoints, locale), tier(cls, "secondary", locale)].filter(
    Boolean,
  );
  return [items, second].filter((one) => one.length).map(row);
}

function row(items) {
  return make(
    "div",
    { class: "wc-grow" },
    ...items.map(({ label, value }) =>
      make(
        "div",
        { class: "wc-gitem" },
        make("div", { class: "wc-glabel", text: label }),
        make("div", { class: "wc-gvalue", text: value }),
      ),
    ),
  );
}

function points(holder, locale) {
  const value = holder && balanceText(holder.balance, locale);
  return value ? { label: googleText(holder, "label", locale), value } : null;
}

function balanceText(balance = {}, locale) {
  if (balance.string !== undefined) return String(balance.string);
  if (balance.money) {
    const amount = Number(balance.money.micros) / 1e6;
    return new Intl.NumberFormat(locale, { style: "currency", currency: balance.money.currencyCode }).format(
      amount,
    );
  }
  const number = balance.int ?? balance.double;
  return number === undefined ? "" : new Intl.NumberFormat(locale).format(number);
}

function tier(cls, which, locale) {
  const name = which ? "secondaryRewardsTier" : "rewardsTier";
  const value = googleText(cls, name, locale);
  return value ? { label: googleText(cls, `${name}Label`, locale), value } : null;
}

// --- rows that the issuer chose itself -------------------------------------------------------------------

function overriddenRow(info, context) {
  const one = info.oneItem ?? info.twoItems ?? info.threeItems ?? {};
  const items = [one.item, one.startItem, one.middleItem, one.endItem].filter(Boolean);
  return row(items.map((item) => itemAt(item, context)).filter((item) => item && item.value));
}

function itemAt(item, context) {
  const values = [item.firstValue, item.secondValue]
    .filter(Boolean)
    .map((value) => fieldAt(value.fields, context));
  const found = values.filter((value) => value && value.value);
  if (!found.length) return null;
  return { label: found[0].label, value: found.map((value) => value.value).join(" / ") };
}

function fieldAt(fields, context) {
  for (const { fieldPath } of fields ?? []) {
    const found = resolve(fieldPath, context);
    if (found) return found;
  }
  return null;
}

function resolve(path, { object, cls, locale }) {
  const match = /^(object|class)\.(\w+)(?:\['([^']+)'\])?(?:\.(\w+))?/.exec(path ?? "");
  if (!match) return null;
  const holder = match[1] === "object" ? object : cls;
  if (match[2] === "textModulesData") {
    const module = (holder.textModulesData ?? []).find((one) => one.id === match[3]);
    return (
      module && { label: googleText(module, "header", locale), value: googleText(module, "body", locale) }
    );
  }
  if (/oyaltyPoints$/.test(match[2])) return points(holder[match[2]], locale);
  return {
    label: googleText(holder, `${match[2]}Label`, locale),
    value: String(googleText(holder, match[2], locale)),
  };
}

// --- barcode, picture, details ---------------------------------------------------------------------------

function barcode({ object, barcodeUrl }) {
  const code = object.barcode ?? object.rotatingBarcode;
  if (!code?.type) return null;
  const panel = make("div", { class: WIDE.test(code.type) ? "wc-gcode wc-gcode-wide" : "wc-gcode" });
  if (barcodeUrl && code.value)
    panel.append(make("img", { attrs: { src: barcodeUrl(code.type, code.value), alt: "" } }));
  const box = make("div", { class: "wc-gcodebox" }, panel);
  if (code.alternateText) box.append(make("div", { class: "wc-gcode-text", text: code.alternateText }));
  return box;
}

const imageUrl = (image) => image?.sourceUri?.uri ?? "";

function hero({ object, cls }) {
  const address = imageUrl(object.heroImage) || imageUrl(cls.heroImage);
  return address
    ? make("div", { class: "wc-ghero" }, make("img", { attrs: { src: address, alt: "" } }))
    : null;
}

function details({ object, cls, locale }) {
  const named = words(locale);
  const plain = [
    [googleText(cls, "accountNameLabel", locale) || named.account, object.accountName],
    [googleText(cls, "accountIdLabel", locale) || named.number, object.accountId],
  ].filter(([, value]) => value);
  const modules = [...(object.textModulesData ?? []), ...(cls.textModulesData ?? [])].map((one) => [
    googleText(one, "header", locale),
    googleText(one, "body", locale),
  ]);
  const messages = [...(object.messages ?? []), ...(cls.messages ?? [])].map((one) => [
    googleText(one, "header", locale),
    googleText(one, "body", locale),
  ]);
  const links = [...(object.linksModuleData?.uris ?? []), ...(cls.linksModuleData?.uris ?? [])];
  return [
    ...messages.map(([label, value]) => detail(label, linkedText(String(value ?? "")))),
    ...plain.map(([label, value]) => detail(label, String(value))),
    ...modules.map(([label, value]) => detail(label, linkedText(String(value ?? "")))),
    ...links.map((one) => detail("", make("a", { text: oneText(one, locale), attrs: linkAttrs(one.uri) }))),
  ];
}

const oneText = (one, locale) =>
  (one.localizedDescription && localString(one.localizedDescription, locale)) || one.description || one.uri;

const linkAttrs = (uri) =>
  /^(https?:|tel:|mailto:)/i.test(uri ?? "")
    ? { href: uri, target: "_blank", rel: "noopener noreferrer" }
    : {};

const detail = (label, value) =>
  make(
    "div",
    { class: "wc-gdetail" },
    label ? make("div", { class: "wc-gdetail-label", text: label }) : null,
    make("div", { class: "wc-gdetail-value" }, value),
  );

function spoken(context) {
  const { cls, locale } = context;
  const said = rows(context).map((one) =>
    [...one.querySelectorAll(".wc-gitem")]
      .map((item) => [...item.children].map((part) => part.textContent).join(" "))
      .join(", "),
  );
  return [googleText(cls, "issuerName", locale), googleText(cls, "programName", locale), ...said]
    .filter(Boolean)
    .join(". ");
}
