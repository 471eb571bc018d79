// The digest: a press puts a unit's paragraph into one's own text without loading the page anew.
"use strict";

const words = document.getElementById("words");

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-add]");
  if (!button || !words) return;
  event.preventDefault();
  const all = [...document.querySelectorAll("button[data-add]:not([value=all])")].map((each) => each.dataset.add);
  const added = button.value === "all" ? all : [button.dataset.add];
  words.value = [words.value.trim(), ...added].filter(Boolean).join("\n\n");
  words.scrollTop = words.scrollHeight;
});
