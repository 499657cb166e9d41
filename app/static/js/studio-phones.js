// The studio's two phones: drawn once, filled again with each answer of the server.

import { drawPhone } from "./phone-frames.js";
import { drawApple, drawGoogle } from "./wallet-cards.js";
import { make } from "./wallet-format.js";

// Draws the frames that are inside `root` and gives a function that fills them with what a preview said.
export function phonesIn(root, texts) {
  const locale = document.documentElement.lang;
  const phones = Object.fromEntries([...root.querySelectorAll("[data-phone]")].map((frame) => {
    const phone = drawPhone(frame, { kind: frame.dataset.phone, locale, texts });
    const slot = make("div", { class: "pf-card" });
    phone.screen.append(slot);
    return [frame.dataset.phone, slot];
  }));
  let drawn = 0;
  return ({ wallets, locale: spoken, code }, animate) => {
    const barcodeUrl = () => code;
    const { apple, google } = wallets;
    if (apple && phones.iphone) drawApple(phones.iphone, { pass: apple.pass, images: apple.images, strings: apple.strings[spoken] ?? {}, locale: spoken, barcodeUrl, animate });
    if (google && phones.android) drawGoogle(phones.android, { object: google.object, class: google.class, locale: spoken, barcodeUrl, animate });
    root.dataset.drawn = String((drawn += 1));
  };
}
