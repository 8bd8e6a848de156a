// The ways a request can end, and the result for the money: the rows of docs/endings.md. `endings.test.ts` runs each
// row on Express 4 and 5, and `scripts/endings-docs.ts` writes the tables.

/** The way the handler gets its hold and pays. */
export type Route =
  | 'payoutRoute'
  /** The handler pays by itself. `verdictOn` takes 201 for completed and 404 for failed. */
  | 'requireSufficientFunds'
  | "requireSufficientFunds, verdictOn: 'none'"
  | 'requireSufficientFunds, holdOf(res).pay'
  /** Two of them in a row, for two wallets. */
  | 'requireSufficientFunds twice';

/** The end of the payment. */
export type Payment =
  | 'completed'
  | 'pending'
  | 'failed'
  | 'returns a receipt that nothing judges'
  | 'returns a Response of status 504'
  | 'throws an HTTP client error of status 409'
  | 'throws an HTTP client error of status 408'
  | 'throws an HTTP client error of status 404'
  | 'throws a refused connection'
  | 'throws PayoutRejectedError'
  | 'throws PayoutRejectedError, notSent'
  | 'is made, then a nested payout is refused'
  | 'is made, then a nested payout is rejected';

/** Errors that the handler throws, apart from those of its payment. */
export const guardErrors = [
  'InsufficientFundsError',
  'BalanceUnavailableError',
  'InvalidAmountError',
  'InvalidReferenceError',
  'InvalidArgumentError',
  'CurrencyMismatchError',
  'PayoutInProgressError',
  'DuplicateReferenceError',
  'HoldConflictError',
  'HoldStateError',
  'ForeignWalletError',
  'WalletFrozenError',
  'ConfigurationError',
] as const;
export type GuardErrorName = (typeof guardErrors)[number];
export type ThrownName =
  | GuardErrorName
  | 'PayoutRejectedError'
  | 'Error'
  | 'an error of status 404'
  | 'an error of status 409';

/** The handler's action after the payment, or without one. */
export type HandlerEnd =
  | 'passes the error on'
  | `answers ${200 | 201 | 202 | 204 | 302 | 400 | 404 | 409 | 422 | 500 | 502}`
  | 'answers 202 before it pays'
  | 'answers 202 without awaiting the payment'
  | 'streams 201'
  | 'breaks off its answer'
  | 'destroys the response'
  | 'never answers'
  | 'captures the real debit, answers 201'
  | 'captures an amount with three decimals'
  | 'releases the hold, answers 422'
  | `throws ${ThrownName}`;

/** An interruption. */
export type Meanwhile =
  | 'another layer answers 503 before the handler runs'
  | 'a timeout layer answers 408 during the payment'
  | 'a timeout layer answers 503 during the payment'
  | 'errors are answered by the application'
  | 'the client leaves before the handler runs'
  | 'the client leaves during the payment'
  | 'the client leaves before the answer'
  | 'the guard closes before the payment'
  | 'the guard closes during the payment'
  | 'the wallet is frozen before the payment'
  | 'the reservation expires before the payment'
  | 'the confirmation that the payment may begin is lost'
  | 'the store is silent when the outcome is known'
  | 'a webhook captures the hold during the payment'
  | 'the second wallet is empty';

export interface Ending {
  readonly route: Route;
  /** Without this, the payment does not begin. */
  readonly payment?: Payment;
  readonly handler: HandlerEnd;
  readonly meanwhile?: Meanwhile;
  /** The final state of the hold. `failed` is released with the reference used up. Two holds show both states. */
  readonly hold: string;
  /** Status and code of the answer. `none`: the client left or got no answer. `closed`: the connection broke off. */
  readonly answer: string;
  /** The answer to the same reference afterwards, in another process. `paid`: the payout is made. */
  readonly retry: string;
  /** Payments that reached the provider in the first request. */
  readonly made: 0 | 1 | 2;
  /** Codes of process warnings. */
  readonly warns?: readonly string[];
}

const inProgress = '409 payout_in_progress';
const duplicate = '409 duplicate_reference';

/** An unknown outcome keeps its money and its reference. */
const sent = { hold: 'sent', retry: inProgress } as const;
const captured = { hold: 'captured', retry: duplicate, made: 1 } as const;
const failed = { hold: 'failed', retry: duplicate, made: 0 } as const;
const released = { hold: 'released', retry: 'paid', made: 0 } as const;

/** A success without a payment known to the guard. */
const unpaid = ['PAYOUT_GUARD_NOT_PAID'] as const;

/** The answer of `payoutGuardErrors()` to each error when the request cannot have made a payment. */
const ownAnswer: Readonly<Record<GuardErrorName, string>> = {
  InsufficientFundsError: '422 insufficient_funds',
  BalanceUnavailableError: '503 balance_unavailable',
  InvalidAmountError: '400 invalid_amount',
  InvalidReferenceError: '400 invalid_reference',
  InvalidArgumentError: '400 invalid_argument',
  CurrencyMismatchError: '422 currency_mismatch',
  PayoutInProgressError: inProgress,
  DuplicateReferenceError: duplicate,
  HoldConflictError: '422 hold_conflict',
  HoldStateError: '409 hold_state',
  ForeignWalletError: '503 foreign_wallet',
  WalletFrozenError: '423 wallet_frozen',
  ConfigurationError: '500 configuration',
};

type Row = Omit<Ending, 'route'>;

const ofPayoutRoute: readonly Row[] = [
  // The payment function decides, for any answer.
  { payment: 'completed', handler: 'answers 201', ...captured, answer: '201' },
  { payment: 'completed', handler: 'answers 204', ...captured, answer: '204' },
  { payment: 'completed', handler: 'answers 302', ...captured, answer: '302' },
  { payment: 'completed', handler: 'streams 201', ...captured, answer: '201' },
  { payment: 'completed', handler: 'answers 404', ...captured, answer: '404' },
  { payment: 'completed', handler: 'answers 422', ...captured, answer: '422' },
  { payment: 'completed', handler: 'answers 500', ...captured, answer: '500' },
  { payment: 'completed', handler: 'answers 202 before it pays', ...captured, answer: '202' },
  {
    payment: 'completed',
    handler: 'answers 202 without awaiting the payment',
    ...captured,
    answer: '202',
    warns: ['PAYOUT_GUARD_NOT_AWAITED'],
  },
  { payment: 'pending', handler: 'answers 202', ...sent, made: 1, answer: '202' },
  { payment: 'pending', handler: 'answers 201', ...sent, made: 1, answer: '201' },
  { payment: 'pending', handler: 'answers 404', ...sent, made: 1, answer: '404' },
  { payment: 'failed', handler: 'answers 422', ...failed, answer: '422' },
  { payment: 'failed', handler: 'answers 201', ...failed, answer: '201' },
  { payment: 'returns a receipt that nothing judges', handler: 'answers 201', ...sent, made: 1, answer: '201' },
  { payment: 'returns a Response of status 504', handler: 'answers 201', ...sent, made: 1, answer: '201' },
  { payment: 'returns a Response of status 504', handler: 'answers 502', ...sent, made: 1, answer: '502' },
  // Errors of the payment function.
  {
    payment: 'throws an HTTP client error of status 409',
    handler: 'passes the error on',
    ...sent,
    made: 1,
    answer: '409',
  },
  {
    payment: 'throws an HTTP client error of status 408',
    handler: 'passes the error on',
    ...sent,
    made: 1,
    answer: '408',
  },
  {
    payment: 'throws an HTTP client error of status 404',
    handler: 'passes the error on',
    ...sent,
    made: 1,
    answer: '404',
  },
  { payment: 'throws an HTTP client error of status 409', handler: 'answers 502', ...sent, made: 1, answer: '502' },
  { payment: 'throws an HTTP client error of status 409', handler: 'answers 404', ...sent, made: 1, answer: '404' },
  { payment: 'throws a refused connection', handler: 'passes the error on', ...sent, made: 0, answer: '500' },
  { payment: 'throws PayoutRejectedError', handler: 'passes the error on', ...failed, answer: '422 payout_rejected' },
  { payment: 'throws PayoutRejectedError', handler: 'answers 200', ...failed, answer: '200' },
  {
    payment: 'throws PayoutRejectedError, notSent',
    handler: 'passes the error on',
    ...released,
    answer: '422 payout_rejected',
  },
  {
    payment: 'is made, then a nested payout is refused',
    handler: 'passes the error on',
    ...sent,
    made: 1,
    answer: inProgress,
  },
  {
    payment: 'is made, then a nested payout is rejected',
    handler: 'passes the error on',
    ...sent,
    made: 1,
    answer: inProgress,
  },
  // Without pay, nothing was sent.
  { handler: 'answers 404', ...released, answer: '404' },
  { handler: 'answers 400', ...released, answer: '400' },
  { handler: 'answers 201', ...released, answer: '201', warns: unpaid },
  { handler: 'answers 204', ...released, answer: '204', warns: unpaid },
  { handler: 'answers 302', ...released, answer: '302' },
  { handler: 'answers 500', ...released, answer: '500' },
  { handler: 'streams 201', ...released, answer: '201', warns: unpaid },
  { handler: 'throws Error', ...released, answer: '500' },
  { handler: 'throws an error of status 409', ...released, answer: '409' },
  { handler: 'throws PayoutRejectedError', ...released, answer: '422 payout_rejected' },
  ...guardErrors.map((name): Row => ({ handler: `throws ${name}`, ...released, answer: ownAnswer[name] })),
  { handler: 'destroys the response', ...released, answer: 'closed' },
  { handler: 'never answers', hold: 'reserved', retry: inProgress, made: 0, answer: 'none' },
  // Events after the payment prove nothing about it.
  { payment: 'completed', handler: 'throws Error', ...captured, answer: '500' },
  { payment: 'completed', handler: 'throws an error of status 409', ...captured, answer: '409' },
  { payment: 'completed', handler: 'throws PayoutRejectedError', ...captured, answer: inProgress },
  ...guardErrors.map(
    (name): Row => ({ payment: 'completed', handler: `throws ${name}`, ...captured, answer: inProgress }),
  ),
  { payment: 'pending', handler: 'throws PayoutRejectedError', ...sent, made: 1, answer: inProgress },
  { payment: 'pending', handler: 'throws BalanceUnavailableError', ...sent, made: 1, answer: inProgress },
  {
    payment: 'completed',
    handler: 'captures the real debit, answers 201',
    hold: 'captured',
    retry: duplicate,
    made: 1,
    answer: inProgress,
  },
  { payment: 'pending', handler: 'captures the real debit, answers 201', ...captured, answer: '201' },
  { payment: 'pending', handler: 'captures an amount with three decimals', ...sent, made: 1, answer: inProgress },
  { payment: 'pending', handler: 'releases the hold, answers 422', ...sent, made: 1, answer: inProgress },
  { payment: 'completed', handler: 'breaks off its answer', ...captured, answer: 'closed' },
  { payment: 'completed', handler: 'destroys the response', ...captured, answer: 'closed' },
  { payment: 'completed', handler: 'never answers', ...captured, answer: 'none' },
  // Other layers.
  {
    payment: 'completed',
    handler: 'answers 201',
    meanwhile: 'a timeout layer answers 408 during the payment',
    ...captured,
    answer: '408',
  },
  {
    payment: 'pending',
    handler: 'answers 202',
    meanwhile: 'a timeout layer answers 503 during the payment',
    ...sent,
    made: 1,
    answer: '503',
  },
  {
    payment: 'throws an HTTP client error of status 409',
    handler: 'passes the error on',
    meanwhile: 'a timeout layer answers 408 during the payment',
    ...sent,
    made: 1,
    answer: '408',
  },
  {
    payment: 'throws PayoutRejectedError',
    handler: 'passes the error on',
    meanwhile: 'a timeout layer answers 408 during the payment',
    ...failed,
    answer: '408',
  },
  {
    payment: 'completed',
    handler: 'answers 201',
    meanwhile: 'another layer answers 503 before the handler runs',
    ...released,
    answer: '503',
  },
  {
    payment: 'throws an HTTP client error of status 409',
    handler: 'passes the error on',
    meanwhile: 'errors are answered by the application',
    ...sent,
    made: 1,
    answer: '409',
  },
  {
    payment: 'completed',
    handler: 'throws HoldStateError',
    meanwhile: 'errors are answered by the application',
    ...captured,
    answer: '409 hold_state',
  },
  {
    payment: 'pending',
    handler: 'throws PayoutRejectedError',
    meanwhile: 'errors are answered by the application',
    ...sent,
    made: 1,
    answer: '422 payout_rejected',
  },
  // The client.
  {
    payment: 'completed',
    handler: 'answers 201',
    meanwhile: 'the client leaves before the handler runs',
    ...released,
    answer: 'none',
  },
  {
    payment: 'completed',
    handler: 'answers 201',
    meanwhile: 'the client leaves during the payment',
    ...captured,
    answer: 'none',
  },
  {
    payment: 'pending',
    handler: 'answers 202',
    meanwhile: 'the client leaves during the payment',
    ...sent,
    made: 1,
    answer: 'none',
  },
  {
    payment: 'throws an HTTP client error of status 408',
    handler: 'passes the error on',
    meanwhile: 'the client leaves during the payment',
    ...sent,
    made: 1,
    answer: 'none',
  },
  {
    payment: 'throws PayoutRejectedError, notSent',
    handler: 'passes the error on',
    meanwhile: 'the client leaves during the payment',
    ...released,
    answer: 'none',
  },
  {
    payment: 'completed',
    handler: 'answers 201',
    meanwhile: 'the client leaves before the answer',
    ...captured,
    answer: 'none',
  },
  { handler: 'answers 404', meanwhile: 'the client leaves before the answer', ...released, answer: 'none' },
  // The guard and its store.
  {
    payment: 'completed',
    handler: 'passes the error on',
    meanwhile: 'the guard closes before the payment',
    ...released,
    answer: '503 balance_unavailable',
  },
  {
    payment: 'completed',
    handler: 'answers 201',
    meanwhile: 'the guard closes during the payment',
    ...captured,
    answer: '201',
  },
  {
    payment: 'pending',
    handler: 'answers 202',
    meanwhile: 'the guard closes during the payment',
    ...sent,
    made: 1,
    answer: '202',
  },
  {
    payment: 'completed',
    handler: 'passes the error on',
    meanwhile: 'the wallet is frozen before the payment',
    hold: 'released',
    retry: '423 wallet_frozen',
    made: 0,
    answer: '423 wallet_frozen',
  },
  {
    payment: 'completed',
    handler: 'passes the error on',
    meanwhile: 'the reservation expires before the payment',
    ...released,
    answer: '409 hold_state',
  },
  {
    payment: 'completed',
    handler: 'passes the error on',
    meanwhile: 'the confirmation that the payment may begin is lost',
    ...released,
    answer: '503 balance_unavailable',
  },
  {
    payment: 'completed',
    handler: 'answers 201',
    meanwhile: 'the store is silent when the outcome is known',
    ...sent,
    made: 1,
    answer: '201',
    warns: ['PAYOUT_GUARD_SETTLEMENT_FAILED'],
  },
  {
    payment: 'throws an HTTP client error of status 409',
    handler: 'passes the error on',
    meanwhile: 'a webhook captures the hold during the payment',
    ...captured,
    answer: '409',
  },
];

const ofGuard: readonly Row[] = [
  // The handler's answer counts only as verdictOn judges it.
  { payment: 'completed', handler: 'answers 201', ...captured, answer: '201' },
  { payment: 'completed', handler: 'streams 201', ...captured, answer: '201' },
  { payment: 'completed', handler: 'answers 200', ...sent, made: 1, answer: '200' },
  { payment: 'completed', handler: 'answers 204', ...sent, made: 1, answer: '204' },
  { payment: 'completed', handler: 'answers 302', ...sent, made: 1, answer: '302' },
  { payment: 'pending', handler: 'answers 202', ...sent, made: 1, answer: '202' },
  { payment: 'pending', handler: 'answers 202 before it pays', ...sent, made: 1, answer: '202' },
  { handler: 'answers 404', ...failed, answer: '404' },
  { handler: 'answers 400', ...sent, made: 0, answer: '400' },
  { handler: 'answers 422', ...sent, made: 0, answer: '422' },
  { payment: 'completed', handler: 'answers 500', ...sent, made: 1, answer: '500' },
  // verdictOn must not name a status that the handler also uses after paying, or that an error may carry. At least, the
  // reference is used up.
  { payment: 'completed', handler: 'answers 404', hold: 'failed', retry: duplicate, made: 1, answer: '404' },
  {
    payment: 'throws an HTTP client error of status 404',
    handler: 'passes the error on',
    hold: 'failed',
    retry: duplicate,
    made: 1,
    answer: '404',
  },
  // Errors of the payment function.
  {
    payment: 'throws an HTTP client error of status 409',
    handler: 'passes the error on',
    ...sent,
    made: 1,
    answer: '409',
  },
  {
    payment: 'throws an HTTP client error of status 408',
    handler: 'passes the error on',
    ...sent,
    made: 1,
    answer: '408',
  },
  { payment: 'throws a refused connection', handler: 'passes the error on', ...sent, made: 0, answer: '500' },
  { payment: 'throws PayoutRejectedError', handler: 'passes the error on', ...failed, answer: '422 payout_rejected' },
  {
    payment: 'throws PayoutRejectedError, notSent',
    handler: 'passes the error on',
    ...released,
    answer: '422 payout_rejected',
  },
  { payment: 'throws PayoutRejectedError', handler: 'answers 422', ...sent, made: 0, answer: '422' },
  {
    payment: 'is made, then a nested payout is refused',
    handler: 'passes the error on',
    ...sent,
    made: 1,
    answer: inProgress,
  },
  {
    payment: 'is made, then a nested payout is rejected',
    handler: 'passes the error on',
    ...sent,
    made: 1,
    answer: inProgress,
  },
  { payment: 'completed', handler: 'throws Error', ...sent, made: 1, answer: '500' },
  { handler: 'throws Error', ...sent, made: 0, answer: '500' },
  ...guardErrors.map(
    (name): Row => ({ payment: 'completed', handler: `throws ${name}`, ...sent, made: 1, answer: inProgress }),
  ),
  // The handler's own settlement.
  { payment: 'pending', handler: 'captures the real debit, answers 201', ...captured, answer: '201' },
  { payment: 'completed', handler: 'captures an amount with three decimals', ...sent, made: 1, answer: inProgress },
  { handler: 'releases the hold, answers 422', ...failed, answer: '422' },
  // No answer, or a broken one.
  { payment: 'completed', handler: 'breaks off its answer', ...sent, made: 1, answer: 'closed' },
  { payment: 'completed', handler: 'destroys the response', ...sent, made: 1, answer: 'closed' },
  { payment: 'completed', handler: 'never answers', ...sent, made: 1, answer: 'none' },
  // Other layers.
  {
    payment: 'completed',
    handler: 'answers 201',
    meanwhile: 'a timeout layer answers 408 during the payment',
    ...sent,
    made: 1,
    answer: '408',
  },
  {
    payment: 'completed',
    handler: 'answers 404',
    meanwhile: 'a timeout layer answers 503 during the payment',
    ...sent,
    made: 1,
    answer: '503',
  },
  {
    payment: 'throws PayoutRejectedError',
    handler: 'passes the error on',
    meanwhile: 'a timeout layer answers 408 during the payment',
    ...failed,
    answer: '408',
  },
  {
    payment: 'completed',
    handler: 'answers 201',
    meanwhile: 'another layer answers 503 before the handler runs',
    ...released,
    answer: '503',
  },
  {
    handler: 'throws an error of status 404',
    meanwhile: 'errors are answered by the application',
    ...failed,
    answer: '404',
  },
  {
    payment: 'completed',
    handler: 'throws HoldStateError',
    meanwhile: 'errors are answered by the application',
    ...sent,
    made: 1,
    answer: '409 hold_state',
  },
  {
    payment: 'throws PayoutRejectedError',
    handler: 'passes the error on',
    meanwhile: 'errors are answered by the application',
    ...sent,
    made: 0,
    answer: '422 payout_rejected',
  },
  // The client.
  {
    payment: 'completed',
    handler: 'answers 201',
    meanwhile: 'the client leaves before the handler runs',
    ...released,
    answer: 'none',
  },
  {
    payment: 'completed',
    handler: 'answers 201',
    meanwhile: 'the client leaves during the payment',
    ...captured,
    answer: 'none',
  },
  { handler: 'answers 404', meanwhile: 'the client leaves before the answer', ...failed, answer: 'none' },
  {
    payment: 'pending',
    handler: 'answers 202',
    meanwhile: 'the client leaves before the answer',
    ...sent,
    made: 1,
    answer: 'none',
  },
  {
    payment: 'completed',
    handler: 'throws Error',
    meanwhile: 'the client leaves before the answer',
    ...sent,
    made: 1,
    answer: 'none',
  },
  // The guard and its store.
  {
    payment: 'completed',
    handler: 'answers 201',
    meanwhile: 'the guard closes during the payment',
    ...captured,
    answer: '201',
  },
  {
    payment: 'completed',
    handler: 'answers 201',
    meanwhile: 'the store is silent when the outcome is known',
    ...sent,
    made: 1,
    answer: '201',
    warns: ['PAYOUT_GUARD_SETTLEMENT_FAILED'],
  },
  {
    payment: 'completed',
    handler: 'answers 202',
    meanwhile: 'a webhook captures the hold during the payment',
    ...captured,
    answer: '202',
  },
  {
    payment: 'completed',
    handler: 'answers 404',
    meanwhile: 'a webhook captures the hold during the payment',
    ...captured,
    answer: '404',
    warns: ['PAYOUT_GUARD_CONTRADICTION'],
  },
];

const ofGuardWithoutVerdicts: readonly Row[] = [
  { payment: 'completed', handler: 'answers 201', ...sent, made: 1, answer: '201' },
  { handler: 'answers 404', ...sent, made: 0, answer: '404' },
  { payment: 'throws PayoutRejectedError', handler: 'passes the error on', ...failed, answer: '422 payout_rejected' },
  { payment: 'completed', handler: 'captures the real debit, answers 201', ...captured, answer: '201' },
  {
    payment: 'completed',
    handler: 'answers 201',
    meanwhile: 'the client leaves before the handler runs',
    ...released,
    answer: 'none',
  },
];

const ofGuardWithPay: readonly Row[] = [
  { payment: 'completed', handler: 'answers 201', ...captured, answer: '201' },
  { payment: 'completed', handler: 'answers 404', ...captured, answer: '404' },
  { payment: 'pending', handler: 'answers 201', ...sent, made: 1, answer: '201' },
  { payment: 'pending', handler: 'answers 404', ...sent, made: 1, answer: '404' },
  { payment: 'throws an HTTP client error of status 409', handler: 'answers 404', ...sent, made: 1, answer: '404' },
  { payment: 'throws PayoutRejectedError', handler: 'passes the error on', ...failed, answer: '422 payout_rejected' },
  { payment: 'throws PayoutRejectedError', handler: 'answers 201', ...failed, answer: '201' },
  { payment: 'completed', handler: 'throws HoldStateError', ...captured, answer: inProgress },
  {
    payment: 'completed',
    handler: 'answers 404',
    meanwhile: 'a timeout layer answers 408 during the payment',
    ...captured,
    answer: '408',
  },
  {
    payment: 'completed',
    handler: 'answers 201',
    meanwhile: 'the client leaves during the payment',
    ...captured,
    answer: 'none',
  },
  {
    payment: 'completed',
    handler: 'answers 201',
    meanwhile: 'the guard closes during the payment',
    ...captured,
    answer: '201',
  },
];

const ofTwoGuards: readonly Row[] = [
  {
    payment: 'completed',
    handler: 'answers 201',
    hold: 'captured, captured',
    retry: duplicate,
    made: 2,
    answer: '201',
  },
  { handler: 'answers 404', hold: 'failed, failed', retry: duplicate, made: 0, answer: '404' },
  { payment: 'completed', handler: 'answers 202', hold: 'sent, sent', retry: inProgress, made: 2, answer: '202' },
  // A rejection does not identify one of the two payouts.
  {
    payment: 'throws PayoutRejectedError',
    handler: 'passes the error on',
    hold: 'sent, sent',
    retry: inProgress,
    made: 0,
    answer: inProgress,
  },
  // Code between the two guards may have paid, so the first hold stays. Pay from two wallets in one payoutRoute
  // instead.
  {
    handler: 'answers 201',
    meanwhile: 'the second wallet is empty',
    hold: 'sent, none',
    retry: inProgress,
    made: 0,
    answer: inProgress,
  },
];

const of = (route: Route, rows: readonly Row[]): Ending[] => rows.map((row) => ({ route, ...row }));

export const endings: readonly Ending[] = [
  ...of('payoutRoute', ofPayoutRoute),
  ...of('requireSufficientFunds', ofGuard),
  ...of("requireSufficientFunds, verdictOn: 'none'", ofGuardWithoutVerdicts),
  ...of('requireSufficientFunds, holdOf(res).pay', ofGuardWithPay),
  ...of('requireSufficientFunds twice', ofTwoGuards),
];

/** A description of the row for readers and for test titles. */
export function titleOf({ route, payment, handler, meanwhile }: Ending): string {
  const end = `the handler ${handler}${meanwhile ? `, ${meanwhile}` : ''}`;
  return `${route}: ${payment ? `the payment ${payment}` : 'no payment'}, ${end}`;
}
