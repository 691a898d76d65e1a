/**
 * One path as its issuing Direction Server knows it (paper sections 3.3, 3.4), and the messages made from it:
 * Route Directions for the two ends, Relay Direction for the Relay Server. Soft state; after a restart of the
 * DS, live paths are told by the nodes and have no keys here.
 */
import type { Writer } from '../../base/bytes.ts';
import { legKey, pathPsk } from '../../noise/keys.ts';
import type { Suite } from '../../noise/suite.ts';
import { tableRoute } from '../../protocol/path-choice.ts';
import type { PathPeer } from '../../protocol/path-peer.ts';
import { allSuites } from '../../protocol/suites.ts';
import { encodeFields } from '../../wire/codec.ts';
import type { NodeId, PathId } from '../../wire/ids.ts';
import { KeptFields, type SelfWriting } from '../../wire/kept-fields.ts';
import type { Values } from '../../wire/messages.ts';

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
  /** Of both sides, made when they are first told. */
  readonly directions: [RouteDirection | undefined, RouteDirection | undefined];
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

/** What a Direction Server says of itself in every direction. */
export interface Issuer {
  readonly publicKey: Uint8Array;
  readonly idleSeconds: number;
  readonly suite: Suite;
}

type Direction = Values<'routeDirection'>;

/** All that a move, another Relay Server or another Direction Server's notice can change. */
const directionFields = new KeptFields('routeDirection', [
  'revision',
  'route',
  'peerIncarnation',
  'peerNat',
  'peerCandidates',
  'relay',
]);

/**
 * The Route Direction for the end of one side. It says what is true of the path when it is written, also when it
 * is repeated; what no move can change is kept as it stands on the wire once the path has changed.
 */
export class RouteDirection implements Direction, SelfWriting {
  readonly #path: DirectedPath;
  readonly #issuer: Issuer;
  readonly #own: PathEnd;
  readonly #peer: PathEnd;
  #kept: Uint8Array | undefined;
  readonly side: 0 | 1;
  relay: Direction['relay'];

  constructor(path: DirectedPath, side: 0 | 1, issuer: Issuer) {
    this.#path = path;
    this.#issuer = issuer;
    this.#own = path.ends[side];
    this.#peer = path.ends[side === 0 ? 1 : 0];
    this.side = side;
  }

  writeFields(writer: Writer): void {
    if (this.revision === 1) return encodeFields(writer, 'routeDirection', this);
    this.#kept ??= directionFields.keep(this);
    directionFields.write(writer, this.#kept, this);
  }

  get targetId() {
    return this.#own.nodeId;
  }

  get pathId() {
    return this.#path.pathId;
  }

  get issuerKey() {
    return this.#issuer.publicKey;
  }

  get revision() {
    return this.#path.revision;
  }

  get kind() {
    return this.#path.kind;
  }

  get initiator() {
    return this.#path.initiator === this.side;
  }

  get route() {
    return tableRoute(this.#own.nat, this.#peer.nat);
  }

  get suites() {
    return allSuites;
  }

  get keys() {
    const derived = derivedKeys(this.#path, this.#issuer.suite);
    return derived && { legKey: derived.legKeys[this.side], psk: derived.psk };
  }

  get peerId() {
    return this.#peer.nodeId;
  }

  get peerKey() {
    return this.#peer.publicKey;
  }

  get peerIncarnation() {
    return this.#peer.incarnation;
  }

  get peerName() {
    return this.#peer.name;
  }

  get peerDsKey() {
    return this.#peer.dsKey;
  }

  get peerIpv4() {
    return this.#peer.ipv4;
  }

  get peerIpv6() {
    return this.#peer.ipv6;
  }

  get peerNat() {
    return this.#peer.nat;
  }

  get peerCandidates() {
    return this.#peer.candidates;
  }

  get idleSeconds() {
    return this.#issuer.idleSeconds;
  }
}

/** The Relay Direction, or undefined for a path whose keys this DS does not have. */
export function relayDirectionFor(
  path: DirectedPath,
  issuer: Issuer,
): Values<'relayDirection'> | undefined {
  const { pathId, kind, ends } = path;
  const derived = derivedKeys(path, issuer.suite);
  if (!derived) return undefined;
  const [node] = ends;
  return {
    pathId,
    issuerKey: issuer.publicKey,
    revision: path.revision,
    kind,
    legKey0: derived.legKeys[0],
    legKey1: derived.legKeys[1],
    nodeIds: ends.map((end) => end.nodeId),
    // The path to an exit stays as long as the node.
    idleSeconds: kind === 'exit' ? 0 : issuer.idleSeconds,
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
