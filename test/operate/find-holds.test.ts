import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PayoutGuard } from 'payout-guard';
import { findHolds, type HoldSearch } from '../../src/operate/index.js';
import { scriptedWallet } from '../support/wallet.js';

describe('a search for holds', () => {
  let guard: PayoutGuard;
  beforeAll(async () => {
    guard = scriptedWallet('1000000.00').guard({});
    for (let index = 1; index <= 40; index += 1) {
      const metadata = { payee: index % 10 === 0 ? 'Acme Ltd' : 'other' };
      await guard.hold({ amount: `${index}.00`, reference: `p${index}`, metadata });
    }
    await guard.capture('p7');
  });
  afterAll(() => guard.close());

  const references = async (search: HoldSearch) =>
    (await findHolds(guard, search)).holds.map(({ reference }) => reference);

  it.each<[string, HoldSearch, readonly string[]]>([
    ['a reference', { reference: 'p3' }, ['p3']],
    ['a reference that there is not', { reference: 'p99' }, []],
    ['a reference of another state', { reference: 'p3', state: 'captured' }, []],
    ['a state', { state: 'captured' }, ['p7']],
    ['text in metadata, in any case', { text: 'ACME' }, ['p10', 'p20', 'p30', 'p40']],
    ['text in the reference', { text: 'p3', amountTo: '31' }, ['p3', 'p30', 'p31']],
    ['amounts, both ends included', { amountFrom: '9.00', amountTo: '10.00' }, ['p9', 'p10']],
    ['age', { olderThanMs: 60_000 }, []],
  ])('finds by %s', async (_title, search, expected) => {
    expect(await references(search)).toEqual(expected);
  });

  it('continues on the next page, and shows each hold once', async () => {
    const found: string[] = [];
    let after: string | undefined;
    let pages = 0;
    do {
      const page = await findHolds(guard, { text: 'acme', limit: 1, after });
      found.push(...page.holds.map(({ reference }) => reference));
      after = page.next;
      pages += 1;
    } while (after !== undefined && pages < 50);
    expect(found).toEqual(['p10', 'p20', 'p30', 'p40']);
  });

  it('refuses an amount that the currency does not have', async () => {
    await expect(findHolds(guard, { amountFrom: '1.005' })).rejects.toMatchObject({ code: 'invalid_amount' });
  });
});
