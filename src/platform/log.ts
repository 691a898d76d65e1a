/**
 * The daemon's log: one line an event, to the system's log or on standard error, which the service
 * manager stamps and files; with `stamped` the lines carry the time themselves. Line breaks and control characters
 * inside a text are shown escaped, so that no text from outside can forge a line.
 */
import type { LogLevel } from '../protocol/machine.ts';

const rankByLevel: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3 };

export interface LogOptions {
  readonly level: LogLevel;
  readonly stamped?: boolean;
  /** Takes a text with its level to the system's log; what it does not take is written. */
  readonly file?: ((level: LogLevel, text: string) => boolean) | undefined;
  /** Takes one finished line with its end. */
  readonly write?: (line: string) => void;
}

export class Log {
  #rank: number;
  readonly #stamped: boolean;
  readonly #file: LogOptions['file'];
  readonly #write: (line: string) => void;

  constructor(options: LogOptions) {
    this.#rank = rankByLevel[options.level];
    this.#stamped = options.stamped ?? false;
    this.#file = options.file;
    this.#write = options.write ?? writeToStandardError;
  }

  setLevel(level: LogLevel): void {
    this.#rank = rankByLevel[level];
  }

  shows(level: LogLevel): boolean {
    return rankByLevel[level] <= this.#rank;
  }

  add(level: LogLevel, text: string): void {
    if (!this.shows(level)) return;
    const line = escapeControls(text);
    if (this.#file?.(level, line)) return;
    const time = this.#stamped ? `${new Date().toISOString()} ` : '';
    this.#write(`${time}${level}: ${line}\n`);
  }

  error(text: string): void {
    this.add('error', text);
  }

  warn(text: string): void {
    this.add('warn', text);
  }

  info(text: string): void {
    this.add('info', text);
  }

  debug(text: string): void {
    this.add('debug', text);
  }
}

function escapeControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to be found
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) =>
    character === '\n'
      ? '\\n'
      : `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`,
  );
}

function writeToStandardError(line: string): void {
  console.error('%s', line.slice(0, -1));
}
