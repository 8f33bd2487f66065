// All browser tests in one file, because `node --test` starts a program for each file and these share a
// browser and two servers.

import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after } from "node:test";
import { Harness } from "./harness.mjs";
import { makeModels } from "./models.mjs";
import { BARE_PAGE, sitePolicy } from "./worker_page.mjs";

const harness = await Harness.start({ replace: { "bare.html": BARE_PAGE(sitePolicy()) } });
harness.folder = mkdtempSync(path.join(os.tmpdir(), "recto-tests-"));
after(async () => {
  await harness.stop();
  rmSync(harness.folder, { recursive: true, force: true });
});
// The site's list of models is that of the small ones.
harness.models = path.join(harness.folder, "models");
harness.registry = makeModels(harness.models, harness.hub);
harness.replace["models.json"] = JSON.stringify(harness.registry);

const all = ["worker", "download", "model", "variants", "app", "app_models", "self_check", "scan", "words", "kept", "load", "failures", "page", "accessible", "parity", "surface", "privacy", "embed", "package", "offline"];
const cases = process.env.RECTO_CASES?.split(",") ?? all;
for (const name of cases) {
  const { tests } = await import(`./cases/${name}.mjs`);
  await tests(harness);
}
