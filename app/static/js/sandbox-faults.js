// Switches that break the world outside: to see that nothing is lost while it is broken.

import { API, call } from "./sandbox-stream.js";

export function openFaults(dialog, opener, texts, say) {
  opener.addEventListener("click", async () => {
    dialog.showModal();
    try {
      show(dialog, opener, texts, await call(`${API}/faults`));
    } catch (fault) {
      say(fault.message, "bad");
    }
  });
  dialog.querySelector("[data-do=close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("change", async (event) => {
    const { name, type, checked, value } = event.target;
    const [where, what] = name.split(".");
    const body = { [where]: { [what]: type === "checkbox" ? checked : Number(value) } };
    try {
      show(dialog, opener, texts, await call(`${API}/faults`, { method: "POST", body }));
    } catch (fault) {
      say(fault.message, "bad");
    }
  });
  call(`${API}/faults`)
    .then((faults) => show(dialog, opener, texts, faults))
    .catch(() => {});
}

function show(dialog, opener, texts, faults) {
  let on = 0;
  for (const input of dialog.querySelectorAll("input[name], select[name]")) {
    const [where, what] = input.name.split(".");
    const value = faults[where]?.[what];
    input.disabled = value === undefined;
    if (input.type === "checkbox") input.checked = Boolean(value);
    else input.value = String(value ?? 0);
    on += value ? 1 : 0;
  }
  opener.classList.toggle("is-on", on > 0);
  opener.querySelector("[data-part=count]").textContent = on ? texts.broken.replace("{n}", on) : "";
}
