import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type HoldState, type HoldStore, memoryStore } from 'payout-guard';
import { storeContract } from 'payout-guard/testing';
import { stoppedClock } from '../support/wallet.js';

const clock = stoppedClock();
storeContract(
  { describe, it },
  { name: 'the memory store', open: () => memoryStore({ clock }), pass: async (ms) => clock.advance(ms) },
);

const request = { attempt: 'a', state: 'sent' as const, expiresInMs: 1_000, limitMinor: 1_000_000n, metadata: {} };

async function hold(store: HoldStore, reference: string, amountMinor = 5n): Promise<string> {
  const { epoch } = await store.totals('w');
  return (await store.hold({ ...request, wallet: 'w', reference, amountMinor, epoch })).outcome;
}

describe('the memory store', () => {
  it('remembers as many finished references as it was told to, and forgets the oldest first', async () => {
    const store = memoryStore({ rememberFinished: 2 });
    for (const reference of ['a', 'b', 'c']) {
      await hold(store, reference);
      await store.settle({ reference, to: 'captured', visibleInMs: 0 });
    }
    expect(await store.get('a')).toBeUndefined();
    expect([await hold(store, 'b'), await hold(store, 'c'), await hold(store, 'a')]).toEqual([
      'exists',
      'exists',
      'held',
    ]);
  });

  it('counts a capture that shows late even if its reference is forgotten before', async () => {
    const stopped = stoppedClock();
    const store = memoryStore({ rememberFinished: 0, clock: stopped });
    await hold(store, 'a');
    await store.settle({ reference: 'a', to: 'captured', visibleInMs: 500 });
    expect([await store.get('a'), await store.totals('w')]).toMatchObject([undefined, { active: 5n, captured: 0n }]);
    stopped.advance(500);
    expect(await store.totals('w')).toMatchObject({ active: 0n, captured: 5n });
  });

  it('begins a new epoch with each store', async () => {
    const [one, other] = [await memoryStore().totals('w'), await memoryStore().totals('w')];
    expect(one.epoch).not.toBe(other.epoch);
  });

  it.each([[{ rememberFinished: -1 }], [{ rememberFinished: 1.5 }], [{ clock: {} }], [{ remember: 1 }]])(
    'refuses the options %p',
    (options) => {
      expect(() => memoryStore(options as never)).toThrow(/payout-guard is not configured correctly/);
    },
  );

  it('does what a simple model does, for any sequence of operations', async () => {
    const references = fc.constantFrom('a', 'b', 'c', 'd');
    const operation = fc.oneof(
      fc.record({
        op: fc.constant('hold' as const),
        reference: references,
        wallet: fc.constantFrom('w', 'v'),
        amountMinor: fc.bigInt(1n, 60n),
        state: fc.constantFrom('reserved' as const, 'sent' as const),
        expiresInMs: fc.integer({ min: 1, max: 50 }),
      }),
      fc.record({ op: fc.constant('sent' as const), reference: references }),
      fc.record({ op: fc.constant('released' as const), reference: references }),
      fc.record({
        op: fc.constant('captured' as const),
        reference: references,
        actualMinor: fc.option(fc.bigInt(1n, 90n), { nil: undefined }),
        visibleInMs: fc.constantFrom(0, 20),
      }),
      fc.record({ op: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 40 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 60 }), async (operations) => {
        const stopped = stoppedClock();
        const store = memoryStore({ clock: stopped });
        const model = new Model();
        const { epoch } = await store.totals('w');
        for (const step of operations) {
          if (step.op === 'pass') {
            stopped.advance(step.ms);
            model.nowMs += step.ms;
          } else if (step.op === 'hold') {
            const limitMinor = 100n;
            const { outcome } = await store.hold({ ...step, attempt: 'a', epoch, limitMinor, metadata: {} });
            expect(outcome).toBe(model.hold(step, limitMinor));
          } else if (step.op === 'captured') {
            const { op: to, ...rest } = step;
            expect((await store.settle({ to, ...rest })).outcome).toBe(model.settle(step));
          } else {
            expect((await store.settle({ to: step.op, reference: step.reference })).outcome).toBe(model.settle(step));
          }
          for (const wallet of ['w', 'v']) {
            const { active, captured } = await store.totals(wallet);
            expect({ active, captured }).toEqual(model.totals(wallet));
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

interface ModelRow {
  wallet: string;
  amountMinor: bigint;
  countedMinor: bigint;
  state: HoldState;
  expiresAtMs: number;
  visibleAtMs: number;
}

/** The contract, as slowly and plainly as it can be said: totals are summed up from all rows ever, each time. */
class Model {
  nowMs = 0;
  readonly #rows = new Map<string, ModelRow>();
  /** Rows whose reference was held again. */
  readonly #past: ModelRow[] = [];

  hold(
    step: { reference: string; wallet: string; amountMinor: bigint; state: 'reserved' | 'sent'; expiresInMs: number },
    limitMinor: bigint,
  ): string {
    this.#expire();
    const known = this.#rows.get(step.reference);
    const again = known?.state === 'released' && known.wallet === step.wallet && known.amountMinor === step.amountMinor;
    if (known && !again) return 'exists';
    const { active, captured } = this.totals(step.wallet);
    if (active + captured + step.amountMinor > limitMinor) return 'insufficient';
    if (known) this.#past.push(known);
    const { wallet, amountMinor, state } = step;
    const expiresAtMs = this.nowMs + step.expiresInMs;
    this.#rows.set(step.reference, {
      wallet,
      amountMinor,
      countedMinor: amountMinor,
      state,
      expiresAtMs,
      visibleAtMs: 0,
    });
    return 'held';
  }

  settle(step: {
    op: 'sent' | 'captured' | 'released';
    reference: string;
    actualMinor?: bigint | undefined;
    visibleInMs?: number;
  }): string {
    this.#expire();
    const row = this.#rows.get(step.reference);
    if (!row) return 'unknown';
    const open = row.state === 'reserved' || row.state === 'sent';
    if (row.state === step.op && step.op !== 'sent') return 'already';
    if (!open || (row.state === 'sent' && step.op === 'sent')) return 'illegal';
    row.state = step.op;
    if (step.op === 'captured') {
      row.countedMinor = step.actualMinor ?? row.amountMinor;
      row.visibleAtMs = this.nowMs + (step.visibleInMs ?? 0);
    }
    return 'done';
  }

  totals(wallet: string): { active: bigint; captured: bigint } {
    this.#expire();
    const rows = [...this.#rows.values(), ...this.#past].filter((row) => row.wallet === wallet);
    const sum = (counts: (row: ModelRow) => boolean) =>
      rows.filter(counts).reduce((total, row) => total + row.countedMinor, 0n);
    const isVisible = (row: ModelRow) => row.state === 'captured' && row.visibleAtMs <= this.nowMs;
    return { active: sum((row) => row.state !== 'released' && !isVisible(row)), captured: sum(isVisible) };
  }

  #expire(): void {
    for (const row of this.#rows.values()) {
      if (row.state === 'reserved' && row.expiresAtMs <= this.nowMs) row.state = 'released';
    }
  }
}
