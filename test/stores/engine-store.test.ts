// The store that the shared databases have in common, on an engine whose answers the test decides.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { BatchReply, Engine, Header, Op } from '../../src/stores/shared/engine.js';
import { EngineStore } from '../../src/stores/shared/engine-store.js';
import type { SharedStoreOptions } from '../../src/stores/shared/options.js';
import { requestUpTo } from '../support/redis-store.js';

/** Answers each operation by a function; pages are not asked for. */
function engineThat(run: (op: Op) => { epoch: string; recoveringForMs?: number; answer: unknown }): Engine {
  return {
    name: 'test',
    run: async (batch) => {
      const replies = batch.map(run);
      const { epoch = '', recoveringForMs = 0 } = replies.at(-1) ?? {};
      return {
        epoch,
        nowMs: 1_000,
        recoveringForMs,
        isExecuted: true,
        answers: replies.map(({ answer }) => answer),
      } as BatchReply;
    },
    list: async () => ({ holds: [], nowMs: 1_000 }),
    claim: async () => ({ holds: [], nowMs: 1_000, unserved: [] }),
    note: async () => undefined,
    swapNote: async () => true,
    close: async () => {},
  };
}

describe('a store on a shared database', () => {
  const stores: EngineStore[] = [];
  const open = (engine: Engine, options: SharedStoreOptions = {}): EngineStore => {
    const store = new EngineStore(engine, { deadlineMs: 5_000, recoveryMs: 60_000, ...options });
    stores.push(store);
    return store;
  };
  beforeEach(() => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  });
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    jest.restoreAllMocks();
  });

  const capture = { reference: 'a', to: 'captured', visibleInMs: 0 } as const;
  const answers = (op: Op, settled: unknown) => {
    if (op.kind !== 'hold') return op.kind === 'settle' ? settled : undefined;
    const { expiresInMs: _, sendsForMs: __, limitMinor: ___, ...hold } = op.request;
    return { outcome: 'held', hold: { ...hold, createdAtMs: 900 }, totals: { active: 0n, captured: 0n } };
  };

  it('does not take a refusal of a database that lost data for an answer', async () => {
    let epochs = 0;
    const store = open(engineThat((op) => ({ epoch: `${++epochs}`, answer: answers(op, { outcome: 'unknown' }) })));
    await store.hold({ ...requestUpTo(100n), reference: 'b', amountMinor: 5n, epoch: '1' }).catch(() => {});
    // Each answer is of another epoch, so it is never known that the holds of this process are there.
    await expect(store.settle(capture)).rejects.toMatchObject({ code: 'balance_unavailable', reason: 'store' });
  });

  it.each([
    [0, { outcome: 'unknown' }],
    [700, { outcome: 'recovering', forMs: 700 }],
  ])(
    'answers for a reference that is missing %p ms before the recovery is over: %p',
    async (recoveringForMs, expected) => {
      const store = open(
        engineThat((op) => ({ epoch: 'one', recoveringForMs, answer: answers(op, { outcome: 'unknown' }) })),
      );
      expect(await store.settle(capture)).toEqual(expected);
      const reading = recoveringForMs > 0 ? { recoveringForMs } : {};
      expect(await store.get('a')).toEqual({ hold: undefined, nowMs: 1_000, ...reading });
    },
  );

  it('remembers that the wallet of a hold is frozen when the hold may not be sent', async () => {
    const frozen = { reason: 'audit', sinceMs: 500 };
    let epoch = 'one';
    const asked: Op[] = [];
    const store = open(
      engineThat((op) => {
        asked.push(op);
        return { epoch, answer: answers(op, { outcome: 'frozen', frozen }) };
      }),
    );
    await store.hold({ ...requestUpTo(100n), reference: 'a', amountMinor: 5n, epoch: 'one', state: 'reserved' });
    expect(await store.settle({ reference: 'a', to: 'sent', sendsForMs: 1 })).toEqual({ outcome: 'frozen', frozen });
    epoch = 'two';
    await store.get('a');
    expect(asked.filter(({ kind }) => kind === 'freeze')).toEqual([{ kind: 'freeze', wallet: 'w', ...frozen }]);
    // Nothing was sent for the reservation, so it is not restored.
    expect(asked.filter(({ kind }) => kind === 'restore')).toEqual([]);
  });

  /**
   * A store in the epoch `old` of a server that another one replaced a recovery window ago: `new` has no window left,
   * and this process has nothing to restore.
   */
  const betweenTwoServers = async () => {
    const server = { epoch: 'old', answer: () => {} };
    const settled = { outcome: 'done', hold: { reference: 'a', attempt: 'other', state: 'sent' } };
    const engine = engineThat((op) => ({ epoch: server.epoch, answer: answers(op, settled) }));
    const run = async (batch: readonly Op[], header?: Header) => {
      const reply = await engine.run(batch, header);
      if (header && reply.epoch === 'old')
        await new Promise<void>((resolve) => Object.assign(server, { answer: resolve }));
      return reply;
    };
    // With one operation in each batch, a read overtakes.
    const store = open({ ...engine, run }, { maxBatch: 1 });
    await store.get('any');
    /** The process enters the new epoch before it has the answer of the old server. */
    const overtaken = async (answer: Promise<unknown>) => {
      const outcome = answer.catch(({ reason }: { reason: string }) => `refused: ${reason}`);
      await new Promise(setImmediate);
      server.epoch = 'new';
      await store.get('any');
      server.answer();
      return outcome;
    };
    return { store, overtaken };
  };

  // redis-messages.test.ts has the same of a hold, on a server.
  it('lets no payout be sent by an answer of an epoch that the process has left, with nothing to restore', async () => {
    const { store, overtaken } = await betweenTwoServers();
    expect(await overtaken(store.settle({ reference: 'a', to: 'sent', sendsForMs: 1 }))).toBe('refused: store');
  });

  it('probes a database that has never answered, and takes any reply for an answer', async () => {
    jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick', 'setImmediate'] });
    try {
      const engine = engineThat((op) => ({ epoch: 'one', answer: answers(op, undefined) }));
      const probes: (Header | undefined)[] = [];
      const run = async (batch: readonly Op[], header?: Header): Promise<BatchReply> => {
        if (batch.length > 0) return probes.length > 0 ? engine.run(batch, header) : new Promise(() => {});
        probes.push(header);
        return { epoch: 'one', nowMs: 1_000, recoveringForMs: 0, isExecuted: false, answers: [] };
      };
      const store = open({ ...engine, run }, { deadlineMs: 20, maxBatch: 1 });
      const silent = Promise.allSettled(['a', 'b', 'c', 'd'].map((reference) => store.get(reference)));
      await jest.advanceTimersByTimeAsync(20);
      await silent;
      await expect(store.get('a')).rejects.toThrow(/stopped answering/);
      await jest.advanceTimersByTimeAsync(1_000);
      // A probe writes nothing, so it needs neither the time nor the epoch of an earlier reply.
      expect(probes).toEqual([undefined]);
      expect(await store.get('a')).toEqual({ hold: undefined, nowMs: 1_000 });
    } finally {
      jest.useRealTimers();
    }
  });
});
