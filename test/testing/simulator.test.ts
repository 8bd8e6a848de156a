// The parts that all simulators share: the server, the log, the faults and the shutdown.
import { describe, expect, it } from '@jest/globals';
import { LosslessNumber } from 'lossless-json';
import { ConfigurationError } from 'payout-guard';
import { startInterswitch, startJpay, until } from '../providers/support.js';
import { stoppedClock } from '../support/clock.js';
import { failureCode, getBalance } from './simulator-support.js';

const correctText =
  '{"collection_wallet_balance":"45000.00","payout_wallet_balance":"12000.00","total_balance":"57000.00"}';

describe('faults', () => {
  it('slow: answers correctly as of the arrival of the request, and late', async () => {
    const clock = stoppedClock();
    const simulator = await startJpay({ clock });
    simulator.fault({ kind: 'slow', ms: 120 }, { times: 1 });
    let isAnswered = false;
    const slow = getBalance(simulator).finally(() => {
      isAnswered = true;
    });
    await until(() => clock.timers === 1);
    await clock.pass(119);
    expect(await (await getBalance(simulator)).text()).toBe(correctText);
    simulator.credit('payout', '1.00');
    expect(isAnswered).toBe(false);
    await clock.pass(1);
    const response = await slow;
    expect([response.status, await response.text()]).toEqual([200, correctText]);
  });

  it('slow: takes real time without a clock that has timers', async () => {
    const simulator = await startJpay();
    simulator.fault({ kind: 'slow', ms: 120 }, { times: 1 });
    const startedAtMs = performance.now();
    expect(await (await getBalance(simulator)).text()).toBe(correctText);
    expect(performance.now() - startedAtMs).toBeGreaterThan(118);
  });

  it('slow: continues when the client did not wait', async () => {
    const clock = stoppedClock();
    const simulator = await startJpay({ clock });
    simulator.fault({ kind: 'slow', ms: 200 }, { times: 1 });
    const leaving = new AbortController();
    const slow = failureCode(getBalance(simulator, { signal: leaving.signal }));
    await until(() => clock.timers === 1);
    leaving.abort(new DOMException('enough', 'TimeoutError'));
    expect(await slow).toBe('TimeoutError');
    await clock.pass(200);
    expect((await getBalance(simulator)).status).toBe(200);
  });

  it('hang: never answers', async () => {
    const simulator = await startJpay();
    simulator.fault({ kind: 'hang' });
    expect(await failureCode(getBalance(simulator, { signal: AbortSignal.timeout(150) }))).toBe('TimeoutError');
    expect(simulator.count('/wallets/balance')).toBe(1);
  });

  it('reset: resets the connection without an answer', async () => {
    const simulator = await startJpay();
    simulator.fault({ kind: 'reset' });
    expect(await failureCode(getBalance(simulator))).toBe('ECONNRESET');
    expect(simulator.count('/wallets/balance')).toBe(1);
  });

  it('reset_midway: sends the head and the first half of the body, then resets the connection', async () => {
    const simulator = await startJpay();
    simulator.fault({ kind: 'reset_midway' });
    const response = await getBalance(simulator);
    expect([response.status, response.headers.get('content-length')]).toEqual([200, String(correctText.length)]);
    const pieces: Buffer[] = [];
    const reading = (async () => {
      for await (const piece of response.body ?? []) pieces.push(Buffer.from(piece as Uint8Array));
    })();
    expect(await failureCode(reading)).toBe('UND_ERR_SOCKET');
    expect(Buffer.concat(pieces).toString()).toBe(correctText.slice(0, Math.floor(correctText.length / 2)));
  });

  it('status: answers any status with the given body and headers', async () => {
    const simulator = await startJpay();
    simulator.fault(
      { kind: 'status', status: 429, body: '{"detail":"Slow down"}', headers: { 'Retry-After': '7' } },
      { times: 1 },
    );
    simulator.fault({ kind: 'status', status: 302, headers: { Location: 'http://127.0.0.1:1/' } }, { times: 1 });
    simulator.fault(
      { kind: 'status', status: 503, body: 'Down', headers: { 'Content-Type': 'text/plain' } },
      { times: 1 },
    );

    const limited = await getBalance(simulator);
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '7']);
    expect(limited.headers.get('content-type')).toBe('application/json');
    expect(await limited.text()).toBe('{"detail":"Slow down"}');

    const moved = await getBalance(simulator);
    expect([moved.status, moved.headers.get('location'), await moved.text()]).toEqual([302, 'http://127.0.0.1:1/', '']);

    const down = await getBalance(simulator);
    expect([down.status, down.headers.get('content-type'), await down.text()]).toEqual([503, 'text/plain', 'Down']);
  });

  it('html_500: answers like a gateway', async () => {
    const simulator = await startJpay();
    simulator.fault({ kind: 'html_500' });
    const response = await getBalance(simulator);
    expect([response.status, response.headers.get('content-type')]).toEqual([500, 'text/html']);
    expect(await response.text()).toBe(
      '<html><head><title>500 Internal Server Error</title></head><body>Oops.</body></html>',
    );
  });

  it('body: answers 200 with exactly the given text', async () => {
    const simulator = await startJpay();
    for (const body of ['{"payout_wallet_balance":"120', '{"a":NaN}', '{"a":"1.00","a":"2.00"}', '']) {
      simulator.fault({ kind: 'body', body }, { times: 1 });
      const response = await getBalance(simulator);
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
      expect(await response.text()).toBe(body);
    }
    simulator.fault({ kind: 'body', body: 'Zażółć', contentType: 'text/plain; charset=utf-8' });
    const response = await getBalance(simulator);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await response.text()).toBe('Zażółć');
  });

  it('fields: changes, rewrites and leaves out fields of the correct answer', async () => {
    const simulator = await startJpay();
    simulator.fault({
      kind: 'fields',
      fields: { payout_wallet_balance: new LosslessNumber('1.20E4'), collection_wallet_balance: undefined, extra: 7n },
    });
    expect(await (await getBalance(simulator)).text()).toBe(
      '{"payout_wallet_balance":1.20E4,"total_balance":"57000.00","extra":7}',
    );
    simulator.fault({ kind: 'fields', fields: { total_balance: '1.00', payout_wallet_balance: null } });
    expect(await (await getBalance(simulator)).text()).toBe(
      '{"collection_wallet_balance":"45000.00","payout_wallet_balance":null,"total_balance":"1.00"}',
    );
    expect(simulator.balances()).toEqual({ payout: '12000.00', collection: '45000.00', total: '57000.00' });
  });

  it('fields: merges objects and replaces everything else', async () => {
    const simulator = await startInterswitch();
    const url = `${simulator.url}/isw/payments/balance`;
    simulator.fault(
      { kind: 'fields', fields: { response: { ledgerBalance: [1], currencyCode: 'KES', accountName: undefined } } },
      { times: 1 },
    );
    simulator.fault({ kind: 'fields', fields: { response: null } }, { times: 1 });
    expect(await (await fetch(url)).json()).toMatchObject({
      responseCode: '90000',
      response: { terminalId: '3SIM0001', availableBalance: 250_000, ledgerBalance: [1], currencyCode: 'KES' },
    });
    expect(await (await fetch(url)).json()).toEqual({
      responseCode: '90000',
      responseMessage: 'TRANSACTION APPROVED',
      requestReference: 'simulated-2',
      response: null,
    });
  });

  it('huge: streams the correct answer and blanks, with exactly the given number of bytes', async () => {
    const simulator = await startJpay();
    for (const bytes of [65_536, 65_537, 1_000_000]) {
      simulator.fault({ kind: 'huge', bytes });
      const response = await getBalance(simulator);
      expect([response.status, response.headers.get('content-length')]).toEqual([200, null]);
      const text = await response.text();
      expect([text.length, text.trimEnd()]).toEqual([bytes, correctText]);
    }
  });

  it('huge: continues when the client stops reading', async () => {
    const simulator = await startJpay();
    simulator.fault({ kind: 'huge', bytes: 2 ** 40 }, { times: 1 });
    const reader = (await getBalance(simulator)).body?.getReader();
    await reader?.read();
    await reader?.cancel();
    expect(await (await getBalance(simulator)).text()).toBe(correctText);
  });

  it('ends after the given number of requests', async () => {
    const simulator = await startJpay();
    simulator.fault({ kind: 'status', status: 500 }, { times: 2 });
    const statuses: number[] = [];
    for (let call = 0; call < 4; call += 1) statuses.push((await getBalance(simulator)).status);
    expect(statuses).toEqual([500, 500, 200, 200]);
  });

  it('take turns in the order they were set, and one without end gives way to the next', async () => {
    const simulator = await startJpay();
    simulator.fault({ kind: 'status', status: 501 });
    simulator.fault({ kind: 'status', status: 502 }, { times: 1 });
    simulator.fault({ kind: 'status', status: 503 }, { times: 1 });
    simulator.fault({ kind: 'status', status: 504 });
    const statuses: number[] = [];
    for (let call = 0; call < 4; call += 1) statuses.push((await getBalance(simulator)).status);
    expect(statuses).toEqual([502, 503, 504, 504]);
    simulator.clearFaults();
    expect((await getBalance(simulator)).status).toBe(200);
  });

  it('apply to the balance unless another path is named, and to every path when it is empty', async () => {
    const simulator = await startJpay();
    const statuses = async () => [
      (await getBalance(simulator)).status,
      (await fetch(`${simulator.url}/auth/refresh`, { method: 'POST' })).status,
    ];
    simulator.fault({ kind: 'status', status: 500 });
    expect(await statuses()).toEqual([500, 400]);
    simulator.clearFaults();
    simulator.fault({ kind: 'status', status: 500 }, { path: '/auth/refresh' });
    expect(await statuses()).toEqual([200, 500]);
    simulator.clearFaults();
    simulator.fault({ kind: 'status', status: 500 }, { path: '' });
    expect(await statuses()).toEqual([500, 500]);
  });

  it.each([
    [{ kind: 'broken' }, undefined, /kind: Invalid/],
    [{ kind: 'slow', ms: -1 }, undefined, /ms: Too small/],
    [{ kind: 'status', status: 199 }, undefined, /status: Too small/],
    [{ kind: 'status', status: 600 }, undefined, /status: Too big/],
    [{ kind: 'status', status: 500, headers: { 'a b': '' } }, undefined, /headers: Header name must be a valid HTTP/],
    [{ kind: 'status', status: 500, headers: { a: '\n' } }, undefined, /headers: Invalid character in header content/],
    [{ kind: 'body', body: '', contentType: 'a\nb' }, undefined, /contentType: Invalid/],
    [{ kind: 'huge', bytes: 0 }, undefined, /bytes: Too small/],
    [{ kind: 'hang', ms: 5 }, undefined, /Unrecognized key: "ms"/],
    [{ kind: 'hang' }, { times: 0 }, /times: Too small/],
    [{ kind: 'hang' }, { path: 'wallets' }, /path: pass a path that begins with \//],
    [{ kind: 'hang' }, { time: 1 }, /Unrecognized key: "time"/],
  ])('refuses what cannot be simulated: %j %j', async (fault, options, problem) => {
    const simulator = await startJpay();
    const set = () => simulator.fault(fault as never, options as never);
    expect(set).toThrow(ConfigurationError);
    expect(set).toThrow(problem);
    expect((await getBalance(simulator)).status).toBe(200);
  });
});
