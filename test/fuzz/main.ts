/**
 * `npm run fuzz -- --seconds N --seed S`: mutated messages without end against the codec and the DNS parser, from a
 * seed that is printed, so that a fault found can be found again. Stops at the first fault with exit code 1
 * and the bytes that caused it.
 */
import { argv, exit } from 'node:process';
import { parseArgs } from 'node:util';
import { toHex } from '../../src/base/bytes.ts';
import { type Random, randomBelow } from '../../src/base/random.ts';
import type { MessageName } from '../../src/wire/messages.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { examineDns, hostileDns } from './dns-messages.ts';
import { examine, messageNames, mutate, randomBody } from './messages.ts';

const usage = 'npm run fuzz -- [--seconds N] [--seed S]';
const batch = 2000;
const progressMs = 2000;

function wholeNumber(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) {
    console.error(`"${text}" is not a whole number; ${usage}`);
    exit(2);
  }
  return value;
}

function options(): { seconds: number; seed: number } {
  const drawn = Date.now() % 2 ** 32;
  try {
    const { values } = parseArgs({
      args: argv.slice(2),
      options: { seconds: { type: 'string' }, seed: { type: 'string' } },
    });
    return { seconds: wholeNumber(values.seconds, 10), seed: wholeNumber(values.seed, drawn) };
  } catch (error) {
    console.error(`${(error as Error).message}; ${usage}`);
    exit(2);
  }
}

/** A message of ours, or one in four of the DNS. */
function one(random: Random) {
  if (randomBelow(random, 4) === 0) {
    const bytes = hostileDns(random);
    return { what: 'DNS', bytes, ...examineDns(bytes) };
  }
  const what = messageNames[randomBelow(random, messageNames.length)] as MessageName;
  const bytes = mutate(randomBody(what, random), random);
  return { what, bytes, ...examine(what, bytes) };
}

function main(): number {
  const { seconds, seed } = options();
  const random = seededRandom(seed);
  const begin = Date.now();
  const counts = { made: 0, dropped: 0 };
  let told = begin;
  console.log(`fuzz: seed ${seed}, ${seconds} s`);
  do {
    for (let index = 0; index < batch; index += 1) {
      const { what, bytes, outcome, fault } = one(random);
      if (fault !== undefined) {
        console.log(`seed ${seed}, number ${counts.made}: ${what} ${toHex(bytes)}\n${fault}`);
        return 1;
      }
      counts.made += 1;
      if (outcome !== 'decoded' && outcome !== 'read') counts.dropped += 1;
    }
    if (Date.now() - told >= progressMs) {
      told = Date.now();
      console.log(`${counts.made} messages, ${counts.dropped} dropped`);
    }
  } while (Date.now() - begin < seconds * 1000);
  console.log(`${counts.made} messages, ${counts.dropped} dropped, no fault; seed ${seed}`);
  return 0;
}

exit(main());
