/** Every sentence that the daemon says about itself has a form in the pages, so that it can be translated. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { configurationProblems, optionProblem, optionsOf } from '../../luci/bundled/rules.ts';
import { statusChecks } from '../../src/platform/control/status-checks.ts';
import type { StatusResult } from '../../src/protocol/control-results.ts';
import { refusals } from '../../src/wire/refusals.ts';
import { ds, node, path, rs, server } from '../main/sample-daemon.ts';

const root = process.env['NTM_ROOT'] ?? '.';
const file = 'luci/luci-app-ntmobile/htdocs/luci-static/resources/ntmobile/sentences.js';

interface Sentences {
  isKnown(text: string): boolean;
  translate(text: string): string;
}

/** The module as LuCI loads it, with a translation that marks what went through it. */
function load(translate: (text: string) => string): Sentences {
  const source = readFileSync(join(root, file), 'utf8');
  const baseclass = { extend: (members: Sentences) => members };
  return new Function('baseclass', '_', source)(baseclass, translate) as Sentences;
}

const sentences = load((text) => `«${text}»`);
const daemon = {
  version: '1',
  uptimeMs: 1,
  port: 4649,
  dataPath: { kind: 'user-space', reason: '' },
  suites: ['chacha20-poly1305'],
  problems: [],
  counters: {},
} as const;

function unknown(texts: readonly (string | null)[]): string[] {
  return texts.filter((text): text is string => text !== null && !sentences.isKnown(text));
}

test('what doctor finds in every state of a daemon', () => {
  const gone = { ...server, reachable: false };
  const states: Partial<StatusResult>[] = [
    { node, ds, rs },
    { node: { ...node, relays: [], nat: 'global' } },
    { node: { ...node, relays: [{ ...server, reachable: null, sinceMs: null }], nat: 'unknown' } },
    { node: { ...node, relays: [{ ...gone, sinceMs: null }], directionServer: gone, mtu: 1000 } },
    { node: { ...node, state: 'no-uplink', uplinks: [] } },
    { node: { ...node, state: 'registering', directionServer: gone } },
    { node: { ...node, state: 'refused', directionServer: { ...gone, endpoint: null } } },
    { ds: { ...ds, poolUsed: 254, relaysOnline: 0 } },
  ];
  for (const state of states) {
    const status = { daemon, node: null, ds: null, rs: null, ...state } as StatusResult;
    for (const check of statusChecks(status, [{ ...path, state: 'silent' }])) {
      assert.equal(unknown([check.check, check.finding, check.act]), []);
    }
  }
});

test('what a server refuses with', () => {
  assert.equal(unknown(Object.values(refusals).map(({ text }) => text)), []);
});

test('what is wrong with a value of each option', () => {
  const wrong = [
    '',
    '?',
    '-5',
    '999999999',
    'x'.repeat(200),
    '10.0.0.1/8',
    '127.0.0.1:1',
    'ff',
    'ntm1:A',
  ];
  for (const type of ['ntmobile', 'node', 'ds', 'rs', 'zone', 'export', 'route']) {
    for (const { name } of optionsOf(type)) {
      const problems = wrong.map((value) => optionProblem(type, name, [value]) ?? null);
      assert.equal(
        unknown(
          [...problems, optionProblem(type, name, ['a', 'b']) ?? null].filter(
            (text) => !/\. "/.test(text ?? ''),
          ),
        ),
        [],
        `${type} ${name}`,
      );
    }
  }
});

test('what is missing in a configuration', () => {
  const section = (type: string) => ({ '.type': type, '.name': type, enabled: '1' });
  for (const type of ['node', 'ds', 'rs']) {
    assert.equal(unknown(configurationProblems([section(type), section('zone')])), []);
  }
});

test('a sentence keeps its names and numbers, and an unknown one stays as it is', () => {
  assert.is(
    sentences.translate('r1 does not answer for 2 min.'),
    '«r1 does not answer for 2 min.»',
  );
  assert.is(
    sentences.translate('node.mtu: "5" must be 1 or 0.'),
    'node.mtu: «"5" must be 1 or 0.»',
  );
  assert.is(sentences.translate('Something new.'), 'Something new.');
});

test.run();
