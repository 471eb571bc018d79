// Pages come from the network while there is one. The form of a report and "My work" are kept as they were last seen, for the
// reader who saw them alone: the server names the reader with each answer, and a copy of another one's is thrown away.
// Where a browser can, it also sends what was typed and is not sent yet once there is a line and no page is open that would.
"use strict";
const HOUSE = {% autoescape off %}{{ house }}{% endautoescape %};
const STATIC = "static";
const READER = "reader";
const MOST_ASSETS = 200;
const MOST_PAGES = 60;
const PATIENCE_MS = 6000; // an unsteady line gets so long where there is a copy

importScripts(HOUSE.unsent);

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname.startsWith(HOUSE.static)) event.respondWith(asset(request));
  else if (request.mode === "navigate") event.respondWith(page(event, url));
});

self.addEventListener("sync", (event) => event.tag === "unsent" && event.waitUntil(sendWhatIsLeft()));

self.addEventListener("message", (event) => event.data === "keep" && event.waitUntil(lookAgain(event.source.url)));

async function install() {
  const cache = await caches.open(STATIC);
  await cache.addAll([...HOUSE.assets, HOUSE.offline]);
  await self.skipWaiting();
}

// --- Scripts, style and icons: a name with a digest never changes its content ---

async function asset(request) {
  const cache = await caches.open(STATIC);
  const kept = await cache.match(request);
  if (kept && /\.[0-9a-f]{12}\./.test(request.url)) return kept;
  try {
    const answer = await fetch(request);
    if (answer.ok) await keepIn(cache, request.url, answer.clone(), MOST_ASSETS);
    return answer;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

async function keepIn(cache, url, answer, most) {
  await cache.delete(url, { ignoreVary: true });
  await cache.put(url, answer);
  const names = await cache.keys();
  for (const oldest of names.slice(0, Math.max(names.length - most, 0))) await cache.delete(oldest);
}

// --- Pages ---

async function page(event, url) {
  const address = url.origin + url.pathname;
  const copy = await copyOf(address);
  const asked = fetch(event.request).then((answer) => ({ answer, kept: answer.ok && answer.headers.has("X-Keep-Offline") ? answer.clone() : null }));
  event.waitUntil(asked.then(({ answer, kept }) => remember(address, answer, kept)).catch(() => {}));
  try {
    const { answer } = await (copy ? Promise.race([asked, patience()]) : asked);
    return copy && answer.status >= 502 ? asCopy(copy) : answer;
  } catch {
    return copy ? asCopy(copy) : caches.match(HOUSE.offline, { ignoreVary: true });
  }
}

async function lookAgain(url) {
  const answer = await fetch(url, { credentials: "same-origin" });
  await remember(url.split(/[?#]/)[0], answer, answer.ok && answer.headers.has("X-Keep-Offline") ? answer.clone() : null);
}

const patience = () => new Promise((_, reject) => setTimeout(reject, PATIENCE_MS));
const pagesOf = (reader) => `pages-${reader}`;

async function currentReader() {
  const known = await (await caches.open(READER)).match("/reader");
  return known ? known.text() : "";
}

async function copyOf(address) {
  const reader = await currentReader();
  return reader && (await caches.open(pagesOf(reader))).match(address, { ignoreVary: true });
}

async function remember(address, answer, kept) {
  const reader = answer.headers.get("X-Reader");
  if (reader === null) return;
  if (reader !== (await currentReader())) await readBy(reader);
  if (!reader || answer.redirected) return;
  const pages = await caches.open(pagesOf(reader));
  if (kept) await keepIn(pages, address, kept, MOST_PAGES);
  else await pages.delete(address, { ignoreVary: true });
}

async function readBy(reader) {
  await (await caches.open(READER)).put("/reader", new Response(reader));
  for (const name of await caches.keys()) if (name.startsWith("pages-") && name !== pagesOf(reader)) await caches.delete(name);
}

// The page says of itself that it is a copy, and of when.
async function asCopy(copy) {
  const at = new Date(copy.headers.get("Date") || Date.now()).toLocaleString(HOUSE.language, { dateStyle: "short", timeStyle: "short" });
  const text = (await copy.text()).replace("<html ", `<html data-copy="${at.replace(/[^\p{L}\p{N} :/.,]/gu, " ")}" `);
  const headers = new Headers(copy.headers);
  for (const name of ["Content-Length", "Content-Encoding"]) headers.delete(name);
  return new Response(text, { status: copy.status, headers });
}

// --- What is not sent yet ---

// A form that is open sends its own figures. Where something is left, the browser comes back to it after a while.
async function sendWhatIsLeft() {
  danvan.reader = await currentReader();
  const cells = danvan.reader ? await danvan.unsent.all() : [];
  const open = (await self.clients.matchAll({ type: "window" })).map((page) => new URL(page.url).pathname);
  const kinds = [];
  for (const report of new Set(cells.map((cell) => cell.report))) {
    const isOpen = open.includes(cells.find((cell) => cell.report === report).url.replace(/save\/$/, ""));
    kinds.push(isOpen ? "open" : (await danvan.unsent.sendAll(report)).kind);
  }
  if (kinds.some((kind) => ["open", "offline"].includes(kind))) throw new Error("something is left to send");
}
