/** The C library's functions that the platform calls, bound once. */
import { bind } from './ffi.ts';

const names = ['libc.so.6', 'libc.so'];

const general = bind(names, {
  open: ['int', 'string', 'int', '...', 'uint'],
  close: ['int', 'int'],
  fsync: ['int', 'int'],
  flock: ['int', 'int', 'int'],
  ftruncate: ['int', 'int', 'ulong'],
  dup3: ['int', 'int', 'int', 'int'],
  ioctl: ['int', 'int', 'ulong', '...', 'buffer'],
  rename: ['int', 'string', 'string'],
  unlink: ['int', 'string'],
  mkdir: ['int', 'string', 'uint'],
  chmod: ['int', 'string', 'uint'],
  umask: ['uint', 'uint'],
  geteuid: ['uint'],
  socket: ['int', 'int', 'int', 'int'],
  connect: ['int', 'int', 'buffer', 'uint'],
  bind: ['int', 'int', 'buffer', 'uint'],
  setsockopt: ['int', 'int', 'int', 'int', 'buffer', 'uint'],
  getsockopt: ['int', 'int', 'int', 'int', 'buffer', 'buffer'],
  getsockname: ['int', 'int', 'buffer', 'buffer'],
  sendto: ['ssize', 'int', 'buffer', 'size', 'int', 'buffer', 'uint'],
  recvfrom: ['ssize', 'int', 'buffer', 'size', 'int', 'buffer', 'buffer'],
  if_nametoindex: ['uint', 'string'],
});

/** Called for every packet or batch, with lengths of arrays and descriptors that are open. */
const hot = bind(
  names,
  {
    read: ['ssize', 'int', 'buffer', 'size'],
    write: ['ssize', 'int', 'buffer', 'size'],
    sendmmsg: ['int', 'int', 'buffer', 'uint', 'int'],
    recvmmsg: ['int', 'int', 'buffer', 'uint', 'int', 'buffer'],
  },
  true,
);

export const libc = { ...general, ...hot };
