/** Recto in a frame: the page's end of `embed.html`. */
import type { Ability, ConvertOptions, ErrorCode, RectoDocument } from "./recto.js";

/** Version of the messages. */
export declare const apiVersion: 1;

/** Why a frame gave no result. Its name is `AbortError` if the work was stopped. */
export declare class RectoFrameError extends Error {
  /** `origin`: this copy does not work for the page; `version`: it speaks another version. */
  code: ErrorCode | "origin" | "version" | "failed";
  advice: string;
  partial?: RectoDocument;
}

export interface FrameOptions {
  /** How long the frame may take to answer, in milliseconds. Default: 30000. */
  timeout?: number;
  /** Hears what the frame's own reader tells (`embed.html?reader`). */
  onMessage?: (message: { type: "progress" | "result" | "error"; id: "reader"; [field: string]: unknown }) => void;
}

export interface RectoFrame {
  readonly abilities: Ability[];
  /** An ArrayBuffer is handed over, and empty afterwards. */
  convert(file: Blob | ArrayBuffer | ArrayBufferView, options?: ConvertOptions): Promise<RectoDocument>;
  /** Hears nothing any more; what is still running is rejected. */
  close(): void;
}

/** Connects to a frame that shows `embed.html` (https://…/embed.html); resolves once it listens. */
export declare function connectFrame(frame: HTMLIFrameElement, options?: FrameOptions): Promise<RectoFrame>;
