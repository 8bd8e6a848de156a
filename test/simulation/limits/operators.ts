// Operators who accept the counters of wallets, and the comparison of all counters in the end.
import type { HoldStore } from 'payout-guard';
import { digestOf } from '../../../src/core/digest.js';
import type { World } from '../world.js';
import type { Place } from './account.js';
import { isKept } from './calendar.js';

/** Accepts the counters of some wallets before the history, as an operator does on the day of the first deploy. */
export async function acceptAtStart({ limits, store }: World): Promise<void> {
  for (const wallet of limits?.wallets ?? []) {
    if (!limits?.random.chance(0.5)) continue;
    const answered = limits.acceptances.ask(wallet);
    await store.acceptLimits?.(wallet);
    answered(limits.account.step);
  }
}

/** Puts money into some wallets at the beginning, so that their limits refuse payouts and not their balance. */
export function topUpLimited(world: World): void {
  const { limits } = world;
  for (const wallet of limits?.plans.keys() ?? []) {
    const provider = world.providerOf(wallet);
    const { largestAmountMinor } = provider.plan;
    if (limits?.random.chance(0.6)) provider.topUp(BigInt(limits.random.between(1, 10) * largestAmountMinor));
  }
}

/** Schedules the acceptances of operators: at any time of a history, or after a loss. On some days no operator does. */
export function planAcceptances(world: World): void {
  const { limits, scheduler, settings } = world;
  for (const wallet of limits?.wallets ?? []) {
    if (!limits?.random.chance(0.6)) continue;
    scheduler.after(limits.random.upTo(settings.arrivalsWithinMs), () => acceptLimits(world, wallet));
  }
}

/** Repeats until the store has accepted it, as an operator would. */
export function acceptLimits(world: World, wallet: string): void {
  const { limits, log, scheduler } = world;
  if (!limits) return;
  const process = world.anyProcess({ wallet, does: 'pay' });
  void process.run('accept limits', async () => {
    const answered = limits.acceptances.ask(wallet);
    try {
      await process.guard.acceptLimits(wallet);
      answered(limits.account.step);
      log.count('limits accepted', wallet);
    } catch (error) {
      scheduler.after(1_000, () => acceptLimits(world, wallet));
      throw error;
    }
  });
}

/** Each counter of the store is what its holds count. */
export async function assertCounted(world: World): Promise<void> {
  const { limits, memory, report, store } = world;
  const { nowMs } = await memory.contents();
  for (const [wallet, { isDaily, perPayee }] of limits?.plans ?? []) {
    if (!limits || !isDaily) continue;
    for (const place of limits.account.places(wallet, perPayee !== undefined)) {
      if (!isKept(place.day, nowMs)) continue;
      const [counter, expected] = [await counterOf(world, store, place), limits.account.countedMinor(place)];
      if (counter === `${expected}`) continue;
      const { day, payee } = place;
      report('counters', `${wallet} counts ${counter} on day ${day} for ${payee ?? 'all'}, instead of ${expected}`);
    }
  }
}

/** Reads a counter: a limit of zero refuses everything, and with the counter. */
async function counterOf({ settings }: World, store: HoldStore, { wallet, day, payee }: Place): Promise<string> {
  const { epoch } = await store.totals(wallet);
  const code = settings.wallets.find(({ key }) => key === wallet)?.currency ?? 'KES';
  const limit = payee === undefined ? { perDayMinor: 0n } : { payee: digestOf(payee), perPayeeMinor: 0n };
  const answer = await store.hold({
    wallet,
    reference: 'probe',
    attempt: 'probe',
    amountMinor: 1n,
    currency: { code, exponent: code === 'KES' ? 2 : 0 },
    state: 'reserved',
    expiresInMs: 1_000,
    sendsForMs: 0,
    epoch,
    limitMinor: 0n,
    metadata: {},
    limits: { day, startMs: 0, endMs: 2 ** 50, countSinceStart: true, ...limit },
  });
  return answer.outcome === 'over_limit' ? `${answer.usedMinor}` : answer.outcome;
}
