// Recto as a part of other pages: the module, the element, the frame.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { DIST, FIXTURES, RECTO, until } from "../harness.mjs";
import { longPdf } from "../pdf.mjs";
import { serve } from "../serve.mjs";

/** Where the host pages keep a copy of Recto. */
const COPY = "lib/recto/";
/** What the documentation says a host's policy needs, and no more. */
const STRICT =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src blob:; img-src blob:; " +
  "connect-src 'self' https://huggingface.co https://*.hf.co; frame-src http://127.0.0.1:*; " +
  "require-trusted-types-for 'script'; trusted-types recto recto-worker";
const host = (body, policy = STRICT) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>A host</title>` +
  `<meta http-equiv="Content-Security-Policy" content="${policy}">` +
  `<script type="module" src="${COPY}recto.js"></script><body>${body}`;

/** What the command line makes of a fixture. */
function native(harness, name, ...options) {
  const out = mkdtempSync(path.join(harness.folder, "native-"));
  const quiet = ["--no-captions", "--no-summary", "--no-front-matter"];
  execFileSync(RECTO, ["convert", path.join(FIXTURES, name), "-o", out, ...quiet, ...options], { stdio: "ignore" });
  const stem = name.replace(/\.pdf$/, "");
  return { markdown: readFileSync(path.join(out, `${stem}.md`), "utf8"), json: readFileSync(path.join(out, "document.json"), "utf8") };
}

export function tests(harness) {
  /** A server of another origin with host pages, a copy of Recto, and PDFs; not isolated unless told. */
  const hosting = async (pages, act, { isolated = false } = {}) => {
    const replace = { [`${COPY}models.json`]: JSON.stringify(harness.registry), ...pages };
    const roots = { [COPY]: DIST, "pdf/": FIXTURES };
    const server = await serve(harness.folder, { replace, roots, isolated });
    const visitor = await harness.visitor();
    try {
      await act({ server, visitor, page: await visitor.context.newPage() });
      assert.deepEqual(visitor.errors, []);
      assert.deepEqual(visitor.console.filter((line) => /Content.Security.Policy|Trusted/i.test(line)), []);
    } finally {
      await visitor.close();
      await server.close();
    }
  };
  /** Runs `act(recto, argument)` in the page, with the module. */
  const withModule = (page, act, argument) =>
    page.evaluate(
      // A string, because the page's policy forbids what makes functions from texts in it.
      `(async () => (${act.toString()})(await import(new URL("${COPY}recto.js", document.baseURI).href), ${JSON.stringify(argument)}))()`,
    );
  const workerNames = async (page) =>
    (await Promise.all(page.workers().map((worker) => worker.evaluate(() => self.name).catch(() => "")))).filter(Boolean).sort();

  describe("embedded", () => {
    it("converts without a face, to the same bytes as the command line, under a strict policy and not isolated", () =>
      hosting({ "index.html": host("") }, async ({ server, page }) => {
        await page.goto(server.url);
        assert.equal(await page.evaluate(() => crossOriginIsolated), false);
        const made = await withModule(
          page,
          async ({ convert }, url) => {
            const seen = [];
            const bytes = await (await fetch(url)).arrayBuffer();
            const doc = await convert(bytes, {
              name: "figures.pdf",
              formats: ["markdown", "html", "text", "json", "chunks", "zip"],
              onProgress: ({ stage, activity }) => seen.push(`${stage} ${activity}`),
            });
            const [figure] = doc.figures;
            const start = [...figure.bytes.slice(0, 4)];
            return { ...doc, seen, start, bytes: figure.bytes.length, zip: [...doc.zip.slice(0, 2)] };
          },
          "pdf/figures.pdf",
        );
        const expected = native(harness, "figures.pdf");
        assert.equal(made.markdown, expected.markdown);
        assert.equal(made.json, expected.json);
        assert.ok(made.html.includes("<figure") && made.text.length > 20 && made.chunks.startsWith("{"));
        assert.deepEqual(made.zip, [80, 75]);
        assert.ok(made.bytes > 100 && [137, 255].includes(made.start[0]), "an image file");
        assert.ok(made.seen.includes("markdown opening"), made.seen.join("; "));
        assert.deepEqual(made.stages.map(({ stage, outcome }) => `${stage} ${outcome}`), ["markdown done", "captions skipped", "summary skipped"]);
        assert.equal(made.summary, undefined);
      }));

    it("stops within a second and gives what was finished", () =>
      hosting({ "index.html": host(""), "book.pdf": longPdf(600) }, async ({ server, page }) => {
        await page.goto(server.url);
        const stopped = await withModule(page, async ({ convert }) => {
          const abort = new AbortController();
          let asked;
          const onProgress = ({ done }) => {
            if (done < 3 || asked) return;
            asked = performance.now();
            abort.abort();
          };
          try {
            await convert("book.pdf", { signal: abort.signal, onProgress });
          } catch ({ name, code, partial }) {
            return { name, code, pages: partial.pages, count: partial.pageCount, markdown: partial.markdown.length, took: performance.now() - asked };
          }
        });
        const { took, pages, markdown, ...rest } = stopped;
        assert.deepEqual(rest, { name: "AbortError", code: "stopped", count: 600 });
        assert.ok(took < 1000 && pages >= 3 && pages < 600 && markdown > 100, JSON.stringify(stopped));
      }));

    it("says what is wrong with a call, a password, a file and an address", () =>
      hosting({ "index.html": host(""), "none.pdf": "this is no PDF" }, async ({ server, page }) => {
        await page.goto(server.url);
        const codes = await withModule(page, async ({ convert, configure }) => {
          const code = async (act) => {
            try {
              return (await act()).pageCount;
            } catch (error) {
              return error.message.length > 14 ? error.code : `without words: ${error.message}`;
            }
          };
          const abort = new AbortController();
          const early = code(() => convert("pdf/figures.pdf", { signal: abort.signal }));
          abort.abort();
          return {
            early: await early,
            misspelt: await code(() => convert("pdf/figures.pdf", { stage: ["summary"] })),
            unknown: await code(() => convert("pdf/figures.pdf", { stages: ["caption"] })),
            late: await code(async () => configure({ models: "https://other.example/" })),
            password: await code(() => convert("pdf/password.pdf")),
            wrong: await code(() => convert("pdf/password.pdf", { password: "guess" })),
            broken: await code(() => convert("none.pdf")),
            missing: await code(() => convert("missing.pdf")),
            kind: await code(() => convert(5)),
          };
        });
        assert.deepEqual(codes, {
          early: "stopped", misspelt: "options", unknown: "options", late: "options", password: "password", wrong: "wrong-password",
          broken: "unreadable", missing: "fetch", kind: "options",
        });
      }));

    it("shows a document in the element, with its figures, and runs nothing of it", () =>
      hosting(
        { "index.html": host('<recto-reader src="pdf/figures.pdf" stages="markdown summary"></recto-reader>') },
        async ({ server, page, visitor }) => {
          await page.addInitScript(() => {
            window.told = [];
            for (const name of ["progress", "result", "error", "cancel"]) {
              addEventListener(`recto-${name}`, ({ type }) => window.told.push(type), true);
            }
          });
          await page.goto(server.url);
          const reader = page.locator("recto-reader");
          await reader.locator("[part=document] figure img").first().waitFor();
          const loaded = await reader.locator("img").first().evaluate(async (image) => {
            await image.decode();
            return image.src.startsWith("blob:") && image.naturalWidth > 10;
          });
          assert.ok(loaded, "the figure's own image");
          // Its text, and that a summary was made.
          assert.match(await reader.locator("[part=document]").innerText(), /Summary/);
          assert.equal(await reader.locator("script, style, iframe, object, [onclick]").count(), 0);
          const told = await page.evaluate(() => [...new Set(window.told)]);
          assert.deepEqual(told, ["recto-progress", "recto-result"]);
          // Only this host, and nothing from a hub, because no model was allowed to be downloaded.
          const others = visitor.requests.filter((url) => !url.startsWith(server.url) && !/^(blob|data):/.test(url));
          assert.deepEqual(others, []);
          const [download] = await Promise.all([page.waitForEvent("download"), reader.locator("[part=save]").click()]);
          assert.equal(download.suggestedFilename(), "figures.md");
        },
      ));

    it("asks for a password, takes a dropped file, and speaks another language", () =>
      hosting({ "index.html": host('<recto-reader src="pdf/password.pdf"></recto-reader>') }, async ({ server, page }) => {
        await page.goto(server.url);
        const reader = page.locator("recto-reader");
        await reader.locator("[part=secret]").waitFor();
        await withModule(page, ({ configure }) => configure({ strings: { unlock: "Öffnen", errors: { "wrong-password": "Falsches Passwort." } } }));
        assert.equal(await reader.locator("[part=unlock]").textContent(), "Öffnen");
        await reader.locator("[part=secret]").fill("wrong");
        await reader.locator("[part=unlock]").click();
        await until("the refusal", async () => (await reader.locator("[part=error]").textContent()) === "Falsches Passwort.");
        const text = readFileSync(path.join(FIXTURES, "tables.pdf")).toString("base64");
        await reader.evaluate((element, text) => {
          const data = new DataTransfer();
          data.items.add(new File([Uint8Array.from(atob(text), (it) => it.charCodeAt(0))], "tables.pdf", { type: "application/pdf" }));
          element.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }, text);
        await reader.locator("[part=document] table").first().waitFor();
      }));

    it("shares one worker of a kind and one copy of a model among readers, and lets go of all with the last", () => {
      const one = (name) => `<recto-reader src="pdf/${name}" stages="markdown,captions,summary" download models="captions=tiny-blip,summary=tiny-t5"></recto-reader>`;
      return hosting({ "index.html": host(one("figures.pdf") + one("paper.pdf") + one("figures.pdf")) }, async ({ server, page }) => {
        const loads = [];
        await page.goto(server.url);
        const most = new Map();
        await until("all three", async () => {
          const names = await workerNames(page);
          for (const name of names) most.set(name, Math.max(most.get(name) ?? 0, names.filter((it) => it === name).length));
          return page.evaluate(() => [...document.querySelectorAll("recto-reader")].every((reader) => reader.document));
        }, { within: 90_000 });
        loads.push(...most.values());
        assert.ok(most.has("recto-document") && most.has("recto-model"), [...most.keys()].join());
        assert.ok(loads.every((count) => count === 1), JSON.stringify([...most]));
        const described = await page.evaluate(() => [...document.querySelectorAll("recto-reader")].map((reader) => reader.document.figures.filter((figure) => figure.model === "tiny-blip").length));
        assert.ok(described[0] > 0 && described[0] === described[2], described.join());
        await page.evaluate(() => document.body.replaceChildren());
        await until("the workers to be ended", async () => page.workers().length === 0, { within: 10_000 });
      });
    });

    it("leaves nothing behind when it is removed, 50 times", () =>
      hosting({ "index.html": host("") }, async ({ server, page }) => {
        await page.goto(server.url);
        const mount = (whole) =>
          page.evaluate(async (whole) => {
            const reader = document.createElement("recto-reader");
            reader.src = "pdf/figures.pdf";
            const told = new Promise((resolve, reject) => {
              reader.addEventListener(whole ? "recto-result" : "recto-progress", resolve, { once: true });
              reader.addEventListener("recto-error", ({ detail }) => reject(detail), { once: true });
            });
            document.body.append(reader);
            await told;
            reader.remove();
          }, whole);
        const tools = await page.context().newCDPSession(page);
        await tools.send("Performance.enable");
        const measure = async () => {
          await until("the workers to be ended", async () => page.workers().length === 0, { within: 10_000 });
          await tools.send("HeapProfiler.collectGarbage");
          await tools.send("HeapProfiler.collectGarbage");
          const { metrics } = await tools.send("Performance.getMetrics");
          const metric = (name) => metrics.find((it) => it.name === name).value;
          return { heap: metric("JSHeapUsedSize"), nodes: metric("Nodes"), listeners: metric("JSEventListeners") };
        };
        // One in three is removed while it is at work.
        for (let index = 0; index < 10; index++) await mount(index % 3 !== 2);
        const early = await measure();
        for (let index = 10; index < 50; index++) await mount(index % 3 !== 2);
        const late = await measure();
        const text = JSON.stringify({ early, late });
        assert.ok(late.nodes <= early.nodes + 20, text);
        assert.ok(late.listeners <= early.listeners + 10, text);
        assert.ok(late.heap < early.heap + 1_000_000, text);
      }));

    it("works in a frame of another origin: ready, convert, progress, result, error, cancel", () => {
      const pages = {
        "index.html": host("").replace(/<script.*?<\/script>/, ""),
        "frame-client.js": readFileSync(path.join(DIST, "recto-frame.js"), "utf8"),
        "book.pdf": longPdf(600),
      };
      return hosting(pages, async ({ server, page }) => {
        await page.goto(server.url);
        const run = (act, argument) =>
          page.evaluate(`(async () => (${act.toString()})(await import(new URL("frame-client.js", document.baseURI).href), ${JSON.stringify(argument)}))()`);
        const made = await run(async ({ connectFrame }, address) => {
          const frame = document.createElement("iframe");
          frame.src = address;
          document.body.append(frame);
          const recto = await connectFrame(frame);
          const seen = [];
          const bytes = await (await fetch("pdf/figures.pdf")).arrayBuffer();
          const doc = await recto.convert(bytes, { name: "figures.pdf", onProgress: ({ activity }) => seen.push(activity) });
          const error = await recto.convert(await (await fetch("pdf/password.pdf")).blob()).catch(({ code, message }) => ({ code, message }));
          const refused = await recto.convert("pdf/figures.pdf").catch(({ code }) => code);
          const abort = new AbortController();
          const book = await (await fetch("book.pdf")).blob();
          const stopped = await recto
            .convert(book, { signal: abort.signal, onProgress: ({ done }) => done > 2 && abort.abort() })
            .catch(({ name, partial }) => ({ name, pages: partial?.pages }));
          return {
            markdown: doc.markdown, figure: doc.figures[0].bytes.length, handed: bytes.byteLength, seen: seen.length,
            error, refused, stopped, abilities: recto.abilities.map(({ name }) => name),
          };
        }, `${harness.site.url}embed.html`);
        assert.equal(made.markdown, native(harness, "figures.pdf").markdown);
        assert.ok(made.figure > 100 && made.handed === 0 && made.seen > 0, JSON.stringify(made));
        assert.equal(made.error.code, "password");
        assert.equal(made.error.message, "document.pdf needs a password. Give it and try again.");
        assert.equal(made.refused, "options", "a frame reads no addresses of its host");
        assert.equal(made.stopped.name, "AbortError");
        assert.ok(made.stopped.pages >= 2 && made.stopped.pages < 600, JSON.stringify(made.stopped));
        assert.ok(made.abilities.includes("Threads"));
        const inside = page.frameLocator("iframe");
        assert.match(await inside.locator("#serves").textContent(), new RegExp(new URL(server.url).origin));
      });
    });

    it("answers in a frame to those pages only that its host names, and to its own version", () => {
      const embed = readFileSync(path.join(DIST, "embed.html"), "utf8");
      const closed = embed.replace('name="embedders" content="*"', 'name="embedders" content="https://friend.example"');
      assert.notEqual(closed, embed);
      harness.replace["closed.html"] = closed;
      const index = host("").replace(/<script.*?<\/script>/, "");
      return hosting({ "index.html": index }, async ({ server, page }) => {
        await page.goto(server.url);
        const ask = (address, message) =>
          page.evaluate(async ({ address, message }) => {
            const frame = document.createElement("iframe");
            frame.src = address;
            const loaded = new Promise((resolve) => (frame.onload = resolve));
            document.body.append(frame);
            await loaded;
            return new Promise((resolve) => {
              const again = setInterval(() => frame.contentWindow.postMessage(message, "*"), 200);
              addEventListener("message", ({ source, data }) => {
                if (source !== frame.contentWindow) return;
                clearInterval(again);
                resolve({ code: data.code, type: data.type });
              });
            });
          }, { address, message });
        const hello = { recto: 1, type: "hello" };
        assert.deepEqual(await ask(`${harness.site.url}closed.html`, hello), { code: "origin", type: "error" });
        assert.deepEqual(await ask(`${harness.site.url}embed.html`, { ...hello, recto: 9 }), { code: "version", type: "error" });
      }).finally(() => delete harness.replace["closed.html"]);
    });

    it("says what to do when the host's policy forbids what it needs", () =>
      hosting({ "index.html": host("", "default-src 'none'; script-src 'self'; connect-src 'self'") }, async ({ server, visitor, page }) => {
        await page.goto(server.url);
        const error = await withModule(page, async ({ convert }) => convert("pdf/figures.pdf").catch(({ code, message }) => ({ code, message })));
        assert.equal(error.code, "not-started");
        assert.match(error.message, /Content-Security-Policy/);
        visitor.console.length = 0;
      }));
  });
}
