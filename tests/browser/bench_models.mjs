// How fast models of the real sizes are, with random weights as Q4_K: natively and in Chromium, in each build of the
// program that runs them, beside ONNX Runtime Web with int8 weights on the same shapes in the same browser.
//
//   node bench_models.mjs [MODEL...]      (RECTO_DIST and RECTO_BIN, as for the tests; RECTO_ORT is the folder that
//                                          `.ci/setup bench` fills; without it there is no comparison)
//
// Times move with the machine; what counts are the ratios of one run. The share of the peak is of what the dot of
// 16-bit pairs, with which many rows are multiplied, reached by itself in Chromium 156 where it was first measured.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { ort } from "./bench_ort.mjs";
import { Harness, RECTO } from "./harness.mjs";
import { BARE_PAGE, barePage, modelPrograms, sitePolicy, spawnWorker } from "./worker_page.mjs";

/** GOP/s, one thread. */
const PEAK = 150;
const MODELS = process.argv.length > 2 ? process.argv.slice(2) : ["t5-small", "t5-base", "blip-base", "blip-large"];
const PROGRAMS = [
  ["Chromium, plain SIMD", "models", 1],
  ["Chromium, relaxed SIMD", "models-relaxed", 1],
  ["Chromium, 2 threads", "models-threads", 2],
].filter(([, program]) => modelPrograms().includes(program));

const natively = (model, threads) => {
  const options = ["bench-models", "--json", "--threads", String(threads), "--model", model];
  return JSON.parse(execFileSync(RECTO, options, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }));
};

const harness = await Harness.start({ replace: { "bare.html": BARE_PAGE(sitePolicy()) } });
const inBrowser = async (model, program, threads) => {
  const visitor = await harness.visitor();
  try {
    const worker = await spawnWorker(await barePage(visitor, harness.site), "recto-model", program, threads);
    await worker.send({ request: "measure", model });
    const { found } = await worker.wait("it.response === 'measured'", 600_000);
    if (!found.Ok) throw new Error(`${program} ${model}: ${found.Err}`);
    return found.Ok;
  } finally {
    await visitor.close();
  }
};

/** Milliseconds of ONNX Runtime Web, by number of threads. */
const elsewhere = async (model) => {
  const ortFolder = process.env.RECTO_ORT;
  if (!ortFolder) return [];
  const models = mkdtempSync(path.join(os.tmpdir(), "recto-onnx-"));
  try {
    const write = path.join(import.meta.dirname, "onnx_models.py");
    execFileSync(path.join(ortFolder, "python/bin/python"), [write, models, model], { stdio: ["ignore", "ignore", "ignore"] });
    const found = [];
    for (const threads of [1, 2]) {
      const all = await ort(harness.browser, {
        package: path.join(ortFolder, "node_modules/onnxruntime-web"),
        models,
        threads,
      });
      found.push(all[model]);
    }
    return found;
  } finally {
    rmSync(models, { recursive: true, force: true });
  }
};

const load = () => os.loadavg()[0].toFixed(1);
console.log(`${os.cpus().length} processors (${os.cpus()[0].model}), load ${load()} at the start\n`);
console.log("| model | where | load | encode | GOP/s | of peak | prepare | token | memory | machine's load |");
console.log("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
for (const model of MODELS) {
  const show = (where, it) => {
    const speed = (it.encode_operations / it.encode) * 1e3;
    const share = where.startsWith("Chromium") ? `${((100 * speed) / PEAK / it.threads).toFixed(0)} %` : "";
    const memory = it.memory ? `${(it.memory / 1048576).toFixed(0)} MiB` : "";
    console.log(
      `| ${model} | ${where} | ${it.load.toFixed(0)} ms | ${it.encode.toFixed(0)} ms | ${speed.toFixed(0)} | ${share} | ` +
        `${it.prepare.toFixed(0)} ms | ${it.token.toFixed(1)} ms | ${memory} | ${load()} |`,
    );
    return it;
  };
  show("native, 1 thread", natively(model, 1));
  show("native, 2 threads", natively(model, 2));
  const found = [];
  for (const [where, program, threads] of PROGRAMS) found.push(show(where, await inBrowser(model, program, threads)));
  const [plain, one, two] = found;
  const others = await elsewhere(model);
  for (const [index, it] of others.entries()) {
    const where = `ONNX Runtime Web int8, ${index + 1} thread${index ? "s" : ""}`;
    console.log(`| ${model} | ${where} | | ${it.encode.toFixed(0)} ms | | | | ${it.token.toFixed(1)} ms | | ${load()} |`);
    const ours = index ? two : (one ?? plain);
    if (ours) {
      console.log(
        `| ${model} | ${where}, over ours | | **${(it.encode / ours.encode).toFixed(2)}** | | | | ` +
          `**${(it.token / ours.token).toFixed(2)}** | | |`,
      );
    }
  }
  if (!two) continue;
  console.log(
    `| ${model} | 1 thread over 2 | | ${(one.encode / two.encode).toFixed(2)} | | | ` +
      `${(one.prepare / two.prepare).toFixed(2)} | ${(one.token / two.token).toFixed(2)} | | |`,
  );
}
await harness.stop();
