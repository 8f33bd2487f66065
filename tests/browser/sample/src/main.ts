import { convert, RectoError, type Progress, type RectoDocument } from "recto-reader";
import { connectFrame } from "recto-reader/frame";

const reader = document.querySelector("recto-reader")!;
reader.stages = ["markdown", "summary"];
reader.addEventListener("recto-result", ({ detail }) => {
  document.title = `${detail.pages} pages`;
});

export async function toMarkdown(file: Blob, signal?: AbortSignal): Promise<string> {
  const onProgress = ({ stage, done, total }: Progress) => console.log(stage ?? "waiting", done, total);
  try {
    const made: RectoDocument = await convert(file, { stages: ["markdown"], signal, onProgress });
    return made.markdown ?? "";
  } catch (error) {
    if (error instanceof RectoError && error.partial) return error.partial.markdown ?? "";
    throw error;
  }
}

export async function inFrame(frame: HTMLIFrameElement, file: Blob): Promise<string | undefined> {
  const recto = await connectFrame(frame, { timeout: 10_000 });
  try {
    return (await recto.convert(file, { formats: ["text"] })).text;
  } finally {
    recto.close();
  }
}

Object.assign(window, { toMarkdown });
