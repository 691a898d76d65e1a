/** Numbers under /proc/sys by their path there, such as "net/ipv4/conf/eth0/rp_filter". */
import { fromUtf8, utf8 } from '../base/bytes.ts';
import { readFile } from './files.ts';
import { fileConstants } from './tjs/abi.ts';
import { libc } from './tjs/libc.ts';

/** 0 when there is no such setting. */
export function readSetting(path: string): number {
  const content = readFile(`/proc/sys/${path}`);
  return content === undefined ? 0 : Number(fromUtf8(content)?.trim());
}

/** Whether the system took it. */
export function writeSetting(path: string, value: number): boolean {
  const { O_WRONLY, O_CLOEXEC } = fileConstants;
  const fd = libc.open(`/proc/sys/${path}`, O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0) return false;
  const text = utf8(`${value}\n`);
  const written = libc.write(fd, text, text.length) === text.length;
  libc.close(fd);
  return written;
}
