// What happens in the sandbox, live: server-sent events, or plain asking where a stream is not to be had.

const POLL_MS = 1000;

export const API = "/sandbox/api";

export async function call(path, { method = "GET", body } = {}) {
  const headers = { Accept: "application/json" };
  const token = document.querySelector('meta[name="csrf-token"]')?.content;
  if (method !== "GET" && token) headers["X-CSRFToken"] = token;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const json = await answer.json().catch(() => ({}));
  if (!answer.ok)
    throw new Error(json.text ?? json.detail ?? json.title ?? `${answer.status} ${answer.statusText}`);
  return json;
}

// Calls `on(event)` for each event and `state(live)` when the connection comes and goes.
export function follow(on, state) {
  let last = 0;
  const take = (event) => {
    if (event.number <= last) return;
    last = event.number;
    on(event);
  };
  const kinds = ["phone", "notification", "wire", "apns", "google", "mail", "complaint"];
  const open = () => {
    const source = new EventSource(`${API}/events?after=${last}`);
    source.onopen = () => state(true);
    for (const kind of kinds) source.addEventListener(kind, (message) => take(JSON.parse(message.data)));
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) return;
      source.close();
      poll();
    };
  };
  const poll = async () => {
    try {
      const { events, newest } = await call(`${API}/events/since?after=${last}`);
      if (newest < last) last = 0; // the sandbox was started anew
      events.forEach(take);
      state(true);
    } catch {
      state(false);
    }
    setTimeout(poll, POLL_MS);
  };
  open();
}
