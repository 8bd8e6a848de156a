// A wallet, its provider and the processes that pay from it, in memory and by a seed: for histories that a drift watch
// must explain. Everything may happen while a balance is read and while the store is read.
import {
  type BalanceProvider,
  createPayoutGuard,
  type GuardEvents,
  type HoldInfo,
  type HoldRecord,
  type HoldStore,
  memoryStore,
  type PayoutGuard,
} from 'payout-guard';
import { holdInfo } from '../../src/core/hold-info.js';
import { Random } from '../simulation/random.js';
import { stoppedClock } from '../support/wallet.js';
import { seenStore } from './seen-store.js';
import { type Balance, now, type OwnEvent, type Payout, text, type WorldSettings } from './world-parts.js';

export const toleranceMs = 60_000;

const wallet = 'default';

export class DriftWorld {
  readonly random: Random;
  readonly clock: ReturnType<typeof stoppedClock> = stoppedClock();
  readonly guard: PayoutGuard;
  readonly lagMs: number;
  readonly visibleAt: BalanceProvider['debitVisibleAt'];
  readonly likesEqualAmounts: boolean;
  readonly #mayForget: boolean;
  /** The traffic of this history, from quiet to busy. */
  readonly #busy: number;
  #store: HoldStore = memoryStore();
  #balances: Balance[] = [];
  #payouts: Payout[] = [];
  #count = 0;
  /** Nothing happens while balance and store are read. */
  isCalm = true;
  /** Nothing else happens while something happens. */
  #isMoving = false;
  /** Credits that the application will report late. */
  onCredit: (credit: { amount: string; at?: Date }) => void = () => {};
  /** Counts of lost memories, failed payouts and late captures, and the most payouts that were under way. */
  forgot = 0;
  released = 0;
  late = 0;
  busiest = 0;
  readonly #listeners: { readonly [Name in OwnEvent]: Set<(event: GuardEvents[Name]) => unknown> } = {
    held: new Set(),
    captured: new Set(),
    paidAfterRelease: new Set(),
  };

  constructor({ seed, mayForget }: WorldSettings) {
    this.random = new Random(seed);
    this.#mayForget = mayForget;
    this.visibleAt = this.random.pick(['completion', 'acceptance', 'unknown'] as const);
    this.lagMs = this.random.pick([0, 0, 5_000] as const);
    this.likesEqualAmounts = this.random.chance(0.2);
    this.#busy = this.random.next();
    this.#store = memoryStore({ clock: this.clock });
    this.#change(500_000_000n);
    this.guard = this.#emitting(
      createPayoutGuard({
        provider: {
          name: 'model',
          accountId: 'model',
          debitVisibleAt: this.visibleAt,
          fetchBalance: () => this.#figure(),
        },
        currency: 'KES',
        store: seenStore(
          () => this.#store,
          () => this.#moveSometimes(),
          () => {
            this.#requestedAtMs = this.clock.now();
          },
        ),
        clock: this.clock,
        visibilityLagMs: this.lagMs,
        reconcileEveryMs: 0,
      }),
    );
  }

  /** The guard, with the events of what the world does in its place. */
  #emitting(guard: PayoutGuard): PayoutGuard {
    const { internals } = guard;
    const tap: PayoutGuard['on'] = (name, listener) => {
      const listeners = this.#listeners[name as OwnEvent] as Set<unknown> | undefined;
      if (!listeners) return internals.tap(name, listener);
      listeners.add(listener);
      return () => void listeners.delete(listener);
    };
    return { ...guard, internals: { ...internals, tap } };
  }

  #emit<Name extends OwnEvent>(name: Name, event: GuardEvents[Name]): void {
    for (const listener of this.#listeners[name]) listener(event);
  }

  get underWay(): number {
    return this.#payouts.length;
  }

  /** Moves money without a report to the guard. Positive leaves the wallet. */
  external(minor: bigint): void {
    this.#change(-minor);
  }

  /** Something happens, or nothing. */
  move(): void {
    if (this.#isMoving) return;
    this.#isMoving = true;
    const { random } = this;
    const roll = random.next();
    const payout = random.pick(this.#payouts);
    if (roll < 0.25 + this.#busy * 0.2) this.#begin();
    else if (roll < 0.85 && payout) this.#advance(payout);
    else if (roll < 0.93) this.#wait(random.upTo(20_000));
    else if (roll < 0.97) this.#topUp();
    else if (roll < 0.98 && this.#mayForget) this.#forget();
    this.#isMoving = false;
  }

  /** Every payout comes to its end, and the balance shows it. */
  finish(): void {
    while (this.#payouts.length > 0) for (const payout of [...this.#payouts]) this.#advance(payout);
    this.clock.advance(this.lagMs + 1);
  }

  #begin(): void {
    const { random } = this;
    this.#count += 1;
    const amountMinor = this.likesEqualAmounts
      ? BigInt(random.between(1, 2) * 10_000)
      : BigInt(random.between(1, 500_000));
    const costMinor = random.chance(0.85) ? amountMinor : amountMinor + BigInt(random.between(-99, 99));
    const debitAt = this.visibleAt === 'unknown' ? random.pick(['acceptance', 'completion'] as const) : this.visibleAt;
    const payout: Payout = {
      reference: `p${this.#count}`,
      attempt: `a${this.#count}`,
      amountMinor,
      costMinor: costMinor > 0n ? costMinor : 1n,
      debitAt,
      isOwn: random.chance(0.7),
      stage: 'held',
    };
    const hold = this.#hold(payout, random.chance(0.3) ? 'reserved' : 'sent');
    if (hold && payout.isOwn) this.#emit('held', { hold });
    this.#payouts.push(payout);
    this.busiest = Math.max(this.busiest, this.#payouts.length);
  }

  #hold({ reference, attempt, amountMinor }: Payout, state: 'reserved' | 'sent'): HoldInfo | undefined {
    const { epoch } = now(this.#store.totals(wallet));
    const limitMinor = 2n ** 62n;
    const expiresInMs = 3_600_000;
    const outcome = now(
      this.#store.hold({
        wallet,
        reference,
        attempt,
        amountMinor,
        currency: { code: 'KES', exponent: 2 },
        state,
        expiresInMs,
        sendsForMs: 180_000,
        epoch,
        limitMinor,
        metadata: {},
      }),
    );
    return outcome.outcome === 'held' ? holdInfo(outcome.hold) : undefined;
  }

  #advance(payout: Payout): void {
    const { random } = this;
    const { reference, attempt, costMinor, debitAt, stage } = payout;
    if (stage === 'held') {
      if (now(this.#store.get(reference)).hold?.state === 'reserved') {
        if (random.chance(0.2)) {
          this.#end(payout, 'released');
          if (random.chance(0.3)) this.#payLate(payout);
          return;
        }
        // A capture of a hold that was never marked as sent is accepted as well.
        payout.isUnmarked = random.chance(0.1);
        if (!payout.isUnmarked) now(this.#store.settle({ reference, attempt, to: 'sent', sendsForMs: 180_000 }));
      }
      payout.stage = 'accepted';
      if (debitAt === 'acceptance') this.#change(-costMinor);
    } else if (stage === 'accepted') {
      payout.stage = payout.isUnmarked || random.chance(0.85) ? 'completed' : 'failed';
      if (payout.stage === 'completed' && debitAt === 'completion') this.#change(-costMinor);
      if (payout.stage === 'failed' && debitAt === 'acceptance') this.#change(costMinor);
    } else this.#end(payout, stage === 'completed' ? 'captured' : 'released');
  }

  #end(payout: Payout, to: 'captured' | 'released'): void {
    this.#payouts = this.#payouts.filter((other) => other !== payout);
    if (to === 'captured') return void this.#capture(payout);
    this.released += 1;
    now(this.#store.settle({ reference: payout.reference, attempt: payout.attempt, to }));
  }

  /** Its reservation was over, and it is paid all the same and captured at once: money that left is a fact. */
  #payLate(payout: Payout): void {
    this.late += 1;
    this.#change(-payout.costMinor);
    const hold = this.#capture(payout);
    if (hold) this.#emit('paidAfterRelease', { hold, attempt: payout.attempt, perhapsTwice: false });
  }

  #capture({ reference, attempt, costMinor, isOwn }: Payout): HoldInfo | undefined {
    const request = { reference, attempt, to: 'captured', actualMinor: costMinor, visibleInMs: this.lagMs } as const;
    const outcome = now(this.#store.settle(request));
    const hold = 'hold' in outcome ? holdInfo(outcome.hold) : undefined;
    if (!hold || !isOwn) return undefined;
    this.#emit('captured', { hold });
    return hold;
  }

  #topUp(): void {
    const { random } = this;
    const minor = BigInt(random.between(1, 1_000_000));
    const credit = { amount: text(minor), at: new Date(this.clock.now()) };
    if (random.chance(0.5)) this.onCredit(credit);
    else this.lateCredits.push({ credit, byMs: this.clock.now() + toleranceMs - 1 });
    if (random.chance(0.3)) this.#wait(random.upTo(toleranceMs) - 1);
    this.#change(minor);
  }

  readonly lateCredits: { readonly credit: { amount: string; at: Date }; readonly byMs: number }[] = [];

  /** The application reports what it has not reported yet. */
  reportLate(): void {
    for (const { credit } of this.lateCredits.splice(0)) this.onCredit(credit);
  }

  /** Time passes; what must be reported by then is. */
  #wait(ms: number): void {
    if (this.lateCredits.some(({ byMs }) => byMs <= this.clock.now() + ms)) this.reportLate();
    this.clock.advance(ms);
  }

  /** A new epoch: open holds and captures that are not visible yet are restored, all else is gone. */
  #forget(): void {
    this.forgot += 1;
    const old = this.#store;
    this.#store = memoryStore({ clock: this.clock });
    for (const hold of now(old.list({ limit: 1_000 })).holds) this.#restore(hold);
  }

  #restore(hold: HoldRecord): void {
    const { reference, attempt, state, visibleAtMs = 0, capturedMinor } = hold;
    const isLate = state === 'captured' && visibleAtMs > this.clock.now();
    if (state !== 'reserved' && state !== 'sent' && !isLate) return;
    this.#hold(hold as unknown as Payout, state === 'reserved' ? 'reserved' : 'sent');
    if (!isLate) return;
    const visibleInMs = visibleAtMs - this.clock.now();
    now(this.#store.settle({ reference, attempt, to: 'captured', actualMinor: capturedMinor, visibleInMs }));
  }

  #change(minor: bigint): void {
    const before = this.#balances.at(-1)?.minor ?? 0n;
    this.#balances.push({ sinceMs: this.clock.now(), minor: before + minor });
  }

  async #figure(): Promise<{ available: string; currency: string }> {
    this.#moveSometimes();
    const oldestMs = this.clock.now() - (this.lagMs > 0 ? this.random.between(0, this.lagMs) : 0);
    const requestedAtMs = this.#requestedAtMs;
    // As old as the lag when it was asked for, or younger.
    const asOfMs = Math.max(oldestMs, requestedAtMs - this.lagMs);
    const { minor } = this.#balances.findLast(({ sinceMs }) => sinceMs <= asOfMs) ?? (this.#balances[0] as Balance);
    const figure = asOfMs === this.clock.now() ? (this.#balances.at(-1) as Balance).minor : minor;
    await Promise.resolve();
    this.#moveSometimes();
    return { available: text(figure), currency: 'KES' };
  }

  #requestedAtMs = 0;

  #moveSometimes(): void {
    while (!this.isCalm && this.random.chance(0.2)) this.move();
  }
}
