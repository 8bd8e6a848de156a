// Any sequence of operations, on a store and on the memory store, which is the reference: answer by answer, with every
// time and every amount. Both live by clocks that only the test moves.
import { expect } from '@jest/globals';
import fc from 'fast-check';
import {
  type ClaimPage,
  type ClaimRequest,
  type HoldFilter,
  type HoldStore,
  memoryStore,
  type SettleRequest,
} from 'payout-guard';
import { stoppedClock, type TestClock } from '../support/clock.js';
import { comparable } from './comparable.js';

const reference = fc.constantFrom('a', 'b', 'c', 'd');

const wallet = fc.constantFrom('w', 'v');

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const epoch = fc.constantFrom('current', 'current', 'current', 'another');

/** Amounts and limits on both sides of what a double holds exactly, and of what 64 bits hold. */
const amountMinor = fc.constantFrom(1n, 5n, 10n ** 14n - 3n, 2n ** 62n);

const limitMinor = fc.constantFrom(12n, 10n ** 14n + 1n, 2n ** 63n - 1n, 2n ** 65n, 2n ** 70n, -1n);

const sender = fc.constantFrom(undefined, undefined, 'its attempt', 'one handle', 'another handle');

const hold = fc.record({
  kind: fc.constant('hold' as const),
  reference,
  wallet,
  epoch,
  amountMinor,
  limitMinor,
  state: fc.constantFrom('reserved' as const, 'sent' as const),
  expiresInMs: fc.constantFrom(15, 60_000),
  sendsForMs: fc.constantFrom(20, 180_000),
  currency: fc.constantFrom({ code: 'KES', exponent: 2 }, { code: 'UGX', exponent: 0 }, { code: 'A1B2', exponent: 8 }),
  fingerprint: optional(fc.constantFrom('payee', 'other payee')),
  metadata: fc.constantFrom({}, { note: 'two\nlines "and" \\ %' }),
});

const settlement = fc.oneof(
  fc.record({ to: fc.constant('reserved' as const), expiresInMs: fc.constantFrom(5, 25, 60_000) }),
  {
    weight: 3,
    arbitrary: fc.record({
      to: fc.constant('sent' as const),
      sendsForMs: fc.constantFrom(0, 30, 180_000),
      sender,
      check: optional(fc.record({ epoch, limitMinor })),
    }),
  },
  fc.record({ to: fc.constant('returned' as const) }),
  fc.record({
    to: fc.constant('captured' as const),
    actualMinor: optional(fc.constantFrom(0n, 3n, 2n ** 62n + 1n)),
    visibleInMs: fc.constantFrom(0, 0, 25),
    awaitsOutcome: optional(fc.boolean()),
  }),
  fc.record({ to: fc.constant('released' as const), notSent: optional(fc.boolean()), sender }),
  fc.record({ to: fc.constant('failed' as const) }),
);

const attempt = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('none' as const, 'current' as const) },
  { weight: 1, arbitrary: fc.constantFrom('last asked for' as const, 'unknown' as const) },
);

const settle = fc.record({ kind: fc.constant('settle' as const), reference, attempt, settlement });

const operation = fc.oneof(
  { weight: 5, arbitrary: hold },
  { weight: 7, arbitrary: settle },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('get' as const), reference }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('totals' as const), wallet }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('freeze' as const),
      wallet,
      reason: fc.constantFrom(undefined, undefined, undefined, 'audit', 'audit, still'),
    }),
  },
);

const wallets = fc.constantFrom([], ['w'], ['v'], ['w', 'v'], ['neither']);

const step = fc.oneof(
  { weight: 6, arbitrary: fc.array(operation, { minLength: 1, maxLength: 12, size: 'max' }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 40 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('claim' as const),
      wallets,
      owner: fc.constantFrom('one', 'two'),
      olderThanMs: fc.constantFrom(0, 20),
      leaseMs: fc.constantFrom(0, 25, 60_000),
      limit: fc.constantFrom(0, 1, 2, 100),
      unservedForMs: fc.constantFrom(0, 20, 60),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('list' as const),
      wallets: optional(wallets),
      state: optional(fc.constantFrom('reserved' as const, 'sent' as const, 'captured' as const, 'released' as const)),
      olderThanMs: optional(fc.constantFrom(0, 20)),
      limit: fc.constantFrom(1, 1, 2, 100),
    }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer Drawn> ? Drawn : never;

type Operation = typeof operation extends fc.Arbitrary<infer Drawn> ? Drawn : never;

/** One store, and the facts that the drawn operations need. */
class Player {
  readonly #store: HoldStore;
  readonly #clock: TestClock;
  /** The attempt of each reference that was granted last, and the one that was asked for last. */
  readonly #granted = new Map<string, string>();
  readonly #asked = new Map<string, string>();
  #attempts = 0;

  constructor(store: HoldStore, clock: TestClock) {
    this.#store = store;
    this.#clock = clock;
  }

  async play(drawn: Step): Promise<unknown> {
    if (Array.isArray(drawn)) return this.#together(drawn);
    switch (drawn.kind) {
      case 'pass':
        this.#clock.advance(drawn.ms);
        // Holds that are due change at the next operation of either store.
        return this.#together([{ kind: 'totals', wallet: 'w' }]);
      case 'claim':
        return this.#claimed(drawn);
      case 'list':
        return this.#listed(drawn);
    }
  }

  /** All at once: on Redis they travel in one batch. */
  async #together(operations: readonly Operation[]): Promise<unknown[]> {
    const current = await this.#store.totals('w');
    const answers = await Promise.all(operations.map((one) => this.#ask(one, current.epoch)));
    for (const answer of answers) {
      if (typeof answer === 'object' && 'outcome' in answer && answer.outcome === 'held') {
        this.#granted.set(answer.hold.reference, answer.hold.attempt);
      }
    }
    return answers;
  }

  #ask(one: Operation, current: string) {
    const epochOf = (drawn: string) => (drawn === 'current' ? current : drawn);
    switch (one.kind) {
      case 'hold': {
        const { kind: _, ...request } = one;
        const attempt = `attempt ${++this.#attempts}`;
        this.#asked.set(one.reference, attempt);
        return this.#store.hold({ ...request, attempt, epoch: epochOf(one.epoch) });
      }
      case 'settle': {
        const attempt = this.#attemptOf(one);
        const own = attempt ?? this.#granted.get(one.reference) ?? 'unknown';
        const move: Record<string, unknown> = { ...one.settlement };
        if (move.sender === 'its attempt') move.sender = own;
        if (one.settlement.to === 'sent' && one.settlement.check) {
          const { check } = one.settlement;
          move.check = { ...check, epoch: epochOf(check.epoch) };
        }
        return this.#store.settle({ ...move, reference: one.reference, attempt } as SettleRequest);
      }
      case 'get':
        return this.#store.get(one.reference);
      case 'totals':
        return this.#store.totals(one.wallet);
      case 'freeze':
        return this.#store.freeze(one.wallet, one.reason);
    }
  }

  #attemptOf({ attempt, reference }: Operation & { kind: 'settle' }): string | undefined {
    if (attempt === 'none') return undefined;
    if (attempt === 'current') return this.#granted.get(reference);
    return attempt === 'last asked for' ? this.#asked.get(reference) : 'unknown';
  }

  /** All holds of all pages: the order within a claim is a store's own. */
  async #claimed({ kind: _, ...request }: ClaimRequest & { kind: 'claim' }): Promise<unknown> {
    const first = await this.#store.claim(request);
    const holds = [...first.holds];
    for (let { next } = first; next !== undefined; ) {
      const page = await this.#store.claim({ ...request, after: next });
      expect(page.holds.length).toBeLessThanOrEqual(request.limit);
      holds.push(...page.holds);
      next = page.next;
    }
    holds.sort((one, other) => one.reference.localeCompare(other.reference));
    return { holds, unserved: [...first.unserved].sort(), nowMs: first.nowMs };
  }

  async #listed({ kind: _, ...filter }: HoldFilter & { kind: 'list' }): Promise<unknown> {
    const pages: unknown[] = [];
    for (let after: string | undefined; ; ) {
      const { next, ...page } = await this.#store.list({ ...filter, after });
      pages.push(page);
      if (next === undefined) return pages;
      after = next;
    }
  }
}

/** Answers that the sequences must have reached at least once, so that they prove something. */
const reached = [
  'hold held',
  'hold insufficient',
  'hold stale_epoch',
  'hold frozen',
  'hold exists',
  'reserved done',
  'reserved illegal',
  'sent done',
  'sent illegal',
  'sent frozen',
  'sent insufficient',
  'sent stale_epoch',
  'returned done',
  'returned already',
  'returned illegal',
  'captured done',
  'captured late',
  'captured already',
  'captured illegal',
  'released done',
  'released already',
  'released illegal',
  'failed done',
  'failed already',
  'failed illegal',
  'failed unknown',
  'claim of a sent hold',
  'claim of a capture',
  'claim of several holds',
  'claim with an unserved wallet',
  'list of several pages',
];

/** Returns the kind of answer that a step reached. */
function* reachedBy(drawn: Step, answer: unknown): Iterable<string> {
  if (Array.isArray(drawn)) {
    for (const [index, one] of drawn.entries()) {
      const { outcome } = (answer as ({ outcome?: string } | undefined)[])[index] ?? {};
      if (outcome) yield `${one.kind === 'settle' ? one.settlement.to : one.kind} ${outcome}`;
    }
  } else if (drawn.kind === 'list') {
    if ((answer as unknown[]).length > 1) yield 'list of several pages';
  } else if (drawn.kind === 'claim') {
    const { holds, unserved } = answer as ClaimPage;
    for (const { state } of holds) yield `claim of a ${state === 'captured' ? 'capture' : 'sent hold'}`;
    if (holds.length > 1) yield 'claim of several holds';
    if (unserved.length > 0) yield 'claim with an unserved wallet';
  }
}

/**
 * Draws sequences, and expects the same answers of both stores.
 *
 * @param open - A new store that lives by the clock.
 */
export async function expectAnswersOfMemory(runs: number, open: (clock: TestClock) => HoldStore): Promise<void> {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25, size: 'max' }), async (steps) => {
      const clocks = [stoppedClock(), stoppedClock()] as const;
      const store = open(clocks[0]);
      const players = [new Player(store, clocks[0]), new Player(memoryStore({ clock: clocks[1] }), clocks[1])] as const;
      try {
        for (const drawn of steps) {
          const answers = await players[0].play(drawn);
          expect(comparable(answers)).toEqual(comparable(await players[1].play(drawn)));
          for (const one of reachedBy(drawn, answers)) seen.add(one);
        }
      } finally {
        await store.close();
      }
    }),
    { numRuns: runs },
  );
  expect(reached.filter((one) => !seen.has(one))).toEqual([]);
}
