/** The running daemon: the host with its roles, the control socket, and what both say of themselves. */
import { fromUtf8 } from '../../base/bytes.ts';
import type { Suite } from '../../noise/suite.ts';
import { now } from '../../platform/clock.ts';
import { dispatchCall } from '../../platform/control/dispatch.ts';
import { ControlServer } from '../../platform/control/server.ts';
import type { NameSettings } from '../../platform/dns/names.ts';
import type { HostedRole } from '../../platform/driver-ports.ts';
import { readFile } from '../../platform/files.ts';
import { Host } from '../../platform/host.ts';
import { LanExports } from '../../platform/lan-exports.ts';
import type { Log } from '../../platform/log.ts';
import { SystemRandom } from '../../platform/system-random.ts';
import { exitCodes } from '../../platform/tjs/exit.ts';
import { ProblemToMend } from '../../platform/tjs/system-error.ts';
import { connectUnix, listenUnix, type UnixListener } from '../../platform/tjs/unix-socket.ts';
import { UbusClient } from '../../platform/ubus/client.ts';
import { controlObject, controlObjectPath } from '../../platform/ubus/control-object.ts';
import { Netifd } from '../../platform/ubus/netifd.ts';
import { formatProblem } from '../../platform/uci/options.ts';
import { foreignZones } from '../../platform/uci/role-configs.ts';
import type { Settings } from '../../platform/uci/settings.ts';
import type { CheckRow, DaemonStatus, RoleName } from '../../protocol/control-results.ts';
import type { ControlAnswer, ControlCall, JsonObject } from '../../protocol/machine.ts';
import { version } from '../version.ts';
import type { DaemonArguments } from './arguments.ts';
import { loadSettings } from './preparation.ts';
import { applySettings, withLive } from './reload.ts';

const bytesPerMegabit = 125_000;

export interface DaemonParts {
  readonly given: DaemonArguments;
  readonly settings: Settings;
  readonly port: number;
  readonly log: Log;
  readonly suite: Suite;
  readonly roles: readonly HostedRole[];
  readonly names: NameSettings;
  /** Ends the process. */
  readonly exit: (code: number) => void;
}

const networkConfigPath = '/etc/config/network';
const farewellMs = 1000;

function readText(path: string): string | undefined {
  const content = readFile(path);
  return content && fromUtf8(content);
}

export class Daemon {
  readonly #parts: DaemonParts;
  readonly #host: Host;
  readonly #control: ControlServer;
  readonly #ubus: UbusClient;
  readonly #netifd: Netifd;
  readonly #exports: LanExports;
  #settings: Settings;
  /** Of the configuration, and of roles that have ended. */
  #problems: readonly string[];
  readonly #ended: string[] = [];
  readonly #startedAt = now();
  #listener: UnixListener | undefined;

  /** Takes port and device and lets the roles begin. Throws ProblemToMend or SystemError. */
  constructor(parts: DaemonParts) {
    const { log, settings, suite, roles, names } = parts;
    this.#parts = parts;
    this.#settings = settings;
    this.#problems = settings.problems.map(formatProblem);
    this.#control = new ControlServer({ call: (call) => this.#call(call) });
    this.#ubus = new UbusClient({
      connect: () => connectUnix(parts.given.ubus),
      log,
      random: new SystemRandom(),
    });
    const device = settings.node?.device ?? (settings.rs?.exit ? settings.rs.device : undefined);
    this.#netifd = new Netifd(this.#ubus, {
      device,
      log,
      readNetwork: () => readText(networkConfigPath),
      searchDomain: () => this.#zone(),
      restore: () => this.#host.restoreInterface(),
      withdraw: () => this.#host.withdrawInterface(),
      yieldRoutes: () => this.#host.yieldRoutes(),
    });
    const { exports = [] } = settings.node ?? {};
    this.#exports = new LanExports(
      { device: device ?? '', exports, closed: !settings.rs?.exit },
      log,
    );
    this.#ubus.serve(controlObject((call) => this.#call(call), this.#netifd.methods));
    this.#host = new Host({
      roles,
      suite,
      names,
      port: parts.port,
      device,
      kernelDevice: settings.node?.device ?? settings.rs?.device,
      dataPath: settings.dataPath,
      suites: settings.suites,
      relayBytesPerSecond: (settings.rs?.bandwidth ?? 0) * bytesPerMegabit,
      log,
      event: (role, name, data) => this.#publish(name, { role, ...data }),
      fatal: (role, text) => this.#roleEnded(role, text),
      interfaceChanged: (wanted) => {
        this.#exports.apply(wanted.addresses);
        this.#netifd.changed(wanted);
      },
      interfaceRemade: () => this.#netifd.remade(),
      crashed: (error, summary) => this.#crash(error, summary),
    });
    const roleNames = roles.map(({ name }) => name).join(', ');
    log.info(`ntmobiled ${version} runs ${roleNames} on UDP port ${this.#host.port}.`);
    const { kind, reason } = this.#host.dataPath;
    log.info(`Data path: ${kind}. ${reason}`);
    for (const each of settings.suites) {
      if (this.#host.suites.includes(each)) continue;
      log.warn(`list suite: this data path has no ${each}, so no path gets it.`);
    }
    if (!this.#host.marked) log.warn('The firewall mark was refused: exit routes cannot be used.');
  }

  #publish(name: string, data: JsonObject): void {
    this.#control.publish(name, data);
    this.#ubus.publish(controlObjectPath, name, data);
  }

  async listen(): Promise<void> {
    this.#ubus.start();
    this.#listener = await listenUnix(this.#parts.given.control, (stream) => {
      void this.#control.serve(stream);
    });
  }

  #call(call: ControlCall): Promise<ControlAnswer> {
    if (call.method === 'reload') return Promise.resolve(this.reload());
    const { driver } = this.#host;
    const view = {
      roles: driver.roles,
      ask: (role: RoleName, asked: ControlCall) => driver.ask(role, asked),
      status: () => this.#status(),
      checks: () => this.#checks(),
      unixSeconds: () => Math.floor(Date.now() / 1000),
    };
    return dispatchCall(view, call);
  }

  /** Reads the configuration again; also for SIGHUP. Never throws. */
  reload(): ControlAnswer {
    const { given, log } = this.#parts;
    try {
      const settings = loadSettings(given, false);
      const result = applySettings(this.#settings, settings, {
        setLogLevel: (level) => log.setLevel(level),
        setZones: (ds) => this.#host.setZones(foreignZones(ds)),
        setExports: ({ exports }) => this.#exports.replace(exports),
      });
      this.#problems = result.problems;
      this.#settings = withLive(this.#settings, settings);
      for (const line of result.applied) log.info(line);
      for (const line of result.pending) log.warn(line);
      for (const line of result.problems) log.error(line);
      return { ok: true, result };
    } catch (error) {
      const text = `The configuration cannot be read: ${(error as Error).message}`;
      log.error(text);
      return { ok: false, error: text };
    }
  }

  #roleEnded(role: RoleName, text: string): void {
    this.#parts.log.error(`${role}: ${text}`);
    this.#ended.push(`${role}: ${text}`);
    if (this.#host.driver.roles.length === 0) this.stop(exitCodes.failure);
  }

  #crash(error: unknown, summary: JsonObject): void {
    const { log } = this.#parts;
    if (error instanceof ProblemToMend) {
      log.error(error.message);
      return this.#parts.exit(exitCodes.systemError);
    }
    const text = error instanceof Error ? `${error.message} ${error.stack ?? ''}` : String(error);
    log.error(`A mistake of our own: ${text}`);
    log.error(`State: ${JSON.stringify(summary)}`);
    this.#parts.exit(exitCodes.internal);
  }

  get #standing(): readonly string[] {
    return [...this.#problems, ...this.#ended, ...this.#host.nameProblems];
  }

  #status(): DaemonStatus {
    const counters: Record<string, number> = {};
    for (const [part, counts] of Object.entries(this.#host.counters())) {
      for (const [name, count] of Object.entries(counts)) counters[`${part} ${name}`] = count;
    }
    return {
      version,
      uptimeMs: Math.round(now() - this.#startedAt),
      port: this.#host.port,
      dataPath: this.#host.dataPath,
      suites: this.#host.suites,
      problems: this.#standing,
      counters,
    };
  }

  #checks(): readonly CheckRow[] {
    const act = `Mend it in ${this.#parts.given.config} and restart the daemon.`;
    const standing = this.#standing.map(
      (finding): CheckRow => ({ check: 'Daemon', state: 'fail', finding, act }),
    );
    return [...standing, ...this.#host.nameChecks];
  }

  /** Of the domain that names without a dot are looked for in. */
  async #zone(): Promise<string | undefined> {
    const { driver } = this.#host;
    if (!driver.roles.includes('node')) return undefined;
    const answer = await driver.ask('node', { method: 'status', arguments: {} });
    const zone = answer.ok ? answer.result['zone'] : undefined;
    return typeof zone === 'string' ? zone : undefined;
  }

  /** Says goodbye to the peers and to netifd, which may take its time, and ends the process. */
  stop(code: number): void {
    const ended = (): void => {
      this.#ubus.stop();
      this.#parts.exit(code);
    };
    this.#host.stop();
    this.#listener?.close();
    setTimeout(ended, farewellMs);
    Promise.all([this.#netifd.lost(), this.#exports.remove()]).then(ended, ended);
  }
}
