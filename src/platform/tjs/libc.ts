/** The C library's functions that the platform calls, bound once. */
import { bind } from './ffi.ts';

export const libc = bind(['libc.so.6', 'libc.so'], {
  open: ['int', 'string', 'int', '...', 'uint'],
  close: ['int', 'int'],
  read: ['ssize', 'int', 'buffer', 'size'],
  write: ['ssize', 'int', 'buffer', 'size'],
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
  bind: ['int', 'int', 'buffer', 'uint'],
  setsockopt: ['int', 'int', 'int', 'int', 'buffer', 'uint'],
  getsockopt: ['int', 'int', 'int', 'int', 'buffer', 'buffer'],
  getsockname: ['int', 'int', 'buffer', 'buffer'],
  sendto: ['ssize', 'int', 'buffer', 'size', 'int', 'buffer', 'uint'],
  recvfrom: ['ssize', 'int', 'buffer', 'size', 'int', 'buffer', 'buffer'],
  sendmmsg: ['int', 'int', 'buffer', 'uint', 'int'],
  recvmmsg: ['int', 'int', 'buffer', 'uint', 'int', 'buffer'],
  if_nametoindex: ['uint', 'string'],
});
