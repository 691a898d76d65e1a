/** Under txiki.js: writes stored objects, one JSON line each, into a Direction Server's database. */
import { fromUtf8 } from '../../../src/base/bytes.ts';
import { readFile } from '../../../src/platform/files.ts';
import { openSqliteStore } from '../../../src/platform/store/sqlite-store.ts';
import type { JsonObject } from '../../../src/protocol/machine.ts';

declare const tjs: { readonly args: readonly string[]; exit(code: number): never };

const [from, to] = tjs.args.slice(-2) as [string, string];
const store = await openSqliteStore(to);
const text = fromUtf8(readFile(from) as Uint8Array) as string;
for (const line of text.split('\n')) {
  const [name, value] = JSON.parse(line) as [string, JsonObject];
  store.set(name, value);
}
store.commit();
store.close();
tjs.exit(0);
