// What really happened, as nobody in the simulation can know it: every attempt to make a payout, and what became of it.
import type { Report } from './violation.js';

/** What a client wants to be paid, under one reference. */
export interface Payout {
  readonly reference: string;
  readonly amountMinor: bigint;
  readonly feeMinor: bigint;
  /** Which way of calling the guard its clients use. */
  readonly flow: 'withHold' | 'reserve' | 'conclude';
  /** Whether it is over when the pay call returns. */
  readonly settles: 'onReturn' | 'later';
  /** When its money is taken. */
  readonly debitAt: 'acceptance' | 'completion';
}

/** One permission to pay: the function of `withHold` was started, or `sent()` resolved. */
export interface Attempt {
  readonly payout: Payout;
  readonly reference: string;
  /** The name of the process that was permitted. */
  readonly sender: string;
  /** What was approved, fee included. */
  readonly requiredMinor: bigint;
  /** `over`: it never reached the provider and never will, or the provider has said its final word. */
  stage: 'approved' | 'travelling' | 'accepted' | 'over';
  /** What the provider took and has not given back. */
  debitedMinor: bigint;
  /** The provider's final word is no. */
  hasFailed: boolean;
}

export class Truth {
  readonly attempts: Attempt[] = [];
  #remembered: Attempt[] = [];
  readonly #report: Report;
  /** References that the provider has turned down or failed, for good: nothing is paid under them any more. */
  readonly #failed = new Set<string>();

  constructor(report: Report) {
    this.#report = report;
  }

  approve(payout: Payout, requiredMinor: bigint, sender: string): Attempt {
    const { reference } = payout;
    const earlier = this.of(reference).find((attempt) => mayBePaid(attempt) || attempt.debitedMinor > 0n);
    if (earlier) {
      const first = `${earlier.sender}, where it is ${earlier.stage}`;
      this.#report('paid twice', `${reference} was approved for ${sender}, and before for ${first}`);
    }
    const stage = this.#failed.has(reference) ? 'over' : 'approved';
    const attempt: Attempt = { payout, reference, sender, requiredMinor, stage, debitedMinor: 0n, hasFailed: false };
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
    return this.of(reference).some((attempt) => attempt.debitedMinor > 0n);
  }

  isFailed(reference: string): boolean {
    return this.#failed.has(reference);
  }

  /** The provider's final no: what is still on its way under this reference will be turned down as well. */
  fail(reference: string): void {
    this.#failed.add(reference);
    for (const attempt of this.of(reference)) {
      if (attempt.stage !== 'accepted') attempt.stage = 'over';
    }
  }

  /** The store lost its memory, and is told again of some. */
  forget(isToldAgain: (attempt: Attempt) => boolean = () => false): void {
    this.#remembered = this.#remembered.filter(isToldAgain);
  }

  /** What a process was permitted and had not begun, it will never do. */
  crash(sender: string): void {
    for (const attempt of this.attempts) {
      if (attempt.sender === sender && attempt.stage === 'approved') attempt.stage = 'over';
    }
  }
}

/** Whether the provider may yet take money for it. */
export function mayBePaid(attempt: Attempt): boolean {
  return attempt.stage !== 'over' && attempt.debitedMinor === 0n;
}
