import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type HoldStore, InvalidArgumentError, memoryStore, type WalletTotals } from 'payout-guard';
import { storeContract } from 'payout-guard/testing';
import { byBudget } from '../support/budget.js';
import { stoppedClock } from '../support/clock.js';
import { codesOf, collectWarnings } from '../support/warnings.js';
import { type HoldStep, hold, Model, request, type SettleStep, settleRequest } from './memory-model.js';

const clock = stoppedClock();

storeContract(
  { describe, it },
  { name: 'the memory store', open: () => memoryStore({ clock }), pass: async (ms) => clock.advance(ms) },
);

async function capture(store: HoldStore, reference: string, visibleInMs = 0): Promise<void> {
  await store.settle({ reference, to: 'captured', visibleInMs });
}

const warnings = collectWarnings();

describe('the memory store', () => {
  it('remembers the configured number of captured references, and forgets the oldest first', async () => {
    const store = memoryStore({ rememberFinished: 2 });
    for (const reference of ['a', 'b', 'c']) {
      await hold(store, reference);
      await capture(store, reference);
    }
    expect((await store.get('a')).hold).toBeUndefined();
    expect([await hold(store, 'b'), await hold(store, 'c'), await hold(store, 'a')]).toEqual([
      'exists',
      'exists',
      'held',
    ]);
  });

  it('S6. never forgets a captured or failed reference to make room for released ones that were not sent', async () => {
    const store = memoryStore({ rememberFinished: 10 });
    await hold(store, 'captured');
    await capture(store, 'captured');
    await hold(store, 'failed');
    await store.settle({ reference: 'failed', to: 'failed' });
    for (let junk = 0; junk < 100; junk++) {
      await hold(store, `junk${junk}`);
      await store.settle({ reference: `junk${junk}`, to: 'released', notSent: true });
    }
    expect((await store.get('junk0')).hold).toBeUndefined();
    expect([await hold(store, 'captured'), await hold(store, 'failed')]).toEqual(['exists', 'exists']);
    expect(warnings).toEqual([]);
  });

  it('S6. remembers that a reference was held before, for as long as it remembers the reference', async () => {
    const store = memoryStore({ rememberFinished: 1 });
    await hold(store, 'a');
    await store.settle({ reference: 'a', to: 'released', notSent: true });
    expect(await hold(store, 'a')).toBe('held');
    expect((await store.get('a')).hold).toMatchObject({ turn: 2 });
  });

  it('S6. warns once when it forgets a captured reference before 30 days are over', async () => {
    const clock = stoppedClock();
    const store = memoryStore({ rememberFinished: 1, clock });
    await hold(store, 'old');
    await capture(store, 'old');
    clock.advance(30 * 86_400_000);
    for (const reference of ['a', 'b', 'c']) {
      await hold(store, reference);
      await capture(store, reference);
      // The one before it was 30 days old.
      if (reference === 'a') expect(warnings).toEqual([]);
    }
    expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_FORGETS']);
  });

  it('counts a capture that shows late even if its reference is forgotten before', async () => {
    const clock = stoppedClock();
    const store = memoryStore({ rememberFinished: 0, clock });
    await hold(store, 'a');
    await capture(store, 'a', 500);
    expect([(await store.get('a')).hold, await store.totals('w')]).toMatchObject([
      undefined,
      { active: 5n, captured: 0n },
    ]);
    clock.advance(500);
    expect(await store.totals('w')).toMatchObject({ active: 0n, captured: 5n });
  });

  it('warns of payouts whose outcome is not known when it closes, once', async () => {
    const store = memoryStore();
    for (const reference of ['a', 'b', 'c']) await hold(store, reference);
    await capture(store, 'b');
    await store.close();
    await store.close();
    expect(warnings).toEqual([
      'PAYOUT_GUARD_MEMORY_LOST: The memory store closes with 2 payout(s) whose outcome is not known: a, c. ' +
        'Check them with the provider; a durable store keeps them.',
    ]);
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

  it.each(['SENT', 'captured', undefined])('refuses to hold with the state %p', (state) => {
    const store = memoryStore();
    const { epoch } = store.totals('w') as WalletTotals;
    const wrong = { ...request, wallet: 'w', reference: 'a', amountMinor: 5n, epoch, state } as never;
    expect(() => store.hold(wrong)).toThrow(InvalidArgumentError);
    expect(store.totals('w')).toMatchObject({ active: 0n });
  });

  it('does what a simple model does, for any sequence of operations', async () => {
    const reference = fc.constantFrom('a', 'b', 'c', 'd');
    const operation: fc.Arbitrary<Step> = fc.oneof(
      fc.record({
        op: fc.constant('hold' as const),
        reference,
        wallet: fc.constantFrom('w', 'v'),
        amountMinor: fc.bigInt(1n, 60n),
        state: fc.constantFrom('reserved' as const, 'sent' as const),
        expiresInMs: fc.integer({ min: 1, max: 50 }),
      }),
      fc.record({ op: fc.constant('sent' as const), reference }),
      fc.record({ op: fc.constant('released' as const), reference, notSent: fc.boolean() }),
      fc.record({ op: fc.constant('failed' as const), reference }),
      fc.record({
        op: fc.constant('captured' as const),
        reference,
        namesAttempt: fc.boolean(),
        actualMinor: fc.option(fc.bigInt(1n, 90n), { nil: undefined }),
        visibleInMs: fc.constantFrom(0, 20),
      }),
      fc.record({ op: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 40 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 60 }), async (steps) => {
        const clock = stoppedClock();
        const store = memoryStore({ clock });
        const model = new Model();
        const attempts = new Map<string, string>();
        const { epoch } = await store.totals('w');
        for (const step of steps) {
          switch (step.op) {
            case 'pass':
              clock.advance(step.ms);
              model.nowMs += step.ms;
              break;
            case 'hold': {
              const limitMinor = 100n;
              const { op, ...rest } = step;
              const { attempt } = request;
              const { outcome } = await store.hold({ ...request, ...rest, attempt, epoch, limitMinor });
              if (outcome === 'held') attempts.set(step.reference, attempt);
              expect(outcome).toBe(model.hold(step, limitMinor));
              break;
            }
            default:
              expect((await store.settle(settleRequest(step, attempts))).outcome).toBe(model.settle(step));
          }
          for (const wallet of ['w', 'v']) {
            const { active, captured } = await store.totals(wallet);
            expect({ active, captured }).toEqual(model.totals(wallet));
          }
        }
      }),
      { numRuns: byBudget({ small: 500, large: 20_000 }) },
    );
  });
});

type Step = { readonly op: 'pass'; readonly ms: number } | HoldStep | SettleStep;
