// What much work takes: 200 documents in one visit, one of 2,000 pages, one of 500 MB.
//
//   node bench_load.mjs      (RECTO_DIST and RECTO_BIN, as for the tests)
//
// RECTO_LOAD sets other sizes (`200,2000,500`: documents, pages, megabytes; 0 leaves one out). Memory is that after
// garbage collection; `resident` is what the system counts for all renderers, the whole browser page with its workers,
// and `peak` the highest that one of them had.

import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { machine } from "./bench_peers.mjs";
import { Harness, RECTO, until } from "./harness.mjs";
import { memoryOf, residentOf, watchMemory } from "./memory.mjs";
import { longPdf, makePdf, padded } from "./pdf.mjs";
import { Site } from "./site.mjs";

const [DOCUMENTS, PAGES, MEGABYTES] = (process.env.RECTO_LOAD ?? "200,2000,500").split(",").map(Number);
/** Documents, or pages, between two lines of a table. */
const STEPS = 8;
const WITHIN = { within: 3_600_000, every: 100 };

/** A paper of some pages with two pictures, its number in its words. */
function paper(number) {
  const pages = Array.from({ length: 4 }, (_, page) => ({
    lines: [
      ...(page % 2 === 0 ? [{ picture: 1 + number + page, grain: true, text: `Figure ${1 + page / 2}. Station ${number}.` }] : []),
      { text: `Paper ${number}, part ${page + 1}`, size: 18 },
      ...Array.from({ length: 16 }, (_, line) => `Line ${line} of paper ${number}: the ice was ${number + line} metres thick on that day of the year.`),
    ],
  }));
  return { name: `paper ${number}.pdf`, data: makePdf(pages, { title: `Paper ${number}` }) };
}

const shown = (mib) => (mib === undefined ? "–" : mib.toFixed(0));

function head(what) {
  console.log(`| ${what} | seconds | page: program | page: scripts | nodes | reader | models | resident | peak |\n|---|---|---|---|---|---|---|---|---|`);
}

/** Prints a line of a table. */
async function line(what, site, begun) {
  const { wasm, heap, nodes, workers } = await memoryOf(site);
  const resident = await residentOf(site.visitor.context.browser());
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  const cells = [what, seconds, shown(wasm), shown(heap), nodes, shown(workers.document), shown(workers.model), shown(resident.now), shown(resident.peak)];
  console.log(`| ${cells.join(" | ")} |`);
}

async function visit(act) {
  // A browser of its own: its peaks are this one's.
  const harness = await Harness.start();
  const visitor = await harness.visitor();
  try {
    await watchMemory(visitor);
    await act(await Site.open(visitor, harness.site));
    for (const error of visitor.errors) console.log(`error: ${error}`);
  } finally {
    await visitor.close();
    await harness.stop();
  }
}

const countDone = (site) => site.page.locator('[data-testid="queue-item"][data-state="done"]').count();

async function manyDocuments(site) {
  head("documents done");
  const begun = performance.now();
  await line(0, site, begun);
  const step = Math.ceil(DOCUMENTS / STEPS);
  for (let from = 0; from < DOCUMENTS; from += step) {
    const end = Math.min(DOCUMENTS, from + step);
    for (let number = from; number < end; number++) await site.drop(paper(number));
    await until("documents", async () => (await countDone(site)) === end, WITHIN);
    await line(end, site, begun);
  }
  const opened = performance.now();
  let count = 0;
  for (let number = 0; number < DOCUMENTS; number += 10, count++) {
    await site.show(`paper ${number}.pdf`);
    const source = await site.source();
    if (!source.includes(`Paper ${number}, part 3`)) throw new Error(`paper ${number} is not as it was`);
  }
  await line(`${count} looked at again`, site, begun);
  console.log(`\n${((performance.now() - opened) / count).toFixed(0)} ms to open one again and read its source\n`);
}

async function longDocument(site) {
  head("pages there");
  const begun = performance.now();
  await site.drop({ name: "long.pdf", data: longPdf(PAGES) });
  const there = () => site.at("page-text").count();
  for (let step = 1; step <= STEPS; step++) {
    const wanted = Math.floor((PAGES * step) / STEPS);
    await until("pages", async () => (await there()) >= wanted, WITHIN);
    await line(await there(), site, begun);
  }
  await until("the end", async () => (await countDone(site)) === 1, WITHIN);
  await line("done", site, begun);
  const tabs = performance.now();
  const source = await site.source();
  if (!source.trimEnd().includes(`Chapter ${PAGES}`)) throw new Error("the last page is not there");
  console.log(`\n${((performance.now() - tabs) / 1000).toFixed(1)} s to its source of ${(source.length / 1e6).toFixed(1)} million characters\n`);
}

async function largeFile(site, megabytes) {
  head("MB of the file");
  const begun = performance.now();
  await line("before", site, begun);
  await site.dropPadded("large.pdf", padded(longPdf(20), megabytes));
  const ended = () => site.item("large.pdf").getAttribute("data-state").then((state) => state === "done" || state === "failed");
  await until("the end", ended, WITHIN);
  await line(`${megabytes} ${await site.item("large.pdf").getAttribute("data-state")}`, site, begun);
  const trouble = await site.at("error").textContent({ timeout: 100 }).catch(() => "");
  console.log(trouble ? `\n${trouble}\n` : "");
}

/** The same natively. */
async function natively(megabytes) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "recto-load-"));
  try {
    const input = path.join(folder, "large.pdf");
    const { head, padding, times, tail } = padded(longPdf(20), megabytes);
    const file = openSync(input, "w");
    for (const part of [head, ...Array.from({ length: times }, () => padding), tail]) writeSync(file, part);
    closeSync(file);
    const begun = performance.now();
    const child = spawn(RECTO, ["convert", input, "-o", path.join(folder, "out"), "--no-summary", "--no-captions", "--quiet"], { stdio: "inherit" });
    let peak = 0;
    const look = setInterval(() => {
      try {
        peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? 0) / 1024);
      } catch {
        // It has ended, or this is not Linux.
      }
    }, 10);
    const code = await new Promise((resolve) => child.on("close", resolve));
    clearInterval(look);
    console.log(`natively, ${megabytes} MB: exit code ${code}, ${((performance.now() - begun) / 1000).toFixed(1)} s, peak ${peak.toFixed(0)} MiB\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

console.log(`${machine()}\nMiB, after garbage collection\n`);
if (DOCUMENTS) await visit(manyDocuments);
if (PAGES) await visit(longDocument);
if (MEGABYTES) {
  await natively(MEGABYTES);
  await visit((site) => largeFile(site, MEGABYTES));
}
console.log(`load at the end: ${machine().split("minutes: ")[1]}`);
