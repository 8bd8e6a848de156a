// Only the available balance decides. Other fields of an answer do not change the decision.
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type BalanceUnavailableError, InsufficientFundsError, type PayoutGuard } from 'payout-guard';
import { interswitch } from 'payout-guard/providers/interswitch';
import { jpay } from 'payout-guard/providers/jpay';
import {
  closeAll,
  failureOf,
  families,
  guardOf,
  quick,
  send,
  shopProvider,
  startInterswitch,
  startJpay,
  startServer,
} from './support.js';

afterEach(closeAll);

const huge = '90000000000000';

async function expectEdge(guard: PayoutGuard, covered: string, beyond: string): Promise<void> {
  expect((await guard.assertSufficientFunds(covered)).sufficient).toBe(true);
  const error = await failureOf(guard.assertSufficientFunds(beyond));
  expect(error).toBeInstanceOf(InsufficientFundsError);
  expect(error).toMatchObject({ code: 'insufficient_funds', available: covered, required: beyond });
}

describe('jpay', () => {
  it.each([
    ['a huge collection wallet', '100.00', '90000000000000.00', '100.01'],
    ['an empty collection wallet', '100.00', '0.00', '100.01'],
    ['a payout wallet that has it all', '90000000000000.00', '0.01', '90000000000000.01'],
  ])('counts the payout wallet beside %s', async (_, payout, collection, beyond) => {
    const { url: baseUrl, appKey, appSecret } = await startJpay({ payout, collection });
    await expectEdge(guardOf(jpay({ baseUrl, appKey, appSecret, ...quick })), payout, beyond);
  });

  it('ignores additional fields', async () => {
    const simulator = await startJpay({ payout: '100.00', collection: `${huge}.00` });
    const fields = { balance: huge, available: huge, availableBalance: huge, actual_balance: `${huge}.00` };
    simulator.fault({ kind: 'fields', fields });
    const { url: baseUrl, appKey, appSecret } = simulator;
    await expectEdge(guardOf(jpay({ baseUrl, appKey, appSecret, ...quick })), '100.00', '100.01');
  });
});

describe.each(['wrapped', 'flat'] as const)('interswitch, %s', (shape) => {
  it.each(['number', 'text', 'javaDouble'] as const)(
    'counts availableBalance beside any ledger, as %s',
    async (amounts) => {
      for (const [available, ledger, beyond] of [
        ['100', huge, '101'],
        ['250000', '0', '250001'],
        [huge, '1', '90000000000001'],
      ] as const) {
        const { url: baseUrl } = await startInterswitch({ shape, amounts, available, ledger });
        await expectEdge(guardOf(interswitch({ baseUrl, ...quick })), available, beyond);
      }
    },
  );

  it('ignores additional fields', async () => {
    const simulator = await startInterswitch({ shape, available: '100', ledger: huge });
    const further = { balance: huge, available_balance: huge, totalBalance: huge, currentBalance: huge, amount: huge };
    const fields = shape === 'wrapped' ? { ...further, response: further } : further;
    simulator.fault({ kind: 'fields', fields });
    await expectEdge(guardOf(interswitch({ baseUrl: simulator.url, ...quick })), '100', '101');
  });
});

describe('httpProvider', () => {
  it('counts what select names, whatever stands beside it', async () => {
    const others = `,"ledger":"${huge}","total":${huge},"available":"${huge}","__proto__":{"spendable":"${huge}"}`;
    for (const [available, beyond, extra] of [
      ['100.00', '100.01', others],
      [`${huge}.00`, `${huge}.01`, ',"ledger":"0.00","total":0,"available":"0.00"'],
    ] as const) {
      const { url } = await startServer((response) =>
        send(response, `{"ccy":"KES","spendable":"${available}"${extra}}`),
      );
      await expectEdge(guardOf(shopProvider(url)), available, beyond);
    }
  });
});

// Possible names of a balance, and names that are special to JavaScript, without the decisive ones.
const decisive = 'responseCode response availableBalance currencyCode currency spendable ccy '
  .concat('payout_wallet_balance collection_wallet_balance total_balance')
  .split(' ');
const tempting =
  'ledgerBalance ledger_balance total balance available Available available_balance actual current amount ' +
  'payoutBalance AvailableBalance value details asOfMs floor epoch mark __proto__ constructor prototype ' +
  'toString valueOf toJSON hasOwnProperty length 0 isLosslessNumber then default';
const name = fc
  .oneof(fc.constantFrom(...tempting.split(' '), '', 'availableBalance '), fc.string())
  .filter((text) => !decisive.includes(text));
const value = fc.oneof(
  fc.constantFrom(huge, `${huge}.00`, '0.00', '-1', 90_000_000_000_000, 0, -1, null, true, ''),
  fc.constantFrom('payout_wallet_balance', 'availableBalance', 'spendable', 'then').map((key) => ({ [key]: huge })),
  fc.jsonValue({ maxDepth: 3 }),
);
const members = fc
  .uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 8 })
  .map((entries) => entries.map(([key, json]) => `,${JSON.stringify(key)}:${JSON.stringify(json)}`).join(''));

const minorText = (minor: bigint, currency: string) =>
  currency === 'UGX' ? `${minor}` : `${minor / 100n}.${String(minor % 100n).padStart(2, '0')}`;

describe.each(families)('$name', ({ currency, provider, answer }) => {
  it('decides the same at the edge whatever fields are added', async () => {
    let body = '';
    const { url } = await startServer((response) => send(response, body));
    const { checkFunds } = guardOf(provider(url));
    await fc.assert(
      fc.asyncProperty(fc.bigInt(1n, 10n ** 15n), members, async (availableMinor, extra) => {
        body = answer(`"${minorText(availableMinor, currency)}"`, extra);
        expect((await checkFunds(minorText(availableMinor, currency))).sufficient).toBe(true);
        expect((await checkFunds(minorText(availableMinor + 1n, currency))).sufficient).toBe(false);
      }),
      { numRuns: 50 },
    );
  });
});

describe('another field that an answer needs', () => {
  /** The outcome for the exact amount and for one minor unit more: the correct decision, or a refusal. */
  async function outcome(guard: PayoutGuard, amounts: readonly [string, string]): Promise<unknown> {
    const told = amounts.map((amount) =>
      guard.checkFunds(amount).then(
        ({ sufficient }) => sufficient,
        (error: BalanceUnavailableError) => error.code,
      ),
    );
    return Promise.all(told);
  }
  const refused = ['balance_unavailable', 'balance_unavailable'];
  const right = [true, false];
  const money = fc.oneof(
    fc.bigInt(0n, 10n ** 15n).map((minor) => minorText(minor, 'KES')),
    fc.constantFrom(`${huge}.00`, '0.00', '1000.00', '-1000.00', '2000.00', 'NaN'),
    fc.jsonValue({ maxDepth: 2 }),
  );

  it('refuses or decides the same when the other figures of jpay change', async () => {
    let body = '';
    const { url } = await startServer((response) => send(response, body));
    const guard = guardOf(jpay({ baseUrl: url, accessToken: 'token', ...quick }));
    const seen = new Set<unknown>();
    await fc.assert(
      fc.asyncProperty(money, money, fc.boolean(), async (collection, total, addsUp) => {
        const sum = addsUp && typeof collection === 'string' ? plusThousand(collection) : undefined;
        body = JSON.stringify({
          payout_wallet_balance: '1000.00',
          collection_wallet_balance: collection,
          total_balance: sum ?? total,
        });
        const told = await outcome(guard, ['1000.00', '1000.01']);
        expect([refused, right]).toContainEqual(told);
        if (sum !== undefined) expect(told).toEqual(right);
        seen.add(JSON.stringify(told));
      }),
      { numRuns: 100 },
    );
    expect(seen.size).toBe(2);
  });

  it('refuses or decides the same when the response code or the message of interswitch changes', async () => {
    let body = '';
    const { url } = await startServer((response) => send(response, body));
    const guard = guardOf(interswitch({ baseUrl: url, ...quick, maxAttempts: 1, circuitBreaker: { failures: 1_000 } }));
    const code = fc.oneof(fc.constantFrom('90000', '9000', 90_000, '90091', '90063', '__proto__'), fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(code, fc.jsonValue(), fc.jsonValue(), async (responseCode, responseMessage, terminalId) => {
        const response = { availableBalance: '1000', currencyCode: 'UGX', terminalId };
        body = JSON.stringify({ responseCode, responseMessage, response });
        const isApproved = /^"?9000?0"?$/.test(JSON.stringify(responseCode));
        expect(await outcome(guard, ['1000', '1001'])).toEqual(isApproved ? right : refused);
      }),
      { numRuns: 50 },
    );
  });
});

/** The text of a KES amount plus a thousand, or undefined when it is no amount. */
function plusThousand(amount: string): string | undefined {
  return /^\d{1,17}\.\d{2}$/.test(amount) ? minorText(BigInt(amount.replace('.', '')) + 100_000n, 'KES') : undefined;
}
