// Reservations when Redis goes back in time, and its clock.
import { describe, expect, it } from '@jest/globals';
import { stoppedClock } from '../support/clock.js';
import { hasRedis } from '../support/redis.js';
import { hold, ThrowAwayRedis, until } from '../support/redis-store.js';
import { scriptedWallet } from '../support/wallet.js';
import '../support/proof-only.js';

(hasRedis ? describe : describe.skip)('the Redis store in another epoch', () => {
  const redis = new ThrowAwayRedis();
  const { open, openCuttable } = redis;

  it('T1. refuses to pay for a reservation that the store has lost, and lets the payout be tried again', async () => {
    const wallet = scriptedWallet();
    const store = open();
    const guard = wallet.guard({ store });
    const payout = { amount: '60.00', reference: 'a' } as const;
    const reserved = await guard.hold(payout);
    await redis.admin.flushall();
    let sent = 0;
    const paid = reserved.pay(async () => ++sent);
    await expect(paid).rejects.toMatchObject({ name: 'BalanceUnavailableError', reason: 'store', status: 503 });
    expect(sent).toBe(0);
    expect(await guard.withHold(payout, async () => ++sent)).toBe(1);
    await guard.close();
  });

  it('T1. ends the reservations in older data: their money may be promised to others', async () => {
    const [first, second] = [open(), openCuttable()];
    await hold(first, 'a', 60n, { state: 'reserved', attempt: 'one' });
    await redis.admin.save();
    await first.settle({ reference: 'a', to: 'released' });
    await hold(second.store, 'a', 60n, { attempt: 'two' });
    await hold(second.store, 'b', 40n);
    second.isCut = true;
    await redis.server.kill();
    await redis.server.boot();
    await until(async () => (await first.totals('w')) !== undefined);
    expect((await first.list({ limit: 1 })).holds).toMatchObject([{ state: 'released', attempt: 'one' }]);
    const send = { reference: 'a', to: 'sent', sendsForMs: 1, attempt: 'one' } as const;
    expect(await first.settle(send)).toMatchObject({ outcome: 'illegal', hold: { state: 'released' } });
    expect(await first.totals('w')).toMatchObject({ active: 0n });
    await redis.admin.hset('{payout-guard}:store', 'bornAt', Date.now() + 60_000);
    second.isCut = false;
    await until(async () => (await second.store.totals('w')).active === 100n);
  });

  it('T1. ends the reservations of processes that are gone: none of them counts as held', async () => {
    const [gone, other] = [open(), open()];
    await hold(gone, 'a', 60n, { state: 'reserved', expiresInMs: 60_000 });
    await hold(gone, 'b', 30n);
    await redis.admin.save();
    await gone.close();
    await redis.server.kill();
    await redis.server.boot();
    await until(async () => (await other.totals('w')) !== undefined);
    expect(await other.totals('w')).toMatchObject({ active: 30n });
    expect((await other.get('a')).hold).toMatchObject({ state: 'released' });
    await redis.endRecovery();
    expect((await hold(other, 'c', 70n)).outcome).toBe('held');
  });

  it('T2. does not let the time run back or stop when the clock of the server is set back', async () => {
    const clock = stoppedClock();
    const store = redis.openTimed(clock);
    const { nowMs } = await store.get('a');
    await hold(store, 'a', 60n, { state: 'reserved', expiresInMs: 500 });
    clock.step(-3_600_000);
    expect((await store.get('a')).nowMs).toBe(nowMs);
    clock.advance(499);
    expect(await store.get('a')).toMatchObject({ nowMs: nowMs + 499, hold: { state: 'reserved' } });
    expect((await store.list({ limit: 1 })).nowMs).toBe(nowMs + 499);
    clock.advance(1);
    expect(await store.get('a')).toMatchObject({ nowMs: nowMs + 500, hold: { state: 'released' } });
    // Nor does it when the clock is corrected.
    clock.step(3_600_000);
    expect((await store.get('a')).nowMs).toBe(nowMs + 500 + 3_600_000);
  });
});
