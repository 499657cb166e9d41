// The two small calculators of a card's page: how many stamps, and what an amount earns.

const PAUSE_MS = 150;

export function stepping(view) {
  const form = view.querySelector(".tl-stamps");
  if (!form) return;
  const words = JSON.parse(form.dataset.words);
  const field = form.elements.stamps;
  form.querySelector(".tl-count").classList.add("is-live");
  const set = (count) => {
    field.value = Math.min(words.length, Math.max(1, count));
    form.querySelector("[data-part=give]").textContent = words[field.value - 1];
    form.querySelector("[data-do=less]").disabled = field.value === "1";
  };
  for (const [name, step] of [["less", -1], ["more", 1]]) {
    const button = form.querySelector(`[data-do=${name}]`);
    button.hidden = false;
    button.addEventListener("click", () => set(Number(field.value) + step));
  }
  set(1);
}

export function quoting(view) {
  const form = view.querySelector("form[data-quote]");
  if (!form) return;
  const part = (name) => form.querySelector(`[data-part="${name}"]`);
  const points = form.elements.redeem_points;
  const pays = part("pay")?.querySelector("input");
  if (points) part("points").hidden = true;
  let asked = 0;
  let timer = 0;
  let most = 0;
  async function ask() {
    const mine = (asked += 1);
    const redeem = pays?.checked ? points.value || "0" : "0";
    const codes = form.elements.codes?.value ?? "";
    const query = new URLSearchParams({ amount: form.elements.amount.value, redeem_points: redeem, codes });
    const answer = await fetch(`${form.dataset.quote}?${query}`, { headers: { Accept: "application/json" } }).catch(() => null);
    if (mine !== asked || !answer?.ok) return;
    const said = await answer.json();
    if (said.most !== most && pays?.checked) { most = said.most; points.value = String(most); await ask(); return; }
    most = said.most;
    part("quote").textContent = said.words || "\u00a0";
    if (!pays) return;
    part("pay").hidden = !most;
    part("pay-words").textContent = said.pay;
    if (!most) { pays.checked = false; points.value = ""; }
  }
  const later = () => { clearTimeout(timer); timer = setTimeout(ask, PAUSE_MS); };
  form.elements.amount.addEventListener("input", later);
  form.elements.codes?.addEventListener("input", later);
  pays?.addEventListener("change", () => { points.value = pays.checked ? String(most) : ""; ask(); });
  if (form.elements.amount.value) ask();
}
