// The page's end of `sw.js`: registers it, tells of updates, and hands over files that come from the system (opened
// with the installed app, or shared to it). It tells the app by `recto-offline` events on the window, and waits for
// the app's `recto-listening` before the first; `recto-apply-update` from the app installs an update.

const RELOADED = "recto.reloaded-for-isolation";
const AN_HOUR = 3_600_000;

let listening = false;
const waiting = [];
function tell(detail) {
  if (listening) window.dispatchEvent(new CustomEvent("recto-offline", { detail }));
  else waiting.push(detail);
}
window.addEventListener("recto-listening", () => {
  listening = true;
  for (const detail of waiting.splice(0)) tell(detail);
});

function tellFiles(files) {
  if (files.length > 0) tell({ kind: "files", files });
}

// Opened with the installed app from a file manager.
window.launchQueue?.setConsumer(async ({ files = [] }) => {
  tellFiles(await Promise.all(files.map((handle) => handle.getFile())));
});

/** What `sw.js` put aside for the page. */
async function takeShared() {
  const cache = await caches.open("recto-shared");
  const files = [];
  for (const request of await cache.keys()) {
    const response = await cache.match(request);
    const name = decodeURIComponent(response.headers.get("x-recto-name") ?? "shared.pdf");
    files.push(new File([await response.blob()], name, { type: "application/pdf" }));
    await cache.delete(request);
  }
  tellFiles(files);
}

async function start() {
  const container = navigator.serviceWorker;
  if (new URLSearchParams(location.search).has("shared")) {
    history.replaceState(null, "", location.pathname);
    await takeShared();
  }
  const first = !container.controller;
  let applying = false;
  container.addEventListener("controllerchange", () => {
    if (applying) {
      location.reload();
    } else if (first && !crossOriginIsolated && !sessionStorage.getItem(RELOADED)) {
      // From now on the page comes with the headers that isolate it. Once: a browser in which that is not enough
      // goes on without threads.
      sessionStorage.setItem(RELOADED, "yes");
      tell({ kind: "isolate" });
    }
  });
  container.addEventListener("message", ({ data }) => {
    if (data?.type === "others-open") {
      applying = false;
      tell({ kind: "others-open", others: data.others });
    }
  });
  const registration = await container.register("sw.js", { updateViaCache: "none" });
  const announce = () => {
    if (registration.waiting && container.controller) tell({ kind: "update" });
  };
  const follow = (worker) =>
    worker?.addEventListener("statechange", () => {
      if (worker.state === "installed") announce();
    });
  announce();
  follow(registration.installing);
  registration.addEventListener("updatefound", () => follow(registration.installing));
  window.addEventListener("recto-apply-update", () => {
    applying = true;
    if (registration.waiting) registration.waiting.postMessage({ type: "apply" });
    else location.reload();
  });
  let looked = Date.now();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && Date.now() - looked > AN_HOUR) {
      looked = Date.now();
      // Without a network there is nothing new.
      registration.update().catch(() => {});
    }
  });
  await container.ready;
  tell({ kind: "kept" });
  // What this visit may not need is fetched last, and not where the person pays by the byte.
  if (!navigator.connection?.saveData) {
    const idle = window.requestIdleCallback ?? ((act) => setTimeout(act, 5_000));
    idle(() => registration.active?.postMessage({ type: "keep-all" }), { timeout: 20_000 });
  }
}

// Without service workers (a private window, a page without https) the app works as long as there is a network.
if (navigator.serviceWorker) {
  start().catch((cause) => console.warn(`Recto is not kept for working without a network: ${cause}`));
}
