import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  BalanceUnavailableError,
  ConfigurationError,
  DuplicateReferenceError,
  type GuardEvents,
  HoldConflictError,
  HoldStateError,
  InsufficientFundsError,
  InvalidAmountError,
  InvalidReferenceError,
  memoryStore,
  type PayoutAnswer,
  type PayoutGuard,
  PayoutRejectedError,
  verdictOf,
} from 'payout-guard';
import { deferred, scriptedWallet } from '../support/wallet.js';

const thrownBy = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'nothing was thrown',
    (error: unknown) => error,
  );

const warnings: string[] = [];
const { emitWarning } = process;
beforeEach(() => {
  warnings.length = 0;
  process.emitWarning = ((message: string, { code, detail }: { code: string; detail?: string }) => {
    warnings.push(`${code}: ${message}${detail ? ` (${detail.split('\n')[0]})` : ''}`);
  }) as typeof process.emitWarning;
});
afterEach(() => {
  process.emitWarning = emitWarning;
});

/** What a wallet looks like, in a line. */
async function position(guard: PayoutGuard): Promise<string> {
  const { held, spendable } = await guard.funds();
  return `held ${held} spendable ${spendable}`;
}

describe('a hold', () => {
  it('is subtracted from what others may spend, with its fee, until it ends', async () => {
    const guard = scriptedWallet('1000.00').guard({ floor: '100.00' });
    const hold = await guard.hold({ amount: '500.00', fee: '10.00', reference: 'p-1' });
    expect([hold.reference, hold.wallet, hold.amount, hold.currency, hold.state]).toEqual([
      'p-1',
      'default',
      '510.00',
      'KES',
      'reserved',
    ]);
    expect(await position(guard)).toBe('held 510.00 spendable 390.00');
    await expect(guard.hold({ amount: '390.01', reference: 'p-2' })).rejects.toBeInstanceOf(InsufficientFundsError);
    expect((await guard.hold({ amount: '390.00', reference: 'p-3' })).decision.held).toBe('510.00');
    await hold.release();
    expect(await position(guard)).toBe('held 390.00 spendable 510.00');
    await guard.close();
  });

  it('of many at once is granted exactly as often as it fits', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const holds = Array.from({ length: 50 }, (_, index) => guard.hold({ amount: '120.00', reference: `p-${index}` }));
    const settled = await Promise.allSettled(holds);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(8);
    for (const outcome of settled) {
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({ code: 'insufficient_funds', temporary: true });
    }
    expect(await position(guard)).toBe('held 960.00 spendable 40.00');
    await guard.close();
  });

  it('that was captured stays subtracted until a balance is asked for that shows it', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard();
    const hold = await guard.hold({ amount: '400.00', reference: 'p-1' });
    await hold.sent();
    wallet.balance = { available: '600.00', currency: 'KES' };
    const info = await hold.capture();
    expect([info.state, info.captured, hold.state]).toEqual(['captured', '400.00', 'captured']);
    expect(await position(guard)).toBe('held 0.00 spendable 600.00');
    expect(wallet.asked).toBe(1);
    expect((await guard.funds({ refresh: true })).spendable).toBe('600.00');
    await guard.close();
  });

  it('lives as the states allow, and says what it is otherwise', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const captured = await guard.hold({ amount: '1.00', reference: 'captured' });
    await captured.sent();
    expect(await thrownBy(captured.sent())).toMatchObject({ name: 'HoldStateError', state: 'sent', status: 409 });
    await captured.capture();
    expect((await captured.capture()).state).toBe('captured');
    expect(await thrownBy(captured.release())).toMatchObject({ name: 'HoldStateError', state: 'captured' });

    const released = await guard.hold({ amount: '1.00', reference: 'released' });
    await released.release();
    expect((await released.release()).state).toBe('released');
    expect(await thrownBy(released.capture())).toMatchObject({ name: 'HoldStateError', state: 'released' });
    expect(await thrownBy(released.sent())).toBeInstanceOf(HoldStateError);
    expect(await thrownBy(guard.capture('nobody'))).toMatchObject({ name: 'HoldStateError', state: 'unknown' });
    expect(await thrownBy(guard.release('nobody'))).toMatchObject({ name: 'HoldStateError', state: 'unknown' });
    expect(await position(guard)).toBe('held 0.00 spendable 999.00');
    await guard.close();
  });

  it('may be captured with what was really debited, and only with that', async () => {
    const guard = scriptedWallet('1000.00').guard();
    await guard.hold({ amount: '100.00', reference: 'less' });
    await guard.hold({ amount: '100.00', reference: 'more' });
    expect((await guard.capture('less', '40.00')).captured).toBe('40.00');
    expect((await guard.capture('more', '250.00')).captured).toBe('250.00');
    expect((await guard.capture('less', '40.00')).captured).toBe('40.00');
    expect((await guard.capture('less')).captured).toBe('40.00');
    expect(await thrownBy(guard.capture('less', '41.00'))).toMatchObject({
      name: 'HoldConflictError',
      difference: 'amount',
    });
    for (const amount of ['0', '-1.00', '1e3', 'all', '0.001', Number.NaN]) {
      expect(await thrownBy(guard.capture('more', amount))).toBeInstanceOf(InvalidAmountError);
    }
    expect(await position(guard)).toBe('held 0.00 spendable 710.00');
    await guard.close();
  });

  it('expires when it is only reserved, and must not be sent then', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard({ holdExpiresInMs: 1_000, cache: { maxAgeMs: 60_000 } });
    const hold = await guard.hold({ amount: '600.00', reference: 'p-1' });
    const sent = await guard.hold({ amount: '300.00', reference: 'p-2', expiresInMs: 1_000 });
    await sent.sent();
    wallet.clock.advance(999);
    expect(await position(guard)).toBe('held 900.00 spendable 100.00');
    wallet.clock.advance(1);
    expect(await position(guard)).toBe('held 300.00 spendable 700.00');
    expect(await thrownBy(hold.sent())).toMatchObject({ name: 'HoldStateError', state: 'released' });
    wallet.clock.advance(365 * 86_400_000);
    expect((await guard.getHold('p-2'))?.state).toBe('sent');
    await guard.close();
  });

  it('that expired cannot touch the hold of a retry with the same reference', async () => {
    const wallet = scriptedWallet('100.00');
    const guard = wallet.guard({ cache: { maxAgeMs: 60_000 } });
    const payout = { amount: '100.00', reference: 'p-1', expiresInMs: 1_000 };
    const first = await guard.hold(payout);
    wallet.clock.advance(1_000);
    const second = await guard.hold(payout);
    expect(await thrownBy(first.sent())).toMatchObject({ name: 'HoldStateError', state: 'released' });
    await second.sent();
    for (const act of [first.sent, first.release, first.capture]) {
      expect(await thrownBy(act())).toMatchObject({ name: 'HoldStateError', state: 'released' });
    }
    expect(await thrownBy(guard.hold({ amount: '0.01', reference: 'p-2' }))).toBeInstanceOf(InsufficientFundsError);
    await second.capture();
    expect(await position(guard)).toBe('held 0.00 spendable 0.00');
    await guard.close();
  });

  it('goes on to count as held for visibilityLagMs after its capture', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard({ visibilityLagMs: 2_000 });
    await guard.hold({ amount: '400.00', reference: 'p-1', state: 'sent' });
    await guard.capture('p-1');
    // The provider shows the debit two seconds late: a balance that was asked for meanwhile still has the money.
    wallet.clock.advance(1_999);
    expect((await guard.checkFunds('600.01', { refresh: true })).sufficient).toBe(false);
    wallet.clock.advance(1);
    wallet.balance = { available: '600.00', currency: 'KES' };
    expect((await guard.checkFunds('600.00', { refresh: true })).sufficient).toBe(true);
    expect((await guard.checkFunds('600.01', { refresh: true })).sufficient).toBe(false);
    await guard.close();
  });

  it('belongs to one reference for ever', async () => {
    const wallet = scriptedWallet('1000.00', { wallets: 'many' });
    const guard = wallet.guard({ wallets: ['other'] });
    const payout = { amount: '10.00', reference: 'p-1' };
    const hold = await guard.hold(payout);
    expect(await thrownBy(guard.hold(payout))).toBeInstanceOf(DuplicateReferenceError);
    expect(await thrownBy(guard.hold(payout))).toMatchObject({ state: 'reserved', status: 409 });
    await hold.sent();
    expect(await thrownBy(guard.hold(payout))).toMatchObject({ state: 'sent' });
    expect(await thrownBy(guard.hold({ ...payout, amount: '10.01' }))).toMatchObject({
      difference: 'amount',
      status: 422,
    });
    expect(await thrownBy(guard.hold({ ...payout, fee: '0.01' }))).toBeInstanceOf(HoldConflictError);
    expect(await thrownBy(guard.hold({ ...payout, wallet: 'other' }))).toMatchObject({ difference: 'wallet' });
    await hold.capture();
    expect(await thrownBy(guard.hold(payout))).toMatchObject({ state: 'captured' });
    await guard.hold({ ...payout, reference: 'p-2' });
    await guard.release('p-2');
    expect((await guard.hold({ ...payout, reference: 'p-2' })).state).toBe('reserved');
    await guard.close();
  });

  it.each([
    ['missing', undefined],
    ['null', null],
    ['empty', ''],
    ['too long', 'x'.repeat(129)],
    ['a number', 17],
    ['an object', { toString: () => 'p-1' }],
    ['an array', ['p-1']],
    ['with a space', 'p 1'],
    ['with a newline', 'p-1\n'],
    ['with a null character', 'p\u0000'],
    ['with an escape', '\u001b[31m'],
    ['beyond ASCII', 'pé'],
    ['with a direction override', '\u202ep-1'],
  ])('is refused when its reference is %s', async (_, reference) => {
    const guard = scriptedWallet().guard();
    for (const act of [
      () => guard.hold({ amount: '1.00', reference: reference as string }),
      () => guard.capture(reference as string),
      () => guard.release(reference as string),
      () => guard.getHold(reference as string),
    ]) {
      expect(await thrownBy(act())).toBeInstanceOf(InvalidReferenceError);
    }
    expect(await position(guard)).toBe('held 0.00 spendable 1000.00');
    await guard.close();
  });

  it.each(['__proto__', 'constructor', 'x'.repeat(128), 'a/b:c#1'])(
    'takes %p for an ordinary reference',
    async (reference) => {
      const guard = scriptedWallet().guard();
      expect(await guard.getHold(reference)).toBeUndefined();
      await guard.hold({ amount: '1.00', reference });
      expect((await guard.getHold(reference))?.amount).toBe('1.00');
      await guard.close();
    },
  );

  it.each([
    ['an expiry of nothing', { expiresInMs: 0 }],
    ['an expiry of a fraction', { expiresInMs: 0.5 }],
    ['an expiry beyond a day', { expiresInMs: 86_400_001 }],
    ['metadata that is text', { metadata: 'note' }],
    ['metadata that is null', { metadata: null }],
    ['a number in its metadata', { metadata: { attempt: 1 } }],
    ['a long text in its metadata', { metadata: { note: 'x'.repeat(257) } }],
    [
      'too much metadata',
      { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`k${index}`, ''])) },
    ],
    ['another wallet', { wallet: 'other' }],
  ])('is refused with %s', async (_, options) => {
    const guard = scriptedWallet().guard();
    const act = guard.hold({ amount: '1.00', reference: 'p-1', ...options } as never);
    expect(await thrownBy(act)).toBeInstanceOf(ConfigurationError);
    expect(await guard.getHold('p-1')).toBeUndefined();
    await guard.close();
  });

  it('is taken on a balance that is asked for once more before a refusal', async () => {
    const wallet = scriptedWallet('100.00');
    const guard = wallet.guard();
    await guard.hold({ amount: '60.00', reference: 'p-1' });
    wallet.balance = { available: '500.00', currency: 'KES' };
    wallet.clock.advance(1_000);
    expect((await guard.hold({ amount: '60.00', reference: 'p-2' })).decision.available).toBe('500.00');
    await guard.close();
  });

  it('is listed for operators, in pages, with what was written on it', async () => {
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard();
    for (const reference of ['a', 'b', 'c']) {
      await guard.hold({ amount: '1.00', reference, metadata: { by: 'Ada' } });
      wallet.clock.advance(10);
    }
    await guard.capture('b');
    const first = await guard.listHolds({ limit: 2 });
    expect(first.holds).toEqual([
      {
        reference: 'a',
        wallet: 'default',
        state: 'reserved',
        amount: '1.00',
        currency: 'KES',
        createdAt: new Date(wallet.clock.now() - 30),
        expiresAt: new Date(wallet.clock.now() - 30 + 60_000),
        metadata: { by: 'Ada' },
      },
      {
        reference: 'b',
        wallet: 'default',
        state: 'captured',
        amount: '1.00',
        captured: '1.00',
        currency: 'KES',
        createdAt: new Date(wallet.clock.now() - 20),
        endedAt: new Date(wallet.clock.now()),
        metadata: { by: 'Ada' },
      },
    ]);
    const second = await guard.listHolds({ limit: 2, after: first.next });
    expect([second.holds.map(({ reference }) => reference), second.next]).toEqual([['c'], undefined]);
    const open = await guard.listHolds({ state: 'reserved', olderThanMs: 15 });
    expect(open.holds.map(({ reference }) => reference)).toEqual(['a']);
    expect(await thrownBy(guard.listHolds({ limit: 0 }))).toBeInstanceOf(ConfigurationError);
    await guard.close();
  });
});

describe('withHold', () => {
  const payout = { amount: '400.00', reference: 'p-1' };

  it('holds as sent while the payment runs, and captures after it when it settles on return', async () => {
    const guard = scriptedWallet('1000.00', { settles: 'onReturn' }).guard();
    const seen: unknown[] = [];
    const result = await guard.withHold(payout, async (hold) => {
      seen.push(hold.state, await position(guard));
      return 'receipt';
    });
    expect([result, seen]).toEqual(['receipt', ['sent', 'held 400.00 spendable 600.00']]);
    expect((await guard.getHold('p-1'))?.state).toBe('captured');
    await guard.close();
  });

  it.each([
    ['later', 'completion', undefined, 'sent'],
    ['later', 'unknown', undefined, 'sent'],
    ['later', 'acceptance', undefined, 'captured'],
    ['onReturn', 'completion', undefined, 'captured'],
    ['onReturn', 'completion', 'later', 'sent'],
    ['later', 'completion', 'onReturn', 'captured'],
  ] as const)(
    'with settles %s, debit visible at %s and settles of the call %p leaves it %s',
    async (settles, debitVisibleAt, ofCall, state) => {
      const guard = scriptedWallet('1000.00', { settles, debitVisibleAt }).guard();
      await guard.withHold({ ...payout, settles: ofCall }, () => 'accepted');
      expect((await guard.getHold('p-1'))?.state).toBe(state);
      await guard.close();
    },
  );

  it('does not run the payment without a hold', async () => {
    const guard = scriptedWallet('100.00').guard();
    let ran = 0;
    const pay = () => void ran++;
    expect(await thrownBy(guard.withHold(payout, pay))).toBeInstanceOf(InsufficientFundsError);
    await guard.withHold({ amount: '1.00', reference: 'p-2' }, pay);
    expect(await thrownBy(guard.withHold({ amount: '1.00', reference: 'p-2' }, pay))).toBeInstanceOf(
      DuplicateReferenceError,
    );
    expect(ran).toBe(1);
    await guard.close();
  });

  it('keeps the hold when the payment throws, and throws the same error', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const timeout = new Error('socket hang up');
    expect(await thrownBy(guard.withHold(payout, () => Promise.reject(timeout)))).toBe(timeout);
    expect(
      await thrownBy(
        guard.withHold({ ...payout, reference: 'p-2' }, () => {
          throw timeout;
        }),
      ),
    ).toBe(timeout);
    expect(await position(guard)).toBe('held 800.00 spendable 200.00');
    await guard.close();
  });

  it('releases the hold when the error proves that nothing was sent', async () => {
    const guard = scriptedWallet('1000.00').guard();
    const rejected = new PayoutRejectedError('wrong number');
    expect(await thrownBy(guard.withHold(payout, () => Promise.reject(rejected)))).toBe(rejected);
    expect([await position(guard), (await guard.getHold('p-1'))?.state]).toEqual([
      'held 0.00 spendable 1000.00',
      'released',
    ]);
    await guard.close();
  });

  it('judges by the function it was given, and takes a judgement that fails for unknown', async () => {
    const wallet = scriptedWallet('1000.00');
    const busy = Object.assign(new Error('busy'), { statusCode: 429 });
    const guard = wallet.guard({ verdictOf: (error) => (error === busy ? 'not_sent' : 'unknown') });
    await thrownBy(guard.withHold(payout, () => Promise.reject(busy)));
    expect((await guard.getHold('p-1'))?.state).toBe('released');
    await guard.close();
    const mistaken = wallet.guard({
      verdictOf: () => {
        throw new Error('no idea');
      },
    });
    expect(await thrownBy(mistaken.withHold(payout, () => Promise.reject(busy)))).toBe(busy);
    expect((await mistaken.getHold('p-1'))?.state).toBe('sent');
    expect(warnings).toEqual([
      'PAYOUT_GUARD_VERDICT: verdictOf threw; the outcome of the payout counts as unknown. (Error: (message withheld: it may contain secrets))',
    ]);
    await mistaken.close();
  });

  it('leaves alone what the payment has settled itself', async () => {
    const guard = scriptedWallet('1000.00', { settles: 'onReturn' }).guard();
    await guard.withHold(payout, (hold) => hold.release());
    await guard.withHold({ ...payout, reference: 'p-2' }, (hold) => hold.capture('399.00'));
    await thrownBy(
      guard.withHold({ ...payout, reference: 'p-3' }, async (hold) => {
        await hold.capture();
        throw new PayoutRejectedError();
      }),
    );
    const holds = (await guard.listHolds()).holds.map(({ state, captured }) => [state, captured]);
    expect(holds).toEqual([
      ['released', undefined],
      ['captured', '399.00'],
      ['captured', '400.00'],
    ]);
    await guard.close();
  });

  it('returns the result of a payment that was made even if the store fails after it', async () => {
    const store = memoryStore();
    const guard = scriptedWallet('1000.00', { settles: 'onReturn' }).guard({ store });
    const unsettled: GuardEvents['unsettled'][] = [];
    guard.on('unsettled', (event) => unsettled.push(event));
    const result = await guard.withHold(payout, () => {
      store.settle = () => Promise.reject(new Error('connection lost'));
      return 'receipt';
    });
    expect(result).toBe('receipt');
    expect(unsettled).toMatchObject([{ reference: 'p-1', error: { code: 'balance_unavailable', reason: 'store' } }]);
    expect((await guard.getHold('p-1'))?.state).toBe('sent');
    await guard.close();
  });
});

describe('the verdict on an error', () => {
  const system = (code: string, syscall?: string) => Object.assign(new Error(code), { code, syscall });
  const wrapped = (cause: unknown) => new TypeError('fetch failed', { cause });
  const refused = system('ECONNREFUSED', 'connect');

  it.each([
    ['a rejection', new PayoutRejectedError(), 'not_sent'],
    ['a rejection as the cause', new Error('x', { cause: new PayoutRejectedError() }), 'not_sent'],
    ['a refused connection', refused, 'not_sent'],
    ['a refused connection under fetch', wrapped(refused), 'not_sent'],
    ['a host that does not exist', wrapped(system('ENOTFOUND', 'getaddrinfo')), 'not_sent'],
    ['a name server that does not answer', system('EAI_AGAIN', 'getaddrinfo'), 'not_sent'],
    ['all addresses refused', wrapped(new AggregateError([refused, refused])), 'not_sent'],
    [
      'one address refused, another timed out',
      wrapped(new AggregateError([refused, system('ETIMEDOUT', 'connect')])),
      'unknown',
    ],
    ['no address at all', new AggregateError([]), 'unknown'],
    ['a timeout', system('ETIMEDOUT', 'connect'), 'unknown'],
    ['a reset', wrapped(system('ECONNRESET', 'read')), 'unknown'],
    ['a closed socket', wrapped(system('UND_ERR_SOCKET')), 'unknown'],
    ['a broken pipe', system('EPIPE', 'write'), 'unknown'],
    ['an abort', new DOMException('aborted', 'AbortError'), 'unknown'],
    ['a code without a call', system('ECONNREFUSED'), 'unknown'],
    ['an HTTP 400', Object.assign(new Error('400'), { status: 400 }), 'unknown'],
    ['an HTTP 500', Object.assign(new Error('500'), { status: 500 }), 'unknown'],
    ['an error of the guard', new BalanceUnavailableError('network'), 'unknown'],
    ['a text', 'ECONNREFUSED', 'unknown'],
    ['nothing', undefined, 'unknown'],
    ['null', null, 'unknown'],
    ['an object', { code: 'payout_rejected' }, 'unknown'],
  ])('of %s', (_, error, verdict) => {
    expect(verdictOf(error)).toBe(verdict);
  });

  it('ends when causes go round in a circle', () => {
    const error = new Error('x');
    error.cause = error;
    expect(verdictOf(error)).toBe('unknown');
  });
});

describe('reconciliation', () => {
  async function withSent(outcomes: Record<string, PayoutAnswer | Error>, references: string[]) {
    const wallet = scriptedWallet('1000.00', {
      lookup: async ({ reference }) => {
        const answer = outcomes[reference] ?? { outcome: 'unknown' };
        if (answer instanceof Error) throw answer;
        return answer;
      },
    });
    const guard = wallet.guard({ overdueAfterMs: 60_000 });
    for (const reference of references) await guard.hold({ amount: '10.00', reference, state: 'sent' });
    return { wallet, guard, outcomes };
  }

  it('settles what the provider has a final word on, and leaves the rest held', async () => {
    const references = ['made', 'more', 'not-made', 'on-its-way', 'nobody-knows', 'broken'];
    const { wallet, guard } = await withSent(
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
    expect(await guard.reconcile()).toEqual({ captured: 0, released: 0, open: 0 });
    wallet.clock.advance(60_000);
    expect(await guard.reconcile()).toEqual({ captured: 2, released: 1, open: 3 });
    expect(overdue).toEqual([
      ['on-its-way', 60_000, 'pending'],
      ['nobody-knows', 60_000, 'unknown'],
      ['broken', 60_000, 'unknown'],
    ]);
    expect(failures).toEqual([['default', 'balance_unavailable']]);
    const states = await Promise.all(references.map(async (reference) => (await guard.getHold(reference))?.state));
    expect(states).toEqual(['captured', 'captured', 'released', 'sent', 'sent', 'sent']);
    expect((await guard.getHold('more'))?.captured).toBe('10.50');
    await guard.close();
  });

  it('does not take the failure of an earlier attempt for that of a later one with the same reference', async () => {
    const { guard, outcomes } = await withSent({ again: { outcome: 'failed' } }, ['again']);
    expect(await guard.reconcile({ olderThanMs: 0 })).toEqual({ captured: 0, released: 1, open: 0 });
    await guard.hold({ amount: '10.00', reference: 'again', state: 'sent' });
    expect(await guard.reconcile({ olderThanMs: 0 })).toEqual({ captured: 0, released: 0, open: 1 });
    outcomes.again = { outcome: 'completed' };
    expect(await guard.reconcile({ olderThanMs: 0 })).toEqual({ captured: 1, released: 0, open: 0 });
    await guard.close();
  });

  it('looks at one payout when a webhook hints at it, however young', async () => {
    const { guard } = await withSent({ a: { outcome: 'completed' }, b: { outcome: 'failed' } }, ['a', 'b', 'c']);
    expect(await guard.reconcile({ reference: 'a' })).toEqual({ captured: 1, released: 0, open: 0 });
    expect(await guard.reconcile({ reference: 'a' })).toEqual({ captured: 0, released: 0, open: 0 });
    expect(await guard.reconcile({ reference: 'c' })).toEqual({ captured: 0, released: 0, open: 1 });
    expect(await guard.reconcile({ reference: 'nobody' })).toEqual({ captured: 0, released: 0, open: 0 });
    expect(await thrownBy(guard.reconcile({ reference: 'no such' }))).toBeInstanceOf(InvalidReferenceError);
    expect((await guard.getHold('b'))?.state).toBe('sent');
    await guard.close();
  });

  it('leaves reserved holds to their sender', async () => {
    const { wallet, guard } = await withSent({ reserved: { outcome: 'failed' } }, []);
    await guard.hold({ amount: '10.00', reference: 'reserved', expiresInMs: 3_600_000 });
    wallet.clock.advance(120_000);
    expect(await guard.reconcile()).toEqual({ captured: 0, released: 0, open: 0 });
    await guard.close();
  });

  it('looks at all of them, however many there are', async () => {
    const references = Array.from({ length: 95 }, (_, index) => `p-${index}`);
    const { guard } = await withSent(
      Object.fromEntries(references.map((key) => [key, { outcome: 'completed' }])),
      references,
    );
    expect(await guard.reconcile({ olderThanMs: 0 })).toEqual({ captured: 95, released: 0, open: 0 });
    await guard.close();
  });

  it('is done by one of several guards on a store at a time', async () => {
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
    expect(await other.reconcile({ olderThanMs: 0 })).toEqual({ captured: 0, released: 0, open: 0 });
    gate.resolve({ outcome: 'completed' });
    expect([await first, asked]).toEqual([{ captured: 1, released: 0, open: 0 }, 1]);
    await one.close();
    await other.close();
  });

  it('tells of a hold that somebody else has settled the other way', async () => {
    const { guard, outcomes } = await withSent({}, ['p-1']);
    const unsettled: unknown[] = [];
    guard.on('unsettled', ({ reference, error }) => unsettled.push([reference, error.code]));
    const gate = deferred<PayoutAnswer>();
    Object.defineProperty(outcomes, 'p-1', { get: () => gate.promise });
    const running = guard.reconcile({ olderThanMs: 0 });
    await new Promise(setImmediate);
    await guard.release('p-1');
    gate.resolve({ outcome: 'completed' });
    expect(await running).toEqual({ captured: 0, released: 0, open: 1 });
    expect(unsettled).toEqual([['p-1', 'hold_state']]);
    await guard.close();
  });

  it('warns of overdue payouts when nobody listens', async () => {
    const { wallet, guard } = await withSent({}, ['p-1', 'p-2']);
    wallet.clock.advance(60_000);
    await guard.reconcile();
    expect(warnings).toEqual([
      "PAYOUT_GUARD_OVERDUE: The outcome of 2 payout(s) is overdue; their money stays held. List them with listHolds({ state: 'sent' }).",
    ]);
    await guard.close();
  });

  it('runs by itself', async () => {
    const wallet = scriptedWallet('1000.00', { lookup: async () => ({ outcome: 'completed' }) });
    const guard = wallet.guard({ overdueAfterMs: 1_000, reconcileEveryMs: 1_000 });
    await guard.hold({ amount: '10.00', reference: 'p-1', state: 'sent' });
    wallet.clock.advance(1_000);
    const captured = deferred<string>();
    guard.on('captured', ({ hold }) => captured.resolve(hold.reference));
    expect(await captured.promise).toBe('p-1');
    await guard.close();
  });

  it('ends when the guard is closed in the middle of it, and leaves the hold as it was', async () => {
    const store = memoryStore();
    const guard = scriptedWallet('1000.00', { lookup: () => new Promise(() => {}) }).guard({ store });
    await guard.hold({ amount: '10.00', reference: 'p-1', state: 'sent' });
    const running = thrownBy(guard.reconcile({ olderThanMs: 0 }));
    await guard.close();
    expect(await running).toMatchObject({ reason: 'closed' });
    expect(await thrownBy(guard.reconcile())).toMatchObject({ reason: 'closed' });
    expect(await thrownBy(guard.capture('p-1'))).toMatchObject({ reason: 'closed' });
    expect((await store.get('p-1'))?.state).toBe('sent');
  });
});

describe('events', () => {
  it('tell each thing once, in order', async () => {
    const wallet = scriptedWallet('1000.00', { settles: 'onReturn' });
    const guard = wallet.guard();
    const told: unknown[] = [];
    const names = ['approved', 'refused', 'held', 'captured', 'released', 'snapshot', 'providerFailure'] as const;
    for (const name of names) guard.on(name, () => told.push(name));
    await guard.checkFunds('1.00');
    await thrownBy(guard.assertSufficientFunds('1000.01'));
    await guard.withHold({ amount: '1.00', reference: 'p-1' }, () => undefined);
    await guard.capture('p-1');
    await guard.hold({ amount: '1.00', reference: 'p-2' });
    await guard.release('p-2');
    await guard.release('p-2');
    wallet.answer = () => Promise.reject(new BalanceUnavailableError('network'));
    await thrownBy(guard.checkFunds('1.00', { refresh: true }));
    expect(told).toEqual([
      'snapshot',
      'approved',
      'refused',
      'approved',
      'held',
      'captured',
      'approved',
      'held',
      'released',
      'providerFailure',
    ]);
    await guard.close();
  });

  it('end when the listener leaves, and a listener that throws changes nothing', async () => {
    const guard = scriptedWallet('1000.00').guard();
    let heard = 0;
    const leave = guard.on('held', () => {
      heard += 1;
      throw new Error('a mistake of the listener');
    });
    await guard.hold({ amount: '1.00', reference: 'p-1' });
    leave();
    await guard.hold({ amount: '1.00', reference: 'p-2' });
    expect([heard, warnings, await position(guard)]).toEqual([
      1,
      [
        'PAYOUT_GUARD_LISTENER: A listener of the event held threw. (Error: (message withheld: it may contain secrets))',
      ],
      'held 2.00 spendable 998.00',
    ]);
    await guard.close();
  });
});
