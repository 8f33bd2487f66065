// The tiny reference models of `tests/models`, made from the names of their tensors exactly as
// `tests/reference_model/mod.rs` makes them, so that the reference outputs hold for them.

import { readFileSync } from "node:fs";
import path from "node:path";

const FOLDER = path.join(import.meta.dirname, "../models");
const MASK = (1n << 64n) - 1n;

/** Nearly normal numbers: sums of four 16-bit pieces of SplitMix64, seeded by the FNV-1a hash of the name. */
function makeTensor(name, count, mean, deviation) {
  let seed = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(name)) seed = ((seed ^ BigInt(byte)) * 0x100000001b3n) & MASK;
  const scale = Math.fround((deviation * Math.sqrt(3)) / 65_536);
  const values = new Float32Array(count);
  let state = seed;
  for (let index = 0; index < count; index++) {
    state = (state + 0x9e3779b97f4a7c15n) & MASK;
    let z = ((state ^ (state >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
    z ^= z >> 31n;
    const [low, high] = [Number(z & 0xffffffffn), Number(z >> 32n)];
    const sum = (low & 0xffff) + (low >>> 16) + (high & 0xffff) + (high >>> 16);
    values[index] = Math.fround(Math.fround(sum - 131_070) * scale) + Math.fround(mean);
  }
  return values;
}

/** `[config.json, model.safetensors, cases.json, expected.safetensors]` of the model called `name`. */
export function referenceFiles(name) {
  const file = (it) => readFileSync(path.join(FOLDER, name, it));
  const header = {};
  const parts = [];
  let offset = 0;
  for (const { name: tensor, shape, mean, deviation } of JSON.parse(file("tensors.json"))) {
    const values = makeTensor(tensor, shape.reduce((product, side) => product * side, 1), mean, deviation);
    header[tensor] = { dtype: "F32", shape, data_offsets: [offset, offset + values.byteLength] };
    offset += values.byteLength;
    parts.push(Buffer.from(values.buffer));
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return [file("config.json"), Buffer.concat([length, text, ...parts]), file("cases.json"), file("expected.safetensors")];
}
