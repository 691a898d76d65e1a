/**
 * Domain names as text without the last dot, "" for the root; a dot or anything unprintable inside a label
 * is escaped as in zone files (RFC 1035 5.1). Reading follows compression pointers only backwards and never
 * beyond 255 bytes, so hostile pointers end the reading. Names compare by their lower-case text.
 */
import type { Reader } from '../base/bytes.ts';

const maxNameBytes = 255;
const maxLabelBytes = 63;
const dot = 0x2e;
const backslash = 0x5c;

/** A label's byte as it stands in the text. */
export function labelText(byte: number): string {
  if (byte === dot || byte === backslash) return `\\${String.fromCharCode(byte)}`;
  if (byte > 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  return `\\${String(byte).padStart(3, '0')}`;
}

/** Nothing to escape: a small engine is quicker at a whole label than byte by byte. */
const plainLabel = /^[!-\-/-[\]-~]*$/;

function textOf(label: Uint8Array): string {
  const whole = String.fromCharCode.apply(null, label as unknown as number[]);
  if (plainLabel.test(whole)) return whole;
  let text = '';
  for (let index = 0; index < label.length; index += 1) text += labelText(label[index] as number);
  return text;
}

/** The name at the reader's place, which is left behind it; fails the reader on anything malformed. */
export function readName(reader: Reader): string {
  const { bytes } = reader;
  let at = reader.offset;
  /** Pointers must lead before the place the name (or the part before the pointer) began. */
  let before = at;
  let after: number | undefined;
  let total = 1;
  let text = '';
  for (;;) {
    const end = after === undefined ? reader.end : bytes.length;
    const length = at < end ? (bytes[at] as number) : 0xff;
    if (length === 0) break;
    if (length >= 0xc0) {
      const target = at + 1 < end ? (length & 0x3f) * 0x100 + (bytes[at + 1] as number) : before;
      if (target >= before) return failed(reader);
      after ??= at + 2;
      at = target;
      before = target;
      continue;
    }
    total += length + 1;
    if (length > maxLabelBytes || at + 1 + length > end || total > maxNameBytes) {
      return failed(reader);
    }
    if (text !== '') text += '.';
    text += textOf(bytes.subarray(at + 1, at + 1 + length));
    at += 1 + length;
  }
  reader.offset = after ?? at + 1;
  return text;
}

function failed(reader: Reader): string {
  reader.fail();
  return '';
}

/** A character that is no byte. */
const wide = /[^\0-\xff]/;

/** The labels of a name, unescaped, as strings of bytes; undefined when it is not a name. */
export function labelsOf(name: string): readonly string[] | undefined {
  if (name === '') return [];
  const labels = name.includes('\\') ? unescaped(name) : name.split('.');
  let total = 1;
  for (const label of labels ?? []) {
    total += label.length + 1;
    if (label.length === 0 || label.length > maxLabelBytes) return undefined;
    if (wide.test(label)) return undefined;
  }
  return total > maxNameBytes ? undefined : labels;
}

/** Bytes that a name takes up in a message when it is not compressed. */
export function wireLength(name: string): number {
  if (name === '') return 1;
  if (!name.includes('\\')) return name.length + 2;
  return (unescaped(name) ?? []).reduce((total, label) => total + 1 + label.length, 1);
}

function unescaped(name: string): readonly string[] | undefined {
  const labels: string[] = [];
  let label = '';
  for (let index = 0; index < name.length; index += 1) {
    const character = name[index] as string;
    if (character === '.') {
      labels.push(label);
      label = '';
    } else if (character === '\\') {
      const number = /^\d{3}/.exec(name.slice(index + 1, index + 4))?.[0];
      if (number !== undefined && Number(number) > 0xff) return undefined;
      const next = number ? String.fromCharCode(Number(number)) : name[index + 1];
      if (next === undefined) return undefined;
      label += next;
      index += number ? 3 : 1;
    } else {
      label += character;
    }
  }
  labels.push(label);
  return labels;
}

/** Whether `name` is `zone` or below it; both in lower case. */
export function isWithin(name: string, zone: string): boolean {
  return zone === '' || name === zone || name.endsWith(`.${zone}`);
}

/** "nas" of "nas.home.example" in the zone "home.example"; undefined for the zone itself or what is outside. */
export function nameInZone(name: string, zone: string): string | undefined {
  return name !== zone && isWithin(name, zone) ? name.slice(0, -zone.length - 1) : undefined;
}
