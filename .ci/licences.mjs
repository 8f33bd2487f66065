// Writes the names and licence texts of every crate that is compiled into the site:
//   cargo metadata … | node .ci/licences.mjs > licences.txt
// Crates with the same text share one copy of it.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const metadata = JSON.parse(readFileSync(0, "utf8"));
const nodes = new Map(metadata.resolve.nodes.map((node) => [node.id, node]));

// Crates reached through normal dependencies; those that only build or test are not in the wasm.
const shipped = new Set();
const waiting = [metadata.resolve.root];
while (waiting.length > 0) {
  const id = waiting.pop();
  if (shipped.has(id)) continue;
  shipped.add(id);
  for (const dependency of nodes.get(id).deps) {
    if (dependency.dep_kinds.some((kind) => kind.kind === null)) waiting.push(dependency.pkg);
  }
}

const texts = new Map();
const packages = metadata.packages.filter((p) => shipped.has(p.id) && p.id !== metadata.resolve.root);
packages.sort((a, b) => (a.name < b.name ? -1 : 1));
console.log("Crates compiled into this site\n");
for (const { name, version, license, repository, manifest_path } of packages) {
  console.log(`${name} ${version}: ${license ?? "see its text"}${repository ? `, ${repository}` : ""}`);
  const folder = dirname(manifest_path);
  for (const file of readdirSync(folder)) {
    if (!/^(licen[cs]e|copying|notice)/i.test(file)) continue;
    let text;
    try {
      text = readFileSync(join(folder, file), "utf8").trim();
    } catch {
      continue; // a folder of licences
    }
    if (!texts.has(text)) texts.set(text, []);
    texts.get(text).push(`${name} ${version}`);
  }
}
for (const [text, users] of texts) {
  console.log(`\n${"-".repeat(78)}\n${users.join(", ")}\n${"-".repeat(78)}\n\n${text}`);
}
