/** The vectors of the data path, made again from their inputs with another library and code of their own. */
import { type CipherGCMTypes, createCipheriv } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import vectors from '../vectors/data-path.json' with { type: 'json' };
import moduleVectors from '../vectors/module.json' with { type: 'json' };

/** What a cipher of OpenSSL makes of key, header, nonce and inner packet. */
function sealed(cipher: CipherGCMTypes | 'chacha20-poly1305', vector: Vector): string {
  const { side, epoch, counter } = vector;
  const inner = Buffer.from(vector.inner, 'hex');
  const flags = (epoch << 1) | side;
  const header = Buffer.alloc(16);
  header[0] = 0x80;
  header[1] = 0x10 | flags;
  header.writeUIntBE(counter, 2, 6);
  header.write(vector.pathId, 8, 'hex');
  const nonce = Buffer.alloc(12);
  nonce.writeUIntLE(counter, 4, 6);
  nonce[10] = flags;
  const options = { authTagLength: 16 };
  const key = Buffer.from(vector.key, 'hex');
  const sealing =
    cipher === 'chacha20-poly1305'
      ? createCipheriv(cipher, key, nonce, options)
      : createCipheriv(cipher, key, nonce, options);
  sealing.setAAD(header, { plaintextLength: inner.length });
  const body = Buffer.concat([sealing.update(inner), sealing.final(), sealing.getAuthTag()]);
  return Buffer.concat([header, body]).toString('hex');
}

type Vector = Omit<(typeof vectors)[number], 'name'>;

test('every datagram is what RFC 8439 makes of key, header, nonce and inner packet', () => {
  for (const vector of vectors) {
    assert.is(sealed('chacha20-poly1305', vector), vector.datagram, vector.name);
  }
  assert.equal([...new Set(vectors.map(({ side }) => side))].sort(), [0, 1]);
  assert.equal([...new Set(vectors.map(({ epoch }) => epoch))].sort(), [0, 1, 2, 3]);
});

test("the packets of the module's self-test are what their ciphers make", () => {
  const [chacha, aes, ...others] = moduleVectors;
  assert.ok(chacha && aes && others.length === 0);
  assert.is(sealed('chacha20-poly1305', chacha), chacha.datagram);
  assert.is(sealed('aes-128-gcm', aes), aes.datagram);
});

test.run();
