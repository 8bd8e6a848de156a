// Look-ups within a budget (S4).
import { describe, expect, it } from '@jest/globals';
import type { PayoutAnswer, PayoutQuestion } from 'payout-guard';
import { deferred, scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { withSent } from './reconcile-support.js';

const warnings = collectWarnings();

describe('S4. look-ups', () => {
  it('run 2 s, 5 s, 15 s and 1 min after the end of the payment, then at each run of the timer', async () => {
    const wallet = scriptedWallet('1000.00');
    const askedAtMs: number[] = [];
    const lookup = async (): Promise<PayoutAnswer> => {
      askedAtMs.push(wallet.clock.elapsed() - endedAtMs);
      return { outcome: 'pending' };
    };
    const guard = wallet.guard({ lookup, reconcileEveryMs: 60_000, overdueAfterMs: 300_000 });
    await wallet.clock.pass(1_000);
    const endedAtMs = wallet.clock.elapsed();
    await guard.withHold({ amount: '10.00', reference: 'p-1' }, () => 'accepted');
    await wallet.clock.pass(600_000);
    const soon = [2_000, 5_000, 15_000, 60_000, 120_000, 180_000, 240_000, 300_000];
    // From here on the payout is overdue. The timer of the guard, which is a second older than the payout, looks it up.
    expect(askedAtMs).toEqual([...soon, 359_000, 419_000, 479_000, 539_000, 599_000]);
    await guard.close();
  });

  it('end with the outcome', async () => {
    let asked = 0;
    const wallet = scriptedWallet('1000.00', {
      lookup: async () => ({ outcome: ++asked === 2 ? 'completed' : 'pending' }),
    });
    const guard = wallet.guard();
    await guard.withHold({ amount: '10.00', reference: 'p-1' }, () => 'accepted');
    await wallet.clock.pass(600_000);
    // The remaining timer is that of the reconciliation.
    expect([asked, (await guard.getHold('p-1'))?.state, wallet.clock.timers]).toEqual([2, 'captured', 1]);
    await guard.close();
  });

  it('ignore a "failed" of a look-up that began while the payment code might still send', async () => {
    const answers: ReturnType<typeof deferred<PayoutAnswer>>[] = [];
    const wallet = scriptedWallet('1000.00', {
      lookup: () => {
        const answer = deferred<PayoutAnswer>();
        answers.push(answer);
        return answer.promise;
      },
    });
    const guard = wallet.guard();
    const payment = deferred<string>();
    const paying = guard.withHold({ amount: '10.00', reference: 'p-1' }, () => payment.promise);
    await wallet.clock.pass(10);
    void guard.reconcile({ reference: 'p-1' });
    await wallet.clock.pass(10);
    // The provider has failed the first try and its answer is under way. The client sends again and ends.
    payment.resolve('accepted');
    await paying;
    await wallet.clock.pass(2_500);
    answers[0]?.resolve({ outcome: 'failed' });
    await wallet.clock.pass(100);
    expect([answers.length, (await guard.getHold('p-1'))?.state]).toEqual([2, 'sent']);
    answers[1]?.resolve({ outcome: 'completed' });
    await wallet.clock.pass(100);
    expect((await guard.getHold('p-1'))?.state).toBe('captured');
    await guard.close();
  });

  it('stay within lookupsPerSecond', async () => {
    const wallet = scriptedWallet('1000.00');
    const askedAtMs: number[] = [];
    const lookup = async (): Promise<PayoutAnswer> => {
      askedAtMs.push(wallet.clock.elapsed());
      return { outcome: 'completed' };
    };
    const guard = wallet.guard({ lookup, reconcileEveryMs: 0, lookupsPerSecond: 5 });
    for (let payout = 0; payout < 30; payout++) {
      await guard.withHold({ amount: '1.00', reference: `p-${payout}` }, () => 'accepted');
    }
    const running = guard.reconcile({ olderThanMs: 0 });
    await wallet.clock.pass(10_000);
    expect((await running).captured).toBe(30);
    const bySecond = [0, 1, 2, 3, 4, 5].map(
      (second) => askedAtMs.filter((atMs) => atMs > (second - 1) * 1_000 && atMs <= second * 1_000).length,
    );
    expect(bySecond).toEqual([5, 5, 5, 5, 5, 5]);
    await guard.close();
  });

  it('run one at a time where the provider allows one session', async () => {
    let [underWay, most] = [0, 0];
    const gates: ReturnType<typeof deferred<PayoutAnswer>>[] = [];
    const lookup = async (): Promise<PayoutAnswer> => {
      underWay += 1;
      most = Math.max(most, underWay);
      const gate = deferred<PayoutAnswer>();
      gates.push(gate);
      const answer = await gate.promise;
      underWay -= 1;
      return answer;
    };
    const { guard } = await withSent({}, ['a', 'b', 'c', 'd'], { lookup, lookupConcurrency: 1 });
    const running = guard.reconcile({ olderThanMs: 0 });
    for (let answered = 0; answered < 4; answered++) {
      while (gates.length === answered) await new Promise(setImmediate);
      gates[answered]?.resolve({ outcome: 'completed' });
    }
    expect([(await running).captured, most]).toEqual([4, 1]);
    await guard.close();
  });

  it('for a webhook run first, and a look-up that began before the event does not count for it', async () => {
    const answers = new Map<string, ReturnType<typeof deferred<PayoutAnswer>>[]>();
    const order: string[] = [];
    const lookup = ({ reference }: PayoutQuestion): Promise<PayoutAnswer> => {
      order.push(reference);
      const gate = deferred<PayoutAnswer>();
      answers.set(reference, [...(answers.get(reference) ?? []), gate]);
      return gate.promise;
    };
    const { guard } = await withSent({}, ['a', 'b', 'c'], { lookup, lookupConcurrency: 1 });
    const running = guard.reconcile({ olderThanMs: 0 });
    while (order.length === 0) await new Promise(setImmediate);
    const [hintOfA, hintOfC] = [guard.reconcile({ reference: 'a' }), guard.reconcile({ reference: 'c' })];
    await new Promise(setImmediate);
    answers.get('a')?.[0]?.resolve({ outcome: 'pending' });
    for (const [reference, index] of [
      ['c', 0],
      ['a', 1],
      ['b', 0],
    ] as const) {
      while (answers.get(reference)?.[index] === undefined) await new Promise(setImmediate);
      answers.get(reference)?.[index]?.resolve({ outcome: 'completed' });
    }
    expect((await hintOfA).captured).toBe(1);
    expect((await hintOfC).captured).toBe(1);
    await running;
    expect(order).toEqual(['a', 'c', 'a', 'b']);
    await guard.close();
  });

  it('are shared by concurrent callers of the same payout', async () => {
    let asked = 0;
    const lookup = async (): Promise<PayoutAnswer> => {
      asked += 1;
      await new Promise(setImmediate);
      return { outcome: 'pending' };
    };
    const { guard } = await withSent({}, ['a'], { lookup, lookupConcurrency: 1 });
    await Promise.all(Array.from({ length: 50 }, () => guard.reconcile({ reference: 'a' })));
    expect(asked).toBeLessThanOrEqual(2);
    await guard.close();
  });

  it('that find no record 20 times in a row are reported once', async () => {
    const references = Array.from({ length: 45 }, (_, index) => `p-${index}`);
    const { guard, outcomes } = await withSent(
      Object.fromEntries(references.map((key) => [key, { outcome: 'unknown', absent: true } as const])),
      references,
    );
    const alerts: unknown[] = [];
    guard.on('lookupFindsNothing', (event) => alerts.push(event));
    for (const reference of references.slice(0, 19)) await guard.reconcile({ reference });
    outcomes['p-19'] = { outcome: 'pending' };
    await guard.reconcile({ reference: 'p-19' });
    for (const reference of references.slice(20, 39)) await guard.reconcile({ reference });
    expect(alerts).toEqual([]);
    for (const reference of references.slice(39)) await guard.reconcile({ reference });
    expect(alerts).toEqual([{ wallet: 'default', inARow: 20 }]);
    await guard.close();
  });

  it('of a provider that does not document them cause a warning at creation of the guard', async () => {
    const wallet = scriptedWallet('1000.00', {
      name: 'undocumented',
      lookupIsDocumented: false,
      lookup: async () => ({ outcome: 'unknown' }),
    });
    await wallet.guard().close();
    expect(warnings).toEqual([
      'PAYOUT_GUARD_LOOKUP: undocumented does not document how to look a payout up: ' +
        'settle payouts in your callback, and do not rely on look-ups.',
    ]);
  });

  it('of the application itself cause no warning', async () => {
    const wallet = scriptedWallet('1000.00', { name: 'own-lookup', lookupIsDocumented: false });
    await wallet.guard({ lookup: async () => ({ outcome: 'unknown' }) }).close();
    expect(warnings).toEqual([]);
  });

  it('are bounded for each wallet: beyond 1,000 payouts only the timer finds the others', async () => {
    const wallet = scriptedWallet('100000.00', { lookup: async () => ({ outcome: 'pending' }) });
    const guard = wallet.guard();
    for (let payout = 0; payout < 1_010; payout++) {
      await guard.withHold({ amount: '1.00', reference: `p-${payout}` }, () => 'accepted');
    }
    expect(wallet.clock.timers).toBe(1_000 + 1);
    await guard.close();
  });
});
