/**
 * `npm run sim`: big worlds by `--nodes N --minutes M --seed S`, small chaotic ones by `--chaos N`
 * (from `--seed S` on), one chaotic one again by `--replay S`. Ends with `N passed, N failed`.
 */
import { parseArgs } from 'node:util';
import { fastSuite } from '../support/fast-suite.ts';
import { nodeSuite } from '../support/node-suite.ts';
import { runBigWorld } from './big-world.ts';
import { runChaosSeeds } from './chaos-seeds.ts';

const help = `npm run sim -- [options]
  --nodes N      nodes of the world (1000)
  --minutes M    virtual minutes (10)
  --ds N         Direction Servers of a big world (one for every 2,500 nodes)
  --rs N         its Relay Servers, shared out among those (two for each)
  --seed S       seed of the world, or first seed of chaos (1)
  --chaos N      N small chaotic worlds instead of one big
  --cheap        cheap cryptography in chaotic worlds: the same worlds in half the time
  --real         real cryptography in a big world, in about twice the time
  --replay S     the chaotic world of one seed, with its faults and last datagrams
  --help         this text`;

function number(text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new Error(`"${text}" is no number`);
}

function main(): boolean {
  const { values } = parseArgs({
    options: {
      nodes: { type: 'string' },
      minutes: { type: 'string' },
      ds: { type: 'string' },
      rs: { type: 'string' },
      seed: { type: 'string' },
      cheap: { type: 'boolean' },
      real: { type: 'boolean' },
      chaos: { type: 'string' },
      replay: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return true;
  }
  const seed = number(values.seed, 1);
  const suite = values.cheap ? fastSuite : nodeSuite;
  if (values.replay !== undefined) return runChaosSeeds(number(values.replay, 1), 1, suite, true);
  if (values.chaos !== undefined) {
    return runChaosSeeds(seed, number(values.chaos, 1000), suite, false);
  }
  return runBigWorld({
    nodes: number(values.nodes, 1000),
    minutes: number(values.minutes, 10),
    seed,
    suite: values.real ? nodeSuite : fastSuite,
    directionServers: values.ds === undefined ? undefined : number(values.ds, 1),
    relayServers: values.rs === undefined ? undefined : number(values.rs, 1),
  });
}

try {
  process.exitCode = main() ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
