/**
 * Calls a running daemon at its control socket, from outside its namespace: one connection a call, since
 * daemons are killed and started again while the lab watches.
 */
import { connect } from 'node:net';
import type { ControlMethodName } from '../../src/protocol/control-methods.ts';
import type { ControlResults } from '../../src/protocol/control-results.ts';
import { slow } from './pace.ts';

const timeoutMs = 10_000;

export function callDaemon<Method extends ControlMethodName>(
  socketPath: string,
  method: Method,
  given: Readonly<Record<string, string | number | boolean>> = {},
): Promise<ControlResults[Method]> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    let text = '';
    socket.setTimeout(slow(timeoutMs), () => socket.destroy(new Error(`no answer to ${method}`)));
    socket.on('error', reject);
    socket.on('connect', () => {
      socket.write(`${JSON.stringify({ id: 1, method, arguments: given })}\n`);
    });
    socket.on('data', (bytes) => {
      text += bytes.toString();
      if (!text.includes('\n')) return;
      socket.destroy();
      const answer = JSON.parse(text.slice(0, text.indexOf('\n')));
      if (answer.ok === true) resolve(answer.result);
      else reject(new Error(String(answer.error)));
    });
    socket.on('close', () => reject(new Error(`the daemon closed the connection on ${method}`)));
  });
}
