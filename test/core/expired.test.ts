import { afterEach, describe, expect, it } from '@jest/globals';
import { type Clock, type HoldStore, memoryStore, type PayoutGuard } from 'payout-guard';
import { scriptedWallet } from '../support/wallet.js';

const guards: PayoutGuard[] = [];
afterEach(() => Promise.all(guards.splice(0).map((guard) => guard.close())));

describe('a reservation that expires', () => {
  const open = (storeOf = (clock: Clock): HoldStore => memoryStore({ clock })) => {
    const wallet = scriptedWallet('1000.00');
    const store = storeOf(wallet.clock);
    const guard = wallet.guard({ holdExpiresInMs: 60_000, store });
    guards.push(guard);
    const expired: string[] = [];
    guard.on('expired', ({ hold }) => void expired.push(`${hold.reference} ${hold.state}`));
    const pass = (ms: number) => wallet.clock.pass(ms);
    return { wallet, store, guard, expired, pass };
  };

  it('is reported once, after its time, by the process that took it', async () => {
    const { guard, expired, pass } = open();
    await guard.hold({ amount: '10.00', reference: 'a' });
    await pass(60_000);
    expect(expired).toEqual([]);
    await pass(1_000);
    expect(expired).toEqual(['a released']);
    await pass(3_600_000);
    expect(expired).toEqual(['a released']);
    expect((await guard.funds()).held).toBe('0.00');
  });

  it('is not reported after it was sent, captured, released, or settled by another process', async () => {
    const { wallet, store, guard, expired, pass } = open();
    const other = wallet.guard({ store });
    guards.push(other);
    const take = (reference: string) => guard.hold({ amount: '10.00', reference });
    await (await take('sent')).sent();
    await (await take('captured')).capture();
    await (await take('released')).release();
    await take('by-another');
    await guard.release('by-another');
    await pass(3_600_000);
    expect(expired).toEqual([]);
  });

  it('is reported at the end of its new time when it was extended', async () => {
    const { guard, expired, pass } = open();
    const hold = await guard.hold({ amount: '10.00', reference: 'a' });
    await pass(30_000);
    await hold.extend(600_000);
    await pass(300_000);
    expect(expired).toEqual([]);
    await pass(301_000);
    await pass(1_000);
    expect(expired).toEqual(['a released']);
  });

  it('is reported in order, however many expire and whatever their times', async () => {
    const { guard, expired, pass } = open();
    for (const [reference, expiresInMs] of [
      ['late', 50_000],
      ['soon', 10_000],
      ['middle', 30_000],
    ] as const) {
      await guard.hold({ amount: '10.00', reference, expiresInMs });
    }
    for (let second = 0; second < 55; second += 1) await pass(1_000);
    expect(expired).toEqual(['soon released', 'middle released', 'late released']);
  });

  it('is reported once the store responds again', async () => {
    let isDown = false;
    const { guard, expired, pass } = open((clock) => {
      const store = memoryStore({ clock });
      const get = store.get.bind(store);
      store.get = (reference) => (isDown ? Promise.reject(new Error('down')) : get(reference));
      return store;
    });
    await guard.hold({ amount: '10.00', reference: 'a' });
    isDown = true;
    await pass(61_000);
    await pass(10_000);
    expect(expired).toEqual([]);
    isDown = false;
    await pass(30_000);
    expect(expired).toEqual(['a released']);
  });
});
