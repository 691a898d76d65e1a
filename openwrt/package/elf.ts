/** What an ELF program or library says of itself: machine, loader, and the libraries it needs. */

export interface ElfFacts {
  /** e_machine: 62 is x86-64, 183 AArch64. */
  readonly machine: number;
  /** Path of the loader; undefined for a static program. */
  readonly interpreter: string | undefined;
  readonly needed: readonly string[];
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

const loadable = 1;
const dynamic = 2;
const interpreterSegment = 3;
const tagNeeded = 1;
const tagStrings = 5;
const entriesMost = 4096;

/** Undefined when the bytes are no ELF file, or one that is cut short. */
export function readElf(bytes: Uint8Array): ElfFacts | undefined {
  try {
    return readFacts(bytes);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readFacts(bytes: Uint8Array): ElfFacts | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== 0x7f454c46) return undefined;
  const wide = view.getUint8(4) === 2;
  const little = view.getUint8(5) === 1;
  const short = (at: number) => view.getUint16(at, little);
  const word = (at: number) =>
    wide ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little);
  const text = (at: number): string => {
    const end = bytes.indexOf(0, at);
    return Buffer.from(bytes.subarray(at, end < 0 ? bytes.length : end)).toString('latin1');
  };
  const head = word(wide ? 32 : 28);
  const [size, count] = [short(wide ? 54 : 42), short(wide ? 56 : 44)];
  const segments = Array.from({ length: count }, (_, index): Segment => {
    const at = head + index * size;
    const type = view.getUint32(at, little);
    return wide
      ? { type, offset: word(at + 8), address: word(at + 16), size: word(at + 32) }
      : { type, offset: word(at + 4), address: word(at + 8), size: word(at + 16) };
  });
  const interpreter = segments.find(({ type }) => type === interpreterSegment);
  const table = segments.find(({ type }) => type === dynamic);
  const entryBytes = wide ? 16 : 8;
  const length = Math.min(entriesMost, Math.floor((table?.size ?? 0) / entryBytes));
  const entries = Array.from({ length }, (_, index) => {
    const at = (table?.offset ?? 0) + index * entryBytes;
    return { tag: word(at), value: word(at + entryBytes / 2) };
  });
  const strings = entries.find(({ tag }) => tag === tagStrings)?.value ?? 0;
  const holder = segments.find(
    ({ type, address, size: extent }) =>
      type === loadable && strings >= address && strings < address + extent,
  );
  const stringsAt = holder ? strings - holder.address + holder.offset : 0;
  return {
    machine: short(18),
    interpreter: interpreter && text(interpreter.offset),
    needed: entries.flatMap(({ tag, value }) =>
      tag === tagNeeded ? [text(stringsAt + value)] : [],
    ),
  };
}
