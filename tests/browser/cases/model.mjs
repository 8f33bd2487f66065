// Models run by the worker program itself.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { barePage, spawnWorker } from "../worker_page.mjs";

const PICTURE = readFileSync(path.join(import.meta.dirname, "../../models/pictures/logo.png"));

export function tests(harness) {
  const [blip, t5] = harness.registry.models;
  const open = async (act) => {
    const visitor = await harness.visitor();
    try {
      const page = await barePage(visitor, harness.site);
      await act(await spawnWorker(page, "recto-model", "models"), page, visitor);
    } finally {
      await visitor.close();
    }
  };
  const fetchModel = async (worker, model) => {
    await worker.send({ request: "download", model, base_url: null });
    await worker.wait(`it.id === '${model.id}' && it.state?.state === 'done'`);
  };
  const ended = (worker, stage) =>
    worker.wait(`it.event?.event === 'stage_ended' && it.event.stage === '${stage}'`, 60_000);

  describe("model", () => {
    it("describes figures, and keeps the model for the next", () =>
      open(async (worker) => {
        await fetchModel(worker, blip);
        await worker.send({ request: "describe", job: 1, model: blip, figures: ["p1-f1"] }, PICTURE);
        const report = await ended(worker, "vision");
        assert.equal(report.event.outcome.kind, "done", JSON.stringify(report));
        assert.ok(report.event.counts.tokens > 0);
        const heard = await worker.heard();
        const loading = heard.filter((it) => it.event?.activity === "loading tiny-blip");
        assert.ok(loading.length > 2, "loading is told");
        assert.ok(heard.some((it) => it.event?.event === "described" && it.event.description.model === "tiny-blip"));
        await worker.forget();
        await worker.send({ request: "describe", job: 1, model: blip, figures: ["p1-f2"] }, PICTURE);
        await ended(worker, "vision");
        const again = (await worker.heard()).filter((it) => /loading/.test(it.event?.activity));
        assert.deepEqual(again, []);
      }));

    it("says when a model is not stored, or its file is damaged", () =>
      open(async (worker, page) => {
        await worker.send({ request: "describe", job: 1, model: blip, figures: ["p1-f1"] }, PICTURE);
        const report = await ended(worker, "vision");
        assert.equal(report.event.outcome.kind, "failed");
        assert.match(report.event.outcome.reason, /Tiny BLIP.*not stored/);
        await fetchModel(worker, blip);
        const program = page.workers().find((it) => it.url().startsWith("blob:"));
        await program.evaluate(async () => {
          const root = await navigator.storage.getDirectory();
          const folder = await (await root.getDirectoryHandle("models")).getDirectoryHandle("tiny-blip");
          const file = await (await folder.getFileHandle("model.gguf")).createSyncAccessHandle();
          file.truncate(1000);
          file.close();
        });
        await worker.forget();
        await worker.send({ request: "describe", job: 1, model: blip, figures: ["p1-f1"] }, PICTURE);
        const damaged = await ended(worker, "vision");
        assert.match(damaged.event.outcome.reason, /delete it and download it again/);
      }));

    it("refuses a model of the other kind", () =>
      open(async (worker) => {
        await fetchModel(worker, t5);
        await worker.send({ request: "describe", job: 1, model: t5, figures: ["p1-f1"] }, PICTURE);
        const report = await ended(worker, "vision");
        assert.match(report.event.outcome.reason, /something else/);
      }));
  });
}
