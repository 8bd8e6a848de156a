// The outbox of alerts, in notes that all processes of a store share: an alert is claimed, delivered and marked as
// delivered.
//
// Each condition (a wallet is below a threshold, a wallet is unreachable, a hold is overdue) has a note with its state.
// A process that sees it change writes the new state and the alert into the note with a compare-and-set: of several
// processes one succeeds, and that one delivers. The alert stays in the note until it is delivered. If its process dies
// in between, the next process that checks the condition after the lease delivers it. So an alert is delivered exactly
// once; at least once when a process dies, or stands still for longer than the lease, or the store loses its memory, at
// that moment.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../core/clock.js';
import type { MaybePromise } from '../core/store.js';
import type { Alert, AlertDraft } from './alert.js';
import { alertText } from './alert-text.js';

/** Where notes live: rule 20 of `HoldStore`. */
export interface Notes {
  note(key: string): MaybePromise<string | undefined>;
  swapNote(key: string, expected: string | undefined, value: string | undefined): MaybePromise<boolean>;
}

/** What is known of a condition. */
export interface Fact {
  readonly state: string;
  /** When the state was observed, in epoch milliseconds. */
  readonly seenAtMs: number;
  /** The process that holds the condition, and until when no other one may end it. */
  readonly leaseOwner?: string | undefined;
  readonly leaseUntilMs?: number | undefined;
  /** Why the condition began. */
  readonly reason?: string | undefined;
  readonly sinceMs?: number | undefined;
  /** The latest unexplained movements that were alerted. */
  readonly drifts?: readonly RaisedDrift[] | undefined;
}

/** A movement that was alerted, and the processes that have seen it. */
export interface RaisedDrift {
  readonly what: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly seenBy: readonly string[];
}

/** The next state of a condition, and the alert it raises. Undefined: it stays as it is. */
export type Decide = (fact: Fact | undefined) => { readonly fact: Fact; readonly alert?: AlertDraft } | undefined;

/** An alert that this process has to deliver. */
export interface Claim {
  readonly outbox: AlertOutbox;
  readonly key: string;
  /** The note as this process has written it. */
  readonly text: string;
  readonly alert: Alert;
}

interface Note extends Fact {
  readonly claim?: { readonly owner: string; readonly untilMs: number; readonly alert: Alert } | undefined;
}

const aTime = z.number();
const noteSchema = z.looseObject({
  state: z.string(),
  seenAtMs: aTime,
  leaseOwner: z.string().optional(),
  leaseUntilMs: aTime.optional(),
  reason: z.string().optional(),
  sinceMs: aTime.optional(),
  drifts: z
    .array(z.looseObject({ what: z.string(), fromMs: aTime, toMs: aTime, seenBy: z.array(z.string()) }))
    .optional(),
  claim: z
    .looseObject({ owner: z.string(), untilMs: aTime, alert: z.looseObject({ id: z.string(), kind: z.string() }) })
    .optional(),
});

/** Margin of every lease, in milliseconds: clocks of processes may differ by this, or a process may pause for it. */
export const leaseMarginMs = 30_000;
/** Tries while other processes change the same note. */
const maxTries = 20;

export class AlertOutbox {
  readonly #notes: Notes;
  readonly #owner: string;
  readonly #leaseMs: number;
  readonly #clock: Clock;
  /** Ids of alerts that this process is delivering. */
  readonly #underWay = new Set<string>();
  /** Ids of alerts that it has delivered, until the note records it: the store did not respond. */
  readonly #delivered = new Set<string>();

  /**
   * @param options - `leaseMs`: longer than a delivery may take; so long after a claim another process delivers the
   * alert.
   */
  constructor(notes: Notes, options: { owner: string; leaseMs: number; clock: Clock }) {
    this.#notes = notes;
    this.#owner = options.owner;
    this.#leaseMs = options.leaseMs;
    this.#clock = options.clock;
  }

  /**
   * Brings a condition up to date. The caller has to deliver the alert of the claim it gets. Rejects when the store
   * does.
   */
  async settle(key: string, decide: Decide): Promise<Claim | undefined> {
    for (let tries = 0; tries < maxTries; tries++) {
      const text = (await this.#notes.note(key)) ?? undefined;
      const note = read(text);
      const isDelivered = note?.claim !== undefined && this.#delivered.has(note.claim.alert.id);
      const next = isDelivered ? { ...note, claim: undefined } : this.#next(note, decide);
      if (!next) return undefined;
      const nextText = JSON.stringify(next);
      if (!(await this.#swap(key, text, nextText))) continue;
      if (isDelivered) this.#delivered.delete(note.claim?.alert.id ?? '');
      else if (!next.claim) return undefined;
      else {
        this.#underWay.add(next.claim.alert.id);
        return { outbox: this, key, text: nextText, alert: next.claim.alert };
      }
    }
    // The processes that keep changing it take care of it.
    return undefined;
  }

  /**
   * Records that the alert was delivered or given up. Never rejects: what the store cannot take now is written by
   * `settle`.
   */
  async confirm({ key, text, alert }: Claim): Promise<void> {
    this.#delivered.add(alert.id);
    this.#underWay.delete(alert.id);
    try {
      await this.#swap(key, text, JSON.stringify({ ...read(text), claim: undefined }));
      this.#delivered.delete(alert.id);
    } catch {
      // Remembered above; `settle` writes it.
    }
  }

  /** Deletes the note of a condition, unless an alert of it is still to be delivered. */
  async forget(key: string): Promise<void> {
    const text = await this.#notes.note(key);
    if (text !== undefined && !read(text)?.claim) await this.#notes.swapNote(key, text, undefined);
  }

  #next(note: Note | undefined, decide: Decide): Note | undefined {
    const nowMs = this.#clock.now();
    const claimed = (alert: Alert) => ({ owner: this.#owner, untilMs: nowMs + this.#leaseMs, alert });
    if (note?.claim) {
      const { owner, untilMs, alert } = note.claim;
      // The alert before has to be delivered first. One of this process that is not under way was claimed by a request
      // without answer.
      const isLost = owner === this.#owner ? !this.#underWay.has(alert.id) : untilMs <= nowMs;
      return isLost ? { ...note, claim: claimed(alert) } : undefined;
    }
    const change = decide(note);
    if (!change) return undefined;
    const { fact, alert } = change;
    return alert ? { ...fact, claim: claimed(completed(alert)) } : fact;
  }

  /** A lost answer may mean that the note was written: if it has the new value now, it was. */
  async #swap(key: string, expected: string | undefined, value: string): Promise<boolean> {
    try {
      return await this.#notes.swapNote(key, expected, value);
    } catch (error) {
      if ((await this.#notes.note(key)) === value) return true;
      throw error;
    }
  }
}

function completed(draft: AlertDraft): Alert {
  return { id: randomUUID(), ...draft, message: alertText(draft) };
}

/** An unreadable note counts as none: the condition is alerted again. */
function read(text: string | undefined): Note | undefined {
  if (text === undefined) return undefined;
  try {
    return noteSchema.parse(JSON.parse(text)) as Note;
  } catch {
    return undefined;
  }
}
