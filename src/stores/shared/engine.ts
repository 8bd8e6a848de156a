// What a database must do to be a store; everything else is in `engine-store.ts`.
import type { HoldRecord } from '../../core/hold.js';
import type {
  ClaimPage,
  ClaimRequest,
  HoldFilter,
  HoldOutcome,
  HoldPage,
  HoldRequest,
  SettleOutcome,
  SettleRequest,
  WalletTotals,
} from '../../core/store.js';

/** One operation of a batch, and its answer. */
export interface Operations {
  totals: { readonly op: { readonly wallet: string }; readonly answer: WalletTotals };
  hold: { readonly op: { readonly request: HoldRequest }; readonly answer: HoldOutcome };
  settle: { readonly op: { readonly request: SettleRequest }; readonly answer: SettleOutcome };
  get: { readonly op: { readonly reference: string }; readonly answer: HoldRecord | undefined };
  /**
   * The caller of this attempt was refused and has not paid. Releases the hold that the attempt took, so that its
   * reference may be held again; if it took none, makes sure that it does not when it arrives late. Leaves alone other
   * attempts with the reference, and a reservation that another handle of the attempt was given to send since.
   */
  abandon: { readonly op: { readonly request: HoldRequest }; readonly answer: null };
  /** Freezes a wallet, since now if no time is given; without a reason unfreezes it. */
  freeze: {
    readonly op: {
      readonly wallet: string;
      readonly reason: string | undefined;
      readonly sinceMs?: number | undefined;
    };
    readonly answer: null;
  };
  /**
   * Puts an open hold, or a capture that is not visible yet, back after memory was lost, without a check. Where memory
   * went back in time, a hold of the same attempt is brought forward to this, and an earlier attempt gives way. Never
   * sets a hold back: does nothing if the reference is there otherwise, because another process may have moved it on.
   */
  restore: { readonly op: { readonly hold: HoldRecord }; readonly answer: null };
}

export type OpKind = keyof Operations;
export type Op = { [Kind in OpKind]: { readonly kind: Kind } & Operations[Kind]['op'] }[OpKind];
export type Answer = Operations[OpKind]['answer'];

/** The outcome of a batch. */
export interface BatchReply {
  /** The epoch that the whole batch ran in. */
  readonly epoch: string;
  /** The time of the database's clock, in epoch milliseconds. */
  readonly nowMs: number;
  /** Positive while holds are being restored in a new epoch, in milliseconds. */
  readonly recoveringForMs: number;
  /** In the order of the operations. */
  readonly answers: readonly Answer[];
}

/**
 * A database as a store sees it.
 *
 * 1. `run` is one round trip and atomic for each wallet. An operation that is refused harms no other one. It may be
 *    called again before an earlier call has ended.
 * 2. It answers `hold` with `recovering` while the epoch is younger than the recovery window on its own clock.
 * 3. When its memory is gone, `run` begins a new epoch; when it may have gone back in time, too.
 */
export interface Engine {
  readonly name: string;
  /** A batch waits for others with one of its wallets, and a wallet may stay locked: wallets queue separately then. */
  readonly locksWallets: boolean;
  run(batch: readonly Op[]): Promise<BatchReply>;
  /** When a batch sets out, at the end of the turn that it is asked for in. @defaultValue after the microtasks of the caller */
  soon?(flush: () => void): void;
  list(filter: HoldFilter): Promise<HoldPage>;
  claim(request: ClaimRequest): Promise<ClaimPage>;
  note(key: string): Promise<string | undefined>;
  swapNote(key: string, expected: string | undefined, value: string | undefined): Promise<boolean>;
  close(): Promise<void>;
}
