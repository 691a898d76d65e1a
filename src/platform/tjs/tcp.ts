/** TCP streams over the engine's own sockets: listening, with a call per connection. */
import { type Endpoint, endpointIp, endpointPort, isIpv6 } from '../../base/ip.ts';
import { acceptAll, type ByteStream } from './stream.ts';

export interface TcpListener {
  close(): void;
}

/** Rejects with the engine's error (`code` EADDRINUSE, EADDRNOTAVAIL, EACCES). */
export async function listenTcp(
  at: Endpoint,
  accept: (stream: ByteStream) => void,
): Promise<TcpListener> {
  const server = await tjs.listen(
    'tcp',
    endpointIp(at),
    endpointPort(at),
    isIpv6(endpointIp(at)) ? { ipv6Only: true } : {},
  );
  await (server as Partial<TjsPipeServer>).opened;
  acceptAll(server, accept).catch(() => {
    // Accepting ends with an error when the listener is closed: that is its end.
  });
  return { close: () => (server as { close(): void }).close() };
}
