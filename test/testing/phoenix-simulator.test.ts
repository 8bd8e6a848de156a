// The simulator of Phoenix, called by a client that shares no code with the library.
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { PhoenixSimulatorOptions } from 'payout-guard/testing';
import { closeAll, startInterswitch, startPhoenix } from '../providers/support.js';
import type { ClientChoices } from '../support/phoenix-client.js';
import { stoppedClock } from '../support/wallet.js';
import { codeOf, session, start } from './phoenix-simulator-support.js';

afterEach(closeAll);

const upperHex = (password: string) => createHash('sha512').update(password).digest('hex').toUpperCase();
const base64OfHex = (password: string) => btoa(createHash('sha512').update(password).digest('hex'));

describe('a correct client', () => {
  it.each<[string, Partial<ClientChoices>, PhoenixSimulatorOptions]>([
    ['as the notes have it', {}, {}],
    ['with uncompressed points', { point: 'uncompressed' }, { point: 'uncompressed' }],
    ['with a vector of zeros', { zeroIv: true }, {}],
    ['with ISO timestamps', { timestamp: () => new Date().toISOString() }, { timestampToleranceMs: 60_000 }],
    ['with RFC 3339', { timestamp: () => '2024-11-21T19:00:00+03:00' }, {}],
    ['with a clock of its own', { timestamp: () => '12' }, {}],
    ['with short nonces', { nonce: () => 'a1' }, {}],
    ['that signs the https form', { signedUrl: (url) => url.replace('http:', 'https:') }, {}],
    ['with an uppercase hex password', { passwordText: upperHex }, { passwordForm: 'upperHex' }],
    ['with the base64 of a hex password', { passwordText: base64OfHex }, { passwordForm: 'base64OfHex' }],
    ['with keys that begin with zeros', {}, { leadingZeroKeys: true }],
    ['at another path', {}, { prefix: '/phoenix' }],
    ['at no path', {}, { prefix: '' }],
  ])('%s is let in', async (_, choices, options) => {
    const { client } = await session(options, choices);
    expect(await client.balance()).toEqual({
      status: 200,
      body: {
        responseCode: '90000',
        responseMessage: 'TRANSACTION APPROVED',
        requestReference: expect.stringMatching(/^[0-9a-f]{8}$/),
        response: {
          terminalId: '3SIM0001',
          availableBalance: 1_000,
          ledgerBalance: 5_000,
          currencyCode: 'UGX',
          accountName: 'SIMULATED WALLET',
        },
      },
    });
    expect(codeOf(await client.pay('600', '600'))).toBe('90000');
    expect(codeOf(await client.status('ref-1'))).toBe('90000');
  });

  it('may send its query in any order, with additional fields, escaped in either way', async () => {
    const { client } = await session();
    for (const query of [
      'requestReference=r-1&terminalId=3SIM0001',
      'terminalId=3SIM0001&requestReference=a%20b',
      'terminalId=3SIM0001&requestReference=a+b',
      'terminalId=3SIM0001&requestReference=a%2Fb%26c',
      'terminalId=3SIM0001&requestReference=shop:7/a@b,c',
      'terminalId=3SIM0001&requestReference=shop%3A7/a%40b%2Cc',
      'terminalId=3SIM0001&requestReference=shop%3A7%2Fa%40b%2Cc',
      'terminalId=3SIM0001&requestReference=a=b;c$d?e',
    ]) {
      expect([query, codeOf(await client.call('GET', `sente/accountBalance?${query}`))]).toEqual([query, '90000']);
    }
  });

  it('gets a balance beside its code, as text, or as Java formats it', async () => {
    const { client } = await session({ shape: 'flat', amounts: 'javaDouble', available: '10000000', currency: '800' });
    expect((await client.balance()).body).toMatchObject({ availableBalance: 1e7, currencyCode: '800' });
    const { client: other } = await session({ amounts: 'text' });
    expect((await other.balance()).body.response).toMatchObject({ availableBalance: '1000' });
  });
});

describe('a session', () => {
  it('has a token of 60 characters, an end, and on request a key that begins with zeros', async () => {
    const clock = stoppedClock();
    const { client } = await session({ leadingZeroKeys: true, clock });
    expect(client.token).toMatch(/^[A-Z0-9]{60}$/);
    expect([client.key.length, client.key[0]]).toEqual([32, 0]);
    expect((await client.exchangeKeys()).body.response).toMatchObject({
      expireTime: '2023-11-14T22:23:20',
      requiresOtp: false,
      terminalKey: null,
    });
  });

  it('replaces the previous one, or does not', async () => {
    for (const [sessions, code] of [
      ['replace', '90063'],
      ['keep', '90000'],
    ] as const) {
      const { client } = await session({ sessions });
      const { token, key } = client;
      await client.exchangeKeys();
      expect(codeOf(await client.balance())).toBe('90000');
      Object.assign(client, { token, key });
      expect(codeOf(await client.balance())).toBe(code);
    }
  });

  it('ends after its time with 90054, and on request', async () => {
    const clock = stoppedClock();
    const { simulator, client } = await session({ clock, sessionLifeMs: 5_000 });
    clock.advance(4_999);
    expect(codeOf(await client.balance())).toBe('90000');
    clock.advance(1);
    expect(codeOf(await client.balance())).toBe('90054');
    await client.exchangeKeys();
    simulator.expireSessions();
    expect(codeOf(await client.balance())).toBe('90054');
    await client.exchangeKeys();
    simulator.replaceSessions();
    expect(codeOf(await client.balance())).toBe('90063');
  });

  it('of a login requires its one-time code', async () => {
    const { client } = await start({ otp: '123456' });
    expect((await client.exchangeKeys('client/login')).body.response).toEqual({
      authToken: expect.stringMatching(/=$/),
      serverSessionPublicKey: expect.stringMatching(/=$/),
      requiresOtp: true,
      terminalId: '3SIM0001',
      active: true,
    });
    expect(codeOf(await client.balance())).toBe('90063');
    const validate = (otp: string) =>
      client.call('POST', 'client/validateLoginOtp', {
        body: JSON.stringify({ requestReference: 'r', otp: client.encrypted(otp) }),
        bare: true,
      });
    expect(codeOf(await validate('654321'))).toBe('90055');
    expect(codeOf(await client.balance())).toBe('90063');
    expect(codeOf(await validate('123456'))).toBe('90000');
    expect(codeOf(await client.balance())).toBe('90000');
  });
});

describe('a refused request', () => {
  const otherKey = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;
  const pem = otherKey.export({ type: 'pkcs8', format: 'pem' }).toString();

  it.each<[string, Partial<ClientChoices>]>([
    ['another client', { clientId: 'IKIAOTHER' }],
    ['another identity in clear', { authorization: 'InterswitchAuth IKIASIMULATED' }],
    ['no identity', { authorization: '' }],
    ['another scheme', { authorization: `Bearer ${btoa('IKIASIMULATED0000000000000000000000000000001')}` }],
    ['another secret', { secret: 'other' }],
    ['another key', { privateKey: pem }],
    ['another password', { password: 'other' }],
    ['another form of the password', { passwordText: upperHex }],
    ['another device', { serialId: 'other' }],
    ['an unsigned timestamp', { timestamp: () => '' }],
    ['no nonce', { nonce: () => '' }],
    ['a signature of another path', { signedUrl: (url) => `${url}s` }],
    ['a signature of another host', { signedUrl: (url) => url.replace('127.0.0.1', 'localhost') }],
    ['a signature of a URL that is not escaped', { signedUrl: (url) => decodeURIComponent(url).slice(1) }],
  ])('%s, with 90063', async (_, choices) => {
    const { client } = await start({}, choices);
    expect(codeOf(await client.exchangeKeys())).toBe('90063');
  });

  it('an unknown terminal, with 70030', async () => {
    const { client } = await start({}, { terminalId: '3OTHER01' });
    expect(codeOf(await client.exchangeKeys())).toBe('70030');
    const known = await session();
    expect(codeOf(await known.client.balance('3OTHER01'))).toBe('70030');
    expect(codeOf(await known.client.pay('1', '1', { terminalId: '3OTHER01' }))).toBe('70030');
  });

  it('an invalid key exchange: 90030 or the text of the real server', async () => {
    const { client } = await start();
    for (const body of ['', '{', '[]', '{"terminalId":"3SIM0001"}', 'null']) {
      expect(codeOf(await client.call('POST', 'client/doKeyExchange', { body, bare: true }))).toBe('90030');
    }
    const point = 'An error occurred on ECDH key exchange, probably wrong ecdh publicKey format shared';
    for (const clientSessionPublicKey of ['AAAA', 'x', Buffer.alloc(33, 5).toString('base64')]) {
      const { body } = await client.exchangeKeys('client/doKeyExchange', { clientSessionPublicKey });
      expect(body).toMatchObject({ responseCode: '90063', responseMessage: point, response: null });
    }
    const { body } = await client.exchangeKeys('client/doKeyExchange', { password: 'AAAA' });
    expect(body).toMatchObject({ responseCode: '90063', responseMessage: 'We failed to decrypt your hashed password' });
  });

  it.each(['', 'AAAA', btoa('TOKEN'), 'not base64!'])('the token %j, with 90063', async (token) => {
    const { client } = await session();
    const path = 'sente/accountBalance?terminalId=3SIM0001&requestReference=r';
    expect(codeOf(await client.call('GET', path, { headers: { AuthToken: token } }))).toBe('90063');
    expect(codeOf(await client.call('GET', path, { headers: { AuthToken: client.encrypted('TOKEN') } }))).toBe('90063');
    expect(codeOf(await client.call('GET', path))).toBe('90000');
  });

  it('a timestamp too far from the clock, and a nonce used twice, if the options require it', async () => {
    let [timestamp, nonce] = ['1700000000', 'one'];
    const choices = { timestamp: () => timestamp, nonce: () => nonce };
    const options = { clock: stoppedClock(), timestampToleranceMs: 5_000, refuseRepeatedNonces: true };
    const { client } = await session(options, choices);
    const answers: string[] = [];
    for (const [at, word] of [
      ['1700000005', 'two'],
      ['1700000005', 'two'],
      ['1700000006', 'three'],
      ['1699999995', 'four'],
      ['1699999994', 'five'],
      ['soon', 'six'],
    ]) {
      [timestamp, nonce] = [at ?? '', word ?? ''];
      answers.push(codeOf(await client.balance()));
    }
    expect(answers).toEqual(['90000', '90063', '90063', '90000', '90063', '90063']);
  });

  it('a request to another path', async () => {
    const { simulator } = await start();
    expect((await fetch(`${simulator.url}/sente/other`)).status).toBe(404);
    expect((await fetch(`${simulator.url}/sente/xpayment`)).status).toBe(405);
  });
});

describe('the simulator', () => {
  it('creates its own key when none is given', async () => {
    const [one, other] = await Promise.all([
      startPhoenix({ privateKey: undefined }),
      startPhoenix({ privateKey: undefined }),
    ]);
    const keys = [one, other].map((simulator) => simulator.credentials().privateKey);
    expect(createPublicKey(keys[0] ?? '').asymmetricKeyDetails?.modulusLength).toBe(2_048);
    expect(keys[0]).not.toBe(keys[1]);
  });

  it('credits, debits and sets', async () => {
    const { simulator } = await start();
    simulator.credit('1.50');
    simulator.debit('0.50');
    expect(simulator.balances()).toEqual({ available: '1001', ledger: '5001' });
    simulator.setBalance({ available: '7' });
    expect(simulator.balances()).toEqual({ available: '7', ledger: '5001' });
    simulator.setBalance({ ledger: '2' });
    simulator.debit('5');
    expect(simulator.balances()).toEqual({ available: '2', ledger: '-3' });
    simulator.setBalance({ available: '7' });
    expect(() => simulator.debit('8')).toThrow('the wallet has less than that');
    expect(() => simulator.credit('much')).toThrow(expect.objectContaining({ code: 'configuration' }));
  });

  it('has a ledger that follows the available balance, unless it is given', async () => {
    for (const [options, balances] of [
      [{}, { available: '250000', ledger: '250000' }],
      [{ available: '900000' }, { available: '900000', ledger: '900000' }],
      [{ available: '5' }, { available: '5', ledger: '5' }],
      [
        { available: '900000', ledger: '7' },
        { available: '900000', ledger: '7' },
      ],
      [{ ledger: '-7' }, { available: '250000', ledger: '-7' }],
    ] as const) {
      expect((await startPhoenix(options)).balances()).toEqual(balances);
      expect((await startInterswitch(options)).balances()).toEqual(balances);
    }
  });

  it.each<[string, object]>([
    ['prefix', { prefix: 'phoenix' }],
    ['terminalId', { terminalId: 'a b' }],
    ['privateKey', { privateKey: 'none' }],
    ['point', { point: 'hybrid' }],
    ['sessionLifeMs', { sessionLifeMs: -1 }],
    ['shape', { shape: 'round' }],
    ['typo', { typo: 1 }],
  ])('refuses an odd %s', async (name, options) => {
    await expect(startPhoenix(options)).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining(name),
    });
  });
});
