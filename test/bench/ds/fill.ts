/** Under txiki.js: writes stored objects, one JSON line each, into a Direction Server's database. */
import { fromUtf8 } from '../../../src/base/bytes.ts';
import { readFile } from '../../../src/platform/files.ts';
import { openSqliteStore } from '../../../src/platform/store/sqlite-store.ts';
import type { JsonObject } from '../../../src/protocol/machine.ts';

declare const tjs: { readonly args: readonly string[]; exit(code: number): never };

const [from, to] = tjs.args.slice(-2) as [string, string];
const store = await openSqliteStore(to);
const bytes = readFile(from) as Uint8Array;
const newLine = 0x0a;
// Line by line: what the older engine takes to decode a text grows with the square of its length.
for (let begin = 0; begin < bytes.length; ) {
  const found = bytes.indexOf(newLine, begin);
  const end = found < 0 ? bytes.length : found;
  const line = fromUtf8(bytes.subarray(begin, end)) as string;
  const [name, value] = JSON.parse(line) as [string, JsonObject];
  store.set(name, value);
  begin = end + 1;
}
store.commit();
store.close();
tjs.exit(0);
