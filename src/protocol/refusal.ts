/** The fields of a Refusal from the one list of refusals. */
import type { Values } from '../wire/messages.ts';
import { type RefusalName, refusals } from '../wire/refusals.ts';

export function refusal(reason: RefusalName, retrySeconds = 0): Values<'refusal'> {
  const { code, text } = refusals[reason];
  return { code, text, retrySeconds };
}
