/** Two routers, the network around them, and the packages they are given. */
import { mkdirSync, rmSync } from 'node:fs';
import type { Programs } from '../lab/daemon.ts';
import { setAddresses } from './checks.ts';
import { GuestRouter, packInitramfs } from './guest-router.ts';
import { NamespaceRouter } from './namespace-router.ts';
import { Network, plans } from './network.ts';
import type { OpenwrtOptions, Userland } from './options.ts';
import type { Router } from './router.ts';

export class World {
  readonly #network: Network;
  readonly #folder: string;
  readonly #machines: { stop(): Promise<void> }[] = [];
  #a: Router | undefined;
  #b: Router | undefined;
  #removed: Promise<void> | undefined;

  constructor(programs: Programs, folder: string) {
    this.#folder = folder;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    this.#network = new Network(programs, folder);
  }

  get a(): Router {
    return this.#a as Router;
  }

  get b(): Router {
    return this.#b as Router;
  }

  async build(options: OpenwrtOptions, userland: Userland, feed: string): Promise<void> {
    await this.#network.build();
    await this.#network.startServer();
    const packed =
      userland.kind === 'kernel' ? packInitramfs(userland.folder, this.#folder) : undefined;
    const started = await Promise.all(
      (['a', 'b'] as const).map(async (name) => {
        const router = await this.#start(name, options, userland, packed, feed);
        await setAddresses(router, name);
        return router;
      }),
    );
    [this.#a, this.#b] = started;
  }

  #start(
    name: 'a' | 'b',
    options: OpenwrtOptions,
    userland: Userland,
    packed: string | undefined,
    feed: string,
  ): Promise<Router> {
    const { namespaces } = this.#network;
    if (userland.kind === 'namespaces') {
      const machine = new NamespaceRouter(this.#folder);
      this.#machines.push(machine);
      return machine.start(name, plans[name], namespaces, userland.folder, feed);
    }
    const machine = new GuestRouter(this.#folder);
    this.#machines.push(machine);
    return machine.start(name, plans[name], namespaces, userland, packed, feed, options);
  }

  invite(name: string): Promise<{ readonly invite: string }> {
    return this.#network.server.call('invite', { name });
  }

  /** From the host on the LAN of router a. */
  async lanPing(address: string): Promise<void> {
    await this.#network.namespaces.run('gn', ['busybox', 'ping', '-c', '3', '-w', '15', address]);
  }

  /** Behind the first uplink of router a nothing goes on, though its link stays up; or all is well again. */
  async cutFirstUplink(cut: boolean): Promise<void> {
    const link = `link set wan ${cut ? 'down' : 'up'}`;
    const route = cut ? [] : ['route replace default dev wan'];
    await this.#network.namespaces.ipBatch(plans.a.nat, [link, ...route]);
  }

  /** Once, however often it is asked for: a signal may come while a run is ending by itself. */
  remove(): Promise<void> {
    this.#removed ??= this.#takeDown();
    return this.#removed;
  }

  async #takeDown(): Promise<void> {
    await Promise.all(this.#machines.map((machine) => machine.stop()));
    await this.#network.server.stop();
    await this.#network.namespaces.remove();
  }
}
