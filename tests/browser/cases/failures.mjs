// What goes wrong around the app, made to happen: tabs that freeze, machines that sleep, storage that is cleared or
// missing, two tabs at once, long queues, pages that break the reader. The work goes on, or stops with a plain sentence.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { until } from "../harness.mjs";
import { brokenPdf, longPdf } from "../pdf.mjs";
import { Site, fixture, hasPages, keptOnPage } from "../site.mjs";

const AN_HOUR = 3_600_000;

export function tests(harness) {
  const { hub, registry } = harness;
  const [blip, t5] = registry.models;
  const weights = (model) => model.files[0].url;

  /** A visitor's page; `prepare` runs in it before the app does, with `given`. */
  const open = async (act, { prepare, given, query = "" } = {}) => {
    const visitor = await harness.visitor();
    try {
      if (prepare) await visitor.context.addInitScript(prepare, given);
      const site = await Site.open(visitor, harness.site, query);
      await act(site, site.page, visitor);
      assert.deepEqual(visitor.errors, []);
      assert.deepEqual(visitor.dialogs, []);
    } finally {
      for (const model of [blip, t5]) hub.mend(weights(model));
      await visitor.close();
    }
  };
  const someText = (site) => until("some pages", async () => (await site.at("page-text").count()) > 2);
  const written = (site) =>
    until("the diary to be written", async () => hasPages(await site.page.evaluate(keptOnPage)));
  /** The document has each page once, in order. */
  const assertWhole = async (site, name, count) => {
    await site.item(name).getByRole("button").first().click();
    const document = JSON.parse((await site.save("save-json")).data);
    assert.deepEqual(
      document.pages.map((it) => it.number),
      Array.from({ length: count }, (_, index) => index + 1),
    );
    return document;
  };
  const notes = async (site) => {
    await site.tab("report");
    return site.at("report").textContent();
  };
  const clear = async (visitor, page) => {
    const devtools = await visitor.context.newCDPSession(page);
    const origin = new URL(harness.site.url).origin;
    await devtools.send("Storage.clearDataForOrigin", { origin, storageTypes: "all" });
    await until("empty storage", () =>
      page.evaluate(async () => {
        const root = await navigator.storage.getDirectory();
        for await (const name of root.keys()) return !name;
        return true;
      }),
    );
  };
  const download = (site, model) =>
    site.settings(async () => {
      const row = site.at(`model-${model.id}`);
      await row.getByTestId("download").click();
      await row.getByTestId("stored").waitFor({ timeout: 30_000 });
    });

  describe("failures", () => {
    it("goes on after the machine slept for an hour, and after the tab was frozen", () =>
      open(
        async (site, page, visitor) => {
          await site.drop({ name: "book.pdf", data: longPdf(400) });
          await someText(site);
          // Asleep: the processes of pages stop where they are, and then the clock says an hour later.
          const { processInfo } = await (await harness.browser.newBrowserCDPSession()).send("SystemInfo.getProcessInfo");
          const pages = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
          for (const id of pages) process.kill(id, "SIGSTOP");
          await new Promise((resolve) => setTimeout(resolve, 1000));
          for (const id of pages) process.kill(id, "SIGCONT");
          await page.evaluate((millis) => (window.slept += millis), AN_HOUR);
          const devtools = await visitor.context.newCDPSession(page);
          await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
          await page.waitForTimeout(1000);
          await devtools.send("Page.setWebLifecycleState", { state: "active" });
          await site.reach("book.pdf", "done");
          await assertWhole(site, "book.pdf", 400);
          assert.doesNotMatch(await notes(site), /failed/, "no worker was taken for dead");
        },
        {
          prepare: () => {
            window.slept = 0;
            const now = performance.now.bind(performance);
            performance.now = () => now() + window.slept;
          },
        },
      ));

    it("goes on after the tab has crashed, with what was finished", () =>
      open(async (site, page, visitor) => {
        await site.drop({ name: "book.pdf", data: longPdf(250, { lines: 60 }) });
        await written(site);
        const crashed = page.waitForEvent("crash");
        page.goto("chrome://crash").catch(() => {});
        await crashed;
        const next = await Site.open(visitor, harness.site);
        const row = await next.at("earlier-item").textContent();
        assert.match(row, /book\.pdf[1-9]\d* pages?, not finished/);
        await next.at("open-earlier").click();
        await next.reach("book.pdf", "done");
        await assertWhole(next, "book.pdf", 250);
      }));

    it("goes on in a hidden tab, with a timer once a second and no frames", () =>
      open(
        async (site, page) => {
          await site.drop({ name: "book.pdf", data: longPdf(200) });
          await someText(site);
          await page.evaluate(() => {
            window.hiddenNow = true;
            document.dispatchEvent(new Event("visibilitychange"));
          });
          await site.reach("book.pdf", "done");
          await page.evaluate(() => (window.hiddenNow = false));
          await assertWhole(site, "book.pdf", 200);
        },
        {
          prepare: () => {
            const later = window.setTimeout.bind(window);
            window.setTimeout = (act, millis = 0, ...more) =>
              later(act, window.hiddenNow ? Math.max(millis, 1000) : millis, ...more);
            const frame = window.requestAnimationFrame.bind(window);
            window.requestAnimationFrame = (act) => (window.hiddenNow ? 0 : frame(act));
            Object.defineProperty(document, "hidden", { get: () => Boolean(window.hiddenNow) });
            const state = { get: () => (window.hiddenNow ? "hidden" : "visible") };
            Object.defineProperty(document, "visibilityState", state);
          },
        },
      ));

    it("loses nothing at hand when the browser clears the storage, says so, and keeps the next document", () =>
      open(async (site, page, visitor) => {
        await site.drop({ name: "book.pdf", data: longPdf(600) });
        await written(site);
        await clear(visitor, page);
        await site.at("toast").getByText("book.pdf cannot be kept", { exact: false }).waitFor();
        await site.reach("book.pdf", "done");
        await assertWhole(site, "book.pdf", 600);
        await site.drop(fixture("tables.pdf"));
        await site.reach("tables.pdf", "done");
        await written(site);
        await page.reload();
        await site.at("earlier-item").waitFor();
        assert.match(await site.at("earlier").textContent(), /tables\.pdf/);
        assert.doesNotMatch(await site.at("earlier").textContent(), /book\.pdf/);
        await site.at("open-earlier").click();
        await site.reach("tables.pdf", "done");
      }));

    it("summarises without a model that the browser has cleared away, says so, and offers it again", () =>
      open(async (site, page, visitor) => {
        await download(site, t5);
        await clear(visitor, page);
        await site.drop(fixture("tables.pdf"));
        await site.reach("tables.pdf", "done");
        await site.tab("summary");
        assert.match(await site.at("method").first().textContent(), /extractive/);
        assert.match(await notes(site), /Tiny FLAN-T5 .*not stored.*, so the summary was made of sentences/);
        await site.settings(() => site.at("model-tiny-t5").getByTestId("download").waitFor());
        await download(site, t5);
        await site.tab("summary");
        await site.at("offer-run").click();
        await until("the summary", async () => /tiny-t5/.test(await site.at("method").first().textContent()));
      }));

    it("resumes a download from which nothing comes for half a minute, and says what it waits for", () =>
      open(
        async (site) => {
          const before = hub.fetches(weights(blip)).length;
          hub.fault(weights(blip), { stallAfter: 4 << 20 });
          await site.settings(async () => {
            const row = site.at(`model-${blip.id}`);
            await row.getByTestId("download").click();
            await row.getByText("no data came for half a minute. Try 2", { exact: false }).waitFor();
            await row.getByTestId("stored").waitFor({ timeout: 30_000 });
          });
          const [, second] = hub.fetches(weights(blip)).slice(before);
          assert.match(second.range, /^bytes=[1-9]\d*-$/);
        },
        {
          prepare: beforeEachWorker,
          // Time goes twenty times as fast there.
          given: "const later = setTimeout; self.setTimeout = (act, millis) => later(act, millis / 20);",
        },
      ));

    it("takes the next smaller model for one that cannot be loaded, and says so", async () => {
      const file = t5.files[0];
      const [url, data] = ["lab/broken-t5/resolve/main/model.gguf", Buffer.alloc(file.size, "GGUF?")];
      const broken = { role: "weights", url, size: data.length, sha256: hub.add(url, data) };
      const larger = { ...t5, id: "broken-t5", name: "Broken T5", memory: t5.memory * 2, files: [broken, ...t5.files.slice(1)] };
      const usual = harness.replace["models.json"];
      harness.replace["models.json"] = JSON.stringify({ ...registry, models: [larger, ...registry.models] });
      try {
        await open(async (site) => {
          await download(site, larger);
          await download(site, t5);
          await site.drop(fixture("tables.pdf"));
          await site.reach("tables.pdf", "done");
          assert.match(await notes(site), /Broken T5 .*, so Tiny FLAN-T5, which is smaller, went on/);
          await site.tab("summary");
          assert.match(await site.at("method").first().textContent(), /tiny-t5/);
        });
      } finally {
        harness.replace["models.json"] = usual;
      }
    });

    it("runs models on one thread where the memory for several is refused", () =>
      open(
        async (site) => {
          await download(site, blip);
          await site.drop(fixture("figures.pdf"));
          await site.reach("figures.pdf", "done");
          const { figures } = JSON.parse((await site.save("save-json")).data);
          assert.ok(figures.some((it) => it.description?.model === blip.id));
        },
        {
          prepare: beforeEachWorker,
          given: `const Memory = WebAssembly.Memory;
            WebAssembly.Memory = function (wanted) {
              if (wanted.shared) throw new RangeError("WebAssembly.Memory(): could not allocate memory");
              return new Memory(wanted);
            };`,
        },
      ));

    it("works in a window where nothing may be stored, and says so", () =>
      open(
        async (site) => {
          await site.drop(fixture("figures.pdf"));
          await site.reach("figures.pdf", "done");
          assert.match(await site.source(), /Manpower/);
          await site.settings(async () => {
            const abilities = await site.at("abilities").textContent();
            assert.match(abilities, /Storage: nothing can be kept here/);
            const row = site.at(`model-${t5.id}`);
            await row.getByTestId("download").click();
            const words = await row.getByTestId("download-error").textContent({ timeout: 30_000 });
            assert.match(words, /no storage.*private windows/);
          });
          assert.equal(await site.at("earlier").count(), 0);
        },
        { prepare: refuseStorage },
      ));

    it("works in two tabs at once, which fetch the same models", () =>
      open(async (site, _, visitor) => {
        const other = await Site.open(visitor, harness.site);
        for (const tab of [site, other]) await tab.always();
        hub.fault(weights(blip), { bytesPerSecond: 8 << 20 });
        await Promise.all([site.drop(fixture("figures.pdf")), other.drop(fixture("table-and-figure.pdf"))]);
        await site.reach("figures.pdf", "done");
        await other.reach("table-and-figure.pdf", "done");
        assert.ok((await site.source()).length > 500 && (await other.source()).length > 500);
        const told = `${await notes(site)} ${await notes(other)}`;
        const waited = /another tab/.test(told);
        const models = told.match(/with tiny-blip/g)?.length ?? 0;
        assert.ok(models === 2 || (models === 1 && waited), told);
        await other.page.close();
        // What both wanted is there once, and whole.
        await site.page.reload();
        await site.at("drop-zone").waitFor();
        await site.settings(async () => {
          for (const model of [blip, t5]) await site.at(`model-${model.id}`).getByTestId("stored").waitFor();
        });
        const before = hub.requests.length;
        await site.drop(fixture("figures.pdf"));
        await site.reach("figures.pdf", "done");
        const document = JSON.parse((await site.save("save-json")).data);
        assert.ok(document.figures.some((it) => it.description?.model === blip.id));
        assert.equal(hub.requests.length, before);
      }));

    it("works off a queue of twelve in order, each its own", () =>
      open(async (site) => {
        const names = Array.from({ length: 12 }, (_, index) => `report-${index + 1}.pdf`);
        await site.drop(...names.map((name, index) => ({ name, data: longPdf(index + 1, { lines: 10 }) })));
        assert.equal(await site.at("queue-item").count(), 12);
        for (const [index, name] of names.entries()) {
          await site.reach(name, "done");
          assert.match(await site.status(name), new RegExp(`done, ${index + 1} pages?$`));
        }
        await assertWhole(site, "report-7.pdf", 7);
      }));

    it("says which page cannot be read, and gives the others", () =>
      open(async (site) => {
        await site.drop({ name: "broken.pdf", data: brokenPdf() });
        await site.reach("broken.pdf", "done");
        const { warnings } = await assertWhole(site, "broken.pdf", 4);
        assert.ok(warnings.some(({ page, message }) => page === 2 && /too complex/.test(message)), JSON.stringify(warnings));
        assert.ok(warnings.some(({ page, message }) => page === 3 && /damaged/.test(message)), JSON.stringify(warnings));
        assert.match(await notes(site), /in part: page 2 could not be read/);
        const source = await site.source();
        assert.match(source, /The first page is whole/);
        assert.match(source, /The fourth page is whole/);
      }));

    it("keeps a page that ends the worker as a picture with the text read from it, and gives the others", () =>
      open(
        async (site) => {
          await site.drop(fixture("paper.pdf"));
          await site.reach("paper.pdf", "done");
          const { pages, figures, warnings } = await assertWhole(site, "paper.pdf", 4);
          assert.deepEqual(pages.map((it) => Boolean(it.broken)), [false, false, true, false]);
          assert.ok(pages.every((it) => it.blocks.length > 3), "the pages before it are not to blame");
          const [picture, ...blocks] = pages[2].blocks;
          assert.deepEqual([picture.kind, picture.figure], ["figure", "p3-page"]);
          assert.ok(blocks.every((it) => it.provenance.stage === "ocr"));
          const { not_described: why, width_px: width, height_px: height } = figures.find((it) => it.id === "p3-page");
          assert.deepEqual([why, width, height], ["the picture of a whole page", 1654, 2339]);
          const [{ message }] = warnings.filter((it) => it.page === 3);
          assert.match(message, /^paper\.pdf: page 3 could not be read: the worker failed on it twice .*; a picture of it and the text read from that stand in its place$/);

          const told = await notes(site);
          assert.match(told, /Page 3 is kept as a picture: the worker failed on it twice/);
          assert.match(told, /in part: page 3 could not be read/);
          await site.at("warnings").getByRole("button", { name: "page 3" }).click();
          const source = await site.source();
          assert.match(source, /!\[Page 3 as a picture\]\(images\/p3-page\.png\)\n\n[^!]*## Suggestions for following the course/);
          await site.tab("markdown");
          const shown = site.at("page-text").nth(2).getByRole("img", { name: "Page 3 as a picture" });
          await shown.scrollIntoViewIfNeeded();
          await until("the picture", () => shown.evaluate((it) => it.complete && it.naturalWidth === 1654));
        },
        // In the reading of the page, while all pages are looked through.
        trapAt(/"activity":"looking through".*"page":3\b/, { told: true }),
      ));

    it("keeps the text of a page that ends the worker whenever it is painted, and says so", () =>
      open(
        async (site) => {
          await site.drop(fixture("figures.pdf"));
          await site.reach("figures.pdf", "done");
          const { pages, figures, warnings } = await assertWhole(site, "figures.pdf", 1);
          assert.deepEqual(figures, []);
          assert.ok(pages[0].blocks.length > 3 && pages[0].blocks.every((it) => it.kind !== "figure"));
          assert.match(warnings.at(-1).message, /^figures\.pdf: page 1 could not be painted: .*; its figures are missing$/);
          const told = await notes(site);
          assert.match(told, /Page 1 was read without being painted: the worker failed when it did that/);
          assert.doesNotMatch(told, /kept as a picture|left out/);
          assert.match(await site.source(), /Manpower/);
        },
        // In place of the words that tell of a page with pictures.
        trapAt(/"event":"page",.*"figures":\[\{/),
      ));

    it("leaves out a page that ends the worker whatever is done with it, says so, and gives the others", () =>
      open(
        async (site) => {
          await site.drop(fixture("paper.pdf"));
          await site.reach("paper.pdf", "done");
          const { pages } = await assertWhole(site, "paper.pdf", 4);
          assert.deepEqual(pages.map((it) => it.blocks.length === 0), [false, false, true, false]);
          const told = await notes(site);
          assert.match(told, /Page 3 was left out: the worker failed whatever it did with it/);
          assert.match(told, /in part: page 3 could not be read/);
          await site.at("warnings").getByRole("button", { name: "page 3" }).click();
          assert.match(await site.source(), /Statement of Need/);
        },
        // In place of the words that tell of the page.
        trapAt(/"event":"page","page":\{"number":3,/),
      ));
  });
}

/** Puts `words` before the program of each worker: those are started from scripts that the page makes. */
function beforeEachWorker(words) {
  const make = URL.createObjectURL.bind(URL);
  URL.createObjectURL = (content) =>
    make(content.type === "text/javascript" ? new Blob([words, content], { type: content.type }) : content);
}

/** How to open the page with workers that end as by a trap, in place of words like `pattern` or once they are `told`. */
function trapAt(pattern, { told = false } = {}) {
  const given = `const tell = self.postMessage.bind(self);
    self.postMessage = (message, ...more) => {
      const traps = ${pattern}.test(message[0]);
      if (!traps || ${told}) tell(message, ...more);
      if (traps) throw new WebAssembly.RuntimeError("unreachable");
    };`;
  return { prepare: beforeEachWorker, given };
}

/** As in a private window of some browsers: the storage is there and refuses everything, in workers too. */
function refuseStorage() {
  // Blank pages have none.
  if (!window.StorageManager) return;
  const refusal = `StorageManager.prototype.getDirectory = () =>
    Promise.reject(new DOMException("Security error when calling GetDirectory", "SecurityError"));`;
  StorageManager.prototype.getDirectory = () =>
    Promise.reject(new DOMException("Security error when calling GetDirectory", "SecurityError"));
  const denied = { get: () => { throw new DOMException("denied", "SecurityError"); } };
  Object.defineProperty(window, "localStorage", denied);
  const make = URL.createObjectURL.bind(URL);
  URL.createObjectURL = (content) =>
    make(content.type === "text/javascript" ? new Blob([refusal, content], { type: content.type }) : content);
}
