// Every build of the programs that compute most computes what it should, and the page picks the right one.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { referenceFiles } from "../reference.mjs";
import { Site } from "../site.mjs";
import { barePage, builds, spawnWorker } from "../worker_page.mjs";

/** Threads that a program is asked to start. */
const threadsOf = (program) => (program === "models-threads" ? 2 : 1);

export function tests(harness) {
  describe("variants", () => {
    const references = [
      ["text", referenceFiles("t5-flan-tiny")],
      ["text", referenceFiles("t5-v1-tiny")],
      ["caption", referenceFiles("blip-tiny")],
    ];
    const programs = builds("models");
    for (const program of programs) {
      it(`${program} meets the reference in each precision`, async () => {
        const visitor = await harness.visitor();
        try {
          const page = await barePage(visitor, harness.site);
          const worker = await spawnWorker(page, "recto-model", program, threadsOf(program));
          for (const [kind, files] of references) {
            await worker.forget();
            await worker.send({ request: "compare", kind }, ...files);
            const { found } = await worker.wait("it.response === 'compared'", 120_000);
            const [failed, all] = found.Ok ?? [[JSON.stringify(found)], 0];
            assert.deepEqual(failed, []);
            assert.ok(all > 10, `${all} comparisons`);
          }
        } finally {
          await visitor.close();
        }
      });
    }

    it("each build of the program that reads scans reads the same", async () => {
      const visitor = await harness.visitor();
      try {
        const page = await barePage(visitor, harness.site);
        const { models } = await (await page.request.get(`${harness.site.url}models.json`)).json();
        const model = models.find((entry) => entry.kind === "scan");
        const readings = [];
        for (const program of builds("scans")) {
          const worker = await spawnWorker(page, "recto-scan", program);
          const [width, height] = [640, 160];
          const lines = ["Of all the ships in the harbour", "only two could sail at night."];
          const pixels = await page.evaluate(({ width, height, lines }) => {
            const context = new OffscreenCanvas(width, height).getContext("2d");
            context.fillStyle = "white";
            context.fillRect(0, 0, width, height);
            context.fillStyle = "black";
            context.font = "32px serif";
            lines.forEach((line, index) => context.fillText(line, 40, 60 + 50 * index));
            const { data } = context.getImageData(0, 0, width, height);
            return Array.from(data).filter((_, index) => index % 4 < 3);
          }, { width, height, lines });
          const request = { request: "read_pixels", job: 1, page: 1, width_px: width, height_px: height, model, base_url: null };
          await worker.send(request, Buffer.from(pixels));
          const { read, error } = await worker.wait("it.response === 'pixels_read'", 120_000);
          assert.equal(error, null);
          const texts = read.lines.map((line) => line.words.map((word) => word.text).join(" "));
          assert.deepEqual(texts.sort(), lines.sort());
          readings.push(read.lines.map((line) => line.size.toFixed(1)).sort());
        }
        assert.equal(readings.length, 2, "plain and relaxed SIMD");
        assert.deepEqual(readings[0], readings[1]);
      } finally {
        await visitor.close();
      }
    });

    it("the page says which one runs, and why", async () => {
      const visitor = await harness.visitor();
      try {
        const site = await Site.open(visitor, harness.site);
        await site.settings(async () => {
          const cores = await site.page.evaluate(() => Math.min(navigator.hardwareConcurrency, 8));
          const words = await site.at("model-program").textContent();
          const threads = cores > 1 && programs.includes("models-threads");
          const wanted = threads ? `on ${cores} threads with relaxed SIMD` : "on one thread with relaxed SIMD";
          assert.ok(words.includes(wanted), words);
        });
      } finally {
        await visitor.close();
      }
    });
  });
}
