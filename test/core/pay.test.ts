// Paying under a hold, rule by rule (P1 to P11): the outcomes that settle it and those that do not.
import { describe, expect, it } from '@jest/globals';
import {
  type BalanceProvider,
  BalanceUnavailableError,
  type GuardEvents,
  type Hold,
  HoldStateError,
  type HoldStore,
  InsufficientFundsError,
  InvalidArgumentError,
  memoryStore,
  type PayoutAnswer,
  type PayoutGuard,
  PayoutRejectedError,
  type PayoutVerdict,
} from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { changed } from '../support/stores.js';
import { deferred, scriptedWallet } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';

const warnings = collectWarnings();
const payout = { amount: '400.00', reference: 'p-1' };

/** State, use of the reference, and position of the wallet. */
async function outcome(guard: PayoutGuard, reference = 'p-1'): Promise<string> {
  const hold = await guard.getHold(reference);
  const { held, spendable } = await guard.funds();
  return `${hold?.state}${hold?.failed ? ' failed' : ''}, held ${held}, spendable ${spendable}`;
}

const sent = 'sent, held 400.00, spendable 600.00';
const captured = 'captured, held 0.00, spendable 600.00';
const failed = 'released failed, held 0.00, spendable 1000.00';
const notSent = 'released, held 0.00, spendable 1000.00';

describe('the end of a payment', () => {
  it('runs with the hold marked as sent, with pay and with withHold', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const seen: string[] = [];
    await guard.withHold(payout, async (hold) => void seen.push(hold.state, await outcome(guard)));
    const hold = await guard.hold({ ...payout, reference: 'p-2' });
    seen.push(hold.state);
    await hold.pay((same) => void seen.push(same.state, String(same === hold)));
    expect(seen).toEqual(['sent', sent, 'reserved', 'sent', 'true']);
    await guard.close();
  });

  it('resolves to what the function returned and rejects with what it threw', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const receipt = { id: 7 };
    const error = new Error('socket hang up');
    expect(await guard.withHold(payout, () => receipt)).toBe(receipt);
    expect(await thrownBy(guard.withHold({ ...payout, reference: 'p-2' }, () => Promise.reject(error)))).toBe(error);
    const throwing = guard.withHold({ amount: '1.00', reference: 'p-3' }, () => {
      throw error;
    });
    expect(await thrownBy(throwing)).toBe(error);
    await guard.close();
  });

  it.each([
    ['nothing', undefined],
    ['a receipt', { id: 7 }],
    ["the application's own failure", { status: 'failed' }],
    ["the application's own success", { status: 'completed' }],
    ['a Response of status 200', new Response('{}')],
    ['a Response of status 504', new Response('', { status: 504 })],
    ['an answer of axios', { status: 200, data: { status: 'completed' } }],
    ['false', false],
    ['an error that was returned', new PayoutRejectedError()],
  ])('that returned %s proves nothing', async (_, result) => {
    const guard = scriptedWallet('1000.00').guard();
    await guard.withHold(payout, () => result);
    expect(await outcome(guard)).toBe(sent);
    await guard.close();
  });

  const connectionRefused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED', syscall: 'connect' });
  it.each([
    ['a timeout', new DOMException('aborted', 'TimeoutError')],
    ['a refused connection', connectionRefused],
    ['a refused connection under fetch', new TypeError('fetch failed', { cause: connectionRefused })],
    ['a host that does not exist', Object.assign(new Error('dns'), { code: 'ENOTFOUND', syscall: 'getaddrinfo' })],
    ['an HTTP 409 of a client', Object.assign(new Error('409'), { status: 409, response: { status: 409 } })],
    ['an HTTP 400 of a client', Object.assign(new Error('400'), { status: 400, statusCode: 400, expose: true })],
    ['another error of this library', new HoldStateError('p-9', 'captured', 'sent')],
    ['a balance that is unavailable', new BalanceUnavailableError('network')],
    ['a rejection as the cause of another error', new Error('x', { cause: new PayoutRejectedError() })],
    ['a text', 'payout_rejected'],
    ['undefined', undefined],
    ['an object that looks like a rejection', { code: 'payout_rejected' }],
  ])('that threw %s proves nothing', async (_, error) => {
    const guard = scriptedWallet('1000.00').guard();
    await thrownBy(guard.withHold(payout, () => Promise.reject(error)));
    expect(await outcome(guard)).toBe(sent);
    await guard.close();
  });

  it('that threw a rejection releases the hold and uses its reference up (P9)', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const rejected = new PayoutRejectedError('wrong number');
    expect(await thrownBy(guard.withHold(payout, () => Promise.reject(rejected)))).toBe(rejected);
    expect(await outcome(guard)).toBe(failed);
    expect(await thrownBy(guard.hold(payout))).toMatchObject({
      code: 'duplicate_reference',
      state: 'released',
      message: 'The payout with this reference failed. Use a new reference for another try.',
    });
    await guard.close();
  });

  it('that threw a rejection of what was never sent lets a retry use the reference (P9)', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const rejected = new PayoutRejectedError('no such payee', { notSent: true });
    await thrownBy(guard.withHold(payout, () => Promise.reject(rejected)));
    expect(await outcome(guard)).toBe(notSent);
    expect((await guard.hold(payout)).state).toBe('reserved');
    await guard.close();
  });
});

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

describe('P3. a look-up that says failed', () => {
  const lookup = async (): Promise<PayoutAnswer> => ({ outcome: 'failed' });

  it('frees nothing while the payment function runs', async () => {
    const wallet = scriptedWallet('1000.00', { lookup });
    const guard = wallet.guard();
    const gate = deferred<void>();
    const paying = guard.withHold(payout, () => gate.promise);
    await wallet.clock.pass(100);
    expect(await guard.reconcile({ reference: 'p-1' })).toEqual({ captured: 0, released: 0, open: 1, neverSeen: [] });
    gate.resolve();
    await paying;
    expect(await guard.reconcile({ reference: 'p-1' })).toEqual({ captured: 0, released: 1, open: 0, neverSeen: [] });
    await guard.close();
  });

  it('frees nothing in another process until a minute after the bound, when the end was not recorded', async () => {
    const store = memoryStore({ clock: scriptedWallet().clock });
    const wallet = scriptedWallet('1000.00', { lookup });
    const shared = memoryStore({ clock: wallet.clock });
    const payer = wallet.guard({ store: shared, payWithinMs: 120_000 });
    const other = wallet.guard({ store: shared });
    void payer.withHold(payout, () => new Promise(() => {}));
    await wallet.clock.pass(179_999);
    expect((await other.reconcile({ olderThanMs: 0 })).released).toBe(0);
    await wallet.clock.pass(1);
    expect((await other.reconcile({ olderThanMs: 0 })).released).toBe(1);
    await store.close();
    await other.close();
  });

  it('that began while the function ran frees nothing after its end', async () => {
    const answers = [deferred<PayoutAnswer>()];
    const wallet = scriptedWallet('1000.00', { lookup: () => (answers[0] ?? deferred<PayoutAnswer>()).promise });
    const guard = wallet.guard({ reconcileEveryMs: 0 });
    const gate = deferred<void>();
    const paying = guard.withHold(payout, () => gate.promise);
    await wallet.clock.pass(100);
    const looking = guard.reconcile({ reference: 'p-1' });
    await wallet.clock.pass(100);
    gate.resolve();
    await paying;
    answers[0]?.resolve({ outcome: 'failed' });
    expect((await looking).released).toBe(0);
    await guard.close();
  });

  it('does not wait for completed', async () => {
    const wallet = scriptedWallet('1000.00', { lookup: async () => ({ outcome: 'completed' }) });
    const guard = wallet.guard();
    void guard.withHold(payout, () => new Promise(() => {}));
    await wallet.clock.pass(100);
    expect((await guard.reconcile({ reference: 'p-1' })).captured).toBe(1);
    await guard.close({ waitMs: 0 });
  });

  it('ends with the bound: hold.signal aborts after payWithinMs, and not before', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard({ payWithinMs: 5_000 });
    const reserved = await guard.hold({ amount: '1.00', reference: 'p-0', expiresInMs: 60_000 });
    const { signal } = reserved;
    await wallet.clock.pass(10_000);
    expect(signal.aborted).toBe(false);
    const paying = reserved.pay(
      () => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    await wallet.clock.pass(4_999);
    expect(signal.aborted).toBe(false);
    await wallet.clock.pass(1);
    expect(await thrownBy(paying)).toMatchObject({ name: 'TimeoutError' });
    expect((await guard.getHold('p-0'))?.state).toBe('sent');
    await guard.close();
  });
});

describe('P4. pay', () => {
  it('begins once per handle: a second call rejects and changes nothing', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const hold = await guard.hold(payout);
    const ran: number[] = [];
    const [first, second] = [hold.pay(() => ran.push(1)), hold.pay(() => ran.push(2))];
    expect(await thrownBy(second)).toMatchObject({ code: 'hold_state' });
    await first;
    expect(await thrownBy(hold.pay(() => ran.push(3)))).toBeInstanceOf(HoldStateError);
    expect([ran, await outcome(guard)]).toEqual([[1], sent]);
    await guard.close();
  });

  it('that began makes release of the handle reject; only guard.release ends it', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const hold = await guard.hold(payout);
    const gate = deferred<void>();
    const paying = hold.pay(() => gate.promise);
    expect(await thrownBy(hold.release())).toMatchObject({ code: 'hold_state' });
    gate.resolve();
    await paying;
    expect(await thrownBy(hold.release())).toMatchObject({ code: 'hold_state' });
    expect(await outcome(guard)).toBe(sent);
    const reasons: unknown[] = [];
    guard.on('released', ({ reason }) => reasons.push(reason));
    await guard.release('p-1', { attempt: hold.attempt, reason: 'the provider has confirmed by phone' });
    expect([await outcome(guard), reasons]).toEqual([failed, ['the provider has confirmed by phone']]);
    await guard.close();
  });

  it('does not begin after release was called', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const hold = await guard.hold(payout);
    const releasing = hold.release();
    let ran = false;
    const paying = hold.pay(() => {
      ran = true;
    });
    expect(await thrownBy(paying)).toBeInstanceOf(HoldStateError);
    await releasing;
    expect([ran, await outcome(guard)]).toEqual([false, notSent]);
    await guard.close();
  });

  it('that is not awaited is reported when it fails, without an unhandled rejection', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const unhandled: unknown[] = [];
    const listen = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', listen);
    const hold = await guard.hold(payout);
    void hold.pay(() => Promise.reject(new Error('lost')));
    void guard.withHold({ amount: '9999.00', reference: 'p-2' }, () => undefined);
    const awaited = guard.withHold({ amount: '1.00', reference: 'p-3' }, () => Promise.reject(new Error('lost')));
    await thrownBy(awaited);
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    process.off('unhandledRejection', listen);
    expect(unhandled).toEqual([]);
    expect(warnings.map((warning) => warning.replace(/ \(.*/, ''))).toEqual(
      [
        'PAYOUT_GUARD_NOT_AWAITED: Payout p-2 failed and nothing awaits it: put `await` before pay() or withHold().',
        'PAYOUT_GUARD_NOT_AWAITED: Payout p-1 failed and nothing awaits it: put `await` before pay() or withHold().',
      ].sort(
        (one, other) => warnings.findIndex((w) => w.startsWith(one)) - warnings.findIndex((w) => w.startsWith(other)),
      ),
    );
    await guard.close();
  });

  it.each([
    ['a promise', Promise.resolve('paid')],
    ['nothing', undefined],
    ['an object', {}],
  ])('takes a function: %s is refused before anything is held', async (_, fn) => {
    const guard = scriptedWallet('1000.00').guard();
    expect(await thrownBy(guard.withHold(payout, fn as never))).toBeInstanceOf(InvalidArgumentError);
    expect(await guard.getHold('p-1')).toBeUndefined();
    const hold = await guard.hold(payout);
    expect(await thrownBy(hold.pay(fn as never))).toBeInstanceOf(InvalidArgumentError);
    await hold.pay(() => 'paid');
    expect(await outcome(guard)).toBe(sent);
    await guard.close();
  });
});

/** A store that stops responding on request of the test. */
function silenced(store: HoldStore): { store: HoldStore; silence: (isSilent: boolean) => void; asked: string[] } {
  let isSilent = false;
  const asked: string[] = [];
  return {
    store: changed(store, {
      settle: (request) => {
        asked.push(request.to);
        if (isSilent) throw new BalanceUnavailableError('store');
        return store.settle(request);
      },
    }),
    silence: (silent) => {
      isSilent = silent;
    },
    asked,
  };
}

describe('P5. a store that does not confirm sent', () => {
  it('prevents the payment: no function runs, and the attempt is released once the store is back', async () => {
    const wallet = scriptedWallet('1000.00');
    const { store, silence } = silenced(memoryStore({ clock: wallet.clock }));
    const guard = wallet.guard({ store });
    const hold = await guard.hold(payout);
    silence(true);
    let ran = false;
    const paying = hold.pay(() => {
      ran = true;
    });
    expect(await thrownBy(paying)).toMatchObject({ code: 'balance_unavailable', reason: 'store' });
    silence(false);
    await wallet.clock.pass(1_000);
    expect([ran, await outcome(guard)]).toEqual([false, notSent]);
    expect(await thrownBy(hold.sent())).toBeInstanceOf(HoldStateError);
    await guard.close();
  });

  it('releases the hold even if only the answer was lost, and a late sent is illegal', async () => {
    const wallet = scriptedWallet('1000.00');
    const inner = memoryStore({ clock: wallet.clock });
    let isLost = true;
    const store = changed(inner, {
      settle: (request) => {
        const answer = inner.settle(request);
        if (request.to === 'sent' && isLost) throw new BalanceUnavailableError('store');
        return answer;
      },
    });
    const guard = wallet.guard({ store });
    const hold = await guard.hold(payout);
    await thrownBy(hold.pay(() => undefined));
    isLost = false;
    expect(await outcome(guard)).toBe(notSent);
    const late = await inner.settle({ reference: 'p-1', attempt: hold.attempt, to: 'sent', sendsForMs: 1 });
    expect(late.outcome).toBe('illegal');
    await guard.close();
  });

  it('for one handle does not release the payout that another handle of the same hold is sending', async () => {
    const wallet = scriptedWallet('1000.00');
    const { store, silence } = silenced(memoryStore({ clock: wallet.clock }));
    const guard = wallet.guard({ store });
    await guard.hold(payout);
    const [one, other] = [await guard.resume('p-1'), await guard.resume('p-1')];
    const gate = deferred<void>();
    const paying = one.pay(() => gate.promise);
    await wallet.clock.pass(0);
    silence(true);
    await thrownBy(other.pay(() => undefined));
    silence(false);
    await wallet.clock.pass(1_000);
    expect(await outcome(guard)).toBe(sent);
    gate.resolve();
    await paying;
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

describe('P8. a capture', () => {
  const position = async (guard: PayoutGuard) => {
    const { held, spendable } = await guard.funds({ refresh: true });
    return `held ${held}, spendable ${spendable}`;
  };

  it.each([
    ['10 s after it, where the adapter says nothing', {}, {}, 10_000],
    ['at once, where the provider documents it', { visibleAfterMs: 0 }, {}, 0],
    ['when the adapter says', { visibleAfterMs: 3_000 }, {}, 3_000],
    ['when the option says', { visibleAfterMs: 0 }, { visibilityLagMs: 7_000 }, 7_000],
  ] as const)('stops counting as held %s', async (_, provider, options, lagMs) => {
    const wallet = scriptedWallet('1000.00', { visibleAfterMs: undefined, ...provider });
    const guard = wallet.guard(options);
    await guard.withHold({ ...payout, settles: 'onReturn' }, () => 'paid');
    if (lagMs > 0) {
      wallet.clock.advance(lagMs - 1);
      expect(await position(guard)).toBe('held 400.00, spendable 600.00');
      wallet.clock.advance(1);
    }
    expect(await position(guard)).toBe('held 0.00, spendable 1000.00');
    await guard.close();
  });

  it.each([
    ['forward', 3_600_000],
    ['back', -3_600_000],
  ])('counts as held for its lag, though the clock of the process steps %s', async (_, stepMs) => {
    const wallet = scriptedWallet('1000.00', { visibleAfterMs: 10_000 });
    const guard = wallet.guard();
    await guard.withHold({ ...payout, settles: 'onReturn' }, () => 'paid');
    wallet.clock.advance(4_000);
    wallet.clock.step(stepMs);
    expect(await position(guard)).toBe('held 400.00, spendable 600.00');
    expect(await thrownBy(guard.hold({ amount: '600.01', reference: 'p-2' }))).toMatchObject({
      code: 'insufficient_funds',
    });
    wallet.clock.advance(5_999);
    expect(await position(guard)).toBe('held 400.00, spendable 600.00');
    wallet.clock.advance(1);
    expect(await position(guard)).toBe('held 0.00, spendable 1000.00');
    await guard.close();
  });
});

describe('P10. a duplicate', () => {
  it('of a payout under way is in progress and retryable', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const gate = deferred<void>();
    const paying = guard.withHold(payout, () => gate.promise);
    const inProgress = { code: 'payout_in_progress', status: 409, retryable: true, retryAfterMs: 5_000 };
    expect(await thrownBy(guard.withHold(payout, () => 'again'))).toMatchObject(inProgress);
    gate.resolve();
    await paying;
    expect(await thrownBy(guard.hold(payout))).toMatchObject(inProgress);
    await guard.capture('p-1');
    expect(await thrownBy(guard.hold(payout))).toMatchObject({
      code: 'duplicate_reference',
      status: 409,
      state: 'captured',
    });
    await guard.close();
  });

  it('to another payee is a conflict, and the payee is kept as a digest', async () => {
    const store = memoryStore();
    const guard = scriptedWallet('1000.00').guard({ store });
    await guard.hold({ ...payout, fingerprint: '254712345678' });
    const conflict = { code: 'hold_conflict', difference: 'payee', status: 422 };
    expect(await thrownBy(guard.hold({ ...payout, fingerprint: '254712345679' }))).toMatchObject(conflict);
    expect(await thrownBy(guard.hold(payout))).toMatchObject(conflict);
    expect(await thrownBy(guard.hold({ ...payout, fingerprint: '254712345678' }))).toMatchObject({
      code: 'payout_in_progress',
    });
    const { hold } = await store.get('p-1');
    expect(hold?.fingerprint).toMatch(/^[\w-]{22}$/);
    expect(JSON.stringify(hold, (_, value) => String(value))).not.toContain('254712345678');
    await guard.close();
  });

  it.each([[''], [7], ['x'.repeat(1_001)], [null]])('is refused with the payee %p', async (fingerprint) => {
    const guard = scriptedWallet('1000.00').guard();
    const act = guard.hold({ ...payout, fingerprint: fingerprint as string });
    expect(await thrownBy(act)).toMatchObject({ code: 'invalid_argument', argument: 'fingerprint', status: 400 });
    await guard.close();
  });
});

describe('P11. a hold that is resumed', () => {
  it('is paid once, like any other', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const { attempt } = await guard.hold(payout);
    const hold = await guard.resume('p-1');
    expect([hold.attempt, hold.amount, hold.currency, hold.state, hold.decision]).toEqual([
      attempt,
      '400.00',
      'KES',
      'reserved',
      undefined,
    ]);
    await hold.pay(() => 'paid', { settles: 'onReturn' });
    expect(await outcome(guard)).toBe(captured);
    expect(await thrownBy(guard.resume('p-1'))).toMatchObject({ code: 'hold_state', state: 'captured' });
    expect(await thrownBy(guard.resume('nobody'))).toMatchObject({ code: 'hold_state', state: 'unknown' });
    await guard.close();
  });

  it('by several handles becomes sent once', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const handles: Hold[] = [await guard.hold(payout)];
    for (let handle = 1; handle < 5; handle++) handles.push(await guard.resume('p-1'));
    let paid = 0;
    const settled = await Promise.allSettled(handles.map((hold) => hold.pay(() => paid++)));
    expect([paid, settled.filter(({ status }) => status === 'fulfilled').length]).toEqual([1, 1]);
    await guard.close();
  });

  it('more than 5 minutes after its grant is checked again in the step that marks it as sent', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard();
    const hold = await guard.hold({ ...payout, expiresInMs: 3_600_000 });
    wallet.balance = { available: '399.99', currency: 'KES' };
    wallet.clock.advance(300_000);
    const young = await guard.hold({ amount: '1.00', reference: 'p-2', expiresInMs: 3_600_000 }).catch(() => undefined);
    expect(young).toBeUndefined();
    wallet.clock.advance(1);
    let ran = false;
    const error = await thrownBy(
      hold.pay(() => {
        ran = true;
      }),
    );
    expect(error).toBeInstanceOf(InsufficientFundsError);
    expect(error).toMatchObject({ required: '400.00', available: '399.99', held: '0.00', shortfall: '0.01' });
    expect([ran, (await guard.getHold('p-1'))?.state]).toEqual([false, 'reserved']);
    wallet.balance = { available: '400.00', currency: 'KES' };
    wallet.clock.advance(1_000);
    await (await guard.resume('p-1')).pay(() => 'paid');
    expect((await guard.getHold('p-1'))?.state).toBe('sent');
    await guard.close();
  });

  it('up to 5 minutes after its grant is not checked again', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard();
    const hold = await guard.hold({ ...payout, expiresInMs: 3_600_000 });
    wallet.answer = () => Promise.reject(new Error('the provider must not be asked'));
    wallet.clock.advance(300_000);
    await hold.pay(() => 'paid');
    expect((await guard.getHold('p-1'))?.state).toBe('sent');
    await guard.close();
  });

  it('counts its age on the clock of the store, not from the moment it was resumed', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard();
    await guard.hold({ ...payout, expiresInMs: 3_600_000 });
    wallet.clock.advance(300_001);
    wallet.balance = { available: '0.00', currency: 'KES' };
    expect(await thrownBy((await guard.resume('p-1')).pay(() => 'paid'))).toBeInstanceOf(InsufficientFundsError);
    await guard.close();
  });

  it('on a frozen wallet is not sent and stays reserved', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const hold = await guard.hold(payout);
    await guard.freeze('default', 'audit');
    expect(await thrownBy(hold.pay(() => 'paid'))).toMatchObject({ code: 'wallet_frozen', wallet: 'default' });
    expect((await guard.getHold('p-1'))?.state).toBe('reserved');
    await guard.unfreeze('default');
    await (await guard.resume('p-1')).pay(() => 'paid');
    expect((await guard.getHold('p-1'))?.state).toBe('sent');
    await guard.close();
  });

  it('may wait for an approval for as long as 30 days', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard();
    const hold = await guard.hold(payout);
    const { expiresAt, createdAt } = await hold.extend(2_592_000_000);
    expect((expiresAt?.getTime() ?? 0) - createdAt.getTime()).toBe(2_592_000_000);
    wallet.clock.advance(2_591_999_999);
    expect((await guard.getHold('p-1'))?.state).toBe('reserved');
    wallet.clock.advance(1);
    expect((await guard.getHold('p-1'))?.state).toBe('released');
    expect(await thrownBy(hold.extend(1_000))).toMatchObject({ code: 'hold_state', state: 'released' });
    for (const ms of [0, 0.5, 2_592_000_001, Number.NaN, '60000' as unknown as number]) {
      expect(await thrownBy(hold.extend(ms))).toMatchObject({ code: 'invalid_argument', argument: 'ms' });
    }
    await guard.close();
  });
});

describe('a caller that disconnected', () => {
  it('causes no payment, on a cached balance either', async () => {
    const guard = scriptedWallet('1000.00').guard();
    await guard.checkFunds('1.00');
    const reason = new Error('the client left');
    const signal = AbortSignal.abort(reason);
    let ran = false;
    expect(
      await thrownBy(
        guard.withHold({ ...payout, signal }, () => {
          ran = true;
        }),
      ),
    ).toBe(reason);
    expect(await thrownBy(guard.checkFunds('1.00', { signal }))).toBe(reason);
    expect([ran, await guard.getHold('p-1')]).toEqual([false, undefined]);
    await guard.close();
  });

  it('during the hold request has the hold released, and its reference may be held again', async () => {
    const wallet = scriptedWallet('1000.00');
    const inner = memoryStore({ clock: wallet.clock });
    const controller = new AbortController();
    const store = changed(inner, {
      hold: async (request) => {
        const answer = await inner.hold(request);
        controller.abort(new Error('the client left'));
        return answer;
      },
    });
    const guard = wallet.guard({ store });
    expect(await thrownBy(guard.withHold({ ...payout, signal: controller.signal }, () => 'paid'))).toMatchObject({
      message: 'the client left',
    });
    expect(await outcome(guard)).toBe(notSent);
    await guard.close();
  });
});
