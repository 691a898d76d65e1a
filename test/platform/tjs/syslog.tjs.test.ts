import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromUtf8, utf8 } from '../../../src/base/bytes.ts';
import { Log } from '../../../src/platform/log.ts';
import { CStruct, socketConstants as c } from '../../../src/platform/tjs/abi.ts';
import { WatchedFd } from '../../../src/platform/tjs/fd.ts';
import { libc } from '../../../src/platform/tjs/libc.ts';
import { Syslog } from '../../../src/platform/tjs/syslog.ts';

const path = `/tmp/ntm-test-syslog-${tjs.pid}`;

/** A socket where the system's log would listen. */
function listen(): { read(): string | undefined; close(): void } {
  libc.unlink(path);
  const fd = WatchedFd.socket(c.AF_UNIX, c.SOCK_DGRAM, 0);
  const name = utf8(path);
  const address = new CStruct(new Uint8Array(name.length + 3)).u16(0, c.AF_UNIX);
  address.bytes.set(name, 2);
  fd.bind(address.bytes);
  const buffer = new Uint8Array(1024);
  return {
    read: () => {
      const length = libc.recvfrom(fd.fd, buffer, buffer.length, c.MSG_DONTWAIT, null, null);
      return length < 0 ? undefined : fromUtf8(buffer.subarray(0, length));
    },
    close: () => {
      fd.close();
      libc.unlink(path);
    },
  };
}

test('each line comes with the level it has, under the name of the daemon', () => {
  const log = listen();
  const syslog = new Syslog(path, 'ntmobiled');
  const lines = (['error', 'warn', 'info', 'debug'] as const).map((level) => {
    assert.ok(syslog.add(level, `näme ${level}`));
    return log.read();
  });
  const ident = `ntmobiled[${tjs.pid}]`;
  assert.equal(lines, [
    `<27>${ident}: näme error`,
    `<28>${ident}: näme warn`,
    `<30>${ident}: näme info`,
    `<31>${ident}: näme debug`,
  ]);
  log.close();
});

test('what the system does not take is written instead, until it is there again', () => {
  const written: string[] = [];
  const syslog = new Syslog(path, 'ntmobiled');
  const log = new Log({
    level: 'info',
    write: (line) => written.push(line),
    file: (level, text) => syslog.add(level, text),
  });
  log.info('nobody there');
  const first = listen();
  log.warn('a\nb');
  assert.match(first.read() ?? '', /^<28>ntmobiled\[\d+\]: a\\nb$/);
  first.close();
  log.error('gone again');
  const second = listen();
  log.info('found again');
  assert.match(second.read() ?? '', /: found again$/);
  for (let count = 0; count < 100; count += 1) log.info('nobody reads');
  assert.ok(written.length > 2 && written.length < 102, 'what the queue does not take is written');
  assert.equal(written.slice(0, 3), [
    'info: nobody there\n',
    'error: gone again\n',
    'info: nobody reads\n',
  ]);
  second.close();
});

test.run();
