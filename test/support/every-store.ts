// Memory, SQLite, Redis and PostgreSQL behind one function, to test a guard on each of them. All use the clock of the
// test. Each store that a test opens is that of another process.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach } from '@jest/globals';
import { type Clock, type HoldStore, memoryStore } from 'payout-guard';
import { directLine, type EngineName, type RealEngine, startEngine } from '../simulation/engines/engine.js';

export interface StoreOfTest {
  /** Opens the store of another process. In memory there is one process and one store. */
  open(clock: Clock, options?: { readonly recoveryMs?: number }): HoldStore;
  /** Makes the database lose everything while the stores stay open. Undefined where the store ends with its process. */
  readonly forget: (() => Promise<void>) | undefined;
}

export type NamedStore = readonly [name: string, store: StoreOfTest];

/** The installed stores, for `describe.each` at the top of a file. Missing ones are reported. */
export async function everyStore(): Promise<NamedStore[]> {
  return [['memory', ofMemory()], ...(await sharedStores())];
}

/** The same without the memory store. */
export async function sharedStores(): Promise<NamedStore[]> {
  const found: NamedStore[] = [];
  for (const name of ['sqlite', 'redis', 'postgres'] satisfies EngineName[]) {
    const engine = await startEngine(name);
    if (!engine) continue;
    afterAll(() => engine.close());
    found.push([name, ofEngine(engine)]);
  }
  return found;
}

function ofMemory(): StoreOfTest {
  let store: HoldStore | undefined;
  afterEach(() => {
    store = undefined;
  });
  return {
    open: (clock) => {
      store ??= memoryStore({ clock });
      return store;
    },
    forget: undefined,
  };
}

function ofEngine(engine: RealEngine): StoreOfTest {
  const open: HoldStore[] = [];
  afterEach(async () => {
    if (open.length === 0) return;
    await Promise.all(open.splice(0).map((store) => store.close()));
    await engine.reset();
  });
  return {
    open: (clock, { recoveryMs = 0 } = {}) => {
      // The deadline is long because the machine of a test may be busy.
      const store = engine.open(clock, { deadlineMs: 10_000, maxBatch: 128, recoveryMs }, directLine);
      open.push(store);
      return store;
    },
    forget: () => engine.forget(),
  };
}

/** Resolves when the condition is true. Background work of a real store takes time. @throws after some seconds. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 2_000; tries++) {
    if (await isSo()) return;
    await sleep(5);
  }
  throw new Error('it never became so');
}
