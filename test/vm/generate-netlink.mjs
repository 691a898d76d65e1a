/**
 * Generates from kmod-ntmobile/ntmobile.yaml, the source of truth of the netlink interface: the uapi
 * header, the kernel's attribute policies and operation table, and the TypeScript tables. Without
 * arguments it writes them; with `--check` it writes nothing and fails when a file differs.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { argv, exit } from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseYamlSubset } from './yaml-subset.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const specFile = 'kmod-ntmobile/ntmobile.yaml';
const notice =
  'Generated from kmod-ntmobile/ntmobile.yaml by test/vm/generate-netlink.mjs: do not edit.';
const uapiLicense = '((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)';

const policyTypes = {
  u8: 'NLA_U8',
  u16: 'NLA_U16',
  u32: 'NLA_U32',
  u64: 'NLA_U64',
  flag: 'NLA_FLAG',
};

const screaming = (name) => name.toUpperCase().replaceAll('-', '_');
const snake = (name) => name.replaceAll('-', '_');
const camel = (name) => name.replace(/-([a-z0-9])/g, (_, letter) => letter.toUpperCase());

/** The files, by path from the project's root, as the spec wants them. */
export function generate() {
  const spec = parseYamlSubset(readFileSync(join(root, specFile), 'utf8'));
  return {
    'kmod-ntmobile/uapi/linux/ntmobile.h': uapiHeader(spec),
    'kmod-ntmobile/src/netlink-gen.h': kernelHeader(spec),
    'kmod-ntmobile/src/netlink-gen.c': kernelSource(spec),
    'src/platform/netlink/ntmobile-table.ts': typeScript(spec),
  };
}

function prefixOf(spec, set) {
  return screaming(set['name-prefix'] ?? `${spec.name}-a-${set.name}-`);
}

function uapiHeader(spec) {
  const guard = '_UAPI_LINUX_NTMOBILE_H';
  const enums = spec.definitions
    .filter((each) => each.type === 'enum')
    .map((each) => {
      const rows = each.entries.map(
        (entry) => `\t${screaming(`${spec.name}-${each.name}-${entry}`)},\n`,
      );
      return `enum ${spec.name}_${snake(each.name)} {\n${rows.join('')}};\n`;
    });
  const constants = spec.definitions
    .filter((each) => each.type === 'const')
    .map((each) => `#define ${screaming(`${spec.name}-${each.name}`)}\t${each.value}\n`);
  const sets = spec['attribute-sets'].map((set) => enumOf(prefixOf(spec, set), set.attributes));
  return [
    `/* SPDX-License-Identifier: ${uapiLicense} */\n/* ${notice} */\n`,
    `#ifndef ${guard}\n#define ${guard}\n`,
    `#define NTMOBILE_FAMILY_NAME\t"${spec.name}"\n#define NTMOBILE_FAMILY_VERSION\t${spec.version}\n`,
    constants.join(''),
    ...enums,
    ...sets,
    enumOf('NTMOBILE_CMD_', spec.operations.list),
    spec['mcast-groups'].list
      .map((group) => `#define NTMOBILE_MCGRP_${screaming(group.name)}\t"${group.name}"\n`)
      .join(''),
    `#endif /* ${guard} */\n`,
  ].join('\n');
}

function enumOf(prefix, rows) {
  const max = `${prefix}MAX`;
  const names = rows.map(
    (row, index) => `\t${prefix}${screaming(row.name)}${index === 0 ? ' = 1' : ''},\n`,
  );
  return `enum {\n${names.join('')}\n\t__${max},\n\t${max} = (__${max} - 1)\n};\n`;
}

/** Sets used inside another one: their policies are tables of their own. */
function nestedSets(spec) {
  const used = new Set(
    spec.operations.list
      .flatMap((op) => requestAttributes(op))
      .flatMap((name) => {
        const attribute = attributeOf(spec['attribute-sets'][0], name);
        return attribute.type === 'nest' ? [attribute['nested-attributes']] : [];
      }),
  );
  for (const name of used) {
    const set = spec['attribute-sets'].find((each) => each.name === name);
    for (const each of set.attributes)
      if (each.type === 'nest') used.add(each['nested-attributes']);
  }
  return spec['attribute-sets'].filter((set) => used.has(set.name));
}

function requestAttributes(op) {
  const names = [...(op.do?.request.attributes ?? []), ...(op.dump?.request.attributes ?? [])];
  return [...new Set(names)];
}

function attributeOf(set, name) {
  const found = set.attributes.find((each) => each.name === name);
  if (!found) throw new Error(`${specFile}: no attribute ${name} in ${set.name}`);
  return found;
}

function policyRow(spec, set, attribute) {
  return `\t[${prefixOf(spec, set)}${screaming(attribute.name)}] = ${policyValue(spec, attribute)},\n`;
}

function policyValue(spec, attribute) {
  const { type, checks = {} } = attribute;
  // The kernel keeps the limit of such a policy in 16 bits with sign.
  if (Math.max(checks.min ?? 0, checks.max ?? 0) > 0x7fff)
    throw new Error(`${attribute.name}: limit`);
  if (type === 'nest')
    return `NLA_POLICY_NESTED(${policyName(spec, attribute['nested-attributes'])})`;
  if (type === 'binary') return `NLA_POLICY_EXACT_LEN(${checks['exact-len']})`;
  if (checks.min !== undefined) return `NLA_POLICY_MIN(${policyTypes[type]}, ${checks.min})`;
  if (checks.max !== undefined) return `NLA_POLICY_MAX(${policyTypes[type]}, ${checks.max})`;
  if (!policyTypes[type]) throw new Error(`${specFile}: no policy for ${attribute.name}`);
  return `{ .type = ${policyTypes[type]} }`;
}

const policyName = (spec, name) => `${spec.name}_${snake(name)}_nl_policy`;
const lastAttribute = (spec, set) => `${prefixOf(spec, set)}MAX`;

function handlers(op) {
  const name = snake(op.name);
  return [...(op.do ? [`ntm_nl_${name}_doit`] : []), ...(op.dump ? [`ntm_nl_${name}_dumpit`] : [])];
}

const requests = (spec) => spec.operations.list.filter((op) => op.do || op.dump);

/** The attribute with the highest number that an operation takes. */
function lastRequested(spec, op) {
  const [main] = spec['attribute-sets'];
  const names = requestAttributes(op);
  const last = main.attributes.findLast((each) => names.includes(each.name));
  return `${prefixOf(spec, main)}${screaming(last.name)}`;
}

function kernelHeader(spec) {
  const nested = nestedSets(spec).map(
    (set) =>
      `extern const struct nla_policy\n${policyName(spec, set.name)}[${lastAttribute(spec, set)} + 1];\n`,
  );
  const declarations = requests(spec)
    .flatMap(handlers)
    .map((name) =>
      name.endsWith('_dumpit')
        ? `int ${name}(struct sk_buff *skb, struct netlink_callback *cb);\n`
        : `int ${name}(struct sk_buff *skb, struct genl_info *info);\n`,
    );
  const groups = spec['mcast-groups'].list.map(
    (group) => `\tNTM_NL_MCGRP_${screaming(group.name)},\n`,
  );
  return [
    `/* SPDX-License-Identifier: GPL-2.0-only */\n/* ${notice} */\n`,
    '#ifndef _NTM_NETLINK_GEN_H\n#define _NTM_NETLINK_GEN_H\n',
    '#include <net/genetlink.h>\n#include <uapi/linux/ntmobile.h>\n',
    ...nested,
    declarations.join(''),
    `enum {\n${groups.join('')}};\n`,
    'extern struct genl_family ntm_nl_family;\n',
    '#endif /* _NTM_NETLINK_GEN_H */\n',
  ].join('\n');
}

function kernelSource(spec) {
  const [main] = spec['attribute-sets'];
  const nested = nestedSets(spec).map((set) => {
    const rows = set.attributes
      .filter((each) => each.type !== 'pad')
      .map((each) => policyRow(spec, set, each));
    const size = `${lastAttribute(spec, set)} + 1`;
    return `const struct nla_policy\n${policyName(spec, set.name)}[${size}] = {\n${rows.join('')}};\n`;
  });
  // A policy must stand before the one that refers to it.
  nested.sort((left, right) => Number(left.includes('NESTED')) - Number(right.includes('NESTED')));
  const policies = requests(spec).map((op) => {
    const attributes = requestAttributes(op).map((name) => attributeOf(main, name));
    const size = `${lastRequested(spec, op)} + 1`;
    const rows = attributes.map((each) => policyRow(spec, main, each)).join('');
    return `static const struct nla_policy\nntm_nl_${snake(op.name)}_policy[${size}] = {\n${rows}};\n`;
  });
  return [
    `// SPDX-License-Identifier: GPL-2.0-only\n/* ${notice} */\n`,
    '#include "compat.h"\n#include "netlink-gen.h"\n',
    ...nested,
    ...policies,
    `static const struct genl_ops ntm_nl_ops[] = {\n${requests(spec)
      .map((op) => operationRow(spec, op))
      .join('')}};\n`,
    familySource(spec),
  ].join('\n');
}

function operationRow(spec, op) {
  const name = snake(op.name);
  const [doit, dumpit] = handlers(op);
  return [
    '\t{\n',
    `\t\t.cmd\t\t= NTMOBILE_CMD_${screaming(op.name)},\n`,
    `\t\t.doit\t\t= ${doit},\n`,
    ...(dumpit ? [`\t\t.dumpit\t\t= ${dumpit},\n`] : []),
    `\t\t.policy\t\t= ntm_nl_${name}_policy,\n`,
    `\t\t.maxattr\t= ${lastRequested(spec, op)},\n`,
    '\t\t.flags\t\t= GENL_UNS_ADMIN_PERM,\n',
    '\t},\n',
  ].join('');
}

function familySource(spec) {
  const groups = spec['mcast-groups'].list.map(
    (group) =>
      `\t[NTM_NL_MCGRP_${screaming(group.name)}] = {\n` +
      `\t\t.name\t= NTMOBILE_MCGRP_${screaming(group.name)},\n` +
      '\t\t.flags\t= NTM_MCGRP_NET_ADMIN,\n\t},\n',
  );
  return [
    `static const struct genl_multicast_group ntm_nl_mcgrps[] = {\n${groups.join('')}};\n`,
    'struct genl_family ntm_nl_family __ro_after_init = {\n' +
      '\t.name\t\t= NTMOBILE_FAMILY_NAME,\n' +
      '\t.version\t= NTMOBILE_FAMILY_VERSION,\n' +
      '\t.netnsok\t= true,\n' +
      '\t.module\t\t= THIS_MODULE,\n' +
      '\t.ops\t\t= ntm_nl_ops,\n' +
      '\t.n_ops\t\t= ARRAY_SIZE(ntm_nl_ops),\n' +
      '\t.mcgrps\t\t= ntm_nl_mcgrps,\n' +
      '\t.n_mcgrps\t= ARRAY_SIZE(ntm_nl_mcgrps),\n};\n',
  ].join('\n');
}

function typeScript(spec) {
  const sets = spec['attribute-sets'].map((set) => {
    const rows = set.attributes.map(attributeRow).join('');
    return `export const ${camel(set.name)}Attributes = {\n${rows}} as const;\n`;
  });
  const commands = spec.operations.list.map((op, index) => `  ${camel(op.name)}: ${index + 1},\n`);
  const tables = spec['attribute-sets'].map(
    (set) => `  ${quoted(set.name)}: ${camel(set.name)}Attributes,\n`,
  );
  const groups = spec['mcast-groups'].list.map((group) => `'${group.name}'`);
  return [
    `/** ${notice} */\n`,
    `export const familyName = '${spec.name}';\nexport const familyVersion = ${spec.version};\n`,
    `export const multicastGroups = [${groups.join(', ')}] as const;\n`,
    spec.definitions.map(definitionRow).join(''),
    `export const commands = {\n${commands.join('')}} as const;\n`,
    ...sets,
    `export const attributeTables = {\n${tables.join('')}} as const;\n`,
  ].join('\n');
}

function definitionRow(definition) {
  if (definition.type === 'const') {
    return `export const ${camel(definition.name)} = ${definition.value};\n`;
  }
  const entries = definition.entries.map((entry, index) => `${camel(entry)}: ${index}`);
  return `export const ${camel(definition.name)} = { ${entries.join(', ')} } as const;\n`;
}

/** A property name, in quotation marks where it needs them. */
function quoted(name) {
  return /^[a-z]+$/.test(name) ? name : `'${name}'`;
}

/** A row is numbered by its place; its text is the kind, or the table that is nested in it. */
function attributeRow(attribute) {
  const { type } = attribute;
  const kind = type === 'nest' ? attribute['nested-attributes'] : type;
  const order = attribute['byte-order'] ? 'be' : '';
  return `  ${camel(attribute.name)}: '${kind}${order}${attribute['multi-attr'] ? '*' : ''}',\n`;
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const differing = [];
  for (const [path, text] of Object.entries(generate())) {
    const file = join(root, path);
    if (!argv.includes('--check')) writeFileSync(file, text);
    else if (readFileSync(file, 'utf8') !== text) differing.push(path);
  }
  for (const path of differing)
    console.error(`${path} differs from ${specFile}: generate it again`);
  exit(differing.length === 0 ? 0 : 1);
}
