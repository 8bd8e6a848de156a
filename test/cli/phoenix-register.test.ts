// `payout-guard phoenix register` against the simulator: its requests, files and output.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { phoenix } from 'payout-guard/providers/phoenix';
import type { PhoenixSimulator } from 'payout-guard/testing';
import { guardOf } from '../providers/support.js';
import { isSeen } from '../support/secret-scan.js';
import { args, at, env, folder, initialSecret, password, run, simulated } from './phoenix-register-support.js';

const steps = ['/client/clientRegistration', '/client/completeClientRegistration'] as const;
const read = (name: string) => readFile(at(name), 'utf8');
const modeOf = async (name: string) => (await stat(at(name))).mode & 0o777;

/** The number of requests for each step. */
const asked = (simulator: PhoenixSimulator) => steps.map((step) => simulator.count(step));

describe('phoenix register', () => {
  it('as a process: makes the key, saves the new secret for its user only, prints neither, and both work', async () => {
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

  it('takes secrets from files, an existing key, and a profile', async () => {
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

  it.each(['secret', 'key.pem'])('replaces no file: %s stays as it is, and no request is sent', async (name) => {
    const simulator = await simulated();
    await writeFile(at(name), 'precious');
    await chmod(at(name), 0o644);
    const { code, complained } = await run(args(simulator));
    expect([code, await read(name), await modeOf(name)]).toEqual([2, 'precious', 0o644]);
    expect(complained).toContain('there is such a file already, and it is not replaced');
    expect(await readdir(folder)).toEqual([name]);
    expect(simulator.count()).toBe(0);
  });

  it('follows no link to a missing file', async () => {
    const simulator = await simulated();
    await symlink(at('elsewhere'), at('secret'));
    expect((await run(args(simulator))).code).toBe(2);
    expect((await lstat(at('secret'))).isSymbolicLink()).toBe(true);
    expect(await readdir(folder)).not.toContain('elsewhere');
    expect(simulator.count()).toBe(0);
  });

  it('keeps the key for another attempt and writes no empty secret when it is refused', async () => {
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
    expect((await run(twice, { env: registered })).complained).toContain(
      'the terminal is registered already (unauthorized: code 90063: Client is already Authorised to transact). Only ' +
        'the client secret that its registration returned signs for it.',
    );
    expect((await readdir(folder)).sort()).toEqual(['key-2.pem', 'key.pem', 'secret']);
  });

  it.each<[string, Parameters<PhoenixSimulator['fault']>[0], string]>([
    ['is lost', { kind: 'lost' }, 'network'],
    ['is a gateway', { kind: 'html_500' }, 'provider_error: HTTP 500'],
    ['is busy', { kind: 'fields', fields: { responseCode: '90091' } }, 'provider_error: code 90091'],
    ['holds no secret', { kind: 'fields', fields: { response: { clientSecret: null } } }, 'malformed'],
    ['holds a secret for another key', { kind: 'fields', fields: { response: { clientSecret: 'AAAA' } } }, 'malformed'],
  ])(
    'never repeats a step, and reports that a secret may be lost when the answer to the second %s',
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
