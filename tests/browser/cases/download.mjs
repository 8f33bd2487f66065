// Downloads, from the hub's stand-in into storage, by the worker program itself.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { until } from "../harness.mjs";
import { barePage, spawnWorker } from "../worker_page.mjs";

const MEGABYTE = 1 << 20;

export function tests(harness) {
  const { hub } = harness;
  let count = 0;

  /** A model of random bytes on the hub; `known` puts sizes and hashes into its registry entry. */
  const model = ({ bytes = 3 * MEGABYTE, known = true } = {}) => {
    const id = `model-${++count}`;
    const file = (role, name, size) => {
      const data = randomBytes(size);
      const url = `lab/${id}/resolve/main/${name}`;
      const sha256 = hub.add(url, data);
      return { role, url, size: known ? size : null, sha256: known ? sha256 : null };
    };
    const files = [
      file("weights", "model.gguf", bytes),
      file("config", "config.json", 500),
      file("tokenizer", "tokenizer.json", 5000),
    ];
    const entry = {
      id,
      kind: "text",
      name: id,
      licence: "MIT",
      homepage: "https://huggingface.co/lab",
      memory: 1,
      verified: false,
      files,
    };
    return { id, entry, weights: files[0].url };
  };

  const begin = (worker, { entry }) => worker.send({ request: "download", model: entry, base_url: null });
  const end = (worker, { id }, state) =>
    worker.wait(`it.response === 'download' && it.id === '${id}' && it.state.state === '${state}'`, 60_000);
  const list = async (worker) => {
    await worker.forget();
    await worker.send({ request: "list_models" });
    return worker.wait("it.response === 'stored'");
  };
  const open = async (act) => {
    const visitor = await harness.visitor();
    try {
      const page = await barePage(visitor, harness.site);
      await act(await spawnWorker(page, "recto-store"), page, visitor);
    } finally {
      await visitor.close();
    }
  };
  /** What lies in storage, hashed by the browser itself. */
  const stored = (page, id, name) =>
    page.evaluate(
      async ({ id, name }) => {
        try {
          const root = await navigator.storage.getDirectory();
          const folder = await (await root.getDirectoryHandle("models")).getDirectoryHandle(id);
          const file = await (await folder.getFileHandle(name)).getFile();
          const hash = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
          return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
        } catch (error) {
          return error.name;
        }
      },
      { id, name },
    );

  describe("download", () => {
    it("stores a model, tells its progress, lists and deletes it", () =>
      open(async (worker, page) => {
        const wanted = model();
        hub.fault(wanted.weights, { bytesPerSecond: 2 * MEGABYTE });
        await begin(worker, wanted);
        await end(worker, wanted, "done");
        const progress = (await worker.heard()).filter((it) => it.state?.state === "running");
        assert.ok(progress.length >= 3 && progress.length <= 15, `${progress.length} progress reports`);
        const received = progress.map((it) => it.state.received);
        assert.deepEqual(received, received.toSorted((a, b) => a - b));
        assert.ok(progress.every((it) => it.state.total === 3 * MEGABYTE + 5500));
        assert.equal(await stored(page, wanted.id, "model.gguf"), wanted.entry.files[0].sha256);
        let told = await list(worker);
        assert.equal(told.models.length, 1);
        assert.equal(told.models[0].complete, true);
        assert.ok(told.models[0].bytes >= 3 * MEGABYTE + 5500);
        assert.ok(told.used >= 3 * MEGABYTE && told.quota > told.used);
        await worker.forget();
        await worker.send({ request: "delete_model", id: wanted.id });
        told = await worker.wait("it.response === 'stored'");
        assert.deepEqual(told.models, []);
      }));

    it("is not repeated for what is stored", () =>
      open(async (worker) => {
        const wanted = model({ bytes: 1000 });
        await begin(worker, wanted);
        await end(worker, wanted, "done");
        const before = hub.requests.length;
        await worker.forget();
        await begin(worker, wanted);
        await end(worker, wanted, "done");
        assert.equal(hub.requests.length, before);
      }));

    it("resumes after a cut in the middle", () =>
      open(async (worker, page) => {
        const wanted = model();
        hub.fault(wanted.weights, { cutAfter: MEGABYTE });
        await begin(worker, wanted);
        await end(worker, wanted, "waiting");
        await end(worker, wanted, "done");
        const [first, second, ...more] = hub.fetches(wanted.weights);
        assert.equal(first.range, undefined);
        assert.match(second.range, /^bytes=[1-9]\d*-$/);
        assert.equal(more.length, 0);
        assert.equal(await stored(page, wanted.id, "model.gguf"), wanted.entry.files[0].sha256);
      }));

    it("resumes after the worker was killed", () =>
      open(async (worker, page) => {
        const wanted = model();
        hub.fault(wanted.weights, { bytesPerSecond: MEGABYTE });
        await begin(worker, wanted);
        await worker.wait("it.state?.received > 500000");
        await worker.terminate();
        hub.mend(wanted.weights);
        const next = await spawnWorker(page, "recto-next");
        await begin(next, wanted);
        await end(next, wanted, "done");
        assert.match(hub.fetches(wanted.weights).at(-1).range, /^bytes=[1-9]\d*-$/);
        assert.equal(await stored(page, wanted.id, "model.gguf"), wanted.entry.files[0].sha256);
      }));

    it("stops when asked, keeps what came in, and resumes", () =>
      open(async (worker, page) => {
        const wanted = model();
        hub.fault(wanted.weights, { bytesPerSecond: MEGABYTE });
        await begin(worker, wanted);
        await worker.wait("it.state?.received > 300000");
        await worker.send({ request: "stop_download", id: wanted.id });
        await worker.wait("it.state?.state === 'stopped'", 1000);
        const told = await worker.wait("it.response === 'stored'");
        assert.equal(told.models[0].complete, false);
        assert.ok(told.models[0].bytes > 300000);
        hub.mend(wanted.weights);
        await begin(worker, wanted);
        await end(worker, wanted, "done");
        assert.match(hub.fetches(wanted.weights).at(-1).range, /^bytes=[1-9]\d*-$/);
        assert.equal(await stored(page, wanted.id, "model.gguf"), wanted.entry.files[0].sha256);
      }));

    it("refuses and deletes a file with another hash", () =>
      open(async (worker, page) => {
        const wanted = model();
        hub.fault(wanted.weights, { wrong: randomBytes(3 * MEGABYTE) });
        await begin(worker, wanted);
        const failed = await end(worker, wanted, "failed");
        assert.match(failed.state.reason, /SHA-256/);
        assert.equal(await stored(page, wanted.id, "model.gguf"), "NotFoundError");
        const told = await list(worker);
        assert.ok(told.models.every((it) => !it.complete));
      }));

    it("refuses a wrong file whose hash only the hub knows", () =>
      open(async (worker, page) => {
        const wanted = model({ known: false });
        hub.fault(wanted.weights, { wrong: randomBytes(3 * MEGABYTE) });
        await begin(worker, wanted);
        const failed = await end(worker, wanted, "failed");
        assert.match(failed.state.reason, /SHA-256/);
        assert.equal(await stored(page, wanted.id, "model.gguf"), "NotFoundError");
      }));

    it("records the hub's hash where the registry has none", () =>
      open(async (worker, page) => {
        const wanted = model({ known: false, bytes: 5000 });
        await begin(worker, wanted);
        await end(worker, wanted, "done");
        const manifest = await page.evaluate(async (id) => {
          const root = await navigator.storage.getDirectory();
          const folder = await (await root.getDirectoryHandle("models")).getDirectoryHandle(id);
          return JSON.parse(await (await (await folder.getFileHandle("manifest.json")).getFile()).text());
        }, wanted.id);
        const weights = manifest.files.find((it) => it.role === "weights");
        assert.equal(weights.verified, true);
      }));

    it("never stores an answer that is not the file", () =>
      open(async (worker, page) => {
        const wanted = model();
        hub.fault(wanted.weights, { status: 404 });
        await begin(worker, wanted);
        const failed = await end(worker, wanted, "failed");
        assert.match(failed.state.reason, /404/);
        assert.ok(["NotFoundError", hashOfNothing].includes(await stored(page, wanted.id, "model.gguf")));
        assert.equal((await list(worker)).models.some((it) => it.complete), false);
      }));

    it("says that the disk is full when it becomes so, and keeps what came in", () =>
      open(async (worker, page, visitor) => {
        const wanted = model();
        const devtools = await visitor.context.newCDPSession(page);
        const origin = new URL(page.url()).origin;
        await devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 2 * MEGABYTE });
        await begin(worker, wanted);
        const failed = await end(worker, wanted, "failed");
        assert.match(failed.state.reason, /full; delete a stored model or free some disk space/);
        await devtools.send("Storage.overrideQuotaForOrigin", { origin });
        await begin(worker, wanted);
        await end(worker, wanted, "done");
      }));

    it("says where the browser has no storage", () =>
      open(async (worker, page) => {
        const program = page.workers().find((it) => it.url().startsWith("blob:"));
        await program.evaluate(() => Object.defineProperty(navigator, "storage", { value: undefined }));
        const wanted = model({ bytes: 1000 });
        await begin(worker, wanted);
        const failed = await end(worker, wanted, "failed");
        assert.match(failed.state.reason, /no storage.*private windows/);
      }));

    it("leaves a file alone that another tab is downloading", () =>
      open(async (worker, page) => {
        const wanted = model();
        hub.fault(wanted.weights, { bytesPerSecond: MEGABYTE / 2 });
        await begin(worker, wanted);
        await worker.wait("it.state?.received > 100000");
        const other = await spawnWorker(page, "recto-other");
        await begin(other, wanted);
        const failed = await end(other, wanted, "failed");
        assert.match(failed.state.reason, /another tab/);
        hub.mend(wanted.weights);
      }));

    it("takes a file that another tab has just finished as it is, and writes nothing to it", () =>
      open(async (worker, page) => {
        const wanted = model();
        hub.fault(wanted.weights, { bytesPerSecond: 3 * MEGABYTE });
        await begin(worker, wanted);
        await worker.wait("it.state?.received > 100000");
        // It waits up to two seconds for the file.
        const other = await spawnWorker(page, "recto-other");
        await begin(other, wanted);
        await Promise.all([end(worker, wanted, "done"), end(other, wanted, "done")]);
        assert.equal(hub.fetches(wanted.weights).length, 1);
        assert.equal(await stored(page, wanted.id, "model.gguf"), wanted.entry.files[0].sha256);
      }));
  });
}

const hashOfNothing = createHash("sha256").digest("hex");
