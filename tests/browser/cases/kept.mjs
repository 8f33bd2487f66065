// Documents that survive the page: reloaded in the middle, opened again later, forgotten.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { until } from "../harness.mjs";
import { longPdf } from "../pdf.mjs";
import { Site, fixture, keptOnPage } from "../site.mjs";

export function tests(harness) {
  const open = async (act) => {
    const visitor = await harness.visitor();
    try {
      const site = await Site.open(visitor, harness.site);
      await act(site, site.page, visitor);
      assert.deepEqual(visitor.errors, []);
      assert.deepEqual(visitor.dialogs, []);
    } finally {
      await visitor.close();
    }
  };
  const reload = async (site) => {
    await site.page.reload();
    await site.at("drop-zone").waitFor();
  };
  const written = (site, pattern) =>
    until("the diary to be written", async () => (await site.page.evaluate(keptOnPage)).some((name) => pattern.test(name)));

  describe("kept documents", () => {
    it("goes on with a document after the page was reloaded in the middle", () =>
      open(async (site) => {
        await site.drop({ name: "book.pdf", data: longPdf(1200, { lines: 60 }) });
        await written(site, /part-\d+-[1-9]\d*$/);
        await reload(site);
        const row = site.at("earlier-item");
        assert.match(await row.textContent(), /book\.pdf.*not finished/);
        const before = Number(/(\d+) pages?, not finished/.exec(await row.textContent())[1]);
        assert.ok(before > 0 && before < 1200, `${before} pages were kept`);
        await row.getByTestId("open-earlier").click();
        await site.reach("book.pdf", "done", 120_000);
        const document = JSON.parse((await site.save("save-json")).data);
        const numbers = document.pages.map((it) => it.number);
        assert.deepEqual(numbers, Array.from({ length: 1200 }, (_, index) => index + 1));
      }));

    it("opens a finished document as it was, and forgets it when told", () =>
      open(async (site) => {
        await site.drop(fixture("figures.pdf"));
        await site.reach("figures.pdf", "done");
        await site.tab("figures");
        await site.at("description").first().fill("A picture that I know.");
        await site.at("description").first().blur();
        const source = await site.source();
        const zip = (await site.save("save-zip")).data;
        await written(site, /-done$/);
        await until("the description", async () =>
          site.page.evaluate(async () => {
            const documents = await (await navigator.storage.getDirectory()).getDirectoryHandle("documents");
            for await (const folder of documents.values()) {
              for await (const [name, file] of folder.entries()) {
                if (name.startsWith("part-") && (await (await file.getFile()).text()).includes("that I know")) return true;
              }
            }
            return false;
          }),
        );
        await reload(site);
        await site.at("open-earlier").click();
        await site.reach("figures.pdf", "done");
        assert.equal(await site.source(), source);
        assert.deepEqual((await site.save("save-zip")).data, zip, "figures and all");
        // Its pages can be seen: the file is there too.
        const canvas = site.at("page").first().locator("canvas");
        await until("the first page's picture", async () => (await canvas.evaluate((it) => it.width)) > 100);
        await site.item("figures.pdf").getByTestId("remove").click();
        await until("nothing to be kept", async () => (await site.page.evaluate(keptOnPage)).length === 0);
        await reload(site);
        assert.equal(await site.at("earlier").count(), 0);
      }));

    it("lists what no other tab has open, and forgets all", () =>
      open(async (site, _, visitor) => {
        await site.drop(fixture("tables.pdf"));
        await site.reach("tables.pdf", "done");
        await written(site, /-done$/);
        const other = await Site.open(visitor, harness.site);
        assert.equal(await other.at("earlier").count(), 0, "it is open in the first tab");
        await other.page.close();
        await reload(site);
        await site.at("earlier-item").waitFor();
        await site.at("forget-all").click();
        await until("nothing to be kept", async () => (await site.page.evaluate(keptOnPage)).length === 0);
        assert.equal(await site.at("earlier").count(), 0);
      }));

    it("forgets one earlier document from the list, and all of them from the settings", () =>
      open(async (site) => {
        for (const name of ["tables.pdf", "figures.pdf", "table-and-figure.pdf"]) {
          await site.drop(fixture(name));
          await site.reach(name, "done");
        }
        await until("three diaries", async () =>
          (await site.page.evaluate(keptOnPage)).filter((name) => name.endsWith("-done")).length === 3);
        await reload(site);
        const rows = site.at("earlier-item");
        await rows.first().waitFor();
        assert.equal(await rows.count(), 3);
        await rows.filter({ hasText: "figures.pdf" }).getByTestId("delete-earlier").click();
        const folders = async () => new Set((await site.page.evaluate(keptOnPage)).map((name) => name.split("/")[0])).size;
        await until("one to be deleted", async () => (await folders()) === 2);
        assert.doesNotMatch((await rows.allTextContents()).join(), /figures\.pdf/);
        await site.settings(() => site.at("settings-forget-all").click());
        await until("all to be deleted", async () => (await folders()) === 0);
        assert.equal(await site.at("earlier").count(), 0);
      }));

    it("keeps nothing where that is not wanted", () =>
      open(async (site) => {
        await site.settings(() => site.at("set-keep").uncheck());
        await site.drop(fixture("tables.pdf"));
        await site.reach("tables.pdf", "done");
        assert.deepEqual(await site.page.evaluate(keptOnPage), []);
      }));

    it("works on when the storage is full, and says that nothing will be kept", () =>
      open(async (site, page, visitor) => {
        const session = await visitor.context.newCDPSession(page);
        const { origin } = new URL(harness.site.url);
        await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1000 });
        await site.drop(fixture("paper.pdf"));
        await site.at("toast").getByText("cannot be kept", { exact: false }).waitFor();
        await site.reach("paper.pdf", "done");
        assert.match(await site.status("paper.pdf"), /4 pages/);
      }));

    it("does without what is damaged", () =>
      open(async (site) => {
        await site.drop(fixture("paper.pdf"));
        await site.reach("paper.pdf", "done");
        await written(site, /-done$/);
        await reload(site);
        // The first part of its diary is lost: all is done anew.
        await site.page.evaluate(async () => {
          const documents = await (await navigator.storage.getDirectory()).getDirectoryHandle("documents");
          for await (const folder of documents.values()) {
            const names = [];
            for await (const name of folder.keys()) names.push(name);
            const last = names.filter((name) => name.startsWith("part-")).sort().at(0);
            const stream = await (await folder.getFileHandle(last)).createWritable();
            await stream.write("nonsense");
            await stream.close();
          }
        });
        await site.at("open-earlier").click();
        await site.reach("paper.pdf", "done");
        assert.match(await site.source(), /Statement of Need/);
      }));
  });
}
