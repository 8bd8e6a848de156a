// Retry-After of a provider.
import { afterEach, describe, expect, it } from '@jest/globals';
import { httpProvider } from 'payout-guard/providers/http';
import { interswitch } from 'payout-guard/providers/interswitch';
import type { Fault } from 'payout-guard/testing';
import { z } from 'zod';
import { deferred, stoppedClock } from '../support/wallet.js';
import { status, wallet } from './outages-support.js';
import { closeAll, failureOf, guardOf, quick, send, startServer } from './support.js';

afterEach(closeAll);

const signal = new AbortController().signal;

describe('Retry-After', () => {
  it.each<[string, Fault, string]>([
    ['429', status(429, { 'retry-after': '60' }), 'rate_limited'],
    ['503', status(503, { 'retry-after': '60' }), 'provider_error'],
  ])(
    'of a %s beyond the deadline is not waited for, and the provider is left alone that long',
    async (_, fault, reason) => {
      const clock = stoppedClock();
      const { simulator, checkFunds } = await wallet({ clock, maxAttempts: 3 });
      simulator.fault(fault, { times: 1 });
      expect(await failureOf(checkFunds('1'))).toMatchObject({ reason, retryAfterMs: 60_000 });
      for (const [elapsedMs, leftMs] of [
        [0, 60_000],
        [1, 59_999],
        [59_998, 1],
      ] as const) {
        clock.advance(elapsedMs);
        const error = await failureOf(checkFunds('1'));
        expect(error).toMatchObject({ reason: 'rate_limited', retryAfterMs: leftMs, status: 503 });
      }
      expect(simulator.count()).toBe(1);
      clock.advance(1);
      expect((await checkFunds('1000')).sufficient).toBe(true);
      expect(simulator.count()).toBe(2);
    },
  );

  it('is kept for ten minutes at most', async () => {
    const clock = stoppedClock();
    const { simulator, checkFunds } = await wallet({ clock });
    simulator.fault(status(429, { 'retry-after': '86400' }), { times: 1 });
    await failureOf(checkFunds('1'));
    clock.advance(599_999);
    expect(await failureOf(checkFunds('1'))).toMatchObject({ reason: 'rate_limited', retryAfterMs: 1 });
    clock.advance(1);
    expect((await checkFunds('1000')).sufficient).toBe(true);
    expect(simulator.count()).toBe(2);
  });

  it.each([-3_600_000, 3_600_000])('is not changed by a clock that is set by %i ms', async (stepMs) => {
    const clock = stoppedClock();
    const { simulator, checkFunds } = await wallet({ clock });
    simulator.fault(status(429, { 'retry-after': '60' }), { times: 1 });
    await failureOf(checkFunds('1'));
    clock.step(stepMs);
    clock.advance(59_999);
    expect(await failureOf(checkFunds('1'))).toMatchObject({ reason: 'rate_limited', retryAfterMs: 1 });
    clock.advance(1);
    expect((await checkFunds('1000')).sufficient).toBe(true);
  });

  it.each([
    ['five minutes ahead', 300_000],
    ['five minutes behind', -300_000],
    ['right', 0],
  ])('of 6 s in form of a date is 6 s when the clock of the provider is %s', async (_, skewMs) => {
    const clock = stoppedClock();
    const httpDate = (inMs: number) => new Date(clock.now() + skewMs + inMs).toUTCString();
    const { simulator, checkFunds } = await wallet({ clock, maxAttempts: 3 });
    simulator.fault(status(429, { date: httpDate(0), 'retry-after': httpDate(6_000) }), { times: 1 });
    expect(await failureOf(checkFunds('1'))).toMatchObject({ reason: 'rate_limited', retryAfterMs: 6_000 });
    clock.advance(6_000);
    expect((await checkFunds('1000')).sufficient).toBe(true);
    expect(simulator.count()).toBe(2);
  });

  it('in form of a date is compared with the local clock when the answer has no date', async () => {
    const clock = stoppedClock();
    const server = await startServer((response) => {
      response.sendDate = false;
      send(response, '', 429, { 'retry-after': new Date(clock.now() + 6_000).toUTCString() });
    });
    const { checkFunds } = guardOf(interswitch({ baseUrl: server.url, ...quick, clock }));
    expect(await failureOf(checkFunds('1'))).toMatchObject({ reason: 'rate_limited', retryAfterMs: 6_000 });
  });

  it('outlasts the failure of a request that was under way before', async () => {
    const clock = stoppedClock();
    const arrived = deferred<() => void>();
    const server = await startServer((response, { url }) => {
      if (url === '/limited') send(response, '', 429, { 'retry-after': '60' });
      else arrived.resolve(() => send(response, '', 404));
    });
    const { fetchBalance } = httpProvider({
      name: 'shop',
      url: ({ currency }) => `${server.url}/${currency === 'KES' ? 'limited' : 'slow'}`,
      schema: z.object({ amount: z.string() }),
      select: ({ amount }, { currency }) => ({ available: amount, currency }),
      ...quick,
      clock,
    });
    const ask = (currency: string) => failureOf(fetchBalance({ currency, signal }));
    const slow = ask('UGX');
    const answerSlow = await arrived.promise;
    expect(await ask('KES')).toMatchObject({ retryAfterMs: 60_000 });
    answerSlow();
    expect(await slow).toMatchObject({ reason: 'provider_error' });
    expect(await ask('KES')).toMatchObject({ reason: 'rate_limited' });
    expect(server.requests.length).toBe(2);
  });
});
