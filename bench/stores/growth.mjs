// The cost of one of our holds while many others are open, and with many wallets.
import { setTimeout as sleep } from 'node:timers/promises';
import { interleaved, median, medianRatio } from '../measure.mjs';
import { load } from './load.mjs';
import { epochMs } from './ours.mjs';

/**
 * A hold and its capture, so that the number of open holds stays constant. Each number has its own store in the same
 * database.
 */
export async function openHolds({ library, target }, { rounds, forMs, open }) {
  await target.reset();
  const stores = [];
  for (const count of open) stores.push({ count, ...(await library.open(target.address, { name: `open_${count}` })) });
  await sleep(epochMs);
  for (const { count, hold } of stores) await fill(hold, count);
  await target.settle?.();
  const variants = stores.map(({ count, holdAndCapture }) => [
    count,
    () => load(holdAndCapture, { callers: 64, forMs }),
  ]);
  const result = await grown(Object.fromEntries(variants), rounds);
  for (const { close } of stores) await close();
  return result;
}

/** A hold on each of the wallets in turn, with 512 callers, so that a batch covers as many wallets as possible. */
export async function wallets({ library, target }, { rounds, forMs, counts }) {
  const variants = counts.map((count) => [
    count,
    async () => {
      await target.reset();
      const { hold, close } = await library.open(target.address);
      const walletOf = (index) => (count === 1 ? 'main' : `wallet-${index % count}`);
      // Creates each wallet first.
      await fill(hold, count, walletOf);
      const figures = await load(hold, { callers: 512, forMs, walletOf });
      await close();
      return figures;
    },
  ]);
  return grown(Object.fromEntries(variants), rounds);
}

async function fill(hold, count, walletOf = () => 'main') {
  let next = 0;
  const prefix = `fill-${process.hrtime.bigint()}-`;
  const caller = async () => {
    while (next < count) {
      const index = next++;
      if (!(await hold(walletOf(index), prefix + index))) throw new Error('refused what fits');
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, 5_000) }, caller));
}

async function grown(variants, rounds) {
  await interleaved(1, variants);
  const figures = await interleaved(rounds, variants);
  const sizes = Object.keys(variants)
    .map(Number)
    .sort((first, second) => first - second);
  const each = (size) => figures[size].map(({ perSecond }) => 1e6 / perSecond);
  return {
    microseconds: Object.fromEntries(sizes.map((size) => [size, median(each(size))])),
    mostToFewest: medianRatio(each(sizes.at(-1)), each(sizes[0])),
  };
}
