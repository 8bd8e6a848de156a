// Existing handlers behind `requireSufficientFunds`, which pay by themselves.
import type { Request, Response } from 'express';
import { type Hold, PayoutRejectedError } from 'payout-guard';
import { holdOf } from 'payout-guard/express';
import { holdsOf } from '../../../src/express/response-holds.js';
import { CallError } from '../call-errors.js';
import { type Attempt, endCode, type Payout } from '../truth.js';
import { approve, type Call } from './call.js';
import { actualOf, failAfterPayment } from './endings.js';
import { callOfRequest } from './http.js';
import { payOptions, payUnder } from './pay.js';
import { makePayment, type Outcome } from './payment-client.js';

/**
 * The meaning of this handler's answers: 410 before it pays, 422 for a final refusal of the provider, 201 after the
 * debit. Other answers mean nothing. Neither do these statuses from an error handler, because an error of other code
 * may carry such a status.
 */
export function verdictOfStatus(req: Request, res: Response): 'completed' | 'failed' | undefined {
  if (res.locals.isAnsweredByHandler !== true) return undefined;
  const { world, payout } = callOfRequest(req);
  const verdict = ({ 201: 'completed', 410: 'failed', 422: 'failed' } as const)[res.statusCode];
  const hold = holdOf(res);
  const attempt = world.truth.of(payout.reference).find((one) => one.hold === hold?.attempt);
  if (verdict && attempt) attempt.proof ??= verdict;
  return verdict;
}

export async function handleGuarded(call: Call, res: Response): Promise<void> {
  const { world, process } = call;
  const { random, settings, isCalm } = world;
  const hold = holdOf(res);
  if (!hold) throw new TypeError('There is no hold.');
  if (random.chance(0.2)) return payWithHold(call, res, hold);
  const [first] = holdsOf(res);
  if (first && first !== hold && random.chance(0.7)) await payFee(call, first);
  const attempt = approve(call, hold);
  await process.pause();
  if (!isCalm && random.chance(0.1)) {
    endCode(attempt);
    // It may also end without an answer.
    return random.chance(0.8) ? answer(call, res, 410) : undefined;
  }
  const outcome = await makePayment(world, process, attempt, call.payout.settlesOnReturn);
  endCode(attempt);
  if (!isCalm && random.chance(settings.codeFaults)) await failAfterPayment(call, hold);
  await answerOutcome(call, res, hold, attempt, outcome);
}

/** The payout of the second hold that a request may have. */
export function feeOf(payout: Payout): Payout {
  return { ...payout, reference: `${payout.reference}.f`, amountMinor: 1n, feeMinor: 0n };
}

/** Pays the fee. Its outcome is looked up. */
async function payFee(call: Call, hold: Hold): Promise<void> {
  const { world, process } = call;
  const payout = feeOf(call.payout);
  const attempt = approve({ ...call, payout }, hold);
  await makePayment(world, process, attempt, false);
  endCode(attempt);
}

/** A slightly changed handler: it pays under the hold of the route. */
async function payWithHold(call: Call, res: Response, hold: Hold): Promise<void> {
  await hold.pay((paid) => payUnder(call, paid), payOptions(call));
  answer(call, res, call.world.random.pick([200, 202]));
}

async function answerOutcome(call: Call, res: Response, hold: Hold, attempt: Attempt, outcome: Outcome): Promise<void> {
  const { random } = call.world;
  switch (outcome.kind) {
    case 'completed':
      if (random.chance(0.6)) return answer(call, res, 201);
      attempt.proof = 'completed';
      await hold.capture(actualOf(call, outcome));
      return answer(call, res, 200);
    case 'accepted':
      return answer(call, res, 202);
    case 'failed':
      if (!outcome.isFinal) return answer(call, res, 502);
      if (random.chance(0.4)) throw new PayoutRejectedError();
      if (random.chance(0.5)) return answer(call, res, 422);
      attempt.proof = 'failed';
      await hold.release();
      return answer(call, res, 400);
    case 'unknown':
      if (random.chance(0.5)) throw outcome.error;
      return answer(call, res, random.pick([408, 409, 500, 502, 503]));
    case 'never sent':
      if (random.chance(0.4)) throw new PayoutRejectedError('Not sent.', { notSent: true });
      if (random.chance(0.5)) throw new CallError('Unavailable', { status: 503 });
      attempt.proof = 'not_sent';
      await hold.release({ notSent: true });
      return answer(call, res, 503);
    default:
      return outcome satisfies never;
  }
}

function answer({ world, payout }: Call, res: Response, status: number): void {
  world.log.count('answered by the handler', `${payout.reference} with ${status}`);
  res.status(status);
  res.locals.isAnsweredByHandler = true;
  res.end();
}
