// How fast it is: natively, in the page as a person uses it, and pdf.js's plain text in the same browser.
//
//   node bench.mjs [FILE.pdf...]      (RECTO_DIST and RECTO_BIN, as for the tests)
//
// RECTO_CORPUS is a folder of PDFs (searched through), the tests' own without it. One document of 520 pages is put
// together here. RECTO_BENCH_RUNS sets how often each is done; medians are shown. Passwords are not asked for: files
// that need one are left out.

import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { machine, native, pdfjs } from "./bench_peers.mjs";
import { Harness, until } from "./harness.mjs";
import { longPdf } from "./pdf.mjs";
import { Site } from "./site.mjs";

const LONG_PAGES = 520;
const RUNS = Math.max(1, Number(process.env.RECTO_BENCH_RUNS ?? 3));

function pdfsIn(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.toLowerCase().endsWith(".pdf"))
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !file.includes("node_modules"))
    .sort();
}

const corpus = process.env.RECTO_CORPUS ?? path.join(import.meta.dirname, "..");
const named = process.argv.slice(2);
const paths = named.length > 0 ? named : pdfsIn(corpus);
// Files of one name from several folders are told apart by their folder.
const label = (file) => path.relative(named.length > 0 ? process.cwd() : corpus, file).replaceAll(path.sep, "-");
const files = paths.map((file) => ({ name: label(file), data: readFileSync(file) }));
if (named.length === 0) files.push({ name: `made, ${LONG_PAGES} pages.pdf`, data: longPdf(LONG_PAGES) });

const median = (values) => {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  return sorted.length > 0 ? sorted[sorted.length >> 1] : NaN;
};
const shown = (value, digits = 1) => (Number.isFinite(value) ? value.toFixed(digits) : "–");

/** Watches the page from inside, frame by frame, so that nothing of this script is measured. */
const watch = (page) =>
  page.evaluate(() => {
    const seen = (window.seen = { start: performance.now() });
    const look = () => {
      const now = performance.now() - seen.start;
      const canvas = document.querySelector('[data-testid="page"] canvas');
      if (!seen.picture && canvas?.width > 1) seen.picture = now;
      if (!seen.text && document.querySelector('[data-testid="page-text"]')) seen.text = now;
      const state = document.querySelector('[data-testid="queue-item"]')?.dataset.state;
      if (state === "done" || state === "failed") seen.done = now;
      else requestAnimationFrame(look);
    };
    // The drop itself comes right after; its files are made before the clock starts.
    document.addEventListener("drop", () => {
      seen.start = performance.now();
      look();
    }, { once: true, capture: true });
  });

/** From the drop to the first picture, the first text and the end, in milliseconds. */
async function inPage(harness, file) {
  const visitor = await harness.visitor();
  try {
    const site = await Site.open(visitor, harness.site);
    await watch(site.page);
    await site.drop(file);
    return await until("the end", () => site.page.evaluate(() => window.seen.done && window.seen), {
      within: 300_000,
    });
  } finally {
    await visitor.close();
  }
}

async function repeat(work) {
  const runs = [];
  for (let run = 0; run < RUNS; run++) runs.push(await work());
  return runs;
}

console.log(`${machine()}\nmedians of ${RUNS} runs; milliseconds\n`);
console.log(
  "| file | pages | native, a page | native, peak MiB | page: first picture | first text | done, a page | " +
    "pdf.js text, a page | native ÷ pdf.js | page ÷ pdf.js |",
);
console.log("|---|---|---|---|---|---|---|---|---|---|");
const harness = await Harness.start();
const visitor = await harness.visitor();
const peer = await pdfjs(visitor);
const totals = { pages: 0, native: 0, page: 0, peer: 0, peak: 0 };
try {
  for (const file of files) {
    const natively = (await repeat(() => native(file))).filter(Boolean);
    // A file that cannot be opened, or only with a password.
    const pages = natively[0]?.pages;
    if (!pages) continue;
    const one = median(natively.map((run) => run.millis)) / pages;
    const peak = Math.max(...natively.map((run) => run.peak ?? NaN));
    const visits = await repeat(() => inPage(harness, file));
    const done = median(visits.map((run) => run.done)) / pages;
    const plain = median((await repeat(() => peer.text(file))).map((run) => run.millis)) / pages;
    totals.pages += pages;
    totals.native += one * pages;
    totals.page += done * pages;
    totals.peer += plain * pages;
    totals.peak = Math.max(totals.peak, peak);
    const cells = [
      file.name, pages, shown(one), shown(peak, 0), shown(median(visits.map((run) => run.picture)), 0),
      shown(median(visits.map((run) => run.text)), 0), shown(done), shown(plain), shown(one / plain, 2), shown(done / plain, 2),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
  const each = (sum) => sum / totals.pages;
  const cells = [
    "all", totals.pages, shown(each(totals.native)), shown(totals.peak, 0), "", "", shown(each(totals.page)),
    shown(each(totals.peer)), shown(totals.native / totals.peer, 2), shown(totals.page / totals.peer, 2),
  ];
  console.log(`| ${cells.join(" | ")} |\n\nload at the end: ${machine().split("minutes: ")[1]}`);
} finally {
  await peer.close();
  await visitor.close();
  await harness.stop();
}
