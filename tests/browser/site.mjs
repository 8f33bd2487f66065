// The app as a person uses it.

import { readFileSync } from "node:fs";
import path from "node:path";
import { FIXTURES, until } from "./harness.mjs";

/** A file of the fixtures, as it is dropped. */
export const fixture = (name) => ({ name, data: readFileSync(path.join(FIXTURES, name)) });

/** Files as texts, in which form they get into the page. */
export const forPage = (files) => files.map(({ name, data }) => ({ name, data: data.toString("base64") }));

/** Drops files; it runs in the page, whatever browser that is. */
export function dropOnPage(given) {
  const transfer = new DataTransfer();
  for (const { name, data } of given) {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type: "application/pdf" }));
  }
  const event = (kind) => new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true });
  document.body.dispatchEvent(event("dragover"));
  document.body.dispatchEvent(event("drop"));
}

/** Clicks Stop and waits for its effect on the document called `name`; it runs in the page. */
export function stopOnPage(name) {
  return new Promise((resolve, reject) => {
    const clicked = performance.now();
    document.querySelector('[data-testid="stop"]').click();
    const look = () => {
      const items = [...document.querySelectorAll('[data-testid="queue-item"]')];
      const state = items.find((it) => it.textContent.includes(name))?.dataset.state;
      if (state === "stopped") resolve(performance.now() - clicked);
      else if (state !== "working") reject(new Error(`${name} is ${state}`));
      else requestAnimationFrame(look);
    };
    look();
  });
}

/** Names of all files that the page keeps of documents, `folder/file`; it runs in the page. */
export async function keptOnPage() {
  const root = await navigator.storage.getDirectory();
  const documents = await root.getDirectoryHandle("documents").catch(() => undefined);
  const names = [];
  for await (const [key, folder] of documents?.entries() ?? []) {
    try {
      for await (const name of folder.keys()) names.push(`${key}/${name}`);
    } catch (cause) {
      // It went while it was looked at.
      if (cause.name !== "NotFoundError") throw cause;
    }
  }
  return names.sort();
}

/** Whether `names` of kept files have a part of a diary with pages. */
export const hasPages = (names) => names.some((name) => /\/part-\d+-[1-9]/.test(name));

export class Site {
  /** Opens the app for `visitor`. */
  static async open(visitor, { url }, query = "") {
    const site = new Site();
    site.visitor = visitor;
    site.page = await visitor.context.newPage();
    await site.page.goto(url + query);
    await site.at("drop-zone").waitFor();
    return site;
  }

  /** The element with a `data-testid`. */
  at(name) {
    return this.page.getByTestId(name);
  }

  /** Drops files on the page, as a file manager does. */
  async drop(...files) {
    await this.page.evaluate(dropOnPage, forPage(files));
  }

  /** Drops a file of {@link padded} parts, which is put together in the page and takes no memory there. */
  async dropPadded(name, { head, padding, times, tail }) {
    const parts = [head, padding, tail].map((part) => part.toString("base64"));
    await this.page.evaluate(
      ({ name, parts, times }) => {
        const [head, padding, tail] = parts.map((part) => new Blob([Uint8Array.from(atob(part), (it) => it.charCodeAt(0))]));
        const file = new File([head, ...Array.from({ length: times }, () => padding), tail], name, { type: "application/pdf" });
        const transfer = new DataTransfer();
        transfer.items.add(file);
        document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
      },
      { name, parts, times },
    );
  }

  /** Shows the document called `name`. */
  async show(name) {
    await this.item(name).getByRole("button").first().click();
    await this.page.getByRole("heading", { level: 2, name, exact: true }).waitFor();
    await this.at("loading").waitFor({ state: "detached" });
  }

  /** Clicks Stop; gives the milliseconds until the page says that it stopped, measured in the page. */
  stop(name) {
    return this.page.evaluate(stopOnPage, name);
  }

  /** The queue's row of a document. */
  item(name) {
    return this.at("queue-item").filter({ hasText: name });
  }

  /** Waits until the document called `name` is in `state` (`done`, `stopped`, `failed`, `locked`). */
  async reach(name, state, within = 60_000) {
    const item = this.item(name);
    let last;
    try {
      await until(`${name} to be ${state}`, async () => (last = await item.getAttribute("data-state")) === state, {
        within,
      });
    } catch (error) {
      const working = await this.at("working").textContent({ timeout: 100 }).catch(() => "");
      const trouble = await this.at("error").textContent({ timeout: 100 }).catch(() => "");
      throw new Error(`${error.message} (it is ${last}; ${working} ${trouble}; ${this.visitor.console.join("; ")})`);
    }
  }

  /** What the queue says of the document called `name`. */
  status(name) {
    return this.item(name).getByTestId("queue-status").textContent();
  }

  tab(name) {
    return this.at(`tab-${name}`).click();
  }

  /** The Markdown source, in whole. */
  async source() {
    await this.tab("source");
    return this.at("source").textContent();
  }

  /** Clicks what saves a file, and gives `{name, data}`. */
  async save(button) {
    const [download] = await Promise.all([this.page.waitForEvent("download"), this.at(button).click()]);
    return { name: download.suggestedFilename(), data: readFileSync(await download.path()) };
  }

  /** Opens the settings, acts, and closes them. */
  async settings(act) {
    await this.at("open-settings").click();
    await this.at("settings").waitFor();
    await act();
    await this.at("close-settings").click();
    await this.at("settings").waitFor({ state: "hidden" });
  }

  /** Models are downloaded without asking. */
  always() {
    return this.settings(() => this.at("set-always").check());
  }

  /** The worker of a role: `recto-document`, `recto-model`, `recto-store`. */
  async worker(name) {
    for (const worker of this.page.workers()) {
      const called = await worker.evaluate(() => self.name).catch(() => "");
      if (called === name) return worker;
    }
    return undefined;
  }

  /** Lets the browser end a worker without a word, as it does when memory runs short. */
  async kill(name) {
    const worker = await until(`worker ${name}`, () => this.worker(name));
    await worker.evaluate(() => self.close()).catch(() => {});
  }
}
