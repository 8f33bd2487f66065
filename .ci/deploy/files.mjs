// Files on this machine and in a repository, and whether they are the same.
import { createHash } from "node:crypto";
import { createReadStream, readdirSync, statSync } from "node:fs";
import path from "node:path";

/** `{path, file, size, sha256, oid}` of one file; `oid` is git's name for a file with this content. */
export async function describe(name, file) {
  const { size } = statSync(file);
  const sha256 = createHash("sha256");
  const oid = createHash("sha1").update(`blob ${size}\0`);
  for await (const chunk of createReadStream(file)) {
    sha256.update(chunk);
    oid.update(chunk);
  }
  return { path: name, file, size, sha256: sha256.digest("hex"), oid: oid.digest("hex") };
}

/** Every file below `folder`, by path. */
export async function describeAll(folder) {
  const names = readdirSync(folder, { recursive: true })
    .map((name) => name.split(path.sep).join("/"))
    .filter((name) => statSync(path.join(folder, name)).isFile())
    .sort();
  const files = [];
  for (const name of names) files.push(await describe(name, path.join(folder, name)));
  return files;
}

/** Whether a repository's entry (as the hub lists it) has this file's content. */
export function isSame(file, entry) {
  if (!entry) return false;
  return entry.lfs ? entry.lfs.oid === file.sha256 : entry.oid === file.oid;
}
