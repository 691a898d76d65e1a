/**
 * The configuration of the daemon, /etc/config/ntmobile: its sections as tables, what must fit between
 * them, and the settings of each enabled role. Every problem is told at once; a role without a problem of
 * its own can start although another cannot. A section that is not enabled is not judged.
 */

import type { Endpoint } from '../../base/ip.ts';
import { nearest } from '../../base/nearest.ts';
import type { DataSuite } from '../../datapath/commands.ts';
import type { Invite } from '../../protocol/invite.ts';
import { parseUci, sections, type UciSection } from './document.ts';
import { type LanSettings, readLan } from './lan-settings.ts';
import { boolean } from './option-types.ts';
import { type ConfigProblem, type Findings, readSection, type Values } from './options.ts';
import { defaultPort, dsTable, mainTable, nodeTable, rsTable, zoneTable } from './schema.ts';

/** Where a role finds its Direction Server. */
export type DirectionServerSource =
  | {
      readonly from: 'config';
      readonly endpoints: readonly Endpoint[];
      readonly publicKey: Uint8Array;
    }
  | { readonly from: 'invite'; readonly invite: Invite }
  /** The one in this daemon. */
  | { readonly from: 'local' };

export type DsSettings = Values<ReturnType<typeof dsTable>> & {
  readonly zones: readonly Values<typeof zoneTable>[];
};
export type RsSettings = Values<ReturnType<typeof rsTable>> & {
  readonly ds: DirectionServerSource;
};
export type NodeSettings = Values<typeof nodeTable> &
  LanSettings & { readonly ds: DirectionServerSource };

export interface Settings {
  /** Undefined when the daemon is a node alone and draws one. */
  readonly port: number | undefined;
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug';
  readonly dataPath: 'auto' | 'kernel' | 'user';
  /** That the owner allows. */
  readonly suites: readonly DataSuite[];
  /** Absent when not enabled or not valid. */
  readonly ds: DsSettings | undefined;
  readonly rs: RsSettings | undefined;
  readonly node: NodeSettings | undefined;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

const sectionTypes = ['ntmobile', 'ds', 'rs', 'node', 'zone', 'export', 'route'] as const;

/** `fileName` names problems of the file's syntax. Never throws. */
export function readSettings(text: string, fileName: string): Settings {
  const { document, problems: syntax } = parseUci(text);
  const findings: Findings = {
    problems: syntax.map(({ line, text: sentence }) => ({
      section: `${fileName}, line ${line}`,
      option: undefined,
      text: sentence,
    })),
    warnings: [],
  };
  const all = sections(document);
  checkSectionTypes(all, findings);
  const main = oneSection(all, 'ntmobile', findings);
  const mainValues = main && readSection(mainTable, main, label(main, all), findings);
  const port = mainValues?.port ?? defaultPort;
  const { section: dsSection, ds } = readDs(all, port, findings);
  const rs = readRole(all, 'rs', rsTable(port), dsSection !== undefined, findings);
  const node = readRole(all, 'node', nodeTable, dsSection !== undefined, findings);
  const anyEnabled = dsSection ?? rs.section ?? node.section;
  if (!anyEnabled && findings.problems.length === 0) {
    findings.problems.push({ section: fileName, option: undefined, text: nothingEnabled });
  }
  if (node.values && rs.values?.exit && node.values.device === rs.values.device) {
    const found = `"${rs.values.device}" is the device of the node too. Give each its own.`;
    findings.problems.push({ section: label(rs.section, all), option: 'device', text: found });
  }
  const isServer = (dsSection ?? rs.section) !== undefined;
  return {
    port: mainValues?.port ?? (isServer ? defaultPort : undefined),
    logLevel: mainValues?.log_level ?? 'info',
    dataPath: mainValues?.datapath ?? 'auto',
    suites: ['chacha20-poly1305', ...(mainValues?.suite ?? [])],
    ds,
    rs: rs.values,
    node: node.values && {
      ...node.values,
      ...readLan(all, (section) => label(section, all), findings),
    },
    ...findings,
  };
}

const nothingEnabled =
  'No role is enabled. Join a network with "ntmobile join INVITE", or set "option enabled 1" in a ' +
  'section "ds" to start one.';

function checkSectionTypes(all: readonly UciSection[], findings: Findings): void {
  for (const section of all) {
    if ((sectionTypes as readonly string[]).includes(section.type)) continue;
    const meant = nearest(section.type, sectionTypes);
    findings.warnings.push({
      section: label(section, all),
      option: undefined,
      text: `Sections of type "${section.type}" are not known.${meant ? ` Did you mean "${meant}"?` : ''}`,
    });
  }
}

/** As `uci show` calls it. */
function label(section: UciSection | undefined, all: readonly UciSection[]): string {
  if (!section) return '';
  if (section.name !== undefined) return section.name;
  const index = all.filter(({ type }) => type === section.type).indexOf(section);
  return `@${section.type}[${index}]`;
}

function oneSection(
  all: readonly UciSection[],
  type: string,
  findings: Findings,
): UciSection | undefined {
  const [first, second] = all.filter((section) => section.type === type);
  if (second) {
    const text = `There is a second section of type "${type}". Keep one.`;
    findings.problems.push({ section: label(second, all), option: undefined, text });
  }
  return first;
}

/** The section of a role if it is enabled; a wrong `enabled` is a problem, and counts as enabled. */
function enabledSection(
  all: readonly UciSection[],
  type: string,
  findings: Findings,
): UciSection | undefined {
  const section = oneSection(all, type, findings);
  const value = section?.optionByName.get('enabled')?.values[0];
  if (value === undefined) return undefined;
  const result = boolean(value);
  return 'error' in result || result.value ? section : undefined;
}

function readDs(
  all: readonly UciSection[],
  port: number,
  findings: Findings,
): { section: UciSection | undefined; ds: DsSettings | undefined } {
  const section = enabledSection(all, 'ds', findings);
  if (!section) return { section, ds: undefined };
  const values = readSection(dsTable(port), section, label(section, all), findings);
  const before = findings.problems.length;
  const zones: Values<typeof zoneTable>[] = [];
  for (const candidate of all.filter(({ type }) => type === 'zone')) {
    const name = label(candidate, all);
    const zone = readSection(zoneTable, candidate, name, findings);
    if (!zone) continue;
    if (zone.zone === values?.zone || zones.some((other) => other.zone === zone.zone)) {
      const text = `"${zone.zone}" is taken by this server or by another section.`;
      findings.problems.push({ section: name, option: 'zone', text });
    }
    zones.push(zone);
  }
  const ok = values && findings.problems.length === before;
  return { section, ds: ok ? { ...values, zones } : undefined };
}

type RoleValues = {
  readonly ds_address: readonly Endpoint[];
  readonly ds_key: Uint8Array | undefined;
  readonly invite: Invite | undefined;
};

function readRole<Table extends Parameters<typeof readSection>[0]>(
  all: readonly UciSection[],
  role: 'node' | 'rs',
  table: Table,
  hasLocalDs: boolean,
  findings: Findings,
): {
  section: UciSection | undefined;
  values: (Values<Table> & { ds: DirectionServerSource }) | undefined;
} {
  const section = enabledSection(all, role, findings);
  if (!section) return { section, values: undefined };
  const name = label(section, all);
  const values = readSection(table, section, name, findings);
  if (!values) return { section, values: undefined };
  const ds = directionServer(values as unknown as RoleValues, role, hasLocalDs);
  if (!('error' in ds)) return { section, values: { ...values, ds } };
  findings.problems.push({ section: name, option: ds.option, text: ds.error });
  return { section, values: undefined };
}

function directionServer(
  values: RoleValues,
  role: 'node' | 'rs',
  hasLocalDs: boolean,
): DirectionServerSource | { readonly error: string; readonly option: string } {
  const { ds_address: endpoints, ds_key: key, invite } = values;
  if (invite) {
    if (invite.kind === (role === 'node' ? 'node' : 'relay')) return { from: 'invite', invite };
    const [is, wanted] =
      role === 'node' ? ['a Relay Server', 'a node'] : ['a node', 'a Relay Server'];
    return { option: 'invite', error: `This invite is for ${is}. Ask for one for ${wanted}.` };
  }
  if (endpoints.length > 0 && key) return { from: 'config', endpoints, publicKey: key };
  if (endpoints.length > 0) {
    return { option: 'ds_key', error: 'is missing: "ds_address" alone does not prove the server.' };
  }
  if (key) {
    return { option: 'ds_address', error: 'is missing: give the address of the Direction Server.' };
  }
  if (hasLocalDs) return { from: 'local' };
  return {
    option: 'invite',
    error:
      'No Direction Server is known. Ask its owner for an invite and run "ntmobile join INVITE".',
  };
}
