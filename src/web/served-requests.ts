// Requests of routes whose handler may pay under its hold. The guard cannot see that payment, so a guard that closes
// waits for the end of the request.
import { elapsedMs } from '../core/clock.js';
import type { LeftOpen } from '../core/events.js';
import type { AttachedWork, GuardInternals } from '../core/internals.js';
import type { Hold, PayoutGuard } from '../core/payout-guard.js';
import { UnderWay } from '../core/under-way.js';

const known = new WeakMap<PayoutGuard, ServedRequests>();

/** The requests under way of a guard, which waits for them when it closes. */
export function servedRequests(guard: PayoutGuard): ServedRequests {
  let requests = known.get(guard);
  if (!requests) {
    requests = new ServedRequests(guard.internals);
    guard.internals.attach(requests);
    known.set(guard, requests);
  }
  return requests;
}

export class ServedRequests implements AttachedWork {
  readonly #guard: Pick<GuardInternals, 'clock' | 'sendsForMs'>;
  /** The moments at which they began, oldest first. */
  readonly #begun = new Map<Hold, number>();
  readonly #underWay = new UnderWay();

  constructor(guard: Pick<GuardInternals, 'clock' | 'sendsForMs'>) {
    this.#guard = guard;
  }

  /** Counts a request as under way until the returned function is called. */
  begin(hold: Hold): () => void {
    const nowMs = elapsedMs(this.#guard.clock);
    this.#forgetBefore(nowMs - this.#guard.sendsForMs);
    this.#begun.set(hold, nowMs);
    this.#underWay.begin();
    return () => this.#end(hold);
  }

  /** Payouts that a handler may be making by itself. */
  get left(): readonly LeftOpen[] {
    return [...this.#begun.keys()]
      .filter(({ state, isPaying }) => state === 'sent' && !isPaying)
      .map(({ reference, wallet, attempt }) => ({ reference, wallet, attempt, pending: 'paying' }));
  }

  /** Resolves when no request is under way. */
  idle(): Promise<void> {
    return this.#underWay.idle();
  }

  /** Releases the holds of handlers that have not begun to pay. They cannot pay any more. */
  async giveUp(): Promise<void> {
    const unpaid = [...this.#begun.keys()].filter(({ state, isPaying }) => state === 'reserved' && !isPaying);
    // A release that the store could not take is kept and reported by the guard.
    await Promise.all(unpaid.map((hold) => hold.release({ notSent: true }).catch(() => {})));
  }

  #end(hold: Hold): void {
    if (this.#begun.delete(hold)) this.#underWay.end();
  }

  /** A connection that broke off may never end its response. No handler may send for longer than this. */
  #forgetBefore(beforeMs: number): void {
    for (const [hold, begunAtMs] of this.#begun) {
      if (begunAtMs >= beforeMs) return;
      this.#end(hold);
    }
  }
}
