// Doubtful words of a scan: shown with their pictures, kept, changed and taken back, in every form of the result.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { until } from "../harness.mjs";
import { makePdf } from "../pdf.mjs";
import { Site } from "../site.mjs";

/** Signs that look alike in this typeface: nobody could be sure of them. */
const LOOK_ALIKE = {
  name: "codes.pdf",
  data: makePdf([
    {
      lines: [
        "The file lI1|Il|1 was kept for 25 days.",
        "The code Il|lI1|l was given to the owner.",
        "Another word |lI|l1I| of the text stands here.",
        "The sum l|I1l|I| is in all of it.",
      ],
    },
  ]),
};

export function tests(harness) {
  const open = async (act) => {
    const visitor = await harness.visitor();
    try {
      const site = await Site.open(visitor, harness.site);
      await site.settings(async () => {
        await site.at("set-captions").uncheck();
        await site.at("set-summary").uncheck();
        await site.at("set-scans").selectOption("always");
      });
      await site.drop(LOOK_ALIKE);
      await site.reach(LOOK_ALIKE.name, "done");
      await act(site, site.page);
      assert.deepEqual(visitor.errors, []);
    } finally {
      await visitor.close();
    }
  };
  const left = async (site) => Number.parseInt(await site.at("doubts-count").textContent(), 10) || 0;

  describe("doubtful words", () => {
    it("are shown with their pictures, changed, kept and taken back", () =>
      open(async (site, page) => {
        const count = await left(site);
        assert.ok(count >= 3, `${count} doubtful words`);
        await site.at("doubts-toggle").click();
        const field = site.at("doubt-text");
        await until("the field's focus", () => field.evaluate((it) => document.activeElement === it));
        const inked = () =>
          site.at("doubt-picture").evaluate((canvas) => {
            if (canvas.width === 0) return false;
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return data.some((value, at) => at % 4 === 0 && data[at + 3] > 0 && value < 100);
          });
        await until("the word's picture", inked);
        assert.equal(await site.at("doubt-mark").count(), count, "each has its box on the page");

        // Changed with the keyboard alone; the Markdown shows it at once.
        const first = await field.inputValue();
        await page.keyboard.type("R2D2");
        await page.keyboard.press("Enter");
        await site.at("markdown").getByText("R2D2").waitFor();
        await until("one fewer", async () => (await left(site)) === count - 1);
        const document = JSON.parse((await site.save("save-json")).data);
        const word = document.pages[0].words.find(({ text }) => text === "R2D2");
        assert.deepEqual([word.confidence, word.checked], [1, true]);
        assert.match((await site.save("save-md")).data.toString(), /R2D2/);

        // Down and up go to the next and back; kept words leave the list and stay as they are.
        const second = await field.inputValue();
        await field.press("ArrowDown");
        await until("another word", async () => /Word 2 of/.test(await site.at("doubt").textContent()));
        await field.press("ArrowUp");
        await until("the word before", async () => /Word 1 of/.test(await site.at("doubt").textContent()));
        await site.at("doubt-keep").click();
        await until("two fewer", async () => (await left(site)) === count - 2);
        assert.ok((await site.at("markdown").textContent()).includes(second));

        // The last first.
        await site.at("doubt-undo").click();
        await until("one back", async () => (await left(site)) === count - 1);
        await site.at("doubt-undo").click();
        await until("all back", async () => (await left(site)) === count);
        await until("the word as read", async () => (await field.inputValue()) === first);
        await site.at("markdown").getByText("R2D2").waitFor({ state: "detached" });
        assert.ok((await site.at("markdown").textContent()).includes(first));
      }));

    it("leave the panel empty once all are checked, and Escape closes it", () =>
      open(async (site, page) => {
        await site.at("doubts-toggle").click();
        for (let count = await left(site); count > 0; count -= 1) {
          await site.at("doubt-keep").click();
          await until(`${count - 1} left`, async () => (await left(site)) === count - 1);
        }
        await page.getByText("All words are confirmed or corrected.").waitFor();
        await site.at("doubt-undo").click();
        await site.at("doubt-text").press("Escape");
        await site.at("doubt").waitFor({ state: "detached" });
        assert.equal(await site.at("doubt-mark").count(), 0);
        assert.equal(await left(site), 1);
      }));
  });
}
