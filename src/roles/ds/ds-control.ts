/** The control methods of a Direction Server: status, nodes, invites, rename, remove, trace, diagnose. */

import { toHex } from '../../base/bytes.ts';
import type { RoleContext } from '../../protocol/context.ts';
import {
  type DsStatus,
  type NodeRow,
  type NodesResult,
  wallClockArgument,
} from '../../protocol/control-results.ts';
import { encodeInvite, isName } from '../../protocol/invite.ts';
import { limits } from '../../protocol/limits.ts';
import { holds, pageOf, pageWish } from '../../protocol/list-page.ts';
import type { ControlCall, JsonObject } from '../../protocol/machine.ts';
import { traceRows } from '../../protocol/trace-view.ts';
import { formatNodeId, parseNodeId } from '../../wire/ids.ts';
import { refusals } from '../../wire/refusals.ts';
import type { NodeRecord } from './directory.ts';
import type { DsRole } from './ds-role.ts';

const hourMs = 3_600_000;
const mostHours = 24 * 365;

export class DsControl {
  readonly #context: RoleContext;
  readonly #ds: DsRole;

  constructor(context: RoleContext, ds: DsRole) {
    this.#context = context;
    this.#ds = ds;
  }

  handle(id: number, call: ControlCall): void {
    const unixSeconds = call.arguments[wallClockArgument];
    if (typeof unixSeconds === 'number') this.#context.tellUnixSeconds(unixSeconds);
    const result = this.#result(call, typeof unixSeconds === 'number' ? unixSeconds : 0);
    const answer =
      typeof result === 'string'
        ? ({ ok: false, error: result } as const)
        : ({ ok: true, result: result as JsonObject } as const);
    this.#context.emit({ kind: 'control-answer', id, answer });
  }

  /** A result, or the sentence that says why there is none. */
  #result(call: ControlCall, unixSeconds: number): object | string {
    const { arguments: given } = call;
    switch (call.method) {
      case 'status':
        return this.#status();
      case 'paths':
        return { paths: [] };
      case 'nodes':
        return this.#nodes(given);
      case 'invite':
        return this.#invite(
          String(given['name'] ?? ''),
          given['relay'] === true,
          Number(given['hours'] ?? limits.inviteHours),
          unixSeconds,
        );
      case 'invites':
        return {
          invites: this.#ds.directory
            .invites()
            .map(({ name, relay, expiresAt }) => ({ name, relay, expiresAt })),
        };
      case 'uninvite':
        return this.#uninvite(String(given['name'] ?? ''));
      case 'rename':
        return this.#rename(String(given['node'] ?? ''), String(given['name'] ?? ''));
      case 'remove':
        return this.#remove(String(given['node'] ?? ''));
      case 'trust':
        return this.#trust(String(given['name'] ?? '').toLowerCase(), given['deny'] === true);
      case 'trace':
        return { trace: traceRows('ds', this.#context) };
      case 'diagnose':
        return { checks: this.#ds.checks() };
      default:
        return `A Direction Server has no method "${call.method}".`;
    }
  }

  #status(): DsStatus {
    const { directory, fleet, federation, directing, config } = this.#ds;
    return {
      zone: config.zone,
      nodeId: formatNodeId(this.#ds.nodeId),
      publicKey: toHex(this.#context.environment.keys.publicKey),
      advertised: config.advertised,
      pool: directory.pool.pool,
      poolUsed: directory.pool.used,
      poolSize: directory.pool.size,
      nodes: directory.size - directory.relays,
      nodesOnline: this.#ds.onlineCount,
      relays: directory.relays,
      relaysOnline: fleet.size,
      invites: directory.invites().length,
      paths: directing.size,
      zones: federation.zones.map((zone) => ({
        zone: zone.zone,
        policy: zone.policy,
        source: zone.source,
        publicKey: toHex(zone.publicKey),
        offeredKey: zone.offeredKey ? toHex(zone.offeredKey) : null,
        reachable: federation.isReachable(zone),
        sinceMs: null,
      })),
      counters: this.#context.drops.snapshot(),
    };
  }

  /** By name; rows are made only of the page that was asked for. */
  #nodes(given: JsonObject): NodesResult {
    const wish = pageWish(given);
    const { kind, state } = given;
    const all = this.#ds.directory.records();
    const isWhole = kind === undefined && state === undefined && wish.match === '';
    const found = isWhole
      ? all
      : all.filter((record) => {
          if (kind !== undefined && record.role !== kind) return false;
          if (state !== undefined && this.#isOnline(record) !== (state === 'online')) return false;
          if (wish.match === '') return true;
          const { name, nodeId, ipv4, ipv6 } = record;
          const observed = this.#ds.online(nodeId)?.observed;
          return holds(wish, [name, formatNodeId(nodeId), ipv4, ipv6, observed]);
        });
    const page = { ...wish, count: Math.min(wish.count, limits.maxNodesPerAnswer) };
    return { nodes: pageOf(page, found).map((record) => this.#row(record)), total: found.length };
  }

  #isOnline({ nodeId }: NodeRecord): boolean {
    return this.#ds.online(nodeId) !== undefined || this.#ds.fleet.get(nodeId) !== undefined;
  }

  #row(record: NodeRecord): NodeRow {
    const node = this.#ds.online(record.nodeId);
    const relay = this.#ds.fleet.get(record.nodeId);
    const heardAt = node?.heardAt ?? relay?.heardAt;
    return {
      kind: record.role,
      name: record.name,
      nodeId: formatNodeId(record.nodeId),
      publicKey: toHex(record.publicKey),
      virtualIpv4: record.ipv4 ?? null,
      virtualIpv6: record.ipv6 ?? null,
      online: node !== undefined || relay !== undefined,
      endpoint: node?.observed ?? relay?.endpoints[0] ?? null,
      nat: node?.nat ?? (relay ? 'global' : 'unknown'),
      heardMs: heardAt === undefined ? null : Math.round(this.#context.now - heardAt),
      paths: relay ? relay.paths : this.#ds.directing.pathsOf(record.nodeId).length,
      pathLimit: relay?.pathLimit ?? null,
      exit: relay?.exit ?? false,
      software: node?.software ?? relay?.software ?? null,
    };
  }

  #invite(name: string, relay: boolean, hours: number, unixSeconds: number): object | string {
    const { directory, config } = this.#ds;
    if (config.advertised.length === 0) {
      return 'Set "list address" in the "ds" section first: without it the invite could not say where to go.';
    }
    if (!(hours > 0 && hours <= mostHours))
      return `"hours" must be more than 0 and at most ${mostHours}.`;
    const key = name.toLowerCase();
    if (!isName(key)) return refusals.nameInvalid.text;
    const expiresAt = Math.round(unixSeconds + hours * 3600);
    const token = directory.addInvite(key, relay, expiresAt, hours * hourMs);
    if (typeof token === 'string') return refusals[token].text;
    const invite = encodeInvite({
      kind: relay ? 'relay' : 'node',
      endpoints: config.advertised.slice(0, 4),
      publicKey: this.#context.environment.keys.publicKey,
      token,
      expiresAt,
      name: key,
    });
    return { name: key, relay, invite, expiresAt };
  }

  #uninvite(name: string): object | string {
    if (this.#ds.directory.uninvite(name.toLowerCase())) return { name: name.toLowerCase() };
    return `There is no open invite for "${name}". "ntmobile invites" lists them.`;
  }

  #trust(name: string, deny: boolean): object | string {
    const { federation, config } = this.#ds;
    const denied = deny ? federation.book.distrust(name) : undefined;
    if (denied) this.#ds.cutOff(denied);
    const trusted = deny ? denied : federation.trust(name);
    if (typeof trusted === 'string') {
      return { name, kind: 'node', key: formatNodeId(trusted), policy: 'allow' };
    }
    if (trusted) {
      const { publicKey } = trusted;
      return { name, kind: 'zone', key: toHex(publicKey), policy: deny ? 'deny' : 'allow' };
    }
    const known = federation.zones.find((zone) => zone.zone === name);
    if (known) return `The configuration decides about ${name}: section "zone", option policy.`;
    if (name === config.zone || name.endsWith(`.${config.zone}`)) return `${name} is of this zone.`;
    return `Nothing waits to be accepted for "${name}". A zone is found when a node asks for a name in it.`;
  }

  #find(node: string): NodeRecord | undefined {
    const nodeId = parseNodeId(node);
    const name = node.toLowerCase();
    const suffix = `.${this.#ds.config.zone}`;
    const bare = name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
    return this.#ds.directory.byName(bare) ?? (nodeId && this.#ds.directory.get(nodeId));
  }

  #rename(node: string, name: string): object | string {
    const record = this.#find(node);
    if (!record) return unknownNode(node);
    const oldName = record.name;
    const problem = this.#ds.directory.rename(record, name);
    if (problem) return refusals[problem].text;
    this.#ds.renamed(record, oldName);
    return { nodeId: formatNodeId(record.nodeId), oldName, name: record.name };
  }

  #remove(node: string): object | string {
    const record = this.#find(node);
    if (!record) return unknownNode(node);
    this.#ds.remove(record);
    return { nodeId: formatNodeId(record.nodeId), name: record.name };
  }
}

function unknownNode(node: string): string {
  return `No node is called "${node}". "ntmobile nodes" lists them.`;
}
