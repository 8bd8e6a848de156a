// Verdicts on the end of a payment function.
import { describe, expect, it } from '@jest/globals';
import {
  type BalanceProvider,
  type GuardEvents,
  memoryStore,
  PayoutRejectedError,
  type PayoutVerdict,
} from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { scriptedWallet } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';
import { outcome } from './pay-support.js';

const warnings = collectWarnings();
const payout = { amount: '400.00', reference: 'p-1' };
const sent = 'sent, held 400.00, spendable 600.00';
const captured = 'captured, held 0.00, spendable 600.00';
const failed = 'released failed, held 0.00, spendable 1000.00';
const notSent = 'released, held 0.00, spendable 1000.00';

describe('settles: onReturn', () => {
  it.each([
    ['of the wallet', { settles: 'onReturn' } as const, {}],
    ['of the call', {}, { settles: 'onReturn' } as const],
  ])('%s captures when the function returns', async (_, ofWallet, ofCall) => {
    const guard = scriptedWallet('1000.00').guard(ofWallet);
    await guard.withHold({ ...payout, ...ofCall }, () => 'receipt');
    expect(await outcome(guard)).toBe(captured);
    const hold = await guard.hold({ ...payout, reference: 'p-2' });
    await hold.pay(() => 'receipt', ofCall);
    expect((await guard.getHold('p-2'))?.state).toBe('captured');
    await guard.close();
  });

  it.each<[string, Partial<BalanceProvider>, unknown, string]>([
    ['a Response that is not ok', {}, new Response('', { status: 504 }), 'sent'],
    ['a pending word of the provider', { verdictOfResult: () => 'pending' } as const, {}, 'sent'],
    ['a failed word of the provider', { verdictOfResult: () => 'failed' } as const, {}, 'sent'],
    ['an unknown word of the provider', { verdictOfResult: () => 'unknown' } as const, {}, 'sent'],
    ['an answer of HTTP with a status of failure', {}, { status: 504, headers: {}, data: {} }, 'sent'],
    ['the same of another client', {}, { statusCode: 504, headers: {} }, 'sent'],
    ['an answer of HTTP with success', {}, { status: 201, headers: {}, data: {} }, 'captured'],
    ['a status of the application', {}, { status: 504 }, 'captured'],
    ['no word of the provider', { verdictOfResult: () => undefined }, {}, 'captured'],
    ['a word that is none', { verdictOfResult: () => 'ok' as PayoutVerdict }, {}, 'sent'],
  ])('does not count against %s', async (_, provider, result, state) => {
    const guard = scriptedWallet('1000.00', provider).guard({ settles: 'onReturn', reconcileEveryMs: 0 });
    await guard.withHold(payout, () => result);
    expect((await guard.getHold('p-1'))?.state).toBe(state);
    await guard.close();
  });

  it("does not overrule the application's own verdict", async () => {
    const verdictOfResult = () => 'unknown' as const;
    const guard = scriptedWallet('1000.00').guard({ settles: 'onReturn', verdictOfResult, reconcileEveryMs: 0 });
    await guard.withHold(payout, () => 'receipt');
    expect((await guard.getHold('p-1'))?.state).toBe('sent');
    await guard.close();
  });
});

describe('P1. a verdict on the result', () => {
  const provider = (verdict: PayoutVerdict) => ({ verdictOfResult: () => verdict });

  it.each([
    ['completed', captured],
    ['pending', sent],
    ['unknown', sent],
    ['failed', sent],
  ] as const)('of the adapter: %s', async (verdict, state) => {
    const guard = scriptedWallet('1000.00', provider(verdict)).guard();
    await guard.withHold(payout, () => 'answer');
    expect(await outcome(guard)).toBe(state);
    await guard.close();
  });

  it.each([
    ['of the wallet', { returns: 'providerAnswer' } as const, {}],
    ['of the call', {}, { returns: 'providerAnswer' } as const],
  ])("of the adapter: failed releases with returns: 'providerAnswer' %s", async (_, ofWallet, ofCall) => {
    const guard = scriptedWallet('1000.00', provider('failed')).guard(ofWallet);
    await guard.withHold({ ...payout, ...ofCall }, () => 'answer');
    expect(await outcome(guard)).toBe(failed);
    await guard.close();
  });

  it.each([
    ['completed', captured],
    ['pending', sent],
    ['unknown', sent],
    ['failed', failed],
  ] as const)('of the application, instead of the adapter: %s', async (verdict, state) => {
    const asked: unknown[] = [];
    const guard = scriptedWallet('1000.00', provider('completed')).guard({
      verdictOfResult: (result, about) => {
        asked.push(result, about);
        return verdict;
      },
    });
    await guard.withHold(payout, () => 'answer');
    expect([await outcome(guard), asked]).toEqual([state, ['answer', { reference: 'p-1' }]]);
    await guard.close();
  });

  it('of the adapter, failed, looks the payout up at once', async () => {
    const asked: string[] = [];
    const wallet = scriptedWallet('1000.00', {
      ...provider('failed'),
      lookup: async ({ reference }) => {
        asked.push(reference);
        return { outcome: 'failed' };
      },
    });
    const guard = wallet.guard();
    await guard.withHold(payout, () => 'answer');
    await wallet.clock.pass(0);
    expect([await outcome(guard), asked]).toEqual([failed, ['p-1']]);
    await guard.close();
  });

  it.each([
    ['nothing', () => undefined, 'returned nothing'],
    ['a promise', async () => 'completed', 'returned a promise'],
    ['a rejected promise', () => Promise.reject(new Error('x')), 'returned a promise'],
    ['another word', () => 'COMPLETED', 'returned a value of type string'],
    ['an error', thrower, 'threw an error'],
  ])('that is %s is an error of its own, and the hold stays (F1)', async (_, verdictOfResult, problem) => {
    const guard = scriptedWallet('1000.00').guard({ verdictOfResult: verdictOfResult as never });
    expect(await guard.withHold(payout, () => 'answer')).toBe('answer');
    expect(await outcome(guard)).toBe(sent);
    expect([codesOf(warnings), warnings[0]]).toEqual([['PAYOUT_GUARD_VERDICT'], expect.stringContaining(problem)]);
    await guard.close();
  });
});

function thrower(): never {
  throw new Error('no idea');
}

describe('P2. a rejection', () => {
  it('releases the innermost payout that it passes through, and no other', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const outer = guard.withHold(payout, () =>
      guard.withHold({ amount: '1.00', reference: 'inner' }, () => Promise.reject(new PayoutRejectedError())),
    );
    expect(await thrownBy(outer)).toBeInstanceOf(PayoutRejectedError);
    expect((await guard.getHold('inner'))?.state).toBe('released');
    expect(await outcome(guard)).toBe(sent);
    await guard.close();
  });

  it('claimed by an inner payout proves nothing to the verdictOf of the outer one', async () => {
    const guard = scriptedWallet('1000.00').guard({ verdictOf: () => 'not_sent' });
    await thrownBy(
      guard.withHold(payout, () =>
        guard.withHold({ amount: '1.00', reference: 'inner' }, () => Promise.reject(new PayoutRejectedError())),
      ),
    );
    expect((await guard.getHold('p-1'))?.state).toBe('sent');
    await guard.close();
  });

  it('that is thrown a second time releases nothing', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const constant = Object.freeze(new PayoutRejectedError());
    await thrownBy(guard.withHold({ amount: '1.00', reference: 'p-0' }, () => Promise.reject(constant)));
    await thrownBy(guard.withHold(payout, () => Promise.reject(constant)));
    const states = [(await guard.getHold('p-0'))?.state, (await guard.getHold('p-1'))?.state];
    expect(states).toEqual(['released', 'sent']);
    await guard.close();
  });
});

describe('P6. verdictOf', () => {
  const busy = Object.assign(new Error('busy'), { statusCode: 429 });

  it.each([
    ['failed', failed],
    ['not_sent', notSent],
    ['unknown', sent],
  ] as const)('of the application: %s', async (verdict, state) => {
    const guard = scriptedWallet('1000.00').guard({ verdictOf: (error) => (error === busy ? verdict : 'unknown') });
    expect(await thrownBy(guard.withHold(payout, () => Promise.reject(busy)))).toBe(busy);
    expect(await outcome(guard)).toBe(state);
    await guard.close();
  });

  it('is called with the reference of each payout that the error passes through', async () => {
    const asked: string[] = [];
    const guard = scriptedWallet('1000.00').guard({
      verdictOf: (_, { reference }) => {
        asked.push(reference);
        return reference === 'inner' ? 'not_sent' : 'unknown';
      },
    });
    const inner = () => guard.withHold({ amount: '1.00', reference: 'inner' }, () => Promise.reject(busy));
    expect(await thrownBy(guard.withHold(payout, inner))).toBe(busy);
    expect([asked, (await guard.getHold('inner'))?.state, await outcome(guard)]).toEqual([
      ['inner', payout.reference],
      'released',
      sent,
    ]);
    await guard.close();
  });

  it('is not called for a rejection, which is already a verdict', async () => {
    const guard = scriptedWallet('1000.00').guard({ verdictOf: () => 'unknown' });
    await thrownBy(guard.withHold(payout, () => Promise.reject(new PayoutRejectedError())));
    expect(await outcome(guard)).toBe(failed);
    await guard.close();
  });

  it.each([
    ['nothing', () => undefined],
    ['a promise', async () => 'not_sent'],
    ['true', () => true],
    ['an error', thrower],
  ])('that answers %s is an error of its own, and the hold stays (F1)', async (_, verdictOf) => {
    const guard = scriptedWallet('1000.00').guard({ verdictOf: verdictOf as never });
    expect(await thrownBy(guard.withHold(payout, () => Promise.reject(busy)))).toBe(busy);
    expect([await outcome(guard), codesOf(warnings)]).toEqual([sent, ['PAYOUT_GUARD_VERDICT']]);
    await guard.close();
  });
});

describe('P7. debit at acceptance', () => {
  const accepted: Partial<BalanceProvider> = { debitVisibleAt: 'acceptance', verdictOfResult: () => 'pending' };

  it('captures an accepted payout at once, and looks up its outcome for the record', async () => {
    let word: PayoutVerdict = 'pending';
    const wallet = scriptedWallet('1000.00', { ...accepted, lookup: async () => ({ outcome: word }) });
    const guard = wallet.guard();
    const failures: GuardEvents['failedAfterCapture'][] = [];
    guard.on('failedAfterCapture', (event) => failures.push(event));
    await guard.withHold(payout, () => 'accepted');
    expect(await outcome(guard)).toBe(captured);
    expect((await guard.getHold('p-1'))?.awaitsOutcome).toBe(true);
    word = 'failed';
    await wallet.clock.pass(2_000);
    const { failed: hasFailed, awaitsOutcome } = (await guard.getHold('p-1')) ?? {};
    expect([hasFailed, awaitsOutcome, failures.length]).toEqual([true, undefined, 1]);
    expect(await outcome(guard)).toBe('captured failed, held 0.00, spendable 600.00');
    expect(await thrownBy(guard.hold(payout))).toMatchObject({ code: 'duplicate_reference', state: 'captured' });
    await guard.close();
  });

  it('counts one that failed after its capture among the payouts that were not made', async () => {
    const guard = scriptedWallet('1000.00', { ...accepted, lookup: async () => ({ outcome: 'failed' }) }).guard();
    await guard.withHold(payout, () => 'accepted');
    expect(await guard.reconcile({ reference: 'p-1' })).toMatchObject({ captured: 0, released: 1, open: 0 });
    await guard.close();
  });

  it("follows the operator's setting when the adapter declares none", async () => {
    const guard = scriptedWallet('1000.00', { verdictOfResult: () => 'pending' }).guard({
      debitVisibleAt: 'acceptance',
    });
    await guard.withHold(payout, () => 'accepted');
    expect(await outcome(guard)).toBe(captured);
    await guard.close();
  });

  it.each(['unknown', 'failed'] as const)('captures nothing on a result of %s', async (verdict) => {
    const guard = scriptedWallet('1000.00', { ...accepted, verdictOfResult: () => verdict }).guard();
    await guard.withHold(payout, () => 'x');
    expect(await outcome(guard)).toBe(sent);
    await guard.close();
  });

  it('lets another process learn the outcome', async () => {
    const wallet = scriptedWallet('1000.00', { ...accepted, lookup: async () => ({ outcome: 'completed' }) });
    const store = memoryStore({ clock: wallet.clock });
    const [payer, other] = [wallet.guard({ store, reconcileEveryMs: 0 }), wallet.guard({ store })];
    await payer.withHold(payout, () => 'accepted');
    expect((await other.reconcile({ olderThanMs: 0 })).captured).toBe(1);
    expect((await other.getHold('p-1'))?.awaitsOutcome).toBeUndefined();
    expect((await other.reconcile({ olderThanMs: 0 })).captured).toBe(0);
    await payer.close();
    await other.close();
  });
});
