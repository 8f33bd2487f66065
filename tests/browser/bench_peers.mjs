// What the page is measured beside: the native command line, and pdf.js's text in the same browser.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { RECTO } from "./harness.mjs";
import { serve } from "./serve.mjs";

const PDFJS = path.join(import.meta.dirname, "node_modules/pdfjs-dist");

/** The machine and what else it is doing, in a line. */
export function machine() {
  const cpus = os.cpus();
  const load = os.loadavg().map((value) => value.toFixed(2)).join(", ");
  const memory = Math.round(os.totalmem() / 2 ** 30);
  return `${cpus.length} × ${cpus[0]?.model.trim() ?? "unknown processor"}, ${memory} GiB; load over 1, 5, 15 minutes: ${load}`;
}

/** The kernel's high-water mark of a process's memory in MiB; none outside Linux. */
function peakOf(pid) {
  try {
    const [, kib] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return kib && Number(kib) / 1024;
  } catch {
    return undefined;
  }
}

/** Extracts a file with the command line; gives pages, milliseconds of extraction, and the peak in MiB. */
export async function native({ name, data }) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "recto-bench-"));
  try {
    const input = path.join(folder, path.basename(name));
    writeFileSync(input, data);
    const scans = ["--ocr-models", path.join(import.meta.dirname, "../../public/models/ocr")];
    const options = ["convert", input, "-o", path.join(folder, "out"), "--no-summary", "--no-captions", "--json", ...scans];
    const child = spawn(RECTO, options, { stdio: ["ignore", "pipe", "ignore"] });
    let told = "";
    let peak;
    child.stdout.on("data", (text) => (told += text));
    // The mark only rises, so that the last look before the end misses little.
    const look = setInterval(() => (peak = peakOf(child.pid) ?? peak), 2);
    await new Promise((resolve) => child.on("close", resolve));
    clearInterval(look);
    if (!told) return undefined;
    const stage = JSON.parse(told.split("\n")[0]).stages.find((it) => it.stage === "extraction");
    return { pages: stage.counts.pages, millis: stage.millis, peak };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** pdf.js in `visitor`'s browser: `text(file)` gives the milliseconds that all pages' text takes. */
export async function pdfjs(visitor) {
  const server = await serve(PDFJS, { replace: { "blank.html": "<!doctype html><title>pdf.js</title>" } });
  const page = await visitor.context.newPage();
  await page.goto(`${server.url}blank.html`);
  const text = ({ data }) =>
    page.evaluate(async (given) => {
      const pdfjs = await import("/build/pdf.min.mjs");
      pdfjs.GlobalWorkerOptions.workerSrc = "/build/pdf.worker.min.mjs";
      const bytes = Uint8Array.from(atob(given), (letter) => letter.charCodeAt(0));
      const start = performance.now();
      const task = pdfjs.getDocument({ data: bytes });
      const file = await task.promise;
      let characters = 0;
      for (let number = 1; number <= file.numPages; number++) {
        const page = await file.getPage(number);
        for (const item of (await page.getTextContent()).items) characters += item.str?.length ?? 0;
        page.cleanup();
      }
      const millis = performance.now() - start;
      await task.destroy();
      return { millis, characters };
    }, data.toString("base64"));
  return { text, close: () => server.close() };
}
