/**
 * Under txiki.js: cuts the power at every write that a Direction Server made, and opens what the disk would hold
 * with the daemon's own code: what was flushed, plus any part of the rest, the last piece of it torn; at some of the
 * writes also everything written so far, as when the process alone is killed. Every node that had its answer by
 * then must be there with its address, its invite spent, and no address may have two holders.
 */
import type { Database } from 'tjs:sqlite';
import { fromUtf8, toHex } from '../../src/base/bytes.ts';
import type { Prefix } from '../../src/base/ip.ts';
import { randomBelow } from '../../src/base/random.ts';
import { generateKeyPair, nodeIdOf } from '../../src/noise/keys.ts';
import { readFile, writeFileDurably } from '../../src/platform/files.ts';
import { openDatabase, openSqliteStore } from '../../src/platform/store/sqlite-store.ts';
import { libc } from '../../src/platform/tjs/libc.ts';
import { sodiumSuite } from '../../src/platform/tjs/sodium.ts';
import { RoleContext } from '../../src/protocol/context.ts';
import { zonePrefixIpv6 } from '../../src/protocol/virtual-ip.ts';
import { Directory } from '../../src/roles/ds/directory.ts';
import type { Incarnation } from '../../src/wire/ids.ts';
import { seededRandom } from '../support/seeded-random.ts';

declare const tjs: { readonly args: readonly string[]; exit(code: number): never };

/** As the test wrote it: payloads of writes lie in a file of their own. */
interface Step {
  readonly kind: 'write' | 'truncate' | 'sync' | 'answer';
  readonly file?: number;
  readonly offset?: number;
  readonly from?: number;
  readonly length?: number;
  readonly node?: { readonly nodeId: string; readonly ipv4: string; readonly name: string };
}

const [folder, part, parts] = tjs.args.slice(-3) as [string, string, string];
const steps = JSON.parse(fromUtf8(readFile(`${folder}/steps`) as Uint8Array) as string) as Step[];
const payloads = readFile(`${folder}/payloads`) as Uint8Array;
const names = ['ds.sqlite', 'ds.sqlite-wal'] as const;
const place = `${folder}/cut${part}`;
const random = seededRandom(77);
const sectorBytes = 512;
const fullLookEvery = 400;
const killedEvery = 4;
const sayEvery = 250;

/** A file in memory. */
class Image {
  bytes: Uint8Array;
  length: number;

  constructor(from: Uint8Array | undefined) {
    this.bytes = from ?? new Uint8Array(0);
    this.length = this.bytes.length;
  }

  copy(): Image {
    return new Image(this.bytes.slice(0, this.length));
  }

  write(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    if (end > this.bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
    this.bytes.set(bytes, offset);
    this.length = Math.max(this.length, end);
  }

  apply(step: Step, atMost = Number.POSITIVE_INFINITY): void {
    if (step.kind === 'truncate') {
      this.bytes = this.bytes.slice(0, step.length);
      this.length = step.length as number;
    } else {
      const from = step.from as number;
      const length = Math.min(step.length as number, atMost);
      this.write(step.offset as number, payloads.subarray(from, from + length));
    }
  }
}

function writeDisk(images: readonly Image[]): void {
  for (const [index, { bytes, length }] of images.entries()) {
    writeFileDurably(`${place}-${names[index]}`, bytes.subarray(0, length));
  }
  libc.rename(`${place}-${names[1]}`, `${place}-wal`);
  libc.rename(`${place}-${names[0]}`, place);
  libc.unlink(`${place}-shm`);
}

function only(database: Database, sql: string): number {
  const statement = database.prepare(sql);
  const row = statement.all()[0] as Record<string, number>;
  statement.finalize();
  return Object.values(row)[0] as number;
}

/** Throws with what was lost or given twice. */
async function check(images: readonly Image[], answered: number, what: string): Promise<void> {
  writeDisk(images);
  const database = await openDatabase(place);
  database.exec(`ATTACH '${folder}/expected' AS e`);
  const lost = only(
    database,
    `SELECT count(*) FROM e.answered a WHERE a.number <= ${answered} AND NOT EXISTS
      (SELECT 1 FROM nodes n WHERE n.node_id = a.node_id AND n.ipv4 = a.ipv4 AND n.name = a.name)`,
  );
  const twice = only(database, 'SELECT count(ipv4) - count(DISTINCT ipv4) FROM nodes');
  // The order of the tables is given: the other way round every invite would be looked at for every node.
  const spent = only(
    database,
    `SELECT count(*) FROM invites i CROSS JOIN e.answered a
      ON a.node_id = i.spent_by AND a.name = i.name WHERE a.number <= ${answered}`,
  );
  database.close();
  if (lost > 0) throw new Error(`${what}: ${lost} of ${answered} answered nodes are lost`);
  if (twice > 0) throw new Error(`${what}: ${twice} virtual IPs have two holders`);
  if (spent < answered) {
    throw new Error(`${what}: ${answered - spent} invites can be spent once more`);
  }
}

/** The next run of the server on this disk enrols more nodes: nobody gets what somebody has. */
async function restart(images: readonly Image[], answered: number, what: string): Promise<void> {
  writeDisk(images);
  const suite = sodiumSuite();
  const store = await openSqliteStore(place);
  const keys = generateKeyPair(suite, random);
  const context = new RoleContext({
    suite,
    random,
    keys,
    incarnation: '00000000000000aa' as Incarnation,
    bootCount: 2,
    software: 'test',
    stored: store.load(),
  });
  const prefix6 = zonePrefixIpv6(suite, keys.publicKey);
  const directory = new Directory(context, '198.18.0.0/20' as Prefix, prefix6);
  for (let count = 0; count < 20; count += 1) {
    const { publicKey } = generateKeyPair(suite, random);
    const record = directory.enrol(nodeIdOf(suite, publicKey), publicKey, 'node', `new-${count}`);
    if (typeof record === 'string') throw new Error(`${what}: a new node is refused: ${record}`);
    store.set(`nodes/${record.nodeId}`, {
      publicKey: toHex(publicKey),
      role: 'node',
      name: record.name,
      ipv4: record.ipv4 ?? null,
      ipv6: null,
    });
  }
  // The table itself refuses an address that is taken.
  store.commit();
  store.close();
  if (directory.size < answered + 20) throw new Error(`${what}: the directory has lost nodes`);
}

async function makeExpected(): Promise<void> {
  const { Database } = await import('tjs:sqlite');
  const database = new Database(`${folder}/expected`);
  database.exec('CREATE TABLE answered (number INTEGER, node_id BLOB, ipv4 TEXT, name TEXT)');
  database.exec('BEGIN');
  const insert = database.prepare('INSERT INTO answered VALUES (?, unhex(?), ?, ?)');
  let number = 0;
  for (const { node } of steps) {
    if (!node) continue;
    number += 1;
    insert.run([number, node.nodeId, node.ipv4, node.name]);
  }
  insert.finalize();
  database.exec(
    'COMMIT; CREATE INDEX by_number ON answered (number); CREATE INDEX by_node ON answered (node_id)',
  );
  database.close();
}

/** What is certain to be on the disk, and any part of the rest, in the order it was written. */
function afterPowerCut(flushed: readonly Image[], rest: readonly Step[]): Image[] {
  const images = flushed.map((image) => image.copy());
  const last = rest.length - 1;
  for (const [index, step] of rest.entries()) {
    const isLast = index === last;
    if (!isLast && randomBelow(random, 3) === 0) continue;
    const torn = isLast ? sectorBytes * randomBelow(random, 3) : undefined;
    images[step.file as number]?.apply(step, torn);
  }
  return images;
}

async function main(): Promise<void> {
  if (part === 'prepare') {
    await makeExpected();
    tjs.exit(0);
  }
  const base = names.map((name) => new Image(readFile(`${folder}/base-${name}`)));
  const written = base.map((image) => image.copy());
  const flushed = base;
  let rest: Step[] = [];
  let answered = 0;
  let cuts = 0;
  for (const [index, step] of steps.entries()) {
    if (step.kind === 'answer') {
      answered += step.node ? 1 : 0;
      continue;
    }
    if (step.kind === 'sync') {
      for (const each of rest) {
        if (each.file === step.file) flushed[each.file as number]?.apply(each);
      }
      rest = rest.filter((each) => each.file !== step.file);
    } else {
      written[step.file as number]?.apply(step);
      rest.push(step);
    }
    if (index % Number(parts) !== Number(part)) continue;
    const cut = afterPowerCut(flushed, rest);
    await check(cut, answered, `power cut after step ${index}`);
    cuts += 1;
    if (cuts % killedEvery === 0) await check(written, answered, `killed after step ${index}`);
    if (cuts % fullLookEvery === 0) await restart(cut, answered, `restart after step ${index}`);
    if (cuts % sayEvery === 0) console.log(`${cuts} cuts`);
  }
  console.log(`${cuts} cuts`);
  tjs.exit(0);
}

main().catch((error: Error) => {
  console.error('%s', error.message);
  tjs.exit(1);
});
