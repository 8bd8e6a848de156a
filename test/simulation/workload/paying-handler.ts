// Handlers of `payoutRoute`.
import type { Response } from 'express';
import { PayoutRejectedError } from 'payout-guard';
import { holdOf, type Pay } from 'payout-guard/express';
import { CallError } from '../call-errors.js';
import type { Call } from './call.js';
import { failAfterPayment } from './endings.js';
import { payOptions, payUnder } from './pay.js';

/** Validates, pays, and answers, or does these steps in another order or not at all. */
export async function handlePaying(call: Call, res: Response, pay: Pay): Promise<void> {
  const { world, process, payout } = call;
  const { random, settings, isCalm, log } = world;
  const payNow = () => pay((hold) => payUnder(call, hold), payOptions(call));
  if (random.chance(0.5)) await process.pause();
  if (!isCalm && random.chance(0.1)) return answer(call, res, random.pick([404, 409, 422, 503]));
  if (!isCalm && random.chance(0.1)) throw brokenBeforePayment(call);
  if (!isCalm && random.chance(settings.misuse)) return payBadly(call, res, payNow);
  try {
    await payNow();
  } catch (error) {
    if (random.chance(0.5)) throw error;
    return answer(call, res, random.pick([400, 409, 422, 500, 502, 503]));
  }
  const hold = holdOf(res);
  if (!isCalm && hold && random.chance(settings.codeFaults)) {
    // After the payment, a rejection proves nothing any more.
    if (random.chance(0.3)) throw new PayoutRejectedError();
    await failAfterPayment(call, hold);
  }
  log.trace(`handler of ${payout.reference} has paid`);
  answer(call, res, random.pick([200, 201, 202, 409]));
}

async function payBadly(call: Call, res: Response, pay: () => Promise<unknown>): Promise<void> {
  const { world, process, payout } = call;
  const { log, random } = world;
  switch (random.pick(['twice', 'again', 'impatient', 'forgotten', 'late'] as const)) {
    case 'twice':
      log.count('paid twice by mistake', payout.reference);
      await Promise.all([pay(), pay()]);
      return answer(call, res, 201);
    case 'again':
      await pay().catch(() => pay());
      return answer(call, res, 201);
    case 'impatient': {
      const paying = pay();
      paying.catch(() => {});
      await process.pause();
      log.count('released by mistake', payout.reference);
      await holdOf(res)?.release();
      return answer(call, res, 504);
    }
    case 'forgotten':
      log.count('not awaited', payout.reference);
      void pay();
      return answer(call, res, 202);
    case 'late':
      log.count('not awaited', payout.reference);
      void process.pause().then(() => void pay());
      return answer(call, res, 202);
  }
}

function brokenBeforePayment({ world }: Call): Error {
  return world.random.pick([
    new CallError('Conflict', { status: 409 }),
    new CallError('Request timeout', { status: 408 }),
    new PayoutRejectedError('Not allowed.'),
    new PayoutRejectedError('Not allowed.', { notSent: true }),
    new CallError('TypeError'),
  ]);
}

function answer({ world, payout }: Call, res: Response, status: number): void {
  world.log.count('answered by the handler', `${payout.reference} with ${status}`);
  res.status(status).end();
}
