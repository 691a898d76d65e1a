/**
 * The kernel module's netlink interface: whether it is there and speaks our version, one request after
 * another, and its notices. What is said by names here is in kmod-ntmobile/ntmobile.yaml.
 */
import { putAttributes, takeAttributes, type Values } from '../netlink/attributes.ts';
import {
  findGenlFamily,
  type GenlFamily,
  genlHeaderBytes,
  genlMessage,
  NETLINK_GENERIC,
} from '../netlink/genl.ts';
import { NetlinkNotifications, NetlinkRequests } from '../netlink/netlink-socket.ts';
import { type NetlinkMessage, nlmsgFlags } from '../netlink/nlmsg.ts';
import { attributeTables, commands, familyName, familyVersion } from '../netlink/ntmobile-table.ts';

export type ModuleCommand = keyof typeof commands;
export type ModuleValues = Values<typeof attributeTables, (typeof attributeTables)['ntmobile']>;
export interface ModuleNotice {
  readonly command: number;
  readonly values: ModuleValues;
}

const { request, ack, dump } = nlmsgFlags;
const noticesGroup = 'notices';

function valuesOf({ payload }: NetlinkMessage): ModuleValues {
  return takeAttributes(attributeTables, 'ntmobile', payload, genlHeaderBytes);
}

export class KernelModule {
  readonly #family: GenlFamily;
  readonly #requests = new NetlinkRequests(NETLINK_GENERIC);

  constructor(family: GenlFamily) {
    this.#family = family;
  }

  #message(command: ModuleCommand, values: ModuleValues, flags: number) {
    const message = genlMessage(this.#family.id, commands[command], familyVersion, flags);
    putAttributes(message, attributeTables, attributeTables.ntmobile, values);
    return message;
  }

  /** Throws NetlinkError with the module's sentence when it refuses. */
  run(command: ModuleCommand, values: ModuleValues): void {
    this.#requests.request(command, this.#message(command, values, request | ack));
  }

  /** Throws NetlinkError. */
  get(command: ModuleCommand, values: ModuleValues): ModuleValues {
    return valuesOf(this.#requests.get(command, this.#message(command, values, request)));
  }

  /** Throws NetlinkError. */
  dump(command: ModuleCommand, values: ModuleValues): ModuleValues[] {
    const make = () => this.#message(command, values, request | dump);
    return this.#requests.dump(command, make).map(valuesOf);
  }

  /** Notices of all devices of this network namespace. Throws SystemError. */
  watch(handlers: {
    readonly notices: (notices: readonly ModuleNotice[]) => void;
    readonly lost: () => void;
    readonly failed: (error: unknown) => void;
  }): NetlinkNotifications {
    const group = this.#family.groupByName.get(noticesGroup) ?? 0;
    const { id } = this.#family;
    return new NetlinkNotifications(
      NETLINK_GENERIC,
      { group },
      {
        ...handlers,
        messages: (messages) =>
          handlers.notices(
            messages
              .filter(({ type, payload }) => type === id && payload.length >= genlHeaderBytes)
              .map((message) => ({
                command: message.payload[0] as number,
                values: valuesOf(message),
              })),
          ),
      },
    );
  }

  close(): void {
    this.#requests.close();
  }
}

export type FoundModule = { readonly module: KernelModule } | { readonly why: string };

/** The module, or the sentence that says why it cannot be used. Throws SystemError. */
export function findKernelModule(): FoundModule {
  const family = findGenlFamily(familyName);
  if (!family) {
    return {
      why: 'The kernel module ntmobile is not loaded and was not found. Install kmod-ntmobile.',
    };
  }
  if (family.version === familyVersion && family.groupByName.has(noticesGroup)) {
    return { module: new KernelModule(family) };
  }
  const age = family.version < familyVersion ? 'older' : 'newer';
  return {
    why:
      `The kernel module ntmobile is ${age} than this daemon (netlink version ${family.version}, ` +
      `not ${familyVersion}). Install the kmod-ntmobile of the same release.`,
  };
}
