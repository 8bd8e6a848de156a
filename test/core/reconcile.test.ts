// Look-ups of payout outcomes: by timer, soon after a payout, and when a webhook arrives (S4, R2, F1).
import { describe, expect, it } from '@jest/globals';
import { InvalidReferenceError, memoryStore, type PayoutAnswer, type PayoutQuestion } from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { deferred, scriptedWallet } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';
import { type Outcomes, withSent } from './reconcile-support.js';

const warnings = collectWarnings();
const none = { captured: 0, released: 0, open: 0, neverSeen: [] };

describe('reconciliation', () => {
  it('settles payouts with a final outcome at the provider, and leaves the rest held', async () => {
    const references = ['made', 'more', 'not-made', 'on-its-way', 'not-known', 'broken'];
    const { wallet, guard, questions } = await withSent(
      {
        made: { outcome: 'completed' },
        more: { outcome: 'completed', debited: '10.50' },
        'not-made': { outcome: 'failed' },
        'on-its-way': { outcome: 'pending' },
        broken: new Error('timeout of https://user:pw@host'),
      },
      references,
    );
    const overdue: unknown[] = [];
    const failures: unknown[] = [];
    guard.on('overdue', ({ hold, ageMs, outcome }) => overdue.push([hold.reference, ageMs, outcome]));
    guard.on('providerFailure', ({ wallet: key, error }) => failures.push([key, error.code]));
    expect(await guard.reconcile()).toEqual(none);
    const sentAtMs = wallet.clock.now();
    wallet.clock.advance(60_000);
    expect(await guard.reconcile()).toEqual({ captured: 2, released: 1, open: 3, neverSeen: [] });
    expect(overdue).toEqual([
      ['on-its-way', 60_000, 'pending'],
      ['not-known', 60_000, 'unknown'],
      ['broken', 60_000, 'unknown'],
    ]);
    expect(failures).toEqual([['default', 'balance_unavailable']]);
    const states = await Promise.all(references.map(async (reference) => (await guard.getHold(reference))?.state));
    expect(states).toEqual(['captured', 'captured', 'released', 'sent', 'sent', 'sent']);
    expect((await guard.getHold('more'))?.captured).toBe('10.50');
    expect((await guard.getHold('not-made'))?.failed).toBe(true);
    expect(questions[0]).toMatchObject({ reference: 'made', currency: 'KES', sentAtMs });
    await guard.close();
  });

  it('does not take the failure of an earlier attempt for that of a later one with the same reference', async () => {
    const outcomes: Outcomes = { again: { outcome: 'failed' } };
    const { guard } = await withSent(outcomes, []);
    const hold = await guard.hold({ amount: '10.00', reference: 'again', state: 'sent' });
    await hold.release({ notSent: true });
    await guard.withHold({ amount: '10.00', reference: 'again' }, () => 'accepted');
    expect(await guard.reconcile({ olderThanMs: 0 })).toEqual({ ...none, open: 1 });
    outcomes.again = { outcome: 'completed' };
    expect(await guard.reconcile({ olderThanMs: 0 })).toEqual({ ...none, captured: 1 });
    await guard.close();
  });

  it('looks up one payout of any age when a webhook names it', async () => {
    const { guard } = await withSent({ a: { outcome: 'completed' }, b: { outcome: 'failed' } }, ['a', 'b', 'c']);
    expect(await guard.reconcile({ reference: 'a' })).toEqual({ ...none, captured: 1 });
    expect(await guard.reconcile({ reference: 'a' })).toEqual(none);
    expect(await guard.reconcile({ reference: 'c' })).toEqual({ ...none, open: 1 });
    expect(await guard.reconcile({ reference: 'not-there' })).toEqual(none);
    expect(await thrownBy(guard.reconcile({ reference: 'no such' }))).toBeInstanceOf(InvalidReferenceError);
    expect((await guard.getHold('b'))?.state).toBe('sent');
    await guard.close();
  });

  it('leaves reserved holds to their sender', async () => {
    const { wallet, guard } = await withSent({ reserved: { outcome: 'failed' } }, []);
    await guard.hold({ amount: '10.00', reference: 'reserved', expiresInMs: 3_600_000 });
    wallet.clock.advance(120_000);
    expect(await guard.reconcile()).toEqual(none);
    expect(await guard.reconcile({ reference: 'reserved' })).toEqual(none);
    await guard.close();
  });

  it('looks up all of them in pages', async () => {
    const references = Array.from({ length: 95 }, (_, index) => `p-${index}`);
    const completed = Object.fromEntries(references.map((key) => [key, { outcome: 'completed' } as const]));
    const { guard } = await withSent(completed, references);
    expect(await guard.reconcile({ olderThanMs: 0 })).toEqual({ ...none, captured: 95 });
    await guard.close();
  });

  it('runs in one of several guards on a store at a time', async () => {
    const store = memoryStore();
    const gate = deferred<PayoutAnswer>();
    let asked = 0;
    const { guard } = scriptedWallet('1000.00', {
      lookup: () => {
        asked += 1;
        return gate.promise;
      },
    });
    const [one, other] = [guard({ store }), guard({ store })];
    await one.hold({ amount: '10.00', reference: 'p-1', state: 'sent' });
    const first = one.reconcile({ olderThanMs: 0 });
    await new Promise(setImmediate);
    expect(await other.reconcile({ olderThanMs: 0 })).toEqual(none);
    gate.resolve({ outcome: 'completed' });
    expect([await first, asked]).toEqual([{ ...none, captured: 1 }, 1]);
    await one.close();
    await other.close();
  });

  it('reports a hold that was settled the other way in the meantime as a contradiction', async () => {
    const { guard, outcomes } = await withSent({}, ['p-1']);
    const contradictions: unknown[] = [];
    guard.on('contradiction', ({ reference, wanted, found }) => contradictions.push([reference, wanted, found]));
    const gate = deferred<PayoutAnswer>();
    Object.defineProperty(outcomes, 'p-1', { get: () => gate.promise });
    const running = guard.reconcile({ olderThanMs: 0 });
    await new Promise(setImmediate);
    await guard.capture('p-1');
    gate.resolve({ outcome: 'failed' });
    await running;
    expect(contradictions).toEqual([['p-1', 'released', 'captured']]);
    expect((await guard.getHold('p-1'))?.state).toBe('captured');
    await guard.close();
  });

  it('measures the age of a payout on the clock of the store', async () => {
    const { clock } = scriptedWallet();
    const store = memoryStore({ clock });
    const wallet = scriptedWallet('1000.00', { lookup: async () => ({ outcome: 'pending' }) });
    const guard = wallet.guard({ store, overdueAfterMs: 60_000 });
    await guard.withHold({ amount: '10.00', reference: 'p-1' }, () => 'accepted');
    // The clock of this process is an hour behind, and does not advance.
    wallet.clock.step(-3_600_000);
    clock.advance(60_000);
    const ages: number[] = [];
    guard.on('overdue', ({ ageMs }) => ages.push(ageMs));
    await guard.reconcile();
    expect(ages).toEqual([60_000]);
    await guard.close();
  });

  it('warns of overdue payouts when no listener handles them', async () => {
    const { wallet, guard } = await withSent({}, ['p-1', 'p-2']);
    wallet.clock.advance(60_000);
    await guard.reconcile();
    expect(warnings).toEqual([
      'PAYOUT_GUARD_OVERDUE: The outcome of 2 payout(s) is overdue; their money stays held. ' +
        "List them with listHolds({ state: 'sent' }).",
    ]);
    await guard.close();
  });

  it('runs on a timer', async () => {
    const wallet = scriptedWallet('1000.00', { lookup: async () => ({ outcome: 'completed' }) });
    const guard = wallet.guard({ overdueAfterMs: 1_000, reconcileEveryMs: 1_000 });
    await guard.hold({ amount: '10.00', reference: 'p-1', state: 'sent' });
    const captured: string[] = [];
    guard.on('captured', ({ hold }) => captured.push(hold.reference));
    await wallet.clock.pass(999);
    expect(captured).toEqual([]);
    await wallet.clock.pass(1);
    expect(captured).toEqual(['p-1']);
    await guard.close();
    expect(wallet.clock.timers).toBe(0);
  });

  it('stops when the guard closes during it, and leaves the hold as it was', async () => {
    const store = memoryStore();
    const guard = scriptedWallet('1000.00', { lookup: () => new Promise(() => {}) }).guard({ store });
    await guard.hold({ amount: '10.00', reference: 'p-1', state: 'sent' });
    const running = thrownBy(guard.reconcile({ olderThanMs: 0 }));
    await new Promise(setImmediate);
    await guard.close();
    expect(await running).toMatchObject({ reason: 'closed' });
    expect((await store.get('p-1')).hold?.state).toBe('sent');
  });

  it.each([
    ['null', null],
    ['a text', 'completed'],
    ['another word', { outcome: 'success' }],
    ['a number as the debit', { outcome: 'completed', debited: 10 }],
  ])('takes a look-up that answers %s for an error, and looks at the others (F1)', async (_, answer) => {
    const { wallet, guard } = await withSent({ a: answer as unknown as PayoutAnswer, b: { outcome: 'completed' } }, [
      'a',
      'b',
    ]);
    const errors: string[] = [];
    guard.on('providerFailure', ({ error }) => errors.push(error.code));
    guard.on('overdue', () => {});
    wallet.clock.advance(60_000);
    expect(await guard.reconcile()).toEqual({ ...none, captured: 1, open: 1 });
    expect(errors).toHaveLength(1);
    expect((await guard.getHold('a'))?.state).toBe('sent');
    await guard.close();
  });

  it('is not delayed by ten payouts whose look-up returns nothing (F1)', async () => {
    const references = Array.from({ length: 30 }, (_, index) => `p-${index}`);
    const lookup = async ({ reference }: PayoutQuestion) =>
      (Number(reference.slice(2)) < 20 ? undefined : { outcome: 'completed' }) as PayoutAnswer;
    const { guard } = await withSent({}, references, { lookup });
    const problems: string[] = [];
    guard.on('providerFailure', ({ error }) => problems.push(error.message));
    expect(await guard.reconcile({ olderThanMs: 0 })).toEqual({ ...none, captured: 10, open: 20 });
    expect(problems).toHaveLength(20);
    expect(problems[0]).toContain('lookup: returned nothing; it must return the outcome of the payout');
    await guard.close();
  });
});

describe('R2. a payout without a record at the provider', () => {
  const absent = { outcome: 'unknown', absent: true } as const;

  it('is reported as never seen once it is overdue, and listed for release', async () => {
    const { wallet, guard } = await withSent({ gone: absent, slow: { outcome: 'pending' } }, ['gone', 'slow']);
    const seen: unknown[] = [];
    guard.on('neverSeen', ({ hold, ageMs }) => seen.push([hold.reference, ageMs]));
    guard.on('overdue', () => {});
    expect((await guard.reconcile({ olderThanMs: 0 })).neverSeen).toEqual([]);
    wallet.clock.advance(60_000);
    const { neverSeen, open } = await guard.reconcile();
    expect([neverSeen.map(({ reference }) => reference), open, seen]).toEqual([['gone'], 2, [['gone', 60_000]]]);
    for (const { reference, attempt } of neverSeen) await guard.release(reference, { attempt, reason: 'never sent' });
    expect((await guard.getHold('gone'))?.state).toBe('released');
    await guard.close();
  });

  it('is a process warning when no listener handles it', async () => {
    const { wallet, guard } = await withSent({ gone: absent }, ['gone']);
    wallet.clock.advance(60_000);
    await guard.reconcile();
    expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_OVERDUE', 'PAYOUT_GUARD_NEVER_SEEN']);
    await guard.close();
  });

  it('counts as failed only after absentIsFailedAfterMs since the end of the code that pays', async () => {
    const wallet = scriptedWallet('1000.00', { lookup: async () => absent });
    const guard = wallet.guard({ absentIsFailedAfterMs: 3_600_000, reconcileEveryMs: 0, overdueAfterMs: 86_400_000 });
    const gate = deferred<void>();
    const paying = guard.withHold({ amount: '10.00', reference: 'p-1' }, () => gate.promise);
    await wallet.clock.pass(60_000);
    gate.resolve();
    await paying;
    wallet.clock.advance(3_599_999);
    expect(await guard.reconcile({ reference: 'p-1' })).toEqual({ ...none, open: 1 });
    wallet.clock.advance(1);
    expect(await guard.reconcile({ reference: 'p-1' })).toEqual({ ...none, released: 1 });
    await guard.close();
  });

  it('stays held for ever without absentIsFailedAfterMs', async () => {
    const { wallet, guard } = await withSent({ gone: absent }, ['gone']);
    guard.on('overdue', () => {});
    guard.on('neverSeen', () => {});
    wallet.clock.advance(365 * 86_400_000);
    expect(await guard.reconcile()).toMatchObject({ released: 0, open: 1 });
    await guard.close();
  });
});
