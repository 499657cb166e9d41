// A reader is a keyboard that types very fast and ends with Enter. It is heard wherever the focus is: a code
// that lands in the amount field is taken out again and looked up.

const GAP_MS = 60;
const SHORTEST = 8;

export function listen(onCode, fieldListens) {
  let typed = "";
  let last = 0;
  let field = null;
  let before = "";
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target instanceof HTMLInputElement ? event.target : null;
    if (event.timeStamp - last > GAP_MS) { typed = ""; field = target; before = target?.value ?? ""; }
    last = event.timeStamp;
    if (event.key.length === 1) typed += event.key;
    if (event.key !== "Enter" || typed.length < SHORTEST || target?.id === "code") return;
    event.preventDefault();
    event.stopPropagation();
    if (field) field.value = before;
    onCode(typed);
    typed = "";
  }, true);
  // People who simply start to type are heard, too.
  document.addEventListener("keydown", (event) => {
    const code = document.getElementById("code");
    const elsewhere = !event.target.closest?.("input, button, a, select, summary");
    if (event.key.length === 1 && code && elsewhere && fieldListens()) code.focus();
  });
}
