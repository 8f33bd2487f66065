// The worker program by itself, spoken to in its protocol.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { FIXTURES, until } from "../harness.mjs";
import { longPdf } from "../pdf.mjs";
import { barePage, spawnWorker } from "../worker_page.mjs";

export const convert = (job, more = {}) => ({
  request: "convert",
  job,
  name: "file.pdf",
  options: {},
  password: null,
  first_page: 1,
  troubled: [],
  ahead: 1,
  ...more,
});

const fixture = (name) => readFileSync(path.join(FIXTURES, name));

export function tests(harness) {
  describe("worker", () => {
    const open = async (act) => {
      const visitor = await harness.visitor();
      try {
        const page = await barePage(visitor, harness.site);
        await act(await spawnWorker(page), page, visitor);
      } finally {
        await visitor.close();
      }
    };

    it("obeys the page's policy although it was started from a blob", () =>
      open(async (worker, page) => {
        const program = page.workers().find((it) => it.url().startsWith("blob:"));
        const refused = await program.evaluate(
          () =>
            new Promise((resolve) => {
              addEventListener("securitypolicyviolation", (event) => resolve(event.violatedDirective));
              fetch("https://forbidden.example/secret").catch(() => setTimeout(resolve, 2000, "no violation"));
            }),
        );
        assert.equal(refused, "connect-src");
        assert.equal(harness.hub.requests.filter((it) => it.host === "forbidden.example").length, 0);
        await program.evaluate(() => fetch("reader.js").catch(() => {}));
      }));

    it("tells pages in order, and renders between them", () =>
      open(async (worker) => {
        await worker.send(convert(1), fixture("paper.pdf"));
        await worker.send({ request: "render", job: 1, page: 1, width_px: 400, overlay: false });
        const picture = await worker.wait("it.response === 'rendered'");
        assert.equal(picture.width_px, 400);
        assert.equal(picture.buffers[0], 4 * picture.width_px * picture.height_px);
        await worker.wait("it.event?.event === 'stage_ended'");
        const heard = await worker.heard();
        const opened = heard.find((it) => it.event?.event === "opened");
        const pages = heard.filter((it) => it.event?.event === "page").map((it) => it.event.page.number);
        assert.deepEqual(pages, opened.event.page_sizes.map((_, index) => index + 1));
        const at = (test) => heard.findIndex(test);
        assert.ok(
          at((it) => it.response === "rendered") < at((it) => it.event?.event === "page"),
          "the page on screen comes first",
        );
        await worker.send({ request: "render", job: 1, page: 99, width_px: 400, overlay: false });
        assert.match((await worker.wait("it.response === 'render_failed'")).message, /99/);
        await worker.send({ request: "close", job: 1 });
        await worker.send({ request: "render", job: 1, page: 1, width_px: 400, overlay: false });
        assert.match((await worker.wait("/not open/.test(it.message)")).message, /not open/);
      }));

    it("stops between two pages and keeps what is finished", () =>
      open(async (worker) => {
        await worker.send(convert(1), fixture("paper.pdf"));
        await worker.wait("it.event?.event === 'page'");
        await worker.send({ request: "stop", job: 1 });
        await worker.wait("it.response === 'stopped'", 1000);
        const ended = await worker.wait("it.event?.event === 'stage_ended'");
        const after = (await worker.heard()).filter((it) => it.event?.event === "page").length;
        if (ended.event.outcome.kind === "stopped") {
          // Stopped means stopped: nothing comes after it.
          await new Promise((resolve) => setTimeout(resolve, 300));
          const later = (await worker.heard()).filter((it) => it.event?.event === "page").length;
          assert.equal(later, after);
        }
        await worker.send({ request: "render", job: 1, page: 1, width_px: 100, overlay: false });
        await worker.wait("it.response === 'rendered'");
      }));

    it("stays only a few pages ahead of its page", () =>
      open(async (worker) => {
        await worker.takePages(false);
        await worker.send(convert(1), longPdf(30));
        const pages = async () => (await worker.heard()).filter((it) => it.event?.event === "page").length;
        await until("the worker to wait", async () => (await pages()) === 8);
        await new Promise((resolve) => setTimeout(resolve, 300));
        assert.equal(await pages(), 8);
        await worker.send({ request: "render", job: 1, page: 20, width_px: 100, overlay: false });
        await worker.wait("it.response === 'rendered'");
        await worker.send({ request: "received", job: 1 });
        await until("one more page", async () => (await pages()) === 9);
        await worker.send({ request: "stop", job: 1 });
        const ended = await worker.wait("it.event?.event === 'stage_ended'", 1000);
        assert.equal(ended.event.outcome.kind, "stopped");
      }));

    it("goes on from a later page and leaves out the one asked for", () =>
      open(async (worker) => {
        await worker.send(convert(1, { first_page: 2, troubled: [{ page: 3, detour: "nothing", why: "it is tried" }] }), fixture("paper.pdf"));
        await worker.wait("it.event?.event === 'stage_ended'");
        const heard = await worker.heard();
        const pages = heard.filter((it) => it.event?.event === "page").map((it) => it.event.page.number);
        assert.equal(pages[0], 2);
        assert.ok(!pages.includes(3));
      }));

    it("asks for a password, says when it is wrong, and opens with the right one", () =>
      open(async (worker) => {
        const file = fixture("password.pdf");
        await worker.send(convert(1), file);
        await worker.wait("it.response === 'password_needed' && !it.wrong");
        await worker.send(convert(1, { password: "nonsense" }), file);
        await worker.wait("it.response === 'password_needed' && it.wrong");
        await worker.send(convert(1, { password: "hôtel" }), file);
        const opened = await worker.wait("it.event?.event === 'opened'");
        assert.equal(opened.event.metadata.encrypted, true);
      }));

    it("says what is wrong with a file that is none, or is gone", () =>
      open(async (worker) => {
        await worker.send(convert(1), Buffer.from("<html>not a PDF</html>"));
        assert.match((await worker.wait("it.response === 'open_failed' && it.job === 1")).message, /not a PDF/);
        await worker.send(convert(2), Buffer.alloc(0));
        assert.match((await worker.wait("it.response === 'open_failed' && it.job === 2")).message, /empty/);
        await worker.send(convert(3));
        assert.match((await worker.wait("it.response === 'open_failed' && it.job === 3")).message, /cannot be read/);
      }));

    it("tells of a trap before it is gone", () =>
      open(async (worker, page) => {
        const program = page.workers().find((it) => it.url().startsWith("blob:"));
        await program.evaluate(() => {
          setTimeout(() => {
            throw new WebAssembly.RuntimeError("unreachable");
          });
        });
        const died = await worker.wait("it.response === 'died'");
        assert.match(died.message, /unreachable.*memory may have run out/);
      }));

    it("tells of a request that it cannot read", () =>
      open(async (worker) => {
        await worker.send({ request: "sing" });
        await worker.wait("it.response === 'died'");
      }));

    it("holds a lock that comes free when it is closed without a word", () =>
      open(async (worker, page) => {
        const held = () => page.evaluate(async () => (await navigator.locks.query()).held.length);
        assert.equal(await held(), 1);
        const program = page.workers().find((it) => it.url().startsWith("blob:"));
        await program.evaluate(() => self.close()).catch(() => {});
        await until("the lock to come free", async () => (await held()) === 0);
      }));
  });
}
