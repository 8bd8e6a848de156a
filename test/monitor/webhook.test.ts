// The webhook over real HTTP: the request, the retries, and rounds that continue meanwhile. Signatures are tested in
// standard-webhooks.test.ts.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Alert, MonitorOptions, Undelivered, WebhookOptions } from 'payout-guard/monitor';
import { short, until, type Watch, watch } from './support.js';

interface Received {
  readonly body: string;
  readonly signature: unknown;
  readonly url: string | undefined;
  readonly method: string | undefined;
  readonly headers: IncomingMessage['headers'];
}

const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

describe('the webhook', () => {
  let server: Server;
  let url: string;
  let received: Received[];
  /** Answers to the next requests; 200 when none is left. */
  let answers: ((response: ServerResponse) => void)[];
  let open: Watch[];

  beforeEach(async () => {
    received = [];
    answers = [];
    open = [];
    server = createServer(async (request, response) => {
      const { url: path, method, headers } = request;
      const signature = headers['webhook-signature'];
      received.push({ body: await text(request), signature, url: path, method, headers });
      const answer = answers.shift() ?? ((ok) => ok.end('thanks'));
      answer(response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts?key=in-the-url`;
  });

  afterEach(async () => {
    server.closeAllConnections();
    await Promise.all(open.map((one) => one.close()));
    server.close();
  });

  const undelivered: Undelivered[] = [];
  function watching(webhook: Partial<WebhookOptions> = {}, more: Partial<MonitorOptions> = {}): Watch {
    undelivered.length = 0;
    const options: Partial<MonitorOptions> = {
      webhook: { url, secret, random: () => 0, ...webhook },
      onUndelivered: (one) => void undelivered.push(one),
      ...more,
    };
    const made = watch(options, { guard: { cache: { maxAgeMs: 0 } } });
    open.push(made);
    return made;
  }
  const status =
    (code: number, headers = {}) =>
    (response: ServerResponse) =>
      void response.writeHead(code, headers).end();

  it('posts what onAlert is given, as JSON, with further headers', async () => {
    const { round, alerts } = watching({ headers: { 'x-team': 'payments' } });
    await round('400.00');
    expect(received).toHaveLength(1);
    const [{ body, method, headers }] = received as [Received];
    expect([method, headers['content-type'], headers['x-team']]).toEqual(['POST', 'application/json', 'payments']);
    expect(JSON.parse(body)).toEqual(alerts[0]);
  });

  it('is sent again after network errors, 429 and 5xx, with the same id and a new time and signature', async () => {
    const { round, wallet, alerts } = watching();
    answers = [
      (response) => response.destroy(),
      (response) => {
        wallet.clock.advance(2_000);
        status(500)(response);
      },
      status(503),
      status(429),
    ];
    await round('400.00');
    expect(received).toHaveLength(5);
    expect(new Set(received.map(({ body }) => body)).size).toBe(1);
    const idsAndTimes = received.map(({ headers }) => `${headers['webhook-id']} ${headers['webhook-timestamp']}`);
    const [{ id }] = alerts as [Alert];
    const seconds = wallet.clock.now() / 1_000;
    expect(idsAndTimes).toEqual([seconds - 2, seconds - 2, seconds, seconds, seconds].map((time) => `${id} ${time}`));
    expect(new Set(received.map(({ signature }) => signature)).size).toBe(2);
    expect(undelivered).toEqual([]);
  });

  it('waits longer from time to time, with jitter', async () => {
    const random = jest.fn(() => 0.5);
    const { round } = watching({ random });
    answers = [status(500), status(500)];
    const startedAt = performance.now();
    await round('400.00');
    expect([received.length, random.mock.calls.length]).toEqual([3, 2]);
    // Half of 100 ms and of 200 ms, at least: a busy machine waits longer.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(149);
  });

  it.each([
    ['answers 500 each time', 500, 5],
    ['answers 400', 400, 1],
    ['answers 410', 410, 1],
  ])('gives up, and reports it, when it %s', async (_, code, times) => {
    const { round, alerts } = watching();
    answers = Array.from({ length: 10 }, () => status(code));
    await round('400.00');
    expect([received.length, undelivered]).toEqual([
      times,
      [{ alert: alerts[0], channel: 'webhook', reason: `HTTP ${code}` }],
    ]);
    // Not delivered again: it was given up. The next alert is delivered.
    answers = [];
    expect(await round('1000.00')).toEqual(['recovered 500.00 1000.00']);
    expect(received).toHaveLength(times + 1);
  });

  it('does not follow redirects', async () => {
    const { round } = watching();
    answers = [status(307, { location: '/elsewhere' })];
    await round('400.00');
    expect(received.map((one) => one.url)).toEqual(['/alerts?key=in-the-url']);
    expect(undelivered).toMatchObject([{ reason: 'HTTP 307' }]);
  });

  it('gives up when no server listens', async () => {
    const { round } = watching({ url: 'http://127.0.0.1:1/' });
    await round('400.00');
    expect(undelivered).toMatchObject([{ reason: 'network' }]);
  });

  it('accepts a long answer as a success', async () => {
    const { round } = watching();
    answers = [(response) => response.end('x'.repeat(100_000))];
    await round('400.00');
    expect([received.length, undelivered]).toEqual([1, []]);
  });

  it('that hangs is given up after the time for a delivery', async () => {
    const { monitor, wallet, alerts } = watching({ attemptTimeoutMs: 50 }, { deliveryTimeoutMs: 200 });
    answers = Array.from({ length: 20 }, () => () => {});
    wallet.balance = { available: '400.00', currency: 'KES' };
    const check = monitor.check();
    for (let attempt = 1; attempt <= 4; attempt++) {
      await until(() => received.length === attempt);
      expect(undelivered).toEqual([]);
      await wallet.clock.pass(50);
    }
    expect((await check).undelivered).toEqual([{ alert: alerts[0], channel: 'webhook', reason: 'timeout' }]);
    expect(received).toHaveLength(4);
  });

  it('that hangs holds up no round', async () => {
    const { monitor, wallet, alerts } = watching({}, { schedule: { everyMs: 100 } });
    let answer: ((response: ServerResponse) => void) | undefined;
    const hanging = new Promise<ServerResponse>((resolve) => {
      answer = resolve;
    });
    answers = [(response) => answer?.(response)];
    wallet.balance = { available: '400.00', currency: 'KES' };
    const check = monitor.check();
    const response = await hanging;
    // The first delivery is under way, and a scheduled round raises the next alert.
    monitor.start();
    wallet.balance = { available: '99.00', currency: 'KES' };
    await wallet.clock.pass(100);
    await until(() => received.length === 2);
    expect(alerts.map(short)).toEqual(['low_balance 500.00 400.00', 'low_balance 100.00 99.00']);
    response.end();
    expect((await check).undelivered).toEqual([]);
  });

  it('leaks neither its secret, nor its URL, nor a balance', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const lines: unknown[] = [];
    const log = (...args: unknown[]) => void lines.push(args);
    const said = watching({}, { onUndelivered: undefined, logger: { info: log, warn: log, error: log } });
    const unsaid = watching({}, { onUndelivered: undefined });
    answers = Array.from({ length: 20 }, () => status(500));
    await said.round('400.00');
    await unsaid.round('400.00');
    const shown = JSON.stringify([lines, warned.mock.calls]);
    expect(shown).toContain('HTTP 500');
    expect(shown).not.toMatch(/whsec|BwcH|in-the-url|127\.0\.0\.1|400\.00/);
    warned.mockRestore();
  });
});
