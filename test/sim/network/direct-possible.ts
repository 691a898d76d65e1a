/**
 * The oracle: whether two hosts could exchange datagrams without a relay, from the realms and NATs they
 * are behind (RFC 4787, RFC 5128 section 3.3). It says what an ideal pair of ends would reach; Table 1 of
 * the paper, which knows no hole punching, is told apart by `end`.
 */
import type { Host } from '../hosts/host.ts';
import type { Nat } from './nat.ts';
import type { Realm } from './realm.ts';

/** The paper's two kinds of end: on the public internet, or behind a NAT. */
export type End = 'G' | 'P';

export function endOf(realm: Realm): End {
  return realm.gateway ? 'P' : 'G';
}

/** NATs from the realm outwards. */
function natsOf(realm: Realm): Nat[] {
  const nats: Nat[] = [];
  for (let each: Realm | undefined = realm; each?.gateway; each = each.gateway.outer.realm) {
    nats.push(each.gateway.nat);
  }
  return nats;
}

/** Whether the far end can foretell the outside port, and so send to it before it was heard from. */
function isPredictable(nat: Nat): boolean {
  return nat.options.mapping === 'endpoint-independent';
}

/** Whether a packet from a port never sent to, but of an address sent to, is let in. */
function isPortOpen(nat: Nat): boolean {
  return nat.options.filtering !== 'address-and-port-dependent';
}

/** From two realms, each the only place of its host. */
export function realmsMeet(a: Realm, b: Realm): boolean {
  if (a === b && !a.isolated) return true;
  const left = natsOf(a);
  const right = natsOf(b);
  if (left.length === 0 || right.length === 0) return true;
  const shared = left.find((nat) => right.includes(nat));
  if (!shared) return chainsMeet(left, right);
  const ownLeft = left.slice(0, left.indexOf(shared));
  const ownRight = right.slice(0, right.indexOf(shared));
  // The one right behind the shared NAT is reached at its local address by the one further in.
  if (a !== b && (ownLeft.length === 0 || ownRight.length === 0)) return true;
  return shared.options.hairpin && chainsMeet(left, right);
}

function chainsMeet(left: readonly Nat[], right: readonly Nat[]): boolean {
  const leftKnown = left.every(isPredictable);
  const rightKnown = right.every(isPredictable);
  if (leftKnown && rightKnown) return true;
  if (leftKnown) return left.every(isPortOpen);
  if (rightKnown) return right.every(isPortOpen);
  return false;
}

/** Whether any uplink of `a` and any of `b` meet. */
export function directPossible(a: Host, b: Host): boolean {
  return a.attachments.some((left) =>
    b.attachments.some((right) => realmsMeet(left.realm, right.realm)),
  );
}
