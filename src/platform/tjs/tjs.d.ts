/**
 * The part of the engine's own modules and of its `tjs` object that the platform uses, as both
 * generations of the engine have it. What only one of them has is optional here, so that the
 * compiler asks for the feature test.
 */

declare module 'tjs:ffi' {
  /** A C type of the engine; opaque here. */
  export interface ForeignType {
    readonly size: number;
    toBuffer(value: unknown): unknown;
    fromBuffer(bytes: Uint8Array): unknown;
  }

  /** The call interface under a CFunction: addresses as they are, integers as prepared bytes. */
  export interface PreparedCall {
    call(symbol: unknown, ...prepared: unknown[]): Uint8Array;
    /** Of later engines: values as they are; the two masks tell strings and buffers apart from pointers. */
    fast_call?(symbol: unknown, strings: number, buffers: number, ...values: unknown[]): unknown;
  }

  export interface ForeignFunction {
    call(...values: unknown[]): unknown;
    readonly _cif?: PreparedCall;
    readonly _symbol?: { readonly _dlsym?: unknown };
  }

  export interface SymbolShape {
    readonly args: readonly string[];
    readonly returns: string;
    readonly fixed?: number;
  }

  export interface ForeignInterface {
    readonly types: Readonly<Record<string, ForeignType>>;
    readonly Lib?: new (name: string) => { symbol(name: string): unknown };
    readonly CFunction?: new (
      symbol: unknown,
      returns: ForeignType,
      args: readonly ForeignType[],
      fixed?: number,
    ) => ForeignFunction;
    readonly dlopen?: (
      name: string,
      symbols: Readonly<Record<string, SymbolShape>>,
    ) => { readonly symbols: Readonly<Record<string, (...values: unknown[]) => unknown>> };
    readonly bufferToPointer?: (bytes: Uint8Array) => { toString(): string };
    errno(): number;
    strerror(errno: number): string;
  }

  const ffi: ForeignInterface;
  // biome-ignore lint/style/noDefaultExport: one generation of the engine exports nothing else
  export default ffi;
}

declare module 'tjs:posix-socket' {
  export class PosixSocket {
    constructor(domain: number, type: number, protocol: number);
    readonly fileno: number;
    bind(address: Uint8Array): void;
    connect(address: Uint8Array): void;
    setopt(level: number, name: number, value: Uint8Array): void;
    getopt(level: number, name: number, size?: number): Uint8Array;
    poll(callbacks: {
      readonly read?: (events: number) => void;
      readonly error?: (status: number) => void;
    }): void;
    stopPoll(): void;
    close(): void;
    static readonly defines: Readonly<Record<string, number>>;
  }
}

declare module 'tjs:sqlite' {
  export interface Statement {
    run(...values: unknown[]): void;
    all(...values: unknown[]): unknown[];
    finalize(): void;
  }

  export class Database {
    constructor(path: string, options?: { readonly create?: boolean; readonly readOnly?: boolean });
    exec(sql: string): void;
    prepare(sql: string): Statement;
    close(): void;
  }
}

/** Byte stream of the older generation. */
interface TjsConnection {
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
}

/** Byte stream of the newer generation. */
interface TjsPipe {
  readonly opened: Promise<{
    readonly readable: ReadableStream<Uint8Array>;
    readonly writable: WritableStream<Uint8Array>;
  }>;
  readonly closed: Promise<unknown>;
  close(): void;
}

interface TjsPipeServer {
  readonly opened: Promise<{ readonly readable: ReadableStream<TjsPipe> }>;
  readonly closed: Promise<unknown>;
  close(): void;
}

interface TjsProcess {
  readonly pid: number;
  readonly stdout: unknown;
  readonly stderr: unknown;
  wait(): Promise<{ readonly exit_status: number; readonly term_signal: string | null }>;
  kill(signal?: string): void;
}

declare const tjs: {
  readonly args: readonly string[];
  readonly pid: number;
  readonly env: Record<string, string | undefined>;
  readonly version: string;
  readonly exePath: string;
  readonly stdout: { write(bytes: Uint8Array): Promise<unknown> };
  readonly stderr: { write(bytes: Uint8Array): Promise<unknown> };
  exit(code: number): never;
  addSignalListener(signal: string, listener: () => void): void;
  removeSignalListener(signal: string, listener: () => void): void;
  listen(transport: 'pipe', path: string): Promise<unknown>;
  listen(transport: 'tcp', ip: string, port: number, options?: object): Promise<unknown>;
  connect(transport: 'pipe', path: string): Promise<unknown>;
  connect(transport: 'tcp', ip: string, port: number): Promise<unknown>;
  spawn(
    argv: readonly string[],
    options?: { readonly stdin?: string; readonly stdout?: string; readonly stderr?: string },
  ): TjsProcess;
  makeDir(
    path: string,
    options?: { readonly mode?: number; readonly recursive?: boolean },
  ): Promise<void>;
  remove(path: string): Promise<void>;
};
