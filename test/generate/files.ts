/** The files of the tree that are made from tables and sources of the project, with the text of each. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { luciAccess } from './luci-access.ts';
import { luciTemplate } from './luci-texts.ts';
import { protocolPage } from './protocol-page.ts';
import { wireVectors } from './wire-vectors.ts';

export interface GeneratedFile {
  /** From the project's root. */
  readonly path: string;
  readonly text: string;
}

export function generatedFiles(root: string): readonly GeneratedFile[] {
  const frame = readFileSync(join(root, 'test/generate/protocol-page.md'), 'utf8');
  return [
    { path: 'src/wire/README.md', text: protocolPage(frame) },
    { path: 'test/vectors/wire.json', text: wireVectors() },
    {
      path: 'luci/luci-app-ntmobile/root/usr/share/rpcd/acl.d/luci-app-ntmobile.json',
      text: luciAccess(),
    },
    ...['ntmobile', 'proto-ntmobile'].map((name) => {
      const folder = `luci-${name === 'ntmobile' ? 'app-' : ''}${name}`;
      return {
        path: `luci/${folder}/po/templates/${name}.pot`,
        text: luciTemplate(root, folder),
      };
    }),
  ];
}

/** The text in the tree, or undefined when there is none. */
export function committedText(root: string, path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return undefined;
  }
}
