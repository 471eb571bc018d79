// What every page shares. Nothing here is needed to go through the cycle: without JavaScript the pages still work.
"use strict";
document.documentElement.classList.replace("no-js", "js");

document.addEventListener("change", (event) => {
  const name = event.target.dataset && event.target.dataset.selectAll;
  if (!name) return;
  for (const box of document.querySelectorAll(`input[type=checkbox][name="${name}"]`)) box.checked = event.target.checked;
});

// A second click while the first is on its way sends nothing twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 3000);
});

// A second click on "where from" closes what the first one opened.
document.addEventListener("htmx:beforeRequest", (event) => {
  const opened = event.target.dataset && document.getElementById(event.target.dataset.toggle);
  if (opened && opened.firstElementChild) {
    event.preventDefault();
    opened.replaceChildren();
  }
});

// A refusal (422) is a page like any other: show it.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 422) event.detail.shouldSwap = true;
});

// A link to a folded form unfolds it.
const unfold = () => {
  const goal = location.hash && document.getElementById(location.hash.slice(1));
  if (goal instanceof HTMLDetailsElement) goal.open = true;
};
window.addEventListener("hashchange", unfold);
unfold();

// Of tabs that don't fit beside each other, the one that is on is in sight.
for (const tab of document.querySelectorAll(".section-tabs [aria-current]")) {
  const row = tab.parentElement;
  row.scrollLeft += tab.getBoundingClientRect().left - row.getBoundingClientRect().left - 16;
}

// The reader's own menu folds up again when one turns elsewhere.
const menu = document.querySelector("details.me");
if (menu) {
  document.addEventListener("click", (event) => menu.contains(event.target) || (menu.open = false));
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.firstElementChild.focus();
  });
}
