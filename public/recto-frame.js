// The other end of `embed.html`: a page that shows it in a frame talks to it through this. Nothing of Recto runs in
// the page itself, so that it needs no more in its Content-Security-Policy than the frame.

/** Version of the messages. */
export const apiVersion = 1;

/** Why a frame gave no result. */
export class RectoFrameError extends Error {
  constructor({ code, message, advice = "", partial }) {
    super(advice ? `${message} ${advice}` : message);
    this.name = code === "stopped" ? "AbortError" : "RectoFrameError";
    Object.assign(this, { code, advice, partial });
  }
}

/** Connects to the frame; resolves once it listens. See recto.d.ts. */
export async function connectFrame(frame, { timeout = 30_000, onMessage } = {}) {
  const origin = new URL(frame.src, document.baseURI).origin;
  const waiting = new Map();
  let next = 1;
  let greet;
  const greeted = new Promise((resolve, reject) => (greet = { resolve, reject }));
  const post = (message, transfer = []) => frame.contentWindow?.postMessage({ recto: apiVersion, ...message }, { targetOrigin: origin, transfer });
  const hear = ({ source, origin: from, data }) => {
    if (source !== frame.contentWindow || from !== origin || typeof data?.recto !== "number") return;
    const { type, id } = data;
    if (type === "ready") return greet.resolve(data);
    const one = waiting.get(id);
    if (!one) {
      if (type === "error" && id === undefined) greet.reject(new RectoFrameError(data));
      else onMessage?.(data);
      return;
    }
    if (type === "progress") return one.onProgress(data.progress);
    waiting.delete(id);
    if (type === "result") one.resolve(data.result);
    if (type === "error") one.reject(new RectoFrameError(data));
  };
  window.addEventListener("message", hear);
  // A frame that is still loading hears nothing: it is greeted until it answers.
  const hello = () => post({ type: "hello" });
  const again = setInterval(hello, 250);
  const late = setTimeout(() => {
    greet.reject(new RectoFrameError({ code: "not-started", message: `The frame at ${frame.src} did not answer.` }));
  }, timeout);
  hello();
  let ready;
  try {
    ready = await greeted;
  } catch (error) {
    window.removeEventListener("message", hear);
    throw error;
  } finally {
    clearInterval(again);
    clearTimeout(late);
  }
  return {
    abilities: ready.abilities,
    /** Bytes in an ArrayBuffer are handed over; blobs are not copied either. */
    convert(file, { signal, onProgress = () => {}, ...options } = {}) {
      signal?.throwIfAborted();
      const id = next++;
      return new Promise((resolve, reject) => {
        const cancel = () => post({ type: "cancel", id });
        const settle = (act) => (value) => {
          signal?.removeEventListener("abort", cancel);
          act(value);
        };
        waiting.set(id, { resolve: settle(resolve), reject: settle(reject), onProgress });
        signal?.addEventListener("abort", cancel);
        post({ type: "convert", id, file, options }, file instanceof ArrayBuffer ? [file] : []);
      });
    },
    close() {
      window.removeEventListener("message", hear);
      for (const { reject } of waiting.values()) reject(new RectoFrameError({ code: "stopped", message: "The connection was closed." }));
      waiting.clear();
    },
  };
}
