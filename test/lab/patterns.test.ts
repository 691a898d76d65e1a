import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { describe, expectedRoutes, rowsFor, tablePatterns, withBothMoving } from './patterns.ts';

/** Table 1 of the paper as printed: mobile node, correspondent, route after the move. */
const printed = [
  'G => G | G (NTMobile) | End-to-End',
  'G => G | G (General) | via Relay Server',
  'G => P(A) | G (NTMobile) | End-to-End',
  'G => P(A) | G (General) | via Relay Server',
  'P(A) => G | G (NTMobile) | End-to-End',
  'P(A) => G | G (General) | via Relay Server',
  'P(A) => P(A) | G (NTMobile) | End-to-End',
  'P(A) => P(A) | G (General) | via Relay Server',
  'P(A) => P(B) | G (NTMobile) | End-to-End',
  'P(A) => P(B) | G (General) | via Relay Server',
  'G => G | P(A) (NTMobile) | End-to-End',
  'G => P(A) | P(A) (NTMobile) | via Relay Server',
  'G => P(B) | P(A) (NTMobile) | via Relay Server',
  'P(B) => G | P(A) (NTMobile) | End-to-End',
  'P(B) => P(A) | P(A) (NTMobile) | via Relay Server or End-to-End',
  'P(A) => P(B) | P(A) (NTMobile) | via Relay Server',
  'P(B) => P(C) | P(A) (NTMobile) | via Relay Server',
];

const routeInWords = (expected: readonly string[]): string => {
  const relay = expected.includes('relay') ? ['via Relay Server'] : [];
  return [...relay, ...(expected.includes('direct') ? ['End-to-End'] : [])].join(' or ');
};

test('the 17 patterns are those of the table', () => {
  assert.equal(
    tablePatterns.map(({ id }) => id),
    printed.map((_, index) => String(index + 1)),
  );
  for (const [index, pattern] of tablePatterns.entries()) {
    const { mobile, peer } = describe(pattern);
    assert.is(`${mobile} | ${peer} | ${routeInWords(pattern.expected)}`, printed[index]);
  }
});

test('the expected routes follow from the places', () => {
  for (const pattern of tablePatterns.filter(({ peer }) => peer === 'cn')) {
    const routes = expectedRoutes(pattern.mobile.to, pattern.peerAt, pattern.isolated);
    assert.equal(routes, pattern.expected, `pattern ${pattern.id}`);
  }
});

test('two hosts behind NATs that keep ports are to punch', () => {
  assert.equal(expectedRoutes('F1', 'E1', undefined), ['punched']);
  assert.equal(expectedRoutes('F1', 'A1', undefined), ['relay']);
});

test('a general correspondent does not move', () => {
  const both = tablePatterns.map(withBothMoving).filter((pattern) => pattern !== undefined);
  assert.is(both.length, 12);
  assert.ok(both.every(({ peer, peerTo }) => peer === 'cn' && peerTo !== undefined));
});

test('rows are chosen by name and group', () => {
  const chosen = (patterns: readonly string[]): readonly string[] =>
    rowsFor({ patterns, bothMove: false, floor: false, home: false, word: '' }).map(({ id }) => id);
  assert.equal(chosen(['14', '3']), ['3', '14']);
  assert.is(chosen(['table']).length, 17);
  assert.ok(chosen(['crash']).includes('kill-rs'));
  assert.throws(() => chosen(['18']), /no pattern 18/);
});

test.run();
