/**
 * The message table: every message of the paper (figure 2) and the answers added to it, with code,
 * ends, framing and fields. The codec, the length bounds, the protocol page, the vectors, the fuzz
 * generator and the trace printer come from this table; a message exists when it has a row here.
 */
import { directionMessages } from './direction-messages.ts';
import type { ValueOf, ValuesOf } from './fields.ts';
import type { candidate, Framing, natSituation, relay } from './message-row.ts';
import { pathMessages } from './path-messages.ts';
import { sessionMessages } from './session-messages.ts';

export const messages = { ...sessionMessages, ...directionMessages, ...pathMessages };

export type MessageName = keyof typeof messages;
export type Values<Name extends MessageName> = ValuesOf<(typeof messages)[Name]['fields']>;

/** A decoded message: its name and values, told apart by `name`. */
export type Message<Name extends MessageName = MessageName> = {
  [Each in Name]: { readonly name: Each; readonly values: Values<Each> };
}[Name];

type Framed<Frame extends Framing> = {
  [Name in MessageName]: (typeof messages)[Name]['framing'] extends Frame ? Name : never;
}[MessageName];

export type FirstName = Framed<'first'>;
export type PlainName = Framed<'plain'>;
export type SealedName = Framed<'sealed'>;
export type TunnelName = Framed<'tunnel'>;
export type PathMessageName = Framed<'path'>;

export type Candidate = ValueOf<typeof candidate>;
export type NatSituation = ValueOf<typeof natSituation>;
export type RelayInfo = ValueOf<typeof relay>;
