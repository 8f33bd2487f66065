// What a run says, on the terminal and in a file, with every secret blotted out.
import { appendFileSync, writeFileSync } from "node:fs";

export class Log {
  #secrets;
  #file;
  #print;

  /** `file` is begun anew; nothing is written to one if it is not named. */
  constructor({ secrets = [], file, print = (line) => console.log(line) } = {}) {
    this.#secrets = secrets.filter(Boolean);
    this.#file = file;
    this.#print = print;
    if (file) writeFileSync(file, "");
  }

  say = (text) => {
    const line = `deploy: ${this.#blot(String(text))}`;
    this.#print(line);
    if (this.#file) appendFileSync(this.#file, `${new Date().toISOString()} ${line}\n`);
  };

  #blot(text) {
    for (const secret of this.#secrets) text = text.replaceAll(secret, "[token]");
    return text;
  }
}
