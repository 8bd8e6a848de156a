// What the judge (the process of the test) and the payers (the processes that share a store) say to each other. Amounts are minor
// units; times are milliseconds of the machine's monotonic clock, which all processes share and nobody can put off.

/** The wallets of the bank: `prompt` shows a payout at once, `late` up to {@link lagMs} after. */
export const wallets = ['prompt', 'late'] as const;
export type Wallet = (typeof wallets)[number];

/** How late the balance of the wallet `late` shows a payout, at most. */
export const lagMs = 500;
/** Longest time for one operation of a store. */
export const deadlineMs = 250;
/** A reservation that nobody means to use in time. */
export const shortLifeMs = 150;

export type EngineName = 'redis' | 'postgres';

/** What a payer is told when a run begins. */
export interface Assignment {
  readonly engine: EngineName;
  /** The prefix or schema of the store. */
  readonly space: string;
  /** Where the engine is: a link of this payer's own. */
  readonly port: number;
  readonly bankUrl: string;
  readonly recoveryMs: number;
  readonly floorMinor: bigint;
  readonly seed: number;
  /** References begin with it. */
  readonly name: string;
  /** Which client of Redis it uses. */
  readonly client: 'ioredis' | 'node-redis';
}

export type ToPayer =
  | { readonly kind: 'begin'; readonly assignment: Assignment }
  /** From now on the clock of the process is off by so much. */
  | { readonly kind: 'shift clock'; readonly ms: number }
  /** The bank tells that a payout was made. */
  | ({ readonly kind: 'webhook' } & Payment)
  /** Make this payout; another process is told the same. */
  | { readonly kind: 'race'; readonly reference: string; readonly wallet: Wallet; readonly amount: bigint }
  /** Begin nothing new, and say `quiet` when all that is under way is over. */
  | { readonly kind: 'pause' }
  /** Say what was asked of the store about this reference. */
  | { readonly kind: 'tell trail'; readonly reference: string }
  /** Close everything of this run. */
  | { readonly kind: 'end' };

/** A payout that the bank has made. */
export interface Payment {
  readonly reference: string;
  readonly wallet: Wallet;
  /** What it debited. */
  readonly actual: bigint;
}

/** A process may send a payout now. */
export interface Permission {
  readonly reference: string;
  readonly wallet: Wallet;
  readonly amount: bigint;
  /** When the guard was asked for the hold, and when it had answered. */
  readonly heldFrom: number;
  readonly heldAt: number;
  /** The same for the permission itself: another call when the hold was reserved first. */
  readonly askedAt: number;
  readonly answeredAt: number;
}

/** The end of a hold, as a process was told it. */
export interface End {
  readonly as: 'captured' | 'released';
  /** When it asked for it. */
  readonly fromMs: number;
}

export type FromPayer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'begun' }
  | ({ readonly kind: 'permitted' } & Permission)
  /** The store was asked to end a hold: it may do so from now on. */
  | { readonly kind: 'ending'; readonly reference: string; readonly fromMs: number }
  /** It has ended. */
  | ({ readonly kind: 'ended'; readonly reference: string } & End)
  /** The bank's word was passed on, or could not be. */
  | { readonly kind: 'webhook done'; readonly reference: string; readonly error?: string | undefined }
  | { readonly kind: 'refused' }
  | { readonly kind: 'unavailable' }
  | { readonly kind: 'warning'; readonly code: string; readonly message: string }
  /** Something that must not happen. */
  | { readonly kind: 'problem'; readonly problem: string }
  | ({ readonly kind: 'quiet' } & Quiet)
  | { readonly kind: 'trail'; readonly lines: readonly string[] }
  | { readonly kind: 'over' };

/** What a payer believes when nothing is under way in it. */
export interface Quiet {
  /** Holds it took, and that it has not ended. */
  readonly open: readonly { readonly reference: string; readonly amount: bigint }[];
  /** Holds it was refused: nothing may be held for them. */
  readonly refused: readonly string[];
  readonly epoch: string | undefined;
  /** How long it stood still at most. */
  readonly stalledMs: number;
}

/** The machine's monotonic clock. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}
