/**
 * What a role keeps across restarts: JSON objects by name. Changes are gathered and made durable
 * together; a `commit` that fails keeps them, and the next one tries again.
 */
import type { JsonObject, Stored } from '../../protocol/machine.ts';

export interface Store {
  /** What earlier runs committed, in any order; may read from disk as it is gone through. */
  load(): Stored;
  /** Undefined deletes. */
  set(name: string, value: JsonObject | undefined): void;
  /** Whether there are changes a power cut would lose. */
  readonly pending: boolean;
  /** On disk when this returns. Throws when the disk refuses. */
  commit(): void;
  close(): void;
}
