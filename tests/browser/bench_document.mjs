// How long a whole document takes with models of the real sizes: a paper of 20 pages with 8 figures, made here, with
// BLIP-base and FLAN-T5-base in q4k, natively and in the page.
//
//   node bench_document.mjs      (RECTO_DIST and RECTO_BIN, as for the tests)
//
// Weights are random, so the models never come to an end: each text is as long as it may be, and the times are the
// longest that there are. The models are in the browser's storage beforehand. RECTO_WORK is a folder for them, to be
// used again; without it they are made anew.

import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { machine } from "./bench_peers.mjs";
import { Harness, RECTO, until } from "./harness.mjs";
import { writeSafetensors } from "./models.mjs";
import { makePdf } from "./pdf.mjs";
import { Site } from "./site.mjs";

const SHAPES = path.join(import.meta.dirname, "../models");
const PAGES = 20;
const FIGURES = 8;
const LAYERS = 12;
const WIDTH = 768;
const WORDS = ("glaciers rivers sediment transport measured observed between stations during three summers while " +
  "discharge and temperature rose the model of erosion explains most variance but underestimates peaks in July").split(" ");

/** A paper: running text, headings, and a picture with a caption on some of its pages. */
function paper() {
  const pages = Array.from({ length: PAGES }, (_, page) => {
    const lines = [{ text: page === 0 ? "Sediment in Glacial Rivers" : `${page + 1} Observations of Part ${page + 1}`, size: page === 0 ? 22 : 15 }];
    const picture = page % 2 === 1 && page < 2 * FIGURES ? (page + 1) / 2 : 0;
    for (let line = 0; line < (picture ? 22 : 42); line++) {
      const words = Array.from({ length: 13 }, (_, word) => WORDS[(page * 11 + line * 7 + word * (1 + (line % 4))) % WORDS.length]);
      lines.push(words.join(" ") + (line % 3 === 2 ? "." : ""));
    }
    if (picture) lines.push({ picture, text: `Figure ${picture}. Discharge at station ${picture}.` });
    return { lines };
  });
  return makePdf(pages, { title: "Sediment in Glacial Rivers" });
}

/** The tensors of the real size, from those of the tiny model: its first layers, wider and more of them. */
function realTensors(name) {
  const list = JSON.parse(readFileSync(path.join(SHAPES, name, "tensors.json"), "utf8"));
  const part = name.startsWith("t5") ? "block" : "layers?";
  const first = list.filter(({ name }) => !new RegExp(`\\.${part}\\.[1-9]\\d*\\.`).test(name));
  const layered = new RegExp(`\\.(${part})\\.0\\.`);
  const widen = ({ name, shape, mean }) => {
    const sizes = realShape(name, shape);
    const inputs = sizes.length === 1 ? 100 : sizes.slice(1).reduce((product, side) => product * side, 1);
    return { name, shape: sizes, mean, deviation: /embed|shared/.test(name) ? 0.05 : 1 / Math.sqrt(inputs) };
  };
  return first.map(widen).flatMap((tensor) =>
    layered.test(tensor.name) && !tensor.name.includes("relative_attention_bias")
      ? Array.from({ length: LAYERS }, (_, layer) => ({ ...tensor, name: tensor.name.replace(layered, `.$1.${layer}.`) }))
      : [tensor],
  );
}

function realShape(name, shape) {
  const wide = name.startsWith("encoder") || name.startsWith("decoder") ? 2048 : 4 * WIDTH;
  if (name.includes("relative_attention_bias")) return [32, 12];
  if (name.endsWith("class_embedding")) return [1, 1, WIDTH];
  if (name === "vision_model.embeddings.position_embedding") return [1, 577, WIDTH];
  if (name.includes("patch_embedding.weight")) return [WIDTH, 3, 16, 16];
  if (name.endsWith("position_embeddings.weight")) return [512, WIDTH];
  if (/shared|lm_head|word_embeddings|predictions\.(?:bias|decoder)/.test(name)) return [shape[0], ...shape.slice(1).map(() => WIDTH)];
  const grows = /qkv/.test(name) ? 3 * WIDTH : /fc1|intermediate|wi_/.test(name) ? wide : WIDTH;
  const takes = /fc2|DenseReluDense\.wo/.test(name) || /layer\.0\.output\.dense/.test(name) ? wide : WIDTH;
  return shape.length === 1 ? [grows] : [grows, takes];
}

/** A safetensors file; its numbers are a few thousand random ones again and again. */
function writeCheckpoint(file, tensors) {
  let state = 1;
  const noise = Float32Array.from({ length: 65_521 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state / 2_147_483_648) * Math.sqrt(3);
  });
  writeSafetensors(file, tensors, (write, { shape, mean, deviation }) => {
    const values = noise.map((value) => mean + value * deviation);
    let left = shape.reduce((product, side) => product * side, 1);
    for (; left > 0; left -= values.length) write(Buffer.from(values.buffer, 0, 4 * Math.min(left, values.length)));
  });
}

/** Makes a model in `folder`, unless it is there, and gives its entry of the registry. */
function makeModel(folder, hub, { id, kind, tiny, tokenizer, config }) {
  const target = path.join(folder, id);
  mkdirSync(target, { recursive: true });
  const gguf = path.join(target, "model.gguf");
  if (!existsSync(gguf)) {
    const weights = path.join(target, "weights.safetensors");
    writeCheckpoint(weights, realTensors(tiny));
    execFileSync(RECTO, ["quantize", weights, gguf, "--to", "q4k", "--quiet"], { stdio: ["ignore", "ignore", "inherit"] });
    rmSync(weights);
    const known = JSON.parse(readFileSync(path.join(SHAPES, tiny, "config.json"), "utf8"));
    writeFileSync(path.join(target, "config.json"), JSON.stringify(config(known)));
    copyFileSync(path.join(SHAPES, "tokenizers", tokenizer, "tokenizer.json"), path.join(target, "tokenizer.json"));
  }
  const files = [["weights", "model.gguf"], ["config", "config.json"], ["tokenizer", "tokenizer.json"]].map(([role, name]) => {
    const data = readFileSync(path.join(target, name));
    const url = `lab/${id}/resolve/main/${name}`;
    return { role, url, size: data.length, sha256: hub.add(url, data) };
  });
  const homepage = `https://huggingface.co/lab/${id}`;
  return { id, kind, name: id, licence: "MIT", homepage, memory: 250_000_000, verified: true, files };
}

const MODELS = [
  {
    id: "random-blip", kind: "caption", tiny: "blip-tiny", tokenizer: "bert-base-uncased",
    config: (known) => ({
      ...known,
      text_config: {
        ...known.text_config, encoder_hidden_size: WIDTH, hidden_size: WIDTH, intermediate_size: 4 * WIDTH,
        max_position_embeddings: 512, num_attention_heads: 12, num_hidden_layers: LAYERS,
      },
      vision_config: {
        ...known.vision_config, hidden_size: WIDTH, image_size: 384, intermediate_size: 4 * WIDTH,
        num_attention_heads: 12, num_hidden_layers: LAYERS,
      },
    }),
  },
  {
    id: "random-t5", kind: "text", tiny: "t5-flan-tiny", tokenizer: "t5",
    config: (known) => ({
      ...known, d_ff: 2048, d_kv: 64, d_model: WIDTH, num_heads: 12, num_layers: LAYERS, num_decoder_layers: LAYERS,
    }),
  },
];

const folder = process.env.RECTO_WORK ?? mkdtempSync(path.join(tmpdir(), "recto-bench-"));
const replace = {};
const harness = await Harness.start({ replace });
try {
  const models = MODELS.map((model) => makeModel(folder, harness.hub, model));
  replace["models.json"] = JSON.stringify({ version: 1, base_url: "https://huggingface.co/", models });
  const data = paper();
  console.log(`${machine()}\n${PAGES} pages, ${FIGURES} figures, BLIP-base and FLAN-T5-base, q4k, random weights\n`);
  const file = path.join(folder, "paper.pdf");
  writeFileSync(file, data);
  const start = performance.now();
  const [describes, writes] = models.map((model) => model.id);
  const chosen = ["--models", folder, "--caption-model", describes, "--text-model", writes];
  execFileSync(RECTO, ["convert", file, "-o", path.join(folder, "out"), ...chosen], { stdio: ["ignore", "ignore", "inherit"] });
  console.log(`native, ${process.env.RAYON_NUM_THREADS ?? "all"} threads: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  const visitor = await harness.visitor();
  const site = await Site.open(visitor, harness.site);
  await site.settings(async () => {
    for (const { id } of models) {
      const row = site.at(`model-${id}`);
      await row.getByTestId("download").click();
      await row.getByTestId("stored").waitFor({ timeout: 120_000 });
    }
  });
  const dropped = performance.now();
  await site.drop({ name: "paper.pdf", data });
  await until("the end", async () => (await site.item("paper.pdf").getAttribute("data-state")) === "done", { within: 580_000 });
  console.log(`in the page: ${((performance.now() - dropped) / 1000).toFixed(1)} s from the drop\n`);
  await site.tab("report");
  console.log((await site.at("report").innerText()).trim());
  console.log(`\n${machine()}`);
} finally {
  await harness.stop();
  if (!process.env.RECTO_WORK) rmSync(folder, { recursive: true });
}
