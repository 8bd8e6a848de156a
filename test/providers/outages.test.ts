// Times without requests to a provider: after consecutive failures, and after Retry-After.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { phoenix } from 'payout-guard/providers/phoenix';
import type { Fault } from 'payout-guard/testing';
import { stoppedClock } from '../support/wallet.js';
import { openMs, status, wallet } from './outages-support.js';
import { closeAll, failureOf, guardOf, quick, soon, startPhoenix, until } from './support.js';

afterEach(closeAll);

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
