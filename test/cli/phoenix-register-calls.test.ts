// Wrong calls of phoenix register.
import { readdir, writeFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import type { PhoenixSimulator } from 'payout-guard/testing';
import { isSeen } from '../support/secret-scan.js';
import { args, at, folder, initialSecret, password, run, simulated } from './phoenix-register-support.js';

describe('a wrong call', () => {
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

  it.each(wrong)('(%s) is reported without the value, and no request is sent', async (_, make, problem) => {
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
  ])('(an odd --%s) is reported, and leaves no secret behind', async (name, value, problem) => {
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

  it('shows help on request, and without arguments', async () => {
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
