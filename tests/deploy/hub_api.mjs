// A hub on this machine: the parts of its HTTP API that publishing needs, as its OpenAPI description, the Git LFS
// batch API and the client library's types give them, and the pages of its static Spaces on a second port.

import { createHash } from "node:crypto";
import { createServer } from "node:http";
import path from "node:path";

export const TOKEN = "hf_aSecretThatMustNotBeShown";
/** What git's attributes of a new repository keep out of git, in short. */
const LARGE = /\.(wasm|gguf|onnx|safetensors|png)$/;

const sha256 = (data) => createHash("sha256").update(data).digest("hex");
const gitOid = (data) => createHash("sha1").update(`blob ${data.length}\0`).update(data).digest("hex");

export class HubApi {
  /** By `type/owner/name`: `{files: Map(path → {data, lfs}), commits: [{title, paths, removed}], private, sdk, …}`. */
  repos = new Map();
  /** Content by SHA-256 that was uploaded ahead of a commit. */
  #objects = new Map();
  /** `{method, path, status, authorised}` of each request. */
  requests = [];
  /** `[{when: RegExp over "METHOD path", times, status, headers, cut, after, json}]`: what goes wrong, in order. */
  faults = [];
  /** Namespaces that the token may write to. */
  namespaces = new Set(["owner", "lab"]);
  /** Stages that a Space goes through after a commit; the last stays. */
  stages = ["BUILDING", "RUNNING"];
  errorMessage;
  /** Offers the newer way for large files, whose store never answers well: `{status}` or `{cut: true}`. */
  brokenXet;
  /** Changes the answer of a Space's page: `(headers, body, name) => ({headers, body})`. */
  alterPage = (headers, body) => ({ headers, body });

  static async start() {
    const api = new HubApi();
    const listen = async (answer) => {
      const server = createServer((request, response) => {
        answer.call(api, request, response).catch((error) => {
          response.destroy();
          console.error(error);
        });
      });
      await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    };
    api.server = await listen(api.#answer);
    api.pages = await listen(api.#page);
    api.endpoint = `http://127.0.0.1:${api.server.address().port}`;
    return api;
  }

  async close() {
    for (const server of [this.server, this.pages]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  /** Puts a repository there with `files` (path → data). */
  add(id, files = {}, { sdk, isPrivate = false, hidden = false } = {}) {
    const entries = Object.entries(files).map(([name, data]) => [name, { data: Buffer.from(data), lfs: LARGE.test(name) }]);
    const repo = { files: new Map(entries), commits: [], private: isPrivate, sdk, hidden, stages: [...this.stages] };
    this.repos.set(id, repo);
    return repo;
  }

  fault(when, what) {
    this.faults.push({ when, times: 1, ...what });
  }

  count(when) {
    return this.requests.filter(({ method, path }) => when.test(`${method} ${path}`)).length;
  }

  async #answer(request, response) {
    const body = await bodyOf(request);
    const url = new URL(request.url, this.endpoint);
    const name = `${request.method} ${url.pathname}`;
    const entry = { method: request.method, path: url.pathname, status: 0, authorised: request.headers.authorization === `Bearer ${TOKEN}` };
    this.requests.push(entry);
    const send = (status, value, headers = {}) => {
      entry.status = status;
      const json = !Buffer.isBuffer(value);
      response.writeHead(status, { "content-type": json ? "application/json" : "application/octet-stream", "x-request-id": "r1", ...headers });
      response.end(json ? JSON.stringify(value) : value);
    };
    const fault = this.faults.find(({ when, times }) => times > 0 && when.test(name));
    if (fault) {
      fault.times -= 1;
      // The work is done, and its answer lost.
      if (fault.after) await this.#route(request, url, body, () => {});
      if (fault.cut || fault.after) return response.destroy();
      if (fault.halfOf) {
        response.writeHead(200, { "content-length": fault.halfOf.length });
        response.write(fault.halfOf.subarray(0, fault.halfOf.length / 2));
        await new Promise((resolve) => setTimeout(resolve, 50));
        return response.destroy();
      }
      return send(fault.status, fault.json ?? { error: "not now" }, fault.headers);
    }
    await this.#route(request, url, body, send);
  }

  async #route(request, url, body, send) {
    const route = `${request.method} ${url.pathname}`;
    const authorised = request.headers.authorization === `Bearer ${TOKEN}`;
    const json = () => JSON.parse(body.toString());
    let match;
    if ((match = /^PUT \/storage\/([0-9a-f]{64})$/.exec(route))) {
      // Signed addresses need no token, and must not get it.
      if (request.headers.authorization) return send(400, { error: "two ways of authorisation" });
      if (sha256(body) !== match[1]) return send(400, { error: "another hash" });
      this.#objects.set(match[1], body);
      return send(200, {});
    }
    if ((match = /^GET \/(spaces\/)?([^/]+\/[^/]+)\/resolve\/main\/(.+)$/.exec(route))) {
      const file = this.repos.get(`${match[1] ? "space" : "model"}/${match[2]}`)?.files.get(match[3]);
      if (!file) return send(404, { error: "Entry not found" });
      const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
      return send(start ? 206 : 200, file.data.subarray(start));
    }
    if (url.pathname.startsWith("/cas/")) return send(this.brokenXet.status, { error: "the store is down" });
    if (!authorised) return send(401, { error: "Invalid username or password." });
    if (route === "GET /api/whoami-v2") {
      return send(200, { type: "user", name: "owner", orgs: [{ name: "lab" }], auth: { type: "access_token" } });
    }
    if (route === "POST /api/repos/create") {
      const { type, name, organization, visibility, sdk } = json();
      if (!this.namespaces.has(organization)) return send(403, { error: "You don't have the rights" });
      const id = `${type}/${organization}/${name}`;
      if (this.repos.has(id)) return send(409, { error: "You already created this repo" });
      const files = { ".gitattributes": "*.wasm filter=lfs\n", ...(sdk && { "README.md": "---\nsdk: static\n---\n", "index.html": TEMPLATE, "style.css": "body {}\n" }) };
      this.add(id, files, { sdk, isPrivate: visibility === "private" });
      return send(200, { url: `${this.endpoint}/${id}`, id });
    }
    if ((match = /^POST \/(spaces\/)?([^/]+\/[^/]+)\.git\/info\/lfs\/objects\/batch$/.exec(route))) return this.#batch(json(), send);
    if ((match = /^(GET|POST) \/api\/(space|model)s\/([^/]+\/[^/]+)(?:\/(.*))?$/.exec(route))) {
      const repo = this.repos.get(`${match[2]}/${match[3]}`);
      if (!repo || repo.hidden) return send(404, { error: "Repository not found" });
      return this.#repository(repo, match[3], `${match[1]} ${match[4] ?? ""}`, body, send);
    }
    send(404, { error: `no such route: ${route}` });
  }

  #repository(repo, name, route, body, send) {
    if (route === "GET ") {
      const host = `http://127.0.0.1:${this.pages.address().port}/${name}`;
      return send(200, { id: name, sdk: repo.sdk, private: repo.private, host, subdomain: name.replace("/", "-") });
    }
    if (route === "GET runtime") {
      const stage = repo.stages.length > 1 ? repo.stages.shift() : repo.stages[0];
      return send(200, { stage, ...(this.errorMessage && { errorMessage: this.errorMessage }) });
    }
    if (route === "GET tree/main") {
      const list = [...repo.files].map(([path, { data, lfs }]) => ({
        type: "file",
        path,
        size: data.length,
        // What lies outside git has a pointer's name there.
        oid: lfs ? gitOid(Buffer.from(sha256(data))) : gitOid(data),
        ...(lfs && { lfs: { oid: sha256(data), size: data.length, pointerSize: 130 } }),
      }));
      return send(200, list);
    }
    if (route === "POST preupload/main") {
      const files = JSON.parse(body.toString()).files.map(({ path }) => ({ path, uploadMode: LARGE.test(path) ? "lfs" : "regular" }));
      return send(200, { files });
    }
    if (route === "POST commit/main") return this.#commit(repo, body, send);
    send(404, { error: `no such route: ${route}` });
  }

  #batch({ objects, transfers, operation, hash_algo: algorithm }, send) {
    if (operation !== "upload" || algorithm !== "sha_256" || !transfers.includes("basic")) return send(422, { error: "no such transfer" });
    if (this.brokenXet && transfers.includes("xet")) {
      const header = {
        "X-Xet-Cas-Url": `${this.endpoint}/cas`,
        "X-Xet-Access-Token": "short-lived",
        "X-Xet-Token-Expiration": String(Math.floor(Date.now() / 1000) + 3600),
      };
      const upload = { href: `${this.endpoint}/xet-write-token`, header };
      return send(200, { transfer: "xet", objects: objects.map(({ oid, size }) => ({ oid, size, actions: { upload } })) });
    }
    const answers = objects.map(({ oid, size }) => ({
      oid,
      size,
      ...(!this.#objects.has(oid) && { actions: { upload: { href: `${this.endpoint}/storage/${oid}` } } }),
    }));
    send(200, { transfer: "basic", objects: answers });
  }

  #commit(repo, body, send) {
    const lines = body.toString().split("\n").filter(Boolean).map((line) => JSON.parse(line));
    if (lines[0]?.key !== "header") return send(400, { error: "no header" });
    const commit = { title: lines[0].value.summary, paths: [], removed: [] };
    for (const { key, value } of lines.slice(1)) {
      if (key === "lfsFile" && !this.#objects.has(value.oid)) return send(400, { error: `${value.path} was not uploaded` });
      if (key === "deletedFile" && !repo.files.has(value.path)) return send(400, { error: `${value.path} is not there` });
      if (key === "file" && LARGE.test(value.path)) return send(400, { error: `${value.path} must not lie in git` });
    }
    for (const { key, value } of lines.slice(1)) {
      if (key === "deletedFile") {
        repo.files.delete(value.path);
        commit.removed.push(value.path);
      } else {
        const data = key === "lfsFile" ? this.#objects.get(value.oid) : Buffer.from(value.content, value.encoding);
        repo.files.set(value.path, { data, lfs: key === "lfsFile" });
        commit.paths.push(value.path);
      }
    }
    repo.commits.push(commit);
    repo.stages = [...this.stages];
    send(200, { success: true, commitOid: "c".repeat(40), commitUrl: `${this.endpoint}/commit` });
  }

  /** A static Space's page, with the headers that its README asks for. */
  async #page(request, response) {
    const [, owner, name, ...rest] = new URL(request.url, "http://x").pathname.split("/");
    const repo = this.repos.get(`space/${owner}/${name}`);
    const file = rest.join("/") || "index.html";
    const allowed = repo && (!repo.private || request.headers.authorization === `Bearer ${TOKEN}`);
    const found = allowed && repo.files.get(file);
    if (!found) return response.writeHead(404).end();
    const wanted = /custom_headers:\n((?: {2}.*\n)*)/.exec(repo.files.get("README.md")?.data.toString() ?? "")?.[1] ?? "";
    const headers = Object.fromEntries([...wanted.matchAll(/^ {2}(\S+): (\S+)$/gm)].map(([, key, value]) => [key, value]));
    const answer = this.alterPage({ ...headers, "content-type": path.extname(file) === ".html" ? "text/html" : "text/plain" }, found.data, file);
    response.writeHead(200, answer.headers).end(answer.body);
  }
}

/** As the hub puts into a new static Space. */
const TEMPLATE = "<!doctype html><h1>Welcome to your static Space!</h1>";

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}
