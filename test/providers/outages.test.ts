// Times without requests to a provider: after consecutive failures, and after Retry-After.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { GuardOptions, WalletSettings } from 'payout-guard';
import { httpProvider } from 'payout-guard/providers/http';
import { interswitch, type NetworkOptions } from 'payout-guard/providers/interswitch';
import { phoenix } from 'payout-guard/providers/phoenix';
import type { Fault } from 'payout-guard/testing';
import { z } from 'zod';
import { deferred, stoppedClock } from '../support/wallet.js';
import {
  closeAll,
  failureOf,
  guardOf,
  quick,
  send,
  soon,
  startInterswitch,
  startPhoenix,
  startServer,
  until,
} from './support.js';

afterEach(closeAll);

const openMs = 60_000;

async function wallet(options: NetworkOptions = {}, guardOptions: Partial<GuardOptions & WalletSettings> = {}) {
  const simulator = await startInterswitch({ available: '1000' });
  const circuitBreaker = { failures: 2, openMs };
  const provider = interswitch({ baseUrl: simulator.url, ...quick, maxAttempts: 1, circuitBreaker, ...options });
  return { ...guardOf(provider, guardOptions), simulator, provider };
}

const status = (code: number, headers: Record<string, string> = {}): Fault => ({
  kind: 'status',
  status: code,
  headers,
});
const circuitOpen = { code: 'balance_unavailable', reason: 'circuit_open', status: 503, retryAfterMs: openMs };
const signal = new AbortController().signal;
const everythingButTheDate = [
  ...(['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const),
  ...(['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] as const),
];

describe('the circuit', () => {
  // The breaker uses the time of day, and accepts no injected clock.
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: everythingButTheDate });
  });
  afterEach(() => {
    jest.useRealTimers();
  });
  const pass = (ms: number) => jest.setSystemTime(Date.now() + ms);

  it.each<[string, Fault, string]>([
    ['500', status(500), 'provider_error'],
    ['429', status(429), 'rate_limited'],
    ['a reset', { kind: 'reset' }, 'network'],
    ['silence', { kind: 'hang' }, 'timeout'],
  ])('opens after two balances that failed with %s, and the provider is left alone', async (_, fault, reason) => {
    const { simulator, checkFunds } = await wallet({
      ...(fault.kind === 'hang' ? soon : {}),
    });
    simulator.fault(fault);
    for (let failed = 0; failed < 2; failed += 1) expect(await failureOf(checkFunds('1'))).toMatchObject({ reason });
    simulator.clearFaults();
    for (let refused = 0; refused < 10; refused += 1) {
      expect(await failureOf(checkFunds('1'))).toMatchObject(circuitOpen);
    }
    expect(simulator.count()).toBe(2);
  });

  it('counts balances, not attempts, and starts again after each success', async () => {
    const { simulator, checkFunds } = await wallet({ maxAttempts: 3 });
    for (let round = 0; round < 3; round += 1) {
      simulator.fault(status(500), { times: 3 });
      expect(await failureOf(checkFunds('1'))).toMatchObject({ reason: 'provider_error' });
      expect((await checkFunds('1000')).sufficient).toBe(true);
    }
    expect(simulator.count()).toBe(12);
  });

  it.each<[string, Fault, string]>([
    ['401', status(401), 'unauthorized'],
    ['403', status(403), 'forbidden'],
    ['nonsense', { kind: 'body', body: '{"responseCode":' }, 'malformed'],
    ['a megabyte', { kind: 'huge', bytes: 1_048_576 }, 'malformed'],
    ['a wrong password', { kind: 'body', body: '{"responseCode":"90063"}' }, 'unauthorized'],
  ])('stays closed when the provider answers %s', async (_, fault, reason) => {
    const { simulator, checkFunds } = await wallet();
    simulator.fault(fault);
    for (let failed = 0; failed < 10; failed += 1) expect(await failureOf(checkFunds('1'))).toMatchObject({ reason });
    expect(simulator.count()).toBe(10);
    simulator.clearFaults();
    expect((await checkFunds('1000')).sufficient).toBe(true);
  });

  it('lets one request through after openMs, opens again when that fails, and closes when it succeeds', async () => {
    const { simulator, checkFunds } = await wallet();
    simulator.fault(status(500));
    for (let failed = 0; failed < 2; failed += 1) await failureOf(checkFunds('1'));
    pass(openMs);
    expect(await failureOf(checkFunds('1'))).toMatchObject({ reason: 'provider_error' });
    expect(await failureOf(checkFunds('1'))).toMatchObject(circuitOpen);
    expect(simulator.count()).toBe(3);
    simulator.clearFaults();
    pass(openMs);
    expect((await checkFunds('1000')).sufficient).toBe(true);
    expect((await checkFunds('1001')).sufficient).toBe(false);
    expect(simulator.count()).toBe(5);
  });

  it('lets one of many concurrent requests through while it is half open', async () => {
    const { simulator, provider } = await wallet();
    const ask = () => provider.fetchBalance({ currency: 'UGX', signal });
    simulator.fault(status(500));
    for (let failed = 0; failed < 2; failed += 1) await failureOf(ask());
    pass(openMs);
    const failures = await Promise.all(Array.from({ length: 20 }, () => failureOf(ask())));
    const reasons = failures.map((error) => (error as unknown as { reason: string }).reason);
    expect(reasons.sort()).toEqual([...Array(19).fill('circuit_open'), 'provider_error']);
    expect(simulator.count()).toBe(3);
  });

  it('rejects callers that wait for that request when their signal aborts', async () => {
    const clock = stoppedClock();
    const { simulator, provider } = await wallet({ clock });
    const leaving = new AbortController();
    const ask = (how = signal) => failureOf(provider.fetchBalance({ currency: 'UGX', signal: how }));
    simulator.fault(status(500), { times: 2 });
    for (let failed = 0; failed < 2; failed += 1) await ask();
    pass(openMs);
    simulator.fault({ kind: 'hang' });
    const tried = ask();
    const waited = ask(leaving.signal);
    leaving.abort(new Error('the client left'));
    expect((await Promise.race([waited, tried])).message).toBe('the client left');
    await until(() => simulator.count() === 3);
    await clock.pass(2_000);
    expect(await tried).toMatchObject({ reason: 'timeout' });
    expect(simulator.count()).toBe(3);
  });

  it('also opens when the guard times out first', async () => {
    const { simulator, checkFunds } = await wallet({}, { fetchTimeoutMs: 100 });
    simulator.fault({ kind: 'hang' });
    for (let failed = 0; failed < 2; failed += 1) {
      expect(await failureOf(checkFunds('1'))).toMatchObject({ reason: 'timeout' });
    }
    expect(await failureOf(checkFunds('1'))).toMatchObject(circuitOpen);
    expect(simulator.count()).toBe(2);
  });

  it('does not count a guard that was closed', async () => {
    const { simulator, provider } = await wallet();
    simulator.fault({ kind: 'hang' });
    for (let closed = 0; closed < 3; closed += 1) {
      const { checkFunds, close } = guardOf(provider);
      const waiting = failureOf(checkFunds('1'));
      await until(() => simulator.count() === closed + 1);
      await close();
      expect(await waiting).toMatchObject({ reason: 'closed' });
    }
    simulator.clearFaults();
    expect((await guardOf(provider).checkFunds('1000')).sufficient).toBe(true);
  });
});

describe('the circuit of phoenix', () => {
  it.each(['/client/doKeyExchange', '/sente/accountBalance'])(
    'opens after two balances that failed at %s, and the provider is left alone',
    async (path) => {
      const simulator = await startPhoenix({ available: '1000' });
      const circuitBreaker = { failures: 2, openMs: 60_000 };
      const credentials = simulator.credentials();
      const options = { baseUrl: simulator.url, ...credentials, ...quick, maxAttempts: 1, circuitBreaker };
      const { checkFunds } = guardOf(phoenix(options));
      simulator.fault(status(500), { path });
      for (let failed = 0; failed < 2; failed += 1) {
        expect(await failureOf(checkFunds('1'))).toMatchObject({ reason: 'provider_error' });
      }
      simulator.clearFaults();
      expect(await failureOf(checkFunds('1'))).toMatchObject({ ...circuitOpen, retryAfterMs: 60_000 });
      expect(simulator.count(path)).toBe(2);
    },
  );

  it('stays closed when a password is wrong', async () => {
    const simulator = await startPhoenix({ available: '1000' });
    const circuitBreaker = { failures: 2, openMs: 60_000 };
    const options = { baseUrl: simulator.url, ...simulator.credentials(), password: 'wrong', ...quick, circuitBreaker };
    const { checkFunds } = guardOf(phoenix(options));
    for (let failed = 0; failed < 5; failed += 1) {
      expect(await failureOf(checkFunds('1'))).toMatchObject({ reason: 'unauthorized' });
    }
    expect(simulator.count()).toBe(5);
  });
});

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
