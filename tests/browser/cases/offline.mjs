// The app without a network, and from one version to the next.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { DIST, PREFIX, until } from "../harness.mjs";
import { longPdf } from "../pdf.mjs";
import { serve } from "../serve.mjs";
import { Site, fixture } from "../site.mjs";

const SCAN = path.join(import.meta.dirname, "../../ocr/phototest.pdf");
const PRECACHE = path.join(import.meta.dirname, "../../../.ci/precache.mjs");

export function tests(harness) {
  /** A copy of the built site with `changes` (path to text), as a version of its own. */
  const build = (name, changes = {}) => {
    const folder = path.join(harness.folder, name);
    rmSync(folder, { recursive: true, force: true });
    cpSync(DIST, folder, { recursive: true });
    const registry = { "models.json": JSON.stringify(harness.registry) };
    for (const [file, text] of Object.entries({ ...registry, ...changes })) writeFileSync(path.join(folder, file), text);
    execFileSync(process.execPath, [PRECACHE, folder], { stdio: "ignore" });
    return folder;
  };
  const open = async (folder, act, { served = {}, ...options } = {}) => {
    const server = await serve(folder, { prefix: PREFIX, ...served });
    const visitor = await harness.visitor({ serviceWorkers: "allow", ...options });
    try {
      const site = await Site.open(visitor, server);
      await act(site, site.page, visitor, server);
      assert.deepEqual(visitor.errors, []);
    } finally {
      await visitor.close();
      await server.close();
    }
  };
  /** Waits until a version is kept and in charge. */
  const controlled = (page) =>
    until("the service worker", () => page.evaluate(() => navigator.serviceWorker.controller?.state === "activated"));
  const caches = (page) => page.evaluate(() => window.caches.keys());
  const allKept = (page) =>
    until("everything to be kept", () =>
      page.evaluate(async () => {
        const [name] = await window.caches.keys();
        const script = await (await fetch("sw.js")).text();
        const { core, later } = JSON.parse(/^const BUILD = (.*);$/m.exec(script)[1]);
        const count = (await (await window.caches.open(name)).keys()).length;
        return count === Object.keys(core).length + Object.keys(later).length;
      }),
    );

  describe("offline", () => {
    it("opens, converts, describes and summarises without a network, after one visit", () =>
      open(build("one"), async (site, page, visitor, server) => {
        await controlled(page);
        await allKept(page);
        await site.always();
        await site.drop(fixture("figures.pdf"));
        await site.reach("figures.pdf", "done");
        const before = JSON.parse((await site.save("save-json")).data);
        await server.close();
        await visitor.context.setOffline(true);
        await page.reload();
        await site.at("drop-zone").waitFor();
        assert.equal(await page.evaluate(() => crossOriginIsolated), true);
        await site.drop(fixture("figures.pdf"));
        await site.reach("figures.pdf", "done");
        const after = JSON.parse((await site.save("save-json")).data);
        assert.ok(after.figures.some((figure) => figure.description?.model), "a model described a figure");
        assert.deepEqual(after.synopsis.summary.method, { model: "tiny-t5" });
        assert.deepEqual(after, before);
        // What reads scans is kept too, though this is the first.
        await site.drop({ name: "scan.pdf", data: readFileSync(SCAN) });
        await site.reach("scan.pdf", "done");
        await site.item("scan.pdf").getByRole("button").first().click();
        assert.match(await site.source(), /quick brown dog/);
      }));

    it("is not installed from a site that is half uploaded, and works on", async () => {
      const folder = build("half");
      const script = path.join(folder, "boot.js");
      writeFileSync(script, `${readFileSync(script, "utf8")}\n// of the next version\n`);
      await open(folder, async (site, page) => {
        await until("the refusal", () =>
          page.evaluate(async () => !(await navigator.serviceWorker.getRegistration())?.installing),
        );
        assert.equal(await page.evaluate(() => navigator.serviceWorker.controller), null);
        await until("nothing of it to be kept", async () => (await caches(page)).length === 0);
        await site.drop(fixture("tables.pdf"));
        await site.reach("tables.pdf", "done");
      });
    });

    it("offers an update, finishes the document at hand with the old version, and changes over when told", async () => {
      const folder = build("update");
      await open(folder, async (site, page) => {
        await controlled(page);
        const [old] = await caches(page);
        const model = site.at("model-tiny-t5");
        await site.settings(async () => {
          await model.getByTestId("download").click();
          await model.getByTestId("stored").waitFor();
        });
        await site.drop({ name: "book.pdf", data: longPdf(300) });
        await until("some pages", async () => (await site.at("page-text").count()) > 2);
        // The next build, with another list of models and a mark on its page.
        const index = readFileSync(path.join(folder, "index.html"), "utf8");
        const marked = index.replace("<title>", '<meta name="build" content="next"><title>');
        const fewer = { ...harness.registry, models: harness.registry.models.filter(({ id }) => id === "tiny-t5") };
        build("update", { "index.html": marked, "models.json": JSON.stringify(fewer) });
        await page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
        await site.at("update").waitFor();
        assert.match(await site.at("update").textContent(), /save what you need/);
        // What is asked for meanwhile is of the old version, though the server has the new one.
        const { models } = await page.evaluate(async () => (await fetch("models.json")).json());
        assert.ok(models.length > 1, "the old list of models");
        await site.kill("recto-document");
        await site.reach("book.pdf", "done");
        assert.match(await site.status("book.pdf"), /300 pages/);
        assert.equal(await page.locator('meta[name="build"]').count(), 0);

        await site.at("apply-update").click();
        await page.locator('meta[name="build"]').waitFor({ state: "attached" });
        await site.at("drop-zone").waitFor();
        const now = await until("one version", async () => {
          const names = await caches(page);
          return names.length === 1 && names;
        });
        assert.notEqual(now[0], old);
        await site.settings(() => model.getByTestId("stored").waitFor());
        const asked = harness.hub.requests.length;
        await site.drop(fixture("tables.pdf"));
        await site.reach("tables.pdf", "done");
        const { synopsis } = JSON.parse((await site.save("save-json")).data);
        assert.deepEqual(synopsis.summary.method, { model: "tiny-t5" }, "with the model of the old version's visit");
        assert.equal(harness.hub.requests.length, asked);
      });
    });

    it("does not pull the ground from under another tab", async () => {
      const folder = build("tabs");
      await open(folder, async (site, page, visitor, server) => {
        await controlled(page);
        const other = await visitor.context.newPage();
        await other.goto(server.url);
        build("tabs", { "models.json": '{"version":1,"models":[]}' });
        await page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
        await site.at("update").waitFor();
        await site.at("apply-update").click();
        await site.at("toast").waitFor();
        assert.match(await site.at("toast").textContent(), /another tab/);
        assert.equal((await caches(page)).length, 2, "both versions are there");
        await other.close();
        await site.at("apply-update").click();
        await until("one version", async () => (await caches(page).catch(() => [])).length === 1);
      });
    });

    it("isolates the page on a host without the headers, with one reload", () =>
      open(
        build("bare"),
        async (site, page) => {
          let loads = 0;
          page.on("load", () => (loads += 1));
          await until("isolation", () => page.evaluate(() => crossOriginIsolated).catch(() => false));
          await page.waitForTimeout(500);
          assert.ok(loads <= 1, `${loads} reloads`);
          await site.drop(fixture("tables.pdf"));
          await site.reach("tables.pdf", "done");
        },
        { served: { isolated: false } },
      ));

    it("reloads once where that does not isolate it (in a frame), and works there on one thread", () =>
      open(
        build("frame", { "frame.html": '<!doctype html><title>x</title><iframe src="./"></iframe>' }),
        async (_, page, visitor, server) => {
          const frame = await visitor.context.newPage();
          let loads = 0;
          frame.on("framenavigated", (it) => (loads += it.parentFrame() ? 1 : 0));
          await frame.goto(`${server.url}frame.html`);
          const inner = frame.frames()[1];
          await until("the service worker", () =>
            inner.evaluate(() => navigator.serviceWorker.controller?.state === "activated").catch(() => false));
          await frame.waitForTimeout(1500);
          assert.ok(loads <= 2, `${loads} loads`);
          assert.equal(await inner.evaluate(() => crossOriginIsolated), false);
          await inner.getByTestId("open-settings").click();
          assert.match(await inner.getByTestId("abilities").textContent(), /not isolated, so models run on one thread/);
        },
        { served: { isolated: false } },
      ));

    it("takes a PDF from the share menu", () =>
      open(build("share"), async (site, page) => {
        await controlled(page);
        const { name, data } = fixture("tables.pdf");
        const landed = await page.evaluate(
          async ([name, data]) => {
            const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
            const form = new FormData();
            form.append("pdf", new File([bytes], name, { type: "application/pdf" }));
            return (await fetch("share", { method: "POST", body: form })).url;
          },
          [name, data.toString("base64")],
        );
        assert.match(landed, /\?shared$/);
        await page.goto(landed);
        await site.reach("tables.pdf", "done");
        assert.doesNotMatch(page.url(), /shared/);
        await page.reload();
        await site.at("drop-zone").waitFor();
      }));
  });
}
