/** Many real nodes in one process: `crowd SOCKET IP COUNT` enrols them all and then keeps them online. */
import { argv } from 'node:process';
import type { Ip } from '../../src/base/ip.ts';
import { decodeInvite } from '../../src/protocol/invite.ts';
import { LiveNode } from '../bench/live-node.ts';
import { callDaemon } from '../lab/control.ts';

const [socket, ip, count] = argv.slice(2) as [string, Ip, string];
const atOnce = 4;
const nodes: LiveNode[] = [];

async function enrol(number: number): Promise<void> {
  const name = `node-${String(number).padStart(3, '0')}`;
  const decoded = decodeInvite((await callDaemon(socket, 'invite', { name })).invite);
  if (!decoded.ok) throw new Error(decoded.error);
  const node = new LiveNode(ip);
  nodes.push(node);
  await node.join(decoded.invite, number + 1);
}

for (let done = 0; done < Number(count); done += atOnce) {
  const batch = Array.from({ length: Math.min(atOnce, Number(count) - done) }, (_, index) =>
    enrol(done + index),
  );
  await Promise.all(batch);
}
console.log('ready');
