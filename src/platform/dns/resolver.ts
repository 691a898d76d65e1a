/**
 * Asks the system's name servers for a role: the first server, shortly after the next one as well, until one
 * answers, and never for longer than the two seconds a name may take.
 */
import type { Endpoint } from '../../base/ip.ts';
import { responseCodes } from '../../dns/constants.ts';
import { isTruncated } from '../../dns/message.ts';
import { askTcp, askUdp, type UdpQuestion } from './ask.ts';

const nextServerMs = 500;
const limitMs = 1900;
const maxUnderWay = 64;

export type Response =
  | { readonly response: Uint8Array }
  | { readonly response: undefined; readonly error: string };

export class Resolver {
  readonly #servers: () => readonly Endpoint[];
  #underWay = 0;

  constructor(servers: () => readonly Endpoint[]) {
    this.#servers = servers;
  }

  /** Never rejects. */
  async ask(request: Uint8Array): Promise<Response> {
    if (this.#underWay >= maxUnderWay) return failure('Too many names are being looked up.');
    const servers = this.#servers();
    if (servers.length === 0) return failure(noServer);
    this.#underWay += 1;
    try {
      return await this.#askAll(servers, request);
    } finally {
      this.#underWay -= 1;
    }
  }

  #askAll(servers: readonly Endpoint[], request: Uint8Array): Promise<Response> {
    const questions: UdpQuestion[] = [];
    const endAt = performance.now() + limitMs;
    return new Promise((resolve) => {
      let settled = false;
      let open = servers.length;
      const timers: ReturnType<typeof setTimeout>[] = [];
      const finish = (outcome: Response) => {
        if (settled) return;
        settled = true;
        for (const timer of timers) clearTimeout(timer);
        for (const question of questions) question.cancel();
        resolve(outcome);
      };
      const failed = () => {
        open -= 1;
        if (open === 0) finish(failure(`${servers.join(' and ')} give no answer.`));
      };
      servers.forEach((server, index) => {
        const begin = async () => {
          const question = askUdp(server, request);
          questions.push(question);
          const response = await question.response;
          if (settled) return;
          if (response && isTruncated(response)) {
            const left = Math.max(100, endAt - performance.now());
            finish({ response: await askTcp(server, request, left) });
          } else if (response && isConclusive(response)) finish({ response });
          else failed();
        };
        timers.push(setTimeout(() => void begin().catch(failed), index * nextServerMs));
      });
      timers.push(
        setTimeout(() => finish(failure('The name servers do not answer in time.')), limitMs),
      );
    });
  }
}

/** An answer, or the certainty that there is none; another server may know more otherwise. */
function isConclusive(response: Uint8Array): boolean {
  const code = (response[3] ?? 0) & 0xf;
  return code === responseCodes.noError || code === responseCodes.noSuchName;
}

function failure(error: string): Response {
  return { response: undefined, error };
}

export const noServer =
  'This system names no name server but forwarders on itself. Give one with "list dns_upstream".';
