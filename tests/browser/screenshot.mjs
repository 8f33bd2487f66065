// Takes the picture for phones that the manifest shows: a finished paper in the built site.
//
//   node tests/browser/screenshot.mjs public/screenshot-narrow.png

import { Harness } from "./harness.mjs";
import { Site, fixture } from "./site.mjs";

const harness = await Harness.start();
try {
  const visitor = await harness.visitor({
    viewport: { width: 360, height: 740 },
    deviceScaleFactor: 2,
    isMobile: true,
    hasTouch: true,
    colorScheme: "light",
  });
  const site = await Site.open(visitor, harness.site);
  await site.drop(fixture("paper.pdf"));
  await site.reach("paper.pdf", "done");
  // Past the toast, at the result.
  await site.page.waitForTimeout(7000);
  await site.at("result").evaluate((it) => it.scrollIntoView());
  await site.page.waitForTimeout(500);
  await site.page.screenshot({ path: process.argv[2] });
} finally {
  await harness.stop();
}
