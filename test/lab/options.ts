/** The lab's command line. */
import { type DataSuite, dataSuites } from '../../src/datapath/commands.ts';
import type { Handover } from './movement.ts';
import type { Traffic } from './trial.ts';

export interface LabOptions {
  /** Rows by id; empty for all that are usual. */
  readonly patterns: readonly string[];
  readonly repeat: number;
  readonly handover: Handover;
  readonly traffic: Traffic;
  readonly bothMove: boolean;
  readonly keep: boolean;
  /** The correspondent is a home router: Direction Server, Relay Server and node in one daemon. */
  readonly home: boolean;
  readonly json: boolean;
  /** The network alone, without the overlay: what the harness itself costs. */
  readonly floor: boolean;
  /** For `npm test`: only function is judged, the last line counts. */
  readonly check: boolean;
  readonly word: string;
  readonly engine: string | undefined;
  /** What carries packets; "mixed": the mobile node and its zone in user space, the rest in the kernel. */
  readonly dataPath: LabDataPath;
  /** Both zones have the same pool of IPv4 addresses: the ends know each other by aliases. */
  readonly overlap: boolean;
  /** What all owners allow besides the usual one, and all paths are to have. */
  readonly suite: DataSuite;
  /** 50 ms round trip and 1 % loss, from the first row on. */
  readonly netem: boolean;
  /** Rows by id that follow with that. */
  readonly thenNetem: readonly string[];
  /** How many times slower than usual this machine is. */
  readonly slow: number;
  /** For so long each row then sends as much as its connection takes; 0 for not at all. */
  readonly throughputMs: number;
}

export type LabDataPath = 'auto' | 'user' | 'kernel' | 'mixed';

export const usage = `npm start -- [options]     (the lab: 17 movement patterns, real daemons, real NATs)
  --pattern 3,12        only these rows of the table; also: further, crash, and rows by name
  --repeat N            each row N times; minimum, median and maximum into out/bench/lab.json
  --handover hard|soft  hard (default): the old link goes first; soft: 2 s after the new one came
  --traffic both|peer-only   peer-only: the moving node itself sends nothing
  --both-move           the correspondent moves at the same moment
  --home                the correspondent is a home router: DS, RS and node in one daemon, MN's exit too
  --keep                leave everything up at the end, until Ctrl-C
  --json                the report on standard output, progress on standard error
  --floor               without the overlay: what network and harness themselves cost
  --datapath auto|user|kernel|mixed   mixed: MN and its zone in user space, CN and its zone in the kernel
  --overlap             both zones have the same IPv4 pool: the ends know each other by aliases
  --suite NAME          every daemon allows it, and every path is to use it (chacha20-poly1305)
  --netem               50 ms round trip and 1 % loss through the internet (needs the kernel's netem)
  --then-netem 1,16     these rows again with netem, after all others
  --throughput SECONDS  after each move, what the TCP connection carries when nothing holds it back
  --slow N              this machine is N times slower than usual: wider limits, less traffic
  --engine PATH         another txiki.js than the one NTM_TJS or npm gives
  --help`;

export class UsageError extends Error {}

export function parseOptions(args: readonly string[]): LabOptions | 'help' {
  const given = new Map<string, string>();
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [name = '', inline] = word.split(/=(.*)/s);
    const kind = kinds.get(name);
    if (kind === undefined) throw new UsageError(`unknown option ${word}`);
    const value = kind === 'flag' ? 'yes' : (inline ?? rest.shift());
    if (value === undefined) throw new UsageError(`${name} needs a value`);
    given.set(name, value);
  }
  if (given.has('--help')) return 'help';
  const repeat = Number(given.get('--repeat') ?? 1);
  if (!Number.isSafeInteger(repeat) || repeat < 1) throw new UsageError('--repeat needs a number');
  const slow = Number(given.get('--slow') ?? 1);
  if (!(slow >= 1 && slow <= 100)) throw new UsageError('--slow needs a number from 1 to 100');
  const seconds = Number(given.get('--throughput') ?? 0);
  if (!(seconds >= 0 && seconds <= 60)) {
    throw new UsageError('--throughput needs a number from 0 to 60');
  }
  return {
    patterns: (given.get('--pattern') ?? '').split(',').filter((id) => id !== ''),
    repeat,
    handover: oneOf(given, '--handover', ['hard', 'soft']),
    traffic: oneOf(given, '--traffic', ['both', 'peer-only']),
    bothMove: given.has('--both-move'),
    keep: given.has('--keep'),
    home: given.has('--home'),
    json: given.has('--json'),
    floor: given.has('--floor'),
    check: given.has('--check'),
    word: given.get('--word') ?? '',
    engine: given.get('--engine'),
    dataPath: oneOf(given, '--datapath', ['auto', 'user', 'kernel', 'mixed']),
    overlap: given.has('--overlap'),
    suite: oneOf(given, '--suite', dataSuites),
    netem: given.has('--netem'),
    thenNetem: (given.get('--then-netem') ?? '').split(',').filter((id) => id !== ''),
    slow,
    throughputMs: seconds * 1000,
  };
}

const kinds: ReadonlyMap<string, 'flag' | 'value'> = new Map([
  ['--pattern', 'value'],
  ['--repeat', 'value'],
  ['--handover', 'value'],
  ['--traffic', 'value'],
  ['--both-move', 'flag'],
  ['--keep', 'flag'],
  ['--home', 'flag'],
  ['--json', 'flag'],
  ['--floor', 'flag'],
  ['--check', 'flag'],
  ['--word', 'value'],
  ['--engine', 'value'],
  ['--datapath', 'value'],
  ['--overlap', 'flag'],
  ['--suite', 'value'],
  ['--netem', 'flag'],
  ['--then-netem', 'value'],
  ['--slow', 'value'],
  ['--throughput', 'value'],
  ['--help', 'flag'],
]);

/** The first of `values` stands in for an absent option. */
function oneOf<Value extends string>(
  given: ReadonlyMap<string, string>,
  name: string,
  values: readonly [Value, ...Value[]],
): Value {
  const text = given.get(name) ?? values[0];
  const value = values.find((one) => one === text);
  if (value === undefined) throw new UsageError(`${name} is one of ${values.join(', ')}`);
  return value;
}
