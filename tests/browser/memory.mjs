// How much memory a page and its workers take.

import { readFileSync } from "node:fs";

const MIB = 2 ** 20;
/** How long a worker may take to answer. */
const SILENCE_MS = 2_000;

/** Lets the page tell the size of its program's memory; to be called before it is opened. */
export function watchMemory(visitor) {
  return visitor.context.addInitScript(() => {
    for (const name of ["instantiate", "instantiateStreaming"]) {
      const original = WebAssembly[name];
      WebAssembly[name] = async (...given) => {
        const made = await original.apply(WebAssembly, given);
        globalThis.programMemory ??= (made.instance ?? made).exports?.memory;
        return made;
      };
    }
  });
}

/**
 * Memory of a site's page in MiB, garbage collected before: `wasm` and `heap` of the page, `nodes` of its document, and
 * the wasm memory of each worker by its name without `recto-`.
 */
export async function memoryOf(site) {
  const session = await site.visitor.context.newCDPSession(site.page);
  try {
    await session.send("HeapProfiler.enable");
    // What leaves in one round frees more for the next.
    for (let round = 0; round < 2; round++) await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    const { nodes } = await session.send("Memory.getDOMCounters");
    const bytes = await site.page.evaluate(() => globalThis.programMemory?.buffer.byteLength ?? 0);
    const workers = {};
    for (const worker of site.page.workers()) {
      // One that ends while it is looked at takes nothing any more, and a thread that waits for work answers nothing: its
      // memory is that of the worker that started it.
      const asked = worker.evaluate(() => [self.name, self.memoryInUse?.() ?? 0]).catch(() => undefined);
      const found = await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, SILENCE_MS))]);
      if (found) workers[found[0].replace("recto-", "")] = found[1] / MIB;
    }
    return { wasm: bytes / MIB, heap: usedSize / MIB, nodes, workers };
  } finally {
    await session.detach();
  }
}

/** Memory of all the browser's renderers that the system counts, and the highest it was, in MiB; 0 outside Linux. */
export async function residentOf(browser) {
  const session = await browser.newBrowserCDPSession();
  try {
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    const sum = { now: 0, peak: 0 };
    for (const { type, id } of processInfo) {
      if (type !== "renderer") continue;
      const status = statusOf(id);
      sum.now += kib(status, "VmRSS") / 1024;
      sum.peak = Math.max(sum.peak, kib(status, "VmHWM") / 1024);
    }
    return sum;
  } finally {
    await session.detach();
  }
}

function statusOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "";
  }
}

const kib = (status, name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
