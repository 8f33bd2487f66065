// The browser's document.json is the command line's, byte for byte.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { RECTO } from "../harness.mjs";
import { longPdf, makePdf } from "../pdf.mjs";
import { Site, fixture } from "../site.mjs";

const FILES = [
  fixture("paper.pdf"),
  fixture("tables.pdf"),
  fixture("figures.pdf"),
  fixture("table-and-figure.pdf"),
  { ...fixture("password.pdf"), password: "hôtel" },
  { name: "book.pdf", data: longPdf(12) },
  { name: "empty page.pdf", data: makePdf([{ lines: [] }]) },
];

export function tests(harness) {
  /** What `recto convert` makes of a file. */
  const native = ({ name, data, password }, ...options) => {
    const folder = path.join(harness.folder, `native-${options.length}-${name}`);
    mkdirSync(folder, { recursive: true });
    const input = path.join(folder, name);
    writeFileSync(input, data);
    const secret = password ? ["--password", password] : [];
    try {
      execFileSync(RECTO, ["convert", input, "-o", path.join(folder, "out"), "--quiet", ...secret, ...options], {
        stdio: ["ignore", "ignore", "pipe"],
      });
    } catch (error) {
      // 3: converted, with something missing (no caption model).
      if (error.status !== 3) throw error;
    }
    return readFileSync(path.join(folder, "out", "document.json"), "utf8");
  };
  const inBrowser = async (site, file) => {
    await site.drop(file);
    if (file.password) {
      await site.at("password-input").fill(file.password);
      await site.at("password-ok").click();
    }
    await site.reach(file.name, "done");
    await site.item(file.name).getByRole("button").first().click();
    return (await site.save("save-json")).data.toString("utf8");
  };
  const compare = (found, expected, name) => {
    if (found === expected) return;
    const [left, right] = [found, expected].map((text) => text.split("\n"));
    const at = left.findIndex((line, index) => line !== right[index]);
    assert.fail(`${name}: line ${at + 1} is ${left[at]?.slice(0, 300)}, natively ${right[at]?.slice(0, 300)}`);
  };

  describe("parity with the command line", () => {
    for (const file of FILES) {
      it(`${file.name}, without models`, async () => {
        const visitor = await harness.visitor();
        try {
          const site = await Site.open(visitor, harness.site);
          compare(await inBrowser(site, file), native(file), file.name);
        } finally {
          await visitor.close();
        }
      });
    }

    it("figures.pdf, described and summarised by models", async () => {
      const visitor = await harness.visitor();
      try {
        const site = await Site.open(visitor, harness.site);
        await site.always();
        const file = fixture("figures.pdf");
        const found = await inBrowser(site, file);
        assert.match(found, /tiny-blip/);
        const options = ["--models", harness.models, "--caption-model", "tiny-blip", "--text-model", "tiny-t5"];
        // Models compute with floating-point numbers, in another order on each processor, and random weights
        // are forever undecided: what they say is left out, who said it is not.
        const unsaid = (json) => json.replace(/"text": "(?:[^"\\]|\\.)*"(?=,\s*"(?:model|method)")/g, '"text": ""');
        const expected = native(file, ...options);
        assert.notEqual(unsaid(expected), expected);
        compare(unsaid(found), unsaid(expected), file.name);
      } finally {
        await visitor.close();
      }
    });
  });
}
