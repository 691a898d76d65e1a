/** HMAC-SHA256 over libsodium, for keys of any length (RFC 2104). */
import { assert } from '../../base/assert.ts';
import { bind } from './ffi.ts';
import { libraryNames } from './sodium.ts';

/** `crypto_auth_hmacsha256_state` has 208 bytes; some room, should it grow. */
const stateBytes = 512;
const macBytes = 32;

/** Throws LibraryMissing. */
export function loadHmacSha256(): (key: Uint8Array, data: Uint8Array) => Uint8Array {
  const sodium = bind(libraryNames, {
    crypto_auth_hmacsha256_statebytes: ['size'],
    crypto_auth_hmacsha256_init: ['int', 'buffer', 'buffer', 'size'],
    crypto_auth_hmacsha256_update: ['int', 'buffer', 'buffer', 'u64'],
    crypto_auth_hmacsha256_final: ['int', 'buffer', 'buffer'],
  });
  assert(sodium.crypto_auth_hmacsha256_statebytes() <= stateBytes, 'the state has room');
  return (key, data) => {
    assert(key.length > 0 && data.length > 0, 'key and data are not empty');
    const state = new Uint8Array(stateBytes);
    const mac = new Uint8Array(macBytes);
    sodium.crypto_auth_hmacsha256_init(state, key, key.length);
    sodium.crypto_auth_hmacsha256_update(state, data, data.length);
    sodium.crypto_auth_hmacsha256_final(state, mac);
    return mac;
  };
}
