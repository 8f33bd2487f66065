// The hub as everything here sees it: the official client's calls, tried again where that can help.
import { HubApiError } from "@huggingface/hub";

const TRIES = 5;
/** A hub that asks for a longer pause than this is left alone; its limits on commits are by the hour. */
const LONGEST_WAIT_MS = 10 * 60_000;

/** Something that will not go away by trying again; its message is for the person. */
export class Refused extends Error {}

/** Something that another attempt may not meet. */
export class MayPass extends Error {}

export class Hub {
  #token;
  #firstPause;
  #askedToWait = 0;

  /** `firstPause` in milliseconds; each pause is twice the one before. */
  constructor({ endpoint, token, say, firstPause = 5_000, sleep = pause }) {
    this.endpoint = endpoint.replace(/\/+$/, "");
    const { protocol, hostname } = new URL(this.endpoint);
    if (protocol !== "https:" && !["127.0.0.1", "localhost", "[::1]"].includes(hostname)) {
      throw new Refused(`HF_ENDPOINT must be https: the token would travel in the open to ${this.endpoint}`);
    }
    this.#token = token;
    this.#firstPause = firstPause;
    this.say = say;
    this.sleep = sleep;
  }

  /** What each of the client's functions takes. */
  get access() {
    return { accessToken: this.#token, hubUrl: this.endpoint, fetch: this.fetch };
  }

  /** Remembers how long the hub asks to be left alone, which the client's errors do not tell. */
  fetch = async (input, init) => {
    const response = await fetch(input, init);
    if (response.status === 429 || response.status === 503) {
      this.#askedToWait = Math.max(this.#askedToWait, waitOf(response.headers.get("retry-after")));
    }
    return response;
  };

  /** GET of a path of the hub, as the owner. */
  get(path, headers = {}) {
    return this.fetch(this.endpoint + path, { headers: { authorization: `Bearer ${this.#token}`, ...headers } });
  }

  async json(path) {
    const response = await this.get(path);
    if (!response.ok) throw new HubApiError(response.url, response.status, undefined, `${path}: ${response.status}`);
    return await response.json();
  }

  /** The headers that open a private Space's page, which the hub's own servers keep. */
  get pageHeaders() {
    return { authorization: `Bearer ${this.#token}` };
  }

  /** Does `action` up to five times. It must be one that may be done twice. */
  async attempt(what, action) {
    for (let tried = 1; ; tried++) {
      this.#askedToWait = 0;
      try {
        return await action(tried);
      } catch (error) {
        if (!isTemporary(error)) throw error;
        if (tried === TRIES) throw new Refused(`${what}: given up after ${TRIES} attempts: ${reason(error)}`);
        if (this.#askedToWait > LONGEST_WAIT_MS) {
          const minutes = Math.ceil(this.#askedToWait / 60_000);
          throw new Refused(`${what}: the hub asks to wait ${minutes} minutes; run the same command then, it goes on`);
        }
        const wait = Math.max(this.#askedToWait, this.#firstPause * 2 ** (tried - 1));
        this.say(`${what}: ${reason(error)}; attempt ${tried + 1} of ${TRIES} in ${Math.ceil(wait / 1000)} s`);
        await this.sleep(wait);
      }
    }
  }
}

/** Whether the same request may succeed later. A conflict may: the state is looked at anew before each attempt. */
export function isTemporary(error) {
  if (error instanceof Refused) return false;
  if (error instanceof MayPass) return true;
  if (error instanceof HubApiError) {
    return error.statusCode >= 500 || [408, 409, 412, 425, 429].includes(error.statusCode);
  }
  // A connection that was refused, cut or timed out, or an answer that ends in the middle.
  return (
    ["AbortError", "TimeoutError", "SyntaxError"].includes(error?.name) ||
    (error instanceof TypeError && (error.cause !== undefined || /fetch failed|terminated/.test(error.message)))
  );
}

/** One line about an error: its message, and the cause that Node.js keeps apart. */
export function reason(error) {
  const cause = error?.cause?.code ?? error?.cause?.message;
  return `${error?.message ?? error}${cause ? ` (${cause})` : ""}`.replace(/\s+/g, " ");
}

/** `Retry-After` in milliseconds: seconds, or a date (RFC 9110, 10.2.3). */
function waitOf(header) {
  if (!header) return 0;
  const seconds = Number(header);
  const millis = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(millis) ? Math.max(0, millis) : 0;
}

function pause(millis) {
  return new Promise((resolve) => setTimeout(resolve, millis));
}
