// What really happened, as no party of the history can know it: every attempt to make a payout, and what became of it.
import type { Report } from './violation.js';

/** The ways in which clients of a guard make payouts. */
export const flows = ['withHold', 'reserve', 'manual', 'approval', 'payoutRoute', 'guardedRoute'] as const;

export type Flow = (typeof flows)[number];

/** What a client wants to be paid, under one reference. */
export interface Payout {
  readonly reference: string;
  /** The key of the wallet. */
  readonly wallet: string;
  readonly amountMinor: bigint;
  readonly feeMinor: bigint;
  readonly payee: string;
  readonly flow: Flow;
  /** Its payment code returns only when the debit is done, and the guard was told so. */
  readonly settlesOnReturn: boolean;
  /** When its money is taken. */
  readonly debitAt: 'acceptance' | 'completion';
}

/**
 * What the guard learned from the end of the payment code or from a call of the application. `accepted`: the provider
 * debits at acceptance, so the payout is captured whatever its outcome will be.
 */
export type Proof = 'completed' | 'accepted' | 'failed' | 'not_sent';

/** One permission to pay: the payment function was started, `sent()` resolved, or a handler runs whose hold is sent. */
export interface Attempt {
  readonly payout: Payout;
  readonly reference: string;
  /** The name of the process that was permitted. */
  readonly sender: string;
  /** The attempt of its hold. */
  readonly hold: string;
  /** What was approved, fee included. */
  readonly requiredMinor: bigint;
  /** The function runs within `pay`, so that the guard sees its end. */
  readonly isWithinPay: boolean;
  /** Aborts when nothing may be sent any more. */
  readonly signal: AbortSignal;
  /** Its code forgot to mark the hold as sent: the reservation may expire under it. */
  readonly isForgetful: boolean;
  /** Its code has not ended. */
  isRunning: boolean;
  /** Its code may yet send a request, as long as its time is not over. */
  isSending: boolean;
  /** Requests on their way to the provider. */
  travelling: number;
  /** A request left the process. */
  wasSent: boolean;
  /** The provider accepted it, and has not said its final word. */
  isPending: boolean;
  /** Another attempt is pending or paid under the reference, so the provider does not accept this one. */
  isOvertaken: boolean;
  /** What the provider took and has not given back. */
  debitedMinor: bigint;
  /** The provider said no under this reference: for good, or until its code sends again. */
  refused: 'never' | 'so far' | 'for good';
  /** A forgetful one had no hold while it was being paid. */
  wasExposed: boolean;
  /** Its capture was confirmed, so the store counts it from then on. */
  isRecorded: boolean;
  proof: Proof | undefined;
}

export class Truth {
  readonly attempts: Attempt[] = [];
  #remembered: Attempt[] = [];
  readonly #report: Report;
  /** References that a provider has turned down or failed, and whether for good. */
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
    // Code that forgets to mark its hold as sent does not learn that another one has sent the payout.
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

  /** The attempts that the store should know of. */
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

  /** What forgetful payment code may have overspent of a wallet: its holds expired while it was paying. */
  exposedMinor(wallet: string): bigint {
    let minor = 0n;
    for (const { payout, wasExposed, requiredMinor } of this.attempts) {
      if (wasExposed && payout.wallet === wallet) minor += requiredMinor;
    }
    return minor;
  }

  /** The provider accepted an attempt, or it failed: until then no other one is accepted under its reference. */
  setPending(attempt: Attempt, isPending: boolean): void {
    attempt.isPending = isPending;
    for (const other of this.of(attempt.reference)) {
      if (other !== attempt) other.isOvertaken = isPending || attempt.debitedMinor > 0n;
    }
  }

  /** The provider's no: a request that was sent before is turned down as well. */
  refuse(reference: string, refused: 'so far' | 'for good'): void {
    this.#failed.set(reference, refused);
    for (const attempt of this.of(reference)) attempt.refused = refused;
  }

  /** The store lost its memory, and learns again of some. */
  forget(isToldAgain: (attempt: Attempt) => boolean = () => false): void {
    this.#remembered = this.#remembered.filter(isToldAgain);
  }

  /** Code of a process that has ended sends nothing any more. */
  crash(sender: string): void {
    for (const attempt of this.attempts) if (attempt.sender === sender) endCode(attempt);
  }

  /**
   * A second payout under a reference is right only if the first one was never sent. Nothing is known of one whose code
   * forgot to mark its hold as sent.
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

/** Whether the provider may yet take money for it. */
export function mayBePaid(attempt: Attempt): boolean {
  const { debitedMinor, isPending, isOvertaken, travelling, refused } = attempt;
  if (debitedMinor > 0n || isOvertaken) return false;
  if (isPending) return true;
  // After the provider's no, what is on its way is turned down; only code that still sends may be accepted.
  return (maySend(attempt) && refused !== 'for good') || (travelling > 0 && refused === 'never');
}

/** Whether its code may yet send a request. */
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
