// Transfers of the Wise simulator: creation, funding and lists.
import { stringify } from 'lossless-json';
import * as z from 'zod';
import type { Currency } from '../../core/currency.js';
import { ConfigurationError } from '../../core/errors.js';
import { formatMinorUnits } from '../../core/money.js';
import type { Answer } from '../simulator/faults.js';
import { type Entry, PayoutBook, type PayoutRules, type PayoutStatus } from '../simulator/payout-book.js';
import type { Protocol, RouteRequest } from '../simulator/server.js';
import type { TaskTimer } from '../simulator/task-timer.js';
import { amountNumber, idNumber, ok, readOrRefuse, refused } from './codec.js';
import type { WiseEvents, WiseTransferStatus } from './events.js';
import type { Quote, Quotes } from './quotes.js';

/** A transfer of the Wise simulator. */
export interface WiseTransfer {
  readonly id: string;
  readonly customerTransactionId: string;
  /** The source amount with the fee, decimal text in major units. */
  readonly amount: string;
  readonly status: WiseTransferStatus;
}

export interface TransferContext {
  readonly rules: PayoutRules<WiseTransfer>;
  readonly profileId: string;
  readonly source: Currency;
  readonly balance: { available: bigint };
  readonly quotes: Quotes;
  readonly events: WiseEvents;
  readonly now: () => number;
  readonly timer: TaskTimer;
  readonly assertProfile: (id: string | undefined) => void;
}

export interface WiseTransfers {
  readonly routes: Protocol['routes'];
  readonly transfers: () => WiseTransfer[];
  readonly advance: (idOrCustomerTransactionId: string, status: Exclude<PayoutStatus, 'pending'>) => void;
}

interface Details {
  readonly quote: Quote;
  readonly targetAccount: string;
  readonly text: string | null;
  readonly createdAtMs: number;
  isFunded: boolean;
  isRefunded: boolean;
  /** The status of the latest event. */
  reported: WiseTransferStatus;
}

const unfundedLifeMs = 14 * 86_400_000;

export function wiseTransfers(context: TransferContext): WiseTransfers {
  const { rules, profileId, source, balance, quotes, events, now, timer, assertProfile } = context;
  const take = (minor: bigint) => {
    balance.available -= minor;
  };
  const book = new PayoutBook<Details, WiseTransfer>({
    rules,
    debits: [{ at: rules.debitAt, take }],
    timer,
    idPrefix: '9001',
    publicForm,
    onFinal: ended,
  });

  /** The same `customerTransactionId` is the same transfer. */
  function create({ body }: RouteRequest): Answer {
    const request = readOrRefuse(transferSchema, body);
    const known = book.find(request.customerTransactionId);
    if (known) return ok(rowOf(known));
    const quote = quotes.take(request.quoteUuid, request.targetAccount);
    const entry = book.record({
      reference: request.customerTransactionId,
      amountMinor: quote.sourceMinor - rules.fee,
      details: {
        quote,
        targetAccount: request.targetAccount,
        text: request.details?.reference ?? null,
        createdAtMs: now(),
        isFunded: false,
        isRefunded: false,
        reported: 'incoming_payment_waiting',
      },
    });
    timer.run(unfundedLifeMs, () => {
      if (statusOf(entry) === 'incoming_payment_waiting') book.advance(entry.id, 'failed');
    });
    return ok(rowOf(entry));
  }

  function fund({ path, body }: RouteRequest): Answer {
    const [, , , profile, , id] = path.split('/');
    assertProfile(profile);
    readOrRefuse(fundingSchema, body);
    const entry = book.entries.find((candidate) => candidate.id === id);
    if (!entry) return funding('REJECTED', 'transfer.not-found');
    if (statusOf(entry) !== 'incoming_payment_waiting') {
      throw refused(422, 'transfer.invalid-state', 'The transfer is funded or closed');
    }
    if (book.costMinor(entry.amountMinor) > balance.available) {
      return funding('REJECTED', 'transfer.insufficient_funds');
    }
    entry.details.isFunded = true;
    report(entry);
    book.start(entry);
    return funding('COMPLETED', null);
  }

  function cancel({ path }: RouteRequest): Answer {
    const entry = entryOf(path.split('/')[3]);
    if (statusOf(entry) !== 'incoming_payment_waiting') {
      throw refused(422, 'transfer.invalid-state', 'The transfer is funded or closed');
    }
    book.advance(entry.id, 'failed');
    return ok(rowOf(entry));
  }

  function one({ path }: RouteRequest): Answer {
    return ok(rowOf(entryOf(path.split('/')[3])));
  }

  function entryOf(id: string | undefined): Entry<Details> {
    const entry = book.entries.find((candidate) => candidate.id === id);
    if (!entry) throw refused(404, 'RESOURCE_NOT_FOUND', 'There is no such transfer');
    return entry;
  }

  /** Newest first. */
  function list({ query }: RouteRequest): Answer {
    assertProfile(query.get('profile') ?? profileId);
    const [from, to] = [timeOf(query, 'createdDateStart', 0), timeOf(query, 'createdDateEnd', 8.64e15)];
    const [limit, offset] = [countOf(query, 'limit', 10), countOf(query, 'offset', 0)];
    const status = query.get('status');
    const rows = book.entries
      .filter(({ details }) => details.createdAtMs >= from && details.createdAtMs <= to)
      .filter((entry) => status === null || status === statusOf(entry))
      .toReversed()
      .slice(offset, offset + limit)
      .map(rowOf);
    return { status: 200, body: {}, text: stringify(rows) ?? '' };
  }

  function statusOf({ status, details }: Entry<Details>): WiseTransferStatus {
    if (status === 'completed') return 'outgoing_payment_sent';
    if (status === 'processing') return 'funds_converted';
    if (status === 'pending') return details.isFunded ? 'processing' : 'incoming_payment_waiting';
    if (!details.isFunded) return 'cancelled';
    return details.isRefunded ? 'funds_refunded' : 'bounced_back';
  }

  /** Money that bounced is refunded later, if there is a delay. */
  function ended(entry: Entry<Details>): void {
    if (entry.status === 'failed' && entry.details.isFunded) {
      if (rules.refundAfterMs > 0) report(entry);
      timer.run(rules.refundAfterMs, () => {
        entry.details.isRefunded = true;
        report(entry);
      });
    } else report(entry);
  }

  function rowOf(entry: Entry<Details>): Record<string, unknown> {
    const { quote, targetAccount, text, createdAtMs } = entry.details;
    return {
      id: BigInt(entry.id),
      user: 1,
      targetAccount: BigInt(targetAccount),
      sourceAccount: null,
      quote: null,
      quoteUuid: quote.id,
      status: statusOf(entry),
      reference: text ?? '',
      rate: quotes.rateOf(quote),
      created: new Date(createdAtMs).toISOString().slice(0, 19).replace('T', ' '),
      business: BigInt(profileId),
      transferRequest: null,
      details: { reference: text ?? '' },
      hasActiveIssues: false,
      sourceCurrency: source.code,
      sourceValue: amountNumber(quote.sourceMinor, source),
      targetCurrency: quote.target.code,
      targetValue: amountNumber(quote.targetMinor, quote.target),
      customerTransactionId: entry.reference,
    };
  }

  function report(entry: Entry<Details>): void {
    const { targetAccount, reported: previous } = entry.details;
    const current = statusOf(entry);
    entry.details.reported = current;
    void events.post({ transferId: entry.id, targetAccount, current, previous });
  }

  function publicForm(entry: Entry<Details>): WiseTransfer {
    const { id, reference: customerTransactionId, details } = entry;
    const amount = formatMinorUnits(details.quote.sourceMinor, source);
    return { id, customerTransactionId, amount, status: statusOf(entry) };
  }

  return {
    routes: {
      'POST /v1/transfers': create,
      'GET /v1/transfers': list,
      'GET /v1/transfers/{id}': one,
      'PUT /v1/transfers/{id}/cancel': cancel,
      'POST /v3/profiles/{id}/transfers/{id}/payments': fund,
    },
    transfers: () => book.entries.map(publicForm),
    advance: (idOrCustomerTransactionId, status) => {
      const entry = book.entries.find(
        ({ id, reference }) => id === idOrCustomerTransactionId || reference === idOrCustomerTransactionId,
      );
      if (entry && !entry.details.isFunded && status !== 'failed') {
        throw new ConfigurationError(['advance: the transfer is not funded']);
      }
      book.advance(idOrCustomerTransactionId, status);
      if (entry && status === 'processing') report(entry);
    },
  };
}

function funding(status: 'COMPLETED' | 'REJECTED', errorCode: string | null): Answer {
  return ok({ type: 'BALANCE', status, errorCode }, 201);
}

function timeOf(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name);
  const time = text === null ? fallback : Date.parse(text);
  if (Number.isNaN(time)) throw refused(422, 'NOT_VALID', 'This is no time', name);
  return time;
}

function countOf(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name);
  if (text !== null && !/^\d{1,6}$/.test(text)) throw refused(422, 'NOT_VALID', 'This is no number', name);
  return text === null ? fallback : Number(text);
}

const transferSchema = z.object({
  targetAccount: idNumber,
  quoteUuid: z.string(),
  customerTransactionId: z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i),
  details: z.object({ reference: z.string().optional() }).optional(),
});

const fundingSchema = z.object({ type: z.literal('BALANCE') });
