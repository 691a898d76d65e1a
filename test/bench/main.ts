/**
 * `npm run bench:memory -- [--nodes N]`: one real Direction Server on txiki.js, alone in a network
 * namespace, and N nodes that enrol and register with it over real sockets. Prints the resident memory
 * before and after and how long the registrations took; nothing is asserted.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { env, exit } from 'node:process';
import { decodeInvite, type Invite } from '../../src/protocol/invite.ts';
import { callDaemon } from '../lab/control.ts';
import { LiveNode } from './live-node.ts';
import { benchAddress as address, enterNamespace, isInside } from './namespace.ts';
import { benchOptions, countOf } from './options.ts';

const atOnce = 8;
const root = env['NTM_ROOT'] ?? '.';

const usage = `npm run bench:memory -- [options]
  --nodes N   nodes that enrol and register (1000)
  --help      this text
NTM_TJS names another txiki.js than npm's, which is a debug build.`;
const options = benchOptions(usage, { nodes: { type: 'string' } });
const count = countOf('nodes', options['nodes'], 1000);

function residentMb(process: number): number {
  const status = readFileSync(`/proc/${process}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

async function until(good: () => Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await good().catch(() => false))) {
    if (Date.now() > end) throw new Error(`${what} took too long`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function invite(control: string, name: string): Promise<Invite> {
  const decoded = decodeInvite((await callDaemon(control, 'invite', { name })).invite);
  if (!decoded.ok) throw new Error(decoded.error);
  return decoded.invite;
}

async function measure(): Promise<void> {
  mkdirSync(join(root, 'out'), { recursive: true });
  const folder = mkdtempSync(join(root, 'out/bench-'));
  const control = join(folder, 'control.sock');
  const config = join(folder, 'config');
  const section = `config ntmobile\n\toption log_level 'warn'\n\nconfig ds 'ds'\n\toption enabled '1'\n\toption zone 'bench'\n`;
  writeFileSync(
    config,
    `${section}\tlist address '${address}:4649'\n\toption pool '198.18.0.0/15'\n`,
  );
  const program = [join(root, 'out/ntmobiled.js'), '--config', config, '--state', folder];
  const engine = env['NTM_TJS'] ?? join(root, 'out/bin/tjs');
  const daemon = spawn(engine, ['run', ...program, '--control', control], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...env, TJS_HOME: folder },
  });
  const nodes: LiveNode[] = [];
  try {
    await until(async () => (await callDaemon(control, 'status')).ds !== null, 'the start');
    const before = residentMb(daemon.pid as number);
    const begin = performance.now();
    let shownAt = begin;
    for (let done = 0; done < count; done += atOnce) {
      const batch = Array.from({ length: Math.min(atOnce, count - done) }, async (_, index) => {
        const node = new LiveNode(address);
        nodes.push(node);
        await node.join(await invite(control, `n${done + index}`), done + index + 1);
      });
      await Promise.all(batch);
      if (performance.now() - shownAt > 2000) {
        shownAt = performance.now();
        console.error(`… ${done + batch.length} of ${count} registered`);
      }
    }
    const seconds = (performance.now() - begin) / 1000;
    const after = residentMb(daemon.pid as number);
    const { ds } = await callDaemon(control, 'status');
    console.log(`nodes enrolled and online   ${ds?.nodes} and ${ds?.nodesOnline}`);
    console.log(`enrolled in                 ${seconds.toFixed(1)} s, invites included`);
    console.log(`resident before, after      ${before.toFixed(1)} MB, ${after.toFixed(1)} MB`);
    console.log(`resident per node           ${(((after - before) * 1024) / count).toFixed(2)} KB`);
  } finally {
    for (const node of nodes) node.close();
    daemon.kill('SIGTERM');
    await new Promise((resolve) => daemon.on('close', resolve));
    rmSync(folder, { recursive: true });
  }
}

if (isInside) {
  await measure();
  exit(0);
} else {
  exit(await enterNamespace());
}
