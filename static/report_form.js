// The report form: keeps what one types on this machine at once, sends it a moment after one stops, and says where it is.
// Without a line it goes on, and sends when the line is back (form/unsent.js). Without JavaScript the Save button saves.
"use strict";
(() => {
  const { unsent, rows } = danvan;
  const form = document.getElementById("report-form");
  const status = document.getElementById("save-state");
  const chip = document.getElementById("unsent");
  const words = form.dataset;
  const { report } = words;
  const pageVersion = Number(form.elements.version.value);
  const PAUSE = 900;
  const RETRIES = [2, 4, 8, 15, 30, 60]; // seconds
  const typing = new Set(); // codes that were touched since the page was opened
  let version = pageVersion;
  let timer = 0;
  let failures = 0;
  let sending = null;

  // --- Cells as texts ---

  const fieldsOf = (code) => [...form.querySelectorAll(`[data-code="${code}"]`)];
  const tableOf = (code) => form.querySelector(`table[data-table="${code}"]`);

  function textOf(code) {
    if (tableOf(code)) return rows.read(tableOf(code));
    const [first, ...others] = fieldsOf(code);
    return first.type === "radio" ? [first, ...others].find((field) => field.checked)?.value || "" : first.value;
  }

  function put(code, text) {
    if (tableOf(code)) return rows.fill(tableOf(code), text);
    for (const field of fieldsOf(code)) {
      if (field.type === "radio") field.checked = field.value === text;
      else field.value = text;
    }
    halves?.toSecond(code);
  }

  const about = (code) => ({ url: form.getAttribute("action"), title: words.title, name: document.getElementById(`name-${code}`).textContent.trim() });

  function changed(code) {
    keepWhatItOpensWith(code);
    typing.add(code);
    mark(code, true);
    const kept = unsent.type(report, code, textOf(code), () => version, about(code));
    kept.then(count);
    schedule(PAUSE);
    return kept;
  }

  // What a report opens with is saved as it was shown, with the first thing that its writer says.
  function keepWhatItOpensWith(but) {
    if (!words.opening) return;
    delete words.opening;
    const codes = new Set([...form.querySelectorAll("[data-code]")].map((field) => field.dataset.code));
    for (const code of codes) if (code !== but && textOf(code)) changed(code);
  }

  const halves = danvan.halves?.(form, changed);

  const mark = (code, isDirty) => fieldsOf(code).forEach((field) => field.classList.toggle("dirty", isDirty));

  // --- What stands where ---

  const say = (text, isUnsaved) => {
    status.textContent = text;
    status.classList.toggle("unsaved", Boolean(isUnsaved));
  };

  async function count() {
    const cells = (await unsent.of(report)).filter(unsent.isUnsent);
    chip.hidden = !cells.length;
    chip.textContent = words.waiting.replace("{n}", cells.length);
    return cells;
  }

  // What this machine keeps stands above what the page was rendered with, unless the page is newer.
  async function restore() {
    const cells = await unsent.of(report);
    await unsent.forget(report, cells.filter((cell) => cell.saved <= pageVersion).map((cell) => cell.code));
    for (const cell of cells) {
      if (cell.saved <= pageVersion || !fieldsOf(cell.code).length) continue;
      if (cell.saved) version = Math.max(version, cell.saved);
      if (!typing.has(cell.code)) put(cell.code, cell.text);
      if (!unsent.isUnsent(cell)) continue;
      mark(cell.code, true);
      if (cell.clash) ask(cell.clash);
    }
    await count();
    if (document.documentElement.dataset.copy) say(words.copy.replace("{time}", document.documentElement.dataset.copy), true);
    await run(true);
  }

  // --- Sending ---

  const schedule = (pause) => {
    clearTimeout(timer);
    timer = setTimeout(run, pause);
  };

  function run(again = false) {
    clearTimeout(timer);
    sending = (sending || Promise.resolve()).then(() => rounds(again === true));
    return sending;
  }

  async function rounds(again) {
    if (!(await count()).some((cell) => !cell.clash)) return;
    say(words.saving, true);
    for (let round = 0; round < 20; round += 1) {
      const outcome = await unsent.send(report, again && round === 0, see);
      await count();
      if (outcome.kind === "nothing") break;
      if (!(await went(outcome))) return;
      failures = 0;
    }
    await settle();
  }

  // Says what an outcome means, and whether to go on sending.
  async function went({ kind, told, codes }) {
    switch (kind) {
      case "saved":
        show(told, codes);
        return true;
      case "older":
        await takeTheirs(told);
        return true;
      case "refused":
        say([...(told.problems || []), words.kept].join(" "), true);
        return false;
      case "gone":
        say(words.kept, true);
        return false;
      case "signed-out":
        say(words.signedOut, true);
        break;
      default:
        say(words.offline, true);
        unsent.sendLater();
    }
    schedule(1000 * RETRIES[Math.min(failures, RETRIES.length - 1)]);
    failures += 1;
    return false;
  }

  async function settle() {
    const cells = await count();
    for (const field of form.querySelectorAll(".dirty")) {
      if (!cells.some((cell) => cell.code === field.dataset.code)) field.classList.remove("dirty");
    }
    if (cells.some((cell) => cell.clash)) say(words.clash, true);
    else if (cells.some((cell) => cell.refused === cell.text)) say(words.unreadable, true);
    else if (cells.length) schedule(PAUSE);
  }

  function show(told, codes) {
    document.getElementById("state").textContent = told.state;
    for (const [code, texts] of Object.entries(told.cells)) {
      for (const [place, text] of Object.entries(texts)) {
        const cell = document.getElementById(`${place}-${code}`);
        if (cell) cell.textContent = text;
      }
      const problems = told.problems[code] || [];
      if (!codes.includes(code) && fieldsOf(code).some((field) => field.getAttribute("aria-invalid") === "true")) continue;
      const lines = [...problems.map((text) => ["error", text]), ...(told.findings[code] || []).map((each) => [each.severity, each.text])];
      const says = document.getElementById(`says-${code}`);
      if (says && !says.querySelector(".conflict")) says.replaceChildren(...lines.map(([kind, text]) => line(kind, text)));
      for (const field of fieldsOf(code)) field.setAttribute("aria-invalid", String(Boolean(problems.length)));
    }
    for (const [number, facts] of Object.entries(told.sections)) progress(number, ...facts);
    say(told.message, false);
  }

  function see(newer) {
    version = newer;
    form.elements.version.value = newer;
    for (const field of document.querySelectorAll("input[name=seen]")) field.value = newer;
  }

  function line(kind, text) {
    const span = document.createElement("span");
    span.className = kind;
    span.textContent = text;
    return span;
  }

  function progress(number, answered, entered, blank) {
    document.getElementById(`required-${number}`).textContent = blank;
    const place = document.getElementById(`progress-${number}`);
    if (!place) return;
    place.textContent = `${answered}/${entered}`;
    place.classList.toggle("full", answered === entered);
  }

  // --- Somebody else saved meanwhile: take what they changed elsewhere, and let the person choose where both did ---

  async function takeTheirs(told) {
    const mine = new Set((await unsent.of(report)).filter(unsent.isUnsent).map((cell) => cell.code));
    const theirs = {};
    for (const [code, text] of Object.entries(told.entries)) {
      if (mine.has(code) || !fieldsOf(code).length || textOf(code) === text) continue;
      put(code, text);
      theirs[code] = text;
    }
    await unsent.learn(report, theirs, told.version);
    see(told.version);
    told.clashes.forEach(ask);
  }

  function ask(clash) {
    const says = document.getElementById(`says-${clash.code}`);
    const box = document.createElement("div");
    box.className = "conflict";
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", words.clash);
    const choice = (label, shown, mine) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = `${label}: ${shown || "–"}`;
      button.addEventListener("click", async () => {
        box.remove();
        if (!mine) put(clash.code, clash.theirs_text);
        await unsent.choose(report, clash.code, mine);
        if (!mine) mark(clash.code, false);
        await run();
        fieldsOf(clash.code)[0].focus();
        if (!(await count()).length && status.classList.contains("unsaved")) say(words.saved, false);
      });
      box.append(button);
    };
    box.append(line("error", words.clash));
    choice(words.theirs, clash.theirs, false);
    choice(words.mine, clash.mine, true);
    says.replaceChildren(box);
    says.scrollIntoView({ block: "center" });
  }

  // --- What a person does ---

  form.addEventListener("input", (event) => {
    if (event.target.dataset.code) changed(event.target.dataset.code);
  });

  form.addEventListener("click", (event) => {
    const { zero, zeroSection, addRow, dropRow, put: taken } = event.target.dataset;
    if (zero) nothingHappened([fieldsOf(zero)[0]]);
    if (taken) takeOver(event, taken);
    if (zeroSection) nothingHappenedInAll(zeroSection, event.target);
    if (addRow) rows.cellsOf(rows.add(tableOf(addRow)))[0].focus();
    if (dropRow) {
      rows.remove(event.target.closest("tr"));
      changed(dropRow);
    }
  });

  function nothingHappened(fields) {
    for (const field of fields) {
      field.value = halves?.nothing(field.dataset.code) ?? "0";
      changed(field.dataset.code);
    }
    fields.at(-1).focus();
  }

  // What its source says, as the button's value; without JavaScript the button sends it.
  function takeOver(event, code) {
    event.preventDefault();
    put(code, event.target.value);
    event.target.hidden = true;
    changed(code);
    fieldsOf(code)[0].focus();
  }

  function nothingHappenedInAll(section, button) {
    const place = document.getElementById(section);
    const blank = [...place.querySelectorAll("[data-kind=number]")].filter((field) => !field.value.trim());
    if (!blank.length || !confirm(button.dataset.ask.replace("{n}", blank.length))) return;
    nothingHappened(blank);
  }

  // A note, or a line of the summary, leads to its figure: ready to be written.
  function toFigure() {
    const code = (location.hash.match(/^#cell-(\w+)$/) || [])[1];
    const field = code && fieldsOf(code)[0];
    if (!field) return;
    field.closest("tr[id]").scrollIntoView({ block: "center" });
    field.focus({ preventScroll: true });
    if (field.select) field.select();
  }
  window.addEventListener("hashchange", toFigure);

  danvan.keys(form, changed, (filled, given) => say(words.pasted.replace("{filled}", filled).replace("{given}", given), filled < given));

  // The Save button saves what is still open without leaving the page; with nothing open it goes the plain way.
  form.addEventListener("submit", (event) => {
    if (chip.hidden) return;
    event.preventDefault();
    run(true);
  });

  document.getElementById("to-summary")?.addEventListener("click", async (event) => {
    if (chip.hidden && !words.opening) return;
    event.preventDefault();
    const goal = event.currentTarget.href;
    keepWhatItOpensWith();
    await run(true);
    if (!(await count()).length) location.assign(goal);
  });

  window.addEventListener("beforeunload", (event) => {
    if (!chip.hidden && !unsent.isKept) event.preventDefault();
  });
  window.addEventListener("pagehide", () => chip.hidden || unsent.sendLater());
  window.addEventListener("online", () => {
    failures = 0;
    run();
  });
  window.addEventListener("offline", () => say(words.offline, true));
  toFigure();
  restore();
})();
