// Lists in a built site's `recto.js` what the embedded reader needs, so that bundlers take it along:
//   node .ci/embed.mjs FOLDER [BUILD]
// BUILD is put behind every address, so that no cache mixes two builds; without it bundlers name the files.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const [root, build = ""] = process.argv.slice(2);
const OPTIONAL = ["scans-relaxed", "models-relaxed", "models-threads"];
const programs = OPTIONAL.filter((stem) => existsSync(path.join(root, `${stem}.js`)));
const registry = JSON.parse(readFileSync(path.join(root, "models.json"), "utf8"));
const shipped = registry.models.flatMap(({ files }) => files.map(({ url }) => url)).filter((url) => url.startsWith("./"));
const names = [
  ...["embed", "reader", "scans", "models", ...programs].flatMap((stem) => [`${stem}.js`, `${stem}_bg.wasm`]),
  "models.json",
  ...shipped.map((url) => url.slice(2)),
];
for (const name of names) if (!existsSync(path.join(root, name))) throw new Error(`${name} is not in ${root}`);

const script = path.join(root, "recto.js");
const list = names.map((name) => `  ${JSON.stringify(name)}: new URL("./${name}", import.meta.url).href,`);
const lines = [
  "// files: begin",
  "const FILES = {",
  ...list,
  "};",
  `const PROGRAMS = ${JSON.stringify(programs)};`,
  `const BUILD = ${JSON.stringify(build)};`,
  "// files: end",
];
const source = readFileSync(script, "utf8");
const made = source.replace(/\/\/ files: begin\n[\s\S]*?\/\/ files: end/, () => lines.join("\n"));
if (!made.includes(`const PROGRAMS = ${JSON.stringify(programs)};`)) throw new Error("recto.js has no place for the list");
writeFileSync(script, made);
