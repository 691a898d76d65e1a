/**
 * The engine's foreign function interface as one object: one generation exports it as a whole, the
 * other name by name.
 */
import type { ForeignInterface } from 'tjs:ffi';
import * as engine from 'tjs:ffi';

export const ffi: ForeignInterface = engine.default ?? (engine as unknown as ForeignInterface);

/** Bytes of a pointer, of `size_t` and of `long`: 8 or 4. */
export const pointerBytes = ffi.types['pointer']?.size === 4 ? 4 : 8;
