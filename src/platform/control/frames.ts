/**
 * The control socket's language: JSON objects, one a line. A request has `id`, `method` and `arguments`;
 * its answer has the same `id` and `ok` with `result`, or `error` with a sentence. After the method
 * "subscribe" events come in between, with `event` and `data`. Requests are judged here by the method
 * table, so that roles only ever see calls of the right shape.
 */
import { fromUtf8, utf8 } from '../../base/bytes.ts';
import { nearest } from '../../base/nearest.ts';
import { type ControlMethod, controlMethods } from '../../protocol/control-methods.ts';
import type { ControlAnswer, ControlCall, Json, JsonObject } from '../../protocol/machine.ts';

export const maxRequestBytes = 65_536;
export const maxAnswerBytes = 8 * 1024 * 1024;
export const subscribeMethod = 'subscribe';

/** Collects bytes into lines. */
export class LineSplitter {
  readonly #limit: number;
  #parts: Uint8Array[] = [];
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The lines that are complete now; undefined once a line is longer than the limit. */
  push(bytes: Uint8Array): Uint8Array[] | undefined {
    const lines: Uint8Array[] = [];
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      this.#keep(bytes.subarray(start, end));
      if (this.#length > this.#limit) return undefined;
      lines.push(this.#join());
      start = end + 1;
    }
    this.#keep(bytes.subarray(start));
    return this.#length > this.#limit ? undefined : lines;
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#parts.push(bytes.slice());
    this.#length += bytes.length;
  }

  #join(): Uint8Array {
    const line = new Uint8Array(this.#length);
    let offset = 0;
    for (const part of this.#parts) {
      line.set(part, offset);
      offset += part.length;
    }
    this.#parts = [];
    this.#length = 0;
    return line;
  }
}

export function encodeLine(value: JsonObject): Uint8Array {
  return utf8(`${JSON.stringify(value)}\n`);
}

/** The object of a line, or undefined when it is none. */
export function decodeLine(line: Uint8Array): JsonObject | undefined {
  const text = fromUtf8(line);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export type Request =
  | { readonly kind: 'call'; readonly id: Json; readonly call: ControlCall }
  | { readonly kind: 'subscribe'; readonly id: Json }
  | { readonly kind: 'wrong'; readonly id: Json; readonly error: string };

export function decodeRequest(line: Uint8Array): Request {
  const value = decodeLine(line);
  if (!value) return { kind: 'wrong', id: null, error: 'A request is one JSON object a line.' };
  const id = value.id ?? null;
  const { method, arguments: given = {} } = value;
  if (typeof method !== 'string') {
    return { kind: 'wrong', id, error: 'The request names no "method".' };
  }
  if (method === subscribeMethod) return { kind: 'subscribe', id };
  if (!isObject(given)) return { kind: 'wrong', id, error: '"arguments" must be an object.' };
  const checked = checkCall(method, given);
  return checked.ok
    ? { kind: 'call', id, call: checked.call }
    : { kind: 'wrong', id, error: checked.error };
}

export type CheckedCall =
  | { readonly ok: true; readonly call: ControlCall }
  | { readonly ok: false; readonly error: string };

/** Unknown arguments are left out: callers through ubus add their own. */
export function checkCall(method: string, given: JsonObject): CheckedCall {
  if (!Object.hasOwn(controlMethods, method)) {
    const meant = nearest(method, Object.keys(controlMethods));
    const hint = meant ? ` Did you mean "${meant}"?` : '';
    return { ok: false, error: `There is no method "${method}".${hint}` };
  }
  const row: ControlMethod = controlMethods[method as keyof typeof controlMethods];
  const taken: Record<string, Json> = {};
  for (const [name, { type, required, help }] of Object.entries(row.arguments)) {
    const value = given[name];
    if (value === undefined || value === null) {
      if (required) return { ok: false, error: `"${method}" needs "${name}": ${help}.` };
    } else if (typeof value !== type) {
      return { ok: false, error: `"${name}" of "${method}" must be a ${type}: ${help}.` };
    } else taken[name] = value;
  }
  return { ok: true, call: { method, arguments: taken } };
}

export function encodeAnswer(id: Json, answer: ControlAnswer): Uint8Array {
  return encodeLine(
    answer.ok ? { id, ok: true, result: answer.result } : { id, ok: false, error: answer.error },
  );
}

export function encodeEvent(name: string, data: JsonObject): Uint8Array {
  return encodeLine({ event: name, data });
}
