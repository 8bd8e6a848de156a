// Batches of holds in Redis whose messages are lost, late or doubled, and epochs that begin in their middle.
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { HoldAllOutcome, HoldAllRequest, HoldStore, PayoutGuard } from 'payout-guard';
import { many } from '../core/hold-all-support.js';
import { stoppedClock } from '../support/clock.js';
import { hasRedis } from '../support/redis.js';
import { type Command, epochOf, hold, isExecuted, ThrowAwayRedis, until } from '../support/redis-store.js';
import { changed } from '../support/stores.js';
import { scriptedWallet } from '../support/wallet.js';
import '../support/proof-only.js';

const refusal = { name: 'BalanceUnavailableError', reason: 'store' } as const;
const references = ['a', 'b', 'c'] as const;

const isBatch = (args: readonly string[]) => args.some((arg) => /^[bm]\n/.test(arg));
const isUndo = (args: readonly string[]) => args.some((arg) => arg.startsWith('s\nreleased\n'));

(hasRedis ? describe : describe.skip)('a batch in the Redis store', () => {
  const redis = new ThrowAwayRedis();
  const guards: PayoutGuard[] = [];
  afterEach(async () => {
    for (const guard of guards.splice(0)) await guard.close({ waitMs: 0 });
  });

  const give = async (store: HoldStore, more: Partial<HoldAllRequest> = {}): Promise<HoldAllOutcome> =>
    store.holdAll({
      wallet: 'w',
      attempt: randomUUID(),
      currency: { code: 'KES', exponent: 2 },
      expiresInMs: 60_000,
      epoch: await epochOf(store),
      limitMinor: 100n,
      policy: 'all',
      payouts: references.map((reference) => ({ reference, amountMinor: 20n, metadata: {} })),
      ...more,
    });
  const statesIn = async (store: HoldStore) =>
    Promise.all(references.map(async (reference) => (await store.get(reference)).hold?.state));

  it('that arrives late is undone as a whole, as long as it may arrive, and not executed after its time', async () => {
    const clock = stoppedClock();
    const line = redis.openLate(clock);
    line.isKept = (args) => isBatch(args) || isUndo(args);
    const { store } = line;
    const other = redis.openTimed(clock);
    await expect(give(store)).rejects.toMatchObject(refusal);
    const [late] = line.kept;
    expect(await isExecuted(late)).toBe(true);
    // To another process its references are taken, and will soon be free.
    const again = await give(other);
    expect(again).toMatchObject({ outcome: 'refused' });
    if (again.outcome !== 'refused') return;
    expect(again.refusals.map((one) => one.outcome === 'exists' && one.retryAfterMs)).toEqual([1_000, 1_000, 1_000]);
    line.isKept = () => false;
    await until(async () => (await statesIn(other)).every((state) => state === 'released'));
    expect(await other.totals('w')).toMatchObject({ active: 0n });
    clock.advance(10_000);
    expect(await isExecuted(late)).toBe(false);
    expect((await give(store)).outcome).toBe('done');
  });

  it('that the client sends twice is executed once', async () => {
    const copies: Command[] = [];
    const store = redis.openThrough((command, args) => {
      if (isBatch(args)) copies.push(command);
      return command();
    });
    expect((await give(store)).outcome).toBe('done');
    expect(await isExecuted(copies[0])).toBe(false);
    expect(await store.totals('w')).toMatchObject({ active: 60n });
  });

  it('declares every key, all of one slot', async () => {
    const seen: string[][] = [];
    const store = redis.openThrough((command, args) => {
      if (isBatch(args)) seen.push(args);
      return command();
    });
    await hold(store, 'sum', 60n, { state: 'reserved', attempt: 'one' });
    await give(store, { from: { reference: 'sum', attempt: 'one' } });
    const [, , count, ...rest] = seen[0] ?? [];
    expect(rest.slice(0, Number(count))).toEqual([
      '{payout-guard}:store',
      expect.stringMatching(/^\{payout-guard\}:batch:/),
      '{payout-guard}:hold:sum',
      ...references.map((reference) => `{payout-guard}:hold:${reference}`),
    ]);
    expect(await store.totals('w')).toMatchObject({ active: 60n });
    expect((await store.get('sum')).hold).toMatchObject({ state: 'released' });
  });

  it('of a refused caller is undone, but for what another handle was given to send', async () => {
    let isMute = false;
    const store = redis.openThrough(async (command, args) => {
      const reply = await command();
      return isMute && isBatch(args) ? new Promise(() => {}) : reply;
    });
    await epochOf(store);
    isMute = true;
    const refused = expect(give(store, { epoch: await epochOf(store) })).rejects.toMatchObject(refusal);
    const other = redis.open();
    const sent = { reference: 'b', to: 'sent', sendsForMs: 60_000, sender: 'a handle of another process' } as const;
    await until(async () => (await other.settle(sent)).outcome === 'done');
    await refused;
    isMute = false;
    await until(async () => (await statesIn(other)).join() === 'released,sent,released');
    expect(await other.totals('w')).toMatchObject({ active: 20n });
  });

  it('that was granted in an epoch which its process has left since is refused, and undone', async () => {
    const line: { answer?: () => void; isKept: boolean } = { isKept: false };
    const send = async (command: Command, args: string[]) => {
      const reply = await command();
      if (line.isKept && isBatch(args)) await new Promise<void>((resolve) => (line.answer = resolve));
      return reply;
    };
    // Another request waits for no batch that is under way.
    const store = redis.openThrough(send, { maxBatch: 1 });
    const epoch = await epochOf(store);
    line.isKept = true;
    const granted = give(store, { epoch });
    await until(async () => line.answer !== undefined);
    await redis.admin.hset('{payout-guard}:store', 'runId', '0123456789012345678901234567890123456789');
    expect((await store.totals('v')).epoch).not.toBe(epoch);
    line.isKept = false;
    line.answer?.();
    await expect(granted).rejects.toMatchObject(refusal);
    await until(async () => (await store.totals('w')).active === 0n);
  });

  it('leaves nothing held when Redis loses everything between two parts of a payroll', async () => {
    const given = redis.open();
    let parts = 0;
    const store = changed(given, {
      holdAll: async (request) => {
        parts += 1;
        const answer = await given.holdAll(request);
        if (parts === 2) await redis.admin.flushall();
        return answer;
      },
    });
    const guard = scriptedWallet('5000.00').guard({ store });
    guards.push(guard);
    await expect(guard.holdAll(many(2_500), { policy: 'all' })).rejects.toMatchObject(refusal);
    expect(parts).toBe(3);
    expect(await given.totals('default')).toMatchObject({ active: 0n, captured: 0n });
    // Reservations have ended with the epoch, and the next payroll is held as a whole.
    expect((await guard.holdAll(many(2_500), { policy: 'all' })).holds).toHaveLength(2_500);
    expect(await given.totals('default')).toMatchObject({ active: 250_000n });
  });
});
