/**
 * What `join` and `leave` do beyond the configuration on an OpenWrt router: interface and firewall zone by the
 * package's own script, the service by its init script, and the wait for the first answer of the Direction
 * Server. dnsmasq is the daemon's affair: it hands it the zones as soon as it knows them.
 */

import type { JoinRole } from '../../platform/uci/join.ts';
import type { Settings } from '../../platform/uci/settings.ts';
import { CommandFailure, exitCodes } from './exit-codes.ts';
import type { System } from './system.ts';

const routerScript = '/usr/libexec/ntmobile/router.sh';
const initScript = '/etc/init.d/ntmobile';
const waits = { times: 40, eachMs: 500 } as const;

/** One sentence for each thing done. Throws CommandFailure. */
export async function setUpRouter(system: System): Promise<string[]> {
  const done = await lines(system, [routerScript, 'setup']);
  await lines(system, [initScript, 'enable']);
  await lines(system, [initScript, 'restart']);
  return [...done, 'Started the service, now and at every boot.'];
}

/** After a role has left; what other roles need stays. */
export async function takeDownRouter(
  system: System,
  left: JoinRole,
  settings: Settings,
): Promise<string[]> {
  const { ds, rs, node } = settings;
  const keepsInterface = node !== undefined || rs?.exit === true;
  const done: string[] = [];
  if (ds ?? rs ?? node) {
    await lines(system, [initScript, 'restart']);
    done.push('Started the service again with the roles that stay.');
  } else {
    await lines(system, [initScript, 'stop']);
    await lines(system, [initScript, 'disable']);
    done.push('Stopped the service, also for the next boot.');
  }
  if (left === 'node' && !keepsInterface)
    done.push(...(await lines(system, [routerScript, 'remove'])));
  return done;
}

async function lines(system: System, words: readonly string[]): Promise<string[]> {
  const { code, out, err } = await system.run(words);
  if (code !== 0) {
    const said = (err.trim() || out.trim()).split('\n')[0] ?? '';
    throw new CommandFailure(
      exitCodes.failed,
      `The configuration is written, but "${words.join(' ')}" failed${said && `: ${said}`}. ` +
        'Mend that and run it by hand.',
    );
  }
  return out.split('\n').filter((line) => line !== '');
}

export interface Standing {
  readonly registered: boolean;
  readonly text: string;
}

/** Waits until the Direction Server has answered the role, or for as long as that usually takes. */
export async function awaitRegistration(
  system: System,
  role: JoinRole,
  controlPath: string,
): Promise<Standing> {
  for (let time = 0; time < waits.times; time += 1) {
    const standing = await standingOf(system, role, controlPath);
    if (standing) return standing;
    await system.sleep(waits.eachMs);
  }
  const text = 'The Direction Server has not answered yet. "ntmobile doctor" says what to look at.';
  return { registered: false, text };
}

async function standingOf(
  system: System,
  role: JoinRole,
  controlPath: string,
): Promise<Standing | undefined> {
  try {
    const daemon = await system.connect(controlPath);
    const status = await daemon.call('status').finally(() => daemon.close());
    const own = status[role];
    if (own?.state === 'refused') {
      return { registered: false, text: own.stateText ?? 'The Direction Server refuses.' };
    }
    if (own?.state !== 'registered') return undefined;
    const ips =
      status.node && role === 'node' ? [status.node.virtualIpv4, status.node.virtualIpv6] : [];
    const known = ips.filter((ip) => ip !== null);
    const addresses = known.length > 0 ? ` with ${known.join(' and ')}` : '';
    return { registered: true, text: `Registered as ${own.name}.${own.zone}${addresses}.` };
  } catch {
    // The daemon is still starting.
    return undefined;
  }
}
