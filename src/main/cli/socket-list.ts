/** The kernel's list of UDP sockets, /proc/net/udp and udp6: whether one is bound to a port. */

export function udpPortInUse(table: string, port: number): boolean {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return table
    .split('\n')
    .slice(1)
    .some((line) => line.trim().split(/\s+/)[1]?.split(':')[1] === wanted);
}
