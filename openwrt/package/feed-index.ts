/** The index of a feed: `Packages`, its compressed form and its signature, which opkg checks. */
import { createHash } from 'node:crypto';
import { gzip } from './gzip.ts';
import { type SigningKey, signatureText } from './signify.ts';

export interface IndexedPackage {
  readonly fileName: string;
  readonly ipk: Uint8Array;
  readonly control: string;
}

/** Each package's control text with name, size and digest of its file before the description. */
export function indexText(packages: readonly IndexedPackage[]): string {
  const sorted = [...packages].sort((a, b) => (a.fileName < b.fileName ? -1 : 1));
  return sorted
    .map(({ fileName, ipk, control }) => {
      const digest = createHash('sha256').update(ipk).digest('hex');
      const file = `Filename: ${fileName}\nSize: ${ipk.length}\nSHA256sum: ${digest}\n`;
      return `${control.replace(/^Description:/m, `${file}Description:`)}\n`;
    })
    .join('');
}

/** The files of the index, content by name; the signature is over the uncompressed text. */
export function indexFiles(
  packages: readonly IndexedPackage[],
  key: SigningKey,
): ReadonlyMap<string, Uint8Array> {
  const text = Buffer.from(indexText(packages));
  return new Map<string, Uint8Array>([
    ['Packages', text],
    ['Packages.gz', gzip(text)],
    ['Packages.sig', Buffer.from(signatureText(key, text))],
  ]);
}
