/**
 * The virtual interface as OpenWrt's network daemon shows it: when an interface of protocol "ntmobile" is
 * configured, netifd is told its device, addresses, routes and search domain, and again whenever they
 * change or netifd begins anew. The daemon goes on setting addresses itself (netifd calls them external), so
 * that a restart of the network takes none away; routes netifd sets and removes too. An interface that is
 * taken down loses its addresses a moment later; that ends no session and no path.
 */
import { isIpv6, type Prefix, prefixIp, prefixLength } from '../../base/ip.ts';
import type { Json, JsonObject } from '../../protocol/machine.ts';
import type { InterfaceSettings } from '../interface-setup.ts';
import type { Log } from '../log.ts';
import { parseUci, sections } from '../uci/document.ts';
import type { UbusClient } from './client.ts';
import { refused } from './control-object.ts';
import type { UbusAnswer, UbusMethod } from './object.ts';
import { ubusStatus } from './status.ts';

const networkObject = 'network.interface';
const protocol = 'ntmobile';
/** The interface may only be on its way down to come up again, as in a restart of the network. */
const downAfterMs = 3000;

const actions = { update: 0, error: 3 } as const;

export interface NetifdParts {
  /** The daemon's device; undefined when it has none. */
  readonly device: string | undefined;
  readonly log: Log;
  /** The text of /etc/config/network, if there is one. */
  readonly readNetwork: () => string | undefined;
  readonly searchDomain: () => Promise<string | undefined>;
  /** Sets addresses and routes of the device again, which netifd has taken with it, or we. */
  readonly restore: () => void;
  /** Takes addresses and routes from the device: its owner has put it down. */
  readonly withdraw: () => void;
  /** Takes our own routes back where netifd has set them with another metric beside. */
  readonly yieldRoutes: () => void;
}

interface Interface {
  readonly name: string;
  /** Of the firewall. */
  readonly zone: string | undefined;
  readonly metric: number | undefined;
}

export class Netifd {
  readonly #ubus: UbusClient;
  readonly #parts: NetifdParts;
  #interface: Interface | undefined;
  #settings: InterfaceSettings | undefined;
  #withdrawn = false;
  /** netifd has heard of the device that is there now. */
  #told = false;
  /** netifd holds an earlier device of this name for ours, and its routes for set. */
  #isMistaken = false;

  constructor(ubus: UbusClient, parts: NetifdParts) {
    this.#ubus = ubus;
    this.#parts = parts;
    ubus.whenConnected(() => void this.#find());
    ubus.listen('ubus.object.add', (_, { path }) => {
      if (path === networkObject) void this.#find();
    });
  }

  /** What the handler of the protocol calls (openwrt/ntmobile/files/lib/netifd/proto/ntmobile.sh). */
  readonly methods: Readonly<Record<string, UbusMethod>> = {
    interface_up: {
      arguments: { interface: 'string', device: 'string', zone: 'string', metric: 'int32' },
      call: (given) => this.#up(given),
    },
    interface_down: {
      arguments: { interface: 'string' },
      call: (given) => this.#down(given),
    },
  };

  async #up(given: JsonObject): Promise<UbusAnswer> {
    const { interface: name, device, zone, metric } = given;
    if (typeof name !== 'string') {
      return refused(ubusStatus.invalidArgument, '"interface" names an interface of netifd.');
    }
    const own = this.#parts.device;
    if (own === undefined || (typeof device === 'string' && device !== own)) {
      const finding = own === undefined ? 'The daemon has no device' : `The device is ${own}`;
      const error = `${finding}: correct "option device" of the interface "${name}".`;
      this.#parts.log.error(error);
      await this.#notify({ interface: name, action: actions.error, error: ['NTM_DEVICE'] });
      return refused(ubusStatus.unknownError, error);
    }
    this.#interface = {
      name,
      zone: typeof zone === 'string' && zone !== '' ? zone : undefined,
      metric: typeof metric === 'number' ? metric : undefined,
    };
    if (this.#withdrawn) this.#parts.restore();
    this.#withdrawn = false;
    // The handler first has to end.
    setTimeout(() => void this.#update(), 0);
    return { status: ubusStatus.ok };
  }

  async #down({ interface: name }: JsonObject): Promise<UbusAnswer> {
    if (this.#interface?.name === name) {
      this.#interface = undefined;
      setTimeout(() => void this.#judgeDown(), downAfterMs);
    }
    return { status: ubusStatus.ok };
  }

  /** Its owner took it down, then it has no addresses; or the section is gone, then it is ours alone again. */
  async #judgeDown(): Promise<void> {
    const rows = this.#interface ? [] : await this.#rows();
    if (this.#interface) return;
    this.#withdrawn = rows.length > 0;
    if (this.#withdrawn) this.#parts.withdraw();
    else this.#parts.restore();
  }

  async #rows(): Promise<JsonObject[]> {
    const dump = await this.#ubus.call(networkObject, 'dump', {}).catch(() => undefined);
    const rows = Array.isArray(dump?.['interface']) ? (dump['interface'] as Json[]) : [];
    return rows.filter(
      (row): row is JsonObject => (row as JsonObject | null)?.['proto'] === protocol,
    );
  }

  /** One that netifd has put up, or was waiting for us to put up, before we were there. */
  async #find(): Promise<void> {
    if (this.#parts.device === undefined) return;
    const rows = await this.#rows();
    const row = rows.find(({ up, pending }) => up === true || pending === true);
    const name = row?.['interface'];
    if (typeof name !== 'string') {
      this.#withdrawn = rows.length > 0;
      if (this.#withdrawn) this.#parts.withdraw();
      return;
    }
    const section = sections(parseUci(this.#parts.readNetwork() ?? '').document).find(
      (each) => each.type === 'interface' && each.name === name,
    );
    if (row?.['up'] === true && !this.#told) this.#isMistaken = true;
    const option = (key: string): string | undefined => section?.optionByName.get(key)?.values[0];
    const metric = Number(option('metric') ?? Number.NaN);
    const given = {
      interface: name,
      device: option('device') ?? null,
      zone: option('zone') ?? null,
    };
    await this.#up(Number.isInteger(metric) ? { ...given, metric } : given);
  }

  /** The device is set up so now. */
  changed(settings: InterfaceSettings): void {
    this.#settings = settings;
    if (this.#withdrawn) this.#parts.withdraw();
    else void this.#update();
  }

  /** Someone else has deleted the device, and it was made anew. */
  remade(): void {
    this.#isMistaken = true;
    if (this.#withdrawn) this.#parts.withdraw();
    else void this.#update();
  }

  async #update(): Promise<void> {
    const settings = this.#settings;
    const named = this.#interface;
    if (!settings || !named || settings.addresses.length === 0) return;
    if (this.#isMistaken) await this.lost();
    const domain = await this.#parts.searchDomain();
    this.#told = true;
    await this.#notify({
      interface: named.name,
      action: actions.update,
      'link-up': true,
      'address-external': true,
      ifname: this.#parts.device ?? '',
      ipaddr: addresses(settings.addresses, false),
      ip6addr: addresses(settings.addresses, true),
      routes: routes(settings.routes, false, named.metric),
      routes6: routes(settings.routes, true, named.metric),
      ...(domain !== undefined && { dns_search: [domain] }),
      ...(named.zone !== undefined && { data: { zone: named.zone } }),
    });
    if (named.metric !== undefined && this.#interface === named) this.#parts.yieldRoutes();
  }

  /** The device goes, or has gone: netifd takes the interface down until it hears of one. */
  async lost(): Promise<void> {
    const named = this.#interface;
    if (!named) return;
    this.#isMistaken = false;
    await this.#notify({ interface: named.name, action: actions.update, 'link-up': false });
  }

  async #notify(given: JsonObject): Promise<void> {
    await this.#ubus.call(networkObject, 'notify_proto', given).catch((error: unknown) => {
      this.#parts.log.warn(`netifd does not take the interface: ${(error as Error).message}`);
    });
  }
}

function ofFamily(prefixes: readonly Prefix[], ipv6: boolean): Prefix[] {
  return prefixes.filter((each) => isIpv6(prefixIp(each)) === ipv6);
}

function addresses(prefixes: readonly Prefix[], ipv6: boolean): Json[] {
  return ofFamily(prefixes, ipv6).map((each) => ({
    ipaddr: prefixIp(each),
    mask: String(prefixLength(each)),
  }));
}

function routes(prefixes: readonly Prefix[], ipv6: boolean, metric: number | undefined): Json[] {
  return ofFamily(prefixes, ipv6).map((each) => ({
    target: prefixIp(each),
    netmask: String(prefixLength(each)),
    ...(metric !== undefined && { metric }),
  }));
}
