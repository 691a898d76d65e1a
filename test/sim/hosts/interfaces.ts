/**
 * The network interfaces of a host: addresses in realms, the preferred first, and which of them a datagram
 * leaves by when nobody has said.
 */
import { type Endpoint, endpoint, endpointIp, type Ip } from '../../../src/base/ip.ts';
import type { Uplink } from '../../../src/protocol/machine.ts';
import type { Attachment, Datagram, LinkProfile, Realm } from '../network/realm.ts';

export interface Interface {
  readonly attachment: Attachment;
  readonly uplink: Uplink;
  /** What it sends from, and where the process is to be reached. */
  readonly endpoint: Endpoint;
}

export class Interfaces {
  readonly #owner: string;
  readonly #port: number;
  readonly #receive: (attachment: Attachment, datagram: Datagram) => void;
  #list: readonly Interface[] = [];
  #devices = 0;

  constructor(
    owner: string,
    port: number,
    receive: (attachment: Attachment, datagram: Datagram) => void,
  ) {
    this.#owner = owner;
    this.#port = port;
    this.#receive = receive;
  }

  get uplinks(): readonly Uplink[] {
    return this.#list.map((each) => each.uplink);
  }

  get attachments(): readonly Attachment[] {
    return this.#list.map((each) => each.attachment);
  }

  add(realm: Realm, link: LinkProfile, preferred: boolean, ip?: Ip): Attachment {
    const added = this.#new(realm, link, ip);
    this.#list = preferred ? [added, ...this.#list] : [...this.#list, added];
    return added.attachment;
  }

  remove(attachment: Attachment): void {
    attachment.realm.detach(attachment);
    this.#list = this.#list.filter((each) => each.attachment !== attachment);
  }

  clear(): void {
    for (const { attachment } of this.#list) attachment.realm.detach(attachment);
    this.#list = [];
  }

  #new(realm: Realm, link: LinkProfile, wanted: Ip | undefined): Interface {
    const ip = wanted ?? realm.freeIp();
    const receive = (datagram: Datagram): void => this.#receive(attachment, datagram);
    const attachment = realm.attach(this.#owner, ip, link, receive);
    const device = `eth${this.#devices}`;
    this.#devices += 1;
    const usable = realm.gateway !== undefined || realm.name === 'public';
    const uplink = { id: `${device}/${ip}`, device, ip, usable };
    return { attachment, uplink, endpoint: endpoint(ip, this.#port) };
  }

  of(attachment: Attachment): Interface | undefined {
    for (const each of this.#list) if (each.attachment === attachment) return each;
    return undefined;
  }

  /** The uplink that was named; or, as a routing table would, one on the destination's own network. */
  towards(to: Endpoint, uplinkId: string | undefined): Interface | undefined {
    if (uplinkId !== undefined) return this.#list.find((each) => each.uplink.id === uplinkId);
    if (this.#list.length === 1) return this.#list[0];
    const ip = endpointIp(to);
    return (
      this.#list.find((each) => each.attachment.realm.attachmentByIp.has(ip)) ??
      this.#list.find((each) => each.uplink.usable)
    );
  }
}
