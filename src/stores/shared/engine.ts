// The duties of a database under a store; everything else is in `engine-store.ts`.
import type { HoldRecord } from '../../core/hold.js';
import type { BatchDecision, HoldBatch } from '../../core/hold-batch.js';
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
  /** Several holds in one step, all of one wallet and with distinct references. The only operation of its batch. */
  holdAll: { readonly op: { readonly holds: HoldBatch }; readonly answer: BatchDecision };
  settle: {
    readonly op: {
      readonly request: SettleRequest;
      /**
       * Its wallet, when a hold that has not arrived yet is to be released: the release must not overtake one on its
       * way.
       */
      readonly wallet?: string | undefined;
    };
    readonly answer: SettleOutcome;
  };
  get: { readonly op: { readonly reference: string }; readonly answer: HoldRecord | undefined };
  /** Freezes a wallet, since now if no time is given; without a reason unfreezes it. */
  freeze: {
    readonly op: {
      readonly wallet: string;
      readonly reason: string | undefined;
      readonly sinceMs?: number | undefined;
    };
    readonly answer: null;
  };
  /** Accepts what the daily limits of a wallet count, although the memory of the database is younger than the day. */
  acceptLimits: { readonly op: { readonly wallet: string }; readonly answer: null };
  /**
   * Puts a sent hold, or a capture that is not visible yet, back after data was lost, without a check. A hold of the
   * same attempt is brought forward to this. A hold of an earlier turn in the same wallet gives way while holds are
   * being restored, unless it is captured: data went back in time to it. Anything else stays as it is, because
   * another process may have moved it on.
   */
  restore: { readonly op: { readonly hold: HoldRecord }; readonly answer: null };
}

export type OpKind = keyof Operations;
export type Op = { [Kind in OpKind]: { readonly kind: Kind } & Operations[Kind]['op'] }[OpKind];
export type Answer = Operations[OpKind]['answer'];

/** An operation that changes nothing. */
export function isReading({ kind }: Op): boolean {
  return kind === 'totals' || kind === 'get';
}

/** Instead of an answer: nothing was done, because a transaction of the application has locked the wallet. */
export const busy: unique symbol = Symbol('busy');

/**
Header of a batch that writes, so that it is executed in time, once, and on the data that it was meant for.
 */
export interface Header {
  /** Random, for this batch. */
  readonly id: string;
  readonly epoch: string;
  /** The latest time of the database's clock at which it may be executed, in epoch milliseconds. */
  readonly notAfterMs: number;
}

/** The outcome of a batch. */
export interface BatchReply {
  /** The epoch that the whole batch ran in. */
  readonly epoch: string;
  /**
   * The time of the store, which never runs back and never stops: that of the database's clock, or later. In epoch
   * milliseconds.
   */
  readonly nowMs: number;
  /** Positive while holds are being restored in a new epoch, in milliseconds. */
  readonly recoveringForMs: number;
  /**
   * True if all operations were executed now; false if none was, because of the header. That is no refusal: another
   * copy of the batch may have been executed before.
   */
  readonly isExecuted: boolean;
  /** In the order of the operations; none if they were not executed. */
  readonly answers: readonly (Answer | typeof busy)[];
}

/** Something that an operator should change, as sentences. */
export interface Concern {
  readonly what: string;
  readonly advice: string;
}

/**
 * A database as a store sees it.
 *
 * 1. `run` is one round trip and atomic for each wallet. An operation that is refused harms no other one. It may be
 *    called again before an earlier call has ended.
 * 2. It answers `hold` with `recovering` while the epoch is younger than the recovery window on its own clock.
 * 3. When its data is gone, `run` begins a new epoch; when it may have gone back in time, too.
 * 4. A batch with a header is not executed in another epoch, after its time, or (where clients repeat what they have
 *    sent) if a batch with this id was executed before. A batch without one only reads, or is part of a transaction of
 *    the application.
 * 5. A `hold` that its own attempt repeats is `held` again, alone or in a `holdAll`.
 * 6. A `holdAll` comes alone. Its holds are decided as `hold` is, one after the other; if the decision is that nothing
 *    is granted, none of them is written.
 */
export interface Engine {
  readonly name: string;
  run(batch: readonly Op[], header?: Header): Promise<BatchReply>;
  /**
   * Schedules a batch at the end of the turn in which it is requested. @defaultValue after the microtasks of the caller
   */
  soon?(flush: () => void): void;
  list(filter: HoldFilter): Promise<HoldPage>;
  claim(request: ClaimRequest): Promise<ClaimPage>;
  note(key: string): Promise<string | undefined>;
  swapNote(key: string, expected: string | undefined, value: string | undefined): Promise<boolean>;
  /** True if there is a connection for what was sent; undefined, or no such method, when that is not known. */
  isConnected?(): boolean | undefined;
  /** Rejects when the tables or scripts are not those of this version. */
  ready?(): Promise<void>;
  /** Settings of the database and its client that work, and may lose data or end the process. */
  concerns?(): Promise<readonly Concern[]>;
  close(): Promise<void>;
}
