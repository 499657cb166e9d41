// Cards as the wallets draw them: for the phones of the sandbox, the studio's preview and the join page.
//
//   drawApple(el, {pass, images, locale, strings, barcodeUrl})    pass.json as parsed, images: slot → address
//   drawGoogle(el, {object, class, locale, barcodeUrl})           a loyaltyObject and its loyaltyClass
//
// Both fill the width of `el`, keep the vendors' proportions, cut what a wallet would cut, and may be called
// again with new data: the card then turns over to its new face (not under prefers-reduced-motion).
// `barcodeUrl(format, message)` answers the address of a barcode's picture; without it the panel stays empty.

export { drawApple } from "./wallet-apple.js";
export { drawGoogle } from "./wallet-google.js";

// The address of a barcode drawn by the sandbox; other pages pass their own.
export const sandboxBarcode = (base) => (format, message) =>
  `${base}/barcode.svg?${new URLSearchParams({ format, message })}`;
