// What all tests share: one browser, one server for the site, one stand-in for the hub.
//
// RECTO_DIST is the built site, RECTO_BIN the native command line.

import { existsSync } from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";
import { HUB, Hub, NETWORK } from "./hub.mjs";
import { serve } from "./serve.mjs";

const here = import.meta.dirname;
export const DIST = path.resolve(process.env.RECTO_DIST ?? path.join(here, "../../dist"));
export const RECTO = path.resolve(process.env.RECTO_BIN ?? path.join(here, "../../target/debug/recto"));
export const FIXTURES = path.join(here, "fixtures");
/** The site is tested below a path, because that is how many hosts serve it. */
export const PREFIX = "/some/where/";

/** The browser: Debian's or Ubuntu's Chromium, Chrome, or what CHROMIUM says. */
function browserProgram() {
  const candidates = [
    process.env.CHROMIUM,
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  ];
  const found = candidates.find((candidate) => candidate && existsSync(candidate));
  if (!found) throw new Error("no Chromium found; set CHROMIUM to its path");
  return found;
}

export class Harness {
  /** The address of everything that any visitor's page or worker asked for. */
  requests = [];
  /** Addresses to which something was sent. */
  posts = [];

  /** `replace` gives other content for some of the site's files. */
  static async start({ replace = {} } = {}) {
    const harness = new Harness();
    harness.replace = replace;
    harness.hub = await Hub.start();
    harness.site = await serve(DIST, { prefix: PREFIX, replace });
    // `forbidden.example` leads to the stand-in too: only the page's policy keeps requests from it.
    const hosts = [HUB, NETWORK, "forbidden.example"].map((host) => `MAP ${host}:443 127.0.0.1:${harness.hub.port}`);
    harness.browser = await chromium.launch({
      executablePath: browserProgram(),
      args: [
        "--no-sandbox",
        "--disable-quic",
        "--no-first-run",
        "--no-proxy-server",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--ignore-certificate-errors",
        // The hub's names lead to the stand-in, and all others nowhere.
        `--host-resolver-rules=${[...hosts, "MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1"].join(",")}`,
      ],
    });
    return harness;
  }

  /**
   * A new visitor: storage of their own, nothing shared with other tests. What the page asks of the
   * network, says on the console and asks in dialogs is kept in `visitor.requests`, `.console`, `.dialogs`.
   */
  async visitor(options = {}) {
    const context = await this.browser.newContext({
      ignoreHTTPSErrors: true,
      viewport: { width: 1280, height: 900 },
      acceptDownloads: true,
      // Only the tests of the offline app keep it: each visitor would fetch it all anew.
      serviceWorkers: "block",
      ...options,
    });
    const visitor = { context, requests: [], console: [], dialogs: [], errors: [] };
    context.on("request", (request) => {
      visitor.requests.push(request.url());
      this.requests.push(request.url());
      if (request.postData() !== null) this.posts.push(request.url());
    });
    context.on("page", (page) => {
      page.on("console", (message) => visitor.console.push(`${message.type()}: ${message.text()}`));
      page.on("pageerror", (error) => visitor.errors.push(String(error)));
      page.on("dialog", (dialog) => {
        visitor.dialogs.push(dialog.message());
        dialog.dismiss().catch(() => {});
      });
    });
    visitor.close = () => context.close();
    return visitor;
  }

  async stop() {
    await this.browser?.close();
    await this.site?.close();
    await this.hub?.close();
  }
}

/** Waits until `probe` gives something true, and gives that; says `what` was waited for. */
export async function until(what, probe, { within = 30_000, every = 50 } = {}) {
  const end = Date.now() + within;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${within} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}
