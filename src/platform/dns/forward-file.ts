/**
 * The lines by which dnsmasq sends the zones of this node to its stub, in a file that lives as long as the
 * daemon does: gone with it, so that dnsmasq is left with no dead forwarder after its next reload.
 */
import { utf8 } from '../../base/bytes.ts';
import { type Endpoint, endpointIp, endpointPort } from '../../base/ip.ts';
import { readFile, removeFileDurably, writeFileDurably } from '../files.ts';
import type { Log } from '../log.ts';
import { libc } from '../tjs/libc.ts';
import { runSilently } from '../tjs/process.ts';

/** dnsmasq reads it as a user of its own. */
const readableMode = 0o644;

/** Of the OpenWrt package: hands the file to dnsmasq. The service script takes it back at the end. */
const hook = '/usr/libexec/ntmobile/dnsmasq.sh';
const hookedPath = '/var/run/ntmobile/dnsmasq.conf';

/** The file that the configuration names, or the one that the package's script takes. */
export function forwardPath(given: string | undefined): string | undefined {
  return given ?? (readFile(hook) ? hookedPath : undefined);
}

/** What dnsmasq is told; answers with virtual IPs are private ones, which it else takes for an attack. */
export function dnsmasqLines(zones: readonly string[], stub: Endpoint): string {
  const server = `${endpointIp(stub)}#${endpointPort(stub)}`;
  const isReverse = (zone: string) => zone.endsWith('.arpa');
  const lines = zones.flatMap((zone) => [
    `server=/${zone}/${server}`,
    ...(isReverse(zone) ? [] : [`rebind-domain-ok=/${zone}/`]),
  ]);
  return ['# Made by ntmobiled, and removed when it ends.', ...lines, ''].join('\n');
}

export class ForwardFile {
  readonly #path: string;
  readonly #stub: Endpoint;
  readonly #log: Log;
  #text: string | undefined;
  #handed = Promise.resolve();

  constructor(path: string, stub: Endpoint, log: Log) {
    this.#path = path;
    this.#stub = stub;
    this.#log = log;
    // Of an earlier run that was killed.
    this.remove();
  }

  write(zones: readonly string[]): void {
    const text = dnsmasqLines(zones, this.#stub);
    if (text === this.#text) return;
    try {
      writeFileDurably(this.#path, utf8(text));
      libc.chmod(this.#path, readableMode);
      this.#text = text;
      if (this.#path === hookedPath) this.#hand();
    } catch (error) {
      this.#log.error(`node.dns_forward_file: ${(error as Error).message}.`);
    }
  }

  /** One run at a time, in the order of the changes. */
  #hand(): void {
    this.#handed = this.#handed
      .then(() => runSilently([hook, 'apply', this.#path]))
      .then(
        (code) => code === 0 || this.#log.error(`${hook} ended with ${code}.`),
        (error) => this.#log.error(`${hook}: ${error}`),
      )
      .then(() => undefined);
  }

  remove(): void {
    this.#text = undefined;
    try {
      removeFileDurably(this.#path);
    } catch (error) {
      this.#log.error(`node.dns_forward_file: ${(error as Error).message}.`);
    }
  }
}
