/**
 * What only servers need: their machines, and a Direction Server's database and the updates of the operator's
 * name server. The build keeps this apart from the daemon, so that a router that is only a node never loads it.
 */
import { loadUpdateKey, SignedUpdates } from '../../platform/dns/signed-updates.ts';
import type { HostedRole } from '../../platform/driver-ports.ts';
import { completeRestore } from '../../platform/store/directory-backup.ts';
import { openSqliteStore } from '../../platform/store/sqlite-store.ts';
import type { Store } from '../../platform/store/store.ts';
import { loadHmacSha256 } from '../../platform/tjs/hmac.ts';
import { ProblemToMend } from '../../platform/tjs/system-error.ts';
import type { Settings } from '../../platform/uci/settings.ts';
import type { Environment } from '../../protocol/machine.ts';
import type { DsConfig } from '../../roles/ds/config.ts';
import { DsRole } from '../../roles/ds/ds-role.ts';
import type { RsConfig } from '../../roles/rs/config.ts';
import { RsRole } from '../../roles/rs/rs-role.ts';
import type { DaemonArguments } from './arguments.ts';

/**
 * Puts a restore that was prepared into effect, so this comes before the key is read. Throws ProblemToMend
 * when the database is of a later version, SystemError when it cannot be opened.
 */
export async function openDsStore(given: DaemonArguments): Promise<Store> {
  await completeRestore(given.state);
  return openSqliteStore(
    `${given.state}/ds.sqlite`,
    `${given.control.replace(/\.sock$/, '')}.seen.sqlite`,
  );
}

export function makeDs(environment: Environment, config: DsConfig, store: Store): HostedRole {
  const machine = new DsRole(environment, config);
  return { name: 'ds', machine, store, requiresStore: true };
}

export function makeRs(environment: Environment, config: RsConfig, store: Store): HostedRole {
  const machine = new RsRole(environment, config);
  return { name: 'rs', machine, store, requiresStore: false };
}

/** Throws ProblemToMend when the key for updates cannot be used. */
export function dsUpdates({ ds }: Settings): SignedUpdates | undefined {
  if (!ds?.update_server) return undefined;
  if (ds.update_key_file === undefined) {
    throw new ProblemToMend('ds.update_key_file: is missing: name the file with the TSIG key.');
  }
  const key = loadUpdateKey(ds.update_key_file, ds.update_key_name);
  return new SignedUpdates(key, loadHmacSha256());
}
