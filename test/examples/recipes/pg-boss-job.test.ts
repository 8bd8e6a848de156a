// The pg-boss recipe on a real PostgreSQL: whatever becomes of its workers, the books of JPay have one payout.
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import type { PayoutGuard } from 'payout-guard';
import { postgresStore } from 'payout-guard/stores/postgres';
import { type JpaySimulator, type JpaySimulatorOptions, jpaySimulator } from 'payout-guard/testing';
import PgBoss from 'pg-boss';
import { addPayout, type PayoutJobsOptions, workOnPayouts } from '../../../examples/recipes/pg-boss-job.js';
import type { PaymentJob } from '../../../examples/support/pay-job.js';
import '../../support/proof-only.js';
import { until } from '../../support/every-store.js';
import { testDatabase } from '../../support/postgres.js';
import { deferred } from '../../support/wallet.js';
import { urlOf } from '../support.js';
import { type CrashPoint, crashAt, guardOf, paid, payee, paymentsOf, short } from './queues.js';

const payment: PaymentJob = { paymentId: 'payment-1', wallet: 'default', to: payee, amount: '600.00' };
const database = await testDatabase();
afterAll(() => database?.drop());

(database ? describe : describe.skip)('a pg-boss worker', () => {
  const connectionString = database ? urlOf(database) : '';
  let simulator: JpaySimulator;
  let guard: PayoutGuard;
  let boss: PgBoss;
  let ends: string[];
  const closing: (() => unknown)[] = [];

  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    await database?.pool().query('DROP SCHEMA IF EXISTS pgboss CASCADE; DROP SCHEMA IF EXISTS payout_guard CASCADE');
  });

  /** JPay, a queue, and a guard as a worker has it. */
  async function open(options: JpaySimulatorOptions = {}): Promise<void> {
    simulator = await jpaySimulator({ payout: '1000.00', settleAfterMs: 100, ...options });
    closing.push(() => simulator.close());
    const pool = database?.pool();
    if (!pool) throw new Error('no database');
    const store = postgresStore({ pool, ...short.store });
    closing.push(() => store.close());
    await store.migrate();
    guard = guardOf(simulator, store);
    closing.push(() => guard.close({ waitMs: 0 }));
    ends = [];
    boss = new PgBoss({ connectionString, ...short.pgBoss });
    boss.on('error', (error) => console.error(error));
    closing.push(() => boss.stop({ graceful: false, wait: true }));
    await boss.start();
    await boss.createQueue('payouts', { name: 'payouts', ...short.queue });
  }

  async function work(options: Partial<PayoutJobsOptions> = {}): Promise<void> {
    await workOnPayouts({
      boss,
      guard,
      makePayment: paymentsOf(simulator),
      askAgainSeconds: 1,
      queue: short.queue,
      onEnd: ({ paymentId }, end) => ends.push(`${paymentId} ${end.payout}`),
      ...options,
    });
  }

  const has = (end: string) => until(async () => ends.includes(end));
  const stateOf = async (reference: string) => (await guard.getHold(reference))?.state;

  it.each<CrashPoint>(['accepted', 'captured'])(
    'pays once when it is killed after its payout was %s',
    async (point) => {
      await open();
      await addPayout(boss, payment);
      await crashAt(point, 'pg-boss', simulator, { DATABASE_URL: connectionString });
      expect(await stateOf('payment-1')).toBe(point === 'accepted' ? 'sent' : 'captured');
      await work();
      await has('payment-1 made');
      expect(paid(simulator)).toEqual(['payment-1 600.00 completed']);
      expect(await stateOf('payment-1')).toBe('captured');
    },
  );

  it('never pays after it was killed on the way to the provider, until an operator has decided', async () => {
    await open();
    await addPayout(boss, payment);
    await crashAt('not sent yet', 'pg-boss', simulator, { DATABASE_URL: connectionString });
    await work();
    // The next run can't know that nothing was sent: it is run again later, and again.
    await until(async () => ends.length >= 3);
    expect([paid(simulator), await stateOf('payment-1')]).toEqual([[], 'sent']);
    await guard.release('payment-1');
    await has('payment-1 failed');
    await addPayout(boss, { ...payment, paymentId: 'payment-1b' });
    await has('payment-1b made');
    expect(paid(simulator)).toEqual(['payment-1b 600.00 completed']);
  });

  it('pays once when the job expires during the payment, and runs again beside it', async () => {
    await open();
    const goOn = deferred<void>();
    const pay = paymentsOf(simulator);
    let payments = 0;
    await work({
      makePayment: async (payout) => {
        payments += 1;
        await goOn.promise;
        return pay(payout);
      },
    });
    await addPayout(boss, payment);
    await has('payment-1 open'); // from the second run, while the first still pays
    expect([payments, paid(simulator)]).toEqual([1, []]);
    goOn.resolve();
    await has('payment-1 made');
    expect([payments, paid(simulator)]).toEqual([1, ['payment-1 600.00 completed']]);
  });

  it('tries again when the wallet has too little, and pays after a top-up', async () => {
    await open({ payout: '599.99' });
    await work({ queue: { ...short.queue, retryLimit: 1_000 } });
    await addPayout(boss, payment);
    const pool = database?.pool();
    await until(async () => {
      const found = await pool?.query('SELECT retry_count FROM pgboss.job');
      return Number(found?.rows[0]?.retry_count) >= 2;
    });
    expect([paid(simulator), ends]).toEqual([[], []]);
    simulator.credit('payout', '0.01');
    await has('payment-1 made');
    expect(paid(simulator)).toEqual(['payment-1 600.00 completed']);
  });

  it('ends a job whose payout JPay rejected, and one under the id of another payment, with no other try', async () => {
    await open();
    await work();
    await addPayout(boss, { ...payment, to: 'nobody' });
    await has('payment-1 failed');
    await addPayout(boss, { ...payment, paymentId: 'payment-2' });
    await has('payment-2 made');
    await addPayout(boss, { ...payment, paymentId: 'payment-2', amount: '1.00' });
    await has('payment-2 failed');
    expect(paid(simulator)).toEqual(['payment-2 600.00 completed']);
  });
});
