// The report form: saves the changed cells a moment after one stops typing, and says so. Without it, the Save button does.
"use strict";
(() => {
  const form = document.getElementById("report-form");
  const status = document.getElementById("save-state");
  const words = form.dataset;
  const PAUSE = 900;
  const RETRY = 10000;
  const dirty = new Map(); // code → how many times it was changed; what is saved is compared with it
  const refused = new Set(); // codes whose text could not be read: they are not saved
  let timer = 0;
  let saving = false;

  const fieldsOf = (code) => [...form.elements].filter((field) => field.dataset.code === code);
  const say = (text, unsaved) => {
    status.textContent = text;
    status.classList.toggle("unsaved", Boolean(unsaved));
  };
  const schedule = (pause) => {
    clearTimeout(timer);
    timer = setTimeout(save, pause);
  };

  function changed(code) {
    dirty.set(code, (dirty.get(code) || 0) + 1);
    for (const field of fieldsOf(code)) field.classList.add("dirty");
    say(words.unsaved, true);
    schedule(PAUSE);
  }

  function posted(codes) {
    const all = new FormData(form);
    const data = new FormData();
    data.set("csrfmiddlewaretoken", token() || all.get("csrfmiddlewaretoken"));
    data.set("version", all.get("version"));
    for (const [name, value] of all) {
      const field = form.elements[name];
      const code = name.startsWith("cell-") && codes.find((each) => name === `cell-${each}` || (field.dataset && field.dataset.code === each));
      if (code) data.set(name, value);
    }
    return data;
  }

  // Signing in again in another tab gives a new token, which the page doesn't hold.
  const token = () => (document.cookie.match(/(?:^|; )csrftoken=([^;]+)/) || [])[1];

  async function save() {
    if (saving || !dirty.size) return;
    const sent = new Map(dirty);
    saving = true;
    say(words.saving, true);
    try {
      const answer = await fetch(form.action, { method: "POST", body: posted([...sent.keys()]), headers: { Accept: "application/json" } });
      if (answer.redirected || answer.status === 403) {
        say(words.signedOut, true);
        return schedule(RETRY);
      }
      if (!(answer.headers.get("Content-Type") || "").includes("json")) throw new Error(String(answer.status));
      const told = await answer.json();
      if (answer.status === 409) return conflict(told);
      if (!answer.ok) return say((told.problems || []).join(" ") || words.unsaved, true);
      for (const [code, times] of sent) {
        if (dirty.get(code) !== times) continue;
        dirty.delete(code);
        for (const field of fieldsOf(code)) field.classList.remove("dirty");
      }
      for (const code of sent.keys()) told.problems[code] ? refused.add(code) : refused.delete(code);
      show(told);
    } catch {
      say(words.offline, true);
      schedule(RETRY);
    } finally {
      saving = false;
      if (dirty.size && !document.querySelector(".conflict") && ![words.offline, words.signedOut].includes(status.textContent)) schedule(PAUSE);
    }
  }

  function show(told) {
    form.elements.version.value = told.version;
    for (const field of document.querySelectorAll("input[name=seen]")) field.value = told.version;
    document.getElementById("state").textContent = told.state;
    for (const [code, texts] of Object.entries(told.cells)) {
      for (const [place, text] of Object.entries(texts)) {
        const cell = document.getElementById(`${place}-${code}`);
        if (cell) cell.textContent = text;
      }
      if (refused.has(code) && !told.problems[code]) continue;
      const lines = [
        ...(told.problems[code] || []).map((text) => ["error", text]),
        ...(told.findings[code] || []).map((each) => [each.severity, each.text]),
      ];
      const says = document.getElementById(`says-${code}`);
      if (says) says.replaceChildren(...lines.map(([kind, text]) => line(kind, text)));
      for (const field of fieldsOf(code)) field.setAttribute("aria-invalid", String(Boolean(told.problems[code])));
    }
    for (const [number, facts] of Object.entries(told.sections)) progress(number, ...facts);
    say(refused.size ? words.unreadable : told.message, refused.size || dirty.size);
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

  // --- Somebody else saved meanwhile: show both values, load what they changed elsewhere, let the person choose ---

  function conflict(told) {
    say(told.message, true);
    form.elements.version.value = told.version;
    const clashing = new Set(told.clashes.map((each) => each.code));
    for (const [code, text] of Object.entries(told.entries)) if (!dirty.has(code)) put(code, text);
    for (const clash of told.clashes) ask(clash);
    if (!clashing.size) schedule(PAUSE);
  }

  function put(code, text) {
    for (const field of fieldsOf(code)) {
      if (field.dataset.kind === "table") continue;
      if (field.type === "radio") field.checked = field.value === text;
      else field.value = text;
      field.classList.remove("dirty");
    }
  }

  function ask(clash) {
    const box = document.createElement("div");
    box.className = "conflict";
    const choice = (label, shown, take) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = `${label}: ${shown || "–"}`;
      button.addEventListener("click", () => {
        box.remove();
        take();
        if (!document.querySelector(".conflict")) dirty.size ? schedule(0) : say("", false);
      });
      box.append(button);
    };
    const isTable = fieldsOf(clash.code).some((field) => field.dataset.kind === "table");
    choice(words.theirs, clash.theirs, () => {
      dirty.delete(clash.code);
      if (isTable) location.reload();
      put(clash.code, clash.theirs_text);
    });
    choice(words.mine, clash.mine, () => {});
    const says = document.getElementById(`says-${clash.code}`);
    says.replaceChildren(box);
    says.scrollIntoView({ block: "center" });
  }

  // --- Keys and small helps ---

  form.addEventListener("input", (event) => {
    if (event.target.dataset.code) changed(event.target.dataset.code);
  });

  form.addEventListener("click", (event) => {
    const code = event.target.dataset.zero;
    if (code) {
      const field = fieldsOf(code)[0];
      field.value = "0";
      changed(code);
      next(field, 1);
    }
    const table = event.target.dataset.addRow;
    if (table) addRow(table);
  });

  form.addEventListener("keydown", (event) => {
    const field = event.target;
    if (field.dataset.kind !== "number") return;
    const step = { Enter: 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    next(field, step);
  });

  function next(field, step) {
    const numbers = [...form.elements].filter((each) => each.dataset.kind === "number");
    const other = numbers[numbers.indexOf(field) + step];
    if (other) {
      other.focus();
      other.select();
    }
  }

  function addRow(code) {
    const body = form.querySelector(`table[data-table="${code}"] tbody`);
    const row = body.lastElementChild.cloneNode(true);
    const number = body.children.length;
    row.querySelectorAll("input").forEach((input, column) => {
      input.name = `cell-${code}-${number}-${column}`;
      input.value = "";
    });
    body.append(row);
    row.querySelector("input").focus();
  }

  // The Save button saves what is still open without leaving the page; with nothing open it goes the plain way.
  form.addEventListener("submit", (event) => {
    if (!dirty.size) return;
    event.preventDefault();
    clearTimeout(timer);
    save();
  });

  document.getElementById("to-summary")?.addEventListener("click", async (event) => {
    if (!dirty.size && !refused.size) return;
    event.preventDefault();
    const goal = event.currentTarget.href;
    clearTimeout(timer);
    await save();
    if (!dirty.size && !refused.size) location.assign(goal);
  });

  window.addEventListener("beforeunload", (event) => {
    if (dirty.size || refused.size) event.preventDefault();
  });
  window.addEventListener("online", () => schedule(0));
})();
