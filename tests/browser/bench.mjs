// How long a person waits: from the drop to the first page's picture, to the first text, and to the end.
//
//   node bench.mjs [FILE.pdf...]      (RECTO_DIST, as for the tests)

import { readFileSync } from "node:fs";
import path from "node:path";
import { Harness, until } from "./harness.mjs";
import { longPdf } from "./pdf.mjs";
import { Site, fixture } from "./site.mjs";

const given = process.argv.slice(2).map((file) => ({ name: path.basename(file), data: readFileSync(file) }));
const files = given.length > 0 ? given : [
  fixture("paper.pdf"),
  fixture("figures.pdf"),
  { name: "300 pages.pdf", data: longPdf(300) },
];
const RUNS = 5;

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
      if (state === "done") seen.done = now;
      else requestAnimationFrame(look);
    };
    // The drop itself comes right after; its files are made before the clock starts.
    document.addEventListener("drop", () => {
      seen.start = performance.now();
      look();
    }, { once: true, capture: true });
  });

const harness = await Harness.start();
try {
  console.log(`median of ${RUNS} visits, milliseconds from the drop\n`);
  console.log("| file | pages | first picture | first text | done |\n|---|---|---|---|---|");
  for (const file of files) {
    const runs = [];
    let pages;
    for (let run = 0; run < RUNS; run++) {
      const visitor = await harness.visitor();
      const site = await Site.open(visitor, harness.site);
      await watch(site.page);
      await site.drop(file);
      runs.push(await until("the end", () => site.page.evaluate(() => window.seen.done && window.seen), {
        within: 120_000,
      }));
      pages = /(\d+) pages?/.exec(await site.status(file.name))?.[1];
      await visitor.close();
    }
    const median = (name) => {
      const values = runs.map((it) => it[name] ?? NaN).sort((a, b) => a - b);
      return Math.round(values[values.length >> 1]);
    };
    console.log(`| ${file.name} | ${pages} | ${median("picture")} | ${median("text")} | ${median("done")} |`);
  }
} finally {
  await harness.stop();
}
