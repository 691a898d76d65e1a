/**
 * What happens before the daemon runs: the configuration is read and judged, invites in it are made into
 * tokens, keys and stores are opened, and each enabled role is born.
 */
import { fromUtf8, toHex, utf8 } from '../../base/bytes.ts';
import type { Random } from '../../base/random.ts';
import { nodeIdOf } from '../../noise/keys.ts';
import type { KeyPair, Suite } from '../../noise/suite.ts';
import { nextBootCount } from '../../platform/boot-count.ts';
import type { NameSettings } from '../../platform/dns/names.ts';
import type { HostedRole } from '../../platform/driver-ports.ts';
import {
  makeDirectory,
  readFile,
  removeFileDurably,
  writeFileDurably,
} from '../../platform/files.ts';
import { loadOrMakeKey } from '../../platform/key-file.ts';
import { drawPort, formatPort, parsePort, portPath } from '../../platform/port-file.ts';
import { FileStore } from '../../platform/store/file-store.ts';
import type { Store } from '../../platform/store/store.ts';
import { ProblemToMend } from '../../platform/tjs/system-error.ts';
import { formatToken, parseToken, type TokenRole, tokenPath } from '../../platform/token-file.ts';
import { absorbInvites } from '../../platform/uci/join.ts';
import { nameSettings, type RoleConfigs, roleConfigs } from '../../platform/uci/role-configs.ts';
import { readSettings, type Settings } from '../../platform/uci/settings.ts';
import type { Environment, JsonObject } from '../../protocol/machine.ts';
import { NodeRole } from '../../roles/node/node-role.ts';
import type { Incarnation } from '../../wire/ids.ts';
import { version } from '../version.ts';
import type { DaemonArguments } from './arguments.ts';

/** Throws ProblemToMend when there is no such file, SystemError when it cannot be read. */
export function loadSettings(given: DaemonArguments, absorb: boolean): Settings {
  const content = readFile(given.config);
  const text = content && fromUtf8(content);
  if (text === undefined) {
    throw new ProblemToMend(
      content
        ? `${given.config} is not UTF-8 text.`
        : `There is no ${given.config}. Join a network with "ntmobile join INVITE", or write a ` +
            'section "ds" into it to start one.',
    );
  }
  if (!absorb) return readSettings(text, given.config);
  const absorbed = absorbInvites(text);
  for (const { role, token } of absorbed.invites) {
    writeFileDurably(tokenPath(given.state, role), utf8(formatToken(token)));
  }
  if (absorbed.invites.length > 0) writeFileDurably(given.config, utf8(absorbed.text));
  return readSettings(absorbed.text, given.config);
}

export function openState(given: DaemonArguments): void {
  makeDirectory(given.state);
}

function loadToken(given: DaemonArguments, role: TokenRole): Uint8Array | undefined {
  const content = readFile(tokenPath(given.state, role));
  return content && parseToken(fromUtf8(content) ?? '');
}

/** A store that removes the token of an invite once its role is enrolled. */
class EnrolledStore extends FileStore {
  readonly #tokenPath: string;

  constructor(path: string, enrolledTokenPath: string) {
    super(path);
    this.#tokenPath = enrolledTokenPath;
  }

  override set(name: string, value: JsonObject | undefined): void {
    super.set(name, value);
    if (name.endsWith('/registration') && value) removeFileDurably(this.#tokenPath);
  }
}

/** The UDP port that the settings name, or the one that was drawn before, or now. Throws SystemError. */
export function choosePort(given: DaemonArguments, settings: Settings, random: Random): number {
  if (settings.port !== undefined) return settings.port;
  const path = portPath(given.state);
  const content = readFile(path);
  const known = content && parsePort(fromUtf8(content) ?? '');
  if (known !== undefined) return known;
  const drawn = drawPort(random);
  writeFileDurably(path, utf8(formatPort(drawn)));
  return drawn;
}

export interface Prepared {
  readonly roles: readonly HostedRole[];
  readonly configs: RoleConfigs;
}

interface RoleParts {
  readonly keys: KeyPair;
  readonly store: Store;
}

/** Makes the roles that are enabled and valid. Throws ProblemToMend or SystemError. */
export async function prepareRoles(
  given: DaemonArguments,
  settings: Settings,
  port: number,
  suite: Suite,
  random: Random,
): Promise<Prepared> {
  const key = (role: string): KeyPair => loadOrMakeKey(`${given.state}/${role}.key`, suite, random);
  const servers = (settings.ds ?? settings.rs) && (await import('./servers.ts'));
  const ds = settings.ds && servers && { store: await servers.openDsStore(given), keys: key('ds') };
  const rs = settings.rs && {
    keys: key('rs'),
    store: new EnrolledStore(`${given.state}/rs.json`, tokenPath(given.state, 'rs')),
  };
  const node = settings.node && {
    keys: key('node'),
    store: new EnrolledStore(`${given.state}/node.json`, tokenPath(given.state, 'node')),
  };
  const configs = roleConfigs(settings, {
    dsPublicKey: ds?.keys.publicKey,
    nodeId: node && nodeIdOf(suite, node.keys.publicKey),
    rsId: rs && nodeIdOf(suite, rs.keys.publicKey),
    nodeToken: loadToken(given, 'node'),
    rsToken: loadToken(given, 'rs'),
    port,
    hostName: fromUtf8(readFile('/proc/sys/kernel/hostname') ?? new Uint8Array(0))?.trim() ?? '',
  });
  const bootCount = nextBootCount(`${given.state}/boots`);
  const environment = (parts: RoleParts): Environment => ({
    suite,
    random,
    keys: parts.keys,
    incarnation: toHex(random.bytes(8)) as Incarnation,
    bootCount,
    software: `ntmobile ${version}`,
    stored: parts.store.load(),
  });
  const roles: HostedRole[] = [];
  if (servers && ds && configs.ds) {
    roles.push(servers.makeDs(environment(ds), configs.ds, ds.store));
  }
  if (node && configs.node) {
    const machine = new NodeRole(environment(node), configs.node);
    roles.push({ name: 'node', machine, store: node.store, requiresStore: false });
  }
  if (servers && rs && configs.rs) {
    roles.push(servers.makeRs(environment(rs), configs.rs, rs.store));
  }
  return { roles, configs };
}

/** Where names are answered and asked. Throws ProblemToMend when the key for updates cannot be used. */
export async function prepareNames(settings: Settings): Promise<NameSettings> {
  const servers = settings.ds && (await import('./servers.ts'));
  return { ...nameSettings(settings), updates: servers?.dsUpdates(settings) };
}
