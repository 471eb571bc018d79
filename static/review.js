// The reviewer's desk by keyboard. Single keys work only while they are switched on (WCAG 2.1.4), and never while one writes.
"use strict";

const rows = () => [...document.querySelectorAll("#review tbody tr")];
const keysOn = document.getElementById("keys-on");
const help = document.getElementById("keys");
const correction = document.getElementById("correction-form");
const KEY = "danvan-review-keys";

keysOn.checked = localStorage.getItem(KEY) !== "off";
keysOn.addEventListener("change", () => localStorage.setItem(KEY, keysOn.checked ? "on" : "off"));
document.getElementById("keys-help").addEventListener("click", () => help.showModal());

const go = (step) => {
  const all = rows();
  const at = all.indexOf(document.activeElement.closest("#review tr"));
  const row = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  if (row) row.focus();
};

const note = () => {
  const row = document.activeElement.closest("#review tr");
  const folded = row && row.querySelector("details:has(textarea)");
  if (!folded) return;
  folded.open = true;
  folded.querySelector("textarea").focus();
};

const focusOn = (element) => element && element.focus();
const follow = (id) => document.getElementById(id)?.click();

const keys = {
  j: () => go(1),
  k: () => go(-1),
  n: note,
  a: () => focusOn(document.getElementById("do-accept")),
  r: () => focusOn(correction && correction.querySelector("textarea")),
  J: () => follow("report-next"),
  K: () => follow("report-before"),
  "?": () => help.showModal(),
};

const isWriting = (element) => element.matches("textarea, select, input:not([type=checkbox])");

document.addEventListener("keydown", (event) => {
  const writing = isWriting(event.target);
  if (event.key === "Enter" && event.ctrlKey && writing && event.target.form === correction) return correction.requestSubmit();
  if (event.key === "Escape" && writing) return focusOn(event.target.closest("#review tr"));
  if (writing || !keysOn.checked || help.open || event.ctrlKey || event.altKey || event.metaKey) return;
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

const counter = document.getElementById("note-count");
document.addEventListener("input", (event) => {
  if (!counter || !event.target.name?.startsWith("note-")) return;
  const written = [...document.querySelectorAll('textarea[name^="note-"]')].filter((each) => each.value.trim()).length;
  counter.textContent = written ? `${written} ${counter.dataset.text}` : "";
});
