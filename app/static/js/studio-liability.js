// Draws what ends in which month; the tables on the page have the same figures.

const { usable, pending, charts } = JSON.parse(document.getElementById("owed-charts").textContent);
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const { Chart } = globalThis;

Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
Chart.defaults.font.size = 13;
Chart.defaults.color = token("--ink-2");
Chart.defaults.borderColor = token("--line");
Chart.defaults.animation = false;

for (const each of charts) {
  const canvas = document.querySelector(`canvas[data-unit="${each.unit}"]`);
  const set = (label, data, colour) => ({ label, data, backgroundColor: colour, borderRadius: 4, maxBarThickness: 40, stack: "all" });
  const later = each.pending.some((amount) => amount > 0);
  new Chart(canvas, {
    type: "bar",
    data: { labels: each.months, datasets: [set(usable, each.usable, token("--accent")), ...(later ? [set(pending, each.pending, token("--line-strong"))] : [])] },
    options: { maintainAspectRatio: false, plugins: { legend: { display: later, position: "bottom", labels: { boxWidth: 12, boxHeight: 12 } } }, scales: { x: { stacked: true, grid: { display: false } }, y: { stacked: true, beginAtZero: true } } },
  });
}
