/**
 * The lab's network does what the figures rest on: NATs map and filter as they are named, private hosts
 * are reachable only where they should be, and a move takes the old address away. Needs root.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MovingHost } from './movement.ts';
import { Namespaces } from './namespaces.ts';
import { correspondentPlaces, type HostName, type MobilePlace, mobilePlaces } from './topology.ts';
import { buildWorld, setIsolation } from './world.ts';

const root = process.getuid?.() === 0;
const check = root ? test : test.skip;
const namespaces = new Namespaces();
const mobile = new MovingHost(namespaces, 'mn');
const correspondent = new MovingHost(namespaces, 'cn');

test.before(async () => {
  if (root) await buildWorld(namespaces);
});
test.after(() => namespaces.remove());

const node = (script: string): readonly string[] => [process.execPath, '-e', script];

/** Answers each datagram with the source it saw, until the namespace goes. */
function startEcho(host: HostName, port: number): void {
  const script = `
    const socket = require('node:dgram').createSocket('udp4');
    socket.on('message', (bytes, from) =>
      socket.send(from.address + ':' + from.port, from.port, from.address));
    socket.bind(${port});`;
  namespaces.start(host, node(script), { stdio: 'ignore' });
}

/** Sends from one socket to each target until it answers; what each saw, or "silence". */
async function observed(host: HostName, targets: readonly string[]): Promise<readonly string[]> {
  const script = `
    const targets = ${JSON.stringify(targets)};
    const seen = targets.map(() => 'silence');
    const socket = require('node:dgram').createSocket('udp4');
    const done = () => { console.log(JSON.stringify(seen)); process.exit(); };
    socket.on('error', () => undefined);
    socket.on('message', (bytes, from) => {
      seen[targets.indexOf(from.address + ':' + from.port)] = String(bytes);
      if (!seen.includes('silence')) done();
    });
    socket.bind(4649, () => setInterval(() => targets.forEach((target) => {
      const [ip, port] = target.split(':');
      socket.send('?', Number(port), ip, () => undefined);
    }), 50));
    setTimeout(done, 1000);`;
  return JSON.parse(await namespaces.run(host, node(script)));
}

const servers = ['203.0.113.10:7000', '203.0.113.20:7000'];

async function seenFrom(place: MobilePlace): Promise<readonly string[]> {
  await mobile.move(mobilePlaces[place], 'hard');
  return observed('mn', servers);
}

const portOf = (endpoint: string | undefined): number => Number(endpoint?.split(':')[1]);

check('the servers answer from every public and private place', async () => {
  startEcho('ds-a', 7000);
  startEcho('ds-b', 7000);
  for (const place of Object.keys(mobilePlaces) as MobilePlace[]) {
    assert.not.ok((await seenFrom(place)).includes('silence'), `silence at ${place}`);
  }
});

check('a public place is seen with its own address', async () => {
  assert.equal(await seenFrom('G2'), ['192.0.2.74:4649', '192.0.2.74:4649']);
});

check('a symmetric NAT shows each destination another port', async () => {
  const [first, second] = await seenFrom('B1');
  assert.match(first ?? '', /^198\.51\.100\.134:/);
  assert.is.not(portOf(first), portOf(second));
  assert.is.not(portOf(first), 4649);
});

check('a preserving NAT shows every destination the same port', async () => {
  assert.equal(await seenFrom('F1'), ['198.51.100.150:4649', '198.51.100.150:4649']);
});

check('a NAT lets nothing in that was not asked for', async () => {
  await mobile.move(mobilePlaces.F1, 'hard');
  startEcho('mn', 7001);
  const targets = ['198.51.100.150:7001', '198.51.100.150:4649'];
  assert.equal(await observed('ds-a', targets), ['silence', 'silence']);
});

check('hosts of one private network meet unless it keeps them apart', async () => {
  await correspondent.move(correspondentPlaces.A1, 'hard');
  startEcho('cn', 7002);
  await mobile.move(mobilePlaces.A1, 'hard');
  const target = ['192.168.10.100:7002'];
  assert.equal(await observed('mn', target), ['192.168.10.11:4649']);
  await setIsolation(namespaces, 'A', true);
  assert.equal(await observed('mn', target), ['silence']);
  await setIsolation(namespaces, 'A', false);
  assert.equal(await observed('mn', target), ['192.168.10.11:4649']);
});

check('after a hard move only the new address is left', async () => {
  await mobile.move(mobilePlaces.G1, 'hard');
  await mobile.move(mobilePlaces.C1, 'hard');
  const addresses = await namespaces.run('mn', [
    'ip',
    '-4',
    '-br',
    'addr',
    'show',
    'scope',
    'global',
  ]);
  assert.equal(addresses.match(/\d+\.\d+\.\d+\.\d+/g), ['192.168.30.11']);
});

check('during a soft move both addresses are there', async () => {
  const moving = mobile.move(mobilePlaces.G1, 'soft');
  const addresses = async (): Promise<string> =>
    namespaces.run('mn', ['ip', '-4', '-br', 'addr', 'show', 'scope', 'global']);
  let most = 0;
  const watch = (async () => {
    for (let i = 0; i < 20; i += 1) {
      most = Math.max(most, (await addresses()).trim().split('\n').length);
    }
  })();
  await Promise.all([moving, watch]);
  assert.is(most, 2);
  assert.match(await addresses(), /192\.0\.2\.10/);
});

test.run();
