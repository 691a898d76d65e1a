/**
 * One path as its issuing Direction Server knows it (paper sections 3.3, 3.4), and the messages made from it:
 * Route Directions for the two ends, Relay Direction for the Relay Server. Soft state; after a restart of the
 * DS, live paths are told by the nodes and have no keys here.
 */
import { legKey, pathPsk } from '../../noise/keys.ts';
import type { Suite } from '../../noise/suite.ts';
import { tableRoute } from '../../protocol/path-choice.ts';
import type { PathPeer } from '../../protocol/path-peer.ts';
import { allSuites } from '../../protocol/suites.ts';
import type { NodeId, PathId } from '../../wire/ids.ts';
import type { Values } from '../../wire/messages.ts';
import { type OnlineRelay, relayInfo } from './relay-fleet.ts';

export interface PathEnd extends PathPeer {
  /** Of a node of another DS. */
  readonly foreign: boolean;
}

export interface DirectedPath {
  readonly pathId: PathId;
  readonly kind: 'node' | 'exit';
  readonly ends: readonly [PathEnd, PathEnd];
  readonly commonKey: Uint8Array | undefined;
  readonly createdAt: number;
  /** Side that sends the first handshake message; fixed when the path is made. */
  readonly initiator: 0 | 1;
  relayId: NodeId | undefined;
  revision: number;
  /** When everything was last said again because an end had lost the path. */
  repeatedAt: number;
  /** From the Common Key, derived when they are first told. */
  derived: DerivedKeys | undefined;
}

interface DerivedKeys {
  readonly legKeys: readonly [Uint8Array, Uint8Array];
  readonly psk: Uint8Array;
}

function derivedKeys(path: DirectedPath, suite: Suite): DerivedKeys | undefined {
  const { commonKey, pathId } = path;
  if (!commonKey) return undefined;
  path.derived ??= {
    legKeys: [legKey(suite, commonKey, pathId, 0), legKey(suite, commonKey, pathId, 1)],
    psk: pathPsk(suite, commonKey, pathId),
  };
  return path.derived;
}

/** Which end sends the first handshake message: the one behind a NAT if exactly one is, else side 0. */
export function initiatorOf(kind: DirectedPath['kind'], ends: DirectedPath['ends']): 0 | 1 {
  const [first, second] = ends;
  if (kind === 'exit') return 0;
  return first.nat === 'global' && second.nat !== 'global' ? 1 : 0;
}

/** The Route Direction for the end of this side. */
export function routeDirectionFor(
  path: DirectedPath,
  side: 0 | 1,
  relay: OnlineRelay | undefined,
  issuerKey: Uint8Array,
  idleSeconds: number,
  suite: Suite,
): Values<'routeDirection'> {
  const own = path.ends[side];
  const peer = path.ends[side === 0 ? 1 : 0];
  const { pathId } = path;
  const derived = derivedKeys(path, suite);
  return {
    targetId: own.nodeId,
    pathId,
    issuerKey,
    revision: path.revision,
    kind: path.kind,
    side,
    initiator: path.initiator === side,
    route: tableRoute(own.nat, peer.nat),
    suites: allSuites,
    keys: derived && { legKey: derived.legKeys[side], psk: derived.psk },
    peerId: peer.nodeId,
    peerKey: peer.publicKey,
    peerIncarnation: peer.incarnation,
    peerName: peer.name,
    peerDsKey: peer.dsKey,
    peerIpv4: peer.ipv4,
    peerIpv6: peer.ipv6,
    peerNat: peer.nat,
    peerCandidates: peer.candidates,
    relay: path.kind === 'node' && relay ? relayInfo(relay) : undefined,
    idleSeconds,
  };
}

/** The Relay Direction, or undefined for a path whose keys this DS does not have. */
export function relayDirectionFor(
  path: DirectedPath,
  issuerKey: Uint8Array,
  idleSeconds: number,
  suite: Suite,
): Values<'relayDirection'> | undefined {
  const { pathId, kind, ends } = path;
  const derived = derivedKeys(path, suite);
  if (!derived) return undefined;
  const [node] = ends;
  return {
    pathId,
    issuerKey,
    revision: path.revision,
    kind,
    legKey0: derived.legKeys[0],
    legKey1: derived.legKeys[1],
    nodeIds: ends.map((end) => end.nodeId),
    idleSeconds,
    exit:
      kind === 'exit'
        ? {
            psk: derived.psk,
            peerKey: node.publicKey,
            peerIncarnation: node.incarnation,
            peerName: node.name,
            peerDsKey: node.dsKey,
            peerIpv4: node.ipv4,
            peerIpv6: node.ipv6,
            suites: allSuites,
          }
        : undefined,
  };
}
