// F1. The functions of a route: only values of the documented type count. Everything else is an error of its own,
// thrown before the hold is taken and before the handler runs. The tests of `verdictOn` and `onDuplicate` are beside
// those of their routes.
import { describe, expect, it } from '@jest/globals';
import { Decimal } from 'decimal.js';
import type { RequestHandler } from 'express';
import { HoldStateError, type PayoutGuard } from 'payout-guard';
import {
  type CheckingRouteOptions,
  type HoldingRouteOptions,
  type PayoutRouteOptions,
  payoutGuardErrors,
  payoutRoute,
  requireSufficientFunds,
} from 'payout-guard/express';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { type Answer, cleanUp, frameworks, listen } from './api.js';

const atTheEnd = cleanUp();
const warnings = collectWarnings();

type Name = 'amount' | 'reference' | 'currency' | 'fingerprint' | 'wallet' | 'fee' | 'metadata';
type Expected = '400 invalid_amount' | '400 invalid_reference' | '400 invalid_argument' | '500 configuration';

const invalidAmount = '400 invalid_amount';
const invalidReference = '400 invalid_reference';
const invalidArgument = '400 invalid_argument';
const configuration = '500 configuration';

/** The mistakes of each function and their answers. A client's mistake is 4xx, one of the application is 500. */
const mistakes: Readonly<Record<Name, Readonly<Record<string, readonly [act: () => unknown, expected: Expected]>>>> = {
  amount: {
    'returns nothing': [() => undefined, invalidAmount],
    'returns null': [() => null, invalidAmount],
    'returns a value of another type': [() => ({ amount: '1.00' }), invalidAmount],
    'returns a list': [() => ['1.00'], invalidAmount],
    'returns an exponent': [() => '1e2', invalidAmount],
    'returns zero': [() => 0, invalidAmount],
    throws: [thrower, invalidAmount],
    'returns a promise': [async () => '1.00', configuration],
    'returns a promise that rejects': [async () => thrower(), configuration],
  },
  reference: {
    'returns nothing': [() => undefined, invalidReference],
    'returns null': [() => null, invalidReference],
    'returns an empty text': [() => '', invalidReference],
    'returns a value of another type': [() => 7, invalidReference],
    'returns a text with a space': [() => 'p 1', invalidReference],
    throws: [thrower, invalidReference],
    'returns a promise': [async () => 'p-1', configuration],
    'returns a promise that rejects': [async () => thrower(), configuration],
  },
  currency: {
    'returns nothing': [() => undefined, invalidArgument],
    'returns null': [() => null, invalidArgument],
    'returns a value of another type': [() => ({ toString: 1 }), invalidArgument],
    'returns a list': [() => ['KES'], invalidArgument],
    throws: [thrower, invalidArgument],
    'returns a promise': [async () => 'KES', configuration],
    'returns a promise that rejects': [async () => thrower(), configuration],
  },
  fingerprint: {
    'returns nothing': [() => undefined, invalidArgument],
    'returns null': [() => null, invalidArgument],
    'returns an empty text': [() => '', invalidArgument],
    'returns a value of another type': [() => 254_700_000_000, invalidArgument],
    'returns a text that is too long': [() => 'x'.repeat(1_001), invalidArgument],
    throws: [thrower, invalidArgument],
    'returns a promise': [async () => 'alice', configuration],
    'returns a promise that rejects': [async () => thrower(), configuration],
  },
  wallet: {
    'returns nothing': [() => undefined, configuration],
    'returns null': [() => null, configuration],
    'returns an empty text': [() => '', configuration],
    'returns a value of another type': [() => 7, configuration],
    'returns the key of no wallet': [() => 'other', configuration],
    'returns a name that every object has': [() => 'constructor', configuration],
    throws: [thrower, configuration],
    'returns a promise': [async () => 'default', configuration],
    'returns a promise that rejects': [async () => thrower(), configuration],
  },
  fee: {
    'returns nothing': [() => undefined, configuration],
    'returns null': [() => null, configuration],
    'returns a value of another type': [() => true, configuration],
    'returns an object': [() => ({}), configuration],
    'returns a list': [() => ['1.00'], configuration],
    'returns a bigint': [() => 1n, configuration],
    'returns no number': [() => Number.NaN, invalidAmount],
    'returns a negative amount': [() => '-1.00', invalidAmount],
    throws: [thrower, configuration],
    'returns a promise': [async () => '1.00', configuration],
    'returns a promise that rejects': [async () => thrower(), configuration],
  },
  metadata: {
    'returns nothing': [() => undefined, configuration],
    'returns null': [() => null, configuration],
    'returns a value of another type': [() => 'ip', configuration],
    'returns a list': [() => ['ip'], configuration],
    'returns a map': [() => new Map([['ip', '::1']]), configuration],
    'returns a number in it': [() => ({ ip: 1 }), invalidArgument],
    'returns a text that is too long': [() => ({ agent: 'x'.repeat(257) }), invalidArgument],
    throws: [thrower, configuration],
    'returns a promise': [async () => ({}), configuration],
    'returns a promise that rejects': [async () => thrower(), configuration],
  },
};

function thrower(): never {
  throw Object.assign(new Error('secret of the application'), { status: 418 });
}

const routes = ['payoutRoute', 'requireSufficientFunds', "requireSufficientFunds, mode: 'check'"] as const;
type Route = (typeof routes)[number];
const checked: readonly Name[] = ['amount', 'currency', 'wallet', 'fee'];

const rows = routes.flatMap((route) =>
  (Object.keys(mistakes) as Name[])
    .filter((name) => route !== routes[2] || checked.includes(name))
    .flatMap((name) =>
      Object.entries(mistakes[name]).map(([mistake, [act, expected]]) => ({ route, name, mistake, act, expected })),
    ),
);

describe.each(frameworks)('F1. on %s', (_, express) => {
  async function ask(route: Route, options: Partial<Record<Name, unknown>>): Promise<Result> {
    const guard = scriptedWallet('1000.00').guard();
    atTheEnd(() => guard.close({ waitMs: 0 }));
    const app = express();
    app.use(express.json());
    let ran = 0;
    const handler: RequestHandler = (_req, res) => {
      ran += 1;
      res.status(201).end();
    };
    app.post('/payouts', ...middleware(guard, route, options, handler));
    app.use(payoutGuardErrors());
    const { post } = await listen(app, atTheEnd);
    const answer = await post({ reference: 'p-1' }).answer;
    return { answer, ran, guard };
  }

  interface Result {
    readonly answer: Answer;
    readonly ran: number;
    readonly guard: PayoutGuard;
  }

  function middleware(
    guard: PayoutGuard,
    route: Route,
    functions: Partial<Record<Name, unknown>>,
    handler: RequestHandler,
  ): RequestHandler[] {
    const amount = () => '400.00';
    if (route === "requireSufficientFunds, mode: 'check'") {
      const options = { amount, mode: 'check', ...functions } as CheckingRouteOptions;
      return [requireSufficientFunds(guard, options), handler];
    }
    const source = { amount, reference: () => 'p-1', ...functions };
    if (route === 'payoutRoute') {
      return [payoutRoute(guard, source as PayoutRouteOptions, async (req, res) => handler(req, res, () => {}))];
    }
    return [requireSufficientFunds(guard, { ...source, verdictOn: 'none' } as HoldingRouteOptions), handler];
  }

  it.each(rows)('$route: $name that $mistake is answered $expected', async ({ route, name, act, expected }) => {
    const { answer, ran, guard } = await ask(route, { [name]: act });
    expect(`${answer.status} ${answer.code}`).toBe(expected);
    expect(answer.text).not.toContain('secret');
    expect([ran, (await guard.listHolds()).holds, warnings]).toEqual([0, [], []]);
  });

  it.each(routes)('%s: an error of this library that a function throws is passed on as it is', async (route) => {
    const { answer, ran } = await ask(route, {
      wallet: () => {
        throw new HoldStateError('p-0', 'captured', 'used');
      },
    });
    expect([answer.status, answer.code, ran]).toEqual([409, 'hold_state', 0]);
  });

  it.each(routes)('%s: valid values of all functions are accepted', async (route) => {
    const common = {
      amount: () => 400,
      currency: () => 'KES',
      wallet: () => 'default',
      fee: () => new Decimal('1.50'),
    };
    const held = { fingerprint: () => 'alice', metadata: () => ({ ip: '::1' }), reference: () => '!~' };
    const { answer, ran, guard } = await ask(route, route === routes[2] ? common : { ...common, ...held });
    expect([answer.status, ran]).toEqual([201, 1]);
    const [hold] = (await guard.listHolds()).holds;
    if (route === routes[2]) expect(hold).toBeUndefined();
    else expect(hold).toMatchObject({ reference: '!~', amount: '401.50', metadata: { ip: '::1' } });
  });

  it.each(routes)('%s: a currency of the client that the wallet does not have is answered 422', async (route) => {
    const { answer, ran } = await ask(route, { currency: () => 'UGX' });
    expect([answer.status, answer.code, ran]).toEqual([422, 'currency_mismatch', 0]);
  });
});
