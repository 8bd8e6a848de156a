// The steps of the model test of the PostgreSQL store: batches of any operations, pauses, lists and claims.
import fc from 'fast-check';
import type { ClaimRequest, HoldFilter, HoldRequest, SettleRequest } from 'payout-guard';

export const wallets: readonly string[] = ['v', 'w', 'x'];

/** One step of a run. `batches` are batches of one operation each. */
export type Step =
  | { readonly kind: 'batch' | 'batches'; readonly operations: readonly Operation[] }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'list'; readonly filter: HoldFilter }
  | { readonly kind: 'claim'; readonly request: Omit<ClaimRequest, 'after'> };

export type Operation =
  | Asked
  | {
      readonly kind: 'settle';
      readonly reference: string;
      readonly attempt: 'last' | 'earlier' | undefined;
      readonly settlement: Settlement;
    }
  | { readonly kind: 'freeze'; readonly wallet: string; readonly reason: string | undefined }
  | { readonly kind: 'get'; readonly reference: string }
  | { readonly kind: 'totals'; readonly wallet: string };

/** A request to hold. `isCurrent`: in the epoch of the store. */
type Asked = Pick<
  HoldRequest,
  'wallet' | 'amountMinor' | 'limitMinor' | 'state' | 'expiresInMs' | 'sendsForMs' | 'fingerprint'
> & { readonly kind: 'hold'; readonly reference: string | undefined; readonly isCurrent: boolean };

type Settlement =
  | Exclude<WithoutReference<SettleRequest>, { to: 'sent' }>
  | {
      readonly to: 'sent';
      readonly sendsForMs: number;
      readonly sender?: string | undefined;
      readonly check?: { readonly isCurrent: boolean; readonly limitMinor: bigint } | undefined;
    };
type WithoutReference<Request> = Request extends unknown ? Omit<Request, 'reference' | 'attempt'> : never;

// Few of each, so that they meet.
const reference = fc.constantFrom('a', 'b', 'c');
const wallet = fc.constantFrom(...wallets);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const isCurrent = fc.constantFrom(true, true, true, true, true, false);
const limitMinor = fc.oneof(
  { weight: 8, arbitrary: fc.constant(2n ** 63n - 1n) },
  { weight: 3, arbitrary: fc.constantFrom(10n ** 14n + 1n, 30n, 12n) },
  { weight: 1, arbitrary: fc.constant(-1n) },
);
const durationMs = fc.constantFrom(0, 1, 5, 20, 60_000);
// A batch is one moment: nothing that begins in it ends in it.
const lifetimeMs = fc.constantFrom(1, 5, 20, 60_000);
const senders = fc.constantFrom('one handle', 'another handle', 'a1 1', 'a2 1');

const holds = fc.record({
  kind: fc.constant('hold' as const),
  reference,
  wallet: fc.constantFrom('v', 'w', 'w', 'w', 'w', 'w', 'x'),
  amountMinor: fc.constantFrom(5n, 5n, 5n, 5n, 5n, 1n, 10n ** 14n - 3n, 2n ** 62n),
  limitMinor,
  state: fc.constantFrom('sent' as const, 'reserved' as const),
  expiresInMs: lifetimeMs,
  sendsForMs: durationMs,
  fingerprint: fc.constantFrom('payee', 'payee', 'payee', 'other', undefined),
  isCurrent,
});
/** A hold of a reference that occurs once: most of them go into the table as they are. */
const freshHolds = holds.map((hold) => ({ ...hold, reference: undefined, isCurrent: true }));

const settlements: fc.Arbitrary<Settlement> = fc.oneof(
  fc.record({ to: fc.constant('reserved' as const), expiresInMs: lifetimeMs }),
  fc.record({
    to: fc.constant('sent' as const),
    sendsForMs: durationMs,
    sender: maybe(senders),
    check: maybe(fc.record({ isCurrent, limitMinor })),
  }),
  fc.record({ to: fc.constant('returned' as const) }),
  fc.record({
    to: fc.constant('captured' as const),
    actualMinor: maybe(fc.constantFrom(0n, 3n, 9n)),
    visibleInMs: durationMs,
    awaitsOutcome: fc.constantFrom(true, false, undefined),
  }),
  fc.record({
    to: fc.constant('released' as const),
    notSent: fc.constantFrom(true, false, undefined),
    sender: maybe(senders),
  }),
  fc.record({ to: fc.constant('failed' as const) }),
);
const settles = fc.record({
  kind: fc.constant('settle' as const),
  reference,
  // Of the holds asked for with this reference: the last, or an earlier one.
  attempt: fc.constantFrom('last' as const, 'last' as const, 'earlier' as const, undefined),
  settlement: settlements,
});
const freezes = fc.record({
  kind: fc.constant('freeze' as const),
  wallet,
  reason: fc.constantFrom('an audit', 'an audit, still', undefined, undefined, undefined, undefined),
});
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 3, arbitrary: holds },
  { weight: 1, arbitrary: freshHolds },
  { weight: 9, arbitrary: settles },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('get' as const), reference }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('totals' as const), wallet }) },
  { weight: 2, arbitrary: freezes },
);
const moves = fc.array(settles, { minLength: 1, maxLength: 3, size: 'max' });
/** A hold, what becomes of it, and a retry. */
const life = fc
  .tuple(holds, moves, fc.boolean())
  .map(([hold, moves, isRepeated]) => [
    hold,
    ...moves.map((move) => ({ ...move, reference: hold.reference })),
    ...(isRepeated ? [{ ...hold, isCurrent: true }] : []),
  ]);
/** The same in a batch each, and its wallet frozen on the way. */
const interruptedLife = fc
  .tuple(holds, freezes, moves)
  .map(([hold, freeze, moves]) => [
    hold,
    { ...freeze, wallet: hold.wallet },
    ...moves.map((move) => ({ ...move, reference: hold.reference })),
  ]);

const walletsAsked = fc.constantFrom(['w'], ['v', 'w'], ['w', 'w', 'x'], [], ['none']);
export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('batch' as const),
      operations: fc.oneof(
        { weight: 8, arbitrary: fc.array(operation, { minLength: 1, maxLength: 8, size: 'max' }) },
        {
          weight: 8,
          arbitrary: fc.array(life, { minLength: 1, maxLength: 3, size: 'max' }).map((lives) => lives.flat()),
        },
        { weight: 3, arbitrary: fc.array(freshHolds, { minLength: 1, maxLength: 4, size: 'max' }) },
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('batches' as const), operations: interruptedLife }) },
  fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 1, 5, 5, 20, 60_000) }),
  fc.record({
    kind: fc.constant('list' as const),
    filter: fc.record({
      wallets: maybe(walletsAsked),
      state: maybe(fc.constantFrom('reserved' as const, 'sent' as const, 'captured' as const, 'released' as const)),
      olderThanMs: maybe(durationMs),
      limit: fc.constantFrom(1, 2, 5, 100),
    }),
  }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('claim' as const),
      request: fc.record({
        wallets: walletsAsked,
        owner: fc.constantFrom('one', 'other'),
        olderThanMs: fc.constantFrom(0, 1, 5, 20),
        leaseMs: durationMs,
        limit: fc.constantFrom(0, 1, 2, 100),
        unservedForMs: fc.constantFrom(0, 1, 20, 60_000),
      }),
    }),
  },
);
