// The app with models: downloads, descriptions, summaries, answers.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { until } from "../harness.mjs";
import { Site, fixture } from "../site.mjs";

export function tests(harness) {
  const { hub, registry } = harness;
  const [blip, t5] = registry.models;
  const weights = (model) => model.files[0].url;
  const open = async (act) => {
    const visitor = await harness.visitor();
    try {
      await act(await Site.open(visitor, harness.site), visitor);
      assert.deepEqual(visitor.errors, []);
    } finally {
      hub.off = false;
      hub.mend(weights(blip));
      hub.mend(weights(t5));
      await visitor.close();
    }
  };
  /** Downloads a model from the settings. */
  const download = (site, model) =>
    site.settings(async () => {
      const row = site.at(`model-${model.id}`);
      await row.getByTestId("download").click();
      await row.getByTestId("stored").waitFor({ timeout: 30_000 });
    });
  const figures = () => fixture("figures.pdf");

  describe("app with models", () => {
    it("downloads nothing before it is asked to", () =>
      open(async (site, visitor) => {
        const before = hub.requests.length;
        await site.drop(figures());
        await site.reach("figures.pdf", "done");
        assert.equal(hub.requests.length, before);
        assert.deepEqual(visitor.requests.filter((it) => /huggingface|hf\.co/.test(it)), []);
        await site.tab("summary");
        // Without a model the summary is extractive, and says so.
        assert.match(await site.at("method").first().textContent(), /TextRank|sentences|extract/i);
      }));

    it("describes figures and summarises, showing how far it is", () =>
      open(async (site) => {
        hub.fault(weights(blip), { bytesPerSecond: 8 << 20 });
        await site.always();
        await site.drop(figures());
        const seen = new Set();
        await until("the work to end", async () => {
          for (const stage of ["stage-extraction", "stage-vision", "stage-text"]) {
            const text = await site.at(stage).locator(".stage-text").textContent({ timeout: 50 }).catch(() => "");
            if (text) seen.add(`${stage}: ${text}`);
          }
          return (await site.item("figures.pdf").getAttribute("data-state")) === "done";
        });
        const told = [...seen].join("\n");
        assert.match(told, /downloading Tiny BLIP: .* of 1[23]/, told);
        await site.tab("figures");
        const described = await site.at("description").evaluateAll((all) => all.map((it) => it.value));
        assert.ok(described.some((it) => it.length > 3), JSON.stringify(described));
        await site.tab("summary");
        await site.at("summary-text").first().waitFor();
        const document = JSON.parse((await site.save("save-json")).data);
        assert.ok(document.figures.some((it) => it.description?.model === "tiny-blip"));
        assert.deepEqual(document.synopsis.summary.method, { model: "tiny-t5" });
        // A description is the person's to change.
        const field = site.at("description").first();
        await site.tab("figures");
        await field.fill("A house by the sea.");
        await field.blur();
        assert.match(await site.source(), /A house by the sea/);
      }));

    it("answers a question with pages", () =>
      open(async (site) => {
        await download(site, t5);
        await site.drop(fixture("paper.pdf"));
        await site.reach("paper.pdf", "done");
        await site.tab("summary");
        await site.at("question").fill("Which software does the course use?");
        await site.at("ask").click();
        const answers = site.at("answers");
        await until("an answer", async () => /page/i.test(await answers.textContent()));
      }));

    it("loads models on a second visit without the network", () =>
      open(async (site, visitor) => {
        await download(site, blip);
        await download(site, t5);
        await site.page.close();
        hub.off = true;
        const before = hub.requests.length;
        const again = await Site.open(visitor, harness.site);
        await again.drop(figures());
        await again.reach("figures.pdf", "done");
        const document = JSON.parse((await again.save("save-json")).data);
        assert.ok(document.figures.some((it) => it.description?.model === "tiny-blip"));
        assert.deepEqual(document.synopsis.summary.method, { model: "tiny-t5" });
        assert.equal(hub.requests.length, before);
      }));

    it("resumes a download that is cut in the middle", () =>
      open(async (site) => {
        const before = hub.fetches(weights(blip)).length;
        hub.fault(weights(blip), { cutAfter: 4 << 20 });
        await download(site, blip);
        const [first, second] = hub.fetches(weights(blip)).slice(before);
        assert.equal(first.range, undefined);
        assert.match(second.range, /^bytes=[1-9]\d*-$/);
      }));

    it("refuses a model with a wrong hash, and says so", () =>
      open(async (site) => {
        hub.fault(weights(t5), { wrong: randomBytes(t5.files[0].size) });
        await site.settings(async () => {
          const row = site.at("model-tiny-t5");
          await row.getByTestId("download").click();
          assert.match(await row.getByTestId("download-error").textContent({ timeout: 30_000 }), /SHA-256/);
          assert.equal(await row.getByTestId("stored").count(), 0);
        });
      }));

    it("deletes a stored model", () =>
      open(async (site) => {
        await download(site, t5);
        await site.settings(async () => {
          const row = site.at("model-tiny-t5");
          await row.getByTestId("delete").click();
          await row.getByTestId("download").waitFor();
        });
      }));

    /** Waits until the caption model looks at a figure. */
    const looking = (site) =>
      until("the model to look", async () =>
        /image/.test(await site.at("stage-vision").textContent({ timeout: 100 }).catch(() => "")), { every: 10 });

    it("stops a model within a second and keeps what is there", () =>
      open(async (site) => {
        await download(site, t5);
        await site.drop(fixture("paper.pdf"));
        // A summary takes the tiny model many sections, each of many tokens.
        await until("the model to write", async () =>
          /token/.test(await site.at("stage-text").textContent({ timeout: 100 }).catch(() => "")), { every: 10 });
        const millis = await site.stop("paper.pdf");
        assert.ok(millis < 1000, `stopped after ${millis} ms`);
        assert.ok((await site.source()).length > 2000);
      }));

    it("finishes the document when the models' worker is killed", () =>
      open(async (site) => {
        await download(site, blip);
        await site.drop(figures());
        await looking(site);
        await site.kill("recto-model");
        await site.reach("figures.pdf", "done");
        assert.match(await site.source(), /Manpower/);
      }));
  });
}
