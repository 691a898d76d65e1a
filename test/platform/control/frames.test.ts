import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { concatBytes, fromUtf8, utf8 } from '../../../src/base/bytes.ts';
import { checkCall, decodeRequest, LineSplitter } from '../../../src/platform/control/frames.ts';
import { type ControlMethod, controlMethods } from '../../../src/protocol/control-methods.ts';

test('lines come out whole however the bytes are cut', () => {
  const text = 'first\n\n二番目\nlast\n';
  const bytes = utf8(text);
  for (let size = 1; size <= bytes.length; size += 1) {
    const splitter = new LineSplitter(100);
    const lines: string[] = [];
    for (let start = 0; start < bytes.length; start += size) {
      const found = splitter.push(bytes.subarray(start, start + size));
      assert.ok(found);
      lines.push(...(found ?? []).map((line) => fromUtf8(line) ?? '?'));
    }
    assert.equal(lines, ['first', '', '二番目', 'last'], `pieces of ${size} bytes`);
  }
});

test('a line at the limit passes and one byte more does not', () => {
  const line = new Uint8Array(10).fill(120);
  assert.is(new LineSplitter(10).push(concatBytes(line, utf8('\n')))?.length, 1);
  assert.is(new LineSplitter(9).push(concatBytes(line, utf8('\n'))), undefined);
  assert.is(new LineSplitter(9).push(line), undefined);
});

test('every method refuses a call without an argument it needs, and one of the wrong type', () => {
  for (const [name, row] of Object.entries<ControlMethod>(controlMethods)) {
    const right = Object.fromEntries(
      Object.entries(row.arguments).map(([key, { type }]) => [
        key,
        { string: 'x', number: 1, boolean: true }[type],
      ]),
    );
    assert.equal(checkCall(name, right), { ok: true, call: { method: name, arguments: right } });
    for (const [key, { required }] of Object.entries(row.arguments)) {
      const { [key]: _, ...without } = right;
      const missing = checkCall(name, without);
      assert.is(missing.ok, !required, `${name} without ${key}`);
      if (!missing.ok) assert.match(missing.error, `"${key}"`);
      const wrong = checkCall(name, { ...right, [key]: [] });
      assert.not.ok(wrong.ok, `${name} with a list for ${key}`);
    }
  }
});

test('arguments nobody asked for are left out', () => {
  const checked = checkCall('connect', { peer: 'a', ubus_rpc_session: '0' });
  assert.equal(checked, { ok: true, call: { method: 'connect', arguments: { peer: 'a' } } });
});

test('an unknown method suggests the nearest, and names of objects are no methods', () => {
  assert.match(JSON.stringify(checkCall('statsu', {})), /Did you mean \\"status\\"/);
  for (const name of ['toString', '__proto__', 'constructor']) {
    assert.not.ok(checkCall(name, {}).ok, name);
  }
});

test('the id of a request is kept for its answer even when the request is wrong', () => {
  const request = decodeRequest(utf8('{"id":"x7","method":"nope"}'));
  assert.is(request.kind, 'wrong');
  assert.is(request.id, 'x7');
});

test.run();
