/**
 * One line of text for a decoded message, for the trace ring and the debug log: the title and every
 * field by name, identifiers shortened. What may be shown is each field's own to say; keys, tokens,
 * cookies and sealed parts appear as their length only.
 */
import { messageRow } from './codec.ts';
import type { MessageName, Values } from './messages.ts';

/** "Route Direction targetId=abcd-efgh pathId=0123abcd revision=3 …"; never a line break in it. */
export function traceMessage<Name extends MessageName>(name: Name, values: Values<Name>): string {
  const { title, fields } = messageRow(name);
  let line = title;
  for (const [field, type] of Object.entries(fields)) {
    line += ` ${field}=${type.show((values as Record<string, unknown>)[field])}`;
  }
  return line;
}
