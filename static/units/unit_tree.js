"use strict";

// The tree of units: branches open in place, and a unit dragged onto another moves there. Without it the links still lead on.
(() => {
  const tree = document.getElementById("unit-tree");
  const message = document.getElementById("unit-tree-message");
  const itemOf = (element) => element.closest("li[data-key]");
  const rowOf = (item) => item.querySelector(":scope > .unit-tree-row");
  const nameOf = (item) => rowOf(item).querySelector(".unit-tree-name").textContent;
  let dragged = null;

  function say(text, isError) {
    message.textContent = text;
    message.classList.toggle("is-error", isError);
  }

  async function open(item) {
    const query = new URLSearchParams({ of: item.dataset.key, on: tree.dataset.day, part: "1" });
    const answer = await fetch(`${tree.dataset.url}?${query}`);
    if (!answer.ok) throw new Error(answer.status);
    item.querySelector(":scope > .unit-tree-branch")?.remove();
    item.insertAdjacentHTML("beforeend", await answer.text());
    rowOf(item).querySelector(".unit-tree-opener")?.setAttribute("aria-expanded", "true");
  }

  async function toggle(item, opener) {
    const branch = item.querySelector(":scope > .unit-tree-branch");
    if (branch) {
      branch.remove();
      opener.setAttribute("aria-expanded", "false");
    } else {
      await open(item);
    }
  }

  async function move(item, target) {
    const question = tree.dataset.question.replace("%(unit)s", nameOf(item)).replace("%(superior)s", nameOf(target));
    if (!window.confirm(question)) return;
    const body = new FormData();
    body.set("unit", item.dataset.key);
    body.set("superior", target.dataset.key);
    body.set("csrfmiddlewaretoken", tree.querySelector("[name=csrfmiddlewaretoken]").value);
    const answer = await fetch(tree.dataset.moveUrl, { method: "POST", body });
    const told = await answer.json();
    say(told.message, !answer.ok);
    if (answer.ok) {
      item.remove();
      await open(target);
    }
  }

  const failed = () => say(tree.dataset.failed, true);

  tree.addEventListener("click", (event) => {
    const opener = event.target.closest(".unit-tree-opener");
    if (!opener) return;
    event.preventDefault();
    toggle(itemOf(opener), opener).catch(() => { window.location.href = opener.href; });
  });

  tree.addEventListener("dragstart", (event) => {
    dragged = itemOf(event.target);
    rowOf(dragged).classList.add("is-dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", nameOf(dragged));
  });

  tree.addEventListener("dragend", () => {
    for (const row of tree.querySelectorAll(".is-dragged, .is-target")) row.classList.remove("is-dragged", "is-target");
    dragged = null;
  });

  tree.addEventListener("dragover", (event) => {
    const item = itemOf(event.target);
    if (!dragged || !item || dragged.contains(item)) return;
    event.preventDefault();
    for (const row of tree.querySelectorAll(".is-target")) row.classList.remove("is-target");
    rowOf(item).classList.add("is-target");
  });

  tree.addEventListener("drop", (event) => {
    const item = itemOf(event.target);
    if (!dragged || !item || dragged.contains(item)) return;
    event.preventDefault();
    move(dragged, item).catch(failed);
  });
})();
