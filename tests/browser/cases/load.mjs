// Many documents in one visit, a long one, and a large one: memory stays, and results are there.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { until } from "../harness.mjs";
import { memoryOf, watchMemory } from "../memory.mjs";
import { longPdf, makePdf, padded } from "../pdf.mjs";
import { Site, keptOnPage } from "../site.mjs";

/** Documents of one visit, and after how many of them memory has to stay. */
const MANY = 80;
const SETTLED = 20;
/** MiB that the page may grow by from there on: a few documents wait to be written. The pictures alone are 13. */
const GROWTH = 4;
const LONG_PAGES = 700;
const LARGE_MB = 120;

const nameOf = (number) => `report ${String(number).padStart(3, "0")}.pdf`;

/** A report of its own: two pages, a picture, and its number in words and headings. */
const report = (number) => ({
  name: nameOf(number),
  data: makePdf(
    [1, 2].map((page) => ({
      lines: [
        ...(page === 1 ? [{ picture: 1 + number, grain: true, text: `Figure 1. Station ${number}.` }] : []),
        { text: `Report ${number}, part ${page}`, size: 18 },
        ...Array.from({ length: 14 }, (_, line) => `Line ${line} of report ${number}: the ice was ${number + line} metres thick that day.`),
      ],
    })),
    { title: `Report ${number}` },
  ),
});

export function tests(harness) {
  const open = async (act) => {
    const visitor = await harness.visitor();
    try {
      await watchMemory(visitor);
      const site = await Site.open(visitor, harness.site);
      await act(site, site.page);
      assert.deepEqual(visitor.errors, []);
      assert.deepEqual(visitor.dialogs, []);
    } finally {
      await visitor.close();
    }
  };
  /** Waits until all documents are done and written. */
  const settled = async (site, count) => {
    const done = () => site.page.locator('[data-testid="queue-item"][data-state="done"]').count();
    await until(`${count} documents to be done`, async () => (await done()) === count, { within: 120_000, every: 200 });
    await until(`${count} documents to be kept`, async () => (await keptWhole(site.page)) === count, { within: 60_000, every: 200 });
  };

  describe("load", () => {
    it(`converts ${MANY} documents in one visit without growing, and has each of them`, () =>
      open(async (site) => {
        for (let number = 0; number < SETTLED; number++) await site.drop(report(number));
        await settled(site, SETTLED);
        const before = await memoryOf(site);
        for (let number = SETTLED; number < MANY; number++) await site.drop(report(number));
        assert.match(await site.at("queue-count").textContent(), new RegExp(`of ${MANY} finished`));
        await settled(site, MANY);
        const after = await memoryOf(site);
        const told = `${JSON.stringify(before)} then ${JSON.stringify(after)}`;
        assert.ok(before.wasm > 0 && before.workers.document > 0, told);
        assert.ok(after.wasm - before.wasm <= GROWTH, `the page's program grew: ${told}`);
        assert.ok(after.heap - before.heap <= GROWTH, `the page grew: ${told}`);
        assert.ok(after.workers.document - before.workers.document <= GROWTH, `the worker grew: ${told}`);
        // A row of the list is some twenty nodes, and nothing else stays of a document.
        assert.ok(after.nodes - before.nodes <= 40 * (MANY - SETTLED), `the document grew: ${told}`);

        for (let number = 0; number < MANY; number += 10) {
          await site.show(nameOf(number));
          await site.tab("figures");
          assert.equal(await site.at("figure").count(), 1, `report ${number} has its figure`);
          const source = await site.source();
          for (const part of [1, 2]) assert.match(source, new RegExp(`^#+ Report ${number}, part ${part}$`, "m"));
        }
        const again = await memoryOf(site);
        assert.ok(again.wasm - before.wasm <= GROWTH, `looking grew it: ${JSON.stringify(again)}`);
        // The list scrolls by itself, and the first row can be reached.
        const queue = site.at("queue");
        assert.ok(await queue.evaluate((it) => it.scrollHeight > it.clientHeight && it.clientHeight < innerHeight));
        // One that left memory is saved as it was.
        const { data } = await site.save("save-json");
        assert.equal(JSON.parse(data).pages.length, 2);
      }));

    it("converts what left memory anew if it cannot be read any more", () =>
      open(async (site) => {
        for (let number = 0; number < 8; number++) await site.drop(report(number));
        await settled(site, 8);
        await site.page.evaluate(async () => {
          const documents = await (await navigator.storage.getDirectory()).getDirectoryHandle("documents");
          for await (const key of documents.keys()) await documents.removeEntry(key, { recursive: true });
        });
        await site.item(nameOf(2)).getByRole("button").first().click();
        await site.at("toast").getByText("converted anew", { exact: false }).waitFor();
        await until("the result", async () => (await site.at("page-text").count()) === 2);
        await site.reach(nameOf(2), "done");
        assert.match(await site.source(), /^#+ Report 2, part 2$/m);
      }));

    it(`shows a document of ${LONG_PAGES} pages and takes little for a page`, () =>
      open(async (site) => {
        await site.drop({ name: "book.pdf", data: longPdf(LONG_PAGES) });
        await site.reach("book.pdf", "done", 120_000);
        const memory = await memoryOf(site);
        assert.ok(memory.wasm + memory.heap < 20 + 0.1 * LONG_PAGES, JSON.stringify(memory));
        assert.ok(memory.workers.document < 120, JSON.stringify(memory));
        assert.equal(await site.at("page").count(), LONG_PAGES);
        assert.match(await site.source(), new RegExp(`Chapter ${LONG_PAGES}$`, "m"));
      }));

    it(`reads a file of ${LARGE_MB} MB without having it twice, and stops meanwhile`, () =>
      open(async (site, page) => {
        const [data, name] = [report(7).data, "large.pdf"];
        const before = await memoryOf(site);
        await site.dropPadded(name, padded(data, LARGE_MB));
        await site.reach(name, "done");
        const after = await memoryOf(site);
        const told = JSON.stringify(after);
        assert.ok(after.workers.document > 0.95 * LARGE_MB, told);
        assert.ok(after.workers.document < 1.15 * LARGE_MB + 32, `the worker has it more than once: ${told}`);
        assert.ok(after.wasm - before.wasm < 8 && after.heap - before.heap < 8, `the page has it too: ${told}`);
        assert.match(await site.source(), /^#+ Report 7, part 2$/m);

        await site.settings(() => site.at("set-keep").uncheck());
        await site.dropPadded("stopped.pdf", padded(data, 4 * LARGE_MB));
        await site.at("stage-extraction").getByText("reading the file", { exact: false }).waitFor();
        assert.ok((await site.stop("stopped.pdf")) < 1_000);
        // The worker lives on, and so does what it has open.
        await site.show(name);
        const canvas = page.getByTestId("page").first().locator("canvas");
        await until("the first page's picture", async () => (await canvas.evaluate((it) => it.width)) > 100);
      }));
  });
}

/** How many documents have a finished diary. */
const keptWhole = async (page) => (await page.evaluate(keptOnPage)).filter((name) => name.endsWith("-done")).length;
