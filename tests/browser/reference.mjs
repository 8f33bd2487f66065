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

/** The bytes of a safetensors file of `tensors` (`[name, shape, bytes]`), with `header` and `data` of another before them. */
function safetensors(tensors, header = {}, data = Buffer.alloc(0)) {
  const parts = [data];
  let offset = data.length;
  const all = { ...header };
  for (const [name, shape, bytes] of tensors) {
    all[name] = { dtype: "F32", shape, data_offsets: [offset, offset + bytes.length] };
    offset += bytes.length;
    parts.push(bytes);
  }
  const text = Buffer.from(JSON.stringify(all));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...parts]);
}

const made = (name, shape, mean, deviation) => {
  const values = makeTensor(name, shape.reduce((product, side) => product * side, 1), mean, deviation);
  return Buffer.from(values.buffer);
};

/** `[config.json, model.safetensors, cases.json, expected.safetensors]` of the model called `name`. */
export function referenceFiles(name) {
  const file = (it) => readFileSync(path.join(FOLDER, name, it));
  const weights = JSON.parse(file("tensors.json"));
  const model = safetensors(weights.map((it) => [it.name, it.shape, made(it.name, it.shape, it.mean, it.deviation)]));
  let expected = file("expected.safetensors");
  const side = JSON.parse(file("config.json")).vision_config?.image_size;
  if (side) {
    // The pictures are made from their names too; a comparison finds them among what is expected.
    const { cases } = JSON.parse(file("cases.json"));
    const end = 8 + Number(expected.readBigUInt64LE());
    const header = JSON.parse(expected.subarray(8, end).toString());
    const shape = [3, side, side];
    const pictures = cases.map((_, index) => [`${index}.pixel_values`, shape, made(`pixels.${index}`, shape, 0, 1)]);
    expected = safetensors(pictures, header, expected.subarray(end));
  }
  return [file("config.json"), model, file("cases.json"), expected];
}
