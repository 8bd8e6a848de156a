// `hold.sent()`: the permission to send from the application's own code. It is given once, and never beside a release
// of the same handle.
import { expect, it } from '@jest/globals';
import { type HoldStore, memoryStore } from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { changed, sentLate, silenced } from '../support/stores.js';
import { deferred, scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';

collectWarnings();
const payout = { amount: '400.00', reference: 'p-1' };

it('P5. is not given again by a handle whose first try the store did not confirm', async () => {
  const wallet = scriptedWallet('1000.00');
  const { store, silence } = silenced(memoryStore({ clock: wallet.clock }));
  const guard = wallet.guard({ store });
  const hold = await guard.hold(payout);
  silence(true);
  expect(await thrownBy(hold.sent())).toMatchObject({ code: 'balance_unavailable', reason: 'store' });
  silence(false);
  // The release of the first try is still queued. A payout sent now would be released while it is under way.
  expect(await thrownBy(hold.sent())).toMatchObject({ code: 'hold_state' });
  expect(await thrownBy(hold.pay(() => 'paid'))).toMatchObject({ code: 'hold_state' });
  await wallet.clock.pass(1_000);
  expect((await guard.getHold('p-1'))?.state).toBe('released');
  await guard.close();
});

it('P4. is not overtaken by a release of the same handle while it is under way', async () => {
  const wallet = scriptedWallet('1000.00');
  const memory = memoryStore({ clock: wallet.clock });
  const gate = deferred<void>();
  const guard = wallet.guard({ store: sentLate(memory, gate) });
  const hold = await guard.hold(payout);
  const sending = hold.sent();
  expect([hold.state, hold.isPaying]).toEqual(['reserved', true]);
  expect(await thrownBy(hold.release({ notSent: true }))).toMatchObject({ code: 'hold_state' });
  expect(await thrownBy(hold.pay(() => 'paid'))).toMatchObject({ code: 'hold_state' });
  gate.resolve();
  expect((await sending).state).toBe('sent');
  expect([hold.state, hold.isPaying]).toEqual(['sent', false]);
  expect((await hold.release()).state).toBe('released');
  await guard.close();
});

it('P4. leaves the handle as it was when the store refuses', async () => {
  const wallet = scriptedWallet('1000.00');
  const guard = wallet.guard();
  const hold = await guard.hold(payout);
  await guard.freeze('default', 'audit');
  expect(await thrownBy(hold.sent())).toMatchObject({ code: 'wallet_frozen' });
  expect([hold.state, hold.isPaying]).toEqual(['reserved', false]);
  await guard.unfreeze('default');
  expect((await hold.sent()).state).toBe('sent');
  await guard.close();
});

/**
 * A store whose client sends each request to mark a hold as sent twice, as after a broken connection, and receives the
 * second answer.
 */
function repeating(memory: HoldStore): HoldStore {
  const settle: HoldStore['settle'] = async (request) => {
    if (request.to === 'sent') await memory.settle(request);
    return memory.settle(request);
  };
  return changed(memory, { settle });
}

it('P5. is confirmed by the refusal of its own repetition', async () => {
  const wallet = scriptedWallet('1000.00');
  const guard = wallet.guard({ store: repeating(memoryStore({ clock: wallet.clock })) });
  const paid = await guard.hold({ ...payout, reference: 'p-pay' });
  expect(await paid.pay(() => 'paid', { settles: 'onReturn' })).toBe('paid');
  expect(paid.state).toBe('captured');
  const resumed = await guard.hold({ ...payout, reference: 'p-resumed' }).then((hold) => guard.resume(hold.reference));
  expect((await resumed.sent()).state).toBe('sent');
  await guard.close();
});

it('P4. is given to one of two handles when each request is repeated, and to one of two calls', async () => {
  const wallet = scriptedWallet('1000.00');
  const guard = wallet.guard({ store: repeating(memoryStore({ clock: wallet.clock })) });
  const hold = await guard.hold(payout);
  const other = await guard.resume(payout.reference);
  const ends = await Promise.allSettled([hold.sent(), other.sent(), hold.sent(), other.sent()]);
  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
  expect(await thrownBy(hold.sent())).toMatchObject({ code: 'hold_state', state: 'sent' });
  await guard.close();
});
