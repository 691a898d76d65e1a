/** The files of the tree that are made from the message table, with the text each ought to hold. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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
