// The form works without this. Here: one card for two taps, and the fault in view when the page comes back.

const form = document.querySelector("[data-part=form]");
const send = form.querySelector("[data-part=send]");
const words = send.textContent;

form.addEventListener("submit", (event) => {
  if (send.getAttribute("aria-disabled") === "true") {
    event.preventDefault();
    return;
  }
  send.setAttribute("aria-disabled", "true");
  send.textContent = send.dataset.busy;
});

// A page that comes back from the browser's memory must be usable again.
window.addEventListener("pageshow", () => {
  send.removeAttribute("aria-disabled");
  send.textContent = words;
});

form.querySelector("[autofocus]")?.focus();
