// Payouts of the pawaPay simulator: initiation, status, callbacks.
import * as z from 'zod';
import type { Filled, Shape } from '../simulator/check-options.js';
import type { Answer } from '../simulator/faults.js';
import { readBody } from '../simulator/json-body.js';
import { type PostResult, postToLoopback } from '../simulator/loopback-post.js';
import { type Entry, PayoutBook, type PayoutRules, type PayoutStatus } from '../simulator/payout-book.js';
import { type Protocol, Refusal, type RouteRequest } from '../simulator/server.js';
import type { TaskTimer } from '../simulator/task-timer.js';
import { hundredthsAmount, hundredthsText } from '../simulator/wallet-amounts.js';
import { type CallbackSigner, signedHeaders } from './callback-signature.js';

/** A payout of the pawaPay simulator. */
export interface PawapayPayout {
  readonly payoutId: string;
  readonly clientReferenceId: string | undefined;
  /** Amount that the recipient receives, decimal text in major units. */
  readonly amount: string;
  readonly status: PayoutStatus;
}

/** Differences of the pawaPay simulator's payouts from others. */
export interface PawapayPayoutOptions {
  /**
   * The answer to a payout that the wallet cannot cover: rejected at once, or accepted and failed afterwards. Both
   * happen.
   * @defaultValue 'rejected'
   */
  readonly outOfFunds?: 'rejected' | 'failed' | undefined;
  /**
   * The word for a payout that is under way.
   * @defaultValue 'PROCESSING'
   */
  readonly processingAs?: 'PROCESSING' | 'ENQUEUED' | 'IN_RECONCILIATION' | undefined;
  /**
   * The callbacks of a payout that ended. An `unsigned` one has no signature; a `forged` one has none either, and
   * reports the opposite of what happened.
   * @defaultValue 'once'
   */
  readonly callback?: 'once' | 'none' | 'twice' | 'unsigned' | 'forged' | undefined;
}

/** A callback that was posted, or was to be. */
export interface PawapayCallback extends PostResult {
  readonly payoutId: string;
  /** The status in its body. */
  readonly status: string;
}

export interface PawapayPayouts {
  readonly routes: Protocol['routes'];
  readonly callbacks: readonly PawapayCallback[];
  readonly payouts: () => PawapayPayout[];
  readonly advance: (id: string, status: Exclude<PayoutStatus, 'pending'>) => void;
}

interface Details {
  readonly clientReferenceId: string | undefined;
  readonly recipient: unknown;
  readonly created: string;
  readonly failureCode: string;
}

export function pawapayPayouts(context: {
  readonly rules: PayoutRules<PawapayPayout> & Filled<PawapayPayoutOptions>;
  readonly wallet: { readonly country: string; readonly currency: string; balance: bigint };
  readonly callbackUrl: string | undefined;
  readonly signer: CallbackSigner;
  readonly now: () => number;
  readonly timer: TaskTimer;
  /** @throws a refusal unless the caller is known. */
  readonly authenticate: (request: RouteRequest) => void;
}): PawapayPayouts {
  const { rules, wallet, callbackUrl, signer, now, timer, authenticate } = context;
  const callbacks: PawapayCallback[] = [];
  const take = (minor: bigint) => {
    wallet.balance -= minor;
  };
  const book = new PayoutBook<Details, PawapayPayout>({
    rules,
    debits: [{ at: rules.debitAt, take }],
    timer,
    idPrefix: 'SIM-',
    publicForm,
    onFinal: (entry) => void callBack(entry),
  });

  function initiate(request: RouteRequest): Answer {
    authenticate(request);
    const payout = readPayout(request.body);
    const { payoutId, amountMinor, clientReferenceId, recipient } = payout;
    if (book.find(payoutId)) return initiated(payoutId, { status: 'DUPLICATE_IGNORED', created: time(now()) });
    if (payout.currency !== wallet.currency) return rejected(payoutId, 'INVALID_CURRENCY');
    if (amountMinor === 0n) return rejected(payoutId, 'INVALID_AMOUNT');
    const created = time(now());
    const details = { clientReferenceId, recipient, created, failureCode: 'UNSPECIFIED_FAILURE' };
    const draft = { reference: payoutId, amountMinor, details };
    if (book.costMinor(amountMinor) <= wallet.balance) book.accept(draft);
    else if (rules.outOfFunds === 'rejected') return rejected(payoutId, outOfFunds);
    else void callBack(book.refuse({ ...draft, details: { ...details, failureCode: outOfFunds } }));
    return initiated(payoutId, { status: 'ACCEPTED', created });
  }

  function status(request: RouteRequest): Answer {
    authenticate(request);
    const found = book.find(lastPart(request.path));
    const body = found ? { status: 'FOUND', data: objectOf(found) } : { status: 'NOT_FOUND' };
    return { status: 200, body };
  }

  function resend(request: RouteRequest): Answer {
    authenticate(request);
    const payoutId = lastPart(request.path);
    const found = book.find(payoutId);
    if (!found || !isFinal(found)) return rejected(payoutId, 'NOT_FOUND');
    void callBack(found);
    return initiated(payoutId, { status: 'ACCEPTED' });
  }

  function objectOf({ reference: payoutId, amountMinor, status: state, details }: Entry<Details>): Answer['body'] {
    const { clientReferenceId, recipient, created, failureCode } = details;
    const words = { pending: 'ACCEPTED', processing: rules.processingAs, completed: 'COMPLETED', failed: 'FAILED' };
    return {
      payoutId,
      status: words[state],
      amount: hundredthsText(amountMinor),
      currency: wallet.currency,
      country: wallet.country,
      recipient,
      created,
      ...(clientReferenceId === undefined ? {} : { clientReferenceId }),
      ...(state === 'failed' ? { failureReason: reason(failureCode) } : {}),
    };
  }

  async function callBack(entry: Entry<Details>): Promise<void> {
    if (callbackUrl === undefined) return;
    const truth = objectOf(entry);
    const lie = { ...truth, status: truth.status === 'FAILED' ? 'COMPLETED' : 'FAILED' };
    const bodies = { none: [], once: [truth], twice: [truth, truth], unsigned: [truth], forged: [lie] }[rules.callback];
    const isSigned = rules.callback === 'once' || rules.callback === 'twice';
    for (const value of bodies) {
      const body = JSON.stringify(value);
      const headers = isSigned ? signedHeaders(signer, { url: new URL(callbackUrl), body, nowMs: now() }) : {};
      const delivery = await postToLoopback(callbackUrl, body, timer.closing, headers);
      callbacks.push({ payoutId: entry.reference, status: String(value.status), ...delivery });
    }
  }

  return {
    routes: {
      'POST /v2/payouts': initiate,
      'GET /v2/payouts/{id}': status,
      'POST /v2/payouts/resend-callback/{id}': resend,
    },
    callbacks,
    payouts: () => book.entries.map(publicForm),
    advance: (id, state) => {
      const named = book.entries.find(({ details }) => details.clientReferenceId === id);
      book.advance(named?.reference ?? id, state);
    },
  };
}

const outOfFunds = 'PAWAPAY_WALLET_OUT_OF_FUNDS';

function publicForm({ reference: payoutId, amountMinor, status, details }: Entry<Details>): PawapayPayout {
  return { payoutId, clientReferenceId: details.clientReferenceId, amount: hundredthsText(amountMinor), status };
}

function isFinal({ status }: Entry<Details>): boolean {
  return status === 'completed' || status === 'failed';
}

function initiated(payoutId: string, body: Answer['body']): Answer {
  return { status: 200, body: { payoutId, ...body } };
}

function rejected(payoutId: string, failureCode: string): Answer {
  return initiated(payoutId, { status: 'REJECTED', failureReason: reason(failureCode) });
}

/** The codes are documented, and the messages are not. */
function reason(failureCode: string): Answer['body'] {
  return { failureCode, failureMessage: `Simulated: ${failureCode}` };
}

export function refusal(status: number, failureCode: string): Refusal {
  return new Refusal({ status, body: { failureReason: reason(failureCode) } });
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function time(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(/\.\d+/, '');
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

const payoutRequest = z.object({
  payoutId: z.string().regex(uuid),
  amount: hundredthsAmount,
  currency: z.string(),
  recipient: z.object({
    type: z.literal('MMO'),
    accountDetails: z.object({ phoneNumber: z.string().regex(/^\d{9,15}$/), provider: z.string().min(1) }),
  }),
  clientReferenceId: z.string().optional(),
});

function readPayout(text: string) {
  const data = readBody(payoutRequest, text);
  if (!data) throw refusal(400, 'INVALID_INPUT');
  const { amount: amountMinor, ...payout } = data;
  return { amountMinor, ...payout };
}

export const pawapayPayoutShape: Shape<PawapayPayoutOptions, Filled<PawapayPayoutOptions>> = {
  outOfFunds: z.enum(['rejected', 'failed']).default('rejected'),
  processingAs: z.enum(['PROCESSING', 'ENQUEUED', 'IN_RECONCILIATION']).default('PROCESSING'),
  callback: z.enum(['once', 'none', 'twice', 'unsigned', 'forged']).default('once'),
};
