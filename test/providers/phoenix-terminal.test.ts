// Payments that a team signs with the session of its guard.
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type PhoenixCall,
  type PhoenixOptions,
  type PhoenixTerminal,
  phoenixTerminal,
  type SignedCall,
} from 'payout-guard/providers/phoenix';
import type { PhoenixSimulator, PhoenixSimulatorOptions } from 'payout-guard/testing';
import { closeAll, failureOf, guardOf, quick, startPhoenix } from './support.js';

afterEach(closeAll);

interface World {
  readonly simulator: PhoenixSimulator;
  readonly terminal: PhoenixTerminal;
}

async function start(simulated: PhoenixSimulatorOptions = {}, options: Partial<PhoenixOptions> = {}): Promise<World> {
  const simulator = await startPhoenix({ available: '20000000', ...simulated });
  const terminal = phoenixTerminal({ baseUrl: simulator.url, ...simulator.credentials(), ...quick, ...options });
  return { simulator, terminal };
}

async function send(call: SignedCall): Promise<Record<string, unknown>> {
  const { method, headers, body } = call;
  const response = await fetch(call.url, { method, headers, ...(body === undefined ? {} : { body }) });
  return (await response.json()) as Record<string, unknown>;
}

const payment = { requestReference: 'ref-1', amount: '600', customerId: '0770000000', paymentCode: '53046936951' };
const payCall = (changes: object = {}): PhoenixCall => ({ method: 'POST', payment: { ...payment, ...changes } });
const status = { method: 'GET', path: 'sente/status', query: { requestReference: 'ref-1' } } as const;

describe('a payment', () => {
  it('is signed, accepted, and found by lookup, over one session with the balance', async () => {
    const { simulator, terminal } = await start();
    const guard = guardOf(terminal.provider);
    const answer = await guard.withHold({ amount: '600', reference: 'ref-1' }, async () =>
      send(await terminal.sign(payCall())),
    );
    expect(answer).toMatchObject({ responseCode: '90000', requestReference: 'ref-1' });
    expect((await guard.getHold('ref-1'))?.state).toBe('captured');
    expect(simulator.balances().available).toBe('19999400');
    expect(await send(await terminal.sign(status))).toMatchObject({ responseCode: '90000' });
    const signal = new AbortController().signal;
    expect(await terminal.provider.lookup?.({ reference: 'ref-1', currency: 'UGX', sentAtMs: 0, signal })).toEqual({
      outcome: 'completed',
    });
    expect(simulator.count('/client/doKeyExchange')).toBe(1);
  });

  it.each([
    ['600', '"amount":600.0,', '"amount":600,'],
    ['600.50', '"amount":600.5,', '"amount":600.5,'],
    ['10000000', '"amount":1.0E7,', '"amount":10000000,'],
    ['12345678.5', '"amount":1.23456785E7,', '"amount":12345678.5,'],
  ])('of %s is written as it is signed, in both forms', async (amount, javaDouble, plain) => {
    for (const [form, text] of [
      ['javaDouble', javaDouble],
      ['plain', plain],
    ] as const) {
      const { terminal } = await start({ signedAmount: form }, { amountForm: form });
      const call = await terminal.sign(payCall({ amount }));
      expect(call.body).toContain(text);
      expect(await send(call)).toMatchObject({ responseCode: '90000' });
      const other = await start({ signedAmount: form === 'plain' ? 'javaDouble' : 'plain' }, { amountForm: form });
      const refused = javaDouble === plain ? '90000' : '90063';
      expect(await send(await other.terminal.sign(payCall({ amount })))).toMatchObject({ responseCode: refused });
    }
  });

  it('can also be made in two steps', async () => {
    const { terminal } = await start();
    const { requestReference, amount, customerId, paymentCode } = payment;
    const body = { requestReference, amount, customerId, paymentCode, currencyCode: 'UGX' };
    const second: PhoenixCall = { method: 'POST', path: 'sente/payment', payment };
    expect(await send(await terminal.sign(second))).toMatchObject({ responseCode: '70038' });
    const validation: PhoenixCall = { method: 'POST', path: 'sente/customerValidation', body };
    expect(await send(await terminal.sign(validation))).toMatchObject({ responseCode: '90000' });
    expect(await send(await terminal.sign(second))).toMatchObject({ responseCode: '90000' });
  });

  it('is signed again with another session after a refusal, and made once', async () => {
    const { simulator, terminal } = await start();
    const call = await terminal.sign(payCall({ otp: '123456' }));
    simulator.replaceSessions();
    expect(await send(call)).toMatchObject({ responseCode: '90063' });
    const again = await terminal.signAgain(call);
    expect(again.headers.AuthToken).not.toBe(call.headers.AuthToken);
    const otps = [call, again].map(({ body }) => JSON.parse(body ?? '').otp);
    expect(otps[0]).not.toBe(otps[1]);
    for (const otp of otps) expect(Buffer.from(otp, 'base64').length).toBe(32);
    expect(await send(again)).toMatchObject({ responseCode: '90000' });
    expect(await send(await terminal.signAgain(again))).toMatchObject({ responseCode: '90026' });
    expect(simulator.payouts.length).toBe(1);
    expect(simulator.count('/client/doKeyExchange')).toBe(3);
  });

  it('is sent, and signed again, as a copy with everything that was signed', async () => {
    const { simulator, terminal } = await start();
    const signed = await terminal.sign(payCall());
    expect(Object.keys({ ...signed })).toEqual(['method', 'url', 'headers', 'body']);
    simulator.replaceSessions();
    const copy = { ...signed };
    expect(await send(copy)).toMatchObject({ responseCode: '90063' });
    const { url, ...init } = await terminal.signAgain(copy);
    expect(await (await fetch(url, init)).json()).toMatchObject({ responseCode: '90000' });
    const { url: asked, ...question } = await terminal.sign(status);
    expect(await (await fetch(asked, { ...question, redirect: 'error' })).json()).toMatchObject({
      responseCode: '90000',
    });
    expect(simulator.payouts.length).toBe(1);
  });

  it('is not signed without a session, and rejects before anything is sent', async () => {
    const { simulator, terminal } = await start({}, { password: 'wrong' });
    expect(await failureOf(terminal.sign(payCall()))).toMatchObject({
      code: 'balance_unavailable',
      reason: 'unauthorized',
    });
    expect(simulator.count('/sente/xpayment')).toBe(0);
  });

  it('is not signed after its signal has aborted', async () => {
    const { simulator, terminal } = await start();
    simulator.fault({ kind: 'hang' }, { path: '/client/doKeyExchange' });
    const leaving = new AbortController();
    const signing = failureOf(terminal.sign(payCall(), leaving.signal));
    leaving.abort(new Error('the client left'));
    expect(await signing).toMatchObject({
      message:
        'Session unavailable: the provider did not respond in time (the signal was aborted). This call was not signed.',
      cause: expect.objectContaining({ message: 'the client left' }),
    });
    const asking = failureOf(terminal.sign(status, AbortSignal.abort(new Error('the client left'))));
    expect((await asking).message).toBe('the client left');
  });

  it.each<[string, unknown]>([
    ['amount', payCall({ amount: '-1' })],
    ['amount', payCall({ amount: 600 })],
    ['amount', payCall({ amount: '1e3' })],
    ['amount', payCall({ amount: '9007199254740993' })],
    ['requestReference', payCall({ requestReference: 'a b' })],
    ['requestReference', payCall({ requestReference: 'a&b' })],
    ['requestReference', payCall({ requestReference: '' })],
    ['requestReference', payCall({ requestReference: undefined })],
    ['customerId', payCall({ customerId: 770 })],
    ['paymentCode', payCall({ paymentCode: '' })],
    ['path', { method: 'POST', path: '../../other', payment }],
    ['path', { method: 'POST', path: 'sente/xpayment?x=1', payment }],
    ['path', { method: 'GET', path: '', query: {} }],
    ['query', { method: 'GET', path: 'sente/status', query: { requestReference: 'a&b=c' } }],
    ['query', { method: 'GET', path: 'sente/status', query: { 'a=b': 'c' } }],
  ])('is not signed with an odd %s (%#)', async (name, call) => {
    const { simulator, terminal } = await start();
    const error = await failureOf(terminal.sign(call as PhoenixCall));
    if (name === 'amount') expect(error).toMatchObject({ code: 'invalid_amount' });
    else expect(error).toMatchObject({ code: 'configuration', message: expect.stringContaining(name) });
    expect(simulator.count('/sente/xpayment')).toBe(0);
  });

  it('keeps the id of its terminal, whatever its fields are', async () => {
    const { terminal, simulator } = await start();
    const call = await terminal.sign(payCall({ terminalId: '3OTHER01', narration: 'é' }));
    expect(JSON.parse(call.body ?? '')).toMatchObject({
      terminalId: simulator.credentials().terminalId,
      narration: 'é',
    });
    expect(await send(call)).toMatchObject({ responseCode: '90000' });
  });

  it('of another terminal cannot be signed again', async () => {
    const [one, other] = [await start(), await start()];
    const call = await one.terminal.sign(payCall());
    expect(await failureOf(other.terminal.signAgain(call))).toMatchObject({ code: 'configuration' });
  });
});
