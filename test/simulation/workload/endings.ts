// The ways payment code ends, and their proof for the guard. Honest code reports no outcome that it does not have, but
// it has bugs, and it returns and throws values that prove nothing.
import { type Hold, PayoutRejectedError } from 'payout-guard';
import { CallError } from '../call-errors.js';
import type { Proof } from '../truth.js';
import { text } from '../world.js';
import type { Call } from './call.js';
import type { Outcome } from './payment-client.js';

export type Ending =
  | { readonly value: unknown; readonly proof?: Proof | undefined }
  | { readonly error: unknown; readonly proof?: Proof | undefined };

/** Draws one of the ways in which code that pays under a hold may end. */
export function drawEnding(call: Call, outcome: Outcome): Ending {
  const { random } = call.world;
  const { payout, plan } = call;
  // A value that proves nothing, unless the guard is configured for functions that return after the debit.
  const own = { value: { status: 'failed', ok: true } };
  const notOk: Ending = { value: { ok: false, status: 504 } };
  switch (outcome.kind) {
    case 'completed': {
      const isOver = payout.settlesOnReturn ? 'completed' : undefined;
      const judged: Ending = { value: outcome.reply, proof: plan.judgesResults ? 'completed' : isOver };
      return random.pick<Ending>([judged, judged, { value: own.value, proof: isOver }, notOk]);
    }
    case 'accepted': {
      const isCaptured = plan.judgesResults && plan.debitVisibleAt === 'acceptance';
      const judged: Ending = { value: outcome.reply, proof: isCaptured ? 'accepted' : undefined };
      return random.pick<Ending>(payout.settlesOnReturn ? [judged, notOk] : [judged, judged, own, notOk]) ?? judged;
    }
    case 'failed': {
      const unknown: Ending = { error: new CallError('Something went wrong.', { status: 409 }) };
      if (!outcome.isFinal) return random.pick<Ending>([unknown, notOk]);
      const rejected: Ending = { error: new PayoutRejectedError(), proof: 'failed' };
      // An answer that the adapter cannot judge would count as the end of a payment.
      const isSafe = plan.judgesResults || !payout.settlesOnReturn;
      const isBelieved = plan.judgesResults && plan.returnsProviderAnswer && outcome.reply.status === 'failed';
      const answered: Ending = { value: outcome.reply, proof: isBelieved ? 'failed' : undefined };
      return random.pick<Ending>([
        rejected,
        rejected,
        isSafe && outcome.reply.status === 'failed' ? answered : notOk,
        unknown,
      ]);
    }
    case 'unknown':
      return random.pick<Ending>([{ error: outcome.error }, { error: outcome.error }, notOk]);
    case 'never sent': {
      const { error } = outcome;
      const rejected: Ending = { error: new PayoutRejectedError('Not sent.', { notSent: true }), proof: 'not_sent' };
      return random.pick<Ending>([{ error, proof: plan.judgesErrors ? 'not_sent' : undefined }, rejected]);
    }
    default:
      return outcome satisfies never;
  }
}

/**
 * Fails after the payment: with an error that carries a status, with an error of this library, or with one that
 * resembles it.
 */
export async function failAfterPayment({ world, process, payout }: Call, hold: Hold): Promise<never> {
  const { random, log } = world;
  log.count('code after the payment failed', payout.reference);
  const lookalike = Object.assign(new CallError('rejected', { status: 422, code: 'payout_rejected' }), {
    name: 'PayoutRejectedError',
  });
  await random.pick([
    () => Promise.reject(new CallError('The database is down.', { code: 'ECONNREFUSED' })),
    () => Promise.reject(new CallError('Conflict', { status: 409 })),
    () => Promise.reject(new CallError('Request timeout', { status: 408 })),
    () => Promise.reject(new CallError('Service unavailable', { status: 503 })),
    () => Promise.reject(lookalike),
    () => hold.capture('100.5555'),
    () => process.guard.withHold({ ...payout, amount: 'ten' } as never, () => undefined),
  ])();
  throw new CallError('Nothing was thrown.');
}

/** The real debit, as payment code has it, or undefined. */
export function actualOf({ world, plan }: Call, outcome: Outcome): string | undefined {
  const debitedMinor = 'reply' in outcome ? outcome.reply.debitedMinor : undefined;
  return debitedMinor && world.random.chance(0.5) ? text(debitedMinor, plan) : undefined;
}
