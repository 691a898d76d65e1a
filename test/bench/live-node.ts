/** A node's real role machine on a real UDP socket under Node: what a Direction Server is loaded with. */
import { createSocket, type Socket } from 'node:dgram';
import { type Endpoint, endpoint, endpointIp, endpointPort, type Ip } from '../../src/base/ip.ts';
import { generateKeyPair } from '../../src/noise/keys.ts';
import type { Invite } from '../../src/protocol/invite.ts';
import type { Input } from '../../src/protocol/machine.ts';
import { NodeRole } from '../../src/roles/node/node-role.ts';
import type { Incarnation } from '../../src/wire/ids.ts';
import { nodeSuite } from '../support/node-suite.ts';
import { seededRandom } from '../support/seeded-random.ts';

export class LiveNode {
  readonly #socket: Socket;
  readonly #ip: Ip;
  #role: NodeRole | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ip: Ip) {
    this.#ip = ip;
    this.#socket = createSocket('udp4');
  }

  /** Registers with the invite; the promise is kept once the Direction Server has answered. */
  async join(invite: Invite, seed: number): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.bind(0, this.#ip, resolve));
    const { port } = this.#socket.address();
    const random = seededRandom(seed);
    const role = new NodeRole(
      {
        suite: nodeSuite,
        random,
        keys: generateKeyPair(nodeSuite, random),
        incarnation: '00000000000000aa' as Incarnation,
        bootCount: 1,
        software: 'bench',
        stored: new Map(),
      },
      {
        device: 'ntm0',
        mtu: 1400,
        directionServer: { endpoints: invite.endpoints, publicKey: invite.publicKey },
        token: invite.token,
        wantedName: invite.name,
        exitPrefixes: [],
        punch: true,
        idleSeconds: 600,
        port,
      },
    );
    this.#role = role;
    this.#socket.on('message', (bytes, from) => {
      const source = endpoint(from.address as Ip, from.port);
      this.#feed({ kind: 'datagram', now: performance.now(), from: source, bytes });
    });
    const uplinks = [{ id: `lo/${this.#ip}`, device: 'lo', ip: this.#ip, usable: true }];
    this.#feed({ kind: 'start', now: performance.now(), uplinks });
    await this.#registered(role);
  }

  async #registered(role: NodeRole): Promise<void> {
    const end = performance.now() + 20_000;
    while (role.registration.state !== 'registered') {
      if (performance.now() > end)
        throw new Error(`not registered: ${role.registration.stateText}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  #feed(input: Input): void {
    const role = this.#role;
    if (!role) return;
    role.handle(input);
    for (let out = role.poll(); out; out = role.poll()) {
      if (out.kind === 'transmit') this.#send(out.to, out.bytes);
    }
    clearTimeout(this.#timer);
    const deadline = role.deadline();
    if (!deadline) return;
    const wait = Math.max(1, deadline.at - performance.now());
    this.#timer = setTimeout(() => this.#feed({ kind: 'timeout', now: performance.now() }), wait);
  }

  #send(to: Endpoint, bytes: Uint8Array): void {
    this.#socket.send(bytes, endpointPort(to), endpointIp(to));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#socket.close();
  }
}
