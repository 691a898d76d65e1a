/**
 * Applications that know nothing of NTMobile, curl and ssh, go to `cn.zone-b`: the name goes through the system's
 * resolver and dnsmasq to the stub of the node, from there through two Direction Servers, and the path is built
 * for it. Then the node moves, and the transfer goes on to its last byte, the session to its last line. Needs root.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { nowMs, sleep } from './agent/clock.ts';
import { Lab } from './lab.ts';
import { buildProgramsIn, programsIn } from './own-programs.ts';
import { mobilePlaces } from './topology.ts';

const root = process.getuid?.() === 0;
const check = root ? test : test.skip;
const lab = new Lab();
const built = mkdtempSync(join(tmpdir(), 'ntm-names-'));
const forwardFile = join(lab.folder, 'dnsmasq.conf');
/** `ip netns exec` shows a program the files of these folders in /etc. */
const etc = `/etc/netns/${lab.namespaces.of('mn')}`;
const peerEtc = `/etc/netns/${lab.namespaces.of('cn')}`;

const pieces = 60;
const pieceBytes = 20_000;
/** A piece every 100 ms: the transfer lasts longer than the move. */
const server = `
  const piece = (n) => Buffer.alloc(${pieceBytes}, String(n % 10));
  require('node:http').createServer(async (request, response) => {
    for (let n = 0; n < ${pieces}; n += 1) {
      response.write(piece(n));
      await new Promise((done) => setTimeout(done, 100));
    }
    response.end();
  }).listen(80, '::');`;

function wanted(): string {
  const hash = createHash('sha256');
  for (let n = 0; n < pieces; n += 1) hash.update(Buffer.alloc(pieceBytes, String(n % 10)));
  return hash.digest('hex');
}

test.before(async () => {
  if (!root) return;
  mkdirSync(lab.folder, { recursive: true });
  await lab.build(() => undefined);
  await buildProgramsIn(built);
  await lab.startOverlay(
    programsIn(built),
    {
      dataPath: 'auto',
      netem: false,
      overlap: false,
      suite: 'chacha20-poly1305',
      home: false,
      nodeOptions: { mn: `\toption dns_forward_file '${forwardFile}'\n` },
    },
    () => undefined,
  );
  for (const folder of [etc, peerEtc]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(etc, 'resolv.conf'), 'nameserver 127.0.0.1\noptions attempts:5\n');
  await startForwarder();
});

async function startForwarder(): Promise<void> {
  await until('the lines for dnsmasq', () => existsSync(forwardFile));
  await until('both zones', () => readFileSync(forwardFile, 'utf8').includes('/zone-b/'));
  const dnsmasq = ['dnsmasq', '--keep-in-foreground', '--no-resolv', '--no-hosts'];
  const rebind = ['--stop-dns-rebind', '--listen-address=127.0.0.1', '--bind-interfaces'];
  const words = [...dnsmasq, ...rebind, '--user=root', '--pid-file=', `--conf-file=${forwardFile}`];
  lab.namespaces.start('mn', words, { stdio: 'ignore' });
}

test.after(async () => {
  await lab.remove();
  for (const folder of [etc, peerEtc, built]) rmSync(folder, { recursive: true, force: true });
});

async function until(what: string, good: () => boolean | Promise<boolean>): Promise<void> {
  const end = nowMs() + 20_000;
  while (!(await good())) {
    if (nowMs() > end) throw new Error(`not in time: ${what}`);
    await sleep(50);
  }
}

check(
  'curl fetches from a peer by name across two Direction Servers, and goes on over a move',
  async () => {
    const { namespaces } = lab;
    namespaces.start('cn', [process.execPath, '-e', server], { stdio: 'ignore' });
    await until('a web server', () =>
      namespaces
        .run('cn', ['curl', '-s', '-o', '/dev/null', '-m', '1', '-r', '0-0', 'http://127.0.0.1/'])
        .then(
          () => true,
          (error: Error) => error.message.includes('28'),
        ),
    );

    const args = [
      'netns',
      'exec',
      namespaces.of('mn'),
      'curl',
      '-sS',
      '-m',
      '60',
      // On a busy machine the first name may take longer than the stub lets its asker wait.
      ...['--retry', '5', '--retry-delay', '1', '--retry-all-errors'],
      'http://cn.zone-b/',
    ];
    const curl = spawn('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const hash = createHash('sha256');
    let bytes = 0;
    let complaint = '';
    curl.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      hash.update(chunk);
    });
    curl.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    const ended = new Promise<number | null>((resolve) => curl.on('close', resolve));
    await until('the first bytes', () => bytes > pieceBytes || curl.exitCode !== null);
    assert.is(complaint, '');
    const before = bytes;
    await lab.mobile.move(mobilePlaces.A1, 'hard');
    const code = await ended;
    assert.is(complaint, '');
    assert.is(code, 0);
    assert.ok(before < pieces * pieceBytes, 'the move came before the end');
    assert.is(bytes, pieces * pieceBytes);
    assert.is(hash.digest('hex'), wanted());
  },
);

/** A real sshd at the virtual IPs of the peer, with keys that nobody else has and that end with this test. */
async function startSshd(): Promise<void> {
  const { namespaces, overlay } = lab;
  for (const name of ['host', 'user']) {
    const words = ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', name];
    await namespaces.run('cn', [...words, '-f', join(built, name)]);
  }
  const publicKey = (name: string) => readFileSync(join(built, `${name}.pub`), 'utf8');
  writeFileSync(join(built, 'known_hosts'), `cn.zone-b ${publicKey('host')}`);
  writeFileSync(join(built, 'authorized_keys'), publicKey('user'), { mode: 0o600 });
  const node = (await overlay?.daemons.cn.call('status'))?.node;
  writeFileSync(
    join(built, 'sshd_config'),
    `ListenAddress ${node?.virtualIpv4}
ListenAddress ${node?.virtualIpv6}
HostKey ${join(built, 'host')}
AuthorizedKeysFile ${join(built, 'authorized_keys')}
PermitRootLogin prohibit-password
PasswordAuthentication no
StrictModes no
UsePAM no
PidFile none
`,
  );
  // On some machines root has no way in at all.
  writeFileSync(join(peerEtc, 'shadow'), 'root:*:20000:0:99999:7:::\n', { mode: 0o600 });
  // sshd wants a folder under /run; the mounts of a program in a namespace are its own.
  const own = 'mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec "$@"';
  const sshd = ['/usr/sbin/sshd', '-D', '-e', '-f', join(built, 'sshd_config')];
  namespaces.start('cn', ['sh', '-c', own, 'sh', ...sshd], {
    stdio: ['ignore', 'ignore', openSync(join(lab.folder, 'sshd.log'), 'a')],
  });
  await until('an ssh server', async () =>
    (await namespaces.run('cn', ['ss', '-ltn'])).includes(`${node?.virtualIpv4}:22 `),
  );
}

/** What runs at the far end: says each line again, and the last one only when all is over. */
const echoLines = 'while read -r line; do echo "heard $line"; done; echo over';
const lines = 40;

check('an ssh session to a peer by name goes on over a move', async () => {
  await startSshd();
  const files = [
    '-i',
    join(built, 'user'),
    '-o',
    `UserKnownHostsFile=${join(built, 'known_hosts')}`,
  ];
  const options = ['BatchMode=yes', 'StrictHostKeyChecking=yes', 'IdentitiesOnly=yes'];
  const words = ['ssh', '-F', 'none', ...files, ...options.flatMap((option) => ['-o', option])];
  const ssh: ChildProcess = lab.namespaces.start('mn', [...words, 'root@cn.zone-b', echoLines], {
    stdio: 'pipe',
  });
  const ended = new Promise<number | null>((resolve) => ssh.on('close', resolve));
  let said = '';
  let complaint = '';
  ssh.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  ssh.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  ssh.stdin?.on('error', () => undefined);
  const heard = () => said.split('\n').length - 1;
  let moved: Promise<unknown> = Promise.resolve();
  for (let line = 1; line <= lines; line += 1) {
    ssh.stdin?.write(`line ${line}\n`);
    // The session is there before it is moved.
    if (line === 1) await until('the first line', () => heard() > 0 || ssh.exitCode !== null);
    if (line === lines / 2) moved = lab.mobile.move(mobilePlaces.B1, 'hard');
    await sleep(50);
  }
  await moved;
  ssh.stdin?.end();
  assert.is(await ended, 0, complaint);
  const wantedLines = Array.from({ length: lines }, (_, line) => `heard line ${line + 1}\n`);
  assert.is(said, `${wantedLines.join('')}over\n`);
});

check(
  'virtual IPs have names, unknown names are known not to be, and other names are refused',
  async () => {
    const dig = (...args: string[]) =>
      lab.namespaces.run('mn', ['dig', '+time=3', '+tries=1', '-p', '5649', '@127.0.0.1', ...args]);
    const { cn, mn } = lab.overlay?.virtualIps ?? { cn: '', mn: '' };
    assert.is((await dig('+short', '-x', cn)).trim(), 'cn.zone-b.');
    assert.is((await dig('+short', '-x', mn)).trim(), 'mn.zone-a.');
    assert.is((await dig('+short', 'cn.zone-b', 'A')).trim(), cn);
    assert.match(await dig('+short', 'cn.zone-b', 'AAAA'), /^fd/);
    assert.match(await dig('nobody.zone-a', 'A'), /NXDOMAIN[\s\S]*AUTHORITY SECTION[\s\S]*SOA/);
    assert.match(await dig('+tcp', 'CN.Zone-B', 'A'), /NOERROR[\s\S]*CN\.Zone-B\.\s+5\s+IN\s+A/);
    assert.match(await dig('cn.zone-b', 'MX'), /NOERROR[\s\S]*ANSWER: 0/);
    assert.match(await dig('example.org', 'A'), /REFUSED/);
  },
);

check('the lines for dnsmasq are gone when the daemon has ended', async () => {
  await lab.overlay?.daemons.mn.stop();
  assert.not.ok(existsSync(forwardFile));
});

test.run();
