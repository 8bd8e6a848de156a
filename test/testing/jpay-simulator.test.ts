import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from 'payout-guard';
import { type JpaySimulatorOptions, jpaySimulator } from 'payout-guard/testing';
import { balance, correct, login, post, reply, start } from './jpay-simulator-support.js';

const unauthorized = { status: 401, body: { detail: 'Invalid or expired token' } };
const refusedIp = { status: 403, body: { detail: 'Access denied: IP address not allowed' } };

describe('GET /wallets/balance', () => {
  it('answers both wallets and their sum as text with two decimals', async () => {
    const simulator = await start();
    expect(await balance(simulator, `Bearer ${simulator.accessToken()}`)).toEqual(correct);
  });

  it('follows credit, debit and setBalance, exactly', async () => {
    const simulator = await start({ payout: '0.10', collection: '90071992547409.93' });
    simulator.credit('payout', '0.20');
    expect(simulator.balances()).toEqual({
      payout: '0.30',
      collection: '90071992547409.93',
      total: '90071992547410.23',
    });
    simulator.debit('payout', '0.30');
    simulator.debit('collection', '0.93');
    expect(simulator.balances()).toEqual({
      payout: '0.00',
      collection: '90071992547409.00',
      total: '90071992547409.00',
    });
    simulator.setBalance({ payout: '5', collection: undefined });
    expect((await balance(simulator, `Bearer ${simulator.accessToken()}`)).body).toEqual({
      collection_wallet_balance: '90071992547409.00',
      payout_wallet_balance: '5.00',
      total_balance: '90071992547414.00',
    });
    simulator.setBalance({ collection: '1.00' });
    expect(simulator.balances()).toEqual({ payout: '5.00', collection: '1.00', total: '6.00' });
    simulator.setBalance({ payout: '-1.50' });
    expect((await balance(simulator, `Bearer ${simulator.accessToken()}`)).body).toEqual({
      collection_wallet_balance: '1.00',
      payout_wallet_balance: '-1.50',
      total_balance: '-0.50',
    });
  });

  it('refuses invalid amounts, unknown wallets, and amounts above the balance', async () => {
    const simulator = await start({ payout: '10.00' });
    for (const attempt of [
      () => simulator.debit('payout', '10.01'),
      () => simulator.credit('payout', '-1.00'),
      () => simulator.credit('payout', '1.001'),
      () => simulator.credit('savings' as 'payout', '1.00'),
      () => simulator.debit('toString' as 'payout', '1.00'),
      () => simulator.setBalance({ payout: 5 as unknown as string }),
      () => simulator.setBalance({ payout: '--5.00' }),
      () => simulator.setBalance({ payout: '-5.001' }),
      () => simulator.setBalance({ total: '5.00' } as object),
    ]) {
      expect(attempt).toThrow(ConfigurationError);
    }
    expect(simulator.balances()).toEqual({ payout: '10.00', collection: '45000.00', total: '45010.00' });
    simulator.debit('payout', '10.00');
    expect(simulator.balances().payout).toBe('0.00');
  });

  it('requires a live access token', async () => {
    const simulator = await start();
    const { access, refresh } = await login(simulator);
    expect(await balance(simulator)).toEqual({
      status: 401,
      body: { detail: 'Authentication credentials were not provided' },
    });
    for (const malformed of [access, `Token ${access}`, 'Bearer', `Bearer ${access} more`]) {
      expect(await balance(simulator, malformed)).toEqual({
        status: 401,
        body: { detail: 'Invalid authorization header' },
      });
    }
    expect(await balance(simulator, `Bearer ${refresh}`)).toEqual(unauthorized);
    expect(await balance(simulator, `Bearer ${access.slice(0, -1)}`)).toEqual(unauthorized);
    expect(await balance(simulator, `Bearer ${access}`)).toEqual(correct);
  });

  it('accepts an access token for 15 minutes and a refresh token for 7 days, to the millisecond', async () => {
    const issuedAt = 1_732_204_800_000;
    let now = issuedAt;
    const simulator = await start({ clock: { now: () => now }, oldRefreshTokenStaysValid: true });
    const { access, refresh } = await login(simulator);
    now = issuedAt + 15 * 60_000 - 1;
    expect(await balance(simulator, `Bearer ${access}`)).toEqual(correct);
    now += 1;
    expect(await balance(simulator, `Bearer ${access}`)).toEqual(unauthorized);
    now = issuedAt + 7 * 86_400_000 - 1;
    expect((await post(simulator, '/auth/refresh', { refresh })).status).toBe(200);
    now += 1;
    expect(await post(simulator, '/auth/refresh', { refresh })).toEqual(unauthorized);
  });

  it('ends all access tokens on request, and only those issued so far', async () => {
    const simulator = await start();
    const { access, refresh } = await login(simulator);
    const minted = simulator.accessToken();
    simulator.expireAccessTokens();
    expect(await balance(simulator, `Bearer ${access}`)).toEqual(unauthorized);
    expect(await balance(simulator, `Bearer ${minted}`)).toEqual(unauthorized);
    expect(await balance(simulator, `Bearer ${simulator.accessToken()}`)).toEqual(correct);
    expect((await post(simulator, '/auth/refresh', { refresh })).status).toBe(200);
  });
});

describe('other requests', () => {
  it('answers 403 to a refused address once the app is known, until it is allowed again', async () => {
    const simulator = await start();
    const { access, refresh } = await login(simulator);
    simulator.refuseIp(true);
    expect(await balance(simulator, `Bearer ${access}`)).toEqual(refusedIp);
    expect((await balance(simulator, 'Bearer nonsense')).status).toBe(401);
    expect(await post(simulator, '/auth/refresh', { refresh })).toEqual(refusedIp);
    const { appKey, appSecret } = simulator;
    expect(await post(simulator, '/auth/app/token', { app_key: appKey, app_secret: appSecret })).toEqual(refusedIp);
    simulator.refuseIp(false);
    expect(await balance(simulator, `Bearer ${access}`)).toEqual(correct);
    expect((await post(simulator, '/auth/refresh', { refresh })).status).toBe(200);
  });

  it.each(['/wallets/balance/', '/wallets', '/api/v1/wallets/balance', ''])('has no path %j', async (path) => {
    const simulator = await start();
    expect(await reply(await fetch(simulator.url + path))).toEqual({ status: 404, body: { detail: 'Not found.' } });
  });

  it('answers 405 with the allowed methods to another method', async () => {
    const simulator = await start();
    const response = await fetch(`${simulator.url}/auth/refresh`);
    expect(response.headers.get('allow')).toBe('POST');
    expect(await reply(response)).toEqual({ status: 405, body: { detail: 'Method "GET" not allowed.' } });
  });

  it.each([
    [{ payout: '-1' }, 'payout: Invalid amount: it is negative'],
    [{ payout: 12_000 }, 'payout: pass decimal text such as "500.00"'],
    [{ port: 70_000 }, 'port: Too big'],
    [{ clock: {} }, 'clock: pass an object with a now() function'],
    [{ appKey: '' }, 'appKey: Too small'],
    [{ paid: '1' }, 'Unrecognized key: "paid"'],
    [null, 'expected object'],
  ])('refuses the options %j', async (options, problem) => {
    const attempt = jpaySimulator(options as JpaySimulatorOptions);
    await expect(attempt).rejects.toBeInstanceOf(ConfigurationError);
    await expect(attempt).rejects.toThrow(problem);
  });

  it('reports every invalid option at once', async () => {
    await expect(jpaySimulator({ payout: 'x', collection: '1.001' })).rejects.toMatchObject({
      problems: [expect.stringMatching(/^payout: .*not plain/), expect.stringMatching(/^collection: .*more decimals/)],
    });
  });
});
