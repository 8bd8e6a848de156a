// Payments and registration in the Phoenix simulator.
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { PhoenixSimulatorOptions } from 'payout-guard/testing';
import { closeAll } from '../providers/support.js';
import { LittlePhoenixClient } from '../support/phoenix-client.js';
import { stoppedClock } from '../support/wallet.js';
import { codeOf, session, start } from './phoenix-simulator-support.js';

afterEach(closeAll);

describe('the amount of a payment', () => {
  it.each([
    ['600', '600', 'any', '90000'],
    ['600', '600.0', 'any', '90000'],
    ['600.0', '600', 'any', '90000'],
    ['"600"', '600', 'any', '90000'],
    ['600.00', '600.00', 'any', '90000'],
    ['600.5', '600.50', 'any', '90063'],
    ['600', '6E2', 'any', '90063'],
    ['600', '601', 'any', '90063'],
    ['600.0', '600.0', 'javaDouble', '90000'],
    ['600', '600.0', 'javaDouble', '90000'],
    ['600', '600', 'javaDouble', '90063'],
    ['1.0E7', '1.0E7', 'javaDouble', '90000'],
    ['10000000', '10000000', 'javaDouble', '90063'],
    ['600.0', '600', 'plain', '90000'],
    ['600.0', '600.0', 'plain', '90063'],
    ['1.0E7', '10000000', 'plain', '90000'],
    ['0', '0', 'any', '90013'],
    ['-1', '-1', 'any', '90013'],
    ['1.001', '1.001', 'any', '90013'],
    ['"much"', 'much', 'any', '90013'],
  ] as const)('%s, signed as %s, where %s is accepted: %s', async (json, signed, signedAmount, code) => {
    const { simulator, client } = await session({ signedAmount, available: '20000000', ledger: '20000000' });
    expect(codeOf(await client.pay(json, signed))).toBe(code);
    expect(simulator.payouts.length).toBe(code === '90000' ? 1 : 0);
  });
});

describe('payments', () => {
  it('are refused like the service refuses them, once they are signed', async () => {
    const { simulator, client } = await session({ fee: '10' });
    const reference = (requestReference: string) => ({ requestReference });
    expect(codeOf(await client.pay('990.01', '990.01', reference('a')))).toBe('90051');
    expect(codeOf(await client.pay('1', '1', { requestReference: 'b', paymentCode: 'airtime' }))).toBe('70017');
    expect(codeOf(await client.pay('1', '1', reference('c')))).toBe('90000');
    expect(codeOf(await client.pay('1', '1', reference('c')))).toBe('90026');
    expect(codeOf(await client.status('nobody'))).toBe('90025');
    const body = '{"requestReference":"d"}';
    expect(codeOf(await client.call('POST', 'sente/xpayment', { body }))).toBe('90030');
    expect(simulator.balances()).toEqual({ available: '989', ledger: '4989' });
    expect(simulator.payouts.map(({ requestReference, status }) => [requestReference, status])).toEqual([
      ['a', 'failed'],
      ['c', 'completed'],
    ]);
  });

  it.each(['ref-2', ''])('are refused when the signature covers another reference (%j)', async (other) => {
    const { simulator, client } = await session();
    const body = JSON.stringify({
      amount: 1,
      terminalId: '3SIM0001',
      requestReference: 'ref-1',
      customerId: '1',
      paymentCode: '12345',
    });
    const covered = ['1', '3SIM0001', other, '1', '12345'];
    expect(codeOf(await client.call('POST', 'sente/xpayment', { body, covered }))).toBe('90063');
    expect(codeOf(await client.call('POST', 'sente/xpayment', { body }))).toBe('90063');
    expect(simulator.payouts).toEqual([]);
  });

  it('of two steps need a validation under the same reference', async () => {
    const { client } = await session({ fee: '5' });
    const validate = (fields: object) =>
      client.call('POST', 'sente/customerValidation', { body: JSON.stringify({ terminalId: '3SIM0001', ...fields }) });
    const fields = { requestReference: 'v-1', amount: '100', customerId: '0770000000', paymentCode: '53046936951' };
    expect(codeOf(await client.pay('100', '100', { requestReference: 'v-1' }, 'payment'))).toBe('70038');
    expect((await validate(fields)).body.response).toMatchObject({ amount: 100, surcharge: 5, totalAmount: 105 });
    expect(codeOf(await validate({ ...fields, amount: '0' }))).toBe('90013');
    expect(codeOf(await validate({ ...fields, customerId: undefined }))).toBe('90030');
    expect(codeOf(await client.pay('100', '100', { requestReference: 'v-1' }, 'payment'))).toBe('90000');
    expect(codeOf(await client.pay('100', '100', { requestReference: 'v-2' }, 'payment'))).toBe('70038');
  });

  it('end and debit as the options require', async () => {
    const clock = stoppedClock();
    const { simulator, client } = await session({
      clock,
      openCodeOf: ({ customerId }) => ({ p: '90009', s: '90001', d: '90091' })[customerId] as '90009' | undefined,
      outcomeOf: ({ customerId }) => (customerId === 'bad' ? 'failed' : 'completed'),
      debitAt: { msAfterCompletion: 50 },
      ledgerDebitAt: { msAfterCompletion: 150 },
    });
    const pay = (customerId: string) => client.pay('100', '100', { requestReference: customerId, customerId });
    const codes: string[] = [];
    for (const customer of ['p', 's', 'd', 'bad', 'good']) codes.push(codeOf(await pay(customer)));
    expect(codes).toEqual(['90009', '90001', '90091', '90020', '90000']);
    expect(simulator.balances()).toEqual({ available: '1000', ledger: '5000' });
    await clock.pass(50);
    expect(simulator.balances()).toEqual({ available: '900', ledger: '5000' });
    await clock.pass(100);
    expect(simulator.balances()).toEqual({ available: '900', ledger: '4900' });
    simulator.advance('p', 'failed');
    expect(codeOf(await client.status('p'))).toBe('90020');
  });

  it('are made even if their answer is lost or late, and are not processed when a gateway answers', async () => {
    const { simulator, client } = await session();
    const path = '/sente/xpayment';
    simulator.fault({ kind: 'lost' }, { path, times: 1 });
    await expect(client.pay('100', '100', { requestReference: 'lost' })).rejects.toThrow();
    simulator.fault({ kind: 'slow', ms: 60 }, { path, times: 1 });
    const startedAtMs = Date.now();
    expect(codeOf(await client.pay('100', '100', { requestReference: 'late' }))).toBe('90000');
    expect(Date.now() - startedAtMs).toBeGreaterThanOrEqual(58);
    simulator.fault({ kind: 'html_500' }, { path, times: 1 });
    await expect(client.pay('100', '100', { requestReference: 'gateway' })).rejects.toThrow();
    simulator.respondWith({ code: 90_091 }, { path, times: 1 });
    expect((await client.pay('100', '100', { requestReference: 'busy' })).body).toMatchObject({
      responseCode: 90_091,
      responseMessage: 'REMOTE SYSTEM TEMPORARILY UNAVAILABLE',
    });
    expect(simulator.payouts.map(({ requestReference }) => requestReference)).toEqual(['lost', 'late']);
    expect(simulator.balances().available).toBe('800');
  });
});

describe('registration', () => {
  const world = (options: PhoenixSimulatorOptions = {}) => start({ registered: false, ...options });
  const publicKeyOf = ({ choices }: LittlePhoenixClient, format: 'der' | 'pem' = 'der') => {
    const key = createPublicKey(choices.privateKey);
    return format === 'pem'
      ? key.export({ type: 'spki', format }).toString()
      : key.export({ type: 'spki', format }).toString('base64');
  };

  it.each(['der', 'pem'] as const)('in two steps returns the secret that signs from then on (%s)', async (format) => {
    const { simulator, client } = await world();
    const before = simulator.credentials().clientSecret;
    expect(codeOf(await client.exchangeKeys())).toBe('90063');
    const first = await client.register({ publicKey: publicKeyOf(client, format) });
    expect(codeOf(first)).toBe('90000');
    expect(codeOf(await client.balance())).toBe('90063');
    const second = await client.completeRegistration(first.body.response?.transactionReference ?? '');
    expect(codeOf(second)).toBe('90000');
    const secret = client.decrypted(second.body.response?.clientSecret ?? '');
    expect(secret).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect([secret === before, secret]).toEqual([false, simulator.credentials().clientSecret]);
    expect(codeOf(await client.balance())).toBe('90063');
    const registered = new LittlePhoenixClient(simulator.url, { ...client.choices, secret });
    Object.assign(registered, { token: client.token, key: client.key });
    expect(codeOf(await registered.balance())).toBe('90000');
    expect(codeOf(await registered.exchangeKeys())).toBe('90000');
    expect(codeOf(await client.exchangeKeys())).toBe('90063');
    const again = await registered.register({ publicKey: publicKeyOf(client) });
    expect(again.body).toMatchObject({
      responseCode: '90063',
      responseMessage: 'Client is already Authorised to transact',
    });
  });

  it('is refused without a key, with another one, and to an unknown terminal', async () => {
    const { client } = await world();
    const other = createPublicKey(generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey);
    const publicKey = publicKeyOf(client);
    const codes: string[] = [];
    for (const changes of [
      {},
      { publicKey: 'AAAA' },
      { publicKey: other.export({ type: 'spki', format: 'der' }).toString('base64') },
      { publicKey, terminalId: '3OTHER01' },
      { publicKey, clientSessionPublicKey: 'AAAA' },
    ]) {
      codes.push(codeOf(await client.register(changes)));
    }
    expect(codes).toEqual(['90030', '90030', '90063', '70030', '90063']);
  });

  it('is completed with an old token, unless it is strict', async () => {
    for (const [strictRegistration, code] of [
      [undefined, '90000'],
      [true, '90063'],
    ] as const) {
      const { client } = await world({ strictRegistration });
      const first = await client.register({ publicKey: publicKeyOf(client) });
      client.token = 'OLD';
      expect(codeOf(await client.completeRegistration(first.body.response?.transactionReference ?? ''))).toBe(code);
    }
  });

  it('is not completed without its first step, its token, its password or its code', async () => {
    const { client } = await world({ otp: '4711', strictRegistration: true });
    expect(codeOf(await client.completeRegistration('SIM'))).toBe('90063');
    const first = await client.register({ publicKey: publicKeyOf(client) });
    const reference = first.body.response?.transactionReference ?? '';
    expect(codeOf(await client.completeRegistration('other', { otp: client.encrypted('4711') }))).toBe('90063');
    expect(codeOf(await client.completeRegistration(reference))).toBe('90055');
    expect(codeOf(await client.completeRegistration(reference, { otp: client.encrypted('4712') }))).toBe('90055');
    expect(codeOf(await client.completeRegistration(reference, { password: 'clear' }))).toBe('90063');
    expect(codeOf(await client.completeRegistration(reference, { serialId: 'other' }))).toBe('90063');
    const { token } = client;
    client.token = 'OTHER';
    expect(codeOf(await client.completeRegistration(reference, { otp: client.encrypted('4711') }))).toBe('90063');
    client.token = token;
    expect(codeOf(await client.completeRegistration(reference, { otp: client.encrypted('4711') }))).toBe('90000');
  });
});
