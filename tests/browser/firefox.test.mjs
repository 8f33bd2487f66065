// The built site in Firefox: a document, figures, a summary, a scan, models, Stop, a reload, no network. What is tested
// in depth in Chromium is tried here once, because another engine runs it.
//
// FIREFOX is the browser's path; else Debian's, Ubuntu's or macOS's is taken.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import puppeteer from "puppeteer-core";
import { DIST, PREFIX, RECTO, until } from "./harness.mjs";
import { Hub } from "./hub.mjs";
import { makeModels } from "./models.mjs";
import { longPdf } from "./pdf.mjs";
import { serve } from "./serve.mjs";
import { dropOnPage, fixture, forPage, hasPages, keptOnPage, stopOnPage } from "./site.mjs";

const SCAN = path.join(import.meta.dirname, "../ocr/phototest.pdf");
const OCR_MODELS = path.join(import.meta.dirname, "../../public/models/ocr");

function firefoxProgram() {
  const candidates = [
    process.env.FIREFOX,
    "/usr/bin/firefox-esr",
    "/usr/bin/firefox",
    "/Applications/Firefox.app/Contents/MacOS/firefox",
  ];
  const onPath = (process.env.PATH ?? "").split(path.delimiter).map((folder) => path.join(folder, "firefox"));
  const found = [...candidates, ...onPath].find((candidate) => candidate && existsSync(candidate));
  if (!found) throw new Error("no Firefox found; set FIREFOX to its path");
  return found;
}

let folder;
let browser;
let hub;
let replace;
before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "recto-firefox-"));
  hub = await Hub.start({ plain: true });
  replace = { "models.json": JSON.stringify(makeModels(path.join(folder, "models"), hub)) };
  browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: firefoxProgram(),
    headless: true,
    // Wide enough for pages beside their text.
    defaultViewport: { width: 1280, height: 900 },
  });
});
after(async () => {
  await browser?.close();
  await hub?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The Markdown that the command line makes of a file. */
function natively({ name, data }) {
  const target = mkdtempSync(path.join(folder, "native-"));
  const input = path.join(target, name);
  writeFileSync(input, data);
  execFileSync(RECTO, ["convert", input, "-o", target, "--no-captions", "--quiet", "--ocr-models", OCR_MODELS]);
  return readFileSync(path.join(target, name.replace(".pdf", ".md")), "utf8");
}

/** The app in a window with storage of its own, worked by the names of its parts. */
class Site {
  static async open({ url }, query = "") {
    const site = new Site();
    site.context = await browser.createBrowserContext();
    site.page = await site.context.newPage();
    site.errors = [];
    site.page.on("pageerror", (error) => site.errors.push(String(error)));
    await site.page.goto(url + query);
    await site.wait("drop-zone");
    return site;
  }

  /** What `look` gives of all elements called `name`. */
  all(name, look, ...more) {
    return this.page.$$eval(`[data-testid="${name}"]`, look, ...more);
  }

  wait(name, within = 20_000) {
    return until(name, () => this.all(name, (found) => found.length > 0), { within });
  }

  async text(name) {
    await this.wait(name);
    return this.all(name, (found) => found.map((it) => it.textContent).join("\n"));
  }

  async click(name) {
    await this.wait(name);
    await this.all(name, ([found]) => found.click());
  }

  drop(...files) {
    return this.page.evaluate(dropOnPage, forPage(files));
  }

  async reach(name, state, within = 150_000) {
    const find = (all, name) => all.find((it) => it.textContent.includes(name))?.dataset.state;
    let last;
    const reached = async () => (last = await this.all("queue-item", find, name)) === state;
    await until(`${name} to be ${state}`, reached, { within }).catch(async (error) => {
      throw new Error(`${error.message} (it is ${last}; ${await this.text("working").catch(() => "")}; ${this.errors.join("; ")})`);
    });
  }

  async source() {
    await this.click("tab-source");
    return this.text("source");
  }

  async reload() {
    await this.page.reload();
    await this.wait("drop-zone");
  }

  /** Waits until the service worker keeps everything that the site is made of. */
  async kept() {
    await until(
      "everything to be kept",
      () =>
        this.page.evaluate(async () => {
          if (!navigator.serviceWorker.controller) return false;
          const script = await (await fetch("sw.js")).text();
          const { core, later } = JSON.parse(/^const BUILD = (.*);$/m.exec(script)[1]);
          const kept = await (await caches.open((await caches.keys())[0])).keys();
          return kept.length === Object.keys(core).length + Object.keys(later).length;
        }),
      { within: 60_000, every: 200 },
    );
  }
}

async function open(act, { query = "", dist = DIST, replaced = replace } = {}) {
  const server = await serve(dist, { prefix: PREFIX, replace: replaced });
  let site;
  try {
    site = await Site.open(server, query);
    await act(site, server);
    assert.deepEqual(site.errors, []);
  } finally {
    await site?.context.close();
    await server.close();
  }
}

describe("firefox", () => {
  it("converts as the command line does, shows figures, and summarises in the document's own sentences", () =>
    open(async (site) => {
      const file = fixture("figures.pdf");
      await site.drop(file);
      await site.reach(file.name, "done");
      assert.equal(await site.source(), natively(file));
      await site.click("tab-figures");
      const loaded = () =>
        site.page.$$eval('[data-testid="figure"] img', (all) => all.map((it) => it.complete && it.naturalWidth > 50));
      await until("the figures", async () => (await loaded()).length > 0 && (await loaded()).every(Boolean));
      await site.click("tab-summary");
      assert.match(await site.text("method"), /extractive/);
      assert.ok((await site.text("summary-text")).length > 50);
      const drawn = () =>
        site.page.$eval('[data-testid="page"] canvas', (it) => {
          if (it.width < 100) return 0;
          const { data } = it.getContext("2d").getImageData(0, 0, it.width, it.height);
          return new Set(new Uint32Array(data.buffer)).size;
        });
      await until("the first page's picture", async () => (await drawn()) > 10);
    }));

  it("is isolated, and says what this browser can do", () =>
    open(async (site) => {
      assert.equal(await site.page.evaluate(() => crossOriginIsolated), true);
      await site.click("open-settings");
      const abilities = await site.text("abilities");
      assert.match(abilities, /Relaxed SIMD: models compute at full speed/);
      assert.match(abilities, /Storage: documents and models can be kept/);
      assert.match(abilities, /Memory: the browser does not tell/);
      assert.match(abilities, /Offline: after one visit/);
      const several = await site.page.evaluate(() => navigator.hardwareConcurrency > 1);
      assert.match(await site.text("model-program"), several ? /threads/ : /one thread/);
    }));

  it("reads a scan as the command line does", () =>
    open(async (site) => {
      const file = { name: "phototest.pdf", data: readFileSync(SCAN) };
      await site.drop(file);
      await site.reach(file.name, "done");
      const source = await site.source();
      assert.match(source, /The quick brown dog jumped over the lazy fox/);
      assert.equal(source, natively(file));
    }));

  it("stops within a second, and goes on with what is kept after a reload", () =>
    open(async (site) => {
      await site.drop({ name: "book.pdf", data: longPdf(600, { lines: 60 }) });
      const pages = () => site.all("page-text", (all) => all.length);
      await until("some pages", async () => (await pages()) > 10);
      const millis = await site.page.evaluate(stopOnPage, "book.pdf");
      assert.ok(millis < 1000, `stopped after ${millis} ms`);
      await until("the diary", async () => hasPages(await site.page.evaluate(keptOnPage)));
      await site.reload();
      assert.match(await site.text("earlier-item"), /book\.pdf.*not finished/);
      await site.click("open-earlier");
      await site.reach("book.pdf", "done");
      assert.match(await site.text("queue-status"), /600 pages/);
    }));

  it("describes and summarises with models, and does so again without its server and the models' host", async () => {
    const dist = path.join(folder, "site");
    // A version of its own, whose list of models is that of the small ones.
    cpSync(DIST, dist, { recursive: true });
    writeFileSync(path.join(dist, "models.json"), replace["models.json"]);
    execFileSync(process.execPath, [path.join(import.meta.dirname, "../../.ci/precache.mjs"), dist], { stdio: "ignore" });
    const query = `?models=http://127.0.0.1:${hub.port}/`;
    await open(
      async (site, server) => {
        await site.kept();
        await site.click("open-settings");
        await site.click("set-always");
        await site.click("close-settings");
        const file = fixture("figures.pdf");
        const described = async () => {
          await site.drop(file);
          await site.reach(file.name, "done");
          await site.click("tab-figures");
          const texts = await site.all("description", (all) => all.map((it) => it.value));
          assert.ok(texts.some((it) => it.length > 3), JSON.stringify(texts));
          await site.click("tab-summary");
          assert.match(await site.text("method"), /generated by tiny-t5/);
          return texts;
        };
        const before = await described();
        await server.close();
        hub.off = true;
        await site.reload();
        assert.equal(await site.page.evaluate(() => crossOriginIsolated), true);
        assert.deepEqual(await described(), before);
        await site.reload();
        await site.drop({ name: "phototest.pdf", data: readFileSync(SCAN) });
        await site.reach("phototest.pdf", "done");
        assert.match(await site.source(), /quick brown dog/);
      },
      { query, dist, replaced: {} },
    );
  });
});
