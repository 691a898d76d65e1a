/**
 * What lying servers say: a Direction Server that swaps keys, sides and virtual IPs, gives wrong Common
 * Keys or names a bystander as everybody's candidate; a Relay Server that drops, turns back, spoils or
 * misdirects what it relays. None of it may let anybody read, forge or be flooded (protocol.md 11.3).
 */
import type { Endpoint, Ip, Prefix } from '../../../src/base/ip.ts';
import { type MessageName, messages, type Values } from '../../../src/wire/messages.ts';
import type { Dice } from '../dice.ts';
import type { Host } from '../hosts/host.ts';
import type { Lie } from './lying-suite.ts';

export const dsLies = ['key', 'candidates', 'virtual-ip', 'roles', 'common-key', 'pools'] as const;
export type DsLie = (typeof dsLies)[number];

export interface LieSetting {
  readonly lie: DsLie;
  /** Share of the messages that lie. */
  readonly share: number;
  readonly dice: Dice;
  /** A bystander. */
  readonly victim: Endpoint;
  /** A virtual IP that belongs to somebody else. */
  readonly stolenIp: Ip;
}

type RouteDirection = Values<'routeDirection'>;

function lieInRouteDirection(setting: LieSetting, values: RouteDirection): RouteDirection {
  const { dice, victim, stolenIp } = setting;
  switch (setting.lie) {
    case 'key':
      return { ...values, peerKey: dice.random.bytes(32) };
    case 'candidates':
      return {
        ...values,
        route: 'direct',
        peerCandidates: [{ kind: 'observed', endpoint: victim }],
      };
    case 'virtual-ip':
      return { ...values, peerIpv4: stolenIp };
    case 'roles':
      return { ...values, side: 1 - values.side, initiator: !values.initiator };
    case 'common-key':
      return {
        ...values,
        keys: values.keys && { legKey: dice.random.bytes(32), psk: dice.random.bytes(32) },
      };
    case 'pools':
      return values;
  }
}

export function lieOfDs(setting: LieSetting): Lie {
  return <Name extends MessageName>(name: Name, values: Values<Name>): Values<Name> => {
    if (!setting.dice.chance(setting.share)) return values;
    if (name === 'routeDirection') {
      return lieInRouteDirection(setting, values as RouteDirection) as Values<Name>;
    }
    if (name === 'registrationResponse' && setting.lie === 'pools') {
      return { ...values, pools: ['0.0.0.0/0' as Prefix, '::/0' as Prefix] } as Values<Name>;
    }
    return values;
  };
}

const dataType = messages.capsulatedPacket.code;

/** Makes the process of a Relay Server treat `share` of the Capsulated Packets as it likes. */
export function lieAsRelay(host: Host, dice: Dice, share: number, victim: Endpoint): void {
  const sources: Endpoint[] = [];
  host.alterTransmission = (to, bytes) => {
    if (to !== victim && !sources.includes(to)) sources.push(to);
    const honest = { source: to, destination: to, bytes };
    if (bytes[0] !== dataType || !dice.chance(share)) return honest;
    switch (dice.below(4)) {
      case 0:
        return undefined;
      case 1:
        return sources.length > 0 ? { ...honest, destination: dice.pick(sources) } : honest;
      case 2: {
        const spoiled = bytes.slice();
        const at = dice.below(spoiled.length);
        spoiled[at] = (spoiled[at] as number) ^ (1 << dice.below(8));
        return { ...honest, bytes: spoiled };
      }
      default:
        return victim === to
          ? honest
          : { ...honest, bytes: bytes.slice(0, dice.below(bytes.length)) };
    }
  };
}
