/**
 * Generic netlink: the number, version and multicast groups of a family by its name, as the kernel's
 * controller tells them. Asking for a family loads its module where that is allowed.
 */
import { SystemError } from '../tjs/system-error.ts';
import { NetlinkRequests } from './netlink-socket.ts';
import {
  decodeAttributes,
  eachAttribute,
  MessageBuilder,
  nlmsgFlags,
  textOf,
  u16At,
  u32At,
} from './nlmsg.ts';

export const NETLINK_GENERIC = 16;
export const genlHeaderBytes = 4;
const controllerFamily = 16;
const getFamily = 3;
const attribute = { familyId: 1, familyName: 2, version: 3, groups: 7 } as const;
const groupAttribute = { name: 1, id: 2 } as const;

export interface GenlFamily {
  readonly id: number;
  readonly version: number;
  readonly groupByName: ReadonlyMap<string, number>;
}

/** A request to a family; attributes follow. */
export function genlMessage(
  family: number,
  command: number,
  version: number,
  flags: number,
): MessageBuilder {
  return new MessageBuilder(family, flags).fixed([command, version, 0, 0]);
}

/** Undefined when the kernel has no such family. Throws SystemError. */
export function findGenlFamily(name: string): GenlFamily | undefined {
  const requests = new NetlinkRequests(NETLINK_GENERIC);
  try {
    const message = genlMessage(controllerFamily, getFamily, 1, nlmsgFlags.request);
    const answer = requests.get(`look up ${name}`, message.text(attribute.familyName, name));
    const attributes = decodeAttributes(answer.payload, genlHeaderBytes);
    const id = u16At(attributes.get(attribute.familyId), 0);
    if (id === undefined) return undefined;
    const version = u32At(attributes.get(attribute.version), 0) ?? 0;
    return { id, version, groupByName: groupsOf(attributes.get(attribute.groups)) };
  } catch (error) {
    if (error instanceof SystemError && error.is('ENOENT')) return undefined;
    throw error;
  } finally {
    requests.close();
  }
}

function groupsOf(list: Uint8Array | undefined): Map<string, number> {
  const groups = new Map<string, number>();
  for (const [, group] of list ? eachAttribute(list, 0) : []) {
    const attributes = decodeAttributes(group);
    const name = textOf(attributes.get(groupAttribute.name));
    const id = u32At(attributes.get(groupAttribute.id), 0);
    if (name !== undefined && id !== undefined) groups.set(name, id);
  }
  return groups;
}
