/**
 * Who may register (protocol.md 2, 4): enrolled keys, keys of roles in the same daemon, and whoever brings an
 * invite that is not spent. Registration changes nothing here before the session is confirmed, except that an
 * invite is spent, which is bound to the key that proved itself.
 */
import type { NodeId } from '../../wire/ids.ts';
import type { Values } from '../../wire/messages.ts';
import type { RefusalName } from '../../wire/refusals.ts';
import type { DsConfig } from './config.ts';
import type { Directory, NodeRecord } from './directory.ts';

export function admit(
  directory: Directory,
  config: DsConfig,
  nodeId: NodeId,
  publicKey: Uint8Array,
  request: Values<'registrationRequest'>,
): NodeRecord | RefusalName {
  const known = directory.get(nodeId);
  if (known) return known.role === request.role ? known : 'notAllowed';
  const local = localName(config, nodeId, request);
  if (local !== undefined) {
    return directory.enrol(nodeId, publicKey, request.role, freeName(directory, local));
  }
  const refused = directory.wasRemoved(nodeId) ? 'removed' : 'notEnrolled';
  if (!request.token) return refused;
  const spent = directory.spend(request.token, nodeId, publicKey, request.role, request.wantedName);
  // A removed node still shows the invite of its first time, which is gone with it.
  return spent === 'inviteUnknown' && refused === 'removed' ? refused : spent;
}

function localName(
  config: DsConfig,
  nodeId: NodeId,
  request: Values<'registrationRequest'>,
): string | undefined {
  if (request.role === 'relay') {
    return config.localRelays.includes(nodeId) ? request.wantedName || 'relay' : undefined;
  }
  return config.localNodes.find((each) => each.nodeId === nodeId)?.name;
}

/** The name itself, or with the first number behind it that makes it free. */
function freeName(directory: Directory, name: string): string {
  if (!directory.byName(name)) return name;
  for (let number = 2; number < 1000; number += 1) {
    if (!directory.byName(`${name}-${number}`)) return `${name}-${number}`;
  }
  return name;
}
