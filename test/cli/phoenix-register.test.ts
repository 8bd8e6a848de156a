// `payout-guard phoenix register` against the simulator: what it sends, saves, and says.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { phoenix } from 'payout-guard/providers/phoenix';
import type { PhoenixSimulator, PhoenixSimulatorOptions } from 'payout-guard/testing';
import { runCommand } from '../../src/cli/command.js';
import { closeAll, guardOf, startPhoenix } from '../providers/support.js';
import { isSeen } from '../support/sights.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'payout-guard-cli-'));
});

afterEach(async () => {
  await closeAll();
  await rm(folder, { recursive: true, force: true });
});

const initialSecret = 'initial-secret-Zk4tR8wN1c';
const password = 'password-7Qm2vX9sLp';
const env = { PHOENIX_CLIENT_SECRET: initialSecret, PHOENIX_PASSWORD: password };
const steps = ['/client/clientRegistration', '/client/completeClientRegistration'] as const;

async function simulated(options: PhoenixSimulatorOptions = {}): Promise<PhoenixSimulator> {
  return startPhoenix({ registered: false, clientSecret: initialSecret, password, available: '1000', ...options });
}

const at = (name: string) => join(folder, name);
const read = (name: string) => readFile(at(name), 'utf8');
const modeOf = async (name: string) => (await stat(at(name))).mode & 0o777;

/** Arguments of a registration; `changes` replace or, with undefined, leave out. */
function args(simulator: PhoenixSimulator, changes: Record<string, string | undefined> = {}): string[] {
  const { clientId, terminalId } = simulator.credentials();
  const options: Record<string, string | undefined> = {
    'base-url': simulator.url,
    'client-id': clientId,
    'terminal-id': terminalId,
    'serial-id': 'till-1',
    'new-private-key': at('key.pem'),
    'secret-out': at('secret'),
    ...changes,
  };
  const given = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
  return ['phoenix', 'register', ...given];
}

interface Outcome {
  readonly code: number;
  readonly said: string;
  readonly complained: string;
}

async function run(
  given: readonly string[],
  how: { env?: Record<string, string>; answer?: string } = {},
): Promise<Outcome> {
  const said: string[] = [];
  const complained: string[] = [];
  const code = await runCommand(given, {
    env: how.env ?? env,
    print: (line) => said.push(line),
    printError: (line) => complained.push(line),
    ask: async () => how.answer ?? '',
  });
  const outcome = { code, said: said.join('\n'), complained: complained.join('\n') };
  for (const secret of [initialSecret, password]) {
    expect(isSeen(secret, `${outcome.said}${outcome.complained}`)).toBe(false);
  }
  return outcome;
}

/** How often each step was asked for. */
const asked = (simulator: PhoenixSimulator) => steps.map((step) => simulator.count(step));

describe('phoenix register', () => {
  it('as a process: makes the key, saves the new secret for nobody else, prints neither, and both work', async () => {
    const simulator = await simulated();
    const command = ['node_modules/tsx/dist/cli.mjs', 'src/cli/main.ts', ...args(simulator)];
    const child = spawn(process.execPath, command, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('The terminal is registered.');
    const secret = (await read('secret')).trim();
    const privateKey = await read('key.pem');
    expect(secret).toBe(simulator.credentials().clientSecret);
    expect(await read('secret')).toBe(`${secret}\n`);
    expect([await modeOf('secret'), await modeOf('key.pem')]).toEqual([0o600, 0o600]);
    for (const hidden of [secret, initialSecret, password, privateKey.slice(100, 160)]) {
      expect(isSeen(hidden, stdout + stderr)).toBe(false);
    }
    const { clientId, terminalId } = simulator.credentials();
    const options = { clientId, terminalId, serialId: 'till-1', appVersion: 'v1', password, privateKey };
    const provider = phoenix({ baseUrl: simulator.url, clientSecret: secret, ...options });
    expect((await guardOf(provider).checkFunds('1000')).sufficient).toBe(true);
    expect(asked(simulator)).toEqual([1, 1]);
  }, 30_000);

  it('takes secrets from files, a key that is there, and a profile', async () => {
    const simulator = await simulated();
    await writeFile(at('initial'), `${initialSecret}\n`);
    await writeFile(at('password'), `\n${password}\n`);
    await writeFile(at('own.pem'), simulator.credentials().privateKey);
    await writeFile(at('profile.json'), '{"name":"Acme","nin":"CM1","gprsCoordinate":"0.3,32.5"}');
    const given = args(simulator, {
      'new-private-key': undefined,
      'private-key': at('own.pem'),
      'client-secret-file': at('initial'),
      'password-file': at('password'),
      profile: at('profile.json'),
    });
    expect(await run(given, { env: {} })).toMatchObject({ code: 0, complained: '' });
    expect((await read('secret')).trim()).toBe(simulator.credentials().clientSecret);
  });

  it.each([
    ['upperHex', '4711'],
    ['base64OfHex', '4711'],
  ] as const)('registers a password as %s, and asks for a one-time code', async (form, otp) => {
    const simulator = await simulated({ otp });
    const given = [...args(simulator, { 'password-form': form }), '--ask-otp'];
    expect(await run(given, { answer: otp })).toMatchObject({ code: 0 });
    const { clientSecret, clientId, terminalId } = simulator.credentials();
    const options = { clientId, clientSecret, terminalId, serialId: 'till-1', appVersion: 'v1', password };
    const wrong = phoenix({ baseUrl: simulator.url, ...options, privateKey: await read('key.pem') });
    const right = phoenix({
      baseUrl: simulator.url,
      ...options,
      privateKey: await read('key.pem'),
      passwordForm: form,
    });
    await expect(guardOf(wrong).checkFunds('1')).rejects.toMatchObject({ reason: 'unauthorized' });
    expect((await guardOf(right).checkFunds('1000')).sufficient).toBe(true);
  });

  it.each(['secret', 'key.pem'])('replaces no file: %s stays as it is, and nothing is sent', async (name) => {
    const simulator = await simulated();
    await writeFile(at(name), 'precious');
    await chmod(at(name), 0o644);
    const { code, complained } = await run(args(simulator));
    expect([code, await read(name), await modeOf(name)]).toEqual([2, 'precious', 0o644]);
    expect(complained).toContain('there is such a file already, and it is not replaced');
    expect(await readdir(folder)).toEqual([name]);
    expect(simulator.count()).toBe(0);
  });

  it('follows no link to a file that is not there yet', async () => {
    const simulator = await simulated();
    await symlink(at('elsewhere'), at('secret'));
    expect((await run(args(simulator))).code).toBe(2);
    expect((await lstat(at('secret'))).isSymbolicLink()).toBe(true);
    expect(await readdir(folder)).not.toContain('elsewhere');
    expect(simulator.count()).toBe(0);
  });

  it('that is refused leaves the key for another attempt, and no empty secret', async () => {
    const simulator = await simulated();
    const wrong = { ...env, PHOENIX_CLIENT_SECRET: 'wrong' };
    const { code, complained } = await run(args(simulator), { env: wrong });
    expect(code).toBe(1);
    expect(complained).toContain('the first step failed (unauthorized: code 90063). The terminal is not registered');
    expect(await readdir(folder)).toEqual(['key.pem']);
    expect(asked(simulator)).toEqual([1, 0]);
    const again = args(simulator, { 'new-private-key': undefined, 'private-key': at('key.pem') });
    expect((await run(again)).code).toBe(0);
    const twice = args(simulator, { 'new-private-key': at('key-2.pem'), 'secret-out': at('secret-2') });
    const registered = { ...env, PHOENIX_CLIENT_SECRET: simulator.credentials().clientSecret };
    expect((await run(twice, { env: registered })).complained).toContain('unauthorized: code 90063');
    expect((await readdir(folder)).sort()).toEqual(['key-2.pem', 'key.pem', 'secret']);
  });

  it.each<[string, Parameters<PhoenixSimulator['fault']>[0], string]>([
    ['is lost', { kind: 'lost' }, 'network'],
    ['is a gateway', { kind: 'html_500' }, 'provider_error: HTTP 500'],
    ['is busy', { kind: 'fields', fields: { responseCode: '90091' } }, 'provider_error: code 90091'],
    ['holds no secret', { kind: 'fields', fields: { response: { clientSecret: null } } }, 'malformed'],
    ['holds a secret for another key', { kind: 'fields', fields: { response: { clientSecret: 'AAAA' } } }, 'malformed'],
  ])(
    'never repeats a step, and says that a secret may be lost when the answer to the second %s',
    async (_, fault, what) => {
      const simulator = await simulated();
      simulator.fault(fault, { path: steps[1] });
      const { code, complained } = await run(args(simulator));
      expect([code, asked(simulator)]).toEqual([1, [1, 1]]);
      expect(complained).toContain(`the second step failed (${what}`);
      expect(complained).toContain('There may be a new secret that was lost');
      expect(await readdir(folder)).toEqual(['key.pem']);
    },
  );

  it('never repeats the first step', async () => {
    const simulator = await simulated();
    simulator.fault({ kind: 'status', status: 503 }, { path: steps[0] });
    expect(await run(args(simulator))).toMatchObject({ code: 1, said: '' });
    expect(asked(simulator)).toEqual([1, 0]);
  });
});

describe('a call that is wrong', () => {
  const secret = 's3cr3t-Jd6yB3hUe0';
  const wrong: [string, (simulator: PhoenixSimulator) => string[], string][] = [
    ['a secret as an option', (s) => [...args(s), '--client-secret', secret], 'unknown option'],
    ['a secret in an option', (s) => [...args(s), `--client-secret=${secret}`], 'unknown option'],
    ['a secret as an unknown option', (s) => [...args(s), `--${secret}`], 'unknown option'],
    ['a secret as short options', (s) => [...args(s), `-${secret}`], 'unknown option'],
    ['a secret on its own', (s) => [...args(s), secret], 'every value needs an option before it'],
    ['a secret after --', (s) => [...args(s), '--', secret], 'every value needs an option before it'],
    ['a prototype', (s) => [...args(s), '--__proto__', secret], 'unknown option'],
    [
      'a secret as a file',
      (s) => args(s, { 'client-secret-file': secret }),
      '--client-secret-file: the file cannot be read (ENOENT)',
    ],
    [
      'a folder as a file',
      (s) => args(s, { 'password-file': folder }),
      '--password-file: the file cannot be read (EISDIR)',
    ],
    ['an option twice', (s) => [...args(s), '--serial-id', secret], '--serial-id is given twice'],
    [
      'an option without its value',
      (s) => [...args(s, { 'serial-id': undefined }), '--serial-id'],
      '--serial-id needs a value',
    ],
    [
      'an option in the place of a value',
      (s) => args(s, { 'serial-id': '--app-version' }),
      '--serial-id needs a value',
    ],
    ['a value for a flag', (s) => [...args(s), `--ask-otp=${secret}`], '--ask-otp takes no value'],
    ['no file for the secret', (s) => args(s, { 'secret-out': undefined }), '--secret-out is missing'],
    ['no terminal', (s) => args(s, { 'terminal-id': undefined }), '--terminal-id is missing'],
    ['no key', (s) => args(s, { 'new-private-key': undefined }), 'pass either --new-private-key or --private-key'],
    ['two keys', (s) => args(s, { 'private-key': at('x') }), 'pass either --new-private-key or --private-key'],
    [
      'a folder that is not there',
      (s) => args(s, { 'secret-out': at('no/secret') }),
      '--secret-out: the file cannot be made (ENOENT)',
    ],
    ['another command', () => ['phoenix', secret], 'there is no such command'],
  ];

  it.each(wrong)('(%s) is reported without the value, and nothing is sent', async (_, make, problem) => {
    const simulator = await simulated();
    const outcome = await run(make(simulator));
    expect(outcome).toMatchObject({ code: 2, said: '' });
    expect(outcome.complained).toContain(problem);
    expect(isSeen(secret, outcome.complained)).toBe(false);
    expect(simulator.count()).toBe(0);
  });

  it.each<[string, Record<string, string>, string]>([
    ['no secret', { PHOENIX_PASSWORD: password }, '--client-secret-file is missing'],
    ['no password', { PHOENIX_CLIENT_SECRET: initialSecret, PHOENIX_PASSWORD: '' }, '--password-file is missing'],
  ])('(%s) is told', async (_, given, problem) => {
    const simulator = await simulated();
    const outcome = await run(args(simulator), { env: given });
    expect([outcome.code, await readdir(folder)]).toEqual([2, []]);
    expect(outcome.complained).toContain(problem);
  });

  it.each<[string, string, string | RegExp]>([
    ['base-url', 'http://example.com', 'baseUrl: must begin with https://'],
    ['base-url', `https://user:${secret}@h`, 'baseUrl: must not contain credentials'],
    ['terminal-id', 'a b', 'terminalId: must be letters'],
    ['password-form', secret, 'passwordForm'],
    ['profile', 'profile.json', /^payout-guard: --profile: the file is not JSON/],
    ['profile', 'odd.json', 'name: Invalid input'],
    ['private-key', 'profile.json', 'privateKey: must be an RSA private key'],
  ])('(an odd --%s) is told, and leaves no secret behind', async (name, value, problem) => {
    const simulator = await simulated();
    await writeFile(at('profile.json'), `not json ${secret}`);
    await writeFile(at('odd.json'), `{"name":{"first":"${secret}"}}`);
    const path = value.endsWith('.json') ? at(value) : value;
    const outcome = await run(
      args(simulator, { ...(name === 'private-key' ? { 'new-private-key': undefined } : {}), [name]: path }),
    );
    expect([0, outcome.said]).not.toContain(outcome.code);
    if (typeof problem === 'string') expect(outcome.complained).toContain(problem);
    else expect(outcome.complained).toMatch(problem);
    expect(isSeen(secret, outcome.complained)).toBe(false);
    expect(await readdir(folder)).toEqual(['odd.json', 'profile.json']);
    expect(simulator.count()).toBe(0);
  });

  it('shows help when it is asked for, or for nothing', async () => {
    expect(await run([])).toMatchObject({ code: 0, said: expect.stringContaining('phoenix register') });
    expect(await run(['--help'])).toMatchObject({ code: 0, complained: '' });
    const { said } = await run(['phoenix', 'register', '--help']);
    const options = [
      'base-url',
      'client-id',
      'terminal-id',
      'serial-id',
      'app-version',
      'new-private-key',
      'private-key',
    ];
    const others = ['secret-out', 'profile', 'password-form', 'ask-otp', 'dangerously-allow-http'];
    for (const option of [...options, ...others, 'client-secret-file', 'password-file']) {
      expect(said).toContain(`  --${option} `);
    }
  });
});
