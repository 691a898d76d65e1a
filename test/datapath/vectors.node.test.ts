/** The vectors of the data path, made again from their inputs with another library and code of their own. */
import { createCipheriv } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import vectors from '../vectors/data-path.json' with { type: 'json' };

test('every datagram is what RFC 8439 makes of key, header, nonce and inner packet', () => {
  for (const vector of vectors) {
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
    const key = Buffer.from(vector.key, 'hex');
    const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
    cipher.setAAD(header, { plaintextLength: inner.length });
    const body = Buffer.concat([cipher.update(inner), cipher.final(), cipher.getAuthTag()]);
    assert.is(Buffer.concat([header, body]).toString('hex'), vector.datagram, vector.name);
  }
  assert.equal([...new Set(vectors.map(({ side }) => side))].sort(), [0, 1]);
  assert.equal([...new Set(vectors.map(({ epoch }) => epoch))].sort(), [0, 1, 2, 3]);
});

test.run();
