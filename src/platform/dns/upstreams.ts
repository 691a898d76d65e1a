/**
 * The system's name servers that other zones are asked through: those that the networks themselves gave,
 * never a forwarder on this machine, which would ask us back. Read anew each time, since they change with
 * every network.
 */
import { fromUtf8 } from '../../base/bytes.ts';
import { type Endpoint, endpoint, endpointIp, isUnicast, parseIp } from '../../base/ip.ts';
import { readFile } from '../files.ts';

/** The first of these that names a server elsewhere counts: netifd's, systemd-resolved's, everybody's. */
export const resolverFiles = [
  '/tmp/resolv.conf.d/resolv.conf.auto',
  '/tmp/resolv.conf.auto',
  '/run/systemd/resolve/resolv.conf',
  '/run/NetworkManager/no-stub-resolv.conf',
  '/etc/resolv.conf',
] as const;

const maxServers = 3;
const domainPort = 53;

export interface UpstreamOptions {
  /** From the configuration; when there are any, the system's are not looked at. */
  readonly given: readonly Endpoint[];
  readonly files: readonly string[];
  /** Whether an address is one of this machine's. */
  readonly isOwn: (ip: string) => boolean;
}

export function upstreamServers({ given, files, isOwn }: UpstreamOptions): readonly Endpoint[] {
  if (given.length > 0) return given.slice(0, maxServers);
  for (const path of files) {
    const servers = serversIn(textOf(path)).filter((server) => {
      const ip = endpointIp(server);
      return isUnicast(ip) && !isOwn(ip);
    });
    if (servers.length > 0) return servers.slice(0, maxServers);
  }
  return [];
}

function textOf(path: string): string {
  try {
    const bytes = readFile(path);
    return (bytes && fromUtf8(bytes)) ?? '';
  } catch {
    return '';
  }
}

/** The `nameserver` lines of a resolv.conf. Link-local addresses, which name a device too, are left out. */
export function serversIn(text: string): readonly Endpoint[] {
  const servers = new Set<Endpoint>();
  for (const line of text.split('\n')) {
    const address = /^\s*nameserver\s+(\S+)/.exec(line)?.[1];
    const ip = address === undefined ? undefined : parseIp(address);
    if (ip) servers.add(endpoint(ip, domainPort));
  }
  return [...servers];
}
