// The other end of `embed.html`: a page that shows it in a frame talks to it through this. Nothing of Recto runs in
// the page itself, so that it needs no more in its Content-Security-Policy than the frame.

/** Version of the messages. */
export const apiVersion = 1;

/** Why a frame gave no result. */
export class RectoFrameError extends Error {
  constructor({ code, message, advice = "", partial }) {
    super(message);
    this.name = code === "stopped" ? "AbortError" : "RectoFrameError";
    Object.assign(this, { code, advice, partial });
  }
}

/** Connects to the frame; resolves once it listens. See recto.d.ts. */
export async function connectFrame(frame, { timeout = 30_000, onMessage } = {}) {
  const origin = new URL(frame.src, document.baseURI).origin;
  const waiting = new Map();
  // Others may talk to the same frame.
  const own = Math.random().toString(36).slice(2);
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
      else if (id === "reader") onMessage?.(data);
      return;
    }
    if (type === "progress") return one.onProgress(data.progress);
    waiting.delete(id);
    if (type === "result") one.resolve(data.result);
    if (type === "error") one.reject(new RectoFrameError(data));
  };
  window.addEventListener("message", hear);
  let loaded = false;
  const first = () => (loaded = true);
  frame.addEventListener("load", first, { once: true });
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
  // A frame that is loaded anew, because it was moved or led elsewhere, knows of nothing that was asked before.
  const lose = () => {
    for (const { reject } of [...waiting.values()]) reject(new RectoFrameError({ code: "stopped", message: "The frame was loaded anew." }));
    waiting.clear();
  };
  const watch = () => frame.addEventListener("load", lose);
  if (loaded) watch();
  else frame.addEventListener("load", watch, { once: true });
  return {
    abilities: ready.abilities,
    /** Bytes in an ArrayBuffer are handed over; blobs are not copied either. */
    async convert(file, { signal, onProgress = () => {}, ...options } = {}) {
      if (signal?.aborted) throw new RectoFrameError({ code: "stopped", message: "It was stopped." });
      if (!frame.contentWindow) throw new RectoFrameError({ code: "not-started", message: "The frame is gone." });
      const id = `${own}-${next++}`;
      return new Promise((resolve, reject) => {
        const cancel = () => post({ type: "cancel", id });
        const settle = (act) => (value) => {
          signal?.removeEventListener("abort", cancel);
          act(value);
        };
        waiting.set(id, { resolve: settle(resolve), reject: settle(reject), onProgress });
        signal?.addEventListener("abort", cancel);
        try {
          post({ type: "convert", id, file, options }, file instanceof ArrayBuffer ? [file] : []);
        } catch (cause) {
          waiting.delete(id);
          settle(reject)(new RectoFrameError({ code: "options", message: String(cause) }));
        }
      });
    },
    close() {
      window.removeEventListener("message", hear);
      frame.removeEventListener("load", watch);
      frame.removeEventListener("load", lose);
      for (const { reject } of waiting.values()) reject(new RectoFrameError({ code: "stopped", message: "The connection was closed." }));
      waiting.clear();
    },
  };
}
