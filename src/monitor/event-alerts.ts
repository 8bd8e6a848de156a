// Alerts for events of the guard, each raised once between the processes of a store however often the event comes.
import { askStore } from '../core/ask-store.js';
import type { Clock } from '../core/clock.js';
import type { GuardEvents } from '../core/events.js';
import { isOpen } from '../core/hold.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import type { HoldReading } from '../core/store.js';
import type { AlertOutbox, Claim } from './alert-outbox.js';
import { type AlertingEvent, alertingEvents, type Condition, conditionOf } from './event-rules.js';

/** Most notes that are remembered for deletion after their holds have ended. A note that is left behind is harmless. */
const maxRemembered = 10_000;
/** Notes that are checked in each round. */
const checksPerRound = 20;

/** A note about a payout that this process wrote or found. */
interface PayoutNote {
  readonly reference: string;
  readonly keptAfterEndMs: number;
  /** Time of the event on the store's clock, in epoch milliseconds. */
  readonly seenAtMs: number;
}

export interface EventAlertsOptions {
  /** Outbox in the store. */
  readonly shared: AlertOutbox;
  /** Outbox of this process, for alerts that concern it alone or that the store cannot take. */
  readonly own: AlertOutbox;
  readonly clock: Clock;
  /** Delivers the alert of a claim. */
  readonly deliver: (claim: Claim) => Promise<unknown>;
  /** Tracks the work of an event, so that `close` waits for it. */
  readonly track: (work: Promise<void>) => void;
  /** Reports that an alert could not be raised now and will be retried. */
  readonly onDelay: (condition: Condition, error: unknown) => void;
}

export class EventAlerts {
  readonly #guard: PayoutGuard;
  readonly #options: EventAlertsOptions;
  readonly #stops: readonly (() => void)[];
  /** By the key of the note, checked in turn. */
  readonly #notes = new Map<string, PayoutNote>();
  /**
   * Attempts that were reported as never seen in this turn of the event loop. That alert replaces `overdue_hold`, which
   * has less information.
   */
  readonly #neverSeen = new Set<string>();

  constructor(guard: PayoutGuard, options: EventAlertsOptions) {
    this.#guard = guard;
    this.#options = options;
    this.#stops = alertingEvents.map((name) => this.#listen(name));
  }

  /** Stops listening. */
  close(): void {
    for (const stop of this.#stops) stop();
  }

  /** Deletes notes of some payouts that ended long ago. Rejects when the store does. */
  async forgetEnded(): Promise<void> {
    for (const [key, note] of [...this.#notes].slice(0, checksPerRound)) {
      const isOver = await this.#isOver(note);
      this.#notes.delete(key);
      if (isOver) await this.#options.shared.forget(key);
      else this.#notes.set(key, note);
    }
  }

  /** Raises the alert of a condition, unless it was raised before. Never rejects. */
  raise(condition: Condition): void {
    this.#options.track(this.#raise(condition));
  }

  #listen<Name extends AlertingEvent>(name: Name): () => void {
    const conditionFrom = conditionOf[name] as (event: GuardEvents[Name], nowMs: number) => Condition | undefined;
    return this.#guard.on(name, (event) => {
      const condition = conditionFrom(event, this.#options.clock.now());
      if (condition) this.raise(condition);
    });
  }

  async #raise(condition: Condition): Promise<void> {
    const { deliver, own, onDelay } = this.#options;
    const { stuck, key, decide, repeats } = condition;
    if (stuck?.as === 'never_seen') this.#neverSeen.add(stuck.attempt);
    try {
      // The guard emits `overdue` first, and `neverSeen` in the same turn.
      await Promise.resolve();
      if (stuck?.as === 'overdue' && this.#neverSeen.has(stuck.attempt)) return;
      const claim = await this.#claim(condition);
      if (claim) await deliver(claim);
    } catch (error) {
      if (repeats) return onDelay(condition, error);
      // The event is not repeated, so it cannot wait for the store. Another process may raise the alert too.
      const claim = await own.settle(key, decide);
      if (claim) await deliver(claim);
    } finally {
      if (stuck?.as === 'never_seen') this.#neverSeen.delete(stuck.attempt);
    }
  }

  async #claim({ key, decide, reference, stuck, keptAfterEndMs, isOwn }: Condition): Promise<Claim | undefined> {
    if (isOwn) return this.#options.own.settle(key, decide);
    if (reference !== undefined && keptAfterEndMs !== undefined) {
      const { hold, nowMs } = await this.#reading(reference);
      if (stuck && (hold?.state !== 'sent' || hold.attempt !== stuck.attempt)) return undefined;
      if (this.#notes.size < maxRemembered) this.#notes.set(key, { reference, keptAfterEndMs, seenAtMs: nowMs });
    }
    return this.#options.shared.settle(key, decide);
  }

  async #isOver({ reference, keptAfterEndMs, seenAtMs }: PayoutNote): Promise<boolean> {
    const { hold, nowMs } = await this.#reading(reference);
    return !(hold && isOpen(hold.state)) && nowMs - (hold?.endedAtMs ?? seenAtMs) > keptAfterEndMs;
  }

  async #reading(reference: string): Promise<HoldReading> {
    return askStore(this.#guard.internals.store, (store) => store.get(reference));
  }
}
