// Scans: read in the browser as natively, page by page, and without them when what reads them is missing.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { RECTO, until } from "../harness.mjs";
import { makePdf } from "../pdf.mjs";
import { Site } from "../site.mjs";

const SCANS = path.join(import.meta.dirname, "../../ocr");
const scan = (name) => ({ name, data: readFileSync(path.join(SCANS, name)) });

/** What the command line makes of a scan. */
function natively({ name, data }) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "recto-scan-"));
  try {
    const file = path.join(folder, name);
    writeFileSync(file, data);
    const models = path.join(import.meta.dirname, "../../../public/models/ocr");
    const options = ["--no-captions", "--no-summary", "--quiet", "--ocr-models", models];
    execFileSync(RECTO, ["convert", file, "-o", folder, ...options]);
    const read = (name) => readFileSync(path.join(folder, name), "utf8");
    return { markdown: read(name.replace(".pdf", ".md")), document: JSON.parse(read("document.json")) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The same texts and structure. Numbers may differ a little: a network sums floating-point numbers in the order that
 * suits the processor, so certainties and the boxes that follow from them differ in their last digits.
 */
function assertNear(actual, expected, place) {
  if (typeof expected === "number") {
    assert.ok(Math.abs(actual - expected) <= 0.5, `${place}: ${actual} for ${expected}`);
  } else if (expected !== null && typeof expected === "object") {
    assert.deepEqual(Object.keys(actual), Object.keys(expected), place);
    for (const key of Object.keys(expected)) assertNear(actual[key], expected[key], `${place}.${key}`);
  } else {
    assert.equal(actual, expected, place);
  }
}

/** A PDF of `count` pages with a few lines of text, all of which can be read from their pixels too. */
const pages = (count) =>
  makePdf(
    Array.from({ length: count }, (_, index) => ({
      lines: [`Page number ${index + 1} of a report`, "The quick brown fox jumps over the lazy dog.", "Another line of text."],
    })),
  );

export function tests(harness) {
  const open = async (act) => {
    const visitor = await harness.visitor();
    try {
      const site = await Site.open(visitor, harness.site);
      await site.settings(async () => {
        await site.at("set-captions").uncheck();
        await site.at("set-summary").uncheck();
      });
      await act(site, site.page, visitor);
      assert.deepEqual(visitor.errors, []);
    } finally {
      await visitor.close();
    }
  };

  describe("scan", () => {
    for (const name of ["phototest.pdf", "turned.pdf"]) {
      it(`reads ${name} as the command line does`, () =>
        open(async (site) => {
          const file = scan(name);
          await site.drop(file);
          await site.reach(name, "done");
          const native = natively(file);
          assert.equal(await site.source(), native.markdown);
          const document = JSON.parse((await site.save("save-json")).data);
          assertNear(document.pages, native.document.pages, "pages");
          assert.equal(document.pages[0].text, "recognised");
        }));
    }

    it("shows pages as they are read, two at once, says so, and stops", () =>
      open(async (site, page) => {
        await site.settings(() => site.at("set-scans").selectOption("always"));
        await site.drop({ name: "long.pdf", data: pages(50) });
        const progress = site.at("stage-extraction");
        await until("a page being read", async () => /page \d+ of 50, reading the scan/.test(await progress.textContent()));
        const cores = await page.evaluate(() => navigator.hardwareConcurrency);
        const readers = async () => page.workers().length;
        // Besides them: the one of the document, and the one of the store.
        await until("those who read", async () => (await readers()) === 2 + Math.min(cores, 2));
        await site.at("markdown").getByText("Page number 1 of a report").waitFor({ timeout: 60_000 });
        assert.ok((await site.stop("long.pdf")) < 1000);
        const source = await site.source();
        assert.match(source, /Page number 1 of a report/);
        assert.doesNotMatch(source, /Page number 50/);
        await until("the readers' end", async () => (await readers()) <= 2);
      }));

    it("leaves pages as pictures when told to", () =>
      open(async (site) => {
        await site.settings(() => site.at("set-scans").selectOption("never"));
        await site.drop(scan("phototest.pdf"));
        await site.reach("phototest.pdf", "done");
        assert.doesNotMatch(await site.source(), /quick brown/);
        const document = JSON.parse((await site.save("save-json")).data);
        assert.equal(document.figures.length, 1);
      }));

    it("goes on, and says why, when what reads scans is missing or another", async () => {
      for (const [replacement, words] of [[null, /404/], ["not a network", /not the file that the list of models names/]]) {
        harness.replace["models/ocr/ppocrv6_rec.onnx"] = replacement;
        try {
          await open(async (site) => {
            await site.drop(scan("phototest.pdf"));
            await site.reach("phototest.pdf", "done");
            const document = JSON.parse((await site.save("save-json")).data);
            assert.ok(document.warnings.some(({ page, message }) => page === 1 && words.test(message)), JSON.stringify(document.warnings));
            assert.equal(document.figures.length, 1);
          });
        } finally {
          delete harness.replace["models/ocr/ppocrv6_rec.onnx"];
        }
      }
    });
  });
}
