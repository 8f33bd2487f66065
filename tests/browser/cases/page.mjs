// What a check of web pages asks of the page itself, empty and on a phone: words for search engines and readers, nothing
// on the console, nothing that jumps while it loads, and that it can be installed.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { DIST, PREFIX, until } from "../harness.mjs";
import { serve } from "../serve.mjs";
import { Site } from "../site.mjs";

const PRECACHE = path.join(import.meta.dirname, "../../../.ci/precache.mjs");
const PHONE = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
/** More than this moves things from under a reader's eyes (the bound that web.dev calls good). */
const MOST_SHIFT = 0.1;
/** Chromium shows screenshots of these sides in pixels, the longer at most so many times the shorter. */
const SCREENSHOT_SIDES = [320, 3840];
const SCREENSHOT_RATIO = 2.3;

export function tests(harness) {
  const open = async (act, { server = harness.site, ...options } = {}) => {
    const visitor = await harness.visitor(options);
    try {
      await visitor.context.addInitScript(() => {
        window.shift = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
        }).observe({ type: "layout-shift", buffered: true });
      });
      await act(await Site.open(visitor, server), visitor);
    } finally {
      await visitor.close();
    }
  };
  /** The site as a version of its own, with its service worker and the small models. */
  const installed = async (act, options = {}) => {
    const folder = path.join(harness.folder, "page");
    rmSync(folder, { recursive: true, force: true });
    cpSync(DIST, folder, { recursive: true });
    writeFileSync(path.join(folder, "models.json"), JSON.stringify(harness.registry));
    execFileSync(process.execPath, [PRECACHE, folder], { stdio: "ignore" });
    const server = await serve(folder, { prefix: PREFIX });
    try {
      const own = { server, serviceWorkers: "allow", ...options };
      await open((site, visitor) => act(site, visitor, server), own);
    } finally {
      await server.close();
    }
  };
  const pngSize = (data) => `${data.readUInt32BE(16)}x${data.readUInt32BE(20)}`;

  describe("page", () => {
    it("says what it is, in its head and to who comes for the first time", () =>
      open(async ({ page }) => {
        const head = await page.evaluate(() => ({
          lang: document.documentElement.lang,
          charset: document.characterSet,
          title: document.title,
          ...Object.fromEntries([...document.querySelectorAll("meta[name]")].map((it) => [it.name, it.content])),
        }));
        assert.equal(head.lang, "en");
        assert.equal(head.charset, "UTF-8");
        assert.match(head.title, /^.{10,60}$/);
        assert.match(head.description, /^.{50,160}$/);
        assert.match(head.viewport, /width=device-width/);
        assert.doesNotMatch(head.viewport, /maximum-scale|user-scalable=no/);
        assert.match(head["theme-color"], /^#[0-9a-f]{6}$/);
        // What happens where, in two sentences, before anything is dropped.
        const [brand, privacy] = await page.evaluate(() =>
          [".brand p", ".privacy"].map((place) => document.querySelector(place).textContent.replace(/\s+/g, " ").trim()),
        );
        assert.match(brand, /Nothing leaves this computer\.$/);
        assert.equal(privacy.split(/\.(?:\s|$)/).filter(Boolean).length, 2, privacy);
        assert.match(privacy, /never uploaded.*run in this page.*in this browser.*Models.*downloaded/);
      }));

    it("marks models that nobody has tried yet", async () => {
      const registry = readFileSync(path.join(import.meta.dirname, "../../../public/models.json"), "utf8");
      const unverified = JSON.parse(registry).models.filter((it) => !it.verified && !it.unavailable);
      const before = harness.replace["models.json"];
      harness.replace["models.json"] = registry;
      try {
        await open((site) =>
          site.settings(async () => {
            for (const { id } of unverified) {
              assert.match(await site.at(`model-${id}`).getByTestId("unverified").textContent(), /nobody has tried/);
            }
          }),
        );
      } finally {
        harness.replace["models.json"] = before;
      }
      assert.ok(unverified.length > 0);
    });

    for (const [device, options] of [["a desktop", {}], ["a phone", PHONE]]) {
      it(`loads on ${device} without a word on the console, and without moving what is there`, (test) =>
        installed(async ({ page }, visitor) => {
          await page.waitForTimeout(500);
          const shift = await page.evaluate(() => window.shift);
          assert.ok(shift <= MOST_SHIFT, `layout shift ${shift}`);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(wide <= 0, `${wide} pixels too wide`);
          assert.deepEqual(visitor.console.filter((line) => /^(error|warning):/.test(line)), []);
          assert.deepEqual(visitor.errors, []);
          const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
          test.diagnostic(`first contentful paint after ${Math.round(paint)} ms, layout shift ${shift.toFixed(3)}`);
        }, options));
    }

    it("can be installed, and starts without a network", () =>
      installed(async ({ page }, visitor, server) => {
        await until("the service worker", () =>
          page.evaluate(() => navigator.serviceWorker.controller?.state === "activated"));
        const session = await visitor.context.newCDPSession(page);
        const { errors, data, url } = await session.send("Page.getAppManifest");
        assert.deepEqual(errors, []);
        const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
        // A visitor of these tests is as in a private window, from which nothing is installed.
        assert.deepEqual(installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito"), []);
        const manifest = JSON.parse(data);
        assert.equal(manifest.file_handlers[0].accept["application/pdf"][0], ".pdf");
        assert.ok(manifest.shortcuts.length > 0);
        const pictures = [...manifest.icons, ...manifest.screenshots];
        for (const { src, sizes } of pictures) {
          const response = await page.request.get(new URL(src, url).href);
          assert.equal(pngSize(await response.body()), sizes, src);
        }
        for (const { sizes, form_factor: form } of manifest.screenshots) {
          const [width, height] = sizes.split("x").map(Number);
          const [short, long] = [Math.min(width, height), Math.max(width, height)];
          assert.ok(short >= SCREENSHOT_SIDES[0] && long <= SCREENSHOT_SIDES[1], sizes);
          assert.ok(long <= SCREENSHOT_RATIO * short, `${sizes} would not be shown`);
          assert.equal(form, width > height ? "wide" : "narrow");
        }
        const forms = manifest.screenshots.map((it) => it.form_factor);
        assert.ok(forms.includes("wide") && forms.includes("narrow"), forms.join());
        await server.close();
        await visitor.context.setOffline(true);
        const start = new URL(manifest.start_url, url);
        const status = await page.evaluate(async (start) => (await fetch(start)).status, start.href);
        assert.equal(status, 200);
        // As it is opened from the desktop, by a shortcut.
        await page.goto(new URL(manifest.shortcuts[0].url, url).href);
        await page.getByTestId("settings").waitFor();
      }));

    it("takes PDFs that are opened with the installed app", () =>
      installed(async (site) => {
        // Headless browsers open nothing from a file manager: what the page asked to be told with is told.
        const { page } = site;
        await page.addInitScript(() => {
          window.launchQueue.setConsumer = (consumer) => (window.launched = consumer);
        });
        await page.reload();
        await site.at("drop-zone").waitFor();
        await page.evaluate(async () => {
          const data = await (await fetch("index.html")).arrayBuffer();
          const file = new File([data], "letter.pdf", { type: "application/pdf" });
          await window.launched({ files: [{ getFile: () => Promise.resolve(file) }] });
        });
        await site.reach("letter.pdf", "failed");
        assert.match(await site.at("error").textContent(), /not a PDF/);
      }));
  });
}
