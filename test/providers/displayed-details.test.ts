// Ledger balance, account name and currency of Interswitch Uganda: for display, and for nothing else.
import { afterEach, describe, expect, it } from '@jest/globals';
import { memoryHistory, recordHistory } from 'payout-guard/history';
import { interswitch } from 'payout-guard/providers/interswitch';
import { everySight } from '../support/secret-scan.js';
import { closeAll, failureOf, families, guardOf, send, startInterswitch, startServer } from './support.js';

afterEach(closeAll);

const owner = 'OKELLO AND DAUGHTERS LTD';

describe.each(families.filter(({ currency }) => currency === 'UGX'))('$name', ({ provider, answer }) => {
  async function detailsOf(extra: string): Promise<unknown> {
    const { url } = await startServer((response) => send(response, answer('1000', extra)));
    const { available, spendable, details } = await guardOf(provider(url)).funds();
    expect([available, spendable]).toEqual(['1000', '1000']);
    return details;
  }

  it.each<[string, object]>([
    [`,"ledgerBalance":900000,"accountName":"${owner}"`, { ledgerBalance: '900000', accountName: owner }],
    [',"ledgerBalance":1.0E7', { ledgerBalance: '10000000' }],
    [',"ledgerBalance":"-5.50"', { ledgerBalance: '-5.50' }],
    [',"ledgerBalance":90071992547409931', { ledgerBalance: '90071992547409931' }],
    ['', {}],
    [',"ledgerBalance":null,"accountName":null', {}],
    [',"ledgerBalance":"much","accountName":7', {}],
    [',"ledgerBalance":{"value":1},"accountName":["x"]', {}],
    [',"ledgerBalance":"","accountName":""', {}],
    [',"accountName":"line\\nbreak"', {}],
    [',"__proto__":{"ledgerBalance":7,"accountName":"x"}', {}],
  ])('shows %s, or leaves it out, beside the same balance', async (extra, details) => {
    expect(await detailsOf(extra)).toEqual({ ...details, currencyCode: 'UGX' });
  });

  it('shows the account name to the caller of funds() alone', async () => {
    let isOut = false;
    const extra = `,"ledgerBalance":5,"accountName":"${owner}"`;
    const { url } = await startServer((response) =>
      send(response, isOut ? `{"responseCode":"90096","accountName":"${owner}"}` : answer('1000', extra)),
    );
    const guard = guardOf(provider(url));
    const history = memoryHistory();
    recordHistory(guard, history);
    const seen: unknown[] = [];
    for (const name of ['approved', 'snapshot', 'providerFailure', 'insufficient', 'checkFailed'] as const) {
      guard.on(name, (event) => seen.push(event));
    }
    seen.push(await guard.checkFunds('1000'), await failureOf(guard.assertSufficientFunds('1001')));
    expect((await guard.funds()).details.accountName).toBe(owner);
    isOut = true;
    seen.push(await failureOf(guard.checkFunds('1')), guard);
    seen.push(await history.query());
    const sight = seen.map((value) => everySight(value)).join('\n');
    expect(sight).toContain('1000');
    expect(sight.includes(owner)).toBe(false);
  });
});

it('the simulator shows them in both shapes', async () => {
  for (const shape of ['wrapped', 'flat'] as const) {
    const simulator = await startInterswitch({ shape, available: '1000', ledger: '9000' });

    expect((await guardOf(interswitch({ baseUrl: simulator.url })).funds()).details).toEqual({
      ledgerBalance: '9000',
      accountName: 'SIMULATED WALLET',
      currencyCode: 'UGX',
    });
  }
});
