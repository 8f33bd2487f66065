// Over the whole run: nothing went anywhere but to the site and the hub's stand-in. Runs last.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HUB, NETWORK } from "../hub.mjs";
import { served } from "../serve.mjs";

export function tests(harness) {
  describe("privacy", () => {
    it("asked nothing of any other host", () => {
      // Sites that tests served, and the stand-in.
      const allowed = [...served, `https://${HUB}`, `https://${NETWORK}`];
      const others = harness.requests.filter((address) => {
        if (/^(blob|data):/.test(address)) return false;
        return !allowed.includes(new URL(address).origin);
      });
      // One test asks on purpose, and is refused.
      assert.deepEqual(others.filter((it) => it !== "https://forbidden.example/secret"), []);
      assert.deepEqual(harness.hub.requests.filter((it) => it.host !== HUB && it.host !== NETWORK), []);
    });

    it("sent no document", () => {
      assert.deepEqual(harness.hub.requests.filter((it) => !["GET", "HEAD", "OPTIONS"].includes(it.method)), []);
      assert.deepEqual(harness.posts, []);
    });

    it("found every file of the site below its path", () => {
      const { origin } = new URL(harness.site.url);
      const outside = harness.requests.filter((it) => it.startsWith(`${origin}/`) && !it.startsWith(harness.site.url));
      assert.deepEqual(outside.filter((it) => !it.endsWith("/favicon.ico")), []);
    });
  });
}
