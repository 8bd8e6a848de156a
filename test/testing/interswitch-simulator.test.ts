import { afterEach, describe, expect, it } from '@jest/globals';
import { ConfigurationError } from 'payout-guard';
import {
  type InterswitchSimulator,
  type InterswitchSimulatorOptions,
  interswitchSimulator,
} from 'payout-guard/testing';
import { closeAll, startInterswitch as start } from '../providers/support.js';

afterEach(closeAll);

function get(simulator: InterswitchSimulator, path = '/isw/payments/balance'): Promise<Response> {
  return fetch(simulator.url + path);
}

async function text(simulator: InterswitchSimulator): Promise<string> {
  const response = await get(simulator);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
  return response.text();
}

describe('GET /isw/payments/balance', () => {
  it('answers the balance in the envelope of Phoenix', async () => {
    expect(await text(await start())).toBe(
      '{"responseCode":"90000","responseMessage":"TRANSACTION APPROVED","requestReference":"simulated-1",' +
        '"response":{"terminalId":"3SIM0001","availableBalance":250000,"ledgerBalance":250000,' +
        '"currencyCode":"UGX","accountName":"SIMULATED WALLET"}}',
    );
  });

  it('answers flat on request, with another currency code, another ledger and amounts as text', async () => {
    const simulator = await start({ shape: 'flat', currency: '800', amounts: 'text', ledger: '9000000' });
    expect(await text(simulator)).toBe(
      '{"responseCode":"90000","responseMessage":"TRANSACTION APPROVED","requestReference":"simulated-1",' +
        '"terminalId":"3SIM0001","availableBalance":"250000","ledgerBalance":"9000000",' +
        '"currencyCode":"800","accountName":"SIMULATED WALLET"}',
    );
  });

  it.each([
    ['0', '0', '0.0'],
    ['250000', '250000', '250000.0'],
    ['250000.50', '250000.50', '250000.5'],
    ['9999999.99', '9999999.99', '9999999.99'],
    ['10000000', '10000000', '1.0E7'],
    ['12345678.90', '12345678.90', '1.23456789E7'],
    ['92233720368547758.07', '92233720368547758.07', '9.223372036854775807E16'],
  ])('writes %s as the number %s and the Java double %s', async (available, number, javaDouble) => {
    const [plain, java] = [await start({ available }), await start({ available, amounts: 'javaDouble' })];
    expect(await text(plain)).toContain(`"availableBalance":${number},`);
    expect(await text(java)).toContain(`"availableBalance":${javaDouble},`);
  });

  it('follows credit, debit and setBalance, exactly', async () => {
    const simulator = await start({ available: '0.10', ledger: '9007199254740993' });
    simulator.credit('0.20');
    expect(simulator.balances()).toEqual({ available: '0.30', ledger: '9007199254740993.20' });
    simulator.debit('0.30');
    expect(simulator.balances()).toEqual({ available: '0', ledger: '9007199254740992.90' });
    simulator.setBalance({ available: '7', ledger: undefined });
    expect(simulator.balances()).toEqual({ available: '7', ledger: '9007199254740992.90' });
    simulator.setBalance({ ledger: '1000000' });
    expect(await text(simulator)).toContain('"availableBalance":7,"ledgerBalance":1000000,');
  });

  it.each([
    [{}, '-0.50', '-7'],
    [{ amounts: 'text' }, '"-0.50"', '"-7"'],
    [{ amounts: 'javaDouble' }, '-0.5', '-7.0'],
  ] as const)('answers a negative balance with %j as %s', async (options, available, ledger) => {
    const simulator = await start(options);
    simulator.setBalance({ available: '-0.5', ledger: '-7' });
    expect(await text(simulator)).toContain(`"availableBalance":${available},"ledgerBalance":${ledger},`);
    expect(simulator.balances()).toEqual({ available: '-0.50', ledger: '-7' });
    expect(() => simulator.debit('0.01')).toThrow(ConfigurationError);
    simulator.credit('10');
    expect(simulator.balances()).toEqual({ available: '9.50', ledger: '3' });
  });

  it('refuses invalid options of sessions', async () => {
    for (const options of [{ sessions: 'none' }, { callMs: -1 }, { callMs: Number.NaN }] as object[]) {
      await expect(start(options)).rejects.toBeInstanceOf(ConfigurationError);
    }
  });

  it('refuses invalid amounts and amounts above the balance', async () => {
    const simulator = await start({ available: '100', ledger: '50' });
    for (const attempt of [
      () => simulator.debit('100.01'),
      () => simulator.credit('1.001'),
      () => simulator.setBalance({ available: '--1' }),
      () => simulator.setBalance({ available: '-1.001' }),
      () => simulator.setBalance({ total: '1' } as object),
      () => simulator.respondWith({ code: null as unknown as string }),
    ]) {
      expect(attempt).toThrow(ConfigurationError);
    }
    simulator.setBalance({ ledger: '200' });
    expect(() => simulator.debit('100.01')).toThrow(ConfigurationError);
    expect(simulator.balances()).toEqual({ available: '100', ledger: '200' });
  });

  it('can be on another path, to which faults then apply', async () => {
    const simulator = await start({ path: '/phoenix/balance' });
    expect((await get(simulator)).status).toBe(404);
    expect((await get(simulator, '/phoenix/balance')).status).toBe(200);
    simulator.fault({ kind: 'html_500' });
    expect((await get(simulator, '/phoenix/balance')).status).toBe(500);
    expect(simulator.count('/phoenix/balance')).toBe(2);
  });
});

describe('a failure', () => {
  it('respondWith: answers 200 with any code and no balance, for as many requests as asked for', async () => {
    const simulator = await start();
    simulator.respondWith({ code: '90091', message: 'REMOTE SYSTEM TEMPORARILY UNAVAILABLE' }, { times: 1 });
    simulator.respondWith({ code: 90_096 }, { times: 1 });
    expect(await text(simulator)).toBe(
      '{"responseCode":"90091","responseMessage":"REMOTE SYSTEM TEMPORARILY UNAVAILABLE",' +
        '"requestReference":"simulated-1","response":null}',
    );
    expect(await text(simulator)).toBe(
      '{"responseCode":90096,"responseMessage":"AN ERROR OCCURED","requestReference":"simulated-2","response":null}',
    );
    expect(await text(simulator)).toContain('"availableBalance":250000,');
  });

  it('respondWith: has no response at all when the answer is flat', async () => {
    const simulator = await start({ shape: 'flat' });
    simulator.respondWith({ code: '90063', message: 'AUTHORIZATION ERROR' });
    expect(await text(simulator)).toBe(
      '{"responseCode":"90063","responseMessage":"AUTHORIZATION ERROR","requestReference":"simulated-1"}',
    );
  });

  it('fields: sends a numeric code with a balance, or another currency', async () => {
    const simulator = await start();
    simulator.fault({ kind: 'fields', fields: { responseCode: 90_000, response: { currencyCode: 'KES' } } });
    expect(await (await get(simulator)).json()).toMatchObject({
      responseCode: 90_000,
      response: { availableBalance: 250_000, currencyCode: 'KES' },
    });
  });

  it('plainText: answers 200 with the sentence of a failed key exchange', async () => {
    const simulator = await start();
    simulator.plainText({ times: 1 });
    const response = await get(simulator);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/plain;charset=UTF-8']);
    expect(await response.text()).toBe('Cannot Continue with balance Check,Key Exchange failed');
    expect((await (await get(simulator)).json()) as object).toMatchObject({ responseCode: '90000' });
  });

  it('springError: answers 500 as Spring does, until the faults are cleared', async () => {
    const simulator = await start({ clock: { now: () => 1_732_204_800_000 } });
    simulator.springError();
    const response = await get(simulator);
    expect([response.status, response.headers.get('content-type')]).toEqual([500, 'application/json']);
    expect(await response.json()).toEqual({
      timestamp: '2024-11-21T16:00:00.000Z',
      status: 500,
      error: 'Internal Server Error',
      path: '/isw/payments/balance',
    });
    simulator.clearFaults();
    expect((await get(simulator)).status).toBe(200);
  });

  it('answers 404 and 405 as Spring does', async () => {
    const simulator = await start({ clock: { now: () => 1_732_204_800_000 } });
    const missing = await get(simulator, '/isw/payments/nowhere');
    expect([missing.status, await missing.json()]).toEqual([
      404,
      { timestamp: '2024-11-21T16:00:00.000Z', status: 404, error: 'Not Found', path: '/isw/payments/nowhere' },
    ]);
    const posted = await fetch(`${simulator.url}/isw/payments/balance`, { method: 'POST', body: '{}' });
    expect([posted.status, posted.headers.get('allow'), await posted.json()]).toEqual([
      405,
      'GET',
      {
        timestamp: '2024-11-21T16:00:00.000Z',
        status: 405,
        error: 'Method Not Allowed',
        path: '/isw/payments/balance',
      },
    ]);
  });

  it.each([
    [{ available: '1.001' }, 'available: Invalid amount: it has more decimals than UGX'],
    [{ ledger: 5 }, 'ledger: pass decimal text'],
    [{ shape: 'round' }, 'shape: Invalid option'],
    [{ amounts: 'float' }, 'amounts: Invalid option'],
    [{ path: 'balance' }, 'path: pass a path that begins with /'],
    [{ port: -1 }, 'port: Too small'],
    [{ balance: '1' }, 'Unrecognized key: "balance"'],
  ])('refuses the options %j', async (options, problem) => {
    const attempt = interswitchSimulator(options as InterswitchSimulatorOptions);
    await expect(attempt).rejects.toBeInstanceOf(ConfigurationError);
    await expect(attempt).rejects.toThrow(problem);
  });
});
