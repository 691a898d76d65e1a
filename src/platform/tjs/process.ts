/**
 * Runs another program to its end and collects what it wrote. Standard input is empty: one engine's
 * input pipe jams. The wait is asked for at once, since asking after the end would abort an engine.
 */

export interface ProcessResult {
  /** Exit code; 128 when a signal ended the program. */
  readonly code: number;
  readonly signal: string | undefined;
  readonly out: string;
  readonly err: string;
}

interface ReadablePipe {
  read?(into: Uint8Array): Promise<number | null>;
  getReader?(): ReadableStreamDefaultReader<Uint8Array>;
}

/** Rejects with the engine's error (`code` ENOENT) when there is no such program. */
export async function run(argv: readonly string[]): Promise<ProcessResult> {
  const child = tjs.spawn(argv, { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' });
  const ended = child.wait();
  const [out, err, status] = await Promise.all([
    readText(child.stdout as ReadablePipe),
    readText(child.stderr as ReadablePipe),
    ended,
  ]);
  const signal = status.term_signal ?? undefined;
  return { code: signal === undefined ? status.exit_status : 128, signal, out, err };
}

/** Runs it to its end without listening; the exit code. Rejects as `run` does. */
export async function runSilently(argv: readonly string[]): Promise<number> {
  const child = tjs.spawn(argv, { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' });
  return (await child.wait()).exit_status;
}

async function readText(pipe: ReadablePipe): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  if (typeof pipe.read === 'function') {
    const buffer = new Uint8Array(4096);
    for (;;) {
      const count = await pipe.read(buffer);
      if (count === null || count === 0) return text + decoder.decode();
      text += decoder.decode(buffer.subarray(0, count), { stream: true });
    }
  }
  const reader = (pipe as ReadableStream<Uint8Array>).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
  }
}
