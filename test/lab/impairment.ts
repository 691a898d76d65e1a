/**
 * A network as far as the other side of a continent: everything that passes the internet is late by 25 ms
 * each way, and one datagram in a hundred is lost. Needs the kernel's netem.
 */
import type { Namespaces } from './namespaces.ts';

const delay = '25ms';
const loss = '1%';

export async function impair(namespaces: Namespaces): Promise<void> {
  const links = await namespaces.run('internet', ['ip', '-o', 'link', 'show', 'type', 'veth']);
  const devices = [...links.matchAll(/^\d+: ([^@:\s]+)/gm)].map(([, name]) => name);
  for (const device of devices) {
    const netem = ['tc', 'qdisc', 'replace', 'dev', device ?? '', 'root', 'netem'];
    await namespaces.run('internet', [...netem, 'delay', delay, 'loss', loss, 'limit', '10000']);
  }
}
