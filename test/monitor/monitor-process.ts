// One monitor as a process of its own. Arguments: the URL of the provider, then `sqlite` and a file, `redis`, an
// address and a prefix, or `postgres` and the options of a pool. It reads commands from its input: `check <ms>` runs a
// round so many milliseconds in the future; `die <ms>` does the same, and the process then pauses within the delivery,
// to be killed. It prints each alert, and `done`.
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { createPayoutGuard, type HoldStore } from 'payout-guard';
import { createMonitor } from 'payout-guard/monitor';
import { interswitch } from 'payout-guard/providers/interswitch';
import { postgresStore } from 'payout-guard/stores/postgres';
import { redisStore } from 'payout-guard/stores/redis';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import pg from 'pg';
import { short } from './support.js';

const [baseUrl = '', engine = '', where = '', prefix = ''] = process.argv.slice(2);
const shared = { deadlineMs: 5_000, recoveryMs: 0 };
const stores: Record<string, () => HoldStore> = {
  sqlite: () => sqliteStore({ file: where, ...shared }),
  redis: () => redisStore({ client: new Redis(where), prefix, ...shared }),
  postgres: () => postgresStore({ pool: new pg.Pool(JSON.parse(where) as pg.PoolConfig), ...shared }),
};
const store = stores[engine]?.();
const guard = createPayoutGuard({
  wallets: { 'isw-ugx': { provider: interswitch({ baseUrl }), currency: 'UGX' } },
  cache: { maxAgeMs: 0 },
  store,
  reconcileEveryMs: 0,
});

let aheadMs = 0;
let diesNow = false;
const monitor = createMonitor(guard, {
  wallets: [{ thresholds: ['500', '100'] }],
  schedule: { everyMs: 60_000 },
  minBetweenMs: 0,
  name: 'processes',
  deliveryTimeoutMs: 100,
  clock: { now: () => Date.now() + aheadMs },
  onAlert: (alert) => {
    console.log(`${short(alert)} ${alert.id}`);
    // Nothing more happens in this process until it is killed.
    if (diesNow) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
});
console.log('ready');

for await (const line of createInterface({ input: process.stdin })) {
  const [command, ms] = line.split(' ');
  aheadMs = Number(ms);
  diesNow = command === 'die';
  await monitor.check();
  console.log('done');
}
