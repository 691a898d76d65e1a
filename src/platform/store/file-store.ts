/** A store in one small JSON file, replaced as a whole: for a node or a Relay Server. */
import { fromUtf8, utf8 } from '../../base/bytes.ts';
import type { JsonObject } from '../../protocol/machine.ts';
import { readFile, writeFileDurably } from '../files.ts';
import { ProblemToMend } from '../tjs/system-error.ts';
import type { Store } from './store.ts';

export class FileStore implements Store {
  readonly #path: string;
  readonly #values: Map<string, JsonObject>;
  #pending = false;

  /** Throws ProblemToMend for a damaged file, which is left as it is. */
  constructor(path: string) {
    this.#path = path;
    this.#values = new Map(Object.entries(readObject(path)));
  }

  get pending(): boolean {
    return this.#pending;
  }

  load(): Map<string, JsonObject> {
    return new Map(this.#values);
  }

  set(name: string, value: JsonObject | undefined): void {
    if (value === undefined) {
      if (!this.#values.delete(name)) return;
    } else {
      this.#values.set(name, value);
    }
    this.#pending = true;
  }

  commit(): void {
    if (!this.#pending) return;
    const text = JSON.stringify(Object.fromEntries(this.#values), null, 1);
    writeFileDurably(this.#path, utf8(`${text}\n`));
    this.#pending = false;
  }

  close(): void {}
}

function readObject(path: string): Record<string, JsonObject> {
  const content = readFile(path);
  if (content === undefined) return {};
  try {
    const value: unknown = JSON.parse(fromUtf8(content) ?? '');
    if (isObject(value) && Object.values(value).every(isObject)) {
      return value as Record<string, JsonObject>;
    }
  } catch {
    // Told below, with what to do.
  }
  throw new ProblemToMend(
    `The state file ${path} is damaged. Restore it from a backup, or remove it to start anew.`,
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
