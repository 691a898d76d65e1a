/** Addresses and endpoints as the module's attributes, and back. */
import {
  type Endpoint,
  endpoint,
  endpointIp,
  endpointPort,
  type Ip,
  ipBytes,
  ipFromBytes,
  isIpv6,
} from '../../base/ip.ts';

export interface AddressValues {
  readonly ipv4?: number | undefined;
  readonly ipv6?: Uint8Array | undefined;
}

export interface EndpointValues extends AddressValues {
  readonly port?: number | undefined;
}

export function addressValues(ip: Ip): AddressValues {
  const bytes = ipBytes(ip);
  if (isIpv6(ip)) return { ipv6: bytes };
  return { ipv4: new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) };
}

export function endpointValues(value: Endpoint): EndpointValues {
  return { ...addressValues(endpointIp(value)), port: endpointPort(value) };
}

export function ipOf(values: AddressValues | undefined): Ip | undefined {
  if (values?.ipv6?.length === 16) return ipFromBytes(values.ipv6);
  if (values?.ipv4 === undefined) return undefined;
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, values.ipv4);
  return ipFromBytes(bytes);
}

export function endpointOf(values: EndpointValues | undefined): Endpoint | undefined {
  const ip = ipOf(values);
  return ip !== undefined && values?.port ? endpoint(ip, values.port) : undefined;
}
