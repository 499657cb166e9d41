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
  const points = paying(form, part("pay"), part("points"), "redeem_points", part("pay-words"));
  const gift = paying(form, part("pay-gift"), part("gift"), "gift", part("gift-words"));
  let asked = 0;
  let timer = 0;
  async function ask() {
    const mine = (asked += 1);
    const query = new URLSearchParams({ amount: form.elements.amount.value, codes: form.elements.codes?.value ?? "" });
    if (points?.wanted()) query.set("points", "1");
    if (gift?.wanted()) query.set("gift", "1");
    const answer = await fetch(`${form.dataset.quote}?${query}`, { headers: { Accept: "application/json" } }).catch(() => null);
    if (mine !== asked || !answer?.ok) return;
    const said = await answer.json();
    part("due").hidden = !said.due;
    part("due-sum").textContent = said.due;
    part("off").textContent = said.off;
    part("quote").textContent = said.words || "\u00a0";
    part("quote").classList.toggle("is-bad", Boolean(said.fault));
    points?.take(said.most, said.pay);
    gift?.take(said.gift, said.gift_words);
  }
  const later = () => { clearTimeout(timer); timer = setTimeout(ask, PAUSE_MS); };
  form.elements.amount.addEventListener("input", later);
  form.elements.codes?.addEventListener("input", later);
  for (const each of [points, gift]) each?.tick.addEventListener("change", () => { if (!each.tick.checked) each.field.value = ""; ask(); });
  if (form.elements.amount.value) ask();
}

// A tick in place of a field: it pays as much as it may. Without this script the field is there instead.
function paying(form, box, place, name, words) {
  const field = form.elements[name];
  if (!box || !field || field.hasAttribute("aria-invalid")) return null;
  const tick = box.querySelector("input");
  const held = words.textContent;
  tick.checked = Boolean(field.value);
  [place.hidden, box.hidden, tick.disabled] = [true, false, !field.value];
  return {
    tick,
    field,
    wanted: () => tick.checked,
    take(most, said) {
      tick.disabled = !most;
      if (!most) tick.checked = false;
      words.textContent = said || held;
      field.value = tick.checked ? most : "";
    },
  };
}
