// Says which files make up a built site, with their hashes, at the top of its service worker:
//   node .ci/precache.mjs dist
// Everything in the folder is part of the version, so that any change makes another one.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

const root = process.argv[2];
// Nothing that the app asks for.
const LEFT_OUT = new Set(["sw.js", "README.md", "_headers"]);
// What the first document needs. The rest (programs that run models, models, licence texts) comes after it.
const CORE = /^((app|style|favicon)-|(index\.html|boot\.js|offline\.js|models\.json|manifest\.webmanifest)$|icon-|reader)/;

const files = readdirSync(root, { recursive: true })
  .map((name) => name.split(path.sep).join("/"))
  .filter((name) => statSync(path.join(root, name)).isFile() && !LEFT_OUT.has(name))
  .sort();
const core = {};
const later = {};
for (const name of files) {
  const hash = createHash("sha256").update(readFileSync(path.join(root, name))).digest("hex");
  (CORE.test(name) ? core : later)[name] = hash;
}
const script = path.join(root, "sw.js");
// A second run replaces the line of the first.
const program = readFileSync(script, "utf8").replace(/^const BUILD = .*\n/, "");
const version = createHash("sha256").update(JSON.stringify([core, later, program])).digest("hex").slice(0, 16);
writeFileSync(script, `const BUILD = ${JSON.stringify({ version, core, later })};\n${program}`);
console.log(`dist: version ${version}, ${Object.keys(core).length} files kept at once, ${Object.keys(later).length} later`);
