"use strict";
// Everything works without this: it lets one box choose all of a page, and asks before two presses send a form twice.
for (const all of document.querySelectorAll("[data-all]")) {
  const boxes = () => all.closest("form").querySelectorAll("input[name=user]");
  all.closest("label").hidden = false;
  all.addEventListener("change", () => boxes().forEach((box) => { box.checked = all.checked; }));
}
for (const form of document.querySelectorAll("form[method=post]")) {
  let sent = false;
  form.addEventListener("submit", (event) => { if (sent) event.preventDefault(); sent = true; });
}
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
