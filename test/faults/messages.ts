// The messages between the checker (the process of the test) and the payers (the processes that share a store). Amounts
// are minor units; times are milliseconds of the machine's monotonic clock, which all processes share and no one can
// step.

/** The wallets of the bank: `prompt` shows a payout at once, `late` up to {@link lagMs} after. */
export const wallets = ['prompt', 'late'] as const;
export type Wallet = (typeof wallets)[number];

/** Longest time until the balance of the wallet `late` shows a payout, in milliseconds. */
export const lagMs = 500;
/** Longest time for one operation of a store. */
export const deadlineMs = 250;
/** Lifetime of a reservation that is left to expire. */
export const shortLifeMs = 150;

export type EngineName = 'redis' | 'postgres' | 'sqlite';
export type ClientName = 'ioredis' | 'node-redis' | 'pg' | 'postgres.js' | 'better-sqlite3';

/** Address of an engine for clients: ports are those of this host. */
export type Address =
  | { readonly host: string; readonly port: number }
  /** Of a unix socket. */
  | { readonly path: string }
  /** Of the nodes of a Redis cluster. */
  | { readonly cluster: readonly number[] }
  /** Of the sentinels that watch the primary. */
  | { readonly sentinels: readonly number[] };

/** The setup of a payer for one run. */
export interface Assignment {
  readonly engine: EngineName;
  /** The prefix, schema or file of the store. */
  readonly space: string;
  readonly address: Address;
  readonly waitReplicas?: { readonly count: number; readonly timeoutMs: number } | undefined;
  readonly bankUrl: string;
  readonly recoveryMs: number;
  readonly floorMinor: bigint;
  readonly seed: number;
  /** The first part of its references. */
  readonly name: string;
  readonly client: ClientName;
  /** One guard with both wallets, or a guard for each. */
  readonly guards: 'one' | 'per wallet';
}

export type ToPayer =
  | { readonly kind: 'begin'; readonly assignment: Assignment }
  /** From now on the clock of the process is off by this much. */
  | { readonly kind: 'shift clock'; readonly ms: number }
  /** The bank reports that a payout was made. */
  | ({ readonly kind: 'webhook' } & Payment)
  /** Make this payout; another process gets the same message. */
  | { readonly kind: 'race'; readonly reference: string; readonly wallet: Wallet; readonly amount: bigint }
  /** Begin nothing new, and answer `quiet` when everything under way is over. */
  | { readonly kind: 'pause' }
  /** Answer with what the store was asked about this reference. */
  | { readonly kind: 'show log'; readonly reference: string }
  /** Close everything of this run. */
  | { readonly kind: 'end' };

/** A payout that the bank has made. */
export interface Payment {
  readonly reference: string;
  readonly wallet: Wallet;
  /** The debit. */
  readonly actual: bigint;
}

/** A process may send a payout now. */
export interface Permission {
  readonly reference: string;
  readonly wallet: Wallet;
  readonly amount: bigint;
  /** Times of the request for the hold, and of its grant. */
  readonly heldFrom: number;
  readonly heldAt: number;
  /** The same for the permission itself, which is another request when the hold was reserved first. */
  readonly askedAt: number;
  readonly answeredAt: number;
}

/** The end of a hold, as the store answered it. */
export interface End {
  readonly as: 'captured' | 'released';
  /** Time of the request. */
  readonly fromMs: number;
}

export type FromPayer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'begun' }
  | ({ readonly kind: 'permitted' } & Permission)
  /** The store was asked to end a hold: from now on it may have ended. */
  | { readonly kind: 'ending'; readonly reference: string; readonly fromMs: number }
  /** It has ended. */
  | ({ readonly kind: 'ended'; readonly reference: string } & End)
  /** The webhook was processed, or failed. */
  | { readonly kind: 'webhook done'; readonly reference: string; readonly error?: string | undefined }
  | { readonly kind: 'refused' }
  | { readonly kind: 'unavailable' }
  | { readonly kind: 'warning'; readonly code: string }
  /** The guard reports that the store and an outcome do not agree. */
  | { readonly kind: 'alert'; readonly alert: string }
  /** A broken promise. */
  | { readonly kind: 'problem'; readonly problem: string }
  | ({ readonly kind: 'quiet' } & Quiet)
  | { readonly kind: 'log'; readonly lines: readonly string[] }
  | { readonly kind: 'over' };

/** The knowledge of a payer when nothing is under way in it. */
export interface Quiet {
  /** Holds it took that have not ended. */
  readonly open: readonly { readonly reference: string; readonly amount: bigint }[];
  /** Holds it was refused: nothing may be held for them. */
  readonly refused: readonly string[];
  readonly epoch: string;
  /** Longest time that it stood still. */
  readonly stalledMs: number;
}
