// Messages that are lost, late or doubled.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { HoldStore, PayoutGuard } from 'payout-guard';
import { stoppedClock } from '../support/clock.js';
import { hasRedis } from '../support/redis.js';
import { type Command, hold, isExecuted, request, ThrowAwayRedis, until } from '../support/redis-store.js';
import { scriptedWallet } from '../support/wallet.js';
import '../support/proof-only.js';

const keyOfA = '{payout-guard}:hold:a';
const refusal = { name: 'BalanceUnavailableError', reason: 'store' } as const;

const none = () => false;
/** Batches that have something to do with reference `a`. */
const ofA = (args: readonly string[]) => args.includes(keyOfA);
/** Of those, the ones that hold it. */
const holdsOfA = (args: readonly string[]) => ofA(args) && args.some((arg) => arg.startsWith('h\n'));
/** The ones that release something. */
const releases = (args: readonly string[]) => args.some((arg) => arg.startsWith('s\nreleased\n'));

(hasRedis ? describe : describe.skip)('the Redis store, when messages go astray', () => {
  const redis = new ThrowAwayRedis();
  const { open, openLate, openThrough } = redis;
  const guards: PayoutGuard[] = [];
  afterEach(async () => {
    for (const guard of guards.splice(0)) await guard.close({ waitMs: 0 });
  });

  const give = async (store: HoldStore, more: object = {}) => {
    const { epoch } = await store.totals('w');
    return store.hold({ ...request, epoch, reference: 'a', amountMinor: 60n, ...more });
  };
  /** Waits until the store has sent so many more batches. */
  const batches = async (count: number) => {
    const version = async () => Number(await redis.admin.hget('{payout-guard}:store', 'version'));
    const first = await version();
    await until(async () => (await version()) >= first + count);
  };

  it('refuses within the deadline while Redis stands still, and gives back what it may have held then', async () => {
    const store = open();
    const { epoch } = await store.totals('w');
    process.kill(redis.server.pid, 'SIGSTOP');
    const startedAt = performance.now();
    const refused = store.hold({ ...request, epoch, reference: 'a', amountMinor: 60n });
    await expect(refused).rejects.toMatchObject(refusal);
    // The client itself would wait forever.
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    process.kill(redis.server.pid, 'SIGCONT');
    // The caller was refused and paid nothing, whether the request arrived in time or not.
    await until(async () => (await store.totals('w')).active === 0n);
    expect(await store.totals('w')).toEqual({ epoch, active: 0n, captured: 0n });
    expect((await hold(store, 'b', 100n)).outcome).toBe('held');
  });

  it('refuses while Redis is gone, and works again when it is back', async () => {
    const store = open();
    await hold(store, 'a', 60n);
    await redis.server.kill();
    await expect(store.totals('w')).rejects.toMatchObject(refusal);
    await redis.server.boot();
    // It came back with nothing: the hold of this process is restored.
    await until(async () => (await store.totals('w')).active === 60n);
    await until(async () => (await hold(store, 'b', 41n)).outcome === 'insufficient');
    expect((await hold(store, 'c', 40n)).outcome).toBe('held');
  });

  it('undoes a hold that arrives late, as long as one may arrive', async () => {
    const clock = stoppedClock();
    const line = openLate(clock);
    line.isKept = holdsOfA;
    await expect(give(line.store)).rejects.toMatchObject(refusal);
    line.isKept = none;
    // It was undone, but it is not too late for the store, so that was not the last time.
    await batches(1);
    expect(await isExecuted(line.kept[0])).toBe(true);
    await until(async () => (await line.store.get('a')).hold?.state === 'released');
    expect(await line.store.totals('w')).toMatchObject({ active: 0n });
    expect((await hold(line.store, 'a', 60n)).outcome).toBe('held');
  });

  it('does not execute a hold that arrives after its time, nor one of an earlier epoch', async () => {
    const clock = stoppedClock();
    const line = openLate(clock);
    line.isKept = holdsOfA;
    await expect(give(line.store)).rejects.toMatchObject(refusal);
    line.isKept = none;
    const [late] = line.kept;
    clock.advance(10_000);
    expect(await isExecuted(late)).toBe(false);
    // Not even when the clock of the server is set back.
    clock.step(-10_000);
    expect(await isExecuted(late)).toBe(false);
    expect((await line.store.get('a')).hold).toBeUndefined();

    const other = openLate(clock);
    other.isKept = holdsOfA;
    await expect(give(other.store)).rejects.toMatchObject(refusal);
    await redis.admin.flushall();
    other.isKept = none;
    expect(await isExecuted(other.kept[0])).toBe(false);
    expect(await other.store.totals('w')).toMatchObject({ active: 0n });
  });

  it('executes a hold once that the client sends twice, and takes no answer but of that one', async () => {
    const copies: Command[] = [];
    let isFirstMute = false;
    const store = openThrough(async (command, args) => {
      if (!ofA(args)) return command();
      copies.push(command);
      const first = await command();
      return isFirstMute ? command() : first;
    });
    expect((await give(store)).outcome).toBe('held');
    expect(await isExecuted(copies[0])).toBe(false);
    // The second copy comes after everything else about the payout.
    await store.settle({ reference: 'a', to: 'released', notSent: true });
    expect(await isExecuted(copies[0])).toBe(false);
    expect(await store.totals('w')).toMatchObject({ active: 0n });
    // "Not executed" is no refusal: the first copy was executed, and is undone.
    isFirstMute = true;
    await expect(give(store)).rejects.toMatchObject(refusal);
    isFirstMute = false;
    await until(async () => (await store.get('a')).hold?.state === 'released');
    expect((await store.get('a')).hold).toMatchObject({ turn: 2, failed: undefined });
    expect(await store.totals('w')).toMatchObject({ active: 0n });
  });

  it('remembers a batch for as long as it may come again, by the key that it declares', async () => {
    const seen: string[][] = [];
    const deadlineMs = 10_000;
    const send = (command: Command, args: string[]) => {
      if (ofA(args)) seen.push(args);
      return command();
    };
    await give(openThrough(send, { deadlineMs }));
    const [, , count, ...rest] = seen[0] ?? [];
    const keys = rest.slice(0, Number(count));
    expect(keys).toEqual(['{payout-guard}:store', expect.stringMatching(/^\{payout-guard\}:batch:/), keyOfA]);
    const leftMs = await redis.admin.pttl(keys[1] as string);
    expect(leftMs).toBeGreaterThan(deadlineMs / 2);
    expect(leftMs).toBeLessThanOrEqual(2 * deadlineMs + 200);
  });

  it('undoes an earlier attempt before a retry in the same process, which is held then', async () => {
    const line = openLate();
    const { store, kept } = line;
    line.isKept = holdsOfA;
    await expect(give(store)).rejects.toMatchObject(refusal);
    line.isKept = none;
    // It arrives, but is too late for its caller.
    await kept[0]?.();
    const again = await give(store);
    expect(again).toMatchObject({ outcome: 'held', hold: { turn: 2 }, totals: { active: 0n } });
    // A late undo of the earlier attempt does not touch the later one.
    await batches(2);
    expect((await store.get('a')).hold).toMatchObject({ state: 'sent', turn: 2 });
  });

  it('asks to retry while an earlier attempt may be undone, in another process and in this one', async () => {
    const clock = stoppedClock();
    const line = openLate(clock, 300);
    const other = openLate(clock, 300).store;
    // Its answer is too late, and no undo arrives.
    line.isKept = (args) => holdsOfA(args) || releases(args);
    await expect(give(line.store)).rejects.toMatchObject(refusal);
    await line.kept[0]?.();
    expect(await give(other)).toMatchObject({ outcome: 'exists', hold: { state: 'sent' }, retryAfterMs: 1_000 });
    clock.advance(2 * 300 + 999);
    expect(await give(other)).toMatchObject({ outcome: 'exists', retryAfterMs: 1_000 });
    clock.advance(1);
    // From now on it is a payout like any other to another process.
    expect(await give(other)).toEqual({ outcome: 'exists', hold: expect.objectContaining({ state: 'sent' }) });
    line.isKept = none;
    await batches(1);
    await until(async () => (await give(other)).outcome === 'held');
  });

  it('lets a guard answer a retry of it with a retryable 409, to be repeated after a second', async () => {
    const wallet = scriptedWallet();
    const [refused, other] = [openLate(), openLate()];
    guards.push(wallet.guard({ store: refused.store }), wallet.guard({ store: other.store }));
    const [first, second] = guards as [PayoutGuard, PayoutGuard];
    const payout = { amount: '60.00', reference: 'a', state: 'sent' } as const;
    await first.funds();
    refused.isKept = (args) => holdsOfA(args) || releases(args);
    await expect(first.hold(payout)).rejects.toMatchObject(refusal);
    await refused.kept[0]?.();
    const inProgress = { code: 'payout_in_progress', status: 409, retryable: true, retryAfterMs: 1_000 };
    await expect(second.hold(payout)).rejects.toMatchObject(inProgress);
    refused.isKept = none;
    await until(async () => (await second.getHold('a'))?.state === 'released');
    expect(await second.hold(payout)).toMatchObject({ state: 'sent' });
  });

  it('does not undo a reservation that another handle was given to send, though its caller was refused', async () => {
    let isMute = false;
    const store = openThrough(async (command, args) => {
      const reply = await command();
      return isMute && args.some((arg) => arg.startsWith('h\n')) ? new Promise(() => {}) : reply;
    });
    const { epoch } = await store.totals('w');
    isMute = true;
    const reserved = { ...request, epoch, state: 'reserved' as const, amountMinor: 30n };
    const refused = ['paid', 'unpaid'].map((reference) =>
      expect(store.hold({ ...reserved, reference })).rejects.toMatchObject(refusal),
    );
    const other = open();
    const sent = { reference: 'paid', to: 'sent', sendsForMs: 60_000, sender: 'a handle of another process' } as const;
    await until(async () => (await other.settle(sent)).outcome === 'done');
    await Promise.all(refused);
    isMute = false;
    await until(async () => (await other.get('unpaid')).hold?.state === 'released');
    await batches(2);
    expect((await other.get('paid')).hold).toMatchObject({ state: 'sent' });
    expect(await other.totals('w')).toMatchObject({ active: 30n });
    // Nothing was sent for it, so it may be held again.
    expect((await hold(other, 'unpaid', 30n)).outcome).toBe('held');
  });

  it('does not let a late release of an earlier hold end the hold of a later attempt', async () => {
    const wallet = scriptedWallet();
    const clock = stoppedClock();
    const [slow, other] = [openLate(clock), openLate(clock)];
    guards.push(wallet.guard({ store: slow.store }), wallet.guard({ store: other.store }));
    const [first, second] = guards as [PayoutGuard, PayoutGuard];
    const payout = { amount: '60.00', reference: 'a' } as const;
    await first.hold(payout);
    slow.isKept = releases;
    await expect(first.release('a')).rejects.toMatchObject({ code: 'balance_unavailable' });
    slow.isKept = none;
    await second.release('a');
    await second.hold(payout);
    // In time for the store, it is of another attempt; later it is not executed at all.
    const reply = (await slow.kept[0]?.()) as string[] | undefined;
    expect(reply?.at(-1)).toMatch(/^illegal\nreserved\n/);
    clock.advance(10_000);
    expect(await isExecuted(slow.kept[0])).toBe(false);
    expect(await second.getHold('a')).toMatchObject({ state: 'reserved' });
    // Nor does one that names no attempt.
    slow.isKept = releases;
    slow.kept.length = 0;
    await expect(slow.store.settle({ reference: 'a', to: 'released' })).rejects.toMatchObject(refusal);
    clock.advance(10_000);
    expect(await isExecuted(slow.kept[0])).toBe(false);
    expect(await second.getHold('a')).toMatchObject({ state: 'reserved' });
  });

  it('refuses a hold that was granted in an epoch that it has left since, and undoes it', async () => {
    const line: { answer?: () => void; isKept: boolean } = { isKept: false };
    const send = async (command: Command, args: string[]) => {
      const reply = await command();
      if (line.isKept && holdsOfA(args)) await new Promise<void>((resolve) => (line.answer = resolve));
      return reply;
    };
    // A full batch waits for no other one, and no deadline ends this.
    const store = openThrough(send, { maxBatch: 1, deadlineMs: 10_000 });
    const { epoch } = await store.totals('w');
    line.isKept = true;
    const granted = store.hold({ ...request, epoch, reference: 'a', amountMinor: 60n });
    await until(async () => line.answer !== undefined);
    await redis.admin.hset('{payout-guard}:store', 'runId', '0123456789012345678901234567890123456789');
    expect((await store.totals('v')).epoch).not.toBe(epoch);
    line.isKept = false;
    line.answer?.();
    await expect(granted).rejects.toMatchObject({ ...refusal, message: expect.stringContaining('after it lost data') });
    await until(async () => (await store.get('a')).hold?.state === 'released');
    expect(await store.totals('w')).toMatchObject({ active: 0n });
  });

  it('keeps the error of the client to itself, because it may hold secrets', async () => {
    const store = openThrough(() => Promise.reject(new Error('redis://:secret@host')));
    const error = await Promise.resolve(store.totals('w')).catch((reason) => reason);
    expect(error).toMatchObject(refusal);
    expect(`${error.stack} ${error.cause} ${JSON.stringify(error)}`).not.toContain('secret');
  });
});
