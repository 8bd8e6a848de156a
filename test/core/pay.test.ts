// Paying under a hold, rule by rule (P1 to P11): the outcomes that settle it and those that do not.
import { describe, expect, it } from '@jest/globals';
import {
  BalanceUnavailableError,
  HoldStateError,
  InvalidArgumentError,
  memoryStore,
  PayoutRejectedError,
} from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { changed, silenced } from '../support/stores.js';
import { deferred, scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { outcome } from './pay-support.js';

const warnings = collectWarnings();
const payout = { amount: '400.00', reference: 'p-1' };
const sent = 'sent, held 400.00, spendable 600.00';
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

describe('P5. a store that does not confirm sent', () => {
  const unavailable = () => new BalanceUnavailableError('store');

  it('prevents the payment: no function runs, and the attempt is released once the store is back', async () => {
    const wallet = scriptedWallet('1000.00');
    const { store, silence } = silenced(memoryStore({ clock: wallet.clock }), unavailable);
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
    const { store, silence } = silenced(memoryStore({ clock: wallet.clock }), unavailable);
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
