/**
 * What is wrong, read from a daemon's own status and paths: servers out of reach, refusals, NATs, MTU and
 * dead paths, each with the act that mends it. Part of `diagnose`, so that command line and LuCI show the
 * same; what only the machine can tell (root, TUN, clock) is the caller's to add.
 */

import type { Endpoint } from '../../base/ip.ts';
import { endpointPort } from '../../base/ip.ts';
import type {
  CheckRow,
  NodeStatus,
  PathRow,
  RsStatus,
  ServerReach,
  StatusResult,
} from '../../protocol/control-results.ts';

/** Below this an IPv6 packet does not fit. */
const leastMtu = 1280;

export function statusChecks(status: StatusResult, paths: readonly PathRow[]): CheckRow[] {
  const { daemon, node, ds, rs } = status;
  const checks: CheckRow[] = [];
  if (node) checks.push(...nodeChecks(node, daemon.port, rs !== null));
  if (rs) checks.push(registrationCheck('Relay Server registration', rs, daemon.port));
  if (ds) {
    const left = ds.poolSize - ds.poolUsed;
    checks.push(
      left > 0
        ? ok('Virtual IP pool', `${left} of ${ds.poolSize} addresses are free.`)
        : {
            check: 'Virtual IP pool',
            state: 'fail',
            finding: `All ${ds.poolSize} addresses of ${ds.pool} are given out.`,
            act: 'Enlarge "option pool" in section "ds", or remove nodes with "ntmobile remove".',
          },
    );
    if (ds.relays > 0 && ds.relaysOnline === 0) {
      checks.push({
        check: 'Relay Servers',
        state: 'fail',
        finding: 'No Relay Server is online: nodes behind NATs cannot reach each other.',
        act: 'Start a Relay Server and let UDP through to it.',
      });
    }
    for (const zone of ds.zones) {
      if (zone.reachable !== false || zone.policy === 'deny') continue;
      checks.push({
        check: `Zone ${zone.zone}`,
        state: 'warn',
        finding: 'Its Direction Server does not answer.',
        act: 'Compare "address" and "key" of its section with what its owner says.',
      });
    }
  }
  checks.push(...pathChecks(paths));
  return checks;
}

/** The Relay Server on this very host is none for its node, which the owner need not be warned of. */
function nodeChecks(node: NodeStatus, port: number, isRelayToo: boolean): CheckRow[] {
  const checks: CheckRow[] = [uplinkCheck(node), registrationCheck('Registration', node, port)];
  if (node.state === 'registered')
    checks.push(reachCheck('Direction Server', node.directionServer, port));
  for (const relay of node.relays) {
    checks.push(reachCheck(`Relay Server ${relay.name ?? relay.nodeId}`, relay, port));
  }
  if (node.state === 'registered' && node.relays.length === 0 && !isRelayToo) {
    checks.push({
      check: 'Relay Servers',
      state: 'warn',
      finding: 'The Direction Server names none: peers behind NATs cannot be reached.',
      act: 'Ask its owner to run a Relay Server ("ntmobile invite NAME --relay").',
    });
  }
  checks.push(natCheck(node));
  checks.push(
    node.mtu >= leastMtu
      ? ok('MTU', `${node.device} carries ${node.mtu} bytes.`)
      : {
          check: 'MTU',
          state: 'fail',
          finding: `${node.device} carries ${node.mtu} bytes, too little for IPv6.`,
          act: 'Set "option mtu" in section "node" to 1280 or more.',
        },
  );
  return checks;
}

const networkAct = 'Connect a network; a default route must lead through it.';

function uplinkCheck(node: NodeStatus): CheckRow {
  const used =
    node.uplinks.find((uplink) => uplink.preferred) ?? node.uplinks.find((one) => one.usable);
  if (used) return ok('Uplink', `${used.ip} on ${used.device} leads out.`);
  return {
    check: 'Uplink',
    state: 'fail',
    finding: 'No address of this device has a route to the outside.',
    act: networkAct,
  };
}

function registrationCheck(check: string, role: NodeStatus | RsStatus, port: number): CheckRow {
  if (role.state === 'registered') return ok(check, `Registered as ${role.name}.${role.zone}.`);
  const server = role.directionServer.endpoint ?? 'the Direction Server';
  if (role.state === 'refused') {
    const finding = role.stateText ?? `${server} refuses this device.`;
    return { check, state: 'fail', finding, act: 'Ask its owner for a new invite and join again.' };
  }
  if (role.state === 'no-uplink') {
    const finding = 'There is no network to register over.';
    return { check, state: 'fail', finding, act: networkAct };
  }
  if (role.directionServer.reachable && role.stateText !== null) {
    const act = 'Ask its owner; this device tries again by itself.';
    return { check, state: 'fail', finding: role.stateText, act };
  }
  const act = `${reachAct(role.directionServer, port)} "ds_key" must be the key of that server.`;
  return { check, state: 'fail', finding: `${server} does not answer.`, act };
}

function reachCheck(check: string, server: ServerReach, port: number): CheckRow {
  const where = server.endpoint ?? server.nodeId;
  const since = server.sinceMs === null ? '' : ` for ${spanOf(server.sinceMs)}`;
  if (server.reachable === null) return ok(check, `${where} is not in use yet.`);
  if (server.reachable) return ok(check, `${where} answers${since}.`);
  return {
    check,
    state: 'fail',
    finding: `${where} does not answer${since}.`,
    act: reachAct(server, port),
  };
}

function reachAct(server: ServerReach, port: number): string {
  const target = server.endpoint ? endpointPort(server.endpoint as Endpoint) : port;
  return `Check that it runs, that its address is still right, and that UDP port ${target} is let through.`;
}

function natCheck(node: NodeStatus): CheckRow {
  if (node.nat === 'global')
    return ok('NAT', `None: ${node.observed ?? 'the address'} is its own.`);
  if (node.nat === 'private') {
    const seen = node.observed ?? 'another address';
    return ok(
      'NAT',
      `Behind one, seen as ${seen}. Peers behind NATs are reached through a relay first.`,
    );
  }
  return { check: 'NAT', state: 'warn', finding: 'Not known before the registration.', act: null };
}

function pathChecks(paths: readonly PathRow[]): CheckRow[] {
  const dead = paths.filter((path) => path.state === 'silent');
  return dead.map((path) => ({
    check: `Path to ${path.peerName ?? path.peerId ?? path.pathId}`,
    state: 'warn',
    finding: 'Data is sent and nothing comes back.',
    act: 'See whether the peer is online. "ntmobile close" and "ntmobile connect" build the path anew.',
  }));
}

function ok(check: string, finding: string): CheckRow {
  return { check, state: 'ok', finding, act: null };
}

function spanOf(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
