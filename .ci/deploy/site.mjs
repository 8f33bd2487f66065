// The built site: read and checked on this machine, recognised on the hub, and looked at where it is served.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describeAll } from "./files.mjs";
import { MayPass, Refused, reason } from "./hub.mjs";

/** Every build's page has it. */
export const MARK = "<title>Recto:";
/** The page that the hub puts into a new static Space. */
const TEMPLATE = "Welcome to your static Space!";
const TEMPLATE_FILES = ["README.md", ".gitattributes", "index.html", "style.css"];
/** What makes a visitor's browser take the new version; these never come before the rest. */
const LAST = new Set(["index.html", "sw.js", "models.json", "manifest.webmanifest", "README.md"]);
const ISOLATION = {
  "cross-origin-opener-policy": ["same-origin"],
  "cross-origin-embedder-policy": ["credentialless", "require-corp"],
  "cross-origin-resource-policy": ["cross-origin"],
};
/** Stages from which a Space does not come to run by itself; others are waited for. */
const FAILED = new Set(["NO_APP_FILE", "CONFIG_ERROR", "BUILD_ERROR", "RUNTIME_ERROR", "PAUSED", "STOPPED", "DELETING"]);

export const isLast = (file) => LAST.has(file.path);

/** What a service worker says of its build: `{version, core, later}`; none if it says nothing. */
export function buildOf(serviceWorker) {
  const line = /^const BUILD = (\{.*\});$/m.exec(serviceWorker);
  try {
    return line ? JSON.parse(line[1]) : undefined;
  } catch {
    return undefined;
  }
}

/** Reads a built site: `{files, version}`. It must be whole, and be a static Space. */
export async function readSite(folder) {
  const text = (name) => {
    const file = path.join(folder, name);
    if (!existsSync(file)) throw new Refused(`${file} is missing: run \`make dist\``);
    return readFileSync(file, "utf8");
  };
  if (!text("index.html").includes(MARK)) throw new Refused(`${folder}/index.html is not Recto's page`);
  const frontMatter = /^---\n([\s\S]*?)\n---\n/.exec(text("README.md"))?.[1] ?? "";
  for (const line of ["sdk: static", "app_file: index.html", ...Object.keys(ISOLATION).map((name) => `  ${name}: `)]) {
    if (!`\n${frontMatter}\n`.includes(`\n${line}`)) throw new Refused(`${folder}/README.md does not say \`${line.trim()}\``);
  }
  const build = buildOf(text("sw.js"));
  if (!build) throw new Refused(`${folder}/sw.js does not name its files: run \`make dist\``);
  const files = await describeAll(folder);
  const known = new Map(files.map((file) => [file.path, file]));
  for (const [name, sha256] of Object.entries({ ...build.core, ...build.later })) {
    if (known.get(name)?.sha256 !== sha256) throw new Refused(`${folder}/${name} is not what was built: run \`make dist\``);
  }
  return { files, version: build.version };
}

/** Whether a Space that exists may be overwritten: an earlier Recto, or one that nothing was ever put into. */
export async function isOurSpace(hub, name, entries) {
  const info = await hub.json(`/api/spaces/${name}`);
  if (info.sdk !== "static") return false;
  const foreign = [...entries.keys()].filter((path) => !TEMPLATE_FILES.includes(path));
  if (!entries.has("index.html")) return foreign.length === 0;
  const page = await fileText(hub, name, "index.html");
  return page.includes(MARK) || (page.includes(TEMPLATE) && foreign.length === 0);
}

/** Files of an earlier build, or of the hub's own template, that this build does not have. */
export async function obsoleteFiles(hub, name, files) {
  const wanted = new Set(files.map((file) => file.path));
  return await hub.attempt(`read what is on ${name}`, async () => {
    const build = buildOf(await fileText(hub, name, "sw.js"));
    const earlier = build ? Object.keys({ ...build.core, ...build.later }) : ["style.css"];
    return earlier.filter((path) => !wanted.has(path));
  });
}

/** A text file of a Space's repository; empty if there is none. */
async function fileText(hub, name, file) {
  const response = await hub.get(`/spaces/${name}/resolve/main/${file}`);
  if (response.status === 404) return "";
  if (!response.ok) throw new MayPass(`${file} of ${name}: the hub answers ${response.status}`);
  return await response.text();
}

/**
 * Waits until the Space runs and serves this version with the headers that isolate it, or has failed, for at most
 * `seconds`. Resolves to the page's address.
 */
export async function watch(hub, name, { version, files, isPrivate, seconds, interval, now = Date.now }) {
  const end = now() + seconds * 1000;
  let told;
  const tell = (text) => {
    if (text !== told) hub.say(text);
    told = text;
  };
  for (;;) {
    let waitingFor;
    try {
      const runtime = await hub.json(`/api/spaces/${name}/runtime`);
      waitingFor = `stage ${runtime.stage}`;
      if (FAILED.has(runtime.stage)) {
        const why = runtime.errorMessage ? `: ${runtime.errorMessage}` : "";
        throw new Refused(`the Space stopped at stage ${runtime.stage}${why}; its page on the hub says more`);
      }
      if (runtime.stage === "RUNNING") {
        const info = await hub.json(`/api/spaces/${name}`);
        const url = `${info.host ?? `https://${info.subdomain}.static.hf.space`}/`;
        const look = await lookAt(url, { version, files, headers: isPrivate ? hub.pageHeaders : {} });
        if (look.ready) {
          for (const warning of look.warnings) hub.say(`warning: ${warning}`);
          return url;
        }
        waitingFor = `stage RUNNING, but ${look.why}`;
      }
    } catch (error) {
      if (error instanceof Refused) throw error;
      // One answer that is missing says nothing about the Space.
      waitingFor = reason(error);
    }
    tell(waitingFor);
    if (now() + interval > end) throw new Refused(`the Space did not come up in ${Math.round(seconds / 60)} minutes: ${waitingFor}`);
    await hub.sleep(interval);
  }
}

/** What a visitor would get: `{ready, why, warnings}`. Missing headers are an error, since the Space asks for them. */
async function lookAt(url, { version, files, headers }) {
  const page = await fetch(url, { headers, cache: "no-store" });
  const body = Buffer.from(await page.arrayBuffer());
  if (!page.ok) return { why: `its page answers ${page.status}` };
  if (!body.includes(MARK)) return { why: "its page is not Recto's yet" };
  const worker = await fetch(new URL("sw.js", url), { headers, cache: "no-store" });
  if (!worker.ok) return { why: `its sw.js answers ${worker.status}` };
  if (buildOf(await worker.text())?.version !== version) return { why: "it serves an earlier build" };
  for (const [name, wanted] of Object.entries(ISOLATION)) {
    const value = page.headers.get(name);
    if (!wanted.includes(value)) {
      throw new Refused(`${url} runs, but sends ${name}: ${value ?? "nothing"} instead of ${wanted[0]}`);
    }
  }
  const warnings = [];
  const own = files.find((file) => file.path === "index.html");
  if (createHash("sha256").update(body).digest("hex") !== own.sha256) {
    warnings.push("the host changes index.html on its way: the app works, but will not be kept for working offline");
  }
  return { ready: true, warnings };
}
