// What a database must do to be a store; everything else is in `engine-store.ts`.
import type { HoldRecord } from '../../core/hold.js';
import type {
  ClaimRequest,
  HoldFilter,
  HoldOutcome,
  HoldPage,
  HoldRequest,
  SettleOutcome,
  SettleRequest,
  WalletTotals,
} from '../../core/store.js';

/** An open hold, and the attempt that took it: a random text that tells two holds of one reference apart. */
export interface OwnHold {
  readonly hold: HoldRecord;
  readonly attempt: string;
}

/** One operation of a batch, and its answer. */
export interface Operations {
  totals: { readonly op: { readonly wallet: string }; readonly answer: WalletTotals };
  hold: { readonly op: { readonly request: HoldRequest; readonly attempt: string }; readonly answer: HoldOutcome };
  settle: { readonly op: { readonly request: SettleRequest }; readonly answer: SettleOutcome };
  get: { readonly op: { readonly reference: string }; readonly answer: HoldRecord | undefined };
  /**
   * The caller of this attempt was told that it failed, and has not paid: if the attempt took a hold, release it; if it did not,
   * see to it that it does not when it arrives late. Other attempts with the reference are left alone.
   */
  abandon: { readonly op: { readonly request: HoldRequest; readonly attempt: string }; readonly answer: null };
  /** Puts an open hold back after memory was lost, without a check; nothing if the reference is there. */
  restore: { readonly op: OwnHold; readonly answer: null };
}

export type OpKind = keyof Operations;
export type Op = { [Kind in OpKind]: { readonly kind: Kind } & Operations[Kind]['op'] }[OpKind];
export type Answer = Operations[OpKind]['answer'];

/** What became of a batch. */
export interface BatchReply {
  /** The epoch that the whole batch ran in. */
  readonly epoch: string;
  /** In the order of the operations. */
  readonly answers: readonly Answer[];
}

/**
 * A database as a store sees it.
 *
 * 1. `run` is one round trip and atomic for each wallet. An operation that is refused harms no other one.
 * 2. It answers `hold` with `recovering` while the epoch is younger than the recovery window on its own clock.
 * 3. When its memory is gone, `run` begins a new epoch; when it may have gone back in time, too.
 */
export interface Engine {
  readonly name: string;
  run(batch: readonly Op[]): Promise<BatchReply>;
  list(filter: HoldFilter): Promise<HoldPage>;
  claimSent(request: ClaimRequest): Promise<HoldPage>;
  close(): Promise<void>;
}
