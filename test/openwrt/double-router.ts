/**
 * A router's file system with our package installed, in which Debian's busybox ash runs the package's own
 * scripts; uci, procd, ubus, nft and netifd's library are doubles that note how they are called
 * (`double/`). Needs root, for chroot.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Package } from '../../openwrt/package/package-files.ts';

export interface Ran {
  readonly code: number | null;
  /** Standard output and standard error. */
  readonly text: string;
}

const places = ['bin', 'sbin', 'usr/bin', 'usr/sbin'];

export class DoubleRouter {
  readonly root = mkdtempSync(join(tmpdir(), 'ntm-router-'));

  constructor(projectRoot: string, installed: Package) {
    chmodSync(this.root, 0o755);
    for (const folder of [...places, 'tmp', 'dev', 'var/run', 'etc/config']) {
      mkdirSync(join(this.root, folder), { recursive: true });
    }
    cpSync(join(projectRoot, 'test/openwrt/double'), this.root, { recursive: true });
    this.#installBusybox();
    for (const { path, mode, content } of installed.files) {
      this.write(path, content);
      chmodSync(join(this.root, path), mode);
    }
  }

  #installBusybox(): void {
    const busybox = execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim();
    copyFileSync(busybox, join(this.root, 'bin/busybox'));
    const libraries =
      spawnSync('ldd', [busybox], { encoding: 'utf8' }).stdout.match(/\/\S+/g) ?? [];
    for (const library of libraries) {
      mkdirSync(join(this.root, dirname(library)), { recursive: true });
      copyFileSync(library, join(this.root, library));
    }
    const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n');
    for (const applet of applets.map((name) => basename(name))) {
      const taken = places.some((place) => existsSync(join(this.root, place, applet)));
      if (!taken) symlinkSync('/bin/busybox', join(this.root, 'bin', applet));
    }
  }

  write(path: string, content: string | Uint8Array): void {
    mkdirSync(join(this.root, dirname(path)), { recursive: true });
    writeFileSync(join(this.root, path), content);
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  run(script: string): Ran {
    const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/' };
    const args = [this.root, '/bin/sh', '-c', script];
    const { status, stdout, stderr } = spawnSync('chroot', args, {
      encoding: 'utf8',
      env: environment,
      timeout: 30_000,
    });
    return { code: status, text: `${stdout}${stderr}` };
  }

  /** Runs it and gives back what the doubles noted meanwhile, a line a call. */
  calls(script: string): string[] {
    this.write('/tmp/calls', '');
    const { code, text } = this.run(script);
    if (code !== 0) throw new Error(`"${script}" ended with ${code}: ${text}`);
    return this.read('/tmp/calls').split('\n').filter(Boolean);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
