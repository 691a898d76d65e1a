/**
 * Names on their way to the operator's own primary server (protocol.md 10): those of the zone, and of the virtual
 * IPs in the reverse zones that the operator has there. What changes is sent as dynamic update; a queue for
 * each zone keeps what is outstanding, so that one that is refused holds up no other.
 */
import type { Ip } from '../../base/ip.ts';
import { isWithin } from '../../dns/name.ts';
import {
  addressRecord,
  ntmRecordOf,
  pointerRecord,
  reverseIp,
  reverseName,
} from '../../dns/records.ts';
import { type NameState, ownTypes } from '../../dns/update.ts';
import type { RoleContext } from '../../protocol/context.ts';
import type { CheckRow } from '../../protocol/control-results.ts';
import type { Input } from '../../protocol/machine.ts';
import type { NodeRecord } from './directory.ts';
import type { DsRole } from './ds-role.ts';
import { lastingNtmRecord, publishedIps, publishedTtl } from './published.ts';
import { UpdateQueue } from './update-queue.ts';

/** Of a node, in the reverse zones. */
function ipsOf({ ipv4, ipv6 }: Pick<NodeRecord, 'ipv4' | 'ipv6'>): readonly Ip[] {
  return [ipv4, ipv6].filter((ip) => ip !== undefined);
}

export class NameUpdates {
  readonly #context: RoleContext;
  readonly #ds: DsRole;
  /** Of the names, which are told without the zone; undefined when there is no primary server. */
  readonly #forward: UpdateQueue | undefined;
  readonly #reverse: readonly UpdateQueue[];
  readonly #queues: readonly UpdateQueue[];
  #lastId = 0;

  constructor(context: RoleContext, ds: DsRole) {
    this.#context = context;
    this.#ds = ds;
    const settings = ds.config.names?.updates;
    const send = (bytes: Uint8Array): number => {
      this.#lastId += 1;
      const to = settings?.server as NonNullable<typeof settings>['server'];
      context.emit({ kind: 'dns-request', id: this.#lastId, to, bytes, signed: true });
      return this.#lastId;
    };
    this.#forward =
      settings &&
      new UpdateQueue(context, {
        zone: settings.zone,
        names: () => this.#nodes().map(({ name }) => name),
        state: (label) => this.#state(label),
        send,
      });
    this.#reverse = (settings?.reverseZones ?? []).map(
      (zone) =>
        new UpdateQueue(context, {
          zone,
          names: () => this.#reverseNames(this.#nodes(), zone),
          state: (name) => this.#reverseState(name),
          send,
        }),
    );
    this.#queues = this.#forward ? [this.#forward, ...this.#reverse] : [];
  }

  start(): void {
    const former = [...this.#ds.directory.formerNames];
    this.#forward?.start(former.filter((name) => !name.includes('.')));
    for (const queue of this.#reverse) {
      queue.start(former.filter((name) => name.includes('.') && isWithin(name, queue.zone)));
    }
  }

  /** The records of this name may be others now. */
  changed(label: string): void {
    this.#forward?.changed(label, !this.#ds.directory.byName(label));
  }

  /** The names of its virtual IPs may be others now, or none any more. */
  changedAddresses(node: Pick<NodeRecord, 'ipv4' | 'ipv6'>): void {
    for (const queue of this.#reverse) {
      for (const name of this.#reverseNames([node], queue.zone)) {
        queue.changed(name, this.#reverseState(name).records.length === 0);
      }
    }
  }

  timeout(): void {
    for (const queue of this.#queues) queue.timeout();
  }

  responded(input: Input & { readonly kind: 'dns-response' }): void {
    this.#queues.some((queue) => queue.responded(input));
  }

  checks(): readonly CheckRow[] {
    return this.#queues.flatMap(({ complaint }) =>
      complaint === undefined
        ? []
        : [{ check: 'Primary name server', state: 'fail', finding: complaint, act: whatMends }],
    );
  }

  #nodes(): readonly NodeRecord[] {
    return [...this.#ds.directory.records()].filter(({ role }) => role === 'node');
  }

  #state(label: string): NameState {
    const name = `${label}.${this.#ds.config.zone}`;
    const record = this.#ds.directory.byName(label);
    if (record?.role !== 'node') return { name, types: ownTypes.node, records: [] };
    const { environment } = this.#context;
    const data = lastingNtmRecord(this.#ds, environment, record);
    const ips = publishedIps(this.#ds, record);
    return {
      name,
      types: ownTypes.node,
      records: [
        ntmRecordOf(name, publishedTtl.ntm, data),
        ...ips.map((ip) => addressRecord(name, publishedTtl.address, ip)),
      ],
    };
  }

  #reverseNames(
    nodes: readonly Pick<NodeRecord, 'ipv4' | 'ipv6'>[],
    zone: string,
  ): readonly string[] {
    return nodes.flatMap((node) =>
      ipsOf(node)
        .map(reverseName)
        .filter((name) => isWithin(name, zone)),
    );
  }

  #reverseState(name: string): NameState {
    const ip = reverseIp(name);
    const record = ip && this.#ds.directory.byIp(ip);
    const target = record && `${record.name}.${this.#ds.config.zone}`;
    const records = target ? [pointerRecord(name, publishedTtl.ntm, target)] : [];
    return { name, types: ownTypes.address, records };
  }
}

/** The finding ends with what the primary said. */
const whatMends =
  'See that it runs, holds that zone as primary, and lets the key in ds.update_key_file update it: ' +
  'name, hmac-sha256 and secret have to be the same there. All names follow by themselves.';
