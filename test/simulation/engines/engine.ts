// A real database that keeps the holds of histories.
import type { Clock, HoldStore } from 'payout-guard';

/** The way of the messages of one client. */
export interface Line {
  /** Does something at the engine when the message arrives there. `what` is for people. Only batches change holds. */
  send<T>(what: string, isBatch: boolean, act: () => Promise<T>): Promise<T>;
  /** The same without a way. It may change holds. */
  sendAtOnce<T>(act: () => Promise<T>): Promise<T>;
}

/** No way at all, for those who judge. */
export const directLine: Line = { send: (_what, _isBatch, act) => act(), sendAtOnce: (act) => act() };

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
  /** A store as a process has it: with a client of its own. Whatever the client is to send goes over the line. */
  open(clock: Clock, options: StoreOptions, line: Line): HoldStore;
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
