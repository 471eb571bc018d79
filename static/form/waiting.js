// On pages that are no form: what this machine keeps and the server doesn't have yet. It is sent from here too, once there is a line.
"use strict";
(() => {
  const { unsent } = danvan;
  const place = document.getElementById("waiting");
  const list = place.querySelector("ul");
  const words = place.dataset;
  const said = new Map(); // report → why it still waits

  async function show() {
    const reports = new Map();
    for (const cell of await unsent.all()) reports.set(cell.report, [...(reports.get(cell.report) || []), cell]);
    place.hidden = !reports.size;
    list.replaceChildren(...[...reports.values()].map(line));
    return reports;
  }

  function line(cells) {
    const [first] = cells;
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = first.url.replace(/save\/$/, "");
    link.textContent = first.title;
    const chip = document.createElement("span");
    chip.className = "chip state-submitted";
    chip.textContent = words.waiting.replace("{n}", cells.length);
    const why = document.createElement("span");
    why.className = "muted";
    why.textContent = cells.some((cell) => cell.clash) ? words.clash : said.get(first.report) || "";
    const drop = document.createElement("button");
    drop.type = "button";
    drop.className = "plain";
    drop.textContent = words.drop;
    drop.addEventListener("click", async () => {
      const figures = cells.map((cell) => `${cell.name}: ${cell.text || "–"}`).join("\n");
      if (!confirm(`${words.dropAsk}\n\n${figures}`)) return;
      await unsent.forget(first.report, cells.map((cell) => cell.code));
      show();
    });
    item.append(link, " ", chip, " ", why, " ", drop);
    return item;
  }

  async function send() {
    for (const report of (await show()).keys()) {
      const outcome = await unsent.sendAll(report);
      if (outcome.kind === "refused") said.set(report, (outcome.told.problems || []).join(" "));
      else said.set(report, { offline: words.offline, "signed-out": words.signedOut, gone: words.gone }[outcome.kind] || "");
    }
    await show();
  }

  window.addEventListener("online", send);
  send();
})();
