// Transfers and payouts of the Stripe simulator: creation, lists, events.
import { stringify } from 'lossless-json';
import * as z from 'zod';
import type { Currency } from '../../core/currency.js';
import { formatMinorUnits } from '../../core/money.js';
import type { Filled, Shape } from '../simulator/check-options.js';
import type { Answer } from '../simulator/faults.js';
import { type PostResult, postToLoopback } from '../simulator/loopback-post.js';
import { type Entry, PayoutBook, type PayoutRules, type PayoutStatus } from '../simulator/payout-book.js';
import type { Protocol, RouteRequest } from '../simulator/server.js';
import type { TaskTimer } from '../simulator/task-timer.js';
import { invalid, readFields, refused, signatureHeader } from './codec.js';

/** A transfer or payout of the Stripe simulator. */
export interface StripePayment {
  readonly id: string;
  readonly object: 'transfer' | 'payout';
  /** Its `metadata[guard_reference]` or `transfer_group`. */
  readonly reference: string;
  /** Decimal text in major units. */
  readonly amount: string;
  readonly status: PayoutStatus;
}

/** Differences of the Stripe simulator's payments from others. */
export interface StripePaymentOptions {
  /**
   * The answer to a payout that the balance cannot cover: an error, or a payout that fails by itself. Transfers are
   * always refused.
   * @defaultValue 'refused'
   */
  readonly insufficient?: 'refused' | 'failed' | undefined;
  /**
   * The events of payments that were created or have ended. An `unsigned` one has no signature. A `forged` one is
   * signed with another secret.
   * @defaultValue 'once'
   */
  readonly events?: 'once' | 'none' | 'twice' | 'unsigned' | 'forged' | undefined;
}

/** An event that was posted, or was to be. */
export interface StripeEvent extends PostResult {
  readonly type: string;
  readonly reference: string;
}

export interface StripePayments {
  readonly routes: Protocol['routes'];
  readonly events: readonly StripeEvent[];
  readonly payments: () => StripePayment[];
  readonly advance: (idOrReference: string, status: Exclude<PayoutStatus, 'pending'>) => void;
}

interface Details {
  readonly object: StripePayment['object'];
  readonly createdAt: number;
  readonly fields: Answer['body'];
  failureCode: 'account_closed' | 'insufficient_funds';
}

export interface StripeContext {
  readonly rules: PayoutRules<StripePayment> & Filled<StripePaymentOptions>;
  readonly currency: Currency;
  readonly livemode: boolean;
  readonly account: string | undefined;
  readonly balance: { available: bigint };
  readonly webhook: { readonly url: string | undefined; readonly secret: string };
  readonly now: () => number;
  readonly timer: TaskTimer;
  /** @throws a refusal unless the caller is known. */
  readonly authenticate: (request: RouteRequest) => void;
}

const formFields = /^(amount|currency|destination|description|transfer_group|method|source_type|metadata\[\w+\])$/;
const listFields = /^(limit|starting_after|transfer_group|destination|created\[(gte|lte)\])$/;
const words = { pending: 'pending', processing: 'in_transit', completed: 'paid', failed: 'failed' };

export function stripePayments(context: StripeContext): StripePayments {
  const { rules, currency, livemode, balance, webhook, now, timer, authenticate } = context;
  const events: StripeEvent[] = [];
  const answers = new Map<string, { readonly request: string; readonly answer: Answer }>();
  const take = (minor: bigint) => {
    balance.available -= minor;
  };
  const book = new PayoutBook<Details, StripePayment>({
    rules,
    debits: [{ at: rules.debitAt, take }],
    timer,
    idPrefix: 'sim_',
    publicForm,
    onFinal: (entry) => void post(entry.details.object === 'transfer' ? 'created' : words[entry.status], entry),
  });

  /** A key answers its first request again, whatever has happened since. */
  function create(object: Details['object'], request: RouteRequest): Answer {
    authenticate(request);
    const key = String(request.headers['idempotency-key'] ?? '');
    const known = key === '' ? undefined : answers.get(key);
    if (known && known.request !== request.path + request.body) {
      throw refused(400, 'idempotency_error', 'The key was used with other parameters');
    }
    const answer = known?.answer ?? created(object, request);
    if (key !== '') answers.set(key, { request: request.path + request.body, answer });
    return answer;
  }

  function created(object: Details['object'], { body }: RouteRequest): Answer {
    const fields = readFields(new URLSearchParams(body), formFields);
    const amountMinor = BigInt(/^[1-9]\d{0,17}$/.exec(fields.get('amount') ?? '')?.[0] ?? 0);
    if (amountMinor === 0n) throw invalid('Invalid amount', 'parameter_invalid_integer');
    const { code } = currency;
    if (fields.get('currency') !== code.toLowerCase())
      throw invalid('No balance in this currency', 'balance_insufficient');
    if (object === 'transfer' && !fields.has('destination')) throw invalid('Missing destination', 'parameter_missing');
    const metadata = Object.fromEntries(
      [...fields].flatMap(([name, value]) => {
        const key = /^metadata\[(\w+)\]$/.exec(name)?.[1];
        return key === undefined ? [] : [[key, value]];
      }),
    );
    const text = (name: string, fallback: string | null = null) => fields.get(name) ?? fallback;
    const own = {
      transfer: { destination: text('destination'), transfer_group: text('transfer_group') },
      payout: { method: text('method', 'standard'), source_type: text('source_type', 'card') },
    };
    const details: Details = {
      object,
      createdAt: Math.floor(now() / 1_000),
      fields: { metadata, description: text('description'), ...own[object] },
      failureCode: 'account_closed',
    };
    const reference = metadata.guard_reference ?? fields.get('transfer_group') ?? '';
    const draft = { reference, amountMinor, details };
    if (book.costMinor(amountMinor) > balance.available) {
      if (object === 'transfer' || rules.insufficient === 'refused') {
        throw invalid('The balance is too low', 'balance_insufficient');
      }
      details.failureCode = 'insufficient_funds';
      const entry = book.refuse(draft);
      void post('failed', entry);
      return { status: 200, body: { ...objectOf(entry), status: 'pending' } };
    }
    const entry = book.accept(draft);
    if (object === 'payout') void post('created', entry);
    else book.advance(entry.id, 'completed');
    return { status: 200, body: objectOf(entry) };
  }

  /** Newest first. */
  function list(object: Details['object'], request: RouteRequest): Answer {
    authenticate(request);
    const fields = readFields(request.query, listFields);
    const [from, to] = [Number(fields.get('created[gte]') ?? 0), Number(fields.get('created[lte]') ?? 1e15)];
    const limit = Number(fields.get('limit') ?? 10);
    if (!(limit >= 1 && limit <= 100)) throw invalid('Invalid limit', 'parameter_invalid_integer');
    const rows = book.entries
      .filter(({ details }) => details.object === object && details.createdAt >= from && details.createdAt <= to)
      .map(objectOf)
      .filter((row) => !fields.has('transfer_group') || row.transfer_group === fields.get('transfer_group'))
      .toReversed();
    const after = fields.get('starting_after');
    const start = after === undefined ? 0 : rows.findIndex(({ id }) => id === after) + 1;
    if (after !== undefined && start === 0) throw invalid('No such object', 'resource_missing');
    const data = rows.slice(start, start + limit);
    return {
      status: 200,
      body: { object: 'list', data, has_more: start + limit < rows.length, url: request.path },
    };
  }

  function one(object: Details['object'], request: RouteRequest): Answer {
    authenticate(request);
    const found = book.entries.find((entry) => request.path.endsWith(`/${wireId(entry)}`));
    if (found?.details.object !== object) {
      throw refused(404, 'invalid_request_error', `No such ${object}`, 'resource_missing');
    }
    return { status: 200, body: objectOf(found) };
  }

  function objectOf(entry: Entry<Details>): Record<string, unknown> {
    const { object, createdAt, fields, failureCode } = entry.details;
    const isFailed = entry.status === 'failed';
    const ofPayout = { status: words[entry.status], automatic: false, failure_code: isFailed ? failureCode : null };
    return {
      id: wireId(entry),
      object,
      amount: entry.amountMinor,
      balance_transaction: `txn_${entry.id}`,
      created: createdAt,
      currency: currency.code.toLowerCase(),
      livemode,
      ...fields,
      ...(object === 'payout' ? ofPayout : { amount_reversed: 0, reversed: false }),
    };
  }

  async function post(what: string, entry: Entry<Details>): Promise<void> {
    if (webhook.url === undefined || rules.events === 'none') return;
    const type = `${entry.details.object}.${what}`;
    const seconds = Math.floor(now() / 1_000);
    const { account } = context;
    const head = { id: `evt_${entry.id}_${what}`, object: 'event', type, created: seconds, livemode };
    const body = stringify({ ...head, ...(account && { account }), data: { object: objectOf(entry) } }) ?? '';
    const secret = rules.events === 'forged' ? 'whsec_forged' : webhook.secret;
    const headers: Record<string, string> =
      rules.events === 'unsigned' ? {} : { 'stripe-signature': signatureHeader(secret, seconds, body) };
    for (let times = rules.events === 'twice' ? 2 : 1; times > 0; times -= 1) {
      const end = await postToLoopback(webhook.url, body, timer.closing, headers);
      events.push({ type, reference: entry.reference, ...end });
    }
  }

  function publicForm(entry: Entry<Details>): StripePayment {
    const { reference, amountMinor, status, details } = entry;
    const amount = formatMinorUnits(amountMinor, currency);
    return { id: wireId(entry), object: details.object, reference, amount, status };
  }

  return {
    routes: {
      'POST /v1/transfers': (request) => create('transfer', request),
      'GET /v1/transfers': (request) => list('transfer', request),
      'GET /v1/transfers/{id}': (request) => one('transfer', request),
      'POST /v1/payouts': (request) => create('payout', request),
      'GET /v1/payouts': (request) => list('payout', request),
      'GET /v1/payouts/{id}': (request) => one('payout', request),
    },
    events,
    payments: () => book.entries.map(publicForm),
    advance: (idOrReference, status) => {
      const found = book.entries.find((entry) => wireId(entry) === idOrReference);
      book.advance(found?.id ?? idOrReference, status);
    },
  };
}

function wireId({ id, details }: Entry<Details>): string {
  return `${details.object === 'transfer' ? 'tr' : 'po'}_${id}`;
}

export const stripePaymentShape: Shape<StripePaymentOptions, Filled<StripePaymentOptions>> = {
  insufficient: z.enum(['refused', 'failed']).default('refused'),
  events: z.enum(['once', 'none', 'twice', 'unsigned', 'forged']).default('once'),
};
