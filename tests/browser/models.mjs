// Small models for the tests: the shapes and configuration files of `tests/models`, random weights, made
// into GGUF files by the project's own `recto quantize`. What they say is nonsense, but the same nonsense
// in the browser as on the command line.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, copyFileSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import path from "node:path";
import { RECTO } from "./harness.mjs";

const SHAPES = path.join(import.meta.dirname, "../models");

/** The models' registry ids, and what they are made from. */
const MODELS = [
  { id: "tiny-blip", kind: "caption", shape: "blip-tiny", tokenizer: "bert-base-uncased", name: "Tiny BLIP" },
  { id: "tiny-t5", kind: "text", shape: "t5-flan-tiny", tokenizer: "t5", name: "Tiny FLAN-T5" },
];

/**
 * Makes the models in `folder` (as `recto convert --models` reads them), puts them on `hub`, and gives the
 * registry that names them.
 */
export function makeModels(folder, hub) {
  const models = MODELS.map(({ id, kind, shape, tokenizer, name }) => {
    const target = path.join(folder, id);
    mkdirSync(target, { recursive: true });
    const weights = path.join(target, "weights.safetensors");
    writeCheckpoint(weights, JSON.parse(readFileSync(path.join(SHAPES, shape, "tensors.json"), "utf8")));
    const options = ["quantize", weights, path.join(target, "model.gguf"), "--to", "q8_0", "--quiet"];
    execFileSync(RECTO, options, { stdio: ["ignore", "ignore", "inherit"] });
    copyFileSync(path.join(SHAPES, shape, "config.json"), path.join(target, "config.json"));
    const words = path.join(SHAPES, "tokenizers", tokenizer, "tokenizer.json");
    copyFileSync(words, path.join(target, "tokenizer.json"));
    const file = (role, fileName) => {
      const data = readFileSync(path.join(target, fileName));
      const url = `lab/${id}/resolve/main/${fileName}`;
      return { role, url, size: data.length, sha256: hub.add(url, data) };
    };
    const files = [
      file("weights", "model.gguf"),
      file("config", "config.json"),
      file("tokenizer", "tokenizer.json"),
    ];
    const homepage = `https://huggingface.co/lab/${id}`;
    return { id, kind, name, licence: "MIT", homepage, memory: 50_000_000, verified: true, files };
  });
  // What reads scans is the site's own.
  const shipped = JSON.parse(readFileSync(path.join(import.meta.dirname, "../../public/models.json"), "utf8"));
  models.push(...shipped.models.filter((model) => model.kind === "scan"));
  return { version: 1, base_url: "https://huggingface.co/", models };
}

/** A safetensors file whose tensors `writeValues(write, tensor)` fills, in order. */
export function writeSafetensors(file, tensors, writeValues) {
  const header = {};
  let offset = 0;
  for (const { name, shape } of tensors) {
    const bytes = 4 * shape.reduce((product, side) => product * side, 1);
    header[name] = { dtype: "F32", shape, data_offsets: [offset, offset + bytes] };
    offset += bytes;
  }
  let text = JSON.stringify(header);
  text += " ".repeat((8 - (text.length % 8)) % 8);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const out = openSync(file, "w");
  writeSync(out, length);
  writeSync(out, text);
  for (const tensor of tensors) writeValues((bytes) => writeSync(out, bytes), tensor);
  closeSync(out);
}

/** A safetensors file with random numbers of the given means and deviations. */
function writeCheckpoint(file, tensors) {
  writeSafetensors(file, tensors, (write, { name, shape, mean, deviation }) => {
    const values = new Float32Array(shape.reduce((product, side) => product * side, 1));
    let state = createHash("sha256").update(name).digest().readUInt32LE();
    for (let index = 0; index < values.length; index++) {
      // Mulberry32, four draws: nearly normal, with the deviation 1 / sqrt(3) of their sum.
      let sum = -2;
      for (let draw = 0; draw < 4; draw++) {
        state = (state + 0x6d2b79f5) | 0;
        let bits = Math.imul(state ^ (state >>> 15), 1 | state);
        bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
        sum += ((bits ^ (bits >>> 14)) >>> 0) / 4294967296;
      }
      values[index] = mean + sum * deviation * Math.sqrt(3);
    }
    write(Buffer.from(values.buffer));
  });
}
