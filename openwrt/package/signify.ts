/**
 * Keys and signatures in the format of OpenBSD's signify, which OpenWrt's usign shares: Ed25519, a line of
 * comment and a line of base64. Secret keys are stored without a passphrase, as usign does.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';

const algorithm = Buffer.from('Ed');
/** Key derivation "BK" with no rounds: the secret stands there as it is. */
const derivation = Buffer.from('BK');
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');
const secretBytes = 2 + 2 + 4 + 16 + 8 + 8 + 64;

export interface SigningKey {
  readonly key: KeyObject;
  /** 8 bytes that name the pair. */
  readonly id: Buffer;
  readonly publicKey: Buffer;
}

function fromSeed(seed: Buffer, id: Buffer): SigningKey {
  const key = createPrivateKey({
    key: Buffer.concat([pkcs8Head, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
  return { key, id, publicKey };
}

export function makeSigningKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
  return fromSeed(seed, randomBytes(8));
}

function armoured(comment: string, bytes: Buffer): string {
  return `untrusted comment: ${comment}\n${bytes.toString('base64')}\n`;
}

export function secretKeyText({ key, id, publicKey }: SigningKey): string {
  const seed = key.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
  const secret = Buffer.concat([seed, publicKey]);
  const checksum = createHash('sha512').update(secret).digest().subarray(0, 8);
  const unused = Buffer.alloc(4 + 16);
  const bytes = Buffer.concat([algorithm, derivation, unused, checksum, id, secret]);
  return armoured('NTMobile feed, secret key', bytes);
}

export function publicKeyText({ id, publicKey }: SigningKey): string {
  return armoured('NTMobile feed, public key', Buffer.concat([algorithm, id, publicKey]));
}

/** Throws an Error when the text is no secret key, or one with a passphrase. */
export function readSecretKey(text: string): SigningKey {
  const bytes = Buffer.from(text.split('\n')[1] ?? '', 'base64');
  const known = bytes.length === secretBytes && bytes.subarray(0, 4).toString() === 'EdBK';
  if (!known) throw new Error('This is no secret key of usign or signify.');
  if (bytes.readUInt32BE(4) !== 0) throw new Error('This key has a passphrase; make one without.');
  const secret = bytes.subarray(40);
  const checksum = createHash('sha512').update(secret).digest().subarray(0, 8);
  if (!checksum.equals(bytes.subarray(24, 32))) throw new Error('This secret key is damaged.');
  return fromSeed(secret.subarray(0, 32), Buffer.from(bytes.subarray(32, 40)));
}

/** The name under which /etc/opkg/keys holds the public key. */
export function keyFileName({ id }: SigningKey): string {
  return id.toString('hex');
}

export function signatureText(key: SigningKey, message: Uint8Array): string {
  const signature = sign(null, message, key.key);
  const bytes = Buffer.concat([algorithm, key.id, signature]);
  return armoured(`signed by key ${keyFileName(key)}`, bytes);
}
