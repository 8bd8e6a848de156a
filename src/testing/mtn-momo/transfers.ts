// Transfers of the MTN MoMo simulator: initiation, status, callbacks. MTN signs no callback and sends each one once.
import * as z from 'zod';
import type { Filled, Shape } from '../simulator/check-options.js';
import type { Answer } from '../simulator/faults.js';
import { readBody } from '../simulator/json-body.js';
import { type PostResult, postToLoopback } from '../simulator/loopback-post.js';
import { type Entry, PayoutBook, type PayoutRules } from '../simulator/payout-book.js';
import { type Protocol, Refusal, type RouteRequest } from '../simulator/server.js';
import type { TaskTimer } from '../simulator/task-timer.js';
import { hundredthsAmount, hundredthsText } from '../simulator/wallet-amounts.js';

/** A transfer of the MTN MoMo simulator. */
export interface MtnMomoTransfer {
  /** The `X-Reference-Id` of its request. */
  readonly referenceId: string;
  readonly externalId: string | undefined;
  /** Amount that the payee receives, decimal text in major units. */
  readonly amount: string;
  readonly status: 'pending' | 'completed' | 'failed';
}

/** Differences of the MTN MoMo simulator's transfers from other payouts. */
export interface MtnMomoTransferOptions {
  /**
   * The answer to a transfer that the float cannot cover: accepted and failed afterwards, as the current API does, or
   * a fault of the server, as users have reported.
   * @defaultValue 'failed'
   */
  readonly outOfFunds?: 'failed' | 'fault' | undefined;
  /**
   * The form of the reason of a failed transfer. Both have been seen.
   * @defaultValue 'text'
   */
  readonly reasonAs?: 'text' | 'object' | undefined;
  /**
   * The callback of a transfer that ended, to the `X-Callback-Url` of its request. A `forged` one reports the opposite
   * of what happened.
   * @defaultValue 'once'
   */
  readonly callback?: 'once' | 'none' | 'forged' | undefined;
}

/** A callback that was posted, or was to be. */
export interface MtnMomoCallback extends PostResult {
  readonly externalId: string | undefined;
  /** The status in its body. */
  readonly status: string;
}

export interface MtnMomoTransfers {
  readonly routes: Protocol['routes'];
  readonly callbacks: readonly MtnMomoCallback[];
  readonly transfers: () => MtnMomoTransfer[];
  readonly advance: (id: string, status: 'completed' | 'failed') => void;
}

interface Details {
  readonly externalId: string | undefined;
  readonly payee: unknown;
  readonly callbackUrl: string | undefined;
  readonly reason: string;
}

const path = '/disbursement/v1_0/transfer';

export function mtnMomoTransfers(context: {
  readonly rules: PayoutRules<MtnMomoTransfer> & Filled<MtnMomoTransferOptions>;
  readonly float: { readonly currency: string; balance: bigint };
  readonly timer: TaskTimer;
  /** @throws a refusal unless the caller is known. */
  readonly authenticate: (request: RouteRequest) => void;
}): MtnMomoTransfers {
  const { rules, float, timer, authenticate } = context;
  const callbacks: MtnMomoCallback[] = [];
  const take = (minor: bigint) => {
    float.balance -= minor;
  };
  const book = new PayoutBook<Details, MtnMomoTransfer>({
    rules,
    debits: [{ at: rules.debitAt, take }],
    timer,
    idPrefix: '36344046',
    publicForm,
    onFinal: (entry) => void callBack(entry),
  });

  function transfer(request: RouteRequest): Answer {
    authenticate(request);
    const { referenceId, currency, amountMinor, ...details } = readTransfer(request);
    if (book.find(referenceId)) throw fault(409, 'RESOURCE_ALREADY_EXIST', 'Duplicated reference id.');
    if (currency !== float.currency) throw fault(500, 'INVALID_CURRENCY', 'Currency not supported.');
    const draft = { reference: referenceId, amountMinor };
    if (book.costMinor(amountMinor) <= float.balance) {
      book.accept({ ...draft, details: { ...details, reason: 'COULD_NOT_PERFORM_TRANSACTION' } });
    } else {
      if (rules.outOfFunds === 'fault') throw fault(500, 'INTERNAL_PROCESSING_ERROR', 'An internal error occurred.');
      void callBack(book.refuse({ ...draft, details: { ...details, reason: 'NOT_ENOUGH_FUNDS' } }));
    }
    return { status: 202, body: {}, text: '' };
  }

  function status(request: RouteRequest): Answer {
    authenticate(request);
    const found = book.find(request.path.slice(path.length + 1));
    if (!found) throw fault(404, 'RESOURCE_NOT_FOUND', 'Requested resource was not found.');
    return { status: 200, body: objectOf(found) };
  }

  function objectOf({ id, amountMinor, status: state, details }: Entry<Details>): Answer['body'] {
    const { externalId, payee, reason } = details;
    const words = { pending: 'PENDING', processing: 'PENDING', completed: 'SUCCESSFUL', failed: 'FAILED' };
    return {
      amount: amountText(amountMinor),
      currency: float.currency,
      ...(externalId === undefined ? {} : { externalId }),
      payee,
      status: words[state],
      ...(state === 'completed' ? { financialTransactionId: id } : {}),
      ...(state === 'failed' ? { reason: rules.reasonAs === 'text' ? reason : { code: reason, message: reason } } : {}),
    };
  }

  async function callBack(entry: Entry<Details>): Promise<void> {
    const { callbackUrl, externalId } = entry.details;
    if (callbackUrl === undefined || rules.callback === 'none') return;
    const truth = objectOf(entry);
    const lie = { ...truth, status: truth.status === 'FAILED' ? 'SUCCESSFUL' : 'FAILED' };
    const body = rules.callback === 'forged' ? lie : truth;
    const delivery = await postToLoopback(callbackUrl, JSON.stringify(body), timer.closing);
    callbacks.push({ externalId, status: String(body.status), ...delivery });
  }

  return {
    routes: { [`POST ${path}`]: transfer, [`GET ${path}/{id}`]: status },
    callbacks,
    transfers: () => book.entries.map(publicForm),
    advance: (id, state) => {
      const named = book.entries.find(({ details }) => details.externalId === id);
      book.advance(named?.reference ?? id, state);
    },
  };
}

function publicForm({ reference: referenceId, amountMinor, status, details }: Entry<Details>): MtnMomoTransfer {
  const known = status === 'processing' ? 'pending' : status;
  return { referenceId, externalId: details.externalId, amount: amountText(amountMinor), status: known };
}

/** Whole amounts have no decimals. */
export function amountText(minor: bigint): string {
  return hundredthsText(minor).replace(/\.00$/, '');
}

/** The codes are documented, and not all of the messages. */
export function fault(status: number, code: string, message: string): Refusal {
  return new Refusal({ status, body: { code, message } });
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

const transferRequest = z.object({
  amount: hundredthsAmount.refine((minor) => minor > 0n),
  currency: z.string(),
  externalId: z.string().optional(),
  payee: z.object({ partyIdType: z.literal('MSISDN'), partyId: z.string().regex(/^\d{9,15}$/) }),
  payerMessage: z.string().max(160).optional(),
  payeeNote: z.string().max(160).optional(),
});

function readTransfer({ headers, body }: RouteRequest) {
  const referenceId = String(headers['x-reference-id'] ?? '');
  const data = readBody(transferRequest, body);
  if (!data || !uuid.test(referenceId))
    throw fault(400, 'BAD_REQUEST', 'The request does not follow the specification.');
  const { amount: amountMinor, currency, externalId, payee } = data;
  const callbackUrl = headers['x-callback-url'];
  return {
    referenceId,
    amountMinor,
    currency,
    externalId,
    payee,
    callbackUrl: typeof callbackUrl === 'string' ? callbackUrl : undefined,
  };
}

export const mtnMomoTransferShape: Shape<MtnMomoTransferOptions, Filled<MtnMomoTransferOptions>> = {
  outOfFunds: z.enum(['failed', 'fault']).default('failed'),
  reasonAs: z.enum(['text', 'object']).default('text'),
  callback: z.enum(['once', 'none', 'forged']).default('once'),
};
