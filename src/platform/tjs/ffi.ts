/**
 * Calls into C libraries, the one door for the whole platform: libraries are opened once and never
 * closed, numbers are checked before C sees them, and a null pointer is `null` on every engine. Where
 * an engine shows what its `CFunction` is made of, that is called directly, since its own way there costs as
 * much as a seal: with values where it takes them, else with integers in prepared bytes and addresses as they
 * are. One that shows nothing has `dlopen`. Callbacks, floating point and structures by value are left out.
 */
import type { ForeignFunction, ForeignInterface } from 'tjs:ffi';
import { AssertionFailure, assert } from '../../base/assert.ts';
import { littleEndian } from '../byte-order.ts';
import { ffi, pointerBytes } from './ffi-engine.ts';
import {
  type ArgumentType,
  type Bound,
  checkNumber,
  cString,
  type Pinned,
  type ReturnType,
  type Signature,
  shapeOf,
} from './ffi-types.ts';

/** None of the library's names could be opened, or it lacks a function. */
export class LibraryMissing extends Error {
  override readonly name = 'LibraryMissing';
  readonly libraryNames: readonly string[];

  constructor(libraryNames: readonly string[], reasons: readonly string[]) {
    super(`cannot use ${libraryNames.join(' or ')}: ${reasons.join('; ')}`);
    this.libraryNames = libraryNames;
  }
}

/** C's `errno`; only meaningful directly after the call that failed. */
export function errno(): number {
  return ffi.errno();
}

export function errorText(number: number): string {
  return ffi.strerror(number);
}

/** The address of the first byte, to be stored in a C structure. The caller keeps `bytes` alive. */
export function addressOf(bytes: Uint8Array): bigint {
  assert(bytes.buffer.byteLength > 0, 'only bytes that exist have an address');
  if (ffi.bufferToPointer) return BigInt(ffi.bufferToPointer(bytes).toString());
  return BigInt(ffi.types['buffer']?.toBuffer(bytes) as bigint | number);
}

const keptAlive: Uint8Array[] = [];

/** Takes the address of a buffer that lives as long as the process, so that calls need not. */
export function pin(bytes: Uint8Array): Pinned {
  keptAlive.push(bytes);
  const handle = ffi.dlopen ? bytes : ffi.types['buffer']?.toBuffer(bytes);
  return handle as unknown as Pinned;
}

/**
 * Opens the first library of the list that exists and has all functions. With `lengthsAreSure` the caller answers
 * for every number, such as the length of an array: then an engine that makes fast calls makes them without checks,
 * which cost as much as the call.
 */
export function bind<const Symbols extends Readonly<Record<string, Signature>>>(
  libraryNames: readonly string[],
  symbols: Symbols,
  lengthsAreSure = false,
): Bound<Symbols> {
  const reasons: string[] = [];
  for (const library of libraryNames) {
    try {
      const isClassic = ffi.Lib !== undefined && ffi.CFunction !== undefined;
      return (isClassic ? bindClassic : bindModern)(
        library,
        symbols,
        lengthsAreSure,
      ) as Bound<Symbols>;
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new LibraryMissing(libraryNames, reasons);
}

type Call = (...values: unknown[]) => unknown;

const modernName: Readonly<Record<ArgumentType | ReturnType, string>> = {
  void: 'void',
  int: 'i32',
  uint: 'u32',
  u16: 'u16',
  u64: 'u64',
  size: 'size_t',
  ssize: 'ssize_t',
  ulong: 'ulong',
  buffer: 'ptr',
  string: 'ptr',
};

function bindModern(
  library: string,
  symbols: Readonly<Record<string, Signature>>,
  lengthsAreSure: boolean,
): Record<string, Call> {
  const shapeByName = new Map(
    Object.entries(symbols).map(([name, signature]) => [name, shapeOf(signature)]),
  );
  const opened = (ffi.dlopen as NonNullable<ForeignInterface['dlopen']>)(
    library,
    Object.fromEntries(
      [...shapeByName].map(([name, { returns, args, fixed }]) => [
        name,
        {
          returns: modernName[returns],
          args: args.map((type) => modernName[type]),
          ...(fixed === undefined ? {} : { fixed }),
        },
      ]),
    ),
  );
  const bound: Record<string, Call> = {};
  for (const [name, shape] of shapeByName) {
    bound[name] = checked(opened.symbols[name] as Call, shape.args, lengthsAreSure);
  }
  keptLibraries.push(opened);
  return bound;
}

/** Libraries stay open and referenced: a call after closing would end the process. */
const keptLibraries: unknown[] = [];

/**
 * The engine's own call with the checks it lacks: it would call C with a wild number, then
 * complain.
 */
function checked(call: Call, types: readonly ArgumentType[], lengthsAreSure = false): Call {
  if (lengthsAreSure && !types.includes('string')) return call;
  const strings = types.flatMap((type, index) => (type === 'string' ? [index] : []));
  const numbers = types.flatMap((type, index) =>
    type === 'string' || type === 'buffer' ? [] : [index],
  );
  return (...values) => {
    for (const index of numbers) {
      const value = values[index];
      // The common case, an integer in the range of all types, is told apart without a call.
      if (typeof value === 'number' && value === (value & 0x7fff)) continue;
      checkNumber(types[index] as ArgumentType, value);
    }
    for (const index of strings) values[index] = cString(values[index] as string);
    return call(...values);
  };
}

const classicName: Readonly<Record<ArgumentType | ReturnType, string>> = {
  void: 'void',
  int: 'sint32',
  uint: 'uint32',
  u16: 'uint16',
  u64: 'uint64',
  size: 'size',
  ssize: 'ssize',
  ulong: 'ulong',
  buffer: 'pointer',
  string: 'pointer',
};

function bindClassic(
  library: string,
  symbols: Readonly<Record<string, Signature>>,
  lengthsAreSure: boolean,
): Record<string, Call> {
  const { Lib, CFunction, types } = ffi;
  assert(
    Lib !== undefined && CFunction !== undefined,
    'the engine has a foreign function interface',
  );
  const opened = new Lib(library);
  const bound: Record<string, Call> = {};
  for (const [name, signature] of Object.entries(symbols)) {
    const { returns, args, fixed } = shapeOf(signature);
    const typeOf = (type: ArgumentType | ReturnType) => {
      const found = types[classicName[type]];
      assert(found !== undefined, `the engine knows the C type ${type}`);
      return found;
    };
    const foreign = new CFunction(opened.symbol(name), typeOf(returns), args.map(typeOf), fixed);
    const direct = quick(foreign);
    bound[name] = direct
      ? checked(direct, args, lengthsAreSure)
      : (prepared(foreign, returns, args) ?? converted(foreign, args));
  }
  keptLibraries.push(opened);
  return bound;
}

/** The engine's call without the arrays that its own function makes around each. */
function quick({ _cif: call, _symbol: symbol }: ForeignFunction): Call | undefined {
  return call?.fast_call?.bind(call, symbol?._dlsym, 0, 0);
}

/** The slow form for an engine that does not show its prepared calls. */
function converted(foreign: ForeignFunction, types: readonly ArgumentType[]): Call {
  return checked((...values) => {
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index];
      if (value === null) values[index] = 0n;
      else if (value instanceof Uint8Array) values[index] = ffi.types['buffer']?.toBuffer(value);
    }
    return foreign.call(...values);
  }, types);
}

const nullPointer = pointerBytes === 8 ? 0n : 0;

/**
 * Calls with one reused argument area per parameter; numbers are rewritten only when they change.
 */
function prepared(
  foreign: ForeignFunction,
  returns: ReturnType,
  types: readonly ArgumentType[],
): Call | undefined {
  const call = foreign._cif;
  const symbol = foreign._symbol?._dlsym;
  const pointerType = ffi.types['buffer'];
  if (!call || symbol === undefined || !pointerType || !littleEndian) return undefined;
  const areas = types.map((type) => new Uint8Array(ffi.types[classicName[type]]?.size ?? 8));
  const written: unknown[] = types.map(() => 0);
  const count = types.length;
  const passed: unknown[] = [symbol, ...areas];
  const invoke = call.call;
  return (...values) => {
    if (values.length !== count) throw new AssertionFailure('C is given exactly its arguments');
    for (let index = 0; index < count; index += 1) {
      let value = values[index];
      if (typeof value === 'number') {
        if (value === written[index]) continue;
        checkNumber(types[index] as ArgumentType, value);
        writeNumber(areas[index] as Uint8Array, value);
        written[index] = value;
        continue;
      }
      if (value === null) {
        passed[index + 1] = nullPointer;
      } else if (typeof value === 'bigint') {
        assert(types[index] === 'buffer', 'only a pointer argument is an address');
        passed[index + 1] = value;
      } else {
        // `values` keeps the encoded text referenced until C has returned.
        if (typeof value === 'string') value = values[index] = cString(value);
        passed[index + 1] = pointerType.toBuffer(value);
      }
    }
    return readNumber(Reflect.apply(invoke, call, passed) as Uint8Array, returns);
  };
}

function writeNumber(area: Uint8Array, value: number): void {
  const low = (value % 0x1_0000_0000) | 0;
  const high = Math.floor(value / 0x1_0000_0000);
  for (let index = 0; index < area.length; index += 1) {
    area[index] = index < 4 ? low >>> (index * 8) : high >>> ((index - 4) * 8);
  }
}

function readNumber(bytes: Uint8Array, returns: ReturnType): number | undefined {
  if (returns === 'void') return undefined;
  const low =
    (bytes[0] as number) |
    ((bytes[1] as number) << 8) |
    ((bytes[2] as number) << 16) |
    ((bytes[3] as number) << 24);
  if (returns === 'int') return low;
  if (returns === 'uint' || (returns === 'size' && pointerBytes === 4)) return low >>> 0;
  if (pointerBytes === 4) return low;
  const high =
    (bytes[4] as number) |
    ((bytes[5] as number) << 8) |
    ((bytes[6] as number) << 16) |
    ((bytes[7] as number) << 24);
  return (returns === 'ssize' ? high : high >>> 0) * 0x1_0000_0000 + (low >>> 0);
}
