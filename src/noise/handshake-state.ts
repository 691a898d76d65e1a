/**
 * The HandshakeState object of the Noise Protocol Framework (revision 34, sections 5.3, 7 and 9) for the
 * interactive patterns of one round trip with known responder: IK opens sessions, KKpsk0 is the
 * end-to-end handshake of a path, KK is its base. The ephemeral key is drawn by the caller, so that
 * a handshake is a function of its options. Fallback, one-way and deferred patterns are left out.
 */
import { assert } from '../base/assert.ts';
import { concatBytes } from '../base/bytes.ts';
import { type KeyPair, keyLength, type Suite, tagLength } from './suite.ts';
import { SymmetricState } from './symmetric-state.ts';

type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss' | 'psk';

interface Shape {
  /** Whose static key the other end knows beforehand, in the order it is mixed in. */
  readonly known: readonly ('initiator' | 'responder')[];
  readonly messages: readonly (readonly Token[])[];
}

const patterns = {
  IK: {
    known: ['responder'],
    messages: [
      ['e', 'es', 's', 'ss'],
      ['e', 'ee', 'se'],
    ],
  },
  KK: {
    known: ['initiator', 'responder'],
    messages: [
      ['e', 'es', 'ss'],
      ['e', 'ee', 'se'],
    ],
  },
  KKpsk0: {
    known: ['initiator', 'responder'],
    messages: [
      ['psk', 'e', 'es', 'ss'],
      ['e', 'ee', 'se'],
    ],
  },
} as const satisfies Readonly<Record<string, Shape>>;

export type Pattern = keyof typeof patterns;

export interface HandshakeOptions {
  readonly suite: Suite;
  readonly pattern: Pattern;
  readonly initiator: boolean;
  /** What both ends must agree on without sending it. */
  readonly prologue: Uint8Array;
  readonly keys: KeyPair;
  /** Drawn for this handshake alone. */
  readonly ephemeral: KeyPair;
  /** 32 bytes; wanted wherever the pattern has it known beforehand. */
  readonly remoteStatic?: Uint8Array;
  /** 32 bytes; wanted by a pattern with `psk`, and by no other. */
  readonly psk?: Uint8Array;
}

export interface TransportKeys {
  /** 32 bytes each, never the same. */
  readonly send: Uint8Array;
  readonly receive: Uint8Array;
}

/** The longest message of the framework, in bytes. */
const maxMessageLength = 65535;
const unreachableKeyLabel = Uint8Array.from('no one has this key', (letter) =>
  letter.charCodeAt(0),
);

export class Handshake {
  readonly #suite: Suite;
  readonly #initiator: boolean;
  readonly #keys: KeyPair;
  readonly #ephemeral: KeyPair;
  readonly #psk: Uint8Array | undefined;
  readonly #messages: readonly (readonly Token[])[];
  readonly #mixesEphemeral: boolean;
  #state: SymmetricState;
  #next = 0;
  #remoteStatic: Uint8Array | undefined;
  #remoteEphemeral: Uint8Array | undefined;
  #transport: TransportKeys | undefined;

  /** Asserts that the options are those of the pattern. */
  constructor(options: HandshakeOptions) {
    const { suite, pattern, initiator, keys, ephemeral, remoteStatic, psk } = options;
    const shape: Shape = patterns[pattern];
    const peer = initiator ? 'responder' : 'initiator';
    assert(
      shape.known.includes(peer) === (remoteStatic !== undefined),
      'the remote static key is given exactly where the pattern has it',
    );
    assert(remoteStatic === undefined || remoteStatic.length === keyLength, 'a key has 32 bytes');
    this.#mixesEphemeral = shape.messages.some((tokens) => tokens.includes('psk'));
    assert(
      this.#mixesEphemeral ? psk?.length === keyLength : psk === undefined,
      'a pre-shared key of 32 bytes is given exactly where the pattern has it',
    );
    this.#suite = suite;
    this.#initiator = initiator;
    this.#keys = keys;
    this.#ephemeral = ephemeral;
    this.#psk = psk;
    this.#messages = shape.messages;
    this.#remoteStatic = remoteStatic;
    this.#state = SymmetricState.initialize(suite, `Noise_${pattern}_25519_ChaChaPoly_BLAKE2b`);
    this.#state.mixHash(options.prologue);
    for (const owner of shape.known) {
      const key = owner === peer ? remoteStatic : keys.publicKey;
      this.#state.mixHash(key as Uint8Array);
    }
  }

  /** The other end's static public key: as given, or as proven by the messages read; else undefined. */
  get remoteStatic(): Uint8Array | undefined {
    return this.#remoteStatic;
  }

  /** Whether all messages are written and read. */
  get finished(): boolean {
    return this.#next === this.#messages.length;
  }

  /** 64 bytes that both ends share and no other handshake has; asserts that it is finished. */
  get handshakeHash(): Uint8Array {
    assert(this.finished, 'only a finished handshake has a hash');
    return this.#state.handshakeHash;
  }

  #isMyTurn(): boolean {
    return !this.finished && (this.#next % 2 === 0) === this.#initiator;
  }

  /**
   * The next message with this payload; asserts that it is this end's turn. Towards a remote static key
   * of low order, which no one can own, it is a message that no one can open.
   */
  writeMessage(payload: Uint8Array): Uint8Array {
    assert(this.#isMyTurn(), 'handshake messages alternate');
    const parts: Uint8Array[] = [];
    for (const token of this.#messages[this.#next] as readonly Token[]) {
      if (token === 'e') {
        parts.push(this.#ephemeral.publicKey);
        this.#mixEphemeral(this.#state, this.#ephemeral.publicKey);
      } else if (token === 's') {
        parts.push(this.#state.encryptAndHash(this.#keys.publicKey));
      } else if (token === 'psk') {
        this.#state.mixKeyAndHash(this.#psk as Uint8Array);
      } else {
        const shared = this.#agree(token, this.#remoteEphemeral, this.#remoteStatic);
        const { secretKey } = this.#ephemeral;
        this.#state.mixKey(shared ?? this.#suite.keyedHash(secretKey, 32, unreachableKeyLabel));
      }
    }
    parts.push(this.#state.encryptAndHash(payload));
    this.#next += 1;
    const message = concatBytes(...parts);
    assert(message.length <= maxMessageLength, 'a handshake message has at most 65,535 bytes');
    return message;
  }

  /**
   * The payload of the next message. Undefined for bytes that are not it or come out of turn; the state
   * is then what it was before, so that the true message can still be read. Never throws.
   */
  readMessage(bytes: Uint8Array): Uint8Array | undefined {
    if (this.finished || this.#isMyTurn() || bytes.length > maxMessageLength) return undefined;
    const state = this.#state.copy();
    let remoteStatic = this.#remoteStatic;
    let remoteEphemeral = this.#remoteEphemeral;
    let at = 0;
    for (const token of this.#messages[this.#next] as readonly Token[]) {
      if (token === 'e') {
        if (bytes.length < at + keyLength) return undefined;
        remoteEphemeral = bytes.slice(at, at + keyLength);
        at += keyLength;
        this.#mixEphemeral(state, remoteEphemeral);
      } else if (token === 's') {
        const end = at + keyLength + tagLength;
        if (bytes.length < end) return undefined;
        remoteStatic = state.decryptAndHash(bytes.subarray(at, end));
        if (!remoteStatic) return undefined;
        at = end;
      } else if (token === 'psk') {
        state.mixKeyAndHash(this.#psk as Uint8Array);
      } else {
        const shared = this.#agree(token, remoteEphemeral, remoteStatic);
        if (!shared) return undefined;
        state.mixKey(shared);
      }
    }
    // In all patterns of the table a key is mixed in before the payload, so it is sealed.
    if (bytes.length < at + tagLength) return undefined;
    const payload = state.decryptAndHash(bytes.subarray(at));
    if (!payload) return undefined;
    this.#state = state;
    this.#remoteStatic = remoteStatic;
    this.#remoteEphemeral = remoteEphemeral;
    this.#next += 1;
    return payload;
  }

  /** Section 9.2: with a pre-shared key, ephemeral keys are mixed into the key as well. */
  #mixEphemeral(state: SymmetricState, publicKey: Uint8Array): void {
    state.mixHash(publicKey);
    if (this.#mixesEphemeral) state.mixKey(publicKey);
  }

  #agree(
    token: 'ee' | 'es' | 'se' | 'ss',
    remoteEphemeral: Uint8Array | undefined,
    remoteStatic: Uint8Array | undefined,
  ): Uint8Array | undefined {
    const mine = this.#initiator ? token[0] : token[1];
    const theirs = this.#initiator ? token[1] : token[0];
    const own = mine === 'e' ? this.#ephemeral : this.#keys;
    const remote = theirs === 'e' ? remoteEphemeral : remoteStatic;
    assert(remote !== undefined, 'a pattern uses a key only after it is known');
    return this.#suite.sharedSecret(own.secretKey, remote);
  }

  /** The keys of the messages that follow; asserts that the handshake is finished. */
  split(): TransportKeys {
    assert(this.finished, 'only a finished handshake has transport keys');
    if (!this.#transport) {
      const [fromInitiator, fromResponder] = this.#state.split();
      this.#transport = this.#initiator
        ? { send: fromInitiator, receive: fromResponder }
        : { send: fromResponder, receive: fromInitiator };
    }
    return this.#transport;
  }
}
