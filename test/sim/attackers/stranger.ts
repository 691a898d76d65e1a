/**
 * Somebody with valid cryptography and no invite: opens session after session with a server, each under a
 * key of its own, with the right incarnation and cookie. What a server keeps of such callers is bounded.
 */
import { toHex } from '../../../src/base/bytes.ts';
import type { Endpoint } from '../../../src/base/ip.ts';
import { generateKeyPair } from '../../../src/noise/keys.ts';
import { RoleContext } from '../../../src/protocol/context.ts';
import { HintSender } from '../../../src/protocol/hint-sender.ts';
import { Sessions } from '../../../src/protocol/sessions.ts';
import type { Incarnation } from '../../../src/wire/ids.ts';
import { messages } from '../../../src/wire/messages.ts';
import type { Datagram } from '../network/realm.ts';
import { Attacker } from './attacker.ts';

interface Caller {
  readonly context: RoleContext;
  readonly sessions: Sessions;
}

export class Stranger extends Attacker {
  #caller: Caller | undefined;
  /** Sessions that a server answered. */
  answered = 0;

  /** One call with a new key and a token that nobody gave out. */
  call(publicKey: Uint8Array, endpoints: readonly Endpoint[]): void {
    const { random } = this.dice;
    const { suite } = this.world;
    const context = new RoleContext({
      suite,
      random,
      keys: generateKeyPair(suite, random),
      incarnation: toHex(random.bytes(8)) as Incarnation,
      bootCount: 1,
      software: 'stranger',
      stored: new Map(),
    });
    context.now = this.world.now;
    const sessions = new Sessions(context, new HintSender(context));
    this.#caller = { context, sessions };
    sessions.connect(sessions.to(publicKey, endpoints), 'registrationRequest', {
      role: 'node',
      incarnation: context.environment.incarnation,
      software: 'stranger',
      wantedName: toHex(random.bytes(8)),
      token: random.bytes(16),
      advertised: [],
      exit: false,
      publish: false,
    });
    this.#drain(this.#caller);
  }

  protected override received(datagram: Datagram): void {
    const caller = this.#caller;
    if (!caller) return;
    caller.context.now = this.world.now;
    const { bytes, source } = datagram;
    if (bytes[0] === messages.hint.code) caller.sessions.receiveHint(bytes);
    else caller.sessions.receive(bytes, source, undefined);
    for (const event of caller.sessions.takeEvents()) {
      if (event.event === 'answer') this.answered += 1;
    }
    this.#drain(caller);
  }

  #drain(caller: Caller): void {
    for (let output = caller.context.poll(); output; output = caller.context.poll()) {
      if (output.kind === 'transmit') this.send(this.endpoint, output.to, output.bytes);
    }
  }
}
