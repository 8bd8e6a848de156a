// The proof in the end of a payment function: a returned value is judged by the adapter or the application, a thrown
// error by its type, or by the proof of an adapter that it signed nothing that could be sent.
import type { PayOptions } from './calls.js';
import { isPayoutGuardError } from './errors.js';
import { answerOf, thrownBy } from './functions.js';
import { claimRejection } from './hold-errors.js';
import { claimNotSent } from './not-sent.js';
import { type ErrorVerdict, isErrorVerdict, isFailedResponse, isPayoutVerdict, type PayoutVerdict } from './verdict.js';
import type { Wallet } from './wallet.js';
import { warn } from './warn.js';

/** The proof in the end of a payment function. `look_up`: no proof, but the provider probably has an answer. */
export type Proof = PayoutVerdict | ErrorVerdict | 'look_up';

/** The payout whose payment function has ended. */
interface Judged {
  readonly reference: string;
  readonly settings: Wallet;
}

/** The proof in the error that a payment function threw. */
export function proofOfError({ reference, settings }: Judged, error: unknown): Proof {
  if (claimRejection(error)) return error.notSent ? 'not_sent' : 'failed';
  if (claimNotSent(error, reference)) return 'not_sent';
  // A rejection that an inner payout has claimed proves nothing about this one.
  if (isPayoutGuardError(error) && error.code === 'payout_rejected') return 'unknown';
  const { verdictOf } = settings;
  if (!verdictOf) return 'unknown';
  const rule = "'failed', 'not_sent' or 'unknown'";
  return judged(reference, 'verdictOf', (name) =>
    answerOf(name, rule, isErrorVerdict, verdictOf(error, { reference })),
  );
}

/** The proof in the value that a payment function returned. */
export function proofOfResult({ reference, settings }: Judged, result: unknown, options: PayOptions): Proof {
  if (isFailedResponse(result)) return 'unknown';
  const { provider, verdictOfResult } = settings;
  if (verdictOfResult) {
    const rule = "'completed', 'pending', 'failed' or 'unknown'";
    return judged(reference, 'verdictOfResult', (name) =>
      answerOf(name, rule, isPayoutVerdict, verdictOfResult(result, { reference })),
    );
  }
  const rule = "'completed', 'pending', 'failed', 'unknown' or undefined";
  const verdict = judged(reference, `verdictOfResult of ${settings.providerName}`, (name) =>
    answerOf(name, rule, isVerdictOrNone, provider?.verdictOfResult?.(result, { reference })),
  );
  const isProviderAnswer = options.returns === 'providerAnswer' || settings.returnsProviderAnswer;
  if (verdict === 'failed' && !isProviderAnswer) return 'look_up';
  // A judged value has a verdict, even if it is "unknown": that the function returned adds nothing.
  const isOver = options.settles === 'onReturn' || settings.settlesOnReturn;
  return verdict ?? (isOver ? 'completed' : 'unknown');
}

/** A judgement of the application or the adapter. One that failed proves nothing. */
function judged<T>(reference: string, name: string, judge: (name: string) => T): T | 'unknown' {
  try {
    return judge(name);
  } catch (error) {
    const problem = thrownBy(name, error).message;
    warn(
      'PAYOUT_GUARD_VERDICT',
      `The end of payout ${reference} could not be judged, so its money stays held. ${problem}`,
    );
    return 'unknown';
  }
}

function isVerdictOrNone(value: unknown): value is PayoutVerdict | undefined {
  return value === undefined || isPayoutVerdict(value);
}
