/**
 * `npm run bench:kernel`: what a packet costs in the kernel, in instructions, through every kind of
 * tunnel and relay, counted in one guest for each kind of processor. Prints tables and writes
 * out/bench/kernel.json.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv, exit, getuid } from 'node:process';
import { ensureGuestPrograms } from '../../setup/environment.mjs';
import { root } from '../../setup/paths.mjs';
import { ensureGuestTree, run } from '../guest-tree.mjs';
import { measurements, parseWindows, relayRows, tunnelRows } from './figures.mjs';
import { boot, buildBench, processors } from './guest.mjs';
import { functionsOf } from './profile.mjs';
import { targetRows } from './targets.mjs';

const usage = `npm run bench:kernel -- [options]
  --cpu nosimd|simd   one kind of processor (both)
  --only WORD         measurements with WORD in their label alone, such as "ntmobile" or "on,no"
  --module FOLDER     another source of the module, to compare (kmod-ntmobile)
  --functions N       the N dearest functions of every measurement, too (0)
  --help`;
const options = {
  '--cpu': '',
  '--only': '',
  '--module': join(root, 'kmod-ntmobile'),
  '--functions': '0',
};
const say = (text) => console.log(`# ${text}`);

function parse(words) {
  for (let index = 0; index < words.length; index += 2) {
    const name = words[index];
    if (name === '--help' || !(name in options) || words[index + 1] === undefined) {
      console.log(usage);
      exit(name === '--help' ? 0 : 2);
    }
    options[name] = words[index + 1];
  }
}

const out = (name) => join(root, 'out/bench', name);

async function measure(parts, cpu) {
  const begin = Date.now();
  const lines = [];
  const windows = await boot(parts, cpu, options['--only'], (line) => {
    lines.push(line.trim());
    const seconds = Math.round((Date.now() - begin) / 1000);
    console.log(`${cpu} ${String(seconds).padStart(5)} s  ${line.trim()}`);
  });
  writeFileSync(out(`console-${cpu}`), `${lines.join('\n')}\n`);
  if (!lines.includes('# finished')) throw new Error(`the guest (${cpu}) did not finish`);
  const failures = lines.filter((line) => line.startsWith('failed '));
  return { all: measurements(lines, parseWindows(windows)), failures };
}

function printFunctions(all, cpu) {
  const kallsyms = readFileSync(out(`kallsyms-${cpu}`), 'utf8');
  for (const each of all) {
    console.log(`\n${each.label} ${each.kind} ${each.size} ${cpu}`);
    for (const { name, perUnit } of functionsOf(each, kallsyms).slice(0, options['--functions'])) {
      console.log(`  ${perUnit.toFixed(each.kind === 'tcp' ? 4 : 1).padStart(10)}  ${name}`);
    }
  }
}

function table(rows) {
  const names = Object.keys(rows[0] ?? {});
  const cells = rows.map((row) => names.map((name) => String(row[name] ?? '-')));
  const rule = names.map(() => '---');
  return [names, rule, ...cells].map((each) => `| ${each.join(' | ')} |`).join('\n');
}

async function main() {
  parse(argv.slice(2));
  if (getuid() !== 0) throw new Error('this builds in a chroot: run it as root');
  await ensureGuestPrograms(say);
  const kernel = ensureGuestTree(say);
  mkdirSync(join(root, 'out/bench'), { recursive: true });
  say(`module and programs for ${kernel}`);
  const parts = { kernel, ...buildBench(kernel, options['--module']) };
  const report = { rows: [], relay: [], failures: [] };
  for (const cpu of Object.keys(processors).filter((each) =>
    ['', each].includes(options['--cpu']),
  )) {
    const { all, failures } = await measure(parts, cpu);
    report.rows.push(...tunnelRows(all, cpu));
    report.relay.push(...relayRows(all, cpu));
    report.failures.push(...failures);
    if (Number(options['--functions']) > 0) printFunctions(all, cpu);
  }
  const environment = {
    kernel,
    qemu: run('qemu-system-x86_64', ['--version']).split('\n')[0],
    unit: 'instructions of the guest, counted',
    processors,
    only: options['--only'] || null,
  };
  const json = { rows: report.rows, relay: report.relay, environment };
  writeFileSync(out('kernel.json'), `${JSON.stringify(json, null, 2)}\n`);
  const targets = targetRows(report.rows, report.relay);
  console.log(`\n${table(report.rows)}\n\n${table(report.relay)}\n\n${table(targets)}`);
  for (const failure of report.failures) console.error(failure);
  return report.failures.length === 0 ? 0 : 1;
}

try {
  exit(await main());
} catch (error) {
  console.error(error.message);
  exit(1);
}
