/**
 * The lab's side of the agents: starts one inside a namespace and calls it. A call that is not answered,
 * because the agent ended, fails.
 */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { AgentCallName, AgentCalls, AgentReply } from './agent/calls.ts';
import type { Namespaces } from './namespaces.ts';
import type { HostName } from './topology.ts';

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class Agent {
  readonly host: HostName;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  constructor(namespaces: Namespaces, host: HostName, program: string) {
    this.host = host;
    this.#child = namespaces.start(host, [process.execPath, '--enable-source-maps', program], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message) => this.#take(message as AgentReply));
    this.#child.on('exit', () => this.#fail());
  }

  call<Name extends AgentCallName>(
    name: Name,
    ...[argument]: Parameters<AgentCalls[Name]>
  ): Promise<ReturnType<AgentCalls[Name]>> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.#child.send({ id, name, argument }, (error) => {
        if (error !== null) this.#take({ id, error: error.message });
      });
    });
  }

  #take(reply: AgentReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.error === undefined) waiting?.resolve(reply.result);
    else waiting?.reject(new Error(`${this.host}: ${reply.error}`));
  }

  #fail(): void {
    for (const { reject } of this.#waiting.values()) {
      reject(new Error(`the agent in ${this.host} ended`));
    }
    this.#waiting.clear();
  }
}

export function agentProgram(): string {
  return join(process.env['NTM_ROOT'] ?? '.', 'out/test/lab-agent.mjs');
}
