// All browser tests in one file, because `node --test` starts a program for each file and these share a
// browser and two servers.

import { after } from "node:test";
import { Harness } from "./harness.mjs";
import { BARE_PAGE, sitePolicy } from "./worker_page.mjs";

const harness = await Harness.start({ replace: { "bare.html": BARE_PAGE(sitePolicy()) } });
after(() => harness.stop());

const cases = ["worker", "download"];
for (const name of cases) {
  const { tests } = await import(`./cases/${name}.mjs`);
  await tests(harness);
}
