// Every build of the program that runs models computes what it should, and the page picks the right one.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { referenceFiles } from "../reference.mjs";
import { Site } from "../site.mjs";
import { barePage, modelPrograms, spawnWorker } from "../worker_page.mjs";

/** Threads that a program is asked to start. */
const threadsOf = (program) => (program === "models-threads" ? 2 : 1);

export function tests(harness) {
  describe("variants", () => {
    const references = [
      ["text", referenceFiles("t5-flan-tiny")],
      ["text", referenceFiles("t5-v1-tiny")],
      ["caption", referenceFiles("blip-tiny")],
    ];
    const programs = modelPrograms();
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
