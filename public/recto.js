// Recto for other pages: `convert(file, options)` and the element <recto-reader>. One small module; the programs that
// do the work are fetched when they are first needed, from the folder that this file came from. Types and the meaning
// of everything exported are in recto.d.ts.
//
// All readers of a page share one engine, so that documents are worked on one at a time, by the same workers and with
// one copy of a model. What a document says reaches the page as text and as elements that `copyNode` lets through,
// never as markup.

/** Version of this interface. */
export const apiVersion = 1;

// What the engine needs, so that bundlers find it. `.ci/embed.mjs` renews this list.
// files: begin
const FILES = {};
const PROGRAMS = [];
const BUILD = "";
// files: end

const SHARED = Symbol.for(`recto.embedded.${apiVersion}`);
/** What all copies of this module in a page share. */
const shared = (globalThis[SHARED] ??= { settings: { files: "", models: "" }, engine: null, waiting: new Map(), readers: new Set() });

/** Words that readers show. `configure({ strings })` replaces any of them. */
export const strings = {
  pick: "Choose a PDF",
  drop: "or drop it here. It is read in this page and sent nowhere.",
  fetching: "Fetching the file",
  starting: "Starting",
  waiting: "Waiting for {total} before it",
  opening: "Opening the file",
  markdown: "Page {done} of {total}",
  captions: "Describing figures, {done} of {total}",
  summary: "Writing the summary, {done} of {total}",
  downloading: "{activity}: {percent} %",
  cancel: "Stop",
  cancelled: "Stopped. What was finished is shown.",
  save: "Save Markdown",
  copy: "Copy Markdown",
  copied: "The Markdown is on the clipboard.",
  notCopied: "This page may not use the clipboard. Save the Markdown instead.",
  password: "Password of the file",
  unlock: "Open",
  errors: {
    password: "The file needs a password.",
    "wrong-password": "The password is wrong.",
    unreadable: "The file cannot be read.",
    "not-started": "The part of Recto that does the work could not be started.",
    fetch: "The file could not be fetched.",
    options: "Recto was asked for something that it does not know.",
  },
};

/** Why there is no result. */
export class RectoError extends Error {
  constructor(code, message, { advice = "", partial } = {}) {
    super(advice ? `${message} ${advice}` : message);
    this.name = code === "stopped" ? "AbortError" : "RectoError";
    this.code = code;
    this.advice = advice;
    this.partial = partial;
  }
}

/** Settings for all readers of the page; to be called before the first document. */
export function configure({ files, models, strings: words, ...unknown } = {}) {
  const [name] = Object.keys(unknown);
  if (name) throw new RectoError("options", `configure: there is no setting "${name}".`);
  if ((files !== undefined || models !== undefined) && shared.engine) {
    throw new RectoError("options", "configure: the first document has begun; files and models cannot be moved any more.");
  }
  if (files !== undefined) shared.settings.files = new URL(files, document.baseURI).href;
  if (models !== undefined) shared.settings.models = String(models);
  if (words) {
    Object.assign(strings, words, { errors: { ...strings.errors, ...words.errors } });
    for (const reader of shared.readers) reader.rename();
  }
}

/** Where a file of Recto's is. */
function address(name) {
  const { files } = shared.settings;
  const url = files ? new URL(name, files).href : (FILES[name] ?? new URL(name, import.meta.url).href);
  return BUILD && !url.startsWith("data:") ? `${url}?${BUILD}` : url;
}

/** The engine, started now if it is not there. A start that fails can be tried again. */
function engine() {
  shared.engine ??= (async () => {
    // A module that could not be loaded once is not asked for again under the same address.
    const again = shared.tries ? `#${shared.tries}` : "";
    const { default: start, Engine } = await import(/* @vite-ignore */ /* webpackIgnore: true */ address("embed.js") + again);
    await start({ module_or_path: address("embed_bg.wasm") });
    if (Engine.apiVersion() !== apiVersion) throw new Error("its files are of another version than this module");
    const files = Object.fromEntries(Object.keys(FILES).map((name) => [name, address(name)]));
    const base = shared.settings.files || new URL("./", import.meta.url).href;
    const config = { place: { base, files, programs: PROGRAMS }, models: shared.settings.models };
    return new Engine(JSON.stringify(config), hear);
  })().catch((cause) => {
    shared.engine = null;
    shared.tries = (shared.tries ?? 0) + 1;
    throw new RectoError("not-started", `${strings.errors["not-started"]} (${cause?.message ?? cause})`, {
      advice: "Check that Recto's files are there and that the page's Content-Security-Policy lets them run.",
    });
  });
  return shared.engine;
}

function hear(json, buffers) {
  const { job, kind, ...news } = JSON.parse(json);
  const waiting = shared.waiting.get(job);
  if (!waiting) return;
  if (kind === "progress") {
    try {
      waiting.progress(news);
    } catch (cause) {
      // A fault of whoever listens; the work goes on.
      reportError(cause);
    }
    return;
  }
  shared.waiting.delete(job);
  if (kind === "result") {
    waiting.done(documentOf(news.result, buffers));
  } else {
    // One that cannot start its workers is given up; the next document gets another.
    if (news.code === "not-started" && shared.engine) {
      const broken = shared.engine;
      shared.engine = null;
      broken.then((it) => setTimeout(() => it.free()));
    }
    const partial = news.partial ? documentOf(news.partial, buffers) : undefined;
    waiting.failed(new RectoError(news.code, news.message, { advice: news.advice, partial }));
  }
}

/** A result as it is given away: plain data, with the bytes of figures and zip in their places. */
function documentOf({ zip, ...result }, buffers) {
  result.figures = result.figures.map((figure, index) => ({ ...figure, bytes: buffers[index] }));
  if (zip) result.zip = buffers.at(-1);
  return result;
}

/** A PDF to Markdown. See recto.d.ts. */
export async function convert(input, { signal, onProgress = () => {}, ...options } = {}) {
  stopped(signal);
  const file = await unlessStopped(fileOf(input, options.name, signal), signal);
  const running = await unlessStopped(engine(), signal);
  stopped(signal);
  return new Promise((resolve, reject) => {
    let job;
    try {
      job = running.submit(file, JSON.stringify({ ...options, name: file.name }));
    } catch (cause) {
      reject(new RectoError("options", `${strings.errors.options} ${cause.message}`));
      return;
    }
    const stop = () => running.stop(job);
    const settle = (act, value) => {
      signal?.removeEventListener("abort", stop);
      act(value);
    };
    shared.waiting.set(job, {
      progress: onProgress,
      done: (made) => settle(resolve, made),
      failed: (error) => settle(reject, error),
    });
    signal?.addEventListener("abort", stop);
  });
}

const STOPPED = "It was stopped.";

function stopped(signal) {
  if (signal?.aborted) throw new RectoError("stopped", STOPPED);
}

/** What `promise` gives, unless the signal comes first: nobody waits for a download that is of no use any more. */
function unlessStopped(promise, signal) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const stop = () => reject(new RectoError("stopped", STOPPED));
    signal.addEventListener("abort", stop);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** What this browser can do and what to do about each lack: a list of `{name, there, text}`. */
export async function abilities() {
  return JSON.parse((await engine()).abilities());
}

/** Ends workers that have nothing to do, so that their memory goes back at once and not after half a minute. */
export async function release() {
  if (shared.engine) (await shared.engine).rest();
}

async function fileOf(input, name, signal) {
  let blob = input;
  if (typeof input === "string" || input instanceof URL) {
    if (!URL.canParse(input, document.baseURI)) throw new RectoError("options", `"${input}" is no address.`);
    const url = new URL(input, document.baseURI);
    const last = url.pathname.split("/").pop() || "document.pdf";
    try {
      name ??= decodeURIComponent(last);
    } catch {
      name = last;
    }
    blob = await fetched(url, signal);
  } else if (input instanceof Response) {
    if (!input.ok) throw new RectoError("fetch", `${strings.errors.fetch} (${input.url} answers ${input.status})`);
    blob = await input.blob();
  } else if (input instanceof ArrayBuffer || ArrayBuffer.isView(input)) {
    blob = new Blob([input]);
  }
  if (!(blob instanceof Blob)) throw new RectoError("options", "A document is a Blob, bytes, a Response, or an address.");
  name ??= blob.name ?? "document.pdf";
  return new File([blob], name.slice(0, 255), { type: "application/pdf" });
}

async function fetched(url, signal) {
  let answer;
  try {
    answer = await fetch(url, { signal });
    if (answer.ok) return await answer.blob();
  } catch (cause) {
    stopped(signal);
    throw new RectoError("fetch", `${strings.errors.fetch} (${cause.message})`, {
      advice: "Is the address right, and does its host let this page read it?",
    });
  }
  throw new RectoError("fetch", `${strings.errors.fetch} (${url.href} answers ${answer.status})`);
}

// The element.

const STYLE = `
:host { display: block; font: var(--recto-font, 1rem/1.5 system-ui, sans-serif); color: var(--recto-text, CanvasText);
  background: var(--recto-background, Canvas); border: 1px solid var(--recto-border, #8886);
  border-radius: var(--recto-radius, 0.5rem); padding: var(--recto-padding, 1rem); overflow: auto; }
:host([hidden]), [hidden] { display: none !important; }
[part=drop] { display: grid; gap: 0.5rem; justify-items: center; text-align: center; padding: 2rem 1rem;
  border: 2px dashed var(--recto-border, #8886); border-radius: inherit; }
:host([data-drop]) [part=drop] { border-color: var(--recto-accent, #1f5f5b); }
button { font: inherit; min-block-size: 2.25rem; padding: 0.25rem 0.9rem; border-radius: 0.4rem; cursor: pointer;
  border: 1px solid var(--recto-border, #8889); background: transparent; color: inherit; }
[part=pick] { background: var(--recto-accent, #1f5f5b); border-color: transparent; color: var(--recto-accent-text, #fff); }
button:focus-visible, a:focus-visible, input:focus-visible { outline: 2px solid var(--recto-accent, #1f5f5b); outline-offset: 2px; }
[part=work], [part=tools], [part=password] { display: flex; flex-wrap: wrap; gap: 0.5rem 0.75rem; align-items: center; }
[part=work] progress { flex: 1 1 8rem; accent-color: var(--recto-accent, #1f5f5b); }
[part=error] { color: var(--recto-bad, #b3261e); }
[part=tools] { justify-content: flex-end; }
[part=document] { max-inline-size: 46em; margin-inline: auto; }
[part=document] img { max-inline-size: 100%; block-size: auto; }
[part=document] table { border-collapse: collapse; } [part=document] td, [part=document] th { border: 1px solid var(--recto-border, #8889); padding: 0.2em 0.5em; vertical-align: top; }
[part=document] pre { overflow: auto; } [part=document] figure { margin-inline: 0; } [part=document] figcaption { font-size: 0.9em; }
input { font: inherit; padding: 0.25rem 0.5rem; }
input[type=file] { display: none; }
@media (prefers-color-scheme: dark) { [part=error] { color: var(--recto-bad, #f2b8b5); } }
`;

/** Elements of a document that reach the page, and which of their attributes. */
const TAGS = new Set(
  ("a article b blockquote br caption code col colgroup dd del div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img li ol p pre " +
    "q s section small span strong sub sup table tbody td tfoot th thead tr u ul").split(" "),
);
const ATTRIBUTES = new Set(["alt", "class", "colspan", "dir", "id", "lang", "rowspan", "scope", "start", "value"]);

/** A copy of `node` made of what `TAGS` and `ATTRIBUTES` let through; images come from `pictures` only. */
function copyNode(node, pictures) {
  if (node.nodeType === Node.TEXT_NODE) return document.createTextNode(node.data);
  const name = node.localName;
  const copy = TAGS.has(name) ? document.createElement(name) : document.createDocumentFragment();
  if (node.nodeType !== Node.ELEMENT_NODE || name === "style" || name === "script" || name === "title") return document.createDocumentFragment();
  if (copy instanceof Element) {
    for (const { name: attribute, value } of node.attributes) if (ATTRIBUTES.has(attribute)) copy.setAttribute(attribute, value);
    const link = name === "a" && node.getAttribute("href");
    if (link && /^(https?:|mailto:|#)/i.test(link)) {
      copy.setAttribute("href", link);
      // Elsewhere: the page that shows the document stays.
      if (!link.startsWith("#")) Object.assign(copy, { rel: "noopener noreferrer", target: "_blank" });
    }
    const picture = name === "img" && pictures.get(node.getAttribute("src"));
    if (picture) copy.src = picture;
  }
  for (const child of node.childNodes) copy.append(copyNode(child, pictures));
  return copy;
}

/** Where a page demands Trusted Types: its policy has to allow one called `recto`. */
const trusted = globalThis.trustedTypes?.createPolicy?.bind(globalThis.trustedTypes);
let htmlPolicy;
function parse(html) {
  if (trusted && !htmlPolicy) {
    try {
      htmlPolicy = trusted("recto", { createHTML: (text) => text });
    } catch {
      // Another copy of this module has it, or the page allows none: plain text is tried.
    }
  }
  // A document of its own: nothing in it is loaded or run.
  return new DOMParser().parseFromString(htmlPolicy ? htmlPolicy.createHTML(html) : html, "text/html");
}

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

function element(name, part, ...children) {
  const made = document.createElement(name);
  if (part) made.setAttribute("part", part);
  made.append(...children);
  return made;
}

/** Nobody is left: no need to keep workers for the next. */
function letGo() {
  if (shared.readers.size === 0 && shared.waiting.size === 0) release().catch(() => {});
}

const Base = globalThis.HTMLElement ?? class {};
let sheet;

/** <recto-reader src="…" stages="markdown,captions,summary">: a PDF, read in this page. */
export class RectoReader extends Base {
  static observedAttributes = ["src", "stages", "models", "scans", "download"];

  #file = null;
  #document = null;
  #stop = null;
  #pictures = new Map();
  #due = false;
  #parts;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    if (!sheet) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
    }
    root.adoptedStyleSheets = [sheet];
    const input = element("input");
    Object.assign(input, { type: "file", accept: "application/pdf,.pdf" });
    const parts = {
      drop: element("div", "drop"),
      pick: element("button", "pick"),
      hint: element("span", "hint"),
      input,
      work: element("div", "work"),
      status: element("span", "status"),
      progress: element("progress", "progress"),
      cancel: element("button", "cancel"),
      error: element("p", "error"),
      password: element("form", "password"),
      secret: element("input", "secret"),
      unlock: element("button", "unlock"),
      tools: element("div", "tools"),
      said: element("span", "said"),
      copy: element("button", "copy"),
      save: element("button", "save"),
      document: element("article", "document"),
    };
    for (const name of ["pick", "cancel", "copy", "save"]) parts[name].type = "button";
    parts.secret.type = "password";
    parts.secret.autocomplete = "off";
    parts.status.setAttribute("role", "status");
    parts.said.setAttribute("role", "status");
    parts.error.setAttribute("role", "alert");
    parts.drop.append(parts.pick, parts.hint, input);
    parts.work.append(parts.status, parts.progress, parts.cancel);
    parts.password.append(parts.secret, parts.unlock);
    parts.tools.append(parts.said, parts.copy, parts.save);
    root.append(parts.drop, parts.work, parts.error, parts.password, parts.tools, parts.document);
    this.#parts = parts;
    parts.pick.addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      if (input.files[0]) this.file = input.files[0];
      input.value = "";
    });
    parts.cancel.addEventListener("click", () => this.cancel());
    parts.copy.addEventListener("click", () => this.#copyMarkdown());
    parts.save.addEventListener("click", () => this.#saveMarkdown());
    parts.password.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#start({ password: parts.secret.value });
      parts.secret.value = "";
    });
    parts.document.addEventListener("click", (event) => {
      const link = event.target.closest?.("a[href^='#']");
      if (!link) return;
      event.preventDefault();
      root.getElementById(decodeURIComponent(link.hash.slice(1)))?.scrollIntoView({ block: "start" });
    });
    this.addEventListener("dragover", (event) => {
      event.preventDefault();
      this.toggleAttribute("data-drop", true);
    });
    this.addEventListener("dragleave", () => this.toggleAttribute("data-drop", false));
    this.addEventListener("drop", (event) => {
      event.preventDefault();
      this.toggleAttribute("data-drop", false);
      const [file] = event.dataTransfer?.files ?? [];
      if (file) this.file = file;
    });
    this.rename();
    this.#show("idle");
  }

  connectedCallback() {
    shared.readers.add(this);
    if ((this.#file || this.src) && !this.#document && !this.#stop) this.#soon();
  }

  disconnectedCallback() {
    // An element that is moved is here again in a moment.
    queueMicrotask(() => {
      if (this.isConnected) return;
      shared.readers.delete(this);
      this.#reset();
      letGo();
    });
  }

  attributeChangedCallback(name, before, now) {
    if (before === now) return;
    if (name === "src") this.#file = null;
    this.#soon();
  }

  get src() {
    return this.getAttribute("src") ?? "";
  }

  set src(address) {
    this.setAttribute("src", address);
  }

  get stages() {
    return this.#list("stages", "markdown");
  }

  set stages(list) {
    this.setAttribute("stages", [list].flat().join(","));
  }

  /** The file that is read instead of `src`. */
  get file() {
    return this.#file;
  }

  set file(file) {
    this.#file = file ?? null;
    this.#soon();
  }

  /** What came of it; null before. */
  get document() {
    return this.#document;
  }

  /** Stops the work; what is finished stays. */
  cancel() {
    this.#stop?.abort();
  }

  /** Says everything anew in the words of `strings`. */
  rename() {
    const { pick, hint, cancel, copy, save, secret, unlock, progress } = this.#parts;
    pick.textContent = strings.pick;
    hint.textContent = strings.drop;
    cancel.textContent = strings.cancel;
    copy.textContent = strings.copy;
    save.textContent = strings.save;
    unlock.textContent = strings.unlock;
    secret.placeholder = strings.password;
    secret.setAttribute("aria-label", strings.password);
    progress.setAttribute("aria-label", strings.starting);
  }

  #list(name, otherwise) {
    return (this.getAttribute(name) ?? otherwise).split(/[\s,]+/).filter(Boolean);
  }

  /** What the attributes ask for. */
  #options() {
    const models = Object.fromEntries(this.#list("models", "").map((pair) => pair.split("=", 2)));
    if (this.hasAttribute("download")) models.download = this.getAttribute("download") !== "false";
    const options = { stages: this.stages, models, formats: ["markdown", "html"] };
    if (this.hasAttribute("scans")) options.scans = this.getAttribute("scans");
    return options;
  }

  /** Several changes at once are one start. */
  #soon() {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      if (!this.isConnected) return;
      if (this.#file || this.src) this.#start();
      else this.#reset();
    });
  }

  /** As at first. */
  #reset() {
    this.#stop?.abort();
    this.#stop = null;
    this.#clear();
    this.#show("idle");
  }

  async #start(more = {}) {
    this.#stop?.abort();
    const stop = new AbortController();
    this.#stop = stop;
    this.#clear();
    this.#show("work");
    this.#parts.status.textContent = this.#file ? strings.starting : strings.fetching;
    this.#parts.progress.removeAttribute("value");
    const current = () => this.#stop === stop;
    try {
      const onProgress = (progress) => current() && this.#tell(progress);
      const made = await convert(this.#file ?? this.src, { ...this.#options(), ...more, signal: stop.signal, onProgress });
      if (!current()) return;
      this.#stop = null;
      this.#render(made);
      this.dispatchEvent(new CustomEvent("recto-result", { detail: made }));
    } catch (error) {
      if (!current()) return letGo();
      this.#stop = null;
      this.#fail(error);
    }
  }

  #tell(progress) {
    const { status, progress: bar } = this.#parts;
    const { stage, activity, done, total } = progress;
    const percent = total > 0 ? Math.floor((100 * done) / total) : 0;
    const name = activity.startsWith("downloading") || activity.startsWith("loading") ? "downloading" : (stage ?? "waiting");
    const words = activity === "opening" ? strings.opening : strings[name];
    status.textContent = fill(words, { ...progress, done: Math.min(done + 1, total), percent });
    if (total > 0 && stage) Object.assign(bar, { max: total, value: done });
    else bar.removeAttribute("value");
    this.dispatchEvent(new CustomEvent("recto-progress", { detail: progress }));
  }

  #fail(error) {
    if (error.code === "stopped" || error.name === "AbortError") {
      if (error.partial) this.#render(error.partial);
      else this.#show("idle");
      this.#parts.said.textContent = strings.cancelled;
      this.dispatchEvent(new CustomEvent("recto-cancel", { detail: error.partial ?? null }));
      return;
    }
    const locked = error.code === "password" || error.code === "wrong-password";
    this.#show(locked ? "locked" : "failed");
    const own = strings.errors[error.code];
    const words = own && !locked && !error.message.startsWith(own) ? `${own} (${error.message})` : error.message;
    this.#parts.error.textContent = locked ? own : words;
    this.dispatchEvent(new CustomEvent("recto-error", { detail: error }));
  }

  #render(made) {
    this.#document = made;
    for (const { file, bytes, mediaType } of made.figures) {
      if (bytes?.length) this.#pictures.set(file, URL.createObjectURL(new Blob([bytes], { type: mediaType })));
    }
    const body = document.createDocumentFragment();
    // Its style sheet, the first there is, is for a page of its own, and a host's policy would complain of it.
    const parsed = parse((made.html ?? "").replace(/<style>[^<]*<\/style>/, ""));
    for (const child of parsed.body.childNodes) body.append(copyNode(child, this.#pictures));
    for (const name of ["lang", "dir"]) {
      const value = parsed.documentElement.getAttribute(name);
      if (value) this.#parts.document.setAttribute(name, value);
      else this.#parts.document.removeAttribute(name);
    }
    this.#parts.document.replaceChildren(body);
    this.#parts.said.textContent = "";
    this.#show("done");
  }

  #show(state) {
    const { drop, work, error, password, tools, document: article } = this.#parts;
    drop.hidden = state === "work" || state === "done" || state === "locked";
    work.hidden = state !== "work";
    error.hidden = state !== "failed" && state !== "locked";
    password.hidden = state !== "locked";
    tools.hidden = state !== "done";
    article.hidden = state !== "done";
  }

  #clear() {
    this.#document = null;
    for (const url of this.#pictures.values()) URL.revokeObjectURL(url);
    this.#pictures.clear();
    this.#parts.document.replaceChildren();
  }

  async #copyMarkdown() {
    const done = navigator.clipboard?.writeText(this.#document.markdown);
    this.#parts.said.textContent = await Promise.resolve(done ?? Promise.reject(new Error("none"))).then(
      () => strings.copied,
      () => strings.notCopied,
    );
  }

  #saveMarkdown() {
    const url = URL.createObjectURL(new Blob([this.#document.markdown], { type: "text/markdown" }));
    const link = element("a");
    link.href = url;
    link.download = `${this.#document.name.replace(/\.pdf$/i, "")}.md`;
    link.click();
    // Browsers read it some time after the click.
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }
}

if (globalThis.customElements && !customElements.get("recto-reader")) customElements.define("recto-reader", RectoReader);
