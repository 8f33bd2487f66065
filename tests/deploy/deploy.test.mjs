// Publishing on a Space, against a hub on this machine that fails in the ways of the real one.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { deploy } from "../../.ci/deploy/main.mjs";
import { batches } from "../../.ci/deploy/repository.mjs";
import { Log } from "../../.ci/deploy/log.mjs";
import { referenceFiles } from "../browser/reference.mjs";
import { HubApi, TOKEN } from "./hub_api.mjs";

const ROOT = path.join(import.meta.dirname, "../..");
const SPACE = "owner/recto";
let work;
let api;
let lines;
let pauses;

before(() => (work = mkdtempSync(path.join(tmpdir(), "recto-deploy-"))));
after(() => rmSync(work, { recursive: true }));
beforeEach(async () => {
  api = await HubApi.start();
  lines = [];
  pauses = [];
});
afterEach(() => api.close());

/** A built site, in small: the real service worker, registry and front matter around files of a few bytes. */
function site(name, files = {}) {
  const folder = path.join(work, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.join(folder, "models/ocr"), { recursive: true });
  const all = {
    "index.html": "<!DOCTYPE html><title>Recto: PDF to Markdown, in your browser</title>\n",
    "app-1.js": "app\n",
    "reader_bg.wasm": Buffer.alloc(3000, name),
    "models/ocr/detect.onnx": "network\n",
    ...files,
  };
  for (const [file, data] of Object.entries(all)) writeFileSync(path.join(folder, file), data);
  for (const file of ["sw.js", "models.json"]) cpSync(path.join(ROOT, "public", file), path.join(folder, file));
  cpSync(path.join(ROOT, ".ci/space.md"), path.join(folder, "README.md"));
  execFileSync(process.execPath, [path.join(ROOT, ".ci/precache.mjs"), folder]);
  return folder;
}

function run(options = {}) {
  const log = new Log({ secrets: [TOKEN], print: (line) => lines.push(line) });
  const sleep = async (millis) => void pauses.push(millis);
  const fast = { firstPause: 1000, sleep, watchInterval: 1000, watchSeconds: 5, work: path.join(work, "deploy") };
  return deploy({ space: SPACE, token: TOKEN, endpoint: api.endpoint, log, ...fast, ...options });
}

const said = () => lines.join("\n");
const space = (name = SPACE) => api.repos.get(`space/${name}`);
const paths = (name) => [...space(name).files.keys()].sort();

test("a new Space is made, filled in one commit, watched and looked at", async () => {
  const url = await run({ dist: site("one") });
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/owner\/recto\/$/);
  const { commits, sdk, private: isPrivate } = space();
  assert.deepEqual([commits.length, sdk, isPrivate], [1, "static", false]);
  assert.deepEqual(commits[0].removed, ["style.css"]);
  const files = ["index.html", "app-1.js", "reader_bg.wasm", "models/ocr/detect.onnx", "sw.js", "models.json", "README.md"];
  assert.deepEqual(paths(), [...files, ".gitattributes"].sort());
  assert.equal(space().files.get("reader_bg.wasm").lfs, true);
  assert.match(said(), /stage BUILDING/);
  assert.match(said(), /isolated/);
  assert.ok(api.requests.every(({ path, authorised }) => !path.startsWith("/storage/") || !authorised));
});

test("the same build again sends nothing; the next one only what differs, and removes what it lacks", async () => {
  const first = site("one");
  await run({ dist: first });
  await run({ dist: first });
  assert.equal(space().commits.length, 1);
  assert.match(said(), /everything is there already/);
  const next = site("one", { "app-2.js": "app, newer\n" });
  rmSync(path.join(next, "app-1.js"));
  execFileSync(process.execPath, [path.join(ROOT, ".ci/precache.mjs"), next]);
  space().files.set("notes.txt", { data: Buffer.from("the owner's own"), lfs: false });
  await run({ dist: next });
  assert.deepEqual(space().commits[1], { title: space().commits[1].title, paths: ["app-2.js", "sw.js"], removed: ["app-1.js"] });
  assert.ok(space().files.has("notes.txt"), "what no build put there stays");
});

test("too many requests: the pause is the one that the hub asks for", async () => {
  api.fault(/POST .*\/commit\/main/, { status: 429, headers: { "retry-after": "7" } });
  await run({ dist: site("one") });
  assert.ok(pauses.includes(7000), `${pauses}`);
  assert.equal(space().commits.length, 1);
});

test("the pause may be a date too", async () => {
  const soon = new Date(Date.now() + 60_000).toUTCString();
  api.fault(/POST .*\/commit\/main/, { status: 503, headers: { "retry-after": soon } });
  await run({ dist: site("one") });
  assert.ok(pauses.some((millis) => millis > 50_000 && millis <= 60_000), `${pauses}`);
});

test("too many requests for an hour: told at once, nothing is tried", async () => {
  api.fault(/POST .*\/commit\/main/, { status: 429, headers: { "retry-after": "2580" }, times: 9 });
  await assert.rejects(run({ dist: site("one") }), /wait 43 minutes/);
  assert.equal(api.count(/POST .*\/commit/), 1);
});

test("503 and broken connections at each step are got over, with growing pauses", async () => {
  // Four at most between the listing and the commit, which are one step.
  const steps = [/whoami/, /repos\/create/, /sw\.js/, /preupload/, /objects\/batch/, /PUT \/storage/, /commit\/main/, /runtime/];
  for (const [number, step] of steps.entries()) api.fault(step, number % 2 ? { cut: true } : { status: 503 });
  await run({ dist: site("one") });
  assert.equal(space().commits.length, 1);
  assert.ok(api.faults.every(({ times }) => times === 0));
  assert.ok(pauses.includes(2000), "the second pause of one step is longer");
});

test("five attempts, then it ends with the reason", async () => {
  api.fault(/repos\/create/, { status: 503, times: 99 });
  await assert.rejects(run({ dist: site("one") }), /create space owner\/recto: given up after 5 attempts: not now/);
  assert.equal(api.count(/repos\/create/), 5);
  assert.deepEqual(pauses, [1000, 2000, 4000, 8000]);
});

test("large files take the older way when the newer one does not work", async () => {
  for (const status of [503, 404]) {
    api.brokenXet = { status };
    await run({ dist: site("one"), space: `owner/xet-${status}` });
    assert.equal(space(`owner/xet-${status}`).commits.length, 1);
  }
  assert.ok(api.count(/\/cas\//) >= 4);
  assert.equal(api.count(/PUT \/storage\//), 2, "objects that are there are not sent again");
});

test("a commit whose answer was lost is not made twice", async () => {
  api.fault(/commit\/main/, { after: true });
  await run({ dist: site("one") });
  assert.equal(space().commits.length, 1);
  assert.equal(api.count(/PUT \/storage/), 2);
});

test("a Space whose making was answered by a broken connection is taken", async () => {
  api.fault(/repos\/create/, { after: true });
  await run({ dist: site("one") });
  assert.equal(space().commits.length, 1);
  assert.match(said(), /found the static Space owner\/recto/);
});

test("a name that is someone else's, or another app's, gets a suffix, and what is there is left alone", async () => {
  api.add("space/lab/recto", { "index.html": "secret" }, { sdk: "static", hidden: true });
  api.add("space/lab/recto-2", { "index.html": "<title>My game</title>" }, { sdk: "static" });
  api.add("space/lab/recto-3", { "app.py": "" }, { sdk: "gradio" });
  const url = await run({ dist: site("one"), space: "lab/recto" });
  assert.match(url, /lab\/recto-4\/$/);
  for (const name of ["lab/recto", "lab/recto-2", "lab/recto-3"]) assert.equal(space(name).commits.length, 0);
});

test("without write access the end is plain", async () => {
  await assert.rejects(run({ dist: site("one"), space: "other/recto" }), /needs write access to other/);
  await assert.rejects(run({ dist: site("one"), token: "hf_wrong" }), /does not accept this token/);
  await assert.rejects(run({ dist: site("one"), token: "" }), /HF_TOKEN is not set/);
  assert.equal(pauses.length, 0);
});

test("a Space that fails to build is told with the hub's words, and not waited for", async () => {
  api.stages = ["BUILDING", "BUILD_ERROR"];
  api.errorMessage = "README.md: custom_headers is wrong";
  await assert.rejects(run({ dist: site("one") }), /stopped at stage BUILD_ERROR: README.md: custom_headers is wrong/);
});

test("a Space that never runs is given up after its time", async () => {
  api.stages = ["BUILDING"];
  await assert.rejects(run({ dist: site("one"), watchSeconds: 0.5 }), /did not come up in 0 minutes: stage BUILDING/);
});

test("running is not enough: the page must be this build's, and isolated", async () => {
  const dist = site("one");
  const old = readFileSync(path.join(site("older"), "sw.js"));
  let looks = 0;
  api.alterPage = (headers, body, file) => ({ headers, body: file === "sw.js" && looks++ < 2 ? old : body });
  await run({ dist });
  assert.match(said(), /it serves an earlier build/);
  api.alterPage = ({ "cross-origin-embedder-policy": dropped, ...headers }, body) => ({ headers, body });
  await assert.rejects(run({ dist }), /sends cross-origin-embedder-policy: nothing instead of credentialless/);
  api.alterPage = (headers, body, file) => ({ headers, body: file === "index.html" ? `${body}<script>1</script>` : body });
  await run({ dist });
  assert.match(said(), /warning: the host changes index.html/);
});

test("a page that is not Recto's is not taken for it", async () => {
  const other = (headers, body, file) => ({ headers, body: file === "index.html" ? "<title>Another app</title>" : body });
  api.stages = ["RUNNING"];
  api.alterPage = other;
  await assert.rejects(run({ dist: site("one"), watchSeconds: 0.5 }), /did not come up.*its page is not Recto's yet/);
});

test("private stays private", async () => {
  await run({ dist: site("one"), isPrivate: true });
  assert.equal(space().private, true);
  api.add("space/owner/open", {}, { sdk: "static" });
  await assert.rejects(run({ dist: site("one"), isPrivate: true, space: "owner/open" }), /is public already/);
  assert.equal(space("owner/open").commits.length, 0);
});

test("a site that is not whole is not sent", async () => {
  const dist = site("one");
  writeFileSync(path.join(dist, "app-1.js"), "changed after the build\n");
  await assert.rejects(run({ dist }), /app-1.js is not what was built/);
  const plain = site("plain");
  for (const line of ["sdk: static", "app_file: index.html", "  cross-origin-opener-policy: same-origin"]) {
    writeFileSync(path.join(plain, "README.md"), readFileSync(path.join(ROOT, ".ci/space.md"), "utf8").replace(`${line}\n`, ""));
    await assert.rejects(run({ dist: plain }), /README.md does not say/);
  }
  await assert.rejects(run({ dist, space: "no-owner" }), /SPACE must be owner\/name/);
  await assert.rejects(run({ dist: work, dryRun: true }), /index.html is missing: run `make dist`/);
  assert.equal(api.requests.length, 0);
});

test("many files go in several commits, what tells browsers of the new version in the last", () => {
  const isLast = ({ path }) => path === "index.html" || path === "sw.js";
  const files = Array.from({ length: 199 }, (_, number) => ({ path: `f${number}`, size: 10 }));
  files.unshift({ path: "index.html", size: 10 }, { path: "sw.js", size: 10 });
  const parts = batches(files, isLast);
  assert.deepEqual(parts.map((part) => part.length), [100, 99, 2]);
  assert.ok(parts[2].every(isLast));
  const heavy = Array.from({ length: 9 }, (_, number) => ({ path: `h${number}`, size: 9 << 20 }));
  assert.deepEqual(batches(heavy, isLast).map((part) => part.length), [4, 4, 1]);
  assert.deepEqual(batches([{ path: "m.gguf", size: 1 << 30 }, { path: "sw.js", size: 1 }], isLast).length, 1);
  assert.deepEqual(batches([], isLast), [[]]);
});

test("models are made from safetensors, uploaded, and the site takes them from there", async () => {
  const [config, weights] = referenceFiles("t5-flan-tiny");
  const source = { "config.json": config, "tokenizer.json": "{}", "model.safetensors": weights, "pytorch_model.bin": "x" };
  api.add("model/google/flan-t5-large", source);
  // The connection breaks in the middle of the weights; the rest is asked for.
  api.fault(/GET \/google\/flan-t5-large\/resolve\/main\/model.safetensors/, { halfOf: weights });
  const dist = site("one");
  await run({ dist, models: ["flan-t5-large"], recto: converter() });
  const repo = api.repos.get("model/owner/recto-models");
  assert.equal(repo.commits.length, 1);
  assert.equal(repo.private, false);
  const gguf = repo.files.get("flan-t5-large/model.gguf");
  assert.equal(gguf.data.subarray(0, 4).toString(), "GGUF");
  assert.match(repo.files.get("README.md").data.toString(), /google\/flan-t5-large.*Apache-2\.0/);
  const registry = JSON.parse(space().files.get("models.json").data);
  const entry = registry.models.find(({ id }) => id === "flan-t5-large");
  assert.equal(entry.unavailable, undefined);
  assert.equal(entry.verified, false, "nobody has fetched it yet");
  assert.equal(entry.files[0].url, "owner/recto-models/resolve/main/flan-t5-large/model.gguf");
  assert.equal(entry.files[0].size, gguf.data.length);
  assert.match(entry.files[0].sha256, /^[0-9a-f]{64}$/);
  const untouched = JSON.parse(readFileSync(path.join(dist, "models.json")));
  assert.ok(untouched.models.find(({ id }) => id === "flan-t5-large").unavailable, "dist stays as it was built");
  // Again: nothing is fetched, converted or sent.
  await run({ dist, models: ["flan-t5-large"], recto: "/nowhere" });
  assert.equal(repo.commits.length + space().commits.length, 2);
  await assert.rejects(run({ dist, models: ["gpt"] }), /there is no model gpt/);
});

/** The real `recto` where it is built; else a stand-in that writes a file which begins like its own. */
function converter() {
  if (process.env.RECTO_BIN) return process.env.RECTO_BIN;
  const script = path.join(work, "recto");
  writeFileSync(script, '#!/bin/sh\nfor last; do :; done\nprintf GGUF >"$last"\n');
  chmodSync(script, 0o755);
  return script;
}

/** The program itself: its exit code and everything that it printed. */
function program(folder, env) {
  const child = spawn(process.execPath, [path.join(ROOT, ".ci/deploy/main.mjs")], {
    cwd: folder,
    env: { PATH: process.env.PATH, SPACE, ...env },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, output })));
}

test("the program: address and log are written, and the token is in neither", async () => {
  const folder = mkdtempSync(path.join(work, "program-"));
  const dist = site("one");
  const env = { HF_TOKEN: TOKEN, HF_ENDPOINT: api.endpoint, RECTO_DIST: dist };
  api.stages = ["RUNNING"];
  // A hub that repeats what it was sent.
  api.fault(/whoami/, { status: 400, json: { error: `bad token ${TOKEN}` } });
  const refused = await program(folder, env);
  assert.equal(refused.code, 1);
  assert.match(refused.output, /bad token \[token\]/);
  assert.ok(!existsSync(path.join(folder, "space_url.txt")));
  const done = await program(folder, env);
  assert.equal(done.code, 0, done.output);
  assert.match(readFileSync(path.join(folder, "space_url.txt"), "utf8"), /^http:.*\/owner\/recto\/\n$/);
  const log = readFileSync(path.join(folder, "deploy.log"), "utf8");
  assert.match(log, /^\d{4}-.*deploy: as owner/);
  for (const text of [refused.output, done.output, log]) assert.ok(!text.includes(TOKEN));
});

test("the program: a dry run needs no token, lists what would be sent, and connects to nothing", async () => {
  const folder = mkdtempSync(path.join(work, "program-"));
  const { code, output } = await program(folder, { DRY_RUN: "yes", MODELS: "blip-base-q4k", HF_ENDPOINT: api.endpoint, RECTO_DIST: site("one") });
  assert.equal(code, 0, output);
  assert.match(output, /nothing is sent/);
  assert.match(output, /would make blip-base-q4k \(q4k\) of Salesforce\/blip-image-captioning-base's safetensors/);
  assert.match(output, /3000 [0-9a-f]{16} reader_bg.wasm/);
  assert.equal(api.requests.length, 0);
});

test("a hub without https gets no token", async () => {
  await assert.rejects(run({ dist: site("one"), endpoint: "http://hub.example.org" }), /HF_ENDPOINT must be https/);
});
