/**
 * What a role keeps across restarts: JSON objects by name. Changes are gathered and made durable
 * together; a `commit` that fails keeps them, and the next one tries again.
 */
import type { JsonObject } from '../../protocol/machine.ts';

export interface Store {
  /** What earlier runs committed. */
  load(): Map<string, JsonObject>;
  /** Undefined deletes. */
  set(name: string, value: JsonObject | undefined): void;
  /** Whether there are changes a power cut would lose. */
  readonly pending: boolean;
  /** On disk when this returns. Throws when the disk refuses. */
  commit(): void;
  close(): void;
}
