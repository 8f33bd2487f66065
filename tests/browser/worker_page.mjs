// A page without the app: it starts the worker program by the app's own start script and lets a test speak
// the protocol with it.

import { readFileSync } from "node:fs";
import path from "node:path";
import { DIST, until } from "./harness.mjs";

const START = readFileSync(path.join(import.meta.dirname, "../../src/platform/worker_start.js"), "utf8");

/** The Content-Security-Policy of the built site. */
export function sitePolicy() {
  const page = readFileSync(path.join(DIST, "index.html"), "utf8");
  const policy = /http-equiv="?Content-Security-Policy"?\s+content="([^"]+)"/i.exec(page)?.[1];
  if (!policy) throw new Error("the built page has no Content-Security-Policy");
  return policy;
}

/** Names of the builds of the program `name`. */
export function builds(name) {
  const page = readFileSync(path.join(DIST, "index.html"), "utf8");
  const names = /name="?programs"? content="([^"]*)"/.exec(page)?.[1] ?? "";
  return [name, ...names.split(" ").filter((built) => built.startsWith(`${name}-`))];
}

/** The page's content; it is served beside the worker program. The policy is that of the app. */
export const BARE_PAGE = (policy) => `<!doctype html>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>Worker tests</title>`;

/** Opens the bare page of `site` for `visitor`; gives `{page, spawn}`. */
export async function barePage(visitor, site) {
  const page = await visitor.context.newPage();
  await page.goto(`${site.url}bare.html`);
  return page;
}

/** Starts a worker of `program` in `page`; the handle's methods speak with it. */
export async function spawnWorker(page, name = "recto-test", program = "reader", threads = 1) {
  await page.evaluate(
    ({ start, name, program, threads }) => {
      const words = (text) => JSON.stringify(new URL(text, document.baseURI).href);
      const place = JSON.stringify({ base: document.baseURI, files: {}, programs: [] });
      const source =
        `const SCRIPT = ${words(`${program}.js`)}, MODULE = ${words(`${program}_bg.wasm`)}, PLACE = ${JSON.stringify(place)}, ` +
        `LIFELINE = ${JSON.stringify(name + Math.random())}, THREADS = ${threads};\n${start}`;
      const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
      const worker = new Worker(url, { type: "module", name });
      const heard = [];
      worker.onmessage = ({ data: [text, ...buffers] }) => {
        // That its lifeline is held, which the app watches.
        if (text.startsWith(name)) return;
        const message = JSON.parse(text);
        // As the app does, so that the worker goes on.
        if (message.event?.event === "page" && window.workers[name].takesPages !== false) {
          worker.postMessage([JSON.stringify({ request: "received", job: message.job })]);
        }
        const read = message.response === "pixels_read" && JSON.parse(new TextDecoder().decode(buffers[0]));
        heard.push({ ...message, buffers: buffers.map((buffer) => buffer.byteLength), read });
      };
      worker.onerror = (event) => heard.push({ response: "error_event", message: event.message });
      window.workers ??= {};
      window.workers[name] = { worker, heard };
    },
    { start: START, name, program, threads },
  );
  const handle = {
    /** Sends a request with buffers (as arrays of bytes or base64 texts). */
    send: (request, ...buffers) =>
      page.evaluate(
        ({ name, request, buffers }) => {
          const bytes = buffers.map((text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
          window.workers[name].worker.postMessage([JSON.stringify(request), ...bytes], bytes);
        },
        { name, request, buffers: buffers.map((buffer) => Buffer.from(buffer).toString("base64")) },
      ),
    heard: () => page.evaluate((name) => window.workers[name].heard, name),
    /** The first response for which `test` (a predicate source over `it`) holds. */
    wait: async (test, within = 30_000) => {
      // Evaluated from outside, because the page's policy forbids `eval` inside.
      const find = `window.workers[${JSON.stringify(name)}].heard.find((it) => ${test})`;
      try {
        return await until(test, () => page.evaluate(find), { within, every: 20 });
      } catch (error) {
        throw new Error(`${error.message}; heard: ${JSON.stringify(await handle.heard()).slice(-2000)}`);
      }
    },
    /** Whether finished pages are acknowledged. */
    takePages: (takes) => page.evaluate(({ name, takes }) => {
      window.workers[name].takesPages = takes;
    }, { name, takes }),
    forget: () => page.evaluate((name) => void window.workers[name].heard.splice(0), name),
    terminate: () => page.evaluate((name) => window.workers[name].worker.terminate(), name),
  };
  await handle.wait("it.response === 'ready'");
  return handle;
}
