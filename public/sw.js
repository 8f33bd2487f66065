// Keeps the app of one build on this machine, so that it starts and works without a network, and never
// mixes files of two builds. `.ci/precache.mjs` puts a line in front:
//
//   const BUILD = { version: "…", core: { "path": "sha-256 in hex" }, later: { … } };
//
// `core` is fetched and verified before this version serves anything; `later` (large, or only for some machines) is
// fetched when it is first used, or when the page says that there is time. Models from elsewhere are not kept here:
// the app has them in its own storage, which no update touches.
"use strict";

const build = typeof BUILD === "undefined" ? { version: "none", core: {}, later: {} } : BUILD;
const PREFIX = "recto-app-";
const CACHE = PREFIX + build.version;
const SHARED = "recto-shared";
const HASH = "x-recto-sha256";
const files = { ...build.core, ...build.later };

// With these a page is isolated from others and may use threads, whatever its host sends.
const ISOLATION = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "cross-origin",
};

const address = (path) => new URL(path, self.registration.scope).href;

async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A file of this build, put into the cache: from a version before if it is the same, else from the network. */
async function keep(cache, path) {
  const url = address(path);
  const wanted = files[path];
  const kept = await cache.match(url);
  if (kept) return kept;
  for (const name of await caches.keys()) {
    if (!name.startsWith(PREFIX) || name === CACHE) continue;
    const older = await (await caches.open(name)).match(url);
    if (older?.headers.get(HASH) === wanted) {
      await cache.put(url, older.clone());
      return older;
    }
  }
  const response = await fetch(url, { cache: "no-cache", credentials: "same-origin" });
  if (!response.ok) throw new Error(`${path}: the server answered ${response.status}`);
  const bytes = await response.arrayBuffer();
  if ((await sha256(bytes)) !== wanted) throw new Error(`${path} is of another version of Recto`);
  const headers = new Headers(ISOLATION);
  headers.set("content-type", response.headers.get("content-type") ?? "application/octet-stream");
  headers.set("content-length", bytes.byteLength);
  headers.set(HASH, wanted);
  const own = new Response(bytes, { headers });
  await cache.put(url, own.clone());
  return own;
}

self.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(CACHE);
      try {
        for (const path of Object.keys(build.core)) await keep(cache, path);
      } catch (cause) {
        // A build that is half there, because it is being uploaded or the connection broke, is none.
        await caches.delete(CACHE);
        throw cause;
      }
    })(),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) {
        if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
      }
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("message", (event) => {
  const { type } = event.data ?? {};
  if (type === "apply") event.waitUntil(apply(event.source));
  if (type === "keep-all") event.waitUntil(keepAll());
});

/** Takes over, unless that would pull the ground from under another tab. */
async function apply(asking) {
  const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const others = open.filter((client) => client.id !== asking?.id).length;
  if (others > 0) asking?.postMessage({ type: "others-open", others });
  else await self.skipWaiting();
}

async function keepAll() {
  const cache = await caches.open(CACHE);
  for (const path of Object.keys(build.later)) {
    // Without a network, or room: it will be tried when it is used.
    await keep(cache, path).catch(() => {});
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const scope = new URL(self.registration.scope);
  if (url.origin !== scope.origin || !url.pathname.startsWith(scope.pathname)) return;
  const path = decodeURIComponent(url.pathname.slice(scope.pathname.length));
  if (request.method === "POST" && path === "share") {
    event.respondWith(receive(request));
  } else if (request.method === "GET") {
    const file = path === "" ? "index.html" : path;
    if (Object.hasOwn(files, file)) event.respondWith(answer(file));
  }
});

async function answer(path) {
  try {
    return await keep(await caches.open(CACHE), path);
  } catch (cause) {
    // Also when the server has moved on: an error is better than a part of another version.
    return new Response(`${cause.message}\n`, { status: 504, headers: { "content-type": "text/plain", ...ISOLATION } });
  }
}

/** PDFs from the system's share menu wait in a cache until the page takes them. */
async function receive(request) {
  const cache = await caches.open(SHARED);
  const form = await request.formData();
  let number = 0;
  for (const file of form.getAll("pdf")) {
    if (!(file instanceof File)) continue;
    const headers = { "content-type": "application/pdf", "x-recto-name": encodeURIComponent(file.name) };
    await cache.put(address(`shared/${Date.now()}-${number++}`), new Response(file, { headers }));
  }
  return Response.redirect(address("?shared"), 303);
}
