/** The help texts, made from the command table. */
import { defaultControlPath } from '../default-paths.ts';
import {
  type CommandName,
  type CommandRow,
  commandRow,
  commandTable,
  commonOptions,
  groupTitles,
  type OptionRow,
} from './command-table.ts';

export function generalHelp(version: string): string {
  const names = Object.keys(commandTable) as CommandName[];
  const groups = (Object.keys(groupTitles) as CommandRow['group'][]).map((group) => {
    const mine = names.filter((name) => commandRow(name).group === group);
    const rows = mine.map((name) => row(usageOf(name), commandRow(name).summary, 22));
    return `${groupTitles[group]}:\n${rows.join('\n')}`;
  });
  return [
    `ntmobile ${version}: connections that stay alive when devices move`,
    '',
    'Usage: ntmobile COMMAND [ARGUMENTS] [--json] [--control PATH]',
    '',
    groups.join('\n\n'),
    '',
    '"ntmobile COMMAND --help" explains a command; "ntmobile --version" prints the version.',
    `The daemon is spoken to at ${defaultControlPath}.`,
    'Ends with 0 when done, 1 when it failed, 2 when not understood, 69 when the daemon is not',
    'running, 78 when the configuration is wrong.',
  ].join('\n');
}

export function commandHelp(name: CommandName): string {
  const command = commandRow(name);
  const lines = [
    `ntmobile ${name}: ${command.summary}`,
    '',
    `Usage: ntmobile ${usageOf(name)} [OPTIONS]`,
    '',
  ];
  if (command.positionals.length > 0) {
    lines.push(...command.positionals.map((one) => row(one.name, one.help, 20)), '');
  }
  lines.push(
    ...Object.entries({ ...command.options, ...commonOptions }).map(([option, about]) =>
      row(optionUsage(option, about), about.help, 20),
    ),
  );
  if (command.more !== '') lines.push('', command.more);
  return lines.join('\n');
}

function usageOf(name: CommandName): string {
  const words = commandRow(name).positionals.map((one) =>
    one.required ? one.name : `[${one.name}]`,
  );
  return [name, ...words].join(' ');
}

function optionUsage(name: string, about: OptionRow): string {
  return about.value === undefined ? `--${name}` : `--${name} ${about.value}`;
}

function row(left: string, right: string, width: number): string {
  return `  ${left.padEnd(width)}  ${right}`;
}
