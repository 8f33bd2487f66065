// Puts the built site on a Hugging Face static Space, and tells where it runs. `make deploy` calls it with
//
//   SPACE=owner/name      where to
//   PRIVATE=yes           only the owner sees it
//   DRY_RUN=yes           say what would be sent, and connect to nothing
//   MODELS=id,id          models to convert, upload to the owner's model repository, and take from there
//   MODELS_REPO=o/name    that repository, instead of owner/recto-models
//
// and the token in HF_TOKEN, which is never shown. HF_ENDPOINT is the hub's address, as for the hub's own tools.
import { whoAmI } from "@huggingface/hub";
import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Hub, Refused, reason } from "./hub.mjs";
import { Log } from "./log.mjs";
import { planModels, publishModels } from "./models.mjs";
import { batches, claim, synchronise } from "./repository.mjs";
import { isLast, isOurSpace, obsoleteFiles, readSite, watch } from "./site.mjs";

const WATCH_SECONDS = 15 * 60;
const WATCH_INTERVAL_MS = 5_000;
/** The hub's rule for names. */
const REPOSITORY = /^[\w-][\w.-]*\/[A-Za-z0-9](?:[\w.-]{0,94}[A-Za-z0-9])?$/;

/**
 * Brings the site in `options.dist` to `options.space`. Resolves to the address where it runs; in a dry run to
 * nothing.
 */
export async function deploy(options) {
  const { space, dist, dryRun = false, isPrivate = false, models = [], log } = options;
  if (!REPOSITORY.test(space ?? "")) throw new Refused("SPACE must be owner/name, with letters, digits, - _ and .");
  const modelsRepo = options.modelsRepo || `${space.split("/")[0]}/recto-models`;
  if (!REPOSITORY.test(modelsRepo)) throw new Refused("MODELS_REPO must be owner/name");
  let site = await readSite(dist);
  const plan = planModels(JSON.parse(readFileSync(`${dist}/models.json`, "utf8")), models);
  if (dryRun) return tellPlan({ space, isPrivate, site, plan, modelsRepo, say: log.say });

  if (!options.token) throw new Refused("HF_TOKEN is not set: make a token with write access in the hub's settings");
  const hub = new Hub({ ...options, say: log.say });
  const me = await hub.attempt("ask whose token this is", () => identify(hub));
  log.say(`as ${me.name}`);
  if (plan.length > 0) {
    const folder = await publishModels(hub, { ...options, plan, modelsRepo });
    site = await readSite(folder);
  }
  const { name, made } = await claim(hub, {
    type: "space",
    wanted: space,
    visibility: isPrivate ? "private" : "public",
    sdk: "static",
    isOurs: (name, entries) => isOurSpace(hub, name, entries),
  });
  log.say(`${made ? "made" : "found"} the static Space ${name}`);
  await checkVisibility(hub, name, isPrivate);

  const obsolete = await obsoleteFiles(hub, name, site.files);
  const commits = await synchronise(hub, { type: "space", name }, site.files, {
    title: `Recto, build ${site.version}`,
    obsolete: () => obsolete,
    isLast,
  });
  log.say(commits === 0 ? "everything is there already" : `uploaded in ${commits} commit${commits > 1 ? "s" : ""}`);
  const url = await watch(hub, name, {
    version: site.version,
    files: site.files,
    isPrivate,
    seconds: options.watchSeconds ?? WATCH_SECONDS,
    interval: options.watchInterval ?? WATCH_INTERVAL_MS,
  });
  log.say(`runs at ${url}, isolated, build ${site.version}; on the hub: ${hub.endpoint}/spaces/${name}`);
  return url;
}

async function identify(hub) {
  try {
    return await whoAmI(hub.access);
  } catch (error) {
    if (error.statusCode === 401 || error.statusCode === 403) throw new Refused("the hub does not accept this token");
    throw error;
  }
}

/** What was asked to be private must not go where everybody reads. */
async function checkVisibility(hub, name, isPrivate) {
  const info = await hub.attempt(`look at ${name}`, () => hub.json(`/api/spaces/${name}`));
  if (isPrivate && !info.private) throw new Refused(`${name} is public already: make it private on the hub, or take another name`);
  if (!isPrivate && info.private) hub.say(`${name} is private and stays so`);
}

function tellPlan({ space, isPrivate, site, plan, modelsRepo, say }) {
  const bytes = site.files.reduce((sum, file) => sum + file.size, 0);
  say("dry run: nothing is sent");
  for (const { entry, source, type } of plan) {
    say(`would make ${entry.id} (${type}) of ${source}'s safetensors and put it into the public ${modelsRepo}`);
  }
  if (plan.length > 0) say("would point models.json of the site there, which changes its version");
  say(`would make the ${isPrivate ? "private" : "public"} static Space ${space}, or take it if it is Recto's already`);
  for (const file of site.files) say(`${String(file.size).padStart(12)} ${file.sha256.slice(0, 16)} ${file.path}`);
  const parts = batches(site.files, isLast).length;
  say(`${site.files.length} files, ${bytes} bytes, build ${site.version}; at most ${parts} commit${parts > 1 ? "s" : ""}`);
  say("would remove files of earlier builds, wait until the Space runs, and check its page and headers");
}

async function main() {
  const { env } = process;
  const yes = (name) => ["yes", "1", "true"].includes((env[name] ?? "").toLowerCase());
  const log = new Log({ secrets: [env.HF_TOKEN], file: "deploy.log" });
  try {
    const url = await deploy({
      space: env.SPACE,
      dist: env.RECTO_DIST || "dist",
      isPrivate: yes("PRIVATE"),
      dryRun: yes("DRY_RUN"),
      models: (env.MODELS ?? "").split(/[\s,]+/).filter(Boolean),
      modelsRepo: env.MODELS_REPO,
      recto: env.RECTO_BIN || "recto",
      work: env.RECTO_DEPLOY_WORK || "target/deploy",
      endpoint: env.HF_ENDPOINT || "https://huggingface.co",
      token: env.HF_TOKEN,
      log,
    });
    if (url) writeFileSync("space_url.txt", `${url}\n`);
  } catch (error) {
    // No stack: what went wrong is in the message, and a stack could show values.
    log.say(reason(error));
    process.exitCode = 1;
  }
}

if (process.argv[1] && fileURLToPath(import.meta.url) === realpathSync(process.argv[1])) await main();
