// The payments that the terminals of this process have signed. As long as none was signed under a reference, none can
// have been sent under it through them: the one certain proof that a payment was not made.
import { type Clock, elapsedMs } from '../../core/clock.js';
import {
  BalanceUnavailableError,
  ConfigurationError,
  isPayoutGuardError,
  type PayoutGuardError,
} from '../../core/errors.js';
import { proveNotSent } from '../../core/not-sent.js';
import { redactedCause } from '../../core/redact.js';
import type { PhoenixCall, SignedCall } from './calls.js';

/** An hour longer than the longest `payWithinMs`: no payment function that may still send began before. */
const rememberMs = 90_000_000;

const byClock = new WeakMap<Clock, SignedPayments>();

export class SignedPayments {
  readonly #clock: Clock;
  /** Time of the latest signature under each reference, oldest first. */
  readonly #signed = new Map<string, number>();
  /** Number of signatures under way under each reference. */
  readonly #underWay = new Map<string, number>();

  private constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** One for all terminals of a clock: a payment function may turn to another terminal after it has sent. */
  static of(clock: Clock): SignedPayments {
    const known = byClock.get(clock) ?? new SignedPayments(clock);
    byClock.set(clock, known);
    return known;
  }

  /** Runs `signing`. The error of a payment that was not signed carries the proof that it was not sent. */
  async sign(call: PhoenixCall, signing: () => Promise<SignedCall>, signal: AbortSignal): Promise<SignedCall> {
    const reference = referenceOf(call);
    if (reference === undefined) return signing();
    this.#count(reference, 1);
    try {
      const signed = await signing();
      this.#remember(reference);
      return signed;
    } catch (error) {
      if (!('payment' in call)) throw error;
      // Judged when the payment function has ended: until then it may have signed once more, and sent that.
      throw proveNotSent(notSigned(error, signal), (asked) => asked === reference && this.#isUnsigned(reference));
    } finally {
      this.#count(reference, -1);
    }
  }

  /** Remembers a call that was signed again. */
  note(call: PhoenixCall): void {
    const reference = referenceOf(call);
    if (reference !== undefined) this.#remember(reference);
  }

  #isUnsigned(reference: string): boolean {
    return !this.#signed.has(reference) && !this.#underWay.has(reference);
  }

  #count(reference: string, change: 1 | -1): void {
    const count = (this.#underWay.get(reference) ?? 0) + change;
    if (count === 0) this.#underWay.delete(reference);
    else this.#underWay.set(reference, count);
  }

  #remember(reference: string): void {
    const nowMs = elapsedMs(this.#clock);
    this.#signed.delete(reference);
    this.#signed.set(reference, nowMs);
    for (const [oldest, signedAtMs] of this.#signed) {
      if (nowMs - signedAtMs <= rememberMs) return;
      this.#signed.delete(oldest);
    }
  }
}

/** The reference that a call may pay under; undefined for questions and for validations, which pay nothing. */
function referenceOf(call: PhoenixCall): string | undefined {
  if (call.method !== 'POST' || call.path === 'sente/customerValidation') return undefined;
  const { requestReference } = ('payment' in call ? call.payment : call.body) ?? {};
  return typeof requestReference === 'string' ? requestReference : undefined;
}

function notSigned(error: unknown, signal: AbortSignal): PayoutGuardError {
  const words = { subject: 'Session', consequence: 'This call was not signed.' };
  if (isPayoutGuardError(error)) {
    if (error.code !== 'balance_unavailable') return error;
    const { reason, detail, retryAfterMs, cause } = error as BalanceUnavailableError;
    return new BalanceUnavailableError(reason, { ...words, detail, retryAfterMs, cause });
  }
  if (signal.aborted) {
    return new BalanceUnavailableError('timeout', { ...words, detail: 'the signal was aborted', cause: error });
  }
  return new ConfigurationError(['payment: a field cannot be written as JSON'], { cause: redactedCause(error) });
}
