// A process with a guard of its own that runs a list of payouts, on request.
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createPayoutGuard, type HoldStore, type PayoutGuard } from 'payout-guard';
import { type BatchReport, runBatch } from 'payout-guard/batch';
import { postgresStore } from 'payout-guard/stores/postgres';
import { redisStore } from 'payout-guard/stores/redis';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import pg from 'pg';
import type { Place } from '../processes/limits-holder.js';
import { Random } from '../simulation/random.js';

export type ToRunner =
  | { readonly kind: 'open'; readonly place: Place; readonly available: string }
  | { readonly kind: 'run'; readonly prefix: string; readonly count: number; readonly seed: number };

export type FromRunner =
  | { readonly kind: 'ready' }
  | { readonly kind: 'opened' }
  | { readonly kind: 'ran'; readonly report: BatchReport; readonly made: readonly string[] };

let guard: PayoutGuard | undefined;

function open(place: Place): HoldStore {
  const options = { deadlineMs: 10_000, recoveryMs: 0 };
  if (place.engine === 'sqlite') return sqliteStore({ file: place.file, ...options });
  if (place.engine === 'redis') return redisStore({ client: new Redis({ path: place.path }), ...options });
  const pool = new pg.Pool({ ...place.config, max: 6 });
  pool.on('error', () => {});
  return postgresStore({ pool, ...options });
}

async function run({ prefix, count, seed }: ToRunner & { kind: 'run' }): Promise<void> {
  if (!guard) return;
  const random = new Random(seed);
  const made: string[] = [];
  const list = Array.from({ length: count }, (_, index) => ({ amount: '1.00', reference: `${prefix}-${index}` }));
  await sleep(random.between(0, 60));
  const concurrency = random.between(1, 4);
  const report = await runBatch(
    guard,
    list,
    async ({ reference }) => {
      await sleep(random.between(0, 10));
      made.push(reference);
    },
    { wallet: prefix, concurrency },
  );
  // An error is a value of its process: only its text crosses.
  const rows = report.rows.map((row) => ('error' in row ? { ...row, error: String(row.error) } : row));
  say({ kind: 'ran', report: { ...report, rows }, made });
}

const say = (message: FromRunner) => process.send?.(message);

process.on('message', async (message: ToRunner) => {
  if (message.kind === 'run') return run(message);
  const { place, available } = message;
  guard = createPayoutGuard({
    store: open(place),
    // Every list has a wallet of its own.
    wallets: (key) => ({
      currency: 'KES',
      settles: 'onReturn',
      provider: {
        name: 'scripted',
        accountId: key,
        debitVisibleAt: 'completion',
        visibleAfterMs: 0,
        fetchBalance: async () => ({ available, currency: 'KES' }),
      },
    }),
  });
  await guard.funds({ wallet: 'w' });
  return say({ kind: 'opened' });
});
process.on('disconnect', () => process.exit());
if (process.send) say({ kind: 'ready' });
