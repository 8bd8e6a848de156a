// A worker of a recipe that stops dead at one point of a payout, and writes a line there. The test kills it then.
import { writeSync } from 'node:fs';
import { Redis } from 'ioredis';
import { createPayoutGuard } from 'payout-guard';
import { jpay } from 'payout-guard/providers/jpay';
import { postgresStore } from 'payout-guard/stores/postgres';
import { redisStore } from 'payout-guard/stores/redis';
import pg from 'pg';
import PgBoss from 'pg-boss';
import { payoutWorker } from '../../../examples/recipes/bullmq-worker.js';
import { workOnPayouts } from '../../../examples/recipes/pg-boss-job.js';
import { jpayPayments, type MakePayment } from '../../../examples/support/payments.js';
import { short } from './queues.js';

const { RECIPE, CRASH_AT, REDIS_URL = '', DATABASE_URL: connectionString = '', JPAY = '' } = process.env;
const { baseUrl, appKey, appSecret, accessToken } = JSON.parse(JPAY);

const store =
  RECIPE === 'bullmq'
    ? redisStore({ client: client(), ...short.store })
    : postgresStore({ pool: pool(), ...short.store });
const guard = createPayoutGuard({
  wallets: {
    default: {
      provider: jpay({ baseUrl, appKey, appSecret }),
      currency: 'KES',
      // JPay answers `pending`. For a crash after the capture, the application takes that for the outcome.
      ...(CRASH_AT === 'captured' && { verdictOfResult: () => 'completed' as const }),
    },
  },
  store,
});
if (CRASH_AT === 'captured') guard.on('captured', stopDead);

const send = jpayPayments({
  baseUrl,
  accessToken: () => accessToken,
  appCode: 12_345,
  callbackUrl: () => 'https://api.example/jpay/callbacks',
});
const makePayment: MakePayment = async (payout) => {
  if (CRASH_AT === 'not sent yet') stopDead();
  const answer = await send(payout);
  if (CRASH_AT === 'accepted') stopDead();
  return answer;
};

if (RECIPE === 'bullmq') {
  payoutWorker({ connection: client(), guard, makePayment, ...short.bullmq });
} else {
  const boss = new PgBoss({ connectionString, ...short.pgBoss });
  boss.on('error', (error) => console.error(error));
  await boss.start();
  await workOnPayouts({ boss, guard, makePayment, queue: short.queue });
}

/** Nothing runs any more: no timer, no renewal of a lock, no answer. */
function stopDead(): void {
  writeSync(1, 'stopped\n');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

function client(): Redis {
  const redis = new Redis(REDIS_URL, { maxRetriesPerRequest: null });
  redis.on('error', (error) => console.error(error));
  return redis;
}

function pool(): pg.Pool {
  const connections = new pg.Pool({ connectionString });
  connections.on('error', (error) => console.error(error));
  return connections;
}
