/**
 * Stateless cookies (protocol.md 4): a keyed hash of the sender's endpoint under a secret that changes
 * every two minutes, so that under load only those who can hear at their address cost a handshake.
 */
import { utf8 } from '../base/bytes.ts';
import type { Endpoint } from '../base/ip.ts';
import type { Random } from '../base/random.ts';
import type { Suite } from '../noise/suite.ts';
import { limits } from './limits.ts';

export class CookieJar {
  readonly #suite: Suite;
  readonly #random: Random;
  #secret: Uint8Array | undefined;
  #drawnAt = 0;

  constructor(suite: Suite, random: Random) {
    this.#suite = suite;
    this.#random = random;
  }

  /** The cookie of this endpoint now, 16 bytes. */
  cookie(from: Endpoint, now: number): Uint8Array {
    if (!this.#secret || now - this.#drawnAt >= limits.cookieLifeMs) {
      this.#secret = this.#random.bytes(32);
      this.#drawnAt = now;
    }
    return this.#suite.keyedHash(this.#secret, 16, utf8(from));
  }
}
