// The settings of the server.
import { describe, expect, it } from '@jest/globals';
import { passMonotonic } from '../support/monotonic.js';
import { hasRedis } from '../support/redis.js';
import { epochOf, ThrowAwayRedis, until } from '../support/redis-store.js';

(hasRedis ? describe : describe.skip)('the Redis store looks at its server and', () => {
  const redis = new ThrowAwayRedis();
  const { open } = redis;

  it('refuses when too few replicas have what it wrote, when it waits for replicas', async () => {
    const store = open({ waitReplicas: { count: 1, timeoutMs: 20 } });
    await expect(store.totals('w')).rejects.toMatchObject({ reason: 'store' });
  });

  it('refuses a server that may drop holds to make room, until it is corrected', async () => {
    await redis.admin.config('SET', 'maxmemory', '100mb');
    await redis.admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const store = open();
    await expect(store.totals('w')).rejects.toMatchObject({ name: 'BalanceUnavailableError', reason: 'store' });
    expect(process.emitWarning).toHaveBeenCalledWith(expect.stringContaining('noeviction'), {
      code: 'PAYOUT_GUARD_STORE',
    });
    await redis.admin.config('SET', 'maxmemory-policy', 'noeviction');
    expect(await store.totals('w')).toMatchObject({ active: 0n });
  });

  it('refuses the first answer in a new epoch if the server that gave it may drop holds', async () => {
    const store = open();
    const before = await epochOf(store);
    await redis.admin.config('SET', 'maxmemory', '100mb');
    await redis.admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
    // Within the same epoch, the server is looked at each minute.
    expect(await epochOf(store)).toBe(before);
    await redis.admin.hset('{payout-guard}:store', 'runId', 'another');
    await expect(store.totals('w')).rejects.toMatchObject({ cause: { failure: 'EVICTION' } });
    await redis.admin.config('SET', 'maxmemory-policy', 'noeviction');
    expect(await epochOf(store)).not.toBe(before);
  });

  it('refuses a server that is set up otherwise since the last minute', async () => {
    const store = open();
    await store.totals('w');
    await redis.admin.config('SET', 'maxmemory', '100mb');
    await redis.admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
    passMonotonic(60_000);
    const failure = async () => {
      try {
        await store.totals('w');
        return undefined;
      } catch (error) {
        return (error as { cause?: { failure?: string } }).cause?.failure;
      }
    };
    // Calls are not kept waiting while it is looked at.
    await until(async () => (await failure()) === 'EVICTION');
    await redis.admin.config('SET', 'maxmemory-policy', 'noeviction');
    expect(await failure()).toBeUndefined();
  });

  it('warns of a server that keeps nothing, and of one where neither INFO nor CONFIG is permitted', async () => {
    await open().totals('w');
    expect(process.emitWarning).toHaveBeenCalledWith(expect.stringContaining('appendonly'), expect.anything());
    await redis.admin.call('ACL', ['SETUSER', 'default', '-config', '-info']);
    await open().totals('w');
    expect(process.emitWarning).toHaveBeenCalledWith(
      expect.stringContaining('INFO and CONFIG are not permitted'),
      expect.anything(),
    );
  });
});
