// Sending over a bad network: the same bytes with the same key, a few times, then we give up for now.

export const texts = JSON.parse(document.getElementById("till-texts").textContent);

const WAITS_MS = [300, 900, 2000];
const PATIENCE_MS = 8000;
const BROKEN = new Set([502, 503, 504]);

// The answer, or null when nothing came back at all; `onRepeat` is called before each further try.
export async function post(address, body, onRepeat = () => {}) {
  for (let tries = 0; ; tries += 1) {
    const answer = await once(address, body);
    if (answer) return answer;
    if (tries >= WAITS_MS.length) return null;
    onRepeat();
    await new Promise((done) => setTimeout(done, WAITS_MS[tries]));
  }
}

export async function once(address, body) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    const answer = await fetch(address, { method: "POST", body, signal: stop.signal, headers: { Accept: "text/html" } });
    return BROKEN.has(answer.status) ? null : answer;
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
