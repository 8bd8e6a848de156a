// Webhooks of a provider. They arrive twice, late, after the outcome is recorded, and at a service with other wallets.
import { isPayoutGuardError } from 'payout-guard';
import type { Process } from '../process.js';
import type { Attempt } from '../truth.js';
import { text, type World } from '../world.js';

export function receiveWebhook(world: World, attempt: Attempt, isAgain = false): void {
  const { random, scheduler } = world;
  const { reference, payout } = attempt;
  const process = world.anyProcess(isAgain || random.chance(0.8) ? { wallet: payout.wallet } : {});
  void process.run(`webhook ${reference}`, async () => {
    try {
      await settle(world, process, attempt);
    } catch (error) {
      // "Ask another service": the provider posts again, and another service receives it.
      const isForeign = isPayoutGuardError(error) && error.code === 'foreign_wallet';
      if (isForeign) scheduler.after(1, () => receiveWebhook(world, attempt, true));
      throw error;
    }
  });
}

async function settle(world: World, { guard }: Process, attempt: Attempt): Promise<void> {
  const { random } = world;
  const { reference, debitedMinor, payout, refused } = attempt;
  const plan = world.planOf(payout.wallet);
  // A webhook is a reason to look the payout up. The content of one with a verified signature may be used, if it is
  // final.
  if (random.chance(0.5)) {
    await guard.reconcile({ reference });
    return;
  }
  if (debitedMinor > 0n && !attempt.isPending) {
    await guard.capture(reference, random.chance(0.5) ? text(debitedMinor, plan) : undefined);
  } else if (refused === 'for good' && !attempt.isPending) {
    await guard.release(reference);
  } else {
    await guard.reconcile({ reference });
  }
}
