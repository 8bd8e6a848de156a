// Payouts that a process made itself, and reports: permissions, holds that are open or were refused, and outcomes
// that the store has not answered yet.
import { monotonicMs } from '../processes/child.js';
import type { FromPayer, Permission, Quiet, Wallet } from './messages.js';

export interface Payout {
  readonly reference: string;
  readonly wallet: Wallet;
  readonly amount: bigint;
}

export class KnownPayouts {
  readonly #send: (message: FromPayer) => void;
  /** Holds that were taken here and have not ended. */
  readonly #open = new Map<string, bigint>();
  readonly #refused = new Set<string>();
  /** Payouts whose outcome is known here, until the store has answered. */
  readonly #decided = new Set<string>();

  constructor(send: (message: FromPayer) => void) {
    this.#send = send;
  }

  taken({ reference, amount }: Payout): void {
    this.#open.set(reference, amount);
    this.#refused.delete(reference);
  }

  /** The payout may be sent now. */
  permitted(payout: Payout, moments: Omit<Permission, keyof Payout>): void {
    this.taken(payout);
    const { reference, wallet, amount } = payout;
    this.#send({ kind: 'permitted', reference, wallet, amount, ...moments });
  }

  /** The same for a hold that was sent from the start: one request for both. */
  permittedAtOnce(payout: Payout, heldFrom: number): void {
    const heldAt = monotonicMs();
    this.permitted(payout, { heldFrom, heldAt, askedAt: heldFrom, answeredAt: heldAt });
  }

  /** Nothing was sent for it, so nothing may stay held. */
  refused(reference: string): void {
    this.#open.delete(reference);
    this.#refused.add(reference);
  }

  /** Records that the bank has reported the outcome. */
  decided(reference: string): void {
    this.#decided.add(reference);
  }

  /** The store has answered a request to end it. */
  answered(reference: string, hasEnded: boolean): void {
    this.#decided.delete(reference);
    if (hasEnded) this.#open.delete(reference);
  }

  /** Outcomes that the store has not answered yet. */
  get undelivered(): readonly string[] {
    return [...this.#decided];
  }

  get summary(): Pick<Quiet, 'open' | 'refused'> {
    const open = [...this.#open].map(([reference, amount]) => ({ reference, amount }));
    return { open, refused: [...this.#refused] };
  }
}
