// Alerts are raised exactly once by three processes that share a store, in SQLite, Redis and PostgreSQL. The processes
// are monitors with clients of their own that check at the same time, and then processes of the operating system, one
// of which is killed.
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import type { HoldStore, PayoutGuard } from 'payout-guard';
import { type Alert, createMonitor, type Monitor } from 'payout-guard/monitor';
import { postgresStore } from 'payout-guard/stores/postgres';
import { redisStore } from 'payout-guard/stores/redis';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import { interswitchSimulator } from 'payout-guard/testing';
import '../support/proof-only.js';
import { testDatabase } from '../support/postgres.js';
import { cleanUp, freshPrefix, hasRedis, type RedisServer, sharedRedis } from '../support/redis.js';
import { filesInMemory } from '../support/sqlite.js';
import { scriptedWallet } from '../support/wallet.js';
import { type Child, startMonitor } from './once-child.js';
import { short } from './support.js';

const processes = 3;

// The machine of a test may be busy.
const shared = { deadlineMs: 5_000, recoveryMs: 0 };

/** A store that three processes share. */
interface Place {
  /** A store on a client of its own. */
  open(): Promise<HoldStore>;
  /** Arguments for a process of the operating system. */
  readonly arguments: readonly string[];
}

/** Balances around the thresholds of 500 and 100, and the processes that check then. */
const aStep = fc.record({
  available: fc.oneof(
    fc.integer({ min: 0, max: 60_000 }),
    fc.constantFrom(9_999, 10_000, 10_499, 10_500, 49_999, 50_000, 52_499, 52_500),
  ),
  lookers: fc.integer({ min: 1, max: 2 ** processes - 1 }),
});

/** Returns the alerts of each step, sorted: the specification again, as simply as possible. */
function expectedOf(steps: readonly { available: number }[], thresholds: readonly number[]): string[][] {
  const low = new Set<number>();
  return steps.map(({ available }) => {
    const received: string[] = [];
    for (const threshold of thresholds) {
      const amounts = `${text(threshold)} ${text(available)}`;
      if (!low.has(threshold) && available < threshold) {
        low.add(threshold);
        received.push(`low_balance ${amounts}`);
      } else if (low.has(threshold) && available * 20 >= threshold * 21) {
        low.delete(threshold);
        received.push(`recovered ${amounts}`);
      }
    }
    return received.sort();
  });
}

function text(cents: number): string {
  return `${Math.floor(cents / 100)}.${`${cents % 100}`.padStart(2, '0')}`;
}

function suite(title: string, start: () => Promise<Place>): void {
  describe(`three processes on ${title}`, () => {
    let place: Place;
    const wallet = scriptedWallet();
    const guards: PayoutGuard[] = [];
    const stores: HoldStore[] = [];
    let runs = 0;

    beforeAll(async () => {
      // Of a server that keeps nothing on disk, as one for tests does.
      jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
      place = await start();
      for (let index = 0; index < processes; index++) {
        const store = await place.open();
        stores.push(store);
        // Each check asks anew.
        guards.push(wallet.guard({ store, cache: { maxAgeMs: 0 }, reconcileEveryMs: 0 }));
      }
    });

    afterAll(async () => {
      await Promise.all(guards.map((guard) => guard.close()));
      await Promise.all(stores.map((store) => store.close()));
    });

    /** Three monitors without a memory of the wallet. */
    function monitors(received: Alert[], onAlert: (alert: Alert) => void | Promise<void>): Monitor[] {
      runs += 1;
      return guards.map((guard) =>
        createMonitor(guard, {
          wallets: [{ thresholds: ['500', '100'] }],
          schedule: { everyMs: 60_000 },
          name: `run-${runs}`,
          minBetweenMs: 0,
          clock: wallet.clock,
          onAlert: async (alert) => {
            received.push(alert);
            await onAlert(alert);
          },
        }),
      );
    }

    async function end(all: readonly Monitor[]): Promise<void> {
      await Promise.all(all.map((monitor) => monitor.close()));
    }

    it('raise each crossing exactly once, whichever of them check when the balance is noisy', async () => {
      let crossings = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(aStep, { minLength: 1, maxLength: 12 }), async (steps) => {
          const alerts: Alert[] = [];
          const received: string[][] = [];
          const all = monitors(alerts, () => {});
          for (const { available, lookers } of steps) {
            wallet.balance = { available: text(available), currency: 'KES' };
            wallet.clock.advance(1_000);
            await Promise.all(all.filter((_, index) => lookers & (1 << index)).map((monitor) => monitor.check()));
            received.push(alerts.splice(0).map(short).sort());
          }
          await end(all);
          const expected = expectedOf(steps, [50_000, 10_000]);
          crossings += expected.flat().length;
          expect([...received, alerts]).toEqual([...expected, []]);
        }),
        { numRuns: 30, seed: 7 },
      );
      expect(crossings).toBeGreaterThan(50);
    });

    it('raise low and recovered in turn, each once, when the balance moves while they check', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 0, max: 60_000 }), { minLength: 5, maxLength: 15 }),
          async (noise) => {
            const received: Alert[] = [];
            const all = monitors(received, () => new Promise((resolve) => setImmediate(resolve)));
            const moves = [...noise];
            wallet.answer = async () => {
              wallet.clock.advance(1);
              const available = moves.shift();
              if (available !== undefined) wallet.balance = { available: text(available), currency: 'KES' };
              return wallet.balance;
            };
            const looksOf = async (monitor: Monitor) => {
              while (moves.length > 0) await monitor.check();
            };
            await Promise.all(all.map(looksOf));
            // The balance is constant now, so the last alert must be true.
            for (const monitor of all) await monitor.check();
            wallet.answer = undefined;
            await end(all);
            const last = Number(`${wallet.balance.available}`.replace('.', ''));
            expect(new Set(received.map(({ id }) => id)).size).toBe(received.length);
            for (const threshold of [50_000, 10_000]) {
              const kinds = received
                .filter((alert) => 'threshold' in alert && alert.threshold === text(threshold))
                .map(({ kind }) => kind);
              expect(kinds).toEqual(kinds.map((_, index) => (index % 2 === 0 ? 'low_balance' : 'recovered')));
              if (last < threshold) expect(kinds.at(-1)).toBe('low_balance');
              if (last * 20 >= threshold * 21) expect(kinds.at(-1) ?? 'recovered').toBe('recovered');
            }
          },
        ),
        { numRuns: 15, seed: 11 },
      );
    });

    it('raise a payout that was perhaps made twice once, though each process reports it', async () => {
      const received: Alert[] = [];
      const all = monitors(received, () => {});
      wallet.balance = { available: '1000.00', currency: 'KES' };
      wallet.clock.advance(1_000);
      const [first] = guards as [PayoutGuard];
      const reference = `twice-${title}`;
      const earlier = await first.hold({ amount: '1.00', reference });
      await earlier.release({ notSent: true });
      await first.hold({ amount: '1.00', reference, state: 'sent' });
      const { attempt } = earlier;
      await Promise.all(
        guards.map((guard) =>
          expect(guard.capture(reference, undefined, { attempt })).rejects.toMatchObject({ code: 'hold_state' }),
        ),
      );
      // Closing waits for the alerts.
      await end(all);
      expect(received.map(short)).toEqual([`paid_after_release ${reference} perhaps twice`]);
      await first.release(reference);
    });

    it('raise once as operating system processes, and again when one is killed before its delivery', async () => {
      const simulator = await interswitchSimulator({ available: '1000', ledger: '9000000' });
      const children = await Promise.all(
        Array.from({ length: processes }, () => startMonitor([simulator.url, ...place.arguments])),
      );
      try {
        const received: string[] = [];
        const run = async (command: string, asked = children) => {
          const answers = await Promise.all(asked.map((child) => child.ask(command)));
          // Any process may deliver any of several alerts.
          received.push(...answers.flat().sort());
        };
        for (const available of ['499', '520', '99', '30', '700', '400']) {
          simulator.setBalance({ available });
          await run('check 0');
        }
        expect(received.map(withoutId)).toEqual([
          'low_balance 500 499',
          'low_balance 100 99',
          'recovered 100 700',
          'recovered 500 700',
          'low_balance 500 400',
        ]);

        // The one that claims the next alert is killed at the moment of its delivery.
        simulator.setBalance({ available: '50' });
        const [victim, ...others] = children as [Child, ...Child[]];
        const claimed = await victim.askToDie();
        received.length = 0;
        await run('check 0', others);
        // Its lease is not over.
        expect(received).toEqual([]);
        await run('check 31000', others);
        expect(received.map(withoutId)).toEqual(['low_balance 100 50']);
        expect(received[0]).toBe(claimed);
        await run('check 62000', others);
        expect(received).toHaveLength(1);
      } finally {
        await Promise.all(children.map((child) => child.end()));
        await simulator.close();
      }
    });
  });
}

function withoutId(line: string): string {
  return line.replace(/ [0-9a-f-]{36}$/, '');
}

const newFile = filesInMemory(afterAll);

suite('SQLite', async () => {
  const file = newFile();
  return { open: async () => sqliteStore({ file, ...shared }), arguments: ['sqlite', file] };
});

let redis: RedisServer | undefined;

const prefix = freshPrefix();

const clients: Redis[] = [];

if (hasRedis) {
  suite('Redis', async () => {
    const { url, path = '', server } = await sharedRedis();
    redis = server;
    const open = async () => {
      const client = url ? new Redis(url) : new Redis({ path });
      clients.push(client);
      return redisStore({ client, prefix, ...shared });
    };
    return { open, arguments: ['redis', url ?? path, prefix] };
  });
}

const database = await testDatabase();

if (database) {
  suite('PostgreSQL', async () => {
    const open = async () => {
      const store = postgresStore({ pool: database.pool({ max: 4 }), ...shared });
      await store.migrate();
      return store;
    };
    return { open, arguments: ['postgres', JSON.stringify(database.pool().options)] };
  });
}

afterAll(async () => {
  if (clients[0]) await cleanUp(clients[0], prefix);
  for (const client of clients) client.disconnect();
  await redis?.[Symbol.asyncDispose]();
  await database?.drop();
});
