/** Which engine runs the tests: the debug build of txiki.js gets smaller samples than Node. */
export const isEngineSlow = typeof (globalThis as { tjs?: unknown }).tjs !== 'undefined';
