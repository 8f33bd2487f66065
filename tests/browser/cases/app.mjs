// The app: from a dropped file to its result.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { until } from "../harness.mjs";
import { longPdf, makePdf } from "../pdf.mjs";
import { Site, fixture } from "../site.mjs";
import { zipNames } from "../zip.mjs";

export function tests(harness) {
  const open = async (act, { query = "", ...options } = {}) => {
    const visitor = await harness.visitor(options);
    try {
      const site = await Site.open(visitor, harness.site, query);
      await act(site, site.page, visitor);
      assert.deepEqual(visitor.errors, []);
      assert.deepEqual(visitor.dialogs, []);
      const refused = visitor.console.filter((line) => /Content Security Policy/.test(line));
      assert.deepEqual(refused, [], "the app keeps to its own policy");
    } finally {
      await visitor.close();
    }
  };

  describe("app", () => {
    it("turns a dropped PDF into Markdown beside its pages", () =>
      open(async (site, page) => {
        assert.equal(await page.evaluate(() => crossOriginIsolated), true);
        await site.drop(fixture("paper.pdf"));
        await site.reach("paper.pdf", "done");
        assert.match(await site.status("paper.pdf"), /4 pages/);
        await site.at("markdown").getByText("Statement of Need", { exact: false }).first().waitFor();
        const canvas = site.at("page").first().locator("canvas");
        await until("the first page's picture", async () => (await canvas.evaluate((it) => it.width)) > 100);
        const colours = await canvas.evaluate((it) => {
          const { data } = it.getContext("2d").getImageData(0, 0, it.width, it.height);
          return new Set(new Uint32Array(data.buffer)).size;
        });
        assert.ok(colours > 10, `${colours} colours on the page`);
        const source = await site.source();
        assert.match(source, /^#+ .*Statement of Need/m);
        assert.ok(source.length > 5000, `${source.length} characters`);
      }));

    it("works through several files and keeps them apart", () =>
      open(async (site) => {
        await site.drop(fixture("tables.pdf"), fixture("figures.pdf"));
        await site.reach("tables.pdf", "done");
        await site.reach("figures.pdf", "done");
        await site.item("tables.pdf").getByRole("button").first().click();
        const tables = await site.source();
        await site.item("figures.pdf").getByRole("button").first().click();
        assert.notEqual(await site.source(), tables);
      }));

    it("saves Markdown, JSON and a zip", () =>
      open(async (site) => {
        await site.drop(fixture("figures.pdf"));
        await site.reach("figures.pdf", "done");
        const markdown = await site.save("save-md");
        assert.equal(markdown.name, "figures.md");
        assert.ok(markdown.data.length > 100);
        const json = await site.save("save-json");
        const document = JSON.parse(json.data);
        assert.equal(document.schema, "recto.document/1");
        assert.ok(document.figures.length > 0);
        const zip = await site.save("save-zip");
        const names = zipNames(zip.data);
        assert.ok(names.includes("document.json"), names.join());
        assert.ok(names.some((name) => name.endsWith(".md")), names.join());
        for (const figure of document.figures.filter((it) => !it.duplicate_of)) {
          assert.ok(names.includes(figure.file), `${figure.file} of ${names.join()}`);
        }
      }));

    it("saves an HTML page, plain text and chunks, and Markdown as the settings say", () =>
      open(async (site) => {
        await site.settings(() => site.at("set-front-matter").check());
        await site.drop(fixture("tables.pdf"));
        await site.reach("tables.pdf", "done");
        assert.match(await site.source(), /^---\n/);
        await site.settings(() => site.at("set-front-matter").uncheck());
        assert.doesNotMatch(await site.source(), /^---\n/);
        await site.at("more-forms").locator("summary").click();
        const html = await site.save("save-html");
        assert.equal(html.name, "tables.html");
        assert.match(html.data.toString(), /^<!doctype html>[^]*<table>/);
        const text = await site.save("save-text");
        assert.equal(text.name, "tables.txt");
        assert.doesNotMatch(text.data.toString(), /<table>|\|---/);
        const chunks = (await site.save("save-chunks")).data.toString().trim().split("\n").map(JSON.parse);
        assert.ok(chunks.length > 0 && chunks.every((chunk) => chunk.text.length > 0), JSON.stringify(chunks[0]));
      }));

    it("shows on the pages what was recognised, on request", () =>
      open(async (site) => {
        await site.drop(fixture("tables.pdf"));
        await site.reach("tables.pdf", "done");
        const canvas = site.at("page").first().locator("canvas");
        // Pixels in the colour of a table's box.
        const boxes = () =>
          canvas.evaluate((it) => {
            if (it.dataset.drawn !== "true" || it.width < 100) return -1;
            const { data } = it.getContext("2d").getImageData(0, 0, it.width, it.height);
            let count = 0;
            for (let at = 0; at < data.length; at += 4) {
              if (data[at] === 230 && data[at + 1] === 110 && data[at + 2] === 0) count += 1;
            }
            return count;
          });
        await until("the picture", async () => (await boxes()) === 0);
        await site.at("show-layout").click();
        await site.at("legend").waitFor();
        await until("boxes around tables", async () => (await boxes()) > 200);
        await site.at("show-layout").click();
        await until("the picture without boxes", async () => (await boxes()) === 0);
      }));

    it("stops within a second and keeps the finished pages", () =>
      open(async (site) => {
        await site.drop({ name: "book.pdf", data: longPdf(1500, { lines: 60 }) });
        await until("some pages", async () => (await site.at("page-text").count()) > 2);
        const millis = await site.stop("book.pdf");
        assert.ok(millis < 1000, `stopped after ${millis} ms`);
        const [, pages] = /stopped, (\d+) of 1500 pages/.exec(await site.status("book.pdf"));
        assert.ok(Number(pages) > 2);
        await site.at("markdown").getByText("Chapter 1", { exact: true }).first().waitFor();
      }));

    it("goes on when the worker is killed in the middle", () =>
      open(async (site) => {
        await site.drop({ name: "book.pdf", data: longPdf(400) });
        await until("some pages", async () => (await site.at("page-text").count()) > 2);
        await site.kill("recto-document");
        await site.reach("book.pdf", "done");
        assert.match(await site.status("book.pdf"), /400 pages/);
        const document = JSON.parse((await site.save("save-json")).data);
        const numbers = document.pages.map((it) => it.number);
        assert.deepEqual(numbers, Array.from({ length: 400 }, (_, index) => index + 1));
      }));

    it("says what this browser can do", () =>
      open(async (site) => {
        await site.settings(async () => {
          const abilities = await site.at("abilities").textContent();
          for (const name of ["Threads", "Relaxed SIMD", "Storage", "Memory", "Offline", "WebGPU"]) {
            assert.match(abilities, new RegExp(name));
          }
          assert.match(abilities, /documents and models can be kept/);
        });
      }));

    it("remembers how documents went, without their names, and forgets it", () =>
      open(async (site) => {
        const stored = () => site.page.evaluate(() => localStorage.getItem("recto.history"));
        await site.settings(() => site.at("history-empty").waitFor());
        await site.drop(fixture("tables.pdf"));
        await site.reach("tables.pdf", "done");
        await site.drop({ name: "letter.pdf", data: Buffer.from("Dear reader,") });
        await site.reach("letter.pdf", "failed");
        await site.page.reload();
        await site.settings(async () => {
          const ratings = await site.at("ratings").textContent();
          assert.match(ratings, /1 to 5 pages within 90 seconds: 1 of 1 document\./);
          assert.match(ratings, /fails: 1 of 2 documents\./);
          assert.match(await site.at("history").textContent(), /failed.*done/s);
          const { documents, aims } = JSON.parse((await site.save("history-save")).data);
          assert.deepEqual(documents.map((run) => run.ending), ["done", "failed"]);
          assert.equal(aims.length, 5);
          assert.doesNotMatch(await stored(), /tables|letter/);
          await site.at("history-forget").click();
          await site.at("history-empty").waitFor();
          assert.equal(await stored(), null);
        });
      }));

    it("opens a locked file with its password, and says when it is wrong", () =>
      open(async (site) => {
        await site.drop(fixture("password.pdf"));
        await site.at("password").waitFor();
        await site.at("password-input").fill("nonsense");
        await site.at("password-ok").click();
        await site.at("password-wrong").waitFor();
        await site.at("password-input").fill("hôtel");
        await site.at("password-ok").click();
        await site.reach("password.pdf", "done");
        assert.match(await site.source(), /Hello, world!/);
      }));

    it("says what is wrong with a file that is no PDF inside", () =>
      open(async (site) => {
        await site.drop({ name: "letter.pdf", data: Buffer.from("Dear reader,") });
        await site.reach("letter.pdf", "failed");
        assert.match(await site.at("error").textContent(), /not a PDF/);
        await site.drop(fixture("tables.pdf"));
        await site.reach("tables.pdf", "done");
      }));

    it("is worked with the keyboard alone", () =>
      open(async (site, page) => {
        const choosers = [];
        page.on("filechooser", (chooser) => choosers.push(chooser));
        const focus = () => page.evaluate(() => document.activeElement?.dataset.testid ?? "");
        const tabTo = async (wanted) => {
          for (let step = 0; step < 60; step++) {
            if ((await focus()) === wanted) return;
            await page.keyboard.press("Tab");
          }
          assert.fail(`no way to ${wanted} by the Tab key`);
        };
        await tabTo("pick");
        await page.keyboard.press("Enter");
        const paper = fixture("tables.pdf");
        const [chooser] = await until("the file picker", () => choosers.length > 0 && choosers);
        await chooser.setFiles({ name: paper.name, mimeType: "application/pdf", buffer: paper.data });
        await site.reach("tables.pdf", "done");
        await tabTo("tab-markdown");
        for (const [key, tab] of [
          ["ArrowRight", "tab-source"],
          ["End", "tab-report"],
          ["Home", "tab-markdown"],
          ["ArrowLeft", "tab-report"],
        ]) {
          await page.keyboard.press(key);
          assert.equal(await focus(), tab);
          assert.equal(await site.at(tab).getAttribute("aria-selected"), "true");
        }
        await site.at("report").waitFor();
        await page.evaluate(() => document.activeElement.blur());
        await tabTo("open-settings");
        await page.keyboard.press("Enter");
        await site.at("settings").waitFor();
        await page.keyboard.press("Escape");
        await site.at("settings").waitFor({ state: "hidden" });
      }));

    it("lets a hostile document do nothing", () =>
      open(async (site, page, visitor) => {
        await page.evaluate(() => {
          window.hacked = [];
          window.addEventListener("securitypolicyviolation", (event) => window.hacked.push(event.blockedURI));
        });
        await site.drop({ name: "hostile.pdf", data: hostilePdf() });
        await site.reach("hostile.pdf", "done");
        await site.at("markdown").getByText("onerror", { exact: false }).first().waitFor();
        for (const tab of ["source", "figures", "summary", "report", "markdown"]) {
          await site.tab(tab);
          await page.waitForTimeout(100);
          const found = await page.evaluate(() => {
            const result = document.querySelector('[data-testid="result"]');
            const bad = [...result.querySelectorAll("script, iframe, object, embed, form[action], style, link, base, meta")];
            const loads = [...result.querySelectorAll("img, video, audio, source, image, use")].filter(
              (it) => !/^blob:/.test(it.getAttribute("src") ?? it.getAttribute("href") ?? ""),
            );
            const handlers = [...result.querySelectorAll("*")].filter((it) =>
              [...it.attributes].some(
                ({ name, value }) => /^on/i.test(name) || /^\s*(javascript|data|vbscript|file):/i.test(value),
              ),
            );
            return [...bad, ...loads, ...handlers].map((it) => it.outerHTML.slice(0, 200));
          });
          assert.deepEqual(found, [], `in the ${tab} tab`);
        }
        // What links there are lead out without a way back.
        const anchors = await site.at("result").locator("a[href]").evaluateAll((all) =>
          all.map((it) => [it.href, it.rel, it.target]),
        );
        for (const [href, rel] of anchors) {
          assert.match(href, /^(https?:|mailto:|#|http:\/\/127\.0\.0\.1)/);
          if (!href.startsWith(harness.site.url)) assert.match(rel, /noopener/);
        }
        assert.deepEqual(await page.evaluate(() => window.hacked), []);
        assert.equal(await page.evaluate(() => window.pwned), undefined);
        assert.deepEqual(visitor.requests.filter((it) => /evil/.test(it)), []);
        // The Markdown that leaves the page is as harmless where it is rendered next.
        const source = await site.source();
        assert.doesNotMatch(source, /^\s*<(script|img|iframe)/m);
        for (const block of source.split(/\n\s*\n/)) {
          const images = [...block.matchAll(/(?<!\\)!\[(?:\\.|[^\]\\])*\][([]/g)].map((it) => it[0]);
          assert.deepEqual(images, [], "images in the Markdown");
          const links = [...block.matchAll(/(?<!\\)\[(?:\\.|[^\]\\])*\]\(([^)]*)\)/g)].map((it) => it[1]);
          assert.deepEqual(links.filter((it) => !/^https?:/.test(it)), [], "links in the Markdown");
        }
      }));
  });
}

const hostilePdf = () =>
  makePdf(
    [
      {
        lines: [
          { text: "A paper that means no good", size: 20 },
          "<img src=x onerror=\"window.pwned='img'\">",
          "<script>window.pwned='script'</script>",
          "<svg/onload=alert(1)><iframe src=javascript:alert(2)></iframe>",
          "![beacon](https://evil.example/beacon.png?who=you)",
          "[click me](javascript:window.pwned='link')",
          "<a href=\"https://evil.example/\" ping=\"https://evil.example/ping\">x</a>",
          "[ref]: https://evil.example/ref.png \"title\"",
          "![ref][ref] <https://evil.example/auto> `</code><script>alert(3)</script>`",
          "</textarea></pre></article><script src=https://evil.example/x.js></script>",
          "&lt;img src=x onerror=alert(4)&gt; &#60;script&#62;alert(5)&#60;/script&#62;",
          "| a | b |",
          "|---|---|",
          "| <img src=https://evil.example/cell.png> | ![](https://evil.example/cell2.png) |",
          "$$\\href{javascript:alert(6)}{x}$$ <style>@import 'https://evil.example/x.css'</style>",
        ],
        links: [
          "javascript:window.pwned='annotation'",
          "JaVaScRiPt:alert(7)",
          "data:text/html,<script>alert(8)</script>",
          "file:///etc/passwd",
          "vbscript:x",
          "https://example.org/\"onmouseover=\"alert(9)",
        ],
      },
    ],
    { title: "</title><script>window.pwned='title'</script>", script: "app.alert('opened')" },
  );
