// The BullMQ recipe on a real Redis: whatever becomes of its workers, the books of JPay have one payout.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Job, Queue, QueueEvents, type Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { PayoutGuard } from 'payout-guard';
import { redisStore } from 'payout-guard/stores/redis';
import { type JpaySimulator, type JpaySimulatorOptions, jpaySimulator } from 'payout-guard/testing';
import {
  addPayout,
  type PayoutQueue,
  type PayoutWorkerOptions,
  payoutWorker,
} from '../../../examples/recipes/bullmq-worker.js';
import type { JobEnd, PaymentJob } from '../../../examples/support/pay-job.js';
import '../../support/proof-only.js';
import { until } from '../../support/every-store.js';
import { hasRedis, RedisServer } from '../../support/redis.js';
import { type CrashPoint, crashAt, guardOf, paid, payee, paymentsOf, short } from './queues.js';

const payment: PaymentJob = { paymentId: 'payment-1', wallet: 'default', to: payee, amount: '600.00' };

(hasRedis ? describe : describe.skip)('a BullMQ worker', () => {
  let redis: RedisServer;
  let simulator: JpaySimulator;
  let queue: PayoutQueue;
  let events: QueueEvents;
  let guard: PayoutGuard;
  const closing: (() => unknown)[] = [];
  const workers: Worker[] = [];

  beforeAll(async () => {
    redis = await RedisServer.start('--appendonly', 'yes');
  });

  afterAll(() => redis?.[Symbol.asyncDispose]());

  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.close(true)));
    for (const close of closing.splice(0).reverse()) await close();
    await redis.client().flushall();
  });

  function connect(): Redis {
    const connection = new Redis({ path: redis.path, maxRetriesPerRequest: null });
    connection.on('error', () => {});
    closing.push(() => connection.disconnect());
    return connection;
  }

  /** A queue, JPay, and a guard as a worker has it. */
  async function open(options: JpaySimulatorOptions = {}): Promise<void> {
    simulator = await jpaySimulator({ payout: '1000.00', settleAfterMs: 100, ...options });
    closing.push(() => simulator.close());
    queue = new Queue('payouts', { connection: connect() });
    queue.on('error', () => {});
    closing.push(() => queue.close());
    events = new QueueEvents('payouts', { connection: connect() });
    events.on('error', () => {});
    closing.push(() => events.close());
    await events.waitUntilReady();
    const store = redisStore({ client: redis.client(), ...short.store });
    closing.push(() => store.close());
    guard = guardOf(simulator, store);
    closing.push(() => guard.close({ waitMs: 0 }));
  }

  function work(options: Partial<PayoutWorkerOptions> = {}): void {
    const makePayment = paymentsOf(simulator);
    workers.push(payoutWorker({ connection: connect(), guard, makePayment, ...short.bullmq, ...options }));
  }

  const ended = (job: Job<PaymentJob, JobEnd>) => job.waitUntilFinished(events);
  const stateOf = async (reference: string) => (await guard.getHold(reference))?.state;

  it.each<CrashPoint>(['accepted', 'captured'])(
    'pays once when it is killed after its payout was %s',
    async (point) => {
      await open();
      const job = await addPayout(queue, payment);
      await crashAt(point, 'bullmq', simulator, { REDIS_URL: redis.path });
      expect(await stateOf('payment-1')).toBe(point === 'accepted' ? 'sent' : 'captured');
      expect(await job.getState()).toBe('active');
      work();
      expect(await ended(job)).toEqual({ payout: 'made' });
      expect(paid(simulator)).toEqual(['payment-1 600.00 completed']);
      expect(await stateOf('payment-1')).toBe('captured');
    },
  );

  it('never pays after it was killed on the way to the provider, until an operator has decided', async () => {
    await open();
    const job = await addPayout(queue, payment);
    await crashAt('not sent yet', 'bullmq', simulator, { REDIS_URL: redis.path });
    work();
    // The next run can't know that nothing was sent: the job waits, run after run.
    await until(async () => Number((await queue.getJob('payment-1'))?.attemptsStarted) >= 4);
    expect([paid(simulator), await stateOf('payment-1')]).toEqual([[], 'sent']);
    expect(await guard.reconcile({ olderThanMs: 0 })).toMatchObject({ captured: 0, released: 0, open: 1 });
    await guard.release('payment-1');
    await expect(ended(job)).rejects.toThrow('the provider did not make it; another try needs a new payment id');
    const again = await addPayout(queue, { ...payment, paymentId: 'payment-1b' });
    expect(await ended(again)).toEqual({ payout: 'made' });
    expect(paid(simulator)).toEqual(['payment-1b 600.00 completed']);
  });

  it('pays once for two jobs of one payment at two workers, and once more after the first was forgotten', async () => {
    await open();
    work();
    work();
    const jobs = await Promise.all([
      addPayout(queue, payment),
      queue.add('payout', payment),
      queue.add('payout', payment),
    ]);
    expect(await Promise.all(jobs.map(ended))).toEqual(Array(3).fill({ payout: 'made' }));
    await queue.obliterate({ force: true });
    expect(await ended(await addPayout(queue, payment))).toEqual({ payout: 'made' });
    expect(paid(simulator)).toEqual(['payment-1 600.00 completed']);
  });

  it('tries again when the wallet has too little, and pays after a top-up', async () => {
    await open({ payout: '599.99' });
    work();
    const job = await queue.add('payout', payment, { attempts: 1_000, backoff: { type: 'fixed', delay: 200 } });
    await until(async () => Number((await queue.getJob(String(job.id)))?.attemptsMade) >= 2);
    expect(paid(simulator)).toEqual([]);
    simulator.credit('payout', '0.01');
    expect(await ended(job)).toEqual({ payout: 'made' });
    expect(paid(simulator)).toEqual(['payment-1 600.00 completed']);
  });

  it('ends a job whose payout JPay rejected, and one under the id of another payment, with no other try', async () => {
    await open();
    work();
    const wrongNumber = await addPayout(queue, { ...payment, to: 'nobody' });
    await expect(ended(wrongNumber)).rejects.toThrow(
      'the provider did not make it; another try needs a new payment id',
    );
    expect(await ended(await addPayout(queue, { ...payment, paymentId: 'payment-2' }))).toEqual({ payout: 'made' });
    const other = await queue.add('payout', { ...payment, paymentId: 'payment-2', amount: '1.00' }, { attempts: 5 });
    await expect(ended(other)).rejects.toThrow('hold_conflict; another try needs a new payment id');
    expect((await queue.getJob(String(other.id)))?.attemptsMade).toBe(1);
    expect(paid(simulator)).toEqual(['payment-2 600.00 completed']);
  });
});
