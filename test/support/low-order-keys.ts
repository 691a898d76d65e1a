/** The public keys of X25519 that have low order: their agreement with any secret is all zero. */
import { fromHex } from '../../src/base/bytes.ts';

const canonical = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map((text) => fromHex(text) as Uint8Array);

/** Each also with the highest bit set, which X25519 does not look at. */
export const lowOrderKeys: readonly Uint8Array[] = canonical.flatMap((key) => {
  const masked = key.slice();
  masked[31] = (masked[31] as number) | 0x80;
  return [key, masked];
});
