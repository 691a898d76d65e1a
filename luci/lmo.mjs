/**
 * LuCI's translation format .lmo: texts, then an index sorted by a hash of what they translate. A port of
 * no code: written after the description of the format and checked against a file that LuCI's own tool made.
 */

/** Paul Hsieh's SuperFastHash as LuCI starts it, with the length; 32 bits without sign. */
export function hash(bytes) {
  let value = bytes.length >>> 0;
  const u16 = (at) => bytes[at] | (bytes[at + 1] << 8);
  const s8 = (at) => (bytes[at] << 24) >> 24;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    value = (value + u16(at)) >>> 0;
    value = ((value << 16) ^ (((u16(at + 2) << 11) ^ value) >>> 0)) >>> 0;
    value = (value + (value >>> 11)) >>> 0;
  }
  const left = bytes.length - at;
  if (left === 3) {
    value = (value + u16(at)) >>> 0;
    value = (value ^ (value << 16)) >>> 0;
    value = (value ^ (s8(at + 2) << 18)) >>> 0;
    value = (value + (value >>> 11)) >>> 0;
  } else if (left === 2) {
    value = (value + u16(at)) >>> 0;
    value = (value ^ (value << 11)) >>> 0;
    value = (value + (value >>> 17)) >>> 0;
  } else if (left === 1) {
    value = (value + s8(at)) >>> 0;
    value = (value ^ (value << 10)) >>> 0;
    value = (value + (value >>> 1)) >>> 0;
  }
  value = (value ^ (value << 3)) >>> 0;
  value = (value + (value >>> 5)) >>> 0;
  value = (value ^ (value << 4)) >>> 0;
  value = (value + (value >>> 17)) >>> 0;
  value = (value ^ (value << 25)) >>> 0;
  return (value + (value >>> 6)) >>> 0;
}

const encoder = new TextEncoder();
const hashText = (text) => hash(encoder.encode(text));

/** The key of an entry; `form` is the number of a plural form, absent without plural. */
function keyText({ context, id, plural }, form) {
  const base = context === undefined ? id : `${context}\u0001${id}`;
  return plural === undefined ? base : `${base}\u0002${form}`;
}

/** Entries as `readPo` gives them. Fuzzy and empty ones, and those that change nothing, are left out. */
export function lmoBytes(entries) {
  const values = [];
  const records = [];
  let offset = 0;
  const put = (key, kind, text) => {
    const bytes = encoder.encode(text);
    const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
    padded.set(bytes);
    values.push(padded);
    records.push([key, kind, offset, bytes.length]);
    offset += padded.length;
  };
  for (const entry of entries) {
    if (entry.id === '') {
      const [, rule] = /Plural-Forms:\s*([^\n]+)/.exec(entry.texts[0] ?? '') ?? [];
      if (rule !== undefined) put(0, 0, rule.trim());
      continue;
    }
    if (entry.isFuzzy) continue;
    entry.texts.forEach((text, form) => {
      const key = hashText(keyText(entry, form));
      if (text !== '' && key !== hashText(text)) put(key, entry.texts.length, text);
    });
  }
  records.sort((left, right) => left[0] - right[0]);
  const file = new Uint8Array(offset + records.length * 16 + 4);
  let at = 0;
  for (const value of values) {
    file.set(value, at);
    at += value.length;
  }
  const view = new DataView(file.buffer);
  for (const record of records) {
    for (const field of record) {
      view.setUint32(at, field);
      at += 4;
    }
  }
  view.setUint32(at, offset);
  return file;
}
