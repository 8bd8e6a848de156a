// A real database that stores the holds of histories.
import type { Clock, HoldStore } from 'payout-guard';

/** Batches that write change holds. They are safe to repeat where clients repeat requests. */
export type MessageKind = 'batch that writes' | 'batch' | 'other';

/** The path of one client's messages. */
export interface Line {
  /** Acts on the engine when the message arrives there. `what` is a description for readers. */
  send<T>(what: string, kind: MessageKind, act: () => Promise<T>): Promise<T>;
  /** Acts without the path. It may change holds. */
  sendAtOnce<T>(act: () => Promise<T>): Promise<T>;
}

/** No path at all, for checks. */
export const directLine: Line = { send: (_what, _kind, act) => act(), sendAtOnce: (act) => act() };

/** Mistakes of an engine: it receives or returns another message, or loses data it should keep. */
export interface Flaws {
  /** The deadline of a batch, instead of the one in its header. */
  readonly notAfterMs?: (headerMs: number) => number;
  /** Executes a batch each time it arrives. */
  readonly forgetsBatches?: true;
  /** Its time runs backwards with the server's clock. */
  readonly forgetsTime?: true;
  /** Rejects the holds of a batch that it does not execute. */
  readonly refusesLate?: true;
}

/** The `SharedStoreOptions` that the histories set. */
export interface StoreOptions {
  readonly deadlineMs: number;
  readonly maxBatch: number;
  readonly recoveryMs: number;
}

/**
 * An engine runs its production code, except that its stores read the time from the history: their clock, which is the
 * server's, is replaced in the one place that reads it.
 */
export interface RealEngine {
  readonly name: EngineName;
  /** Its clients repeat a request when its arrival is uncertain. */
  readonly resends: boolean;
  /** Opens a store as a process has it, with its own client. All of the client's requests go over the line. */
  open(clock: Clock, options: StoreOptions, line: Line, flaws?: Flaws): HoldStore;
  /** Forgets everything, like a restarted server or one with a lost disk. Open stores stay open. */
  forget(): Promise<void>;
  /** Forgets everything after a history, and frees its clients for the next one. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export const engineNames = ['redis', 'postgres', 'pglite', 'sqlite'] as const;

export type EngineName = (typeof engineNames)[number];

/** Starts an engine. Undefined, with a notice, where it is not installed. @throws with CI set, instead. */
export async function startEngine(name: EngineName): Promise<RealEngine | undefined> {
  // Imported lazily, because the import reports a missing engine.
  if (name === 'redis') return (await import('./redis.js')).startRedis();
  if (name === 'sqlite') return (await import('./sqlite.js')).startSqlite();
  const { startPGlite, startPostgres } = await import('./postgres.js');
  return name === 'postgres' ? startPostgres() : startPGlite();
}
