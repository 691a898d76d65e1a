/** Sends the rate-limited hints before authentication, never longer than what caused them (protocol.md 4). */
import { fromHex } from '../base/bytes.ts';
import type { Endpoint } from '../base/ip.ts';
import { noIncarnation, type PathId, type SessionId, type Stamp } from '../wire/ids.ts';
import type { Values } from '../wire/messages.ts';
import type { RoleContext } from './context.ts';
import { limits } from './limits.ts';
import { encodePlain } from './plain-message.ts';
import { RateLimit } from './rate-limit.ts';

export const noStamp = noIncarnation as string as Stamp;
/** Length of a Hint in bytes: what caused it must be at least as long. */
export const hintLength = 29;

export class HintSender {
  readonly #context: RoleContext;
  readonly #rate = new RateLimit(limits.hintsPerSecond);
  readonly #firstRate = new RateLimit(limits.firstHintsPerSecond);

  constructor(context: RoleContext) {
    this.#context = context;
  }

  send(
    reason: Values<'hint'>['reason'],
    subject: SessionId | PathId,
    to: Endpoint,
    uplink: string | undefined,
    leastStamp: Stamp = noStamp,
  ): void {
    const rate = reason === 'stale-first-message' ? this.#firstRate : this.#rate;
    if (!rate.take(this.#context.now)) return;
    const values = {
      reason,
      subject: fromHex(subject) as Uint8Array,
      incarnation: this.#context.environment.incarnation,
      leastStamp,
    };
    this.#context.transmit(to, encodePlain('hint', values), uplink);
  }
}
