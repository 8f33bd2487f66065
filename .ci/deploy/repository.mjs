// A repository of the hub: found or made under a name, and brought to the state of a set of files.
import { HubApiError, commit, createRepo, listFiles } from "@huggingface/hub";
import { pathToFileURL } from "node:url";
import { isSame } from "./files.mjs";
import { MayPass, Refused, reason } from "./hub.mjs";

/** Names that are tried: the wanted one, then with these behind it. */
const SUFFIXES = ["", "-2", "-3", "-4", "-5"];
/** The hub advises 50 to 100 files a commit. */
const FILES_PER_COMMIT = 100;
/** Files up to this size may travel inside the commit's own request; larger ones go ahead of it. */
const INLINE_BYTES = 10 << 20;
const INLINE_BYTES_PER_COMMIT = 40 << 20;
/** From this attempt on large files take the older of the hub's two ways. */
const PLAIN_FROM_ATTEMPT = 3;

/**
 * The repository called `wanted`, or with a suffix where that name is taken by something else. `isOurs(name, files)`
 * says whether one that exists may be written to. Resolves to `{name, made}`.
 */
export async function claim(hub, { type, wanted, visibility, sdk, isOurs }) {
  for (const suffix of SUFFIXES) {
    const name = wanted + suffix;
    const repo = { type, name };
    const made = await hub.attempt(`create ${type} ${name}`, async () => {
      try {
        await createRepo({ ...hub.access, repo, visibility, ...(sdk && { sdk }) });
        return true;
      } catch (error) {
        if (error.statusCode === 409) return false;
        if (error.statusCode === 401) throw new Refused("the hub does not accept this token");
        if (error.statusCode === 403) {
          throw new Refused(`this token may not create ${name}: it needs write access to ${name.split("/")[0]}`);
        }
        throw error;
      }
    });
    if (made) return { name, made };
    const ours = await hub.attempt(`look at ${type} ${name}`, async () => {
      try {
        return await isOurs(name, await list(hub, repo));
      } catch (error) {
        if ([401, 403, 404].includes(error.statusCode)) return false;
        throw error;
      }
    });
    if (ours) return { name, made };
    hub.say(`${name} is there and is not Recto's: it is left as it is`);
  }
  throw new Refused(`${wanted} and the names ${SUFFIXES.slice(1).join(", ")} after it are taken: choose another`);
}

/** What the hub lists of a repository, by path. */
export async function list(hub, repo) {
  const entries = new Map();
  for await (const entry of listFiles({ ...hub.access, repo, recursive: true })) {
    if (entry.type === "file") entries.set(entry.path, entry);
  }
  return entries;
}

/**
 * Makes `files` the repository's, and removes the paths that `obsolete(entries)` names. Only what differs is sent, so
 * doing it again, also after an answer that was lost, sends nothing. Where one commit is too small, those for which
 * `isLast` holds come in the last one, together with the removals. Resolves to the number of commits.
 */
export async function synchronise(hub, repo, files, { title, obsolete = () => [], isLast = () => false }) {
  let commits = 0;
  await hub.attempt(`upload to ${repo.name}`, async (attempt) => {
    const entries = await list(hub, repo);
    const changed = files.filter((file) => !isSame(file, entries.get(file.path)));
    const gone = obsolete(entries).filter((path) => entries.has(path));
    if (changed.length + gone.length === 0) return;
    const parts = batches(changed, isLast);
    for (const [number, part] of parts.entries()) {
      const removed = number === parts.length - 1 ? gone : [];
      const bytes = part.reduce((sum, file) => sum + file.size, 0);
      hub.say(`commit ${number + 1} of ${parts.length}: ${part.length} files, ${bytes} bytes, ${removed.length} removed`);
      const useXet = attempt < PLAIN_FROM_ATTEMPT;
      try {
        await commit({
          ...hub.access,
          repo,
          title: parts.length > 1 ? `${title} (${number + 1} of ${parts.length})` : title,
          useXet,
          operations: [
            ...part.map(({ path, file }) => ({ operation: "addOrUpdate", path, content: pathToFileURL(file) })),
            ...removed.map((path) => ({ operation: "delete", path })),
          ],
        });
      } catch (error) {
        if (useXet && !isAnswerOfHub(error)) throw new MayPass(reason(error));
        throw error;
      }
      commits++;
    }
  });
  return commits;
}

/** Whether the hub itself said no, rather than the store of the newer way for large files. */
function isAnswerOfHub(error) {
  return error instanceof HubApiError && /\/api\/|\.git\//.test(error.url);
}

/** Files in the order of their commits: at least one batch, the last with everything for which `isLast` holds. */
export function batches(files, isLast) {
  const ordered = [...files.filter((file) => !isLast(file)), ...files.filter(isLast)];
  const parts = [[]];
  let inline = 0;
  for (const file of ordered) {
    const bytes = file.size <= INLINE_BYTES ? file.size : 0;
    const part = parts.at(-1);
    const full = part.length === FILES_PER_COMMIT || inline + bytes > INLINE_BYTES_PER_COMMIT;
    // The first of the last ones opens a batch of its own if not all of them fit into this one.
    const lasts = isLast(file) && !part.some(isLast) ? ordered.filter(isLast) : [];
    const split =
      lasts.length > 0 &&
      (part.length + lasts.length > FILES_PER_COMMIT ||
        inline + lasts.reduce((sum, { size }) => sum + size, 0) > INLINE_BYTES_PER_COMMIT);
    if (part.length > 0 && (full || split)) {
      parts.push([file]);
      inline = bytes;
    } else {
      part.push(file);
      inline += bytes;
    }
  }
  return parts;
}
