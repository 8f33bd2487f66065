// A static server for the built site, with the headers that isolate a page (threads need it).
//
//   node serve.mjs DIR [--port 8080] [--prefix /some/path]
//
// Listens on this machine only. As a module: `serve(dir, options)` for the tests.

import { createServer } from "node:http";
import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".ico": "image/x-icon",
  ".txt": "text/plain; charset=utf-8",
  ".md": "text/markdown; charset=utf-8",
  ".pdf": "application/pdf",
};

/** Origins of all servers that were started here. */
export const served = new Set();

/** The headers that a static Space sends too. */
export const ISOLATION = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "cross-origin",
};

/**
 * Serves the folder `dir` under `prefix`. `replace` gives other content for some paths below it
 * (`{"models.json": "..."}`; null: as if it were not there), `roots` other folders (`{"models/": dir}`); `log` gets each request's path; not
 * `isolated`, it sends no headers that isolate a page. Resolves to `{url, server, close}`.
 */
export async function serve(dir, options = {}) {
  const { port = 0, prefix = "/", replace = {}, roots = {}, log = () => {}, isolated = true } = options;
  const root = await realpath(dir);
  const base = `/${prefix.split("/").filter(Boolean).join("/")}`.replace(/\/?$/, "/");
  const server = createServer((request, response) => {
    answer({ root, roots, base, replace, log, isolation: isolated ? ISOLATION : {} }, request, response).catch((error) => {
      if (!response.headersSent) response.writeHead(500, { "content-type": "text/plain" });
      response.end(`${error.message}\n`);
    });
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${server.address().port}${base}`;
  served.add(new URL(url).origin);
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url, server, close };
}

async function answer({ root, roots, base, replace, log, isolation }, request, response) {
  const refuse = (status, text) => {
    response.writeHead(status, { "content-type": "text/plain", ...isolation });
    response.end(`${text}\n`);
  };
  if (request.method !== "GET" && request.method !== "HEAD") return refuse(405, "only GET and HEAD");
  let name;
  try {
    name = decodeURIComponent(request.url.split(/[?#]/, 1)[0]);
  } catch {
    return refuse(400, "this is no address");
  }
  log(name);
  if (name === base.slice(0, -1)) {
    response.writeHead(308, { location: base, ...isolation });
    return response.end();
  }
  if (!name.startsWith(base) || name.includes("\0")) return refuse(404, "not found");
  name = name.slice(base.length);
  if (name === "" && Object.hasOwn(replace, "index.html")) name = "index.html";
  const headers = { "cache-control": "no-cache", "x-content-type-options": "nosniff", ...isolation };
  if (replace[name] === null) return refuse(404, "it is not here");
  if (Object.hasOwn(replace, name)) {
    headers["content-type"] = TYPES[path.extname(name)] ?? "application/octet-stream";
    response.writeHead(200, headers);
    return response.end(request.method === "HEAD" ? undefined : replace[name]);
  }
  for (const [below, folder] of Object.entries(roots)) {
    if (name.startsWith(below)) [root, name] = [await realpath(folder), name.slice(below.length)];
  }
  let file;
  try {
    file = await realpath(path.join(root, name));
    if ((await stat(file)).isDirectory()) file = await realpath(path.join(file, "index.html"));
  } catch {
    return refuse(404, "not found");
  }
  // Whatever `..` or a link made of it, only what lies in the folder is served.
  if (!file.startsWith(root + path.sep)) return refuse(404, "not found");
  headers["content-type"] = TYPES[path.extname(file).toLowerCase()] ?? "application/octet-stream";
  headers["content-length"] = (await stat(file)).size;
  response.writeHead(200, headers);
  if (request.method === "HEAD") return response.end();
  createReadStream(file)
    .on("error", () => response.destroy())
    .pipe(response);
}

async function main([dir, ...options]) {
  const option = (name, otherwise) => {
    const at = options.indexOf(`--${name}`);
    return at < 0 ? otherwise : options[at + 1];
  };
  const port = Number(option("port", 8080));
  if (!dir || dir.startsWith("--") || !Number.isInteger(port) || port < 0 || port > 65535) {
    console.error("usage: node serve.mjs DIR [--port 8080] [--prefix /some/path]");
    process.exit(2);
  }
  try {
    const { url } = await serve(dir, { port, prefix: option("prefix", "/") });
    console.log(`Recto is served at ${url} (end with Ctrl+C)`);
  } catch (error) {
    const why = error.code === "EADDRINUSE" ? `port ${port} is in use; try --port ${port + 1}` : error.message;
    console.error(why);
    process.exit(1);
  }
}

if (process.argv[1] && fileURLToPath(import.meta.url) === (await realpath(process.argv[1]))) {
  await main(process.argv.slice(2));
}
