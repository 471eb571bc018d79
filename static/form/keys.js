// The keyboard as in a sheet: Enter and arrows go from figure to figure, and what was copied from a sheet fills downwards.
"use strict";
window.danvan = window.danvan || {};

danvan.keys = (form, changed, say) => {
  const { rows } = danvan;
  const isText = (field) => ["number", "second", "table"].includes(field.dataset.kind);

  form.addEventListener("keydown", (event) => {
    const field = event.target;
    if (!isText(field) || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const goal = field.dataset.kind === "table" ? inTable(field, event) : inSheet(field, event);
    if (!goal) return;
    event.preventDefault();
    goal.focus();
    goal.select();
  });

  const atStart = (field) => field.selectionStart === 0 && (field.selectionEnd === 0 || field.selectionEnd === field.value.length);
  const atEnd = (field) => field.selectionEnd === field.value.length && (field.selectionStart === field.value.length || field.selectionStart === 0);

  function inSheet(field, event) {
    const step = { Enter: event.shiftKey ? -1 : 1, ArrowDown: 1, ArrowUp: -1, ArrowRight: atEnd(field) ? 1 : 0, ArrowLeft: atStart(field) ? -1 : 0 }[event.key];
    if (!step || (event.shiftKey && event.key !== "Enter")) return null;
    const numbers = [...form.querySelectorAll(`[data-kind=${field.dataset.kind}]`)];
    const goal = numbers[numbers.indexOf(field) + step];
    if (event.key === "Enter") event.preventDefault();
    return goal;
  }

  function inTable(field, event) {
    const row = field.closest("tr");
    const column = rows.cellsOf(row).indexOf(field);
    switch (event.key) {
      case "Enter":
        event.preventDefault();
        return rows.cellsOf(row.nextElementSibling || rows.add(row.closest("table")))[column];
      case "ArrowDown":
        return row.nextElementSibling && rows.cellsOf(row.nextElementSibling)[column];
      case "ArrowUp":
        return row.previousElementSibling && rows.cellsOf(row.previousElementSibling)[column];
      case "ArrowRight":
        return !event.shiftKey && atEnd(field) && rows.cellsOf(row)[column + 1];
      case "ArrowLeft":
        return !event.shiftKey && atStart(field) && rows.cellsOf(row)[column - 1];
      default:
        return null;
    }
  }

  // --- Pasting what was copied from a sheet ---

  form.addEventListener("paste", (event) => {
    const field = event.target;
    const text = (event.clipboardData || { getData: () => "" }).getData("text/plain").replace(/\r/g, "").replace(/\n$/, "");
    if (!isText(field) || !/[\n\t]/.test(text)) return;
    event.preventDefault();
    const lines = text.split("\n").map((line) => line.split("\t").map((cell) => cell.replaceAll("\u00a0", " ").trim()));
    if (field.dataset.kind === "table") return block(field, lines);
    column(field, lines.map((cells) => cells[0]), field.dataset.kind);
  });

  // Line by line down the rows of the form: a row that is computed, or not of this unit, passes its line by, as does an empty one.
  function column(field, texts, kind) {
    const places = [...form.querySelectorAll(".sheet > tbody > tr")];
    const first = places.indexOf(field.closest("tr[id]"));
    let filled = 0;
    texts.forEach((text, down) => {
      const place = places[first + down];
      if (!place || !text || !write(place, text, kind)) return;
      filled += 1;
    });
    say(filled, texts.filter(Boolean).length);
  }

  function write(place, text, kind) {
    const number = place.querySelector(`[data-kind=${kind}]`) || place.querySelector("[data-kind=number]");
    const choice = place.querySelector("select[data-code]");
    const radios = [...place.querySelectorAll("input[type=radio]")];
    const same = (label) => label.trim().toLowerCase() === text.toLowerCase();
    if (number) number.value = text;
    else if (choice) {
      const option = [...choice.options].find((each) => same(each.text) || same(each.value));
      if (!option) return false;
      choice.value = option.value;
    } else {
      const radio = radios.find((each) => same(each.closest("label").textContent) || same(each.value));
      if (!radio) return false;
      radio.checked = true;
    }
    if (number) number.dispatchEvent(new Event("input", { bubbles: true }));
    else changed((choice || radios[0]).dataset.code);
    return true;
  }

  function block(field, lines) {
    const table = field.closest("table");
    let row = field.closest("tr");
    const first = rows.cellsOf(row).indexOf(field);
    lines.forEach((cells, down) => {
      if (down) row = row.nextElementSibling || rows.add(table);
      const inputs = rows.cellsOf(row);
      cells.forEach((text, right) => inputs[first + right] && (inputs[first + right].value = text));
    });
    changed(field.dataset.code);
  }
};
