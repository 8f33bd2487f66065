// Recto in a frame of another page: the end of the messages that `recto-frame.js` sends. The page that holds the frame
// asks, and is the only one that is answered; who may ask stands in `<meta name="embedders">` (addresses of pages,
// separated by blanks, or * for all).
//
// Every message has `recto: 1`, the version. From the page: `hello`, `convert {id, file, options}`, `cancel {id}`.
// From here: `ready {version, abilities}`, `progress {id, progress}`, `result {id, result}`, `error {id, code, message,
// advice, partial}`. With `?reader` in the frame's address it shows a reader of its own, which tells the same with the
// id `reader`.
import { RectoError, abilities, apiVersion, configure, convert } from "./recto.js";

const allowed = document.querySelector("meta[name=embedders]").content.trim().split(/\s+/).filter(Boolean);
const [serves, status, stop] = ["serves", "status", "stop"].map((id) => document.getElementById(id));
const running = new Map();
let embedder = null;

const mayAsk = (origin) => origin !== "null" && (allowed.includes("*") || allowed.includes(origin));

function post(message, transfer = []) {
  // To nobody but whoever said hello.
  if (embedder) window.parent.postMessage({ recto: apiVersion, ...message }, { targetOrigin: embedder, transfer });
}

/** The bytes of a result, so that they are handed over and not copied. */
const bytesOf = (made) => [...made.figures.map((figure) => figure.bytes), made.zip].filter((bytes) => bytes?.length).map((bytes) => bytes.buffer);

function tell() {
  const [first] = running.values();
  status.textContent = first ? `${first.name}: ${first.words}` : "";
  stop.hidden = running.size === 0;
}

function fail(id, { code = "failed", message, advice = "", partial }) {
  post({ type: "error", id, code, message, advice, partial }, partial ? bytesOf(partial) : []);
}

async function serve({ id, file, options = {} }) {
  if (id === undefined || running.has(id)) {
    return fail(id, new RectoError("options", "Each document has an id of its own."));
  }
  // No addresses: they would be read with what this host lets its own pages read.
  if (!(file instanceof Blob || file instanceof ArrayBuffer || ArrayBuffer.isView(file))) {
    return fail(id, new RectoError("options", "A frame takes a Blob or bytes."));
  }
  const work = { abort: new AbortController(), name: String(options.name ?? "document.pdf"), words: "starting" };
  running.set(id, work);
  tell();
  const onProgress = (progress) => {
    const { stage, activity, done, total } = progress;
    work.words = total > 0 && stage ? `${activity}, ${done} of ${total}` : activity;
    tell();
    post({ type: "progress", id, progress });
  };
  try {
    const result = await convert(file, { ...options, signal: work.abort.signal, onProgress });
    post({ type: "result", id, result }, bytesOf(result));
  } catch (error) {
    fail(id, error.name === "AbortError" ? { code: "stopped", message: "It was stopped.", partial: error.partial } : error);
  } finally {
    running.delete(id);
    tell();
  }
}

window.addEventListener("message", ({ source, origin, data }) => {
  if (source !== window.parent || source === window || typeof data?.recto !== "number") return;
  const refuse = (code, message) =>
    source.postMessage({ recto: apiVersion, type: "error", id: data.id, code, message, advice: "" }, { targetOrigin: origin });
  if (!mayAsk(origin)) {
    if (origin !== "null") refuse("origin", `This copy of Recto does not work for ${origin}; its host names the pages that it works for.`);
    return;
  }
  if (data.recto !== apiVersion) return refuse("version", `This copy of Recto speaks version ${apiVersion} of its messages.`);
  embedder = origin;
  serves.textContent = `Recto reads PDFs here for ${origin}. They stay in this browser, and what comes of them goes to that page alone.`;
  showReader();
  if (data.type === "hello") hello();
  if (data.type === "convert") serve(data);
  if (data.type === "cancel") running.get(data.id)?.abort.abort();
});

async function hello() {
  try {
    post({ type: "ready", version: apiVersion, abilities: await abilities() });
  } catch (error) {
    fail(undefined, error);
  }
}

stop.addEventListener("click", () => {
  for (const { abort } of running.values()) abort.abort();
});

/** A reader of the frame's own, once it is known that the page may have one. */
function showReader() {
  const parameters = new URLSearchParams(location.search);
  if (!parameters.has("reader") || document.querySelector("recto-reader")) return;
  configure({ strings: { drop: "or drop it here. It stays in this browser; what comes of it goes to the page around this frame." } });
  const reader = document.createElement("recto-reader");
  for (const name of ["stages", "models", "scans", "download"]) {
    if (parameters.has(name)) reader.setAttribute(name, parameters.get(name));
  }
  const id = "reader";
  reader.addEventListener("recto-progress", ({ detail }) => post({ type: "progress", id, progress: detail }));
  // Copied, because the reader shows it.
  reader.addEventListener("recto-result", ({ detail }) => post({ type: "result", id, result: detail }));
  reader.addEventListener("recto-error", ({ detail }) => fail(id, detail));
  document.querySelector("main").append(reader);
}
if (allowed.includes("*")) showReader();
if (window.parent === window) serves.textContent = "This page is made to be a frame of another one.";
