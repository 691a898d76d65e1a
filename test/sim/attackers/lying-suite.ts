/**
 * The tongue of a server that lies: cryptography that is right, but alters the body of the messages of a
 * session before it seals them. So the real role runs, and what it says is not what it meant.
 */
import { Reader, Writer } from '../../../src/base/bytes.ts';
import type { Suite } from '../../../src/noise/suite.ts';
import { decodeBody, encodeFields, identify } from '../../../src/wire/codec.ts';
import { isDrop } from '../../../src/wire/drops.ts';
import { sessionHeaderLength } from '../../../src/wire/header.ts';
import { type MessageName, messages, type Values } from '../../../src/wire/messages.ts';

/** The values to send in place of those meant; the same ones to tell the truth. */
export type Lie = <Name extends MessageName>(name: Name, values: Values<Name>) => Values<Name>;

export function lyingSuite(suite: Suite, lie: Lie): Suite {
  return {
    publicKey: (secretKey) => suite.publicKey(secretKey),
    sharedSecret: (secretKey, publicKey) => suite.sharedSecret(secretKey, publicKey),
    hash: (...parts) => suite.hash(...parts),
    keyedHash: (key, length, ...parts) => suite.keyedHash(key, length, ...parts),
    seal: (key, nonce, associated, plaintext) =>
      suite.seal(key, nonce, associated, altered(lie, associated, plaintext)),
    open: (key, nonce, associated, ciphertext) => suite.open(key, nonce, associated, ciphertext),
    sealInto: (out, key, nonce, associated, plaintext) =>
      suite.sealInto(out, key, nonce, associated, plaintext),
    openInto: (out, key, nonce, associated, ciphertext) =>
      suite.openInto(out, key, nonce, associated, ciphertext),
  };
}

function altered(lie: Lie, associated: Uint8Array, plaintext: Uint8Array): Uint8Array {
  if (associated.length !== sessionHeaderLength) return plaintext;
  const identified = identify(associated);
  if (isDrop(identified) || messages[identified.name].framing !== 'sealed') return plaintext;
  const { name } = identified;
  const reader = new Reader(plaintext);
  const transaction = reader.u32();
  const values = decodeBody(name, reader);
  if (isDrop(values)) return plaintext;
  const writer = new Writer();
  writer.u32(transaction);
  encodeFields(writer, name, lie(name, values));
  return writer.bytes;
}
