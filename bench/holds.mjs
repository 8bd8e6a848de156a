// (d) Holds against a mutex, and (e) the cost of a hold when many are open.
import { Mutex } from 'async-mutex';
import { Decimal } from 'decimal.js';
import { createPayoutGuard, memoryStore } from 'payout-guard';
import { interleaved, median, medianRatio } from './measure.mjs';

const callers = 64;

/** One instance is one balance. Each guard here has its own store. */
const newProvider = () => ({
  name: 'bench',
  accountId: 'bench',
  debitVisibleAt: 'completion',
  visibleAfterMs: 0,
  fetchBalance: async () => ({ available: '9000000000.00', currency: 'KES' }),
});

/** Payouts per second on one wallet with 64 callers: `withHold` against an async mutex around check and payment. */
export async function mutexBench() {
  const instant = () => undefined;
  const slow = () => new Promise((resolve) => setTimeout(resolve, 50));
  return {
    callers,
    instant: await compare(instant, { rounds: 7, payouts: 20_000 }),
    fiftyMs: await compare(slow, { rounds: 3, payouts: 64, guardPayouts: 6_400 }),
  };
}

async function compare(pay, { rounds, payouts, guardPayouts = payouts }) {
  const guard = createPayoutGuard({
    provider: newProvider(),
    currency: 'KES',
    cache: { maxAgeMs: 120_000 },
    settles: 'onReturn',
  });
  const mutex = new Mutex();
  let balance = new Decimal('9000000000.00');
  let next = 0;
  const figures = await interleaved(rounds, {
    mutex: () =>
      perSecond(payouts, () =>
        mutex.runExclusive(async () => {
          const amount = new Decimal('0.01');
          if (amount.greaterThan(balance)) throw new Error('insufficient funds');
          await pay();
          balance = balance.minus(amount);
        }),
      ),
    guard: () => perSecond(guardPayouts, () => guard.withHold({ amount: '0.01', reference: `p-${next++}` }, pay)),
  });
  await guard.close();
  return {
    mutexPerSecond: Math.round(median(figures.mutex)),
    guardPerSecond: Math.round(median(figures.guard)),
    guardToMutex: medianRatio(figures.guard, figures.mutex),
  };
}

async function perSecond(payouts, payout) {
  let left = payouts;
  const caller = async () => {
    while (left-- > 0) await payout();
  };
  const startedAt = process.hrtime.bigint();
  await Promise.all(Array.from({ length: callers }, caller));
  return (payouts * 1e9) / Number(process.hrtime.bigint() - startedAt);
}

/** Time per hold and capture while many other holds are open, and memory per open hold. */
export async function openHoldsBench(sizes = [100, 10_000, 1_000_000]) {
  const stores = [];
  for (const open of sizes) stores.push(await filled(open));
  const figures = await interleaved(
    15,
    Object.fromEntries(stores.map(({ open, guard }) => [open, () => nanosecondsPerHold(guard)])),
  );
  for (const { guard } of stores) await guard.close();
  const bytes = stores.at(-1).bytes;
  return {
    nanoseconds: Object.fromEntries(sizes.map((open) => [open, Math.round(median(figures[open]))])),
    mostToFewest: medianRatio(figures[sizes.at(-1)], figures[sizes[0]]),
    bytesPerOpenHold: Math.round(bytes / sizes.at(-1)),
  };
}

async function filled(open) {
  const store = memoryStore({ rememberFinished: 1_000 });
  const guard = createPayoutGuard({
    provider: newProvider(),
    currency: 'KES',
    store,
    cache: { maxAgeMs: 120_000 },
    reconcileEveryMs: 0,
  });
  global.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < open; index++) {
    await guard.hold({ amount: '0.01', reference: `open-${index}`, state: 'sent' });
  }
  global.gc?.();
  return { open, guard, bytes: process.memoryUsage().heapUsed - before };
}

let reference = 0;

async function nanosecondsPerHold(guard) {
  const count = 20_000;
  const startedAt = process.hrtime.bigint();
  for (let index = 0; index < count; index++) {
    const hold = await guard.hold({ amount: '0.01', reference: `p-${reference++}`, state: 'sent' });
    await hold.capture();
  }
  return Number(process.hrtime.bigint() - startedAt) / count;
}
