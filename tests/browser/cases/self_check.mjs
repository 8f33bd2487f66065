// The self-check: through all real workers, with and without models, stopped, and without a trace.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { until } from "../harness.mjs";
import { longPdf } from "../pdf.mjs";
import { Site, fixture } from "../site.mjs";

/** Names of all files that the page keeps of documents. */
const keptFiles = (page) =>
  page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const documents = await root.getDirectoryHandle("documents").catch(() => undefined);
    const names = [];
    if (documents) for await (const key of documents.keys()) names.push(key);
    return names;
  });

export function tests(harness) {
  const { hub, registry } = harness;
  const [blip, t5] = registry.models;
  const open = async (act) => {
    const visitor = await harness.visitor();
    try {
      const site = await Site.open(visitor, harness.site);
      await act(site, site.page, visitor);
      assert.deepEqual(visitor.errors, []);
    } finally {
      await visitor.close();
    }
  };
  /** Begins the self-check in the open settings. */
  const begin = (site) => site.at("self-check-run").click();
  const status = (site) => site.at("self-check-status").textContent();
  /** Waits for the result; gives `{name: {outcome, text}}`. */
  const results = async (site) => {
    const list = site.at("self-check-results");
    await list.waitFor({ timeout: 120_000 }).catch(async (error) => {
      throw new Error(`${error.message}: ${await status(site)}`);
    });
    const rows = await list.locator("li").evaluateAll((all) =>
      all.map((it) => ({ outcome: it.dataset.outcome, name: it.querySelector("strong").textContent, text: it.textContent })),
    );
    const named = ({ name, outcome, text }) => [name.replace(/^. (skipped: )?/, ""), { outcome, text }];
    return Object.fromEntries(rows.map(named));
  };
  /** Names of the checks with `outcome`. */
  const of = (found, outcome) => Object.keys(found).filter((name) => found[name].outcome === outcome);
  const told = (found) => JSON.stringify(found, null, 2);

  describe("self-check", () => {
    it("passes all stages without a model and without a download, and leaves nothing behind", () =>
      open(async (site, page, visitor) => {
        const before = hub.requests.length;
        await site.settings(async () => {
          // What is chosen for documents does not matter here.
          await site.at("set-captions").uncheck();
          await site.at("set-scans").selectOption("never");
          await site.at("set-always").check();
          await begin(site);
          assert.match(await status(site), /at work/);
          const found = await results(site);
          assert.equal(Object.keys(found).length, 13, told(found));
          assert.deepEqual(of(found, "failed"), [], told(found));
          assert.deepEqual(of(found, "skipped"), ["Descriptions"], told(found));
          assert.match(found.Descriptions.text, /Tiny BLIP is not on this machine/);
          assert.match(found.Summary.text, /sentences picked from the document/);
          assert.match(await status(site), /12 of 13 checks passed and none failed\. Skipped: Descriptions\./);
          assert.equal(await site.at("history-empty").count(), 1, "it is not remembered");
        });
        assert.equal(hub.requests.length, before);
        assert.deepEqual(visitor.requests.filter((it) => /huggingface|hf\.co/.test(it)), []);
        assert.equal(await site.at("queue-item").count(), 0);
        assert.equal(await site.at("drop-zone").count(), 1, "the page is as it was");
        assert.deepEqual(await keptFiles(page), []);
        await page.reload();
        await site.at("drop-zone").waitFor();
        assert.equal(await site.at("earlier-item").count(), 0);
      }));

    it("says which models described and summarised, where they are stored", () =>
      open(async (site) => {
        await site.settings(async () => {
          for (const model of [blip, t5]) {
            const row = site.at(`model-${model.id}`);
            await row.getByTestId("download").click();
            await row.getByTestId("stored").waitFor({ timeout: 30_000 });
          }
          const before = hub.requests.length;
          await begin(site);
          const found = await results(site);
          // Tiny models with random weights may write a loop; their summary is then picked from the document, and said to be in part.
          assert.deepEqual(of(found, "failed").filter((name) => name !== "Summary"), [], told(found));
          assert.deepEqual(of(found, "skipped"), [], told(found));
          assert.match(found.Descriptions.text, /tiny-blip sees: ./);
          assert.match(found.Summary.text, /tiny-t5|picked from the document/);
          assert.equal(hub.requests.length, before);
        });
      }));

    it("tells what fails", async () => {
      harness.replace["models/ocr/ppocrv6_rec.onnx"] = null;
      try {
        await open((site) =>
          site.settings(async () => {
            await begin(site);
            const found = await results(site);
            assert.deepEqual(of(found, "failed"), ["Scanned page"], told(found));
            assert.match(found["Scanned page"].text, /404/);
            assert.match(await status(site), /1 of 13 checks failed: Scanned page\./);
          }),
        );
      } finally {
        delete harness.replace["models/ocr/ppocrv6_rec.onnx"];
      }
    });

    it("stops when told, and begins anew", () =>
      open((site) =>
        site.settings(async () => {
          await begin(site);
          await until("the work to begin", async () => /at work: /.test(await status(site)), { every: 10 });
          await site.at("self-check-run").click();
          await until("the end", async () => /The self-check was stopped\./.test(await status(site)), { within: 5_000 });
          assert.equal(await site.at("self-check-results").count(), 0);
          await begin(site);
          assert.deepEqual(of(await results(site), "failed"), []);
        }),
      ));

    it("waits for the documents that are worked on, and they for it", () =>
      open(async (site) => {
        await site.drop({ name: "book.pdf", data: longPdf(1200, { lines: 60 }) });
        await until("the work to begin", async () => (await site.item("book.pdf").getAttribute("data-state")) === "working");
        await site.settings(async () => {
          await begin(site);
          await until("a refusal", async () => /A document is being worked on/.test(await status(site)));
        });
        await site.stop("book.pdf");
        await site.settings(async () => {
          await begin(site);
          await site.drop(fixture("figures.pdf"));
          assert.deepEqual(of(await results(site), "failed"), []);
        });
        await site.reach("figures.pdf", "done");
        assert.equal(await site.at("queue-item").count(), 2, "the two that are the person's");
      }));
  });
}
