/**
 * The sections "export" and "route" of a node: what of its LAN peers may reach, and through which peer it
 * reaches theirs. A section with a mistake is told and left out; the node runs without it.
 */
import { isIpv6, type Prefix, prefixIp, prefixLength } from '../../base/ip.ts';
import type { UciSection } from './document.ts';
import { type Findings, readSection, type Values } from './options.ts';
import { exportTable, routeTable } from './schema.ts';

export type ExportSettings = Values<typeof exportTable>;
export type RouteSettings = Values<typeof routeTable>;

export interface LanSettings {
  readonly exports: readonly ExportSettings[];
  readonly routes: readonly RouteSettings[];
}

const most = 32;

/** `labelOf` names a section as `uci show` does. */
export function readLan(
  all: readonly UciSection[],
  labelOf: (section: UciSection) => string,
  findings: Findings,
): LanSettings {
  const of = (type: string): UciSection[] => {
    const found = all.filter((section) => section.type === type);
    const first = found[most];
    if (first) {
      const text = `There are ${found.length} sections of type "${type}"; ${most} are allowed.`;
      findings.problems.push({ section: labelOf(first), option: undefined, text });
    }
    return found.slice(0, most);
  };
  const exports = of('export').flatMap((section) => {
    const values = readSection(exportTable, section, labelOf(section), findings);
    const wrong = values && exportProblem(values);
    if (wrong) findings.problems.push({ section: labelOf(section), ...wrong });
    return values && !wrong ? [values] : [];
  });
  const routes = of('route').flatMap(
    (section) => readSection(routeTable, section, labelOf(section), findings) ?? [],
  );
  return { exports, routes };
}

function exportProblem(
  values: ExportSettings,
): { readonly option: string; readonly text: string } | undefined {
  const { host, prefix, seen_as: seenAs, port, host_port: hostPort } = values;
  if (host === undefined && prefix === undefined) {
    return { option: 'host', text: 'is missing: give a host, or "prefix" for many.' };
  }
  if (host !== undefined && prefix !== undefined) {
    return { option: 'prefix', text: 'does not go with "host". Make a second section.' };
  }
  if (seenAs !== undefined && prefix === undefined) {
    return {
      option: 'seen_as',
      text: 'goes with "prefix"; a single host is one with /32 or /128.',
    };
  }
  if (seenAs !== undefined && prefix !== undefined && !isAsLarge(seenAs, prefix)) {
    const text = `"${seenAs}" must be an IPv${familyOf(values)} prefix of length ${prefixLength(prefix)}, as "prefix" is.`;
    return { option: 'seen_as', text };
  }
  const isPort = port !== undefined || hostPort !== undefined || values.proto.length > 0;
  if (prefix !== undefined && isPort) {
    const text = 'is for a host. Hosts of a prefix are reached at their own ports.';
    return { option: port === undefined ? 'proto' : 'port', text };
  }
  if (hostPort !== undefined && port === undefined) {
    return { option: 'port', text: 'is missing: "host_port" says only where it leads.' };
  }
  return undefined;
}

function isAsLarge(one: Prefix, other: Prefix): boolean {
  const isSameFamily = isIpv6(prefixIp(one)) === isIpv6(prefixIp(other));
  return isSameFamily && prefixLength(one) === prefixLength(other);
}

/** Of the addresses that it exports. */
export function familyOf(settings: ExportSettings): 4 | 6 {
  const ip = settings.host ?? prefixIp(settings.prefix as NonNullable<typeof settings.prefix>);
  return isIpv6(ip) ? 6 : 4;
}
