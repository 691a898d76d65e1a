/**
 * The agent: plays the applications of the lab inside one namespace and does what the lab asks over the
 * channel that Node gives a child process. It ends when that channel closes.
 */
import type { AgentCalls, AgentReply, AgentRequest } from './calls.ts';
import { TcpTransfer } from './tcp-transfer.ts';
import { Typing } from './typing.ts';
import { UdpProbe } from './udp-probe.ts';

type Handlers = {
  readonly [Name in keyof AgentCalls]: (
    argument: Parameters<AgentCalls[Name]>[0],
  ) => ReturnType<AgentCalls[Name]> | Promise<ReturnType<AgentCalls[Name]>>;
};

let udp: UdpProbe | undefined;
let tcp: TcpTransfer | undefined;
let typing: Typing | undefined;

function running<T>(application: T | undefined): T {
  if (application === undefined) throw new Error('this application was not started');
  return application;
}

const handlers: Handlers = {
  udpStart: (options) => {
    udp = new UdpProbe(options);
    return udp.start();
  },
  udpHeard: () => running(udp).heard(),
  udpPause: () => running(udp).pause(),
  udpStop: () => running(udp).stop(),
  tcpListen: (options) => {
    tcp?.close();
    tcp = new TcpTransfer(options);
    return tcp.listen();
  },
  tcpConnect: (options) => {
    tcp?.close();
    tcp = new TcpTransfer(options);
    return tcp.connect();
  },
  tcpFlow: ({ flowing }) => running(tcp).flow(flowing),
  tcpPour: ({ forMs }) => running(tcp).pour(forMs),
  tcpFinish: ({ limitMs }) => running(tcp).finish(limitMs),
  typingListen: (options) => {
    typing?.stop();
    typing = new Typing(options);
    return typing.listen();
  },
  typingConnect: (options) => {
    typing?.stop();
    typing = new Typing(options);
    return typing.connect();
  },
  typingStop: () => running(typing).stop(),
};

async function answer(request: AgentRequest): Promise<AgentReply> {
  const handler = handlers[request.name] as (argument: unknown) => unknown;
  try {
    return { id: request.id, result: await handler(request.argument) };
  } catch (error) {
    return { id: request.id, error: error instanceof Error ? error.message : String(error) };
  }
}

process.on('message', (message) => {
  answer(message as AgentRequest).then((reply) => process.send?.(reply));
});
process.on('disconnect', () => process.exit(0));
// Ctrl-C in the terminal reaches the whole group: the lab ends its agents itself.
process.on('SIGINT', () => undefined);
