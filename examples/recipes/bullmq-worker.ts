// A BullMQ worker that pays. A job that runs again, after a crash or a lost lock, never pays twice. Needs Redis at
// REDIS_URL or on its standard local port; JPay is simulated.
import { pathToFileURL } from 'node:url';
import { DelayedError, type Job, Queue, UnrecoverableError, Worker, type WorkerOptions } from 'bullmq';
import { Redis } from 'ioredis';
import { createPayoutGuard, type PayoutGuard } from 'payout-guard';
import { redisStore } from 'payout-guard/stores/redis';
import { type JobEnd, type PaymentJob, payJob } from '../support/pay-job.js';
import type { MakePayment } from '../support/payments.js';
import { onStopSignal, shutDown } from '../support/service.js';
import { simulatedJpay } from '../support/simulated-jpay.js';

export type PayoutQueue = Queue<PaymentJob, JobEnd>;

/** BullMQ ignores a second job with the id of one that it remembers; the guard refuses it also afterwards. */
export function addPayout(queue: PayoutQueue, payment: PaymentJob): Promise<Job<PaymentJob, JobEnd>> {
  return queue.add('payout', payment, {
    jobId: payment.paymentId,
    // For runs before which nothing was sent: not enough money yet, provider or store unavailable, wallet frozen.
    attempts: 12,
    backoff: { type: 'exponential', delay: 2_000, jitter: 0.5 },
  });
}

export interface PayoutWorkerOptions extends Partial<WorkerOptions> {
  readonly connection: Redis;
  readonly guard: PayoutGuard;
  readonly makePayment: MakePayment;
  /** Wait before a payout whose outcome is open is asked for again. */
  readonly askAgainMs?: number;
}

export function payoutWorker(options: PayoutWorkerOptions): Worker<PaymentJob, JobEnd> {
  const { guard, makePayment, askAgainMs = 5_000, ...settings } = options;
  const run = async (job: Job<PaymentJob, JobEnd>, token?: string): Promise<JobEnd> => {
    const end = await payJob(guard, makePayment, job.data);
    if (end.payout === 'failed') throw new UnrecoverableError(`${end.reason}; another try needs a new payment id`);
    if (end.payout === 'made') return end;
    // Uses up none of the attempts: a payout may stay open for as long as the provider takes.
    await job.moveToDelayed(Date.now() + askAgainMs, token);
    throw new DelayedError();
  };
  const worker = new Worker<PaymentJob, JobEnd>('payouts', run, {
    // By default, the second crash of a worker makes the job fail, with a payout that may be under way. A run that
    // begins again is safe here.
    maxStalledCount: 100,
    ...settings,
  });
  worker.on('error', report);
  return worker;
}

function report(error: Error): void {
  console.error(`worker: ${error.message}`);
}

async function serve(): Promise<void> {
  // In your service: the address of JPay and your credentials.
  const { wallet, makePayment, close } = await simulatedJpay({ settleAfterMs: 500 });

  const url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
  // One connection for the holds and one for the jobs: workers wait for jobs without a limit, holds must not.
  const redis = new Redis(url);
  redis.on('error', report);
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  connection.on('error', report);

  const store = redisStore({ client: redis });
  const guard = createPayoutGuard({ wallets: { 'jpay-kes': wallet }, store });

  const queue: PayoutQueue = new Queue('payouts', { connection });
  queue.on('error', report);
  const worker = payoutWorker({ connection, guard, makePayment, concurrency: 10 });
  worker.on('completed', (job, end) => console.log(`${job.id}: ${end.payout}`));
  worker.on('failed', (job, error) => console.log(`${job?.id}: ${error.message}`));
  for (const paymentId of [`${Date.now()}-1`, `${Date.now()}-2`]) {
    await addPayout(queue, { paymentId, wallet: 'jpay-kes', to: '+254712345678', amount: '600.00' });
  }

  onStopSignal(async () => {
    await worker.close(); // takes no new jobs, and waits for those under way
    await queue.close();
    const { open } = await shutDown({ guard, store, closeClient: () => redis.disconnect() });
    connection.disconnect();
    await close();
    process.exit(open.length === 0 ? 0 : 1); // your own line: a payment that hangs would keep the process alive
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await serve();
