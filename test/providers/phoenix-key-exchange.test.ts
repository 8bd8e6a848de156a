// Phoenix clients that are not authorized, and odd answers to a key exchange.
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type PhoenixOptions, phoenix } from 'payout-guard/providers/phoenix';
import type { Fault, PhoenixSimulatorOptions } from 'payout-guard/testing';
import { exchangedKeys, phoenixCredentials } from '../support/phoenix.js';
import { stoppedClock } from '../support/wallet.js';
import { ask, asked, paths, terminal } from './phoenix-sessions-support.js';
import { closeAll, failureOf, guardOf, quick, send, startServer, timeOut } from './support.js';

afterEach(closeAll);

describe('a client that is not authorized', () => {
  const other = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;

  it.each<[string, Partial<PhoenixOptions>, PhoenixSimulatorOptions, string, string]>([
    ['a wrong secret', { clientSecret: 'wrong' }, {}, 'unauthorized', '90063'],
    ['a wrong client', { clientId: 'IKIAWRONG' }, {}, 'unauthorized', '90063'],
    ['a wrong key', { privateKey: other }, {}, 'unauthorized', '90063'],
    ['a wrong password', { password: 'wrong' }, {}, 'unauthorized', '90063'],
    ['a password in another form', { passwordForm: 'upperHex' }, {}, 'unauthorized', '90063'],
    ['another device', { serialId: 'another' }, {}, 'unauthorized', '90063'],
    ['a terminal that is not registered', {}, { registered: false }, 'unauthorized', '90063'],
    ['an unknown terminal', { terminalId: '3SIM0002' }, {}, 'forbidden', '70030'],
    [
      'a clock an hour fast',
      { clock: stoppedClock(1_700_003_600_000) },
      { timestampToleranceMs: 300_000 },
      'unauthorized',
      '90063',
    ],
    [
      'a clock an hour slow',
      { clock: stoppedClock(1_699_996_400_000) },
      { timestampToleranceMs: 300_000 },
      'unauthorized',
      '90063',
    ],
  ])('%s', async (_, options, simulated, reason, code) => {
    const { simulator, checkFunds } = await terminal(simulated, options);
    const error = await failureOf(checkFunds('1'));
    expect(error).toMatchObject({ code: 'balance_unavailable', reason, status: 503 });
    expect(error.message).toContain(`(code ${code}`);
    // A wrong password is not tried again, because a few failures may lock the account.
    expect(asked(simulator)).toEqual([1, 0]);
  });

  it('one whose secret is replaced while a session is alive', async () => {
    const { simulator, provider } = await terminal();
    await ask(provider);
    simulator.respondWith({ code: '90063' }, { times: 1 });
    simulator.respondWith({ code: '90063' }, { path: paths.exchange });
    expect(await failureOf(guardOf(provider).checkFunds('1'))).toMatchObject({ reason: 'unauthorized' });
    expect(asked(simulator)).toEqual([2, 2]);
  });
});

describe('an answer to a key exchange', () => {
  it.each<[string, Fault, string, number]>([
    ['that never comes', { kind: 'hang' }, 'timeout', 3],
    ['that breaks off', { kind: 'reset_midway' }, 'network', 3],
    ['of a gateway', { kind: 'html_500' }, 'provider_error', 3],
    ['in HTML', { kind: 'body', body: '<html></html>', contentType: 'text/html' }, 'malformed', 1],
    ['in a sentence', { kind: 'body', body: 'Cannot Continue with Key Exchange' }, 'malformed', 1],
    ['without a code', { kind: 'fields', fields: { responseCode: undefined } }, 'malformed', 1],
    ['with a code for "busy"', { kind: 'fields', fields: { responseCode: '90091' } }, 'provider_error', 3],
    ['with a code for the operator', { kind: 'fields', fields: { responseCode: '700A6' } }, 'unauthorized', 1],
    ['with an unknown code', { kind: 'fields', fields: { responseCode: '00' } }, 'provider_error', 1],
    ['with a redirect', { kind: 'status', status: 307, headers: { location: '/' } }, 'provider_error', 1],
    ['without a session', { kind: 'fields', fields: { response: null } }, 'malformed', 1],
    ['without a token', { kind: 'fields', fields: { response: { authToken: null } } }, 'malformed', 1],
    ['with a token in clear', { kind: 'fields', fields: { response: { authToken: 'TOKEN' } } }, 'malformed', 1],
    ['with a JWT', { kind: 'fields', fields: { response: { authToken: 'e30.e30.x' } } }, 'malformed', 1],
    ['without a point', { kind: 'fields', fields: { response: { serverSessionPublicKey: '' } } }, 'malformed', 1],
  ])('%s is no session', async (_, fault, reason, exchanges) => {
    const { clock, simulator, checkFunds } = await terminal();
    simulator.fault(fault, { path: paths.exchange });
    const checking = failureOf(checkFunds('1'));
    if (fault.kind === 'hang') await timeOut(clock, () => simulator.count(paths.exchange), exchanges);
    expect(await checking).toMatchObject({ reason, status: 503 });
    expect(asked(simulator)).toEqual([exchanges, 0]);
    simulator.clearFaults();
    expect((await checkFunds('1000')).sufficient).toBe(true);
  });

  it.each<[string, (answer: string) => string]>([
    ['a token for another key', (answer) => answer.replace(/("authToken":").{40}/, `$1${'A'.repeat(40)}`)],
    ['a point for another key', (answer) => answer.replace(/("serverSessionPublicKey":").{40}/, `$1${'A'.repeat(40)}`)],
    ['a token in the place of the point', swapped],
  ])('that holds %s is no session', async (_, change) => {
    const server = await startServer((response, { text }) => send(response, change(exchangedKeys(text).answer)));
    const provider = phoenix({ baseUrl: server.url, ...phoenixCredentials, ...quick });
    const error = await failureOf(guardOf(provider).checkFunds('1'));
    expect(error).toMatchObject({ reason: 'malformed', message: expect.stringContaining('cannot be decrypted') });
    expect(server.requests.map(({ path }) => path)).toEqual([paths.exchange]);
  });

  it.each(['', 'a b', 'tök', `${'T'.repeat(180)}\r\nX: 1`])('that holds the token %j is no session', async (token) => {
    const server = await startServer((response, { text }) => send(response, exchangedKeys(text, token).answer));
    const provider = phoenix({ baseUrl: server.url, ...phoenixCredentials, ...quick });
    expect(await failureOf(guardOf(provider).checkFunds('1'))).toMatchObject({ reason: 'malformed' });
  });

  function swapped(answer: string): string {
    const { response, ...envelope } = JSON.parse(answer);
    const { authToken: serverSessionPublicKey, serverSessionPublicKey: authToken } = response;
    return JSON.stringify({ ...envelope, response: { ...response, authToken, serverSessionPublicKey } });
  }
});
