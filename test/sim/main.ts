/**
 * `npm run sim`: big worlds by `--nodes N --minutes M --seed S`, small chaotic ones by `--chaos N`
 * (from `--seed S` on), one chaotic one again by `--replay S`. Ends with `N passed, N failed`.
 */
import { parseArgs } from 'node:util';
import { fastSuite } from '../support/fast-suite.ts';
import { nodeSuite } from '../support/node-suite.ts';
import { runBigWorld, runPartOfThread } from './big/big-world.ts';
import { runChaosSeeds } from './chaos-seeds.ts';

const help = `npm run sim -- [options]
  --nodes N      nodes of the world (1000)
  --minutes M    virtual minutes (10)
  --ds N         Direction Servers of a big world (one for every 2,500 nodes)
  --rs N         its Relay Servers, shared out among those (two for each)
  --threads N    threads that share a big world, at most one for each Direction Server (one
                 for each processor); its course depends on their number, not on their speed
  --large        a big world of 100,000 nodes, 8 Direction Servers and 16 Relay Servers, for one
                 minute; any of these numbers may be given besides
  --seed S       seed of the world, or first seed of chaos (1)
  --chaos N      N small chaotic worlds instead of one big
  --cheap        cheap cryptography in chaotic worlds: the same worlds in half the time
  --real         real cryptography in a big world, in about twice the time
  --replay S     the chaotic world of one seed, with its faults and last datagrams
  --help         this text`;

const small = { nodes: 1000, minutes: 10, directionServers: undefined, relayServers: undefined };
/** The largest pools that 198.18.0.0/15 has room for eight times. */
const large = { nodes: 100_000, minutes: 1, directionServers: 8, relayServers: 16 };

function number(text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new Error(`"${text}" is no number`);
}

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      large: { type: 'boolean' },
      nodes: { type: 'string' },
      minutes: { type: 'string' },
      ds: { type: 'string' },
      rs: { type: 'string' },
      threads: { type: 'string' },
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
  const usual = values.large ? large : small;
  return runBigWorld({
    nodes: number(values.nodes, usual.nodes),
    minutes: number(values.minutes, usual.minutes),
    seed,
    real: values.real ?? false,
    directionServers: values.ds === undefined ? usual.directionServers : number(values.ds, 1),
    relayServers: values.rs === undefined ? usual.relayServers : number(values.rs, 1),
    threads: values.threads === undefined ? undefined : number(values.threads, 1),
  });
}

try {
  if (!runPartOfThread()) process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
