/**
 * What the web interface judges by the daemon's own rules: invites, option values and a whole
 * configuration. Bundled into the LuCI resource `ntmobile/rules.js`, so that browser, command line and
 * daemon never differ. The sentences are English; the views translate them.
 */
import { toHex } from '../../src/base/bytes.ts';
import { formatProblem, type OptionTable } from '../../src/platform/uci/options.ts';
import {
  defaultPort,
  dsTable,
  exportTable,
  mainTable,
  nodeTable,
  routeTable,
  rsTable,
  zoneTable,
} from '../../src/platform/uci/schema.ts';
import { readSettings } from '../../src/platform/uci/settings.ts';
import { quote } from '../../src/platform/uci/text.ts';
import { decodeInvite, expiryProblem } from '../../src/protocol/invite.ts';

/** A section as LuCI's `uci.sections` gives it. */
type LuciSection = Readonly<Record<string, string | readonly string[] | number | boolean>>;

const tables: Readonly<Record<string, (port: number) => OptionTable>> = {
  ntmobile: () => mainTable,
  ds: dsTable,
  rs: rsTable,
  node: () => nodeTable,
  zone: () => zoneTable,
  export: () => exportTable,
  route: () => routeTable,
};

export { defaultPort };

/** What an invite says, or the sentence about what is wrong with it. */
export function readInvite(text: string, unixSeconds: number) {
  const decoded = decodeInvite(text);
  if (!decoded.ok) return { error: decoded.error };
  const { kind, name, endpoints, expiresAt, publicKey } = decoded.invite;
  return {
    line: text.replace(/\s+/g, '').replace(/^["'<]+|["'>]+$/g, ''),
    kind,
    name,
    endpoints,
    expiresAt,
    publicKey: toHex(publicKey),
    expired: expiryProblem(decoded.invite, unixSeconds),
  };
}

/** The options of a section type, in the order of the daemon's table. */
export function optionsOf(type: string) {
  return Object.entries(tables[type]?.(defaultPort) ?? {}).map(([name, row]) => ({
    name,
    isList: row.isList,
    isRequired: row.absent === undefined,
    help: row.help,
  }));
}

/** Why the daemon would refuse these values, or undefined. */
export function optionProblem(type: string, option: string, values: readonly string[]) {
  const row = tables[type]?.(defaultPort)[option];
  const result = row?.read(values);
  return result && 'error' in result ? result.error : undefined;
}

/** Every problem of a configuration, as the daemon would log it. */
export function configurationProblems(sections: readonly LuciSection[]): readonly string[] {
  const settings = readSettings(sections.map(textOf).join('\n'), '/etc/config/ntmobile');
  return settings.problems.map(formatProblem);
}

function textOf(section: LuciSection): string {
  const name = section['.anonymous'] ? '' : ` ${quote(String(section['.name']))}`;
  const lines = [`config ${section['.type']}${name}`];
  for (const [option, value] of Object.entries(section)) {
    if (option.startsWith('.')) continue;
    if (typeof value !== 'object') lines.push(`\toption ${option} ${quote(String(value))}`);
    else for (const each of value) lines.push(`\tlist ${option} ${quote(each)}`);
  }
  return `${lines.join('\n')}\n`;
}
