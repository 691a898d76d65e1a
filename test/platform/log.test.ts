import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Log } from '../../src/platform/log.ts';

test('lines at or above the level are written, others are not', () => {
  const lines: string[] = [];
  const log = new Log({ level: 'info', write: (line) => lines.push(line) });
  log.error('a');
  log.info('b 100% sure');
  log.debug('c');
  assert.equal(lines, ['error: a\n', 'info: b 100% sure\n']);
  assert.ok(!log.shows('debug'));
});

test('a text cannot forge a second line', () => {
  const lines: string[] = [];
  new Log({ level: 'debug', write: (line) => lines.push(line) }).warn(
    'x\nerror: y\u001b[31m\u0000',
  );
  assert.equal(lines, ['warn: x\\nerror: y\\x1b[31m\\x00\n']);
});

test('a stamped line starts with the time', () => {
  const lines: string[] = [];
  new Log({ level: 'debug', stamped: true, write: (line) => lines.push(line) }).debug('x');
  assert.match(lines[0] ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z debug: x\n$/);
});

test.run();
