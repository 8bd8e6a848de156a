// A process with a guard of its own that holds payrolls of one wallet, on request.
import { Redis } from 'ioredis';
import { createPayoutGuard, type HoldStore, isPayoutGuardError, type PayoutGuard } from 'payout-guard';
import { postgresStore } from 'payout-guard/stores/postgres';
import { redisStore } from 'payout-guard/stores/redis';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import pg from 'pg';
import type { Place } from './limits-holder.js';

export type ToPayroll =
  | { readonly kind: 'open'; readonly place: Place; readonly available: string }
  | { readonly kind: 'hold'; readonly wallet: string; readonly prefix: string; readonly count: number };

export type FromPayroll =
  | { readonly kind: 'ready' }
  | { readonly kind: 'opened' }
  /** The number of holds, or the code of the error. */
  | { readonly kind: 'held'; readonly outcome: number | string };

let guard: PayoutGuard | undefined;

function open(place: Place): HoldStore {
  const options = { deadlineMs: 10_000, recoveryMs: 0 };
  if (place.engine === 'sqlite') return sqliteStore({ file: place.file, ...options });
  if (place.engine === 'redis') return redisStore({ client: new Redis({ path: place.path }), ...options });
  const pool = new pg.Pool({ ...place.config, max: 6 });
  pool.on('error', () => {});
  return postgresStore({ pool, ...options });
}

function guardOf(place: Place, available: string): PayoutGuard {
  return createPayoutGuard({
    store: open(place),
    // Every round has a wallet of its own, so that no round depends on the one before.
    wallets: (key) => ({
      currency: 'KES',
      provider: {
        name: 'scripted',
        accountId: key,
        debitVisibleAt: 'completion',
        fetchBalance: async () => ({ available, currency: 'KES' }),
      },
    }),
  });
}

async function outcomeOf({ wallet, prefix, count }: ToPayroll & { kind: 'hold' }): Promise<number | string> {
  const payouts = Array.from({ length: count }, (_, index) => ({ amount: '1.00', reference: `${prefix}-${index}` }));
  try {
    const held = await guard?.holdAll(payouts, { wallet, policy: 'all' });
    return held?.holds.length ?? 0;
  } catch (error) {
    return isPayoutGuardError(error) ? error.code : String(error);
  }
}

const say = (message: FromPayroll) => process.send?.(message);

process.on('message', async (message: ToPayroll) => {
  if (message.kind === 'open') {
    guard = guardOf(message.place, message.available);
    await guard.funds({ wallet: 'w' });
    say({ kind: 'opened' });
  } else say({ kind: 'held', outcome: await outcomeOf(message) });
});
process.on('disconnect', () => process.exit());
if (process.send) say({ kind: 'ready' });
