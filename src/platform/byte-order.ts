/** Whether this machine stores the low byte first: the order of netlink and of C structures. */
export const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
