/**
 * Field types of IP addresses, endpoints and prefixes. Every address has one spelling on the wire: an
 * IPv4-mapped IPv6 address is refused, since it is the IPv4 address, and a prefix has no bit set
 * behind its length. Whether an address may be sent to is the receiver's judgement, not the codec's.
 */
import { AssertionFailure } from '../base/assert.ts';
import { type Reader, Writer } from '../base/bytes.ts';
import {
  type Endpoint,
  endpoint,
  endpointIp,
  endpointPort,
  type Ip,
  ipBytes,
  ipFromBytes,
  isIpv6,
  type Prefix,
  prefix,
  prefixIp,
  prefixLength,
} from '../base/ip.ts';
import { type Random, randomBelow } from '../base/random.ts';
import type { Field } from './fields.ts';

function readAddress(reader: Reader, length: 4 | 16): Ip {
  const address = ipFromBytes(reader.take(length));
  if (isIpv6(address) !== (length === 16)) reader.fail();
  return address;
}

function sampleAddress(random: Random, length: number): Ip {
  const raw = random.bytes(length);
  raw[0] = length === 16 ? 0x20 : 0xc0;
  // Zero groups in the middle are what the text form of IPv6 is about.
  if (length === 16 && randomBelow(random, 2) === 0)
    raw.fill(0, 4, 2 * (3 + randomBelow(random, 6)));
  return ipFromBytes(raw);
}

function addressOf(length: 4 | 16, name: string): Field<Ip> {
  return {
    description: `${name} address (${length} bytes)`,
    least: length,
    most: length,
    read: (reader) => readAddress(reader, length),
    write: (writer, value) => {
      const raw = ipBytes(value);
      if (raw.length !== length) {
        throw new AssertionFailure(`an ${name} address is written here`);
      }
      writer.put(raw);
    },
    sample: (random) => sampleAddress(random, length),
    show: String,
  };
}

export const ipv4 = addressOf(4, 'IPv4');
export const ipv6 = addressOf(16, 'IPv6');

function readIp(reader: Reader): Ip {
  const family = reader.u8();
  if (family !== 4 && family !== 6) reader.fail();
  return readAddress(reader, family === 6 ? 16 : 4);
}

function writeIp(writer: Writer, value: Ip): void {
  const raw = ipBytes(value);
  writer.u8(raw.length === 16 ? 6 : 4).put(raw);
}

/** The endpoints that were written last, as they stand on the wire: one move tells several of the same. */
const writtenEndpoints = new Map<Endpoint, Uint8Array>();
const endpointsKept = 256;

function endpointBytes(value: Endpoint): Uint8Array {
  let bytes = writtenEndpoints.get(value);
  if (bytes === undefined) {
    const writer = new Writer(19);
    writeIp(writer, endpointIp(value));
    bytes = writer.u16(endpointPort(value)).bytes;
    if (writtenEndpoints.size >= endpointsKept) writtenEndpoints.clear();
    writtenEndpoints.set(value, bytes);
  }
  return bytes;
}

function sampleIp(random: Random): Ip {
  return sampleAddress(random, randomBelow(random, 2) === 0 ? 4 : 16);
}

/** An address of either family. */
export const ip: Field<Ip> = {
  description: 'IP address: 4 or 6 (u8), then 4 or 16 bytes',
  least: 5,
  most: 17,
  read: readIp,
  write: writeIp,
  sample: sampleIp,
  show: String,
};

/** An endpoint whose port is not 0. */
export const endpointField: Field<Endpoint> = {
  description: 'endpoint: IP address, then port (u16, not 0)',
  least: 7,
  most: 19,
  read: (reader) => {
    const address = readIp(reader);
    const port = reader.u16();
    if (port === 0) reader.fail();
    return endpoint(address, port || 1);
  },
  write: (writer, value) => {
    writer.put(endpointBytes(value));
  },
  sample: (random) => endpoint(sampleIp(random), 1 + randomBelow(random, 0xffff)),
  show: String,
};

/** A prefix in canonical form: no bit set behind its length. */
export const prefixField: Field<Prefix> = {
  description: 'prefix: IP address, then length in bits (u8)',
  least: 6,
  most: 18,
  read: (reader) => {
    const address = readIp(reader);
    const length = reader.u8();
    if (length > (isIpv6(address) ? 128 : 32)) reader.fail();
    const value = prefix(address, reader.ok ? length : 0);
    if (prefixIp(value) !== address) reader.fail();
    return value;
  },
  write: (writer, value) => {
    writeIp(writer, prefixIp(value));
    writer.u8(prefixLength(value));
  },
  sample: (random) => {
    const address = sampleIp(random);
    return prefix(address, 8 + randomBelow(random, isIpv6(address) ? 121 : 25));
  },
  show: String,
};
