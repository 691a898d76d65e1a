/**
 * The part of make's language that the feed's Makefiles use, so that `npm run package` packs what an
 * OpenWrt SDK would: assignments, `define` blocks, `include`, and references to variables. A line that is
 * neither ends with an error, since a rule that is not understood would be a package that differs.
 */

export interface Makefile {
  /** Values as written, references in them unresolved. */
  readonly valueByName: ReadonlyMap<string, string>;
  /** Lines between `define NAME` and `endef`. */
  readonly blockByName: ReadonlyMap<string, readonly string[]>;
}

/** Throws an Error that names the line. */
export function parseMakefile(text: string, fileName: string): Makefile {
  const valueByName = new Map<string, string>();
  const blockByName = new Map<string, string[]>();
  let block: string[] | undefined;
  text.split('\n').forEach((line, index) => {
    if (block) {
      if (line === 'endef') block = undefined;
      else block.push(line);
      return;
    }
    const [, name] = /^define ([\w./-]+)$/.exec(line) ?? [];
    if (name !== undefined) {
      block = [];
      blockByName.set(name, block);
      return;
    }
    const [, variable, value] = /^([A-Z][A-Z0-9_]*)\s*:?=\s*(.*)$/.exec(line) ?? [];
    if (variable !== undefined) {
      valueByName.set(variable, (value as string).trimEnd());
      return;
    }
    if (/^\s*(#.*)?$/.test(line) || /^include /.test(line) || /^\$\(eval /.test(line)) return;
    throw new Error(`${fileName}, line ${index + 1}: "${line}" is not understood.`);
  });
  if (block) throw new Error(`${fileName}: a "define" has no "endef".`);
  return { valueByName, blockByName };
}

/** Assignments inside a block, as in `define Package/NAME`. */
export function assignments(lines: readonly string[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = /^\s+([A-Z][A-Z0-9_]*)\s*:?=\s*(.*)$/.exec(line) ?? [];
    if (name !== undefined) values.set(name, value as string);
    else if (line.trim() !== '') throw new Error(`"${line}" is no assignment.`);
  }
  return values;
}

/** The text of a scriptlet: make reads `$$` as `$`. */
export function scriptText(lines: readonly string[]): string {
  return `${lines.join('\n').replaceAll('$$', '$')}\n`;
}
