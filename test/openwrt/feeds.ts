/** Two signed feeds for the routers: the packages as they are, and the same as a later release. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commonPackages, writeFeed } from '../../openwrt/package/feed.ts';
import { buildLuciTrees } from '../../openwrt/package/luci-trees.ts';
import { keyFileName, makeSigningKey, publicKeyText } from '../../openwrt/package/signify.ts';

/** Folders `old` and `new` below `folder`; `further` may hold packages that the router lacks. */
export async function makeFeeds(
  root: string,
  folder: string,
  further: string | undefined,
): Promise<void> {
  const key = makeSigningKey();
  const date = Math.floor(Date.now() / 1000);
  const trees = mkdtempSync(join(tmpdir(), 'ntm-luci-'));
  try {
    const made = commonPackages(root, await buildLuciTrees(root, trees));
    const later = made.map((each) => ({
      ...each,
      version: each.version.replace(/-r\d+$/, '-r99'),
    }));
    mkdirSync(join(folder, 'old'), { recursive: true });
    if (further !== undefined) {
      if (!existsSync(further)) throw new Error(`There is no ${further}.`);
      for (const name of readdirSync(further).filter((each) => each.endsWith('.ipk'))) {
        const ours = made.some((each) => name.startsWith(`${each.name}_`));
        if (!ours) copyFileSync(join(further, name), join(folder, 'old', name));
      }
    }
    writeFeed(join(folder, 'old'), made, key, date);
    writeFeed(join(folder, 'new'), later, key, date);
    writeFileSync(join(folder, 'old', `${keyFileName(key)}.pub`), publicKeyText(key));
  } finally {
    rmSync(trees, { recursive: true, force: true });
  }
}
