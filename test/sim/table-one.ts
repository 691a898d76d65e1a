/** Table 1 of the paper: the 17 patterns of movement, and the tunnel route after each. */
import type { Place } from './paper-world.ts';

export interface Pattern {
  readonly number: number;
  readonly from: Place;
  readonly to: Place;
  readonly peer: Place;
  readonly general: boolean;
  /** "either": within network A directly, or by the Relay Server where its clients are kept apart. */
  readonly route: 'direct' | 'relay' | 'either';
}

function pattern(
  number: number,
  from: Place,
  to: Place,
  peer: Place | 'general',
  route: Pattern['route'],
): Pattern {
  const general = peer === 'general';
  return { number, from, to, peer: general ? 'G' : peer, general, route };
}

export const tableOne: readonly Pattern[] = [
  pattern(1, 'G', 'G', 'G', 'direct'),
  pattern(2, 'G', 'G', 'general', 'relay'),
  pattern(3, 'G', 'P(A)', 'G', 'direct'),
  pattern(4, 'G', 'P(A)', 'general', 'relay'),
  pattern(5, 'P(A)', 'G', 'G', 'direct'),
  pattern(6, 'P(A)', 'G', 'general', 'relay'),
  pattern(7, 'P(A)', 'P(A)', 'G', 'direct'),
  pattern(8, 'P(A)', 'P(A)', 'general', 'relay'),
  pattern(9, 'P(A)', 'P(B)', 'G', 'direct'),
  pattern(10, 'P(A)', 'P(B)', 'general', 'relay'),
  pattern(11, 'G', 'G', 'P(A)', 'direct'),
  pattern(12, 'G', 'P(A)', 'P(A)', 'relay'),
  pattern(13, 'G', 'P(B)', 'P(A)', 'relay'),
  pattern(14, 'P(B)', 'G', 'P(A)', 'direct'),
  pattern(15, 'P(B)', 'P(A)', 'P(A)', 'either'),
  pattern(16, 'P(A)', 'P(B)', 'P(A)', 'relay'),
  pattern(17, 'P(B)', 'P(C)', 'P(A)', 'relay'),
];
