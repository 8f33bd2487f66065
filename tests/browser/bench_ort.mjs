// The yardstick for models: ONNX Runtime Web, int8, on the same shapes in the same browser.
//
//   node bench_ort.mjs PACKAGE MODELS [--threads 1,2] [--runs 3]      prints one JSON object
//
// PACKAGE is an installed `onnxruntime-web`, MODELS the folder that onnx_models.py wrote. As a module: `ort(...)`.

import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Harness } from "./harness.mjs";
import { serve } from "./serve.mjs";

const PAGE = `<!doctype html><meta charset="utf-8"><title>bench</title><script type="module">
import * as ort from "./ort/ort.wasm.min.mjs";
window.measure = async (file, shapes, threads, runs) => {
  ort.env.wasm.wasmPaths = new URL("./ort/", location.href).href;
  ort.env.wasm.numThreads = threads;
  const begun = performance.now();
  const model = await (await fetch("./models/" + file)).arrayBuffer();
  const fetched = performance.now();
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  const load = performance.now() - fetched;
  const feeds = {};
  for (const [name, shape] of Object.entries(shapes)) {
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Math.random() - 0.5);
    feeds[name] = new ort.Tensor("float32", values, shape);
  }
  await session.run(feeds);
  const times = [];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    await session.run(feeds);
    times.push(performance.now() - start);
  }
  await session.release();
  return { load, fetch: fetched - begun, times };
};
window.ready = true;
</script>`;

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/**
 * Milliseconds for encoding one input and for one token: `{"t5-base": {encode, token}}` for each number of threads.
 * A page of its own for each, because ONNX Runtime keeps its first number of threads.
 */
export async function ort(browser, { package: folder, models, threads = 1, runs = 3 }) {
  const listed = JSON.parse(readFileSync(path.join(models, "models.json"), "utf8"));
  const replace = { "index.html": PAGE };
  const roots = { "ort/": path.join(folder, "dist"), "models/": models };
  const server = await serve(models, { replace, roots });
  const result = {};
  try {
    for (const [name, parts] of Object.entries(listed)) {
      result[name] = {};
      for (const [part, { file, inputs }] of Object.entries(parts)) {
        const page = await browser.newPage();
        try {
          await page.goto(`${server.url}index.html`);
          await page.waitForFunction(() => window.ready);
          const often = part === "token" ? 10 * runs : runs;
          const measured = await page.evaluate(([...given]) => window.measure(...given), [file, inputs, threads, often]);
          result[name][part] = median(measured.times);
        } finally {
          await page.close();
        }
      }
    }
  } finally {
    await server.close();
  }
  return result;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder, models, ...options] = process.argv.slice(2);
  const option = (name, otherwise) => {
    const at = options.indexOf(`--${name}`);
    return at < 0 ? otherwise : options[at + 1];
  };
  const harness = await Harness.start();
  try {
    for (const threads of option("threads", "1,2").split(",").map(Number)) {
      const runs = Number(option("runs", 3));
      console.log(JSON.stringify({ threads, ...(await ort(harness.browser, { package: folder, models, threads, runs })) }));
    }
  } finally {
    await harness.stop();
  }
}
