// A pg-boss job that pays. A job that runs again, after a crash or when it has expired, never pays twice. Needs
// PostgreSQL at DATABASE_URL or on its standard local port; JPay is simulated.
import { pathToFileURL } from 'node:url';
import { createPayoutGuard, type PayoutGuard } from 'payout-guard';
import { postgresStore } from 'payout-guard/stores/postgres';
import pg from 'pg';
import PgBoss from 'pg-boss'; // up to 11; from 12 on: import { PgBoss } from 'pg-boss'
import { type JobEnd, type PaymentJob, payJob } from '../support/pay-job.js';
import type { MakePayment } from '../support/payments.js';
import { onStopSignal, shutDown } from '../support/service.js';
import { simulatedJpay } from '../support/simulated-jpay.js';

const queueName = 'payouts';

export interface PayoutJobsOptions {
  readonly boss: PgBoss;
  readonly guard: PayoutGuard;
  readonly makePayment: MakePayment;
  /** Wait before a payout whose outcome is open is asked for again. */
  readonly askAgainSeconds?: number;
  readonly queue?: Partial<PgBoss.Queue>;
  readonly onEnd?: (job: PaymentJob, end: JobEnd) => void;
}

export async function addPayout(boss: PgBoss, payment: PaymentJob): Promise<void> {
  await boss.send(queueName, payment);
}

/** Creates the queue and works on it. */
export async function workOnPayouts(options: PayoutJobsOptions): Promise<void> {
  const { boss, guard, makePayment, askAgainSeconds = 5, queue = {}, onEnd } = options;
  await boss.createQueue(queueName, {
    name: queueName,
    // For runs before which nothing was sent: not enough money yet, provider or store unavailable, wallet frozen.
    retryLimit: 12,
    retryDelay: 2,
    retryBackoff: true,
    // The job of a crashed worker runs again after this time. So does one whose payment takes longer: the run that
    // still pays has the hold.
    expireInSeconds: 300,
    ...queue,
  });
  const run = async (job: PaymentJob): Promise<JobEnd> => {
    const end = await payJob(guard, makePayment, job);
    // A job of its own instead of a retry: a payout may stay open for as long as the provider takes.
    if (end.payout === 'open') await boss.sendAfter(queueName, job, {}, askAgainSeconds);
    onEnd?.(job, end);
    return end; // pg-boss keeps it as the output of the job
  };
  // One job at a time: of a batch that fails, every job would run again.
  await boss.work<PaymentJob>(queueName, { batchSize: 1, pollingIntervalSeconds: 1 }, ([job]) =>
    job ? run(job.data) : Promise.resolve(),
  );
}

async function serve(): Promise<void> {
  // In your service: the address of JPay and your credentials.
  const { wallet, makePayment, close } = await simulatedJpay({ settleAfterMs: 500 });

  const connectionString = process.env.DATABASE_URL ?? 'postgres://root@127.0.0.1:5432/postgres';
  const pool = new pg.Pool({ connectionString });
  pool.on('error', report);
  const store = postgresStore({ pool });
  await store.migrate();
  const guard = createPayoutGuard({ wallets: { 'jpay-kes': wallet }, store });

  const boss = new PgBoss({ connectionString });
  boss.on('error', report); // without a listener, an error of its connections ends the process
  await boss.start();
  const onEnd = (job: PaymentJob, end: JobEnd) => console.log(`${job.paymentId}: ${end.payout}`);
  await workOnPayouts({ boss, guard, makePayment, onEnd });
  for (const paymentId of [`${Date.now()}-1`, `${Date.now()}-2`]) {
    await addPayout(boss, { paymentId, wallet: 'jpay-kes', to: '+254712345678', amount: '600.00' });
  }

  onStopSignal(async () => {
    await boss.stop({ graceful: true, wait: true, timeout: 30_000 }); // waits for jobs under way
    const { open } = await shutDown({ guard, store, closeClient: () => pool.end() });
    await close();
    process.exit(open.length === 0 ? 0 : 1); // your own line: a payment that hangs would keep the process alive
  });
}

function report(error: Error): void {
  console.error(`database: ${error.message}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await serve();
