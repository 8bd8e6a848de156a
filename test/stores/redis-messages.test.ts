// Messages that are lost, late or doubled.
import { describe, expect, it } from '@jest/globals';
import { hasRedis } from '../support/redis.js';
import { hold, request, ThrowAwayRedis, until } from '../support/redis-store.js';

(hasRedis ? describe : describe.skip)('the Redis store, when messages go astray', () => {
  const redis = new ThrowAwayRedis();
  const { open, openThrough } = redis;

  it('refuses within the deadline while Redis stands still, and gives back what it may have held then', async () => {
    const store = open();
    const { epoch } = await store.totals('w');
    process.kill(redis.server.pid, 'SIGSTOP');
    const startedAt = performance.now();
    const refused = store.hold({ ...request, epoch, reference: 'a', amountMinor: 60n });
    await expect(refused).rejects.toMatchObject({ name: 'BalanceUnavailableError', reason: 'store' });
    // The client itself would wait for ever.
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    process.kill(redis.server.pid, 'SIGCONT');
    // The request did arrive and was granted, but its caller was refused and paid nothing.
    await until(async () => (await store.get('a')).hold?.state === 'released');
    expect(await store.totals('w')).toEqual({ epoch, active: 0n, captured: 0n });
    expect((await hold(store, 'b', 100n)).outcome).toBe('held');
  });

  it('refuses while Redis is gone, and works again when it is back', async () => {
    const store = open();
    await hold(store, 'a', 60n);
    await redis.server.kill();
    await expect(store.totals('w')).rejects.toMatchObject({ name: 'BalanceUnavailableError', reason: 'store' });
    await redis.server.boot();
    // It came back with nothing: the hold of this process is put back.
    await until(async () => (await store.totals('w')).active === 60n);
    await until(async () => (await hold(store, 'b', 41n)).outcome === 'insufficient');
    expect((await hold(store, 'c', 40n)).outcome).toBe('held');
  });

  it('holds once for a request that the client sent twice', async () => {
    let isDoubled = false;
    const store = openThrough(async (command, [name]) => {
      if (isDoubled && name === 'EVALSHA') await command();
      return command();
    });
    const { epoch } = await store.totals('w');
    isDoubled = true;
    const answer = await store.hold({ ...request, epoch, reference: 'a', amountMinor: 60n });
    expect(answer).toMatchObject({ outcome: 'held', hold: { state: 'sent' }, totals: { active: 0n } });
    expect(await store.totals('w')).toMatchObject({ active: 60n });
  });

  it('does not take a hold that arrives after it was given up', async () => {
    let late: (() => Promise<unknown>) | undefined;
    const send = (command: () => Promise<unknown>, args: string[]) => {
      if (late || !args.includes('{payout-guard}:hold:a')) return command();
      late = command;
      return new Promise(() => {});
    };
    const store = openThrough(send);
    const { epoch } = await store.totals('w');
    await expect(store.hold({ ...request, epoch, reference: 'a', amountMinor: 60n })).rejects.toMatchObject({
      reason: 'store',
    });
    await until(async () => (await redis.admin.get('{payout-guard}:hold:a')) !== null);
    await late?.();
    expect((await store.get('a')).hold).toMatchObject({ state: 'released' });
    expect(await store.totals('w')).toMatchObject({ active: 0n });
    expect((await hold(store, 'a', 60n)).outcome).toBe('held');
    // Not even after a later attempt was released.
    await store.settle({ reference: 'a', to: 'released', notSent: true });
    await late?.();
    expect(await store.totals('w')).toMatchObject({ active: 0n });
    expect((await hold(store, 'a', 60n)).outcome).toBe('held');
  });

  it('does not undo a reservation that another handle was given to send, though its caller was refused', async () => {
    let isMute = false;
    const undone: string[] = [];
    const send = async (command: () => Promise<unknown>, args: string[]) => {
      const reply = await command();
      undone.push(...args.filter((arg) => arg.startsWith('a\n')));
      return isMute ? new Promise(() => {}) : reply;
    };
    const store = openThrough(send);
    const { epoch } = await store.totals('w');
    isMute = true;
    const reserved = { ...request, epoch, state: 'reserved' as const, amountMinor: 30n };
    await Promise.all(
      ['paid', 'unpaid'].map((reference) =>
        expect(store.hold({ ...reserved, reference })).rejects.toMatchObject({ reason: 'store' }),
      ),
    );
    isMute = false;
    const other = open();
    const give = { reference: 'paid', to: 'sent', sendsForMs: 60_000, sender: 'a handle of another process' } as const;
    expect((await other.settle(give)).outcome).toBe('done');
    await until(async () => undone.length >= 2);
    expect((await other.get('paid')).hold).toMatchObject({ state: 'sent' });
    expect((await other.get('unpaid')).hold).toMatchObject({ state: 'released' });
    expect(await other.totals('w')).toMatchObject({ active: 30n });
    // Nothing was sent for it, so it may be held again.
    expect((await hold(other, 'unpaid', 30n)).outcome).toBe('held');
  });

  it('refuses a repeated request whose hold another handle was given to send', async () => {
    let repeat: (() => Promise<unknown>) | undefined;
    const store = openThrough((command, args) => {
      if (args.includes('{payout-guard}:hold:a')) repeat ??= command;
      return command();
    });
    const reserved = await hold(store, 'a', 30n, { state: 'reserved' });
    expect(reserved.outcome).toBe('held');
    const answer = async () => String(((await repeat?.()) as string[] | undefined)?.at(-1)).split('\n')[0];
    expect(await answer()).toBe('mine');
    await open().settle({ reference: 'a', to: 'sent', sendsForMs: 60_000, sender: 'a handle of another process' });
    expect(await answer()).toBe('exists');
  });

  it('keeps the error of the client to itself, because it may hold secrets', async () => {
    const store = openThrough(() => Promise.reject(new Error('redis://:secret@host')));
    const error = await Promise.resolve(store.totals('w')).catch((reason) => reason);
    expect(error).toMatchObject({ name: 'BalanceUnavailableError', reason: 'store' });
    expect(`${error.stack} ${error.cause} ${JSON.stringify(error)}`).not.toContain('secret');
  });
});
