// The description of an HTTP API, as the user writes it.
import type { BalanceProvider, PayoutQuestion, ProviderBalance } from '../../core/provider.js';
import type { NetworkOptions } from '../../http/options.js';
import type { VerdictTable } from '../shared/verdict-table.js';

/** The argument of the functions of a description. */
export interface HttpBalanceRequest {
  /** ISO 4217 code of the wallet's currency. */
  readonly currency: string;
}

/** The payout that is looked up. */
export type HttpPayoutQuestion = Pick<PayoutQuestion, 'reference' | 'currency' | 'sentAtMs'>;

type Headers = Readonly<Record<string, string>>;

/** A schema of zod, or anything else that checks a body and returns it. */
interface Schema<Body> {
  parse(input: unknown): Body;
}

/** A request of a description. */
export interface HttpCall<Request> {
  /** Its address. A function may put the currency or the reference into it: use `encodeURIComponent`. */
  url: string | ((request: Request) => string);
  /** @defaultValue `'GET'` */
  method?: 'GET' | 'POST' | undefined;
  /**
   * The JSON body of a POST: a value, or a function that returns it. Numbers are safe integers; write amounts as text,
   * or as bigint, which is sent as an exact JSON number.
   */
  body?: unknown;
}

/**
 * A failure that an API reports in its own way:
 *
 * - `unauthorized`: the credentials are void. `headers` is called once more, as after a 401.
 * - `forbidden`: an operator has to set something up.
 * - `rate_limited`: the API is busy. Worth another attempt.
 * - `provider_error`: any other one. Not worth another attempt.
 */
export type HttpFailureReason = 'unauthorized' | 'forbidden' | 'rate_limited' | 'provider_error';

/** A balance API, and how it reports payouts. */
export interface HttpProviderOptions<Body, Found = unknown, Row = unknown, Event = unknown>
  extends HttpCall<HttpBalanceRequest>,
    NetworkOptions {
  /** For messages and metrics. Letters, digits, `-` and `_`, at most 40. */
  name: string;
  /** Headers, credentials among them. A function is called for each request, and once more after a 401. */
  headers?: Headers | ((request: HttpBalanceRequest) => Headers | Promise<Headers>) | undefined;
  /**
   * Checks the body; a zod schema. JSON numbers arrive as exact decimal text, not as floats: describe an amount as
   * `z.string()` whether the API sends `1200.50` or `"1200.50"`.
   */
  schema: Schema<Body>;
  /**
   * Names the account behind the credentials, such as a merchant number: never a secret, and unchanged when keys are
   * rotated. Needed when two wallets of a store have the same address.
   * @defaultValue host and path of a fixed `url`
   */
  accountId?: string | undefined;
  /** Takes the spendable figure and its currency out of the body. */
  select: (body: Body, request: HttpBalanceRequest) => ProviderBalance;
  /**
   * The failure that an answer reports in its body, whatever its status; undefined leaves the status to decide. Applies
   * to balances and look-ups. `body` is undefined if it is no JSON; numbers in it are text.
   */
  failureOf?: ((status: number, body: unknown) => HttpFailureReason | undefined) | undefined;
  /** Looks payouts up by their reference. */
  lookup?: HttpLookup<Found, Row> | undefined;
  /** Events that the API signs. */
  webhook?: HttpWebhook<Event> | undefined;
  /** Events that the API posts without a signature. Not beside `webhook`. */
  callback?: HttpCallback<Event> | undefined;
  /**
   * Moment at which the balance shows a payout.
   * @defaultValue `'unknown'`, which is treated as `'completion'`
   */
  debitVisibleAt?: BalanceProvider['debitVisibleAt'] | undefined;
  /**
   * Longest time after that moment in which the balance may not show it, in milliseconds; 0 to 600,000. 0 only where
   * the provider documents it.
   * @defaultValue 10,000
   */
  visibleAfterMs?: number | undefined;
  /**
   * Longest reference that the API takes, in characters; 1 to 128.
   * @defaultValue 128
   */
  maxReferenceLength?: number | undefined;
  /**
   * Look-ups under way at the same time; 1 to 100. 1 where the API allows one session.
   * @defaultValue 4
   */
  lookupConcurrency?: number | undefined;
}

/**
 * The look-up of a payout. Rows are compared with the reference exactly. Of several, any that completed is
 * `completed`, and only all that failed are `failed`.
 */
export interface HttpLookup<Found, Row> extends HttpCall<HttpPayoutQuestion> {
  /** Checks the body of a 2xx answer; numbers arrive as text. */
  schema: Schema<Found>;
  /** Takes the payouts out of the body: `(body) => [body]` where it is one. */
  rows: (body: Found) => readonly Row[];
  /** The reference that the payout was sent with. */
  referenceOf: (row: Row) => string | null | undefined;
  /** The status of a payout, in the word of the API. */
  statusOf: (row: Row) => string;
  /** The documented words. One that is in no list is `unknown`, never `failed`. */
  statuses: VerdictTable;
  /**
   * True if the answer leaves payouts out, which may be ours: then only `completed` counts.
   * @defaultValue it never does
   */
  hasMore?: ((body: Found) => boolean) | undefined;
  /**
   * Amount and fee that left the wallet, in major units; the hold's amount stands without it, without a fee, or in
   * another currency.
   */
  debitOf?: ((row: Row) => HttpDebit | undefined) | undefined;
  /**
   * The body of the answer that means "no such payout", whatever its status below 500. Without it a 404 is `unknown`
   * and proves no absence: gateways answer it as well.
   */
  notFound?: Schema<unknown> | undefined;
}

/** The real debit of a payout, as decimal text in major units. */
export interface HttpDebit {
  readonly amount: string;
  /** `'0'` if the amount includes it. */
  readonly fee: string | null | undefined;
  readonly currency: string;
}

/** Events signed with an HMAC over the raw body. */
export interface HttpWebhook<Event> extends HttpCallback<Event> {
  /** The shared secret. During a rotation, the new and the old one. */
  secret: string | readonly string[];
  /** The header with the signature. */
  header: string;
  algorithm: 'sha256' | 'sha512';
  /** @defaultValue `'hex'` */
  encoding?: 'hex' | 'base64' | undefined;
  /** The text before the signature in the header, such as `sha256=`. */
  prefix?: string | undefined;
}

/** Events about payouts. One that the schema refuses is about no payout. */
export interface HttpCallback<Event> {
  /** Checks the body; numbers arrive as text. */
  schema: Schema<Event>;
  /** The reference of the payout that the event is about; undefined for events about anything else. */
  referenceOf: (event: Event) => string | undefined;
}
