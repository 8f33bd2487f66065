// What other pages rely on: names, fields, parts, messages. It is written down in `tests/browser/surface/vN.json` for
// each version N. A change fails here; UPDATE=1 writes down what was added, and refuses to take anything away: that
// needs another version (`API_VERSION` in src/api/mod.rs, `apiVersion` in public/recto.js and recto-frame.js).

import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { DIST } from "../harness.mjs";

const HOST = `<!doctype html><html lang="en"><meta charset="utf-8"><title>A host</title>`;

/** Each distinct first group of `pattern` in `text`, sorted. */
const found = (text, pattern) => [...new Set([...text.matchAll(pattern)].map((match) => match[1]))].sort();

/** Declarations without comments and layout, one a line. */
const declarations = (text) =>
  text
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .split(/\n(?=export|declare|type)/)
    .map((part) => part.replace(/\s+/g, " ").trim())
    .filter(Boolean)
    .sort();

export function tests(harness) {
  describe("public surface", () => {
    it("is what its version says", async () => {
      harness.replace["surface.html"] = HOST;
      const visitor = await harness.visitor();
      try {
        const page = await visitor.context.newPage();
        await page.goto(`${harness.site.url}surface.html`);
        const bytes = readFileSync(path.join(import.meta.dirname, "../fixtures/figures.pdf")).toString("base64");
        const live = await page.evaluate(async (text) => {
          const names = (thing) => Object.entries(thing).map(([name, value]) => `${name}: ${value === null ? "null" : typeof value}`).sort();
          const module = await import("./recto.js");
          const frame = await import("./recto-frame.js");
          const reader = document.createElement("recto-reader");
          const own = Object.getOwnPropertyNames(module.RectoReader.prototype).sort();
          let progress;
          const file = new File([Uint8Array.from(atob(text), (it) => it.charCodeAt(0))], "figures.pdf");
          const options = { stages: ["markdown", "summary"], formats: ["markdown", "html", "text", "json", "chunks", "zip"] };
          const made = await module.convert(file, { ...options, onProgress: (now) => (progress ??= now) });
          const error = await module.convert(new Blob(["none"])).catch((error) => error);
          return {
            version: module.apiVersion,
            frameVersion: frame.apiVersion,
            module: names(module),
            frame: names(frame),
            strings: names(module.strings).concat(names(module.strings.errors).map((name) => `errors.${name}`)),
            attributes: [...module.RectoReader.observedAttributes].sort(),
            element: own,
            parts: [...reader.shadowRoot.querySelectorAll("[part]")].map((it) => it.getAttribute("part")).sort(),
            progress: Object.keys(progress).sort(),
            document: Object.keys(made).sort(),
            figure: Object.keys(made.figures[0]).sort(),
            stage: Object.keys(made.stages[0]).sort(),
            summary: Object.keys(made.summary).sort(),
            error: Object.keys(error).sort(),
          };
        }, bytes);
        const text = (name) => readFileSync(path.join(DIST, name), "utf8");
        const surface = {
          ...live,
          events: found(text("recto.js"), /CustomEvent\("([\w-]+)"/g),
          properties: found(text("recto.js"), /var\((--recto-[\w-]+)/g),
          messages: found(text("frame.js"), /type(?:: | === )"([\w-]+)"/g),
          types: declarations(text("recto.d.ts")),
          frameTypes: declarations(text("recto-frame.d.ts")),
        };
        assert.equal(surface.frameVersion, surface.version);
        const file = path.join(import.meta.dirname, `../surface/v${surface.version}.json`);
        const known = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
        const gone = Object.entries(known).flatMap(([name, list]) =>
          Array.isArray(list) ? list.filter((it) => !surface[name]?.includes(it)).map((it) => `${name}: ${it}`) : [],
        );
        if (process.env.UPDATE) {
          assert.deepEqual(gone, [], "what is taken away or changed needs another version");
          writeFileSync(file, `${JSON.stringify(surface, null, 2)}\n`);
        }
        const expected = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
        assert.deepEqual(surface, expected, "the public surface has changed: see the head of cases/surface.mjs");
      } finally {
        delete harness.replace["surface.html"];
        await visitor.close();
      }
    });
  });
}
