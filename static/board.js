// The board: selecting by kind without loading the page anew, how many are selected, and copying the list of the missing.
"use strict";

const boxes = () => [...document.querySelectorAll('#board input[name="selected"]')];

const count = () => {
  const shown = document.getElementById("how-many");
  if (!shown) return;
  const selected = boxes().filter((box) => box.checked).length;
  shown.textContent = selected ? `${selected} ${shown.dataset.text}` : "";
};

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-select]");
  if (!link) return;
  event.preventDefault();
  const kind = link.dataset.select;
  for (const box of boxes()) box.checked = Boolean(kind) && box.dataset.may.split(" ").includes(kind);
  count();
});

document.addEventListener("change", (event) => {
  if (event.target.name === "selected") count();
});
document.addEventListener("htmx:afterSwap", count);
count();

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copy);
  text.select();
  try {
    await navigator.clipboard.writeText(text.value);
  } catch {
    document.execCommand("copy");
  }
  button.textContent = button.dataset.copied;
});
