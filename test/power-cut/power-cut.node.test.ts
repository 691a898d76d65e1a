/**
 * A Direction Server that dies in the middle of a thousand registrations: killed, and with its disk cut at every
 * single write. strace records what the real daemon does to its database and when its answers leave; every prefix
 * of that is a disk that the next start may find.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromHex, toHex } from '../../src/base/bytes.ts';
import { type Endpoint, endpoint, type Ip } from '../../src/base/ip.ts';
import { generateKeyPair, nodeIdOf } from '../../src/noise/keys.ts';
import { decodeInvite } from '../../src/protocol/invite.ts';
import { formatNodeId } from '../../src/wire/ids.ts';
import { LoadNode } from '../bench/ds/load-node.ts';
import { pace } from '../bench/ds/pace.ts';
import { callDaemon } from '../lab/control.ts';
import { nodeSuite } from '../support/node-suite.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { type DiskEvent, parseTrace, tracedCalls } from './trace.ts';

const root = process.env['NTM_ROOT'] ?? '.';
const engine = join(root, 'out/bin/tjs');
const loopback = '127.0.0.1' as Ip;
const port = 20_000 + (process.pid % 20_000);
const nodeCount = 1000;
/** How many have their answer when the power fails; the others are on their way or have not begun. */
const answeredBefore = 900;
const atOnce = 32;
const diskFiles = ['ds.sqlite', 'ds.sqlite-wal'] as const;

/** Memory where there is some to be had: the test is about the order of writes, not about a disk. */
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'ntm-cut-'));
const state = join(folder, 'state');
const control = join(folder, 'control.sock');
const random = seededRandom(5);
test.after(async () => {
  socket?.close();
  await kill();
  rmSync(folder, { recursive: true });
});

async function kill(): Promise<void> {
  if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return;
  const exited = once(daemon, 'exit');
  daemon.kill('SIGKILL');
  await exited;
}

interface Answered {
  readonly nodeId: string;
  readonly ipv4: string;
  readonly name: string;
}

let daemon: ChildProcess | undefined;
let socket: Socket | undefined;
const nodes: { readonly name: string; readonly token: Uint8Array; node: LoadNode }[] = [];
const answered = new Map<string, Answered>();
/** By the session that the node took the answer in. */
const answeredBySession = new Map<string, Answered>();
const waiting = new Map<LoadNode, () => void>();

function bundleAll(): void {
  const script = `
    const { bundle } = await import(${JSON.stringify(join(root, 'esbuild.config.mjs'))});
    for (const [entry, name] of [['src/main/ntmobiled.ts', 'ntmobiled'], ['test/power-cut/replay.ts', 'replay']]) {
      await bundle({ entryPoints: [entry], outfile: ${JSON.stringify(folder)} + '/' + name + '.js' });
    }`;
  execFileSync(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
}

async function start(): Promise<Uint8Array> {
  const program = ['run', join(folder, 'ntmobiled.js'), '--config', join(folder, 'config')];
  daemon = spawn(engine, [...program, '--state', state, '--control', control], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, TJS_HOME: folder },
  });
  for (let tries = 0; tries < 600; tries += 1) {
    const status = await callDaemon(control, 'status').catch(() => undefined);
    if (status?.ds) return fromHex(status.ds.publicKey) as Uint8Array;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the Direction Server does not start');
}

function makeNode(index: number, publicKey: Uint8Array, name: string): LoadNode {
  const keys = generateKeyPair(nodeSuite, random);
  const nodeId = nodeIdOf(nodeSuite, keys.publicKey);
  const server = { publicKey, at: endpoint(loopback, port) };
  return new LoadNode({ nodeId, keys, stored: ['', {}] }, index, server, 0, {
    send: (_, bytes) => socket?.send(bytes, port, loopback),
    registered: (node, { virtualIpv4, name: given }) => {
      assert.is(given, name);
      const answer = { nodeId, ipv4: String(virtualIpv4), name };
      const before = answered.get(name);
      if (before) assert.equal(answer, before, 'a node keeps its address');
      answered.set(name, answer);
      answeredBySession.set(String(node.association.current?.localId), answer);
    },
    updated: (node) => waiting.get(node)?.(),
    directed: () => undefined,
  });
}

function receive(bytes: Uint8Array, from: number): void {
  for (const { node } of nodes) {
    if (node.wants(bytes)) return node.receive(bytes, endpoint(loopback, from) as Endpoint);
  }
}

async function register(one: (typeof nodes)[number], isOver: () => boolean): Promise<void> {
  const { node, token, name } = one;
  node.prepare(token);
  node.release();
  while (!answered.has(name) || !node.association.current) {
    if (isOver()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (node.isDue) node.timeout();
  }
  // The first message under the new keys makes the session count.
  const updated = new Promise<void>((resolve) => waiting.set(node, resolve));
  node.update('192.168.1.2' as Ip);
  await Promise.race([updated, new Promise((resolve) => setTimeout(resolve, 500))]);
}

async function attachStrace(): Promise<void> {
  const calls = tracedCalls.join();
  const what = ['-e', `trace=${calls}`, '-e', 'signal=none', '-y', '-xx', '-s', '65536'];
  const pid = String(daemon?.pid);
  const tracer = spawn('strace', ['-f', '-ff', '-o', join(folder, 'trace'), ...what, '-p', pid], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  for await (const bytes of tracer.stderr) {
    said += String(bytes);
    if (said.includes('attached')) break;
  }
  if (!said.includes('attached')) throw new Error(`strace cannot look at the daemon: ${said}`);
}

/** The recording as the replay wants it; how many of the answers in it are known. */
function writeSteps(events: readonly DiskEvent[]): number {
  const payloads: Buffer[] = [];
  let from = 0;
  const known = new Set<string>();
  const steps = events.map((event) => {
    if (event.kind === 'answer') {
      const node = answeredBySession.get(event.receiver);
      if (!node || known.has(node.name)) return { kind: 'answer' };
      known.add(node.name);
      return { kind: 'answer', node };
    }
    const file = diskFiles.indexOf(event.file);
    if (event.kind === 'sync') return { kind: 'sync', file };
    if (event.kind === 'truncate') return { kind: 'truncate', file, length: event.length };
    payloads.push(event.bytes);
    from += event.bytes.length;
    const { length } = event.bytes;
    return { kind: 'write', file, offset: event.offset, from: from - length, length };
  });
  writeFileSync(join(folder, 'steps'), JSON.stringify(steps));
  writeFileSync(join(folder, 'payloads'), Buffer.concat(payloads));
  return known.size;
}

function cutsIn(text: string): number {
  return Number(/(\d+) cuts\s*$/.exec(text)?.[1]);
}

async function replay(part: string): Promise<string> {
  const program = ['run', join(folder, 'replay.js'), folder, part, '2'];
  const child = spawn(engine, program, { env: { ...process.env, TJS_HOME: folder } });
  let text = '';
  child.stdout.on('data', (bytes) => {
    text += bytes;
    // A sign of life for whoever waits.
    console.log(`part ${part}: ${String(bytes).trim()}`);
  });
  child.stderr.on('data', (bytes) => (text += bytes));
  const [code] = await once(child, 'close');
  assert.is(code, 0, text);
  return text;
}

/** A container may forbid to look at other processes. */
const canTrace = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;
const check = canTrace ? test : test.skip;

check(
  'a thousand registrations, the server killed in the middle and its disk cut at every write',
  async () => {
    bundleAll();
    const section = `config ntmobile\n\toption log_level 'error'\n\toption port '${port}'\n`;
    const ds = `config ds 'ds'\n\toption enabled '1'\n\toption zone 'cut.example'\n`;
    const more = `\tlist address '203.0.113.10:${port}'\n\toption pool '198.18.0.0/20'\n`;
    writeFileSync(join(folder, 'config'), `${section}\n${ds}${more}`);
    const publicKey = await start();
    socket = createSocket('udp4');
    socket.on('message', (bytes, from) => receive(bytes, from.port));
    socket.bind(0, loopback);
    await once(socket, 'listening');
    for (let index = 0; index < nodeCount; index += 1) {
      const name = `n${index}`;
      const made = decodeInvite((await callDaemon(control, 'invite', { name })).invite);
      if (!made.ok) throw new Error(made.error);
      nodes.push({ name, token: made.invite.token, node: makeNode(index, publicKey, name) });
    }
    for (const file of diskFiles) copyFileSync(join(state, file), join(folder, `base-${file}`));
    await attachStrace();

    let killed = false;
    await pace(nodes, { atOnce }, async (one) => {
      if (killed) return;
      await register(one, () => killed);
      if (answered.size < answeredBefore || killed) return;
      killed = true;
      daemon?.kill('SIGKILL');
    });
    if (daemon?.signalCode === null) await once(daemon as ChildProcess, 'exit');
    const early = new Map(answered);
    assert.ok(early.size >= answeredBefore && early.size < nodeCount);
    assert.is(new Set([...early.values()].map(({ ipv4 }) => ipv4)).size, early.size);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const events = parseTrace(join(folder, `trace.${daemon?.pid}`));
    const known = writeSteps(events);
    assert.ok(known > early.size * 0.95, `${known} of ${early.size} answers were recorded`);
    await replay('prepare');
    const cuts = (await Promise.all([replay('0'), replay('1')])).map(cutsIn);
    const writes = events.filter(({ kind }) => kind === 'write').length;
    assert.ok(writes > answeredBefore / 2, `only ${writes} writes were recorded`);
    assert.ok((cuts[0] as number) + (cuts[1] as number) >= writes, `${cuts} of ${writes} writes`);

    await start();
    const { nodes: rows } = await callDaemon(control, 'nodes');
    const rowByName = new Map(rows.map((row) => [row.name, row]));
    for (const { name, nodeId, ipv4 } of early.values()) {
      const row = rowByName.get(name);
      assert.is(row?.virtualIpv4, ipv4, name);
      assert.is(row?.nodeId, formatNodeId(nodeId as never));
    }
    await pace(nodes, { atOnce }, (one) => {
      const isNew = !early.has(one.name);
      return isNew || one.name.endsWith('7') ? again(one) : Promise.resolve();
    });
    assert.is(answered.size, nodeCount);
    assert.is(new Set([...answered.values()].map(({ ipv4 }) => ipv4)).size, nodeCount);
  },
);

/** With the invite of the first time, to the server that has restarted. */
async function again(one: (typeof nodes)[number]): Promise<void> {
  const { node, token } = one;
  const before = node.association.current;
  node.prepare(token);
  node.release();
  for (let tries = 0; node.association.current === before && tries < 4000; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (node.isDue) node.timeout();
  }
  assert.ok(answered.has(one.name), `${one.name} was not enrolled ${toHex(token)}`);
}

test.run();
