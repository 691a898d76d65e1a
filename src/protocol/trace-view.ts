/** The trace ring of a role as the control method `trace` shows it. */
import { messages } from '../wire/messages.ts';
import type { RoleContext } from './context.ts';
import type { RoleName, TraceRow } from './control-results.ts';

/** The oldest first. */
export function traceRows(role: RoleName, context: RoleContext): readonly TraceRow[] {
  return context.trace.map(({ at, direction, message, endpoint, bytes, summary }) => ({
    role,
    agoMs: Math.round(context.now - at),
    direction,
    message: message ? messages[message].title : null,
    endpoint,
    uplink: null,
    bytes,
    summary,
  }));
}
