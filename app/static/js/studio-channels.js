// Copying a channel's link, where the browser lets us.

const texts = JSON.parse(document.getElementById("channel-texts").textContent);

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = texts.copied;
    setTimeout(() => { button.textContent = texts.copy; }, 2000);
  });
}
