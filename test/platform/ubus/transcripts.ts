/** Recorded conversations with a real ubusd (test/vectors/ubus), as far as tests look at them. */
import { fromHex } from '../../../src/base/bytes.ts';

export interface RecordedField {
  readonly name: string;
  readonly type: string;
  readonly value: unknown;
}

export interface RecordedAttribute {
  readonly id: number;
  readonly name: string;
  readonly payloadLen: number;
  readonly value: unknown;
}

export interface Exchange {
  /** Which connection; "#2" is the second of that role. */
  readonly conn: string;
  readonly direction: 'ubusd->client' | 'client->ubusd';
  readonly hex: string;
  readonly decoded: {
    readonly version: number;
    readonly type: number;
    readonly seq: number;
    readonly peer: string;
    readonly blob: { readonly len: number };
    readonly attrs: readonly RecordedAttribute[];
  };
}

export interface Transcript {
  readonly name: string;
  /** What the call was given, when it was one. */
  readonly argumentJson?: string;
  /** Bytes for which ubusd closed the connection, by what is wrong with them. */
  readonly sent?: Readonly<Record<string, string>>;
  readonly connectionClosedByUbusd?: Readonly<Record<string, boolean>>;
  readonly exchanges: readonly Exchange[];
}

export function frameOf(exchange: Exchange): Uint8Array {
  const frame = fromHex(exchange.hex);
  if (!frame) throw new Error('a recorded frame is hexadecimal');
  return frame;
}

/** Throws when the text is no transcript. */
export function parseTranscript(text: string): Transcript {
  const transcript = JSON.parse(text) as Transcript;
  if (!Array.isArray(transcript.exchanges) || transcript.exchanges.length === 0) {
    throw new Error('a transcript has exchanges');
  }
  return transcript;
}
