/**
 * What the browser tests share: real daemons in namespaces, each with a web server of its own in front, and
 * a headless Chromium.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { Daemon } from '../lab/daemon.ts';
import { dsSection, type Host, mainSection, nodeSection, Rig } from '../main/daemon/rig.ts';
import { Router } from './router.ts';

const root = process.env['NTM_ROOT'] ?? '.';

/** Where the set-up found the browser. */
const executablePath = process.env['NTM_CHROMIUM'] ?? '/usr/bin/chromium';

export const rsSection = `
config rs 'rs'
	option enabled '1'
	option name 'relay'
	list address '203.0.113.10:4649'
`;

/** As the package `ntmobile` ships it: every role there, none enabled. */
export const nothingEnabled = ['node', 'ds', 'rs']
  .map((role) => `config ${role} '${role}'\n\toption enabled '0'\n`)
  .join('\n');

async function build(folder: string): Promise<void> {
  const at = (name: string) => JSON.stringify(join(folder, name));
  const script = `
    const { bundle } = await import(${JSON.stringify(join(root, 'esbuild.config.mjs'))});
    const { buildLuci } = await import(${JSON.stringify(join(root, 'luci/build.mjs'))});
    await Promise.all([
      buildLuci(${at('packages')}),
      bundle({ entryPoints: ['test/luci/client/luci.mjs'], outfile: ${at('client.js')}, format: 'iife' }),
      bundle({ entryPoints: ['test/luci/crowd.ts'], outfile: ${at('crowd.mjs')}, platform: 'node' }),
    ]);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error('the pages cannot be built');
}

export class LuciWorld {
  readonly rig = new Rig();
  readonly #routers: Router[] = [];
  readonly #errors: string[] = [];
  #browser: Browser | undefined;
  page!: Page;

  async start(): Promise<void> {
    await Promise.all([this.rig.build(), build(this.rig.folder)]);
    this.#browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    await this.newPage();
  }

  /** A page without anything of the last one. */
  async newPage(width = 1100): Promise<Page> {
    await this.page?.context().close();
    const context = await (this.#browser as Browser).newContext({
      viewport: { width, height: 800 },
    });
    context.setDefaultTimeout(Number(process.env['NTM_PATIENCE'] ?? 20_000));
    this.page = await context.newPage();
    this.page.on('pageerror', (error) => this.#errors.push(String(error.stack ?? error)));
    return this.page;
  }

  /** Errors of scripts since this was last asked. */
  takeErrors(): string[] {
    return this.#errors.splice(0);
  }

  async router(
    host: Host,
    label: string,
    config: string,
  ): Promise<{ daemon: Daemon; router: Router }> {
    const daemon = this.rig.daemon(host, label);
    daemon.configure(config);
    const router = new Router({
      daemon,
      packages: join(this.rig.folder, 'packages'),
      client: readFileSync(join(this.rig.folder, 'client.js'), 'utf8'),
    });
    this.#routers.push(router);
    await router.listen();
    return { daemon, router };
  }

  /** A Direction Server with a Relay Server and a node beside it, running. */
  async directionServer(
    pool = '198.18.0.0/24',
    ...nodeOptions: readonly string[]
  ): Promise<{ daemon: Daemon; router: Router }> {
    const made = await this.router(
      'ds-a',
      'ds',
      mainSection(4649, 'info') +
        dsSection(pool) +
        rsSection +
        nodeSection('ntm0', "option name 'server'", ...nodeOptions),
    );
    made.daemon.start();
    await made.daemon.until('status', ({ rs }) => rs?.state === 'registered', 'no Relay Server');
    return made;
  }

  /** A router that has joined as a node, running. */
  async node(host: Host, name: string, ds: Daemon): Promise<{ daemon: Daemon; router: Router }> {
    const made = await this.router(host, name, mainSection(4649, 'info') + nodeSection('ntm0'));
    await made.daemon.join((await ds.call('invite', { name })).invite);
    made.daemon.start();
    await made.daemon.until('status', ({ node }) => node?.state === 'registered', 'not registered');
    return made;
  }

  /** `count` nodes, in the namespace of `host`, until the world is removed. */
  async crowd(host: Host, ip: string, ds: Daemon, count: number): Promise<void> {
    const program = [process.execPath, join(this.rig.folder, 'crowd.mjs')];
    const words = [...program, ds.control, ip, String(count)];
    const child = this.rig.namespaces.start(host, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    await Promise.race([
      once(child.stdout as NodeJS.ReadableStream, 'data'),
      once(child, 'exit').then(() => Promise.reject(new Error('the crowd did not come'))),
    ]);
  }

  /** Opens a page and waits until it shows something of its own. */
  async visit(router: Router, view: string): Promise<Page> {
    await this.page.goto(router.url(view));
    await this.page.locator('body[data-ready]').waitFor();
    return this.page;
  }

  async picture(name: string): Promise<void> {
    const folder = join(root, 'out/luci-pictures');
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  }

  async remove(): Promise<void> {
    await this.#browser?.close();
    for (const router of this.#routers) router.close();
    await this.rig.remove();
  }
}
