// A stand-in for the hub and its content network: the same names, paths, redirects and headers, over TLS.
// Chromium is told to find those names at this server's address, so the site runs as it ships.

import { createHash } from "node:crypto";
import { createServer as createPlainServer } from "node:http";
import { createServer } from "node:https";
import { selfSigned } from "./certificate.mjs";

export const HUB = "huggingface.co";
export const NETWORK = "cas-bridge.xethub.hf.co";

/** Files of more bytes than this are kept outside git. */
const LARGE = 2000;
const CORS = { "access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin" };

export class Hub {
  /** `{data, sha256}` by path (`owner/repo/resolve/main/file`). */
  #files = new Map();
  /** What goes wrong next, by path: `{cutAfter, stallAfter, wrong, bytesPerSecond, status}`. */
  #faults = new Map();
  /** Answers every connection by breaking it. */
  off = false;
  /** `{host, path, range, status}` of each request, in order. */
  requests = [];

  /** `plain`, it is a mirror without TLS that serves the same paths under its own address. */
  static async start({ plain = false } = {}) {
    const hub = new Hub();
    const answer = (request, response) => hub.#answer(request, response).catch(() => response.destroy());
    hub.server = plain ? createPlainServer(answer) : createServer(selfSigned([HUB, NETWORK]), answer);
    await new Promise((resolve, reject) => {
      hub.server.once("error", reject);
      hub.server.listen(0, "127.0.0.1", resolve);
    });
    hub.port = hub.server.address().port;
    return hub;
  }

  /** Puts a file on the hub; gives its SHA-256. */
  add(path, data) {
    const sha256 = createHash("sha256").update(data).digest("hex");
    this.#files.set(path, { data, sha256 });
    return sha256;
  }

  /**
   * Lets something go wrong with `path`, until `mend`: `cutAfter` bytes of one answer the connection
   * breaks (once), or `stallAfter` so many nothing more comes on it (once); `wrong` bytes are served; not
   * more than `bytesPerSecond`; a `status` instead.
   */
  fault(path, fault) {
    this.#faults.set(path, fault);
  }

  mend(path) {
    this.#faults.delete(path);
  }

  /** Requests for the content of `path`, redirects left out. */
  fetches(path) {
    return this.requests.filter((request) => request.host === NETWORK && request.path === `/${path}`);
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }

  async #answer(request, response) {
    const host = (request.headers.host ?? "").replace(/:\d+$/, "");
    const { pathname } = new URL(request.url, `https://${host}`);
    const path = pathname.slice(1);
    const entry = { host, path: pathname, method: request.method, range: request.headers.range, status: 0 };
    this.requests.push(entry);
    if (this.off) return request.socket.destroy();
    const head = (status, headers) => {
      entry.status = status;
      response.writeHead(status, { ...CORS, ...headers });
    };
    if (request.method === "OPTIONS") {
      head(204, { "access-control-allow-headers": "range", "access-control-allow-methods": "GET, HEAD" });
      return response.end();
    }
    const listing = /^api\/models\/([^/]+\/[^/]+)\/tree\/([^/]+)$/.exec(path);
    if (listing && host === HUB) {
      head(200, { "content-type": "application/json" });
      return response.end(JSON.stringify(this.#list(`${listing[1]}/resolve/${listing[2]}/`)));
    }
    const file = this.#files.get(path);
    if (!file) {
      head(404, { "content-type": "text/plain" });
      return response.end("Entry not found\n");
    }
    const fault = this.#faults.get(path) ?? {};
    if (fault.status) {
      head(fault.status, { "content-type": "text/html" });
      return response.end("<!doctype html><p>not now\n");
    }
    if (host === HUB) {
      head(302, {
        location: `https://${NETWORK}/${path}`,
        // As the hub does; no page can see them here.
        "x-linked-etag": `"${file.sha256}"`,
        "x-linked-size": String(file.data.length),
        "access-control-expose-headers": "ETag, Accept-Ranges, Content-Range, X-Linked-Size, X-Linked-ETag",
      });
      return response.end();
    }
    await this.#content(request, response, head, path, file, fault);
  }

  /** What the hub lists of a folder: the hash only of what is large enough not to lie in git. */
  #list(folder) {
    return [...this.#files].flatMap(([path, { data, sha256 }]) => {
      if (!path.startsWith(folder)) return [];
      const large = data.length > LARGE && { lfs: { oid: sha256, size: data.length, pointerSize: 130 } };
      return [{ type: "file", oid: sha256.slice(0, 40), size: data.length, path: path.slice(folder.length), ...large }];
    });
  }

  async #content(request, response, head, path, file, fault) {
    const data = fault.wrong ?? file.data;
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
    const start = range ? Number(range[1]) : 0;
    if (start >= data.length && range) {
      head(416, { "content-range": `bytes */${data.length}` });
      return response.end();
    }
    const body = data.subarray(start);
    head(range ? 206 : 200, {
      "content-type": "application/octet-stream",
      "content-length": body.length,
      "accept-ranges": "bytes",
      etag: `"${file.sha256.slice(0, 32)}"`,
      ...(range && { "content-range": `bytes ${start}-${data.length - 1}/${data.length}` }),
    });
    if (fault.cutAfter !== undefined) {
      // One cut only: the next answer is whole.
      const { cutAfter, ...rest } = fault;
      this.fault(path, rest);
      response.write(body.subarray(0, cutAfter));
      // The client must have received what was sent before the connection goes.
      await pause(200);
      return response.destroy();
    }
    if (fault.stallAfter !== undefined) {
      const { stallAfter, ...rest } = fault;
      this.fault(path, rest);
      return void response.write(body.subarray(0, stallAfter));
    }
    if (fault.bytesPerSecond) {
      const step = Math.max(1, Math.floor(fault.bytesPerSecond / 20));
      for (let at = 0; at < body.length && !response.destroyed; at += step) {
        response.write(body.subarray(at, at + step));
        await pause(50);
      }
      return response.end();
    }
    response.end(request.method === "HEAD" ? undefined : body);
  }
}

const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis));
