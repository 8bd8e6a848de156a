// Payment code within `pay`, and its use by applications, both correct and incorrect.
import type { Hold, PayOptions } from 'payout-guard';
import { type Attempt, endCode } from '../truth.js';
import { approve, type Call } from './call.js';
import { actualOf, drawEnding, type Ending, failAfterPayment } from './endings.js';
import { payNested } from './nested.js';
import { makePayment, type Outcome } from './payment-client.js';

/** The options of a `pay` whose function is {@link payUnder}. */
export function payOptions({ payout, plan }: Call): PayOptions {
  return { settles: payout.settlesOnReturn && !plan.settlesOnReturn ? 'onReturn' : undefined };
}

/** The payment function. It sends the payout, and ends in one of many ways. */
export async function payUnder(call: Call, hold: Hold): Promise<unknown> {
  const { world, process } = call;
  const attempt = approve(call, hold, { isWithinPay: true });
  try {
    await process.pause();
    const outcome = await makePayment(world, process, attempt, waitsForEnd(call));
    const ending = await endingOf(call, hold, attempt, outcome);
    attempt.proof ??= ending.proof;
    if ('error' in ending) throw ending.error;
    return ending.value;
  } finally {
    endCode(attempt);
  }
}

/** True if the client library waits for the end of the payout. */
function waitsForEnd({ world, payout, plan }: Call): boolean {
  // An adapter that judges answers does not take a pending one for an end, with any `settles` option.
  const mayReturnEarly = plan.judgesResults && world.random.chance(0.2);
  return payout.settlesOnReturn ? !mayReturnEarly : world.random.chance(0.2);
}

async function endingOf(call: Call, hold: Hold, attempt: Attempt, outcome: Outcome): Promise<Ending> {
  const { world } = call;
  const { random, settings, isCalm } = world;
  // Payment code with the exact figure captures by itself.
  if (outcome.kind === 'completed' && random.chance(0.2)) {
    attempt.proof = 'completed';
    await hold.capture(actualOf(call, outcome));
  }
  if (!isCalm && random.chance(settings.codeFaults)) await failAfterPayment(call, hold);
  if (!isCalm && random.chance(0.15)) await payNested(call);
  return drawEnding(call, outcome);
}

/** Pays as most applications do, or in one of several incorrect ways. */
export async function payOnce(call: Call, hold: Hold): Promise<void> {
  const { random, settings, isCalm, log } = call.world;
  const pay = () => hold.pay((paid) => payUnder(call, paid), payOptions(call));
  if (isCalm || !random.chance(settings.misuse)) return void (await pay());
  switch (random.pick(['twice', 'again', 'impatient', 'forgotten'] as const)) {
    case 'twice': {
      log.count('paid twice by mistake', hold.reference);
      const results = await Promise.allSettled([pay(), pay()]);
      for (const { reason } of results as { reason?: unknown }[]) if (reason !== undefined) throw reason;
      return;
    }
    case 'again':
      return void (await pay().catch(() => {
        log.count('paid twice by mistake', hold.reference);
        return pay();
      }));
    case 'impatient': {
      const paying = pay();
      paying.catch(() => {});
      await call.process.pause();
      log.count('released by mistake', hold.reference);
      await hold.release({ notSent: random.chance(0.5) });
      return;
    }
    case 'forgotten':
      log.count('not awaited', hold.reference);
      void pay();
      return;
  }
}
