// Tables of words in the form: rows are added and taken out, and their cells read and filled as one text.
"use strict";
window.danvan = window.danvan || {};

danvan.rows = (() => {
  const isFixed = (table) => table.dataset.fixed !== undefined; // its rows are those that the page was made with
  const bodyOf = (table) => table.tBodies[0];
  const cellsOf = (row) => [...row.querySelectorAll("input, select, textarea")];

  // As `cell-CODE` takes it: a JSON list of rows of texts, empty where nothing is written.
  function read(table) {
    const rows = [...bodyOf(table).rows].map((row) => cellsOf(row).map((input) => input.value));
    const filled = rows.filter((row) => row.some((text) => text.trim()));
    return filled.length ? JSON.stringify(filled) : "";
  }

  function fill(table, text) {
    const rows = text ? JSON.parse(text) : [];
    while (!isFixed(table) && bodyOf(table).rows.length < rows.length + 2) add(table);
    [...bodyOf(table).rows].forEach((row, number) =>
      cellsOf(row).forEach((input, column) => {
        const isGiven = isFixed(table) && !rows[number] && !input.dataset.code; // a task stands though nobody has answered it yet
        if (!isGiven) input.value = (rows[number] || [])[column] || "";
      }),
    );
  }

  function add(table) {
    const row = bodyOf(table).lastElementChild.cloneNode(true);
    for (const input of cellsOf(row)) input.value = "";
    bodyOf(table).append(row);
    number(table);
    return row;
  }

  function remove(row) {
    const table = row.closest("table");
    if (bodyOf(table).rows.length === 1) for (const input of cellsOf(row)) input.value = "";
    else row.remove();
    number(table);
  }

  // Names and labels say which row it is.
  function number(table) {
    [...bodyOf(table).rows].forEach((row, index) =>
      cellsOf(row).forEach((input, column) => {
        input.name = `cell-${table.dataset.table}-${index}-${column}`;
        input.setAttribute("aria-label", input.getAttribute("aria-label").replace(/\d+/, index + 1));
      }),
    );
  }

  return { read, fill, add, remove, cellsOf, bodyOf };
})();
