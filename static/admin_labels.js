// Says what the admin's own pages leave unsaid to whoever hears them: the names of fields beside which no label stands, of lists
// to choose from, of the search; whenever a script of its own makes another one.
"use strict";

(() => {
  let given = 0;
  const idOf = (element) => (element.id ||= `named-${++given}`);

  /** What names a field on the page: its label, or the head of its column. */
  function words(field) {
    const cell = field.closest(".tabular tbody td");
    return field.labels?.[0] ?? (cell && cell.closest("table").tHead.rows[0].cells[cell.cellIndex]);
  }

  function nameFields() {
    document.querySelectorAll(".tabular tbody :is(input:not([type=hidden]), select, textarea):not([aria-labelledby])").forEach((field) => {
      const said = field.labels?.length ? null : words(field);
      if (said) field.setAttribute("aria-labelledby", idOf(said));
    });
    const search = document.querySelector("#searchbar:not([aria-label])");
    if (search) search.setAttribute("aria-label", search.form.querySelector("input[type=submit]").value);
  }

  function nameLists() {
    document.querySelectorAll(".select2-selection--single[role=combobox]:not([data-named])").forEach((box) => {
      const said = words(box.closest(".select2-container").previousElementSibling);
      const chosen = box.querySelector(".select2-selection__rendered");
      if (!said) return;
      ["role", "aria-readonly"].forEach((each) => chosen.removeAttribute(each)); // no field of its own, but what the list says
      box.setAttribute("aria-labelledby", `${idOf(said)} ${chosen.id}`);
      box.dataset.named = "";
    });
    document.querySelectorAll(".select2-search__field:not([aria-label])").forEach((field) => {
      const list = field.closest(".select2-container").previousElementSibling ?? listOf(field);
      const said = list && words(list);
      if (said) field.setAttribute("aria-label", said.textContent.trim());
    });
  }

  /** The list whose choices, dropped down elsewhere on the page, this field searches. */
  function listOf(field) {
    return document.getElementById(field.getAttribute("aria-controls")?.replace(/^select2-(.*)-results$/, "$1"));
  }

  function name() {
    nameFields();
    nameLists();
    document.querySelectorAll(".help-tooltip[aria-label]:not([role])").forEach((sign) => sign.setAttribute("role", "img"));
    document.querySelectorAll(".tabular thead th:empty").forEach((head) => {
      const cell = document.createElement("td"); // a head that says nothing is none
      cell.className = head.className;
      head.replaceWith(cell);
    });
  }

  new MutationObserver(name).observe(document.body, { childList: true, subtree: true });
  name();
})();
