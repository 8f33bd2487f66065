// The npm package: packed, installed in a page built with Vite, type-checked, and used.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { DIST, FIXTURES } from "../harness.mjs";
import { serve } from "../serve.mjs";

const ROOT = path.join(import.meta.dirname, "../../..");

export function tests(harness) {
  describe("npm package", () => {
    const sample = path.join(harness.folder, "sample");
    const target = path.join(harness.folder, "package");

    it("is packed with its types, licences and programs, and without anything else", () => {
      execFileSync(path.join(ROOT, ".ci/package"), { env: { ...process.env, RECTO_DIST: DIST, CARGO_TARGET_DIR: target }, stdio: ["ignore", "ignore", "inherit"] });
      const folder = path.join(target, "package/recto-reader");
      const [packed] = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json"], { cwd: folder }));
      const files = packed.files.map((file) => file.path);
      for (const name of ["recto.js", "recto.d.ts", "recto-frame.js", "recto-frame.d.ts", "embed.js", "embed_bg.wasm", "reader_bg.wasm", "models.json", "LICENSE-MIT", "licences.txt", "README.md", "models/ocr/ppocrv6_det.onnx", "models/ocr/LICENSE"]) {
        assert.ok(files.includes(name), `${name} is in the package`);
      }
      assert.deepEqual(files.filter((name) => /app|sw\.js|index\.html|\.png/.test(name)), []);
      const version = /^version = "(.*)"/m.exec(readFileSync(path.join(ROOT, "Cargo.toml"), "utf8"))[1];
      assert.equal(packed.version, version);
    });

    it("is installed in a page built with Vite, and its types fit", () => {
      cpSync(path.join(import.meta.dirname, "../sample"), sample, { recursive: true });
      const [archive] = readdirSync(path.join(target, "package")).filter((name) => name.endsWith(".tgz"));
      const options = ["--offline", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"];
      execFileSync("npm", ["install", path.join(target, "package", archive), ...options], { cwd: sample, stdio: ["ignore", "ignore", "inherit"] });
      try {
        execFileSync(process.execPath, [path.join(sample, "node_modules/typescript/bin/tsc"), "-p", sample]);
      } catch (error) {
        assert.fail(String(error.stdout));
      }
    });

    /** The sample's own Vite. */
    const vite = () => import(pathToFileURL(path.join(sample, "node_modules/vite/dist/node/index.js")));
    const use = async (url) => {
      const visitor = await harness.visitor();
      try {
        const page = await visitor.context.newPage();
        await page.goto(url);
        const text = readFileSync(path.join(FIXTURES, "tables.pdf")).toString("base64");
        await page.waitForFunction(() => window.toMarkdown);
        const markdown = await page.evaluate(async (text) => {
          const file = new File([Uint8Array.from(atob(text), (it) => it.charCodeAt(0))], "tables.pdf");
          document.querySelector("recto-reader").file = file;
          return window.toMarkdown(file);
        }, text);
        assert.match(markdown, /\|.*\|/);
        await page.locator("recto-reader [part=document] table").first().waitFor();
        assert.deepEqual(visitor.errors, []);
        return visitor.requests;
      } finally {
        await visitor.close();
      }
    };

    it("works from a build, with all its files named by the bundler", async () => {
      const { build } = await vite();
      await build({ root: sample, base: "./", logLevel: "error", build: { outDir: "built", target: "es2022" } });
      const server = await serve(path.join(sample, "built"), { prefix: "/deep/down/", isolated: false });
      try {
        const requests = await use(server.url);
        const program = requests.find((url) => /reader_bg-.*\.wasm$/.test(url));
        assert.ok(program?.startsWith(`${server.url}assets/`), program);
      } finally {
        await server.close();
      }
    });

    it("works from the development server", async () => {
      const { createServer } = await vite();
      const server = await createServer({ root: sample, logLevel: "error", server: { port: 0, host: "127.0.0.1" } });
      await server.listen();
      try {
        await use(`http://127.0.0.1:${server.httpServer.address().port}/`);
      } finally {
        await server.close();
      }
    });
  });
}
