/**
 * A part of a long list, as a page or a terminal shows it: what holds some letters, from a place on, so
 * many at most. Without a wish the list is whole. LuCI asks for one page at a time, since a list of five
 * hundred rows every few seconds is too much for a router.
 */
import type { JsonObject } from './machine.ts';

export const pageArguments = {
  match: { type: 'string', required: false, help: 'only rows that hold this text' },
  first: { type: 'number', required: false, help: 'how many rows to leave out; 0 when absent' },
  count: { type: 'number', required: false, help: 'how many rows at most; all when absent' },
} as const;

export interface PageWish {
  /** In small letters; empty for all. */
  readonly match: string;
  readonly first: number;
  readonly count: number;
}

export function pageWish(given: JsonObject): PageWish {
  return {
    match: typeof given['match'] === 'string' ? given['match'].trim().toLowerCase() : '',
    first: wholeNumber(given['first'], 0),
    count: wholeNumber(given['count'], Number.POSITIVE_INFINITY),
  };
}

function wholeNumber(value: unknown, absent: number): number {
  return typeof value === 'number' && value >= 0 ? Math.floor(value) : absent;
}

export function holds(wish: PageWish, texts: readonly (string | null | undefined)[]): boolean {
  return wish.match === '' || texts.some((text) => text?.toLowerCase().includes(wish.match));
}

export function pageOf<Row>(wish: PageWish, rows: readonly Row[]): readonly Row[] {
  return rows.slice(wish.first, wish.first + wish.count);
}
