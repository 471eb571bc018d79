// Says beside the fields of an indicator what is wrong with them as one types; saving and publishing check again.
"use strict";

(() => {
  const check = document.getElementById("indicator-check");
  const form = check && check.closest("form");
  if (!form || !form.elements.formula) return;
  const WAIT = 350;
  let timer = 0;
  let asked = 0;

  function place(column) {
    const row = form.querySelector(`.field-${CSS.escape(column || "code")}`) || form.querySelector(".field-code");
    let says = row.querySelector(".check-says");
    if (!says) {
      says = document.createElement("p");
      says.className = "check-says";
      says.setAttribute("role", "status");
      row.append(says);
    }
    return says;
  }

  function show(problems) {
    form.querySelectorAll(".check-says").forEach((says) => { says.textContent = ""; says.classList.remove("wrong"); });
    for (const [column, messages] of Object.entries(problems)) {
      const says = place(column);
      says.textContent = messages.join(" ");
      says.classList.add("wrong");
    }
    for (const column of ["formula", "rules"]) {
      if (form.elements[column].value.trim() && !problems[column]) place(column).textContent = check.dataset.well;
    }
  }

  async function ask() {
    const turn = ++asked;
    const data = new FormData(form);
    data.set("indicator", check.dataset.indicator);
    try {
      const answer = await fetch(check.dataset.url, { method: "POST", body: data, credentials: "same-origin" });
      if (answer.ok && turn === asked) show(await answer.json());
    } catch { /* without a line nothing is said; saving checks again */ }
  }

  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, WAIT); });
})();
