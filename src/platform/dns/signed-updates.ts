/**
 * Dynamic updates on their way to the owner's primary server: signed with the key that both know (RFC 8945),
 * over TCP, and the answer believed only with a signature of its own. The key stands in a file that only its
 * owner may read, as BIND's tsig-keygen or Knot's keymgr writes it, or as the bare secret.
 */
import { fromUtf8 } from '../../base/bytes.ts';
import type { Endpoint } from '../../base/ip.ts';
import { labelsOf } from '../../dns/name.ts';
import { type Hmac, responseProblem, signMessage, type TsigKey } from '../../dns/tsig.ts';
import { readFile } from '../files.ts';
import { ProblemToMend } from '../tjs/system-error.ts';
import { askTcp } from './ask.ts';
import type { Response } from './resolver.ts';

const limitMs = 10_000;
const minSecretBytes = 16;

/** Throws ProblemToMend, with the option that mends it. */
export function loadUpdateKey(path: string, configuredName: string | undefined): TsigKey {
  const content = readFile(path);
  const text = content && fromUtf8(content);
  if (text === undefined) {
    throw new ProblemToMend(
      `ds.update_key_file: there is no readable ${path}. Make one with "tsig-keygen NAME > ${path}" and mode 0600.`,
    );
  }
  const named = /\bkey\s+"?([^\s"{]+)"?\s*\{|\bid:\s*"?([^\s"]+)/.exec(text);
  const name = (named?.[1] ?? named?.[2] ?? configuredName ?? '').replace(/\.$/, '').toLowerCase();
  const algorithm = /\balgorithm:?\s+"?([\w-]+)/.exec(text)?.[1]?.toLowerCase();
  const secret = fromBase64(/\bsecret:?\s+"?([A-Za-z0-9+/=]+)/.exec(text)?.[1] ?? text.trim());
  if (name === '' || !labelsOf(name)) {
    throw new ProblemToMend(
      'ds.update_key_name: give the name of the key, as the primary knows it.',
    );
  }
  if (algorithm !== undefined && algorithm !== 'hmac-sha256') {
    throw new ProblemToMend(
      `ds.update_key_file: the key in ${path} is for ${algorithm}; make one with "tsig-keygen -a hmac-sha256".`,
    );
  }
  if (!secret || secret.length < minSecretBytes) {
    throw new ProblemToMend(
      `ds.update_key_file: ${path} holds no secret of at least ${minSecretBytes} bytes in base64.`,
    );
  }
  return { name, secret };
}

function fromBase64(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

export class SignedUpdates {
  readonly #key: TsigKey;
  readonly #hmac: Hmac;

  constructor(key: TsigKey, hmac: Hmac) {
    this.#key = key;
    this.#hmac = hmac;
  }

  async ask(server: Endpoint, request: Uint8Array): Promise<Response> {
    const signed = signMessage(request, this.#key, unixSeconds(), this.#hmac);
    const response = await askTcp(server, signed.bytes, limitMs);
    const problem = responseProblem(response, this.#key, signed.mac, unixSeconds(), this.#hmac);
    // A server that does not know the key cannot sign what it says about that: the code tells it all the same.
    if (problem !== undefined) return { response: undefined, error: `${server}: ${problem}.` };
    return { response };
  }
}

function unixSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
