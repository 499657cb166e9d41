// Keeps an open card page true: asks every few seconds while it is visible, swaps what changed, counts the balance up
// or down, and says so to those who cannot see it. Without this the page is right whenever it is loaded.

const EVERY_MS = 4000;
const SLOWEST_MS = 60000;
const COUNT_MS = 700;

const page = document.querySelector("[data-part=page]");
const news = page.querySelector("[data-part=news]");
const still = window.matchMedia("(prefers-reduced-motion: reduce)");
let tag = `"${page.dataset.tag}"`;
let wait = EVERY_MS;
let timer = 0;

async function ask() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    const answer = await fetch(page.dataset.state, { headers: { "If-None-Match": tag }, cache: "no-store" });
    if (answer.status === 200) show(await answer.text(), answer.headers.get("ETag"));
    if (answer.status === 404) return location.reload();
    wait = answer.ok || answer.status === 304 ? EVERY_MS : Math.min(wait * 2, SLOWEST_MS);
  } catch {
    wait = Math.min(wait * 2, SLOWEST_MS);
  }
  timer = setTimeout(ask, wait);
}

function show(html, newTag) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  const before = counts();
  const share = page.querySelector(".way-done")?.getAttribute("width");
  for (const part of fresh.querySelectorAll("[data-live]")) {
    page.querySelector(`[data-live=${part.dataset.live}]`)?.replaceWith(document.importNode(part, true));
  }
  tag = newTag;
  grow(share);
  const said = [...page.querySelectorAll("[data-figure]")].map((each) => `${each.previousElementSibling.textContent}: ${each.textContent}`);
  for (const each of page.querySelectorAll("[data-count]")) count(each, before.get(each.dataset.figure));
  page.classList.remove("has-news");
  requestAnimationFrame(() => page.classList.add("has-news"));
  news.textContent = [news.dataset.words, ...said].join(" ");
}

function counts() {
  return new Map([...page.querySelectorAll("[data-count]")].map((each) => [each.dataset.figure, Number(each.dataset.count)]));
}

function grow(share) {
  const line = page.querySelector(".way-done");
  if (!line || share === undefined || still.matches) return;
  const target = line.getAttribute("width");
  line.setAttribute("width", share);
  requestAnimationFrame(() => requestAnimationFrame(() => line.setAttribute("width", target)));
}

function count(element, from) {
  const to = Number(element.dataset.count);
  const final = element.textContent;
  if (from === undefined || from === to || still.matches) return;
  const written = new Intl.NumberFormat(document.documentElement.lang);
  const began = performance.now();
  const step = (now) => {
    const done = Math.min(1, (now - began) / COUNT_MS);
    element.textContent = done === 1 ? final : written.format(Math.round(from + (to - from) * (1 - (1 - done) ** 3)));
    if (done < 1) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

// --- the code over the whole screen, which then does not go dark -----------------------------------------

const dialog = document.querySelector("[data-part=dialog]");
const zoom = page.querySelector("[data-part=zoom]");
let awake = null;

zoom.hidden = false;
zoom.addEventListener("click", async () => {
  dialog.showModal();
  awake = await navigator.wakeLock?.request("screen").catch(() => null);
});
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
dialog.addEventListener("close", () => awake?.release());

document.addEventListener("visibilitychange", ask);
timer = setTimeout(ask, EVERY_MS);

const share = document.querySelector("[data-part=share]");
if (share && navigator.share) {
  share.hidden = false;
  share.addEventListener("click", () => navigator.share({ url: share.dataset.url }).catch(() => {}));
}
