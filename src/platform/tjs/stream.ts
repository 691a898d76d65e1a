/**
 * A stream of bytes with one shape, whichever stream the engine has: connections with `read` into a
 * buffer, or web streams. A read that is under way when the stream is closed ends with undefined;
 * the engine alone would leave it hanging or fail it.
 */

export interface ByteStream {
  /** The next bytes, at least one; undefined at the end, and after `close`. */
  read(): Promise<Uint8Array | undefined>;
  /** Settles when the engine took the bytes; rejects when the other end is gone. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends both directions at once; may be called twice. */
  close(): void;
}

const readBytes = 16_384;

/** Settles with undefined when it is called, and never before. */
function closing(): { readonly closed: Promise<undefined>; readonly settle: () => void } {
  let settle: () => void = () => {};
  const closed = new Promise<undefined>((resolve) => {
    settle = () => resolve(undefined);
  });
  return { closed, settle };
}

export function streamOfConnection(connection: TjsConnection): ByteStream {
  const { closed, settle } = closing();
  let open = true;
  const readOnce = async (): Promise<Uint8Array | undefined> => {
    const buffer = new Uint8Array(readBytes);
    try {
      const count = await connection.read(buffer);
      return count === null || count === 0 ? undefined : buffer.subarray(0, count);
    } catch (error) {
      if (!open) return undefined;
      throw error;
    }
  };
  return {
    read: () => (open ? Promise.race([readOnce(), closed]) : Promise.resolve(undefined)),
    write: async (bytes) => {
      if (!open) throw new Error('the stream is closed');
      for (let offset = 0; offset < bytes.length; ) {
        offset += await connection.write(bytes.subarray(offset));
      }
    },
    close: () => {
      if (!open) return;
      open = false;
      settle();
      connection.close();
    },
  };
}

export async function streamOfPipe(pipe: TjsPipe): Promise<ByteStream> {
  const { readable, writable } = await pipe.opened;
  const reader = readable.getReader();
  const writer = writable.getWriter();
  const { closed, settle } = closing();
  let open = true;
  // Both settle late or with an error when the other end goes first; reads and writes say so
  // already.
  const ignore = () => {};
  pipe.closed.catch(ignore);
  writer.closed.catch(ignore);
  reader.closed.catch(ignore);
  const readOnce = async (): Promise<Uint8Array | undefined> => {
    try {
      const { done, value } = await reader.read();
      return done ? undefined : value;
    } catch (error) {
      if (!open) return undefined;
      throw error;
    }
  };
  return {
    read: () => (open ? Promise.race([readOnce(), closed]) : Promise.resolve(undefined)),
    write: async (bytes) => {
      if (!open) throw new Error('the stream is closed');
      await writer.write(bytes);
    },
    close: () => {
      if (!open) return;
      open = false;
      settle();
      pipe.close();
    },
  };
}

/** The stream of whatever connection the engine gave. */
export async function streamOf(connected: unknown): Promise<ByteStream> {
  const found = connected as Partial<TjsConnection> & Partial<TjsPipe>;
  return typeof found.read === 'function' && typeof found.write === 'function'
    ? streamOfConnection(found as TjsConnection)
    : streamOfPipe(found as TjsPipe);
}

/** Calls `accept` for every connection of a server until it is closed; may reject then. */
export async function acceptAll(
  server: unknown,
  accept: (stream: ByteStream) => void,
): Promise<void> {
  if (Symbol.asyncIterator in (server as object)) {
    for await (const connection of server as AsyncIterable<TjsConnection>) {
      accept(await streamOf(connection));
    }
    return;
  }
  const reader = (await (server as TjsPipeServer).opened).readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    streamOf(value).then(accept, () => {
      // The other end left before its connection was ready.
    });
  }
}
