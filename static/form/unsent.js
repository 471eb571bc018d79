// What was typed and isn't sent yet: kept in IndexedDB from the first letter on, by reader, report and cell, until the server
// has it. A cell remembers the version of the report that its writer saw, and what is on its way is sent again as it was,
// so that an answer that got lost writes nothing twice and nobody's figure is overwritten (semantics §2).
// Read by pages and by the service worker, which sends what is left when a browser lets it (templates/service_worker.js).
"use strict";
self.danvan = self.danvan || {};

danvan.reader = self.document?.documentElement.dataset.reader || "";

danvan.unsent = (() => {
  const DATABASE = "danvan";
  const STORE = "cells";
  let opened = null;
  let kept = true; // false where the browser keeps nothing: then cells live as long as the page
  const memory = new Map();

  const isUnsent = (cell) => cell.saved === undefined;
  const ofReader = () => IDBKeyRange.bound([danvan.reader], [danvan.reader, []]);
  const ofReport = (report) => IDBKeyRange.bound([danvan.reader, report], [danvan.reader, report, []]);

  function database() {
    opened ||= new Promise((resolve, reject) => {
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: ["reader", "report", "code"] });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    return opened;
  }

  // One transaction: `change` sees the cells of the range by code and returns what to write, [code, cell] with null to forget it.
  async function transact(range, change) {
    try {
      const base = await database();
      return await new Promise((resolve, reject) => {
        const transaction = base.transaction(STORE, "readwrite", { durability: "strict" });
        const store = transaction.objectStore(STORE);
        let result = null;
        store.getAll(range).onsuccess = (event) => {
          result = change(event.target.result, (cell) => store.put(cell), (cell) => store.delete([cell.reader, cell.report, cell.code]));
        };
        transaction.oncomplete = () => resolve(result);
        transaction.onabort = transaction.onerror = () => reject(transaction.error);
      });
    } catch {
      kept = false;
      const key = (cell) => `${cell.report} ${cell.code}`;
      return change([...memory.values()].map((cell) => ({ ...cell })), (cell) => memory.set(key(cell), cell), (cell) => memory.delete(key(cell)));
    }
  }

  const update = (report, change) =>
    transact(ofReport(report), (cells, put, forget) => change(new Map(cells.filter((cell) => cell.report === report).map((cell) => [cell.code, cell])), put, forget));

  const all = () => transact(ofReader(), (cells) => cells.filter(isUnsent));
  const of = (report) => update(report, (cells) => [...cells.values()]);
  const forget = (report, codes) => update(report, (cells, put, drop) => codes.forEach((code) => cells.has(code) && drop(cells.get(code))));

  // `seen()`: the version that the page shows, asked as the cell is kept. `about`: url, title and name of the cell, for lists on other pages.
  const type = (report, code, text, seen, about) =>
    update(report, (cells, put) => {
      const cell = cells.get(code);
      const mine = cell && isUnsent(cell) ? cell : { reader: danvan.reader, report, code, seen: seen() };
      put({ ...mine, ...about, text });
    });

  // What others wrote, as the page shows it now: a copy of the page that is older than this shows it too.
  const learn = (report, texts, version) =>
    update(report, (cells, put) => {
      for (const [code, text] of Object.entries(texts)) {
        if (!cells.has(code) || !isUnsent(cells.get(code))) put({ reader: danvan.reader, report, code, text, saved: version });
      }
    });

  const choose = (report, code, mine) =>
    update(report, (cells, put) => {
      const cell = cells.get(code);
      if (!cell || !cell.clash) return;
      const { clash, ...rest } = cell;
      put(mine ? { ...rest, seen: clash.version } : settled(rest, clash.version, clash.theirs_text));
    });

  const settled = ({ reader, report, code }, version, text) => ({ reader, report, code, text, saved: version });
  const arrived = ({ sending, refused, ...cell }) => cell;

  // --- Sending ---

  // What is on its way already, else the cells that were typed on the oldest version.
  const take = (report, again) =>
    update(report, (cells, put) => {
      const waiting = [...cells.values()].filter((cell) => isUnsent(cell) && !cell.clash && (again || cell.refused !== cell.text));
      const onTheWay = waiting.filter((cell) => cell.sending !== undefined);
      const seen = Math.min(...waiting.map((cell) => cell.seen));
      const batch = onTheWay.length ? onTheWay : waiting.filter((cell) => cell.seen === seen);
      if (!batch.length) return null;
      for (const cell of batch) put({ ...cell, sending: cell.sending ?? cell.text });
      return { seen: batch[0].seen, url: batch[0].url, texts: new Map(batch.map((cell) => [cell.code, cell.sending ?? cell.text])) };
    });

  // Where there is no document there is a store of cookies: whoever has background sync has that too.
  const token = async () => (self.document ? (document.cookie.match(/(?:^|; )csrftoken=([^;]+)/) || [])[1] : (await cookieStore.get("csrftoken"))?.value) || "";

  async function post(url, seen, texts) {
    const data = new FormData();
    data.set("csrfmiddlewaretoken", await token());
    data.set("version", seen);
    for (const [code, text] of texts) data.set(`cell-${code}`, text);
    return fetch(url, { method: "POST", body: data, headers: { Accept: "application/json", "X-Reader": danvan.reader } });
  }

  // The page sees the new version as its cells settle: what is typed on in between would clash with its own writer.
  const saved = (report, batch, told, see) =>
    update(report, (cells, put) => {
      see(told.version);
      for (const cell of cells.values()) {
        const sent = batch.texts.get(cell.code);
        if (!isUnsent(cell)) continue;
        if (sent === undefined) {
          if (cell.seen === batch.seen) put({ ...cell, seen: told.version });
        } else if (told.problems[cell.code]) put({ ...arrived(cell), refused: sent, seen: told.version });
        else put(cell.text === sent ? settled(cell, told.version, sent) : { ...arrived(cell), seen: told.version });
      }
    });

  // Clashes wait for a person; cells that nobody else touched go on from the newer version; where both wrote the same, or the
  // writer came back to what had been there, what stands now stands.
  const older = (report, batch, told) =>
    update(report, (cells, put) => {
      const clashes = new Map(told.clashes.map((clash) => [clash.code, clash]));
      for (const [code, sent] of batch.texts) {
        const cell = cells.get(code);
        if (!cell || !isUnsent(cell)) continue;
        if (clashes.has(code)) put({ ...arrived(cell), clash: { ...clashes.get(code), version: told.version } });
        else if (told.kept.includes(code)) put({ ...arrived(cell), seen: told.version });
        else if (cell.text === sent) put(settled(cell, told.version, told.entries[code] ?? sent));
        else put({ ...arrived(cell), seen: told.agreed.includes(code) ? told.version : cell.seen });
      }
    });

  const turnedAway = (report, batch, texts) =>
    update(report, (cells, put) => {
      for (const [code, sent] of batch.texts) if (cells.has(code)) put({ ...arrived(cells.get(code)), refused: texts ? sent : undefined });
    });

  async function sendOne(report, again, see) {
    const batch = await take(report, again);
    if (!batch) return { kind: "nothing" };
    let answer = null;
    try {
      answer = await post(batch.url, batch.seen, batch.texts);
    } catch {
      return { kind: "offline" };
    }
    if (answer.redirected || answer.status === 403) return { kind: "signed-out" };
    if (answer.status === 404) return { kind: "gone" };
    if (!(answer.headers.get("Content-Type") || "").includes("json")) return { kind: "offline" };
    const told = await answer.json();
    if (answer.ok) await saved(report, batch, told, see);
    else if (answer.status === 409) await older(report, batch, told);
    else {
      await turnedAway(report, batch, true);
      return { kind: "refused", told };
    }
    return { kind: answer.ok ? "saved" : "older", told, codes: [...batch.texts.keys()] };
  }

  // One at a time for each report, in whatever tabs it is open.
  const send = (report, again = false, see = () => {}) =>
    navigator.locks ? navigator.locks.request(`danvan ${danvan.reader} ${report}`, () => sendOne(report, again, see)) : sendOne(report, again, see);

  // Until nothing is left that could go: what came of it last.
  async function sendAll(report) {
    let outcome = await send(report);
    for (let round = 0; round < 20 && ["saved", "older"].includes(outcome.kind); round += 1) outcome = await send(report);
    return outcome;
  }

  // Has the browser wake the service worker once there is a line, also with no page open. Not every browser can, and a person may
  // have forbidden it: then what waits goes from the next page that is opened.
  const sendLater = () => self.navigator.serviceWorker?.ready.then((house) => house.sync?.register("unsent")).catch(() => {});

  return { all, of, forget, type, learn, choose, send, sendAll, sendLater, isUnsent, get isKept() { return kept; } };
})();
