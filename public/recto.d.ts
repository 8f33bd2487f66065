/** Recto for other pages: PDF to Markdown within the page, without a server. */

/** Version of this interface. Within one version things are added, and nothing is taken away or changes its meaning. */
export declare const apiVersion: 1;

/** What can be made of a document. Markdown always is. */
export type Stage = "markdown" | "captions" | "summary";

/** A form of the result. */
export type Format = "markdown" | "html" | "text" | "json" | "chunks" | "zip";

/** A model's id in `models.json`; `auto` for the best that is stored or fits; `none` to go without. */
export type ModelName = "auto" | "none" | (string & {});

export interface Models {
  /** Describes figures. */
  captions?: ModelName;
  /** Summarises. Without one, sentences are picked from the document. */
  summary?: ModelName;
  /** A model that is not stored in this browser may be downloaded (64 to 271 MB, once). Default: false. */
  download?: boolean;
}

export interface ConvertOptions {
  /** File name, for messages and for what is saved. */
  name?: string;
  /** Default: `["markdown"]`. */
  stages?: Stage[];
  models?: Models;
  /** Which pages are read from their pixels. Default: `auto`, those without text that can be trusted. */
  scans?: "auto" | "pictures" | "always" | "never";
  /** For an encrypted file. */
  password?: string;
  /** Default: `["markdown"]`. */
  formats?: Format[];
  /** Markdown begins with YAML front matter. */
  frontMatter?: boolean;
  /** A printed table of contents is left out. */
  dropContents?: boolean;
  /** Stops the work: within half a second; the error's `partial` is what was finished. */
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

export interface Progress {
  /** The stage that runs; null while other documents come first. */
  stage: Stage | null;
  /** What is being done: `waiting`, `opening`, `page`, `image`, `downloading FLAN-T5 small`. */
  activity: string;
  /** Units finished: pages, images, texts, or bytes of a download. */
  done: number;
  /** Units in all; 0 if unknown. While it waits: documents before it. */
  total: number;
  /** Tokens that a model has written of the present unit. */
  tokens: number;
}

export interface Summary {
  text: string;
  /** The model that wrote it; null if its sentences were picked from the document. */
  model: string | null;
}

export interface Section {
  /** Empty for what stands before the first heading. */
  heading: string;
  firstPage: number;
  lastPage: number;
  summary: Summary;
}

export interface Figure {
  id: string;
  /** From 1. */
  page: number;
  /** The path under which Markdown and HTML name it: `images/p3-f1.png`. */
  file: string;
  mediaType: "image/png" | "image/jpeg";
  /** In pixels. */
  width: number;
  /** In pixels. */
  height: number;
  /** The image file. */
  bytes: Uint8Array;
  /** Its number as printed. */
  label?: string;
  /** The caption printed in the document. */
  caption?: string;
  /** Words in it. */
  text: string;
  /** What a model says it shows. */
  description?: string;
  /** That model. */
  model?: string;
}

export interface StageReport {
  stage: Stage;
  outcome: "done" | "partial" | "failed" | "stopped" | "skipped";
  /** Why not all of it was made. */
  reason: string | null;
  /** Wall time in milliseconds. */
  millis: number;
  tokens: number;
  models: string[];
}

/** What was made of a document. Forms are there if they were asked for. */
export interface RectoDocument {
  name: string;
  title?: string;
  /** Pages of the file. */
  pageCount: number;
  /** Pages that are finished. */
  pages: number;
  markdown?: string;
  /** One page without scripts; images are named as in `Figure.file`. */
  html?: string;
  text?: string;
  /** `document.json`, the same bytes as the command line writes. */
  json?: string;
  /** JSON lines. */
  chunks?: string;
  zip?: Uint8Array;
  summary?: Summary;
  keywords: string[];
  sections: Section[];
  figures: Figure[];
  /** Faults that were lived with. */
  warnings: { page: number | null; message: string }[];
  /** What happened on the way, in sentences. */
  notes: string[];
  stages: StageReport[];
}

export type ErrorCode =
  | "password"
  | "wrong-password"
  | "unreadable"
  | "not-started"
  | "stopped"
  | "fetch"
  | "options";

/** Why there is no result. Its name is `AbortError` if the work was stopped. */
export declare class RectoError extends Error {
  code: ErrorCode;
  /** What the person can do; empty if nothing. */
  advice: string;
  /** What was finished. */
  partial?: RectoDocument;
}

/** A PDF: a file, its bytes, an answer to `fetch`, or an address that the page may read. */
export type Input = Blob | ArrayBuffer | ArrayBufferView | Response | URL | string;

/** Converts a PDF. Documents of one page are worked on one at a time, in the order in which they came. */
export declare function convert(input: Input, options?: ConvertOptions): Promise<RectoDocument>;

export interface Settings {
  /** Where Recto's files are, if not beside this module. */
  files?: string | URL;
  /** Prefix that replaces the Hugging Face Hub's address for models: a mirror, with the same paths. */
  models?: string;
  /** Words that readers show, in place of the English ones. */
  strings?: DeepPartial<Strings>;
}

type DeepPartial<T> = { [K in keyof T]?: T[K] extends object ? DeepPartial<T[K]> : T[K] };

/** Settings for all readers of the page. `files` and `models` must come before the first document. */
export declare function configure(settings?: Settings): void;

export interface Ability {
  name: string;
  there: boolean;
  /** What that means, or what to do. */
  text: string;
}

/** What this browser can do: threads, SIMD, storage, memory. */
export declare function abilities(): Promise<Ability[]>;

/** Ends workers that have nothing to do; otherwise they end after half a minute. */
export declare function release(): Promise<void>;

export interface Strings {
  pick: string;
  drop: string;
  fetching: string;
  starting: string;
  waiting: string;
  opening: string;
  markdown: string;
  captions: string;
  summary: string;
  downloading: string;
  cancel: string;
  cancelled: string;
  save: string;
  copy: string;
  copied: string;
  notCopied: string;
  password: string;
  unlock: string;
  errors: Record<Exclude<ErrorCode, "stopped">, string>;
}

/** The words that readers show. */
export declare const strings: Strings;

/**
 * `<recto-reader>`: attributes `src`, `stages` ("markdown,captions,summary"), `models` ("captions=blip-base-q4k,
 * summary=none"), `scans`, `download`.
 *
 * Parts for looks: `drop`, `pick`, `hint`, `work`, `status`, `progress`, `cancel`, `error`, `password`, `secret`,
 * `unlock`, `tools`, `said`, `copy`, `save`, `document`. Custom properties: `--recto-font`, `--recto-text`,
 * `--recto-background`, `--recto-border`, `--recto-radius`, `--recto-padding`, `--recto-accent`, `--recto-accent-text`,
 * `--recto-bad`.
 */
export declare class RectoReader extends HTMLElement {
  src: string;
  get stages(): Stage[];
  set stages(list: Stage[] | string);
  /** A file that is read instead of `src`. */
  file: Blob | null;
  /** What came of it; null before. */
  readonly document: RectoDocument | null;
  /** Stops the work; what is finished is shown. */
  cancel(): void;
  /** Shows the words of `strings` anew. */
  rename(): void;
}

export interface RectoReaderEventMap {
  "recto-progress": CustomEvent<Progress>;
  "recto-result": CustomEvent<RectoDocument>;
  "recto-error": CustomEvent<RectoError>;
  /** What was finished, or null. */
  "recto-cancel": CustomEvent<RectoDocument | null>;
}

declare global {
  interface HTMLElementTagNameMap {
    "recto-reader": RectoReader;
  }
  interface HTMLElementEventMap extends RectoReaderEventMap {}
}
