// The outbox of alerts, in notes that all processes of a store share: an alert is claimed, delivered and marked as
// delivered.
//
// Each condition (a wallet is below a threshold, a wallet is unreachable, a hold is overdue) has a note with its state.
// A process that sees it change writes the new state and the alert into the note with a compare-and-set: of several
// processes one succeeds, and that one delivers. The alert stays in the note until it is delivered. If its process dies
// in between, the next process that checks the condition after the lease delivers it. So an alert is delivered exactly
// once. It is delivered at least once if at that moment a process dies or pauses for longer than the lease, or the
// store loses data.
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Clock } from '../core/clock.js';
import type { Alert, AlertDraft } from './alert.js';
import { alertText } from './alert-text.js';
import type { Notes } from './notes.js';

/** The last state of a condition that any process has seen. */
export interface Fact {
  readonly state: string;
  /** Time at which the state was observed, in epoch milliseconds. */
  readonly seenAtMs: number;
  /** The process with the lease on the condition. Until the lease ends, no other process may end the condition. */
  readonly leaseOwner?: string | undefined;
  readonly leaseUntilMs?: number | undefined;
  /** The cause, as it was alerted. */
  readonly reason?: string | undefined;
  readonly sinceMs?: number | undefined;
  /** Time of the latest alert of the condition, in epoch milliseconds. */
  readonly raisedAtMs?: number | undefined;
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

/** Returns the next state of a condition and the alert it raises; undefined if nothing changes. */
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
  raisedAtMs: aTime.optional(),
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
  /** Ids of delivered alerts whose notes do not record that yet, because the store did not respond. */
  readonly #delivered = new Set<string>();

  /**
   * @param options - `leaseMs`: longer than a delivery may take, in milliseconds. Another process delivers the alert
   * when this time after the claim is over.
   */
  constructor(notes: Notes, options: { owner: string; leaseMs: number; clock: Clock }) {
    this.#notes = notes;
    this.#owner = options.owner;
    this.#leaseMs = options.leaseMs;
    this.#clock = options.clock;
  }

  /**
   * Brings a condition up to date. Resolves to the claim of an alert that the caller has to deliver. Rejects when the
   * store does.
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
    // The processes that keep changing the note raise its alerts.
    return undefined;
  }

  /**
   * Records that the alert was delivered or given up. Never rejects: if the store does not respond, `settle` writes it
   * later.
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
      // The earlier alert is delivered first. If it is claimed by this process and not under way, the answer to the
      // claim was lost.
      const isLost = owner === this.#owner ? !this.#underWay.has(alert.id) : untilMs <= nowMs;
      return isLost ? { ...note, claim: claimed(alert) } : undefined;
    }
    const change = decide(note);
    if (!change) return undefined;
    const { fact, alert } = change;
    return alert ? { ...fact, claim: claimed(completed(alert)) } : fact;
  }

  /** Reads the note after a lost answer: if it has the new value, it was written. */
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

/** Reads a note. An unreadable one counts as none, so the condition is alerted again. */
function read(text: string | undefined): Note | undefined {
  if (text === undefined) return undefined;
  try {
    return noteSchema.parse(JSON.parse(text)) as Note;
  } catch {
    return undefined;
  }
}
