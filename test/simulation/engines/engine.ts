// A real database that keeps the holds of histories.
import type { Clock, HoldStore } from 'payout-guard';

/** Batches that write change holds, and are safe to be sent twice where clients do that. */
export type MessageKind = 'batch that writes' | 'batch' | 'other';

/** The way of the messages of one client. */
export interface Line {
  /** Does something at the engine when the message arrives there. `what` is for people. */
  send<T>(what: string, kind: MessageKind, act: () => Promise<T>): Promise<T>;
  /** The same without a way. It may change holds. */
  sendAtOnce<T>(act: () => Promise<T>): Promise<T>;
}

/** No way at all, for those who judge. */
export const directLine: Line = { send: (_what, _kind, act) => act(), sendAtOnce: (act) => act() };

/** Mistakes that an engine is made to have: it gets or gives another message, or loses what it should keep. */
export interface Flaws {
  /** When a batch is too late for it, instead of what its header says. */
  readonly notAfterMs?: (headerMs: number) => number;
  /** Executes a batch as often as it arrives. */
  readonly forgetsBatches?: true;
  /** Its time runs back with the clock of the server. */
  readonly forgetsTime?: true;
  /** Refuses the holds of a batch that it does not execute. */
  readonly refusesLate?: true;
}

/** What the histories set of the `SharedStoreOptions`. */
export interface StoreOptions {
  readonly deadlineMs: number;
  readonly maxBatch: number;
  readonly recoveryMs: number;
}

/**
 * An engine runs what it always runs, except that its stores read the time from the history: their clock, which is the
 * server's, is taken from where it is read in one place.
 */
export interface RealEngine {
  readonly name: EngineName;
  /** Its clients send a request once more when they are not sure that it arrived. */
  readonly resends: boolean;
  /** A store as a process has it: with a client of its own. Whatever the client is to send goes over the line. */
  open(clock: Clock, options: StoreOptions, line: Line, flaws?: Flaws): HoldStore;
  /** Forgets everything, as a server that was started anew or whose disk was lost. Stores that are open stay open. */
  forget(): Promise<void>;
  /** After a history: forgets everything, and its clients are free for the next one. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export const engineNames = ['redis', 'postgres', 'pglite', 'sqlite'] as const;

export type EngineName = (typeof engineNames)[number];

/** An engine, running; undefined, said loudly, where it is not installed. @throws with CI set, instead. */
export async function startEngine(name: EngineName): Promise<RealEngine | undefined> {
  // Not imported before: what is missing is reported by the import.
  if (name === 'redis') return (await import('./redis.js')).startRedis();
  if (name === 'sqlite') return (await import('./sqlite.js')).startSqlite();
  const { startPGlite, startPostgres } = await import('./postgres.js');
  return name === 'postgres' ? startPostgres() : startPGlite();
}
