// The description of an adapter for the provider contract.
import type { BalanceUnavailableReason } from '../../core/errors.js';
import type { BalanceProvider, ProviderWebhook } from '../../core/provider.js';
import type { PayoutVerdict } from '../../core/verdict.js';
import type { NetworkOptions } from '../../http/options.js';

/** An answer of the provider's API. */
export interface ApiAnswer {
  /** @defaultValue 200 */
  readonly status?: number | undefined;
  /** JSON, or the text of another body. */
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A request that reached the API. */
export interface ApiQuestion {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** An answer that an adapter must refuse, with the reason of its error. */
export interface RefusedAnswer extends ApiAnswer {
  readonly name: string;
  /** @defaultValue `malformed` */
  readonly reason?: BalanceUnavailableReason | undefined;
}

/** A payout as the provider reports it. */
export interface ReportedPayout {
  readonly reference: string;
  /** In the provider's own word. */
  readonly status: string;
  /** Decimal text in major units. */
  readonly amount: string;
  readonly fee?: string | undefined;
}

/** A webhook as it arrives. */
export interface WebhookDelivery {
  readonly name: string;
  readonly rawBody: Uint8Array;
  readonly headers: Parameters<ProviderWebhook['read']>[1];
}

/** A webhook that the adapter reads. */
export interface ValidWebhook extends WebhookDelivery {
  readonly reference: string | undefined;
  /**
   * Headers without which it is not valid.
   * @defaultValue those of the target
   */
  readonly signedBy?: readonly string[] | undefined;
  /**
   * `false`: its header is a shared secret and proves nothing of the body.
   * @defaultValue true
   */
  readonly isBodySigned?: boolean | undefined;
}

export interface ProviderTarget {
  /** For the titles of the tests. */
  readonly name: string;
  /** ISO 4217 code of the wallet. */
  readonly currency: string;
  /** An adapter for the API at this address, with these network options. */
  open(baseUrl: string, network: NetworkOptions): BalanceProvider;
  /** Texts that the adapter was given and that must appear nowhere. */
  readonly secrets: readonly string[];
  /** Answers the requests that come before others, such as those for tokens. */
  readonly before?: ((question: ApiQuestion) => ApiAnswer | undefined) | undefined;
  readonly balance: {
    /** The documented answer with this available balance, decimal text in major units. */
    answer(available: string): ApiAnswer;
    /**
     * Balances that the provider can report, as its adapter reads them.
     * @defaultValue from -25.00 to 90071992547409.93
     */
    readonly readable?: readonly string[] | undefined;
    /** JSON paths of the other figures in the answer, such as `data.0.ledger`. They decide nothing. */
    readonly otherFigures: readonly string[];
    readonly refused: readonly RefusedAnswer[];
  };
  readonly lookup?:
    | {
        answer(payout: ReportedPayout): ApiAnswer;
        /** Every documented status. */
        readonly statuses: Readonly<Record<Exclude<PayoutVerdict, 'unknown'>, readonly string[]>>;
        readonly notFound: ApiAnswer;
        /**
         * The adapter reports the debit of a payout whose fee is known. `amount`: it reports the amount as the debit,
         * because the provider takes no fee on top of it.
         * @defaultValue false
         */
        readonly reportsDebit?: boolean | 'amount' | undefined;
        /** Answers that are no outcome: rejected, or `unknown`. */
        readonly refused?: readonly RefusedAnswer[] | undefined;
      }
    | undefined;
  /** For an adapter that judges the answer of its payment call. */
  readonly result?:
    | {
        answer(payout: ReportedPayout): unknown;
        /** The words of that answer. @defaultValue those of a look-up */
        readonly statuses?: Readonly<Partial<Record<PayoutVerdict, readonly string[]>>> | undefined;
        /** Answers with the reference of the payout that prove nothing, such as those of the other mode. */
        unproved?(reference: string): readonly unknown[];
      }
    | undefined;
  readonly webhook?:
    | {
        readonly valid: readonly ValidWebhook[];
        readonly invalid: readonly WebhookDelivery[];
        /** Headers without which nothing is valid. */
        readonly signedBy: readonly string[];
      }
    | undefined;
}
