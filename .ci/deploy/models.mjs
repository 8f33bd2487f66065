// Models that nobody serves as GGUF: made from the hub's safetensors, put into a model repository of the owner, and
// named in the site's registry.
import { execFile } from "node:child_process";
import { createWriteStream, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { HubApiError } from "@huggingface/hub";
import { describe, isSame } from "./files.mjs";
import { MayPass, Refused } from "./hub.mjs";
import { claim, list, synchronise } from "./repository.mjs";

/** As the files that are public already: 4 bits for captions, 8 for text. */
const TYPES = { caption: "q4k", text: "q8_0" };
const CHECKPOINT = /^model(-\d+-of-\d+)?\.safetensors$/;
/** Name in the repository of the file of each role. */
const NAMES = { weights: "model.gguf", config: "config.json", tokenizer: "tokenizer.json" };
const CARD_MARK = "`recto quantize`";
/** The hub's names for the licences, and what their copies must carry. */
const LICENCES = { "BSD-3-Clause": "bsd-3-clause", "Apache-2.0": "apache-2.0", MIT: "mit" };
const HERE = path.dirname(fileURLToPath(import.meta.url));

/** For each wanted id its entry of the registry, the repository with its checkpoint, and the type of its weights. */
export function planModels(registry, ids) {
  return ids.map((id) => {
    const entry = registry.models.find((model) => model.id === id);
    if (!entry) {
      const known = registry.models.map((model) => model.id).join(", ");
      throw new Refused(`there is no model ${id} in models.json; there are ${known}`);
    }
    const config = entry.files.find((file) => file.role === "config").url;
    const source = /^(?:https:\/\/huggingface\.co\/)?([^/]+\/[^/]+)\/resolve\/main\/config\.json$/.exec(config)?.[1];
    if (!source) throw new Refused(`models.json does not say which repository ${id} comes from`);
    return { entry, source, type: TYPES[entry.kind] };
  });
}

/** Makes and uploads what is missing. Resolves to a folder with the site that takes the models from there. */
export async function publishModels(hub, { plan, modelsRepo, dist, work, recto }) {
  const { name } = await claim(hub, {
    type: "model",
    wanted: modelsRepo,
    // Visitors' browsers have no token.
    visibility: "public",
    isOurs: (name, entries) => isOurRepository(hub, name, entries),
  });
  const repo = { type: "model", name };
  const entries = await hub.attempt(`list ${name}`, () => list(hub, repo));
  const made = [];
  for (const { entry, source, type } of plan) {
    const there = Object.values(NAMES).every((file) => entries.has(`${entry.id}/${file}`));
    if (there) hub.say(`${entry.id} is in ${name} already`);
    else made.push(...(await makeModel(hub, { entry, source, type, work, recto })));
  }
  const card = path.join(work, "models", "README.md");
  mkdirSync(path.dirname(card), { recursive: true });
  const ids = new Set([...entries.keys(), ...made.map((file) => file.path)].map((path) => path.split("/")[0]));
  const registry = JSON.parse(readFileSync(path.join(dist, "models.json"), "utf8"));
  writeFileSync(card, describeModels(planModels(registry, registry.models.map((m) => m.id).filter((id) => ids.has(id)))));
  const files = [await describe("README.md", card), ...made];
  for (const licence of ["LICENSE-Apache-2.0", "LICENSE-BSD-3-Clause"]) {
    const file = licence === "LICENSE-Apache-2.0" ? path.join(HERE, "../../LICENSE-APACHE") : path.join(HERE, licence);
    files.push(await describe(licence, file));
  }
  const commits = await synchronise(hub, repo, files, { title: `Models for Recto: ${plan.map((p) => p.entry.id).join(", ")}` });
  hub.say(commits === 0 ? `${name} has everything already` : `${name} has ${made.length} new files`);
  return await pointSiteThere(hub, { plan, repo, dist, work });
}

async function isOurRepository(hub, name, entries) {
  if (!entries.has("README.md")) return [...entries.keys()].every((path) => path === ".gitattributes");
  const response = await hub.get(`/${name}/resolve/main/README.md`);
  return response.ok && (await response.text()).includes(CARD_MARK);
}

/** Fetches a checkpoint, converts it, and resolves to the three files of the model. */
async function makeModel(hub, { entry, source, type, work, recto }) {
  const repo = { type: "model", name: source };
  const entries = await hub.attempt(`list ${source}`, () => list(hub, repo));
  const shards = [...entries.keys()].filter((file) => CHECKPOINT.test(file));
  if (shards.length === 0) throw new Refused(`${source} has no safetensors`);
  const folder = path.join(work, "models", entry.id);
  mkdirSync(folder, { recursive: true });
  for (const file of [...shards, NAMES.config, NAMES.tokenizer]) {
    if (!entries.has(file)) throw new Refused(`${source} has no ${file}`);
    await hub.attempt(`fetch ${source}/${file}`, () => fetchFile(hub, source, entries.get(file), path.join(folder, file)));
  }
  const weights = path.join(folder, NAMES.weights);
  hub.say(`converting ${entry.id} to ${type}`);
  const sources = shards.map((shard) => path.join(folder, shard));
  try {
    await promisify(execFile)(recto, ["quantize", ...sources, "--to", type, "--quiet", weights]);
  } catch (error) {
    throw new Refused(`${recto} quantize: ${error.stderr?.trim() || error.message}`);
  }
  return await Promise.all(Object.values(NAMES).map((file) => describe(`${entry.id}/${file}`, path.join(folder, file))));
}

/** Fetches a file, going on where an earlier attempt broke off; what is there and right is left alone. */
async function fetchFile(hub, source, entry, target) {
  if (existsSync(target) && isSame(await describe(entry.path, target), entry)) return;
  const part = `${target}.part`;
  const start = existsSync(part) ? statSync(part).size : 0;
  hub.say(`fetching ${source}/${entry.path}, ${entry.size} bytes${start ? ` from byte ${start}` : ""}`);
  if (start < entry.size) {
    const range = start ? { range: `bytes=${start}-` } : {};
    const response = await hub.get(`/${source}/resolve/main/${entry.path}`, range);
    if (!response.ok) throw new HubApiError(response.url, response.status, undefined, `the hub answers ${response.status}`);
    const flags = response.status === 206 ? "a" : "w";
    await pipeline(Readable.fromWeb(response.body), createWriteStream(part, { flags }));
  }
  if (!isSame(await describe(entry.path, part), entry)) {
    rmSync(part);
    throw new MayPass(`${entry.path} came damaged: its hash is another`);
  }
  renameSync(part, target);
}

/** A copy of the site with another registry, as its own version. */
async function pointSiteThere(hub, { plan, repo, dist, work }) {
  const site = path.join(work, "site");
  rmSync(site, { recursive: true, force: true });
  cpSync(dist, site, { recursive: true });
  const registryFile = path.join(site, "models.json");
  const registry = JSON.parse(readFileSync(registryFile, "utf8"));
  const entries = await hub.attempt(`list ${repo.name}`, () => list(hub, repo));
  for (const { entry } of plan) {
    const model = registry.models.find((model) => model.id === entry.id);
    delete model.unavailable;
    // They were made and uploaded, but nobody has fetched and run them yet.
    model.verified = false;
    model.files = Object.entries(NAMES).map(([role, file]) => {
      const { path: name, size, lfs } = entries.get(`${entry.id}/${file}`);
      return { role, url: `${repo.name}/resolve/main/${name}`, size, ...(lfs && { sha256: lfs.oid }) };
    });
  }
  writeFileSync(registryFile, `${JSON.stringify(registry, null, 2)}\n`);
  await promisify(execFile)(process.execPath, [path.join(HERE, "../precache.mjs"), site]);
  return site;
}

/** The model repository's card. */
function describeModels(models) {
  const licences = [...new Set(models.map(({ entry }) => LICENCES[entry.licence] ?? "other"))];
  const licence = licences.length === 1 ? licences[0] : "other";
  const rows = models.map(({ entry, source, type }) => `| \`${entry.id}\` | ${type} | [${source}](https://huggingface.co/${source}) | ${entry.licence} |`);
  return [
    "---",
    `license: ${licence}`,
    ...(licence === "other" ? ["license_name: by-model", "license_link: README.md"] : []),
    "base_model:",
    ...models.map(({ source }) => `  - ${source}`),
    "tags:",
    "  - gguf",
    "---",
    "",
    "# Models for Recto",
    "",
    `GGUF files for Recto, made with ${CARD_MARK} from the original weights; nothing was trained.`,
    "",
    "| folder | weights | made from | licence |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
    "Each keeps the licence of the model that it was made from; the texts are beside this file.",
    "",
  ].join("\n");
}
