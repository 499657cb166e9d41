// Watches a published look reach the phones: figures, two charts and a table, all of the same numbers.

const SOON_MS = 1000;
const SELDOM_MS = 15000;
const STEPS = ["told", "asked", "fetched"];
const texts = JSON.parse(document.getElementById("reach-texts").textContent);
const root = document.querySelector("[data-reach]");
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const number = new Intl.NumberFormat(document.documentElement.lang);
const began = Date.now();
const points = [];
const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

// --- charts ------------------------------------------------------------------------------------------------

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Lightness alone tells the two wallets apart, so the colours survive colour blindness and grey printing.
function style() {
  const { Chart } = globalThis;
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.font.size = 13;
  Chart.defaults.color = token("--ink-2");
  Chart.defaults.borderColor = token("--line");
  Chart.defaults.animation = calm ? false : { duration: 300 };
  return { apple: token("--accent"), google: token("--line-strong") };
}

const whole = { beginAtZero: true, ticks: { precision: 0 } };

function bars(colours) {
  const wallets = ["apple", "google"];
  return new globalThis.Chart(part("bars"), {
    type: "bar",
    data: { labels: STEPS.map((step) => texts[step]), datasets: wallets.map((name) => ({ label: texts[name], backgroundColor: colours[name], data: [], borderRadius: 4, maxBarThickness: 28 })) },
    options: { indexAxis: "y", maintainAspectRatio: false, plugins: { legend: { position: "bottom", labels: { boxWidth: 12, boxHeight: 12 } } }, scales: { x: { ...whole, title: { display: true, text: texts.phones } }, y: { grid: { display: false } } } },
  });
}

function line(colours) {
  return new globalThis.Chart(part("line"), {
    type: "line",
    data: { datasets: [{ label: texts.fetched, borderColor: colours.apple, backgroundColor: colours.apple, data: points, pointRadius: 2, borderWidth: 2, stepped: true }] },
    options: { maintainAspectRatio: false, parsing: false, plugins: { legend: { display: false } }, scales: { x: { type: "linear", min: 0, suggestedMax: 10, title: { display: true, text: texts.seconds }, grid: { display: false } }, y: { ...whole, title: { display: true, text: texts.phones } } } },
  });
}

// --- figures -----------------------------------------------------------------------------------------------

function show(now, charts) {
  part("title").textContent = now.done ? texts.done : texts.going;
  part("there").textContent = number.format(now.there);
  part("holders").textContent = number.format(now.holders);
  part("bar").max = Math.max(1, now.holders);
  part("bar").value = now.holders ? now.there : 1;
  part("redrawn").textContent = texts.redrawn.replace("{seen}", number.format(now.seen)).replace("{total}", number.format(now.total));
  part("waiting").textContent = texts.waiting.replace("{n}", number.format(now.waiting));
  part("waiting").hidden = !now.waiting;
  part("lost").hidden = !now.given_up;
  part("error").hidden = !now.error;
  part("error").querySelector("span").textContent = now.error;
  for (const wallet of now.steps) {
    const row = root.querySelector(`[data-wallet="${wallet.wallet}"]`);
    for (const cell of row.querySelectorAll("[data-step]")) cell.textContent = number.format(wallet[cell.dataset.step]);
  }
  plot(now, charts);
}

function plot(now, { bar, curve }) {
  const by = Object.fromEntries(now.steps.map((wallet) => [wallet.wallet, wallet]));
  bar.data.datasets.forEach((set, index) => { set.data = STEPS.map((step) => by[index ? "google" : "apple"]?.[step] ?? 0); });
  bar.options.scales.x.suggestedMax = Math.max(1, ...now.steps.map((wallet) => wallet.holders));
  points.push({ x: Math.round((Date.now() - began) / 100) / 10, y: now.there });
  if (points.length > 600) points.splice(1, 1);
  curve.options.scales.y.suggestedMax = Math.max(1, now.holders);
  bar.update();
  curve.update();
}

async function watch(charts) {
  for (;;) {
    const answer = await fetch(root.dataset.reach, { headers: { Accept: "application/json" } }).catch(() => null);
    const now = answer?.ok ? await answer.json() : null;
    if (now) show(now, charts);
    else { part("error").hidden = false; part("error").querySelector("span").textContent = texts.lost; }
    await new Promise((done) => setTimeout(done, now?.done || document.hidden ? SELDOM_MS : SOON_MS));
  }
}

const colours = style();
const charts = { bar: bars(colours), curve: line(colours) };
show(texts.now, charts);
watch(charts);
