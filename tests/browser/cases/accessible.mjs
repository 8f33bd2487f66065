// What axe-core, which knows the rules of accessibility, finds wrong with the page: nothing.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import { until } from "../harness.mjs";
import { longPdf } from "../pdf.mjs";
import { Site, fixture } from "../site.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export function tests(harness) {
  /** Acts on the site; fails with what is wrong in any state that was checked, and where. */
  const open = async (options, act) => {
    const visitor = await harness.visitor(options);
    const faults = [];
    const check = async (site, state) => {
      await site.page.evaluate(AXE);
      // Besides its own choice: what a finger has to hit is 24 pixels wide and high, or has room around it.
      const options = { rules: { "target-size": { enabled: true } } };
      const run = async (options) => (await globalThis.axe.run(document, options)).violations;
      const violations = await site.page.evaluate(run, options);
      for (const { id, help, nodes } of violations) {
        faults.push(`${state}: ${id}: ${help}\n  ${nodes.map((it) => it.html).join("\n  ")}`);
      }
    };
    try {
      await act(await Site.open(visitor, harness.site), check);
      assert.deepEqual(faults, []);
    } finally {
      await visitor.close();
    }
  };

  describe("accessibility", () => {
    for (const colorScheme of ["light", "dark"]) {
      it(`is without fault in ${colorScheme} colours, empty, with settings, and with a document`, () =>
        open({ colorScheme }, async (site, check) => {
          await check(site, "empty");
          await site.at("open-settings").click();
          await site.at("settings").waitFor();
          await check(site, "settings");
          await site.at("close-settings").click();
          await site.drop(fixture("paper.pdf"));
          await site.reach("paper.pdf", "done");
          for (const tab of ["markdown", "source", "figures", "summary", "report"]) {
            await site.tab(tab);
            await check(site, tab);
          }
        }));
    }

    it("is without fault on a narrow screen, with a password asked for, a failure and earlier documents", () =>
      open({ viewport: { width: 400, height: 800 } }, async (site, check) => {
        await site.drop({ name: "book.pdf", data: longPdf(1500, { lines: 60 }) });
        await until("some pages", async () => (await site.at("page-text").count()) > 2);
        await check(site, "at work");
        await site.stop("book.pdf");
        await check(site, "stopped");
        await site.item("book.pdf").getByTestId("remove").click();
        await site.drop(fixture("tables.pdf"));
        await site.reach("tables.pdf", "done");
        await check(site, "narrow");
        await site.tab("summary");
        await site.at("question").fill("What do the tables show?");
        await site.at("ask").click();
        await until("an answer", async () => /page/i.test(await site.at("answers").textContent()));
        await check(site, "answers");
        await site.drop({ name: "letter.pdf", data: Buffer.from("Dear reader,") });
        await site.reach("letter.pdf", "failed");
        await check(site, "failed");
        await site.drop(fixture("password.pdf"));
        await site.at("password").waitFor();
        await check(site, "password");
        await site.page.reload();
        await site.at("earlier").waitFor();
        await check(site, "earlier documents");
        await site.at("open-settings").click();
        await site.at("history").waitFor();
        await check(site, "settings with the last documents");
      }));
  });
}
