// The true state, which no party of the history can have: every attempt to make a payout, and its result.
import type { Report } from './violation.js';

/** The ways in which clients of a guard make payouts. */
export const flows = ['withHold', 'reserve', 'manual', 'approval', 'payoutRoute', 'guardedRoute'] as const;

export type Flow = (typeof flows)[number];

/** A payout that a client requests, under one reference. */
export interface Payout {
  readonly reference: string;
  /** The key of the wallet. */
  readonly wallet: string;
  readonly amountMinor: bigint;
  readonly feeMinor: bigint;
  readonly payee: string;
  readonly flow: Flow;
  /** Its payment code returns only when the debit is done, and the guard is configured for that. */
  readonly settlesOnReturn: boolean;
  /** The moment of the debit. */
  readonly debitAt: 'acceptance' | 'completion';
}

/**
 * The guard's knowledge from the end of the payment code or from a call of the application. `accepted`: the provider
 * debits at acceptance, so the payout is captured for any later outcome.
 */
export type Proof = 'completed' | 'accepted' | 'failed' | 'not_sent';

/** One permission to pay: a started payment function, a resolved `sent()`, or a running handler with a sent hold. */
export interface Attempt {
  readonly payout: Payout;
  readonly reference: string;
  /** The name of the process with the permission. */
  readonly sender: string;
  /** The attempt of its hold. */
  readonly hold: string;
  /** The approved amount, fee included. */
  readonly requiredMinor: bigint;
  /** The function runs within `pay`, so that the guard sees its end. */
  readonly isWithinPay: boolean;
  /** Aborts when the payout must not be sent any more. */
  readonly signal: AbortSignal;
  /** Its code did not mark the hold as sent, so the reservation may expire during the payment. */
  readonly isForgetful: boolean;
  /** Its code has not ended. */
  isRunning: boolean;
  /** Its code may still send a request, as long as its time is not over. */
  isSending: boolean;
  /** Requests under way to the provider. */
  travelling: number;
  /** A request left the process. */
  wasSent: boolean;
  /** The provider accepted it, and has not reported a final outcome. */
  isPending: boolean;
  /** Another attempt is pending or paid under the reference, so the provider does not accept this one. */
  isOvertaken: boolean;
  /** The amount that the provider took and has not given back. */
  debitedMinor: bigint;
  /** The provider refused this reference: for good, or until its code sends again. */
  refused: 'never' | 'so far' | 'for good';
  /** A forgetful attempt had no hold during its payment. */
  wasExposed: boolean;
  /** Its capture was confirmed, so the store counts it from then on. */
  isRecorded: boolean;
  proof: Proof | undefined;
}

export class Truth {
  readonly attempts: Attempt[] = [];
  #remembered: Attempt[] = [];
  readonly #report: Report;
  /** References that a provider has refused or failed, and the duration of the refusal. */
  readonly #failed = new Map<string, 'so far' | 'for good'>();

  constructor(report: Report) {
    this.#report = report;
  }

  approve(
    permission: Pick<Attempt, 'payout' | 'sender' | 'hold' | 'requiredMinor' | 'isWithinPay' | 'signal'> & {
      isForgetful?: boolean;
    },
  ): Attempt {
    const { payout, sender } = permission;
    const { reference } = payout;
    // Code that did not mark its hold as sent cannot detect that another attempt has sent the payout.
    if (!permission.isForgetful) this.#assertFirst(reference, sender);
    const attempt: Attempt = {
      isForgetful: false,
      ...permission,
      reference,
      isRunning: true,
      isSending: true,
      travelling: 0,
      wasSent: false,
      isPending: false,
      isOvertaken: this.of(reference).some((other) => other.isPending || other.debitedMinor > 0n),
      debitedMinor: 0n,
      refused: this.#failed.get(reference) ?? 'never',
      wasExposed: false,
      isRecorded: false,
      proof: undefined,
    };
    this.attempts.push(attempt);
    this.#remembered.push(attempt);
    return attempt;
  }

  /** The attempts that the store should remember. */
  get remembered(): readonly Attempt[] {
    return this.#remembered;
  }

  of(reference: string): readonly Attempt[] {
    return this.attempts.filter((attempt) => attempt.reference === reference);
  }

  isPaid(reference: string): boolean {
    return this.attempts.some((attempt) => attempt.reference === reference && attempt.debitedMinor > 0n);
  }

  hasFailed(reference: string): boolean {
    return this.#failed.has(reference);
  }

  /** The maximum overspend of a wallet by forgetful payment code, whose holds expired during the payment. */
  exposedMinor(wallet: string): bigint {
    let minor = 0n;
    for (const { payout, wasExposed, requiredMinor } of this.attempts) {
      if (wasExposed && payout.wallet === wallet) minor += requiredMinor;
    }
    return minor;
  }

  /**
   * Records that the provider accepted an attempt, or that it ended. Meanwhile no other is accepted for its reference.
   */
  setPending(attempt: Attempt, isPending: boolean): void {
    attempt.isPending = isPending;
    for (const other of this.of(attempt.reference)) {
      if (other !== attempt) other.isOvertaken = isPending || attempt.debitedMinor > 0n;
    }
  }

  /** Records the provider's refusal. A request that was sent before is refused as well. */
  refuse(reference: string, refused: 'so far' | 'for good'): void {
    this.#failed.set(reference, refused);
    for (const attempt of this.of(reference)) attempt.refused = refused;
  }

  /** The store lost its data, and some of it is restored. */
  forget(isToldAgain: (attempt: Attempt) => boolean = () => false): void {
    this.#remembered = this.#remembered.filter(isToldAgain);
  }

  /** The code of a process that has ended sends nothing any more. */
  crash(sender: string): void {
    for (const attempt of this.attempts) if (attempt.sender === sender) endCode(attempt);
  }

  /**
   * A second payout under a reference is right only if the first one was never sent. There is no record of an attempt
   * whose code did not mark its hold as sent.
   */
  #assertFirst(reference: string, sender: string): void {
    const earlier = this.of(reference).filter(({ isForgetful }) => !isForgetful);
    const open = earlier.find((attempt) => mayBePaid(attempt) || attempt.debitedMinor > 0n);
    const used = open ?? earlier.find((attempt) => attempt.wasSent && this.#remembered.includes(attempt));
    if (!used) return;
    this.#report(
      'paid twice',
      `${reference} was approved for ${sender}, and before for ${used.sender}: ${shown(used)}`,
    );
  }
}

/** True if the provider may still take money for it. */
export function mayBePaid(attempt: Attempt): boolean {
  const { debitedMinor, isPending, isOvertaken, travelling, refused } = attempt;
  if (debitedMinor > 0n || isOvertaken) return false;
  if (isPending) return true;
  // After a refusal, requests under way are refused too. Only code that still sends may be accepted.
  return (maySend(attempt) && refused !== 'for good') || (travelling > 0 && refused === 'never');
}

/** True if its code may still send a request. */
export function maySend({ isSending, signal }: Attempt): boolean {
  return isSending && !signal.aborted;
}

export function endCode(attempt: Attempt): void {
  attempt.isRunning = false;
  attempt.isSending = false;
}

export function shown(attempt: Attempt): string {
  const { isRunning, travelling, isPending, debitedMinor, refused } = attempt;
  const states = [
    isRunning && 'its code runs',
    maySend(attempt) && 'it may send',
    travelling > 0 && `${travelling} on the way`,
    isPending && 'pending',
    refused !== 'never' && `refused ${refused}`,
    `${debitedMinor} debited`,
  ];
  return states.filter(Boolean).join(', ');
}
