/** The suite of the engine that runs the test: libsodium under txiki.js, node:crypto under Node. */
import type { Suite } from '../../src/noise/suite.ts';

async function load(): Promise<Suite> {
  if ('tjs' in globalThis) {
    const { sodiumSuite } = await import('../../src/platform/tjs/sodium.ts');
    return sodiumSuite();
  }
  const { nodeSuite } = await import('./node-suite.ts');
  return nodeSuite;
}

export const suite: Suite = await load();
