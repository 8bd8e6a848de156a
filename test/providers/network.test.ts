// Failures on the way to a provider: the reported reason, the number of requests, and failures without a request.
import { afterEach, describe, expect, it } from '@jest/globals';
import { BalanceUnavailableError, type BalanceUnavailableReason } from 'payout-guard';
import { interswitch, type NetworkOptions } from 'payout-guard/providers/interswitch';
import type { Fault } from 'payout-guard/testing';
import { stoppedClock } from '../support/wallet.js';
import {
  closeAll,
  failureOf,
  families,
  guardOf,
  quick,
  send,
  shopProvider,
  soon,
  startInterswitch,
  startJpay,
  startServer,
  timeOut,
  until,
} from './support.js';

afterEach(closeAll);

/** A wallet of 1000 shillings behind Interswitch, and a guard that requests it each time. */
async function wallet(options: NetworkOptions = {}) {
  const simulator = await startInterswitch({ available: '1000' });
  const provider = interswitch({ baseUrl: simulator.url, ...quick, ...options });
  return { ...guardOf(provider), simulator, provider };
}

const status = (code: number, headers: Record<string, string> = {}, body = '{}'): Fault => ({
  kind: 'status',
  status: code,
  headers,
  body,
});
/** A short deadline, needed only for faults without an answer. */
const limitFor = ({ kind }: Fault) => (kind === 'hang' || kind === 'slow' ? soon : {});
const page = '<html><body>Server Error: balance 9999999</body></html>'.padEnd(100_000);

describe('a provider that fails', () => {
  const correct = '{"responseCode":"90000","response":{"availableBalance":9999999,"currencyCode":"UGX"}}';
  const cases: [string, Fault, BalanceUnavailableReason, requests: number, retryAfterMs: number, message: string][] = [
    ['hangs', { kind: 'hang' }, 'timeout', 3, 1_000, 'in time'],
    ['is slow', { kind: 'slow', ms: 600 }, 'timeout', 3, 1_000, 'in time'],
    ['resets the connection', { kind: 'reset' }, 'network', 3, 1_000, 'reached'],
    ['resets the connection midway', { kind: 'reset_midway' }, 'network', 3, 1_000, 'reached'],
    ['answers 400', status(400), 'provider_error', 1, 1_000, 'HTTP 400'],
    ['answers 401', status(401), 'unauthorized', 1, 1_000, 'HTTP 401'],
    ['answers 403', status(403), 'forbidden', 1, 1_000, 'HTTP 403'],
    ['answers 401 for 7 s', status(401, { 'retry-after': '7' }), 'unauthorized', 1, 1_000, 'HTTP 401'],
    ['answers 403 for 7 s', status(403, { 'retry-after': '7' }), 'forbidden', 1, 1_000, 'HTTP 403'],
    ['answers 408 for 7 s', status(408, { 'retry-after': '7' }), 'timeout', 3, 1_000, 'HTTP 408'],
    ['answers 404', status(404), 'provider_error', 1, 1_000, 'HTTP 404'],
    ['answers 408', status(408), 'timeout', 3, 1_000, 'HTTP 408'],
    ['answers 429', status(429), 'rate_limited', 3, 1_000, 'HTTP 429'],
    ['answers 429 for no time', status(429, { 'retry-after': '0' }), 'rate_limited', 3, 0, 'HTTP 429'],
    ['answers 429 for 7 s', status(429, { 'retry-after': '7' }), 'rate_limited', 1, 7_000, 'HTTP 429'],
    ['answers 429 until a time', status(429, until(9_000)), 'rate_limited', 1, 9_000, '429'],
    ['answers 429 until 1994', status(429, until(-1e12)), 'rate_limited', 3, 0, '429'],
    ['answers 429 for 116 days', status(429, { 'retry-after': '9999999' }), 'rate_limited', 1, 600_000, '429'],
    ['answers 429 for ever', status(429, { 'retry-after': '9'.repeat(30) }), 'rate_limited', 1, 600_000, '429'],
    ['answers 429 until 2099', status(429, until(2.4e12)), 'rate_limited', 1, 600_000, '429'],
    ['answers 500 in HTML', { kind: 'html_500' }, 'provider_error', 3, 1_000, 'HTTP 500'],
    [
      'answers 500 at length',
      status(500, { 'content-type': 'text/html' }, page),
      'provider_error',
      3,
      1_000,
      'HTTP 500',
    ],
    ['answers 500 with a balance', status(500, {}, correct), 'provider_error', 3, 1_000, 'HTTP 500'],
    ['answers 501', status(501), 'provider_error', 3, 1_000, 'HTTP 501'],
    ['answers 502', status(502, {}, 'Bad Gateway'), 'provider_error', 3, 1_000, 'HTTP 502'],
    ['answers 503', status(503), 'provider_error', 3, 1_000, 'HTTP 503'],
    ['answers 503 for 30 s', status(503, { 'retry-after': '30' }), 'provider_error', 1, 30_000, 'HTTP 503'],
    ['answers 599', status(599), 'provider_error', 3, 1_000, 'HTTP 599'],
    ['answers no JSON', { kind: 'body', body: 'balance: 9999999' }, 'malformed', 1, 1_000, 'not JSON'],
    ['answers a megabyte', { kind: 'huge', bytes: 1_048_576 }, 'malformed', 1, 1_000, 'too large'],
    ['answers 65,537 bytes', { kind: 'huge', bytes: 65_537 }, 'malformed', 1, 1_000, 'too large'],
    ...['-5', '1.5', '', 'soon', '5 minutes', '1e3', '+60', '0x10', '60, 60', '٦٠', 'Sun 5', '2099-01-01'].map(
      (odd): (typeof cases)[number] => [
        `answers 429 for "${odd}"`,
        status(429, { 'retry-after': Buffer.from(odd).toString('latin1') }),
        'rate_limited',
        3,
        1_000,
        'HTTP 429',
      ],
    ),
  ];
  const clock = stoppedClock();

  function until(inMs: number): Record<string, string> {
    const nowMs = stoppedClock().now();
    return { date: new Date(nowMs).toUTCString(), 'retry-after': new Date(nowMs + inMs).toUTCString() };
  }

  it.each(cases)('and %s is reported as it is', async (_, fault, reason, requests, retryAfterMs, message) => {
    const { simulator, checkFunds } = await wallet({ clock, ...limitFor(fault) });
    simulator.fault(fault);
    const error = await failureOf(checkFunds('1'));
    expect(error).toBeInstanceOf(BalanceUnavailableError);
    expect(error).toMatchObject({ code: 'balance_unavailable', reason, retryAfterMs, status: 503, expose: false });
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('9999999');
    expect(simulator.count()).toBe(requests);
  });

  it.each([1, 2, 10])('is asked %i times at most with such a maxAttempts', async (maxAttempts) => {
    const { simulator, checkFunds } = await wallet({ maxAttempts });
    simulator.fault(status(500));
    await failureOf(checkFunds('1'));
    expect(simulator.count()).toBe(maxAttempts);
  });

  it.each<[string, Fault]>([
    ['500', status(500)],
    ['429', status(429, { 'retry-after': '0' })],
    ['a reset', { kind: 'reset' }],
    ['half an answer', { kind: 'reset_midway' }],
    ['silence', { kind: 'hang' }],
  ])('twice with %s and then answers is believed', async (_, fault) => {
    const clock = stoppedClock();
    const { simulator, checkFunds } = await wallet({ clock });
    simulator.fault(fault, { times: 2 });
    const checking = checkFunds('1000');
    if (fault.kind === 'hang') await timeOut(clock, simulator.count, 2);
    expect((await checking).sufficient).toBe(true);
    expect(simulator.count()).toBe(3);
  });

  it('with a text in another encoding is reported by its status all the same', async () => {
    const server = await startServer((response) => send(response, Buffer.from('Erreur: acc\xe8s', 'latin1'), 502));
    const error = await failureOf(guardOf(shopProvider(server.url)).checkFunds('0.01'));
    expect(error).toMatchObject({ reason: 'provider_error', message: expect.stringContaining('HTTP 502') });
    expect(server.requests.length).toBe(3);
  });

  it('and drips its answer byte by byte times out like one that hangs', async () => {
    const timers: NodeJS.Timeout[] = [];
    const server = await startServer((response) => {
      response.writeHead(200).write('{');
      timers.push(setInterval(() => response.write(' '), 10));
    });
    const { checkFunds } = guardOf(shopProvider(server.url, { ...soon, maxAttempts: 2 }));
    expect(await failureOf(checkFunds('0.01'))).toMatchObject({ reason: 'timeout' });
    for (const timer of timers) clearInterval(timer);
    expect(server.requests.length).toBe(2);
  });

  it('and is down, or has no address, is a network failure', async () => {
    const gone = await startServer(() => {});
    await gone.close();
    for (const url of [gone.url, 'https://does-not-exist.invalid', gone.url.replace('http:', 'https:')]) {
      const { checkFunds } = guardOf(shopProvider(url));
      expect(await failureOf(checkFunds('0.01'))).toMatchObject({ reason: 'network', status: 503 });
    }
  });
});

describe.each(families)('$name', ({ provider, answer }) => {
  it.each([301, 302, 303, 307, 308])('does not follow a redirect with status %i', async (code) => {
    const other = await startServer((response) => send(response, answer('"1000.00"')));
    const server = await startServer((response, { url }) => send(response, '', code, { location: other.url + url }));
    const error = await failureOf(guardOf(provider(server.url)).checkFunds('1'));
    expect(error).toMatchObject({ reason: 'provider_error', message: expect.stringContaining(`HTTP ${code}`) });
    expect([server.requests.length, other.requests.length]).toEqual([1, 0]);
  });
});

describe('a token', () => {
  it.each([301, 302, 307, 308])('is not asked for where a redirect with status %i points', async (code) => {
    const [simulator, other] = [await startJpay(), await startJpay()];
    simulator.fault(status(code, { location: `${other.url}/auth/app/token` }), { path: '/auth/app/token' });
    const { checkFunds } = guardOf(families[0]?.provider(simulator.url, appOf(simulator)) as never);
    expect(await failureOf(checkFunds('1'))).toMatchObject({ reason: 'provider_error' });
    expect([simulator.count(), other.count()]).toEqual([1, 0]);
  });
  const appOf = ({ appKey, appSecret }: { appKey: string; appSecret: string }) =>
    ({ appKey, appSecret, accessToken: undefined }) as NetworkOptions;
});

describe('waits between attempts', () => {
  it.each([
    [0, 0, 0],
    [0.5, 50, 100],
    [0.999, 99, 199],
  ])('are drawn with full jitter: %d waits %i ms, then %i ms', async (draw, firstMs, secondMs) => {
    let draws = 0;
    const random = () => {
      draws += 1;
      return draw;
    };
    const { simulator, checkFunds } = await wallet({ random });
    simulator.fault(status(500), { times: 2 });
    expect((await checkFunds('1')).sufficient).toBe(true);
    const [first = 0, second = 0, third = 0] = simulator.requests.map(({ at }) => at);
    // A timer may fire a millisecond early. Its lateness depends on the machine.
    expect(second - first).toBeGreaterThanOrEqual(firstMs - 2);
    expect(third - second).toBeGreaterThanOrEqual(secondMs - 2);
    expect(draws).toBe(2);
  });

  it('may be nothing', async () => {
    let shortestMs = Number.POSITIVE_INFINITY;
    // A busy machine is slow at times, but not each time.
    for (let round = 0; round < 20 && shortestMs >= 250; round += 1) {
      const { simulator, checkFunds } = await wallet({ random: () => 0 });
      simulator.fault(status(500), { times: 2 });
      await checkFunds('1');
      const [first = 0, , third = 0] = simulator.requests.map(({ at }) => at);
      shortestMs = Math.min(shortestMs, third - first);
    }
    expect(shortestMs).toBeLessThan(250);
  });

  it('are as long as Retry-After asks for while there is time for it', async () => {
    const { simulator, checkFunds } = await wallet();
    simulator.fault(status(429, { 'retry-after': '1' }), { times: 1 });
    expect((await checkFunds('1')).sufficient).toBe(true);
    const [first = 0, second = 0] = simulator.requests.map(({ at }) => at);
    expect(second - first).toBeGreaterThanOrEqual(998);
  });

  it('end when the signal aborts, and nothing is asked after that', async () => {
    const { simulator, provider } = await wallet({ random: () => 0.5 });
    simulator.fault(status(500));
    const [early, late] = [new AbortController(), AbortSignal.abort(new Error('the client left'))];
    const asking = failureOf(provider.fetchBalance({ currency: 'UGX', signal: early.signal }));
    while (simulator.count() === 0) await new Promise(setImmediate);
    early.abort(new Error('the client left'));
    expect((await asking).message).toBe('the client left');
    const error = await failureOf(provider.fetchBalance({ currency: 'UGX', signal: late }));
    expect(error.message).toBe('the client left');
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(simulator.count()).toBe(1);
  });

  it('end with the deadline of the whole balance', async () => {
    const clock = stoppedClock();
    const { simulator, checkFunds } = await wallet({ clock, timeoutMs: 3_000, maxAttempts: 10 });
    simulator.fault({ kind: 'hang' });
    let isOver = false;
    const checking = failureOf(checkFunds('1')).finally(() => {
      isOver = true;
    });
    await timeOut(clock, simulator.count);
    await until(() => simulator.count() === 2);
    await clock.pass(999);
    expect(isOver).toBe(false);
    await clock.pass(1);
    expect(await checking).toMatchObject({ reason: 'timeout' });
    expect(simulator.count()).toBe(2);
  });
});
