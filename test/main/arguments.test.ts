import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ParsedCommand, parseArguments } from '../../src/main/cli/arguments.ts';
import { type CommandName, commandTable } from '../../src/main/cli/command-table.ts';
import { commandHelp, generalHelp } from '../../src/main/cli/help.ts';

function parse(line: string): ReturnType<typeof parseArguments> {
  return parseArguments(line === '' ? [] : line.split(' '));
}

function errorOf(line: string): string {
  const parsed = parse(line);
  return parsed.kind === 'wrong' ? parsed.error : `(${parsed.kind})`;
}

test('a command takes its arguments and options in any order', () => {
  for (const line of [
    'invite phone --relay --hours 3 --json --control /run/x',
    '--control=/run/x --json invite --hours=3 --relay phone',
  ]) {
    const parsed = parse(line) as ParsedCommand;
    assert.is(parsed.kind, 'command', line);
    assert.is(parsed.name, 'invite');
    assert.equal(parsed.positionals, ['phone']);
    assert.equal(Object.fromEntries(parsed.valueByOption), { hours: '3', control: '/run/x' });
    assert.equal([...parsed.switches].sort(), ['json', 'relay']);
  }
});

test('short forms stand for the long ones', () => {
  const parsed = parse('ping -c 2 -j peer') as ParsedCommand;
  assert.is(parsed.valueByOption.get('count'), '2');
  assert.ok(parsed.switches.has('json'));
});

test('what follows a lone double hyphen is no option, and a lone hyphen is an argument', () => {
  assert.equal((parse('connect -- --odd') as ParsedCommand).positionals, ['--odd']);
  assert.equal((parse('join -') as ParsedCommand).positionals, ['-']);
});

test('without a command there is help', () => {
  assert.equal(parse(''), { kind: 'help', name: undefined });
  assert.equal(parse('--help'), { kind: 'help', name: undefined });
  assert.equal(parse('ping --help'), { kind: 'help', name: 'ping' });
  assert.equal(parse('help ping'), { kind: 'help', name: 'ping' });
  assert.equal(parse('--version'), { kind: 'version' });
});

test('an unknown command suggests the nearest', () => {
  assert.match(errorOf('stauts'), /no command "stauts".*"status"/);
  assert.match(errorOf('handover'), /"handovers"/);
  assert.match(errorOf('xyzzy'), /--help/);
  assert.match(errorOf('help pin'), /"ping"/);
});

test('an unknown option suggests the nearest of that command', () => {
  assert.match(errorOf('ping peer --cuont 2'), /"--cuont" of "ping".*"--count"/);
  assert.match(errorOf('status --realy'), /"--realy" of "status"/);
});

test('missing and surplus arguments are named', () => {
  assert.match(errorOf('ping'), /"ping" needs PEER: name, virtual IP or Node ID/);
  assert.match(errorOf('rename a'), /"rename" needs NEW-NAME/);
  assert.match(errorOf('status now'), /"now" is too much/);
  assert.match(errorOf('ping a --count'), /"--count" needs N/);
  assert.match(errorOf('ping a --json=1'), /"--json" takes no value/);
});

test('the help names every command, and each command every option of its own', () => {
  const general = generalHelp('1.2.3');
  for (const name of Object.keys(commandTable) as CommandName[]) {
    assert.match(general, new RegExp(`^  ${name}\\b`, 'm'));
    const help = commandHelp(name);
    for (const option of Object.keys(commandTable[name].options)) {
      assert.ok(help.includes(`--${option}`), `${name} --${option}`);
    }
    for (const line of help.split('\n')) assert.ok(line.length <= 100, line);
  }
  for (const line of general.split('\n')) assert.ok(line.length <= 100, line);
});

test.run();
