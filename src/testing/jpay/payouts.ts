// Payouts of the JPay simulator: initiation, details, lists, callbacks. Texts that are not documented are marked.
import { z } from 'zod';
import type { Filled, Shape } from '../simulator/check-options.js';
import type { Answer } from '../simulator/faults.js';
import { postToLoopback } from '../simulator/loopback-post.js';
import { type Entry, PayoutBook, type PayoutRules, type PayoutStatus } from '../simulator/payout-book.js';
import type { Protocol, RouteRequest } from '../simulator/server.js';
import type { TaskTimer } from '../simulator/task-timer.js';
import type { JpayCallback } from './callback.js';
import { basePath, kesAmount, kesText, parsedObject, refused } from './codec.js';

/** A payout of the JPay simulator. */
export interface JpayPayout {
  readonly id: string;
  readonly refNo: string;
  /** The payee: a phone number. */
  readonly payto: string;
  /** Amount that the payee receives, decimal text in KES. */
  readonly amount: string;
  readonly status: PayoutStatus;
}

/** Differences of the JPay simulator's payouts from others. */
export interface JpayPayoutOptions {
  /**
   * The result of a `ref_no` that was used before: 400 `Reference number already exists`, the first payout, or a second
   * one. Not documented.
   * @defaultValue 'refuse'
   */
  readonly duplicateRefNo?: 'refuse' | 'return_first' | 'create_second' | undefined;
  /**
   * The callbacks to the `callback_url` of a payout that ended. A `forged` one reports the opposite of what happened.
   * Callbacks are posted to loopback addresses only.
   * @defaultValue 'once'
   */
  readonly callback?: 'once' | 'none' | 'twice' | 'forged' | undefined;
  /**
   * True if payouts name their channel, as in the newer documentation.
   * @defaultValue 'new'
   */
  readonly objects?: 'new' | 'old' | undefined;
  /**
   * The form of `pending`. The documentation shows the number for collections.
   * @defaultValue 'pending'
   */
  readonly pendingAs?: 'pending' | 0 | undefined;
}

export interface JpayPayouts {
  readonly routes: Protocol['routes'];
  readonly callbacks: readonly JpayCallback[];
  readonly payouts: () => JpayPayout[];
  readonly advance: (idOrRefNo: string, status: PayoutStatus) => void;
}

interface Details {
  readonly payto: string;
  readonly category: unknown;
  readonly createdAt: string;
  readonly callbackUrl: string;
}

export function jpayPayouts(context: {
  readonly rules: PayoutRules<JpayPayout> & Filled<JpayPayoutOptions>;
  readonly app: { readonly appCode: number; readonly products: readonly string[] };
  readonly now: () => number;
  readonly timer: TaskTimer;
  /** @throws a refusal unless the caller is known. */
  readonly authenticate: (request: RouteRequest) => void;
  readonly wallets: { payout: bigint };
}): JpayPayouts {
  const { rules, app, timer, authenticate, wallets } = context;
  const callbacks: JpayCallback[] = [];
  const take = (minor: bigint) => {
    wallets.payout -= minor;
  };
  const debits = [{ at: rules.debitAt, take }];
  const onFinal = (entry: Entry<Details>) => void callBack(entry);
  const book = new PayoutBook<Details, JpayPayout>({
    rules,
    debits,
    timer,
    idPrefix: 'PAYOUT-SIM-',
    publicForm,
    onFinal,
  });

  function initiate(request: RouteRequest): Answer {
    authenticate(request);
    // The documentation names this case but not its text.
    if (!app.products.includes('payouts')) throw refused(403, 'The app is not enabled for payouts');
    const { reference, amountMinor, appCode, ...details } = readPayout(request.body);
    // The documentation names this case but not its text.
    if (appCode !== app.appCode) throw refused(404, 'App not found');
    const earlier = book.find(reference);
    // Neither the case nor its text is documented.
    if (earlier && rules.duplicateRefNo === 'refuse') throw refused(400, 'Reference number already exists');
    if (earlier && rules.duplicateRefNo === 'return_first') return { status: 200, body: objectOf(earlier) };
    if (book.costMinor(amountMinor) > wallets.payout) {
      throw refused(400, 'Insufficient balance in payout wallet');
    }
    const createdAt = nairobiTime(context.now());
    return { status: 200, body: objectOf(book.accept({ reference, amountMinor, details: { ...details, createdAt } })) };
  }

  function details(request: RouteRequest): Answer {
    authenticate(request);
    const found = book.entries.find(({ id }) => request.path.endsWith(`/${id}`));
    if (!found) throw refused(404, 'Not found.');
    return { status: 200, body: objectOf(found) };
  }

  /** Newest first, in the pages of the list of collections, which is the only documented one. */
  function list(request: RouteRequest): Answer {
    authenticate(request);
    const { refNo, status, page, pageSize } = readFilter(request.query);
    const found = book.entries
      .filter(({ reference }) => refNo === null || reference === refNo)
      // The documented filter has no `processing`.
      .filter((entry) => status === null || entry.status.replace('processing', 'pending') === status)
      .toReversed();
    const pages = Math.max(1, Math.ceil(found.length / pageSize));
    // The text of the framework that the documented texts come from.
    if (page > pages) throw refused(404, 'Invalid page.');
    const link = (other: number) => {
      const query = new URLSearchParams(request.query);
      query.set('page', String(other));
      return `http://${request.headers.host}${request.path}?${query}`;
    };
    return {
      status: 200,
      body: {
        count: found.length,
        next: page < pages ? link(page + 1) : null,
        previous: page > 1 ? link(page - 1) : null,
        results: found.slice((page - 1) * pageSize, page * pageSize).map(objectOf),
      },
    };
  }

  function objectOf(entry: Entry<Details>): Record<string, unknown> {
    const { payto, category, createdAt: created_at } = entry.details;
    return {
      id: entry.id,
      payto,
      amount: kesText(entry.amountMinor),
      ref_no: entry.reference,
      status: entry.status === 'pending' ? rules.pendingAs : entry.status,
      category,
      created_at,
      ...(rules.objects === 'new' ? channelOf(payto) : {}),
    };
  }

  async function callBack(entry: Entry<Details>): Promise<void> {
    const truth = objectOf(entry);
    const lie = { ...truth, status: entry.status === 'failed' ? 'completed' : 'failed' };
    const bodies = { none: [], once: [truth], twice: [truth, truth], forged: [lie] }[rules.callback];
    for (const body of bodies) {
      const { callbackUrl: url } = entry.details;
      const answer = await postToLoopback(url, JSON.stringify(body), timer.closing);
      callbacks.push({ refNo: entry.reference, status: String(body.status), ...answer });
    }
  }

  return {
    routes: {
      [`POST ${basePath}/payments/payouts/initiate`]: initiate,
      [`GET ${basePath}/payments/payouts/list`]: list,
      [`GET ${basePath}/payments/payouts/{id}`]: details,
      [`GET ${basePath}/payments/payouts`]: list,
    },
    callbacks,
    payouts: () => book.entries.map(publicForm),
    advance: (idOrRefNo, status) => book.advance(idOrRefNo, status),
  };
}

function publicForm({ id, reference: refNo, amountMinor, status, details }: Entry<Details>): JpayPayout {
  return { id, refNo, payto: details.payto, amount: kesText(amountMinor), status };
}

interface PayoutRequest extends Omit<Details, 'createdAt'> {
  readonly reference: string;
  readonly amountMinor: bigint;
  readonly appCode: unknown;
}

/** The body of an initiation. Its problems are reported in this order. */
function readPayout(text: string): PayoutRequest {
  const body = parsedObject(text);
  for (const name of ['payto', 'amount', 'ref_no', 'callback_url', 'app_code']) {
    if (body[name] === undefined || body[name] === null) throw refused(400, `${name} field is required`);
  }
  const { payto, amount, ref_no: reference, callback_url: callbackUrl, app_code: appCode, category = 'other' } = body;
  if (!isText(payto, /^\+254\d{9}$/)) throw refused(400, 'Invalid phone number');
  const amountMinor = isText(amount, /^\d{1,6}\.\d{2}$/) ? kesAmount.parse(amount) : 0n;
  if (amountMinor < 100n) throw refused(400, 'Invalid amount');
  // The documentation names the limit but not the text.
  if (!isText(reference, /^.{1,50}$/s)) throw refused(400, 'Invalid ref_no');
  return { reference, amountMinor, appCode, payto, category, callbackUrl: String(callbackUrl) };
}

function isText(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value);
}

const parameters: Readonly<Record<string, RegExp>> = {
  ref_no: /^/,
  status: /^(pending|completed|failed)$/,
  page: /^[1-9]\d{0,8}$/,
  page_size: /^([1-9]\d?|100)$/,
};

interface Filter {
  readonly refNo: string | null;
  readonly status: string | null;
  readonly page: number;
  readonly pageSize: number;
}

function readFilter(query: URLSearchParams): Filter {
  for (const [name, value] of query) {
    const allowed = Object.hasOwn(parameters, name) && parameters[name]?.test(value);
    if (!allowed) throw refused(400, `Invalid query parameter: ${name}`);
  }
  return {
    refNo: query.get('ref_no'),
    status: query.get('status'),
    page: Number(query.get('page') ?? 1),
    pageSize: Number(query.get('page_size') ?? 50),
  };
}

/** The channel that JPay infers from the carrier of a phone number. The numbers of the carriers are ours. */
function channelOf(payto: string): Record<string, unknown> {
  const carrier = payto.slice(0, 6);
  const [channel, channel_name] =
    carrier === '+25473' ? [63_903, 'Airtel Money'] : carrier === '+25477' ? [63_907, 'T-Kash'] : [63_902, 'M-Pesa'];
  return { channel, channel_name, channel_type: 'Mobile Money' };
}

/** `DD/MM/YYYY HH:MM:SS` in UTC+3. The documentation names no zone. */
function nairobiTime(nowMs: number): string {
  const [date = '', time = ''] = new Date(nowMs + 3 * 3_600_000).toISOString().split(/[T.]/);
  return `${date.split('-').toReversed().join('/')} ${time}`;
}

export const jpayPayoutShape: Shape<JpayPayoutOptions, Filled<JpayPayoutOptions>> = {
  duplicateRefNo: z.enum(['refuse', 'return_first', 'create_second']).default('refuse'),
  callback: z.enum(['once', 'none', 'twice', 'forged']).default('once'),
  objects: z.enum(['new', 'old']).default('new'),
  pendingAs: z.union([z.literal('pending'), z.literal(0)]).default('pending'),
};
