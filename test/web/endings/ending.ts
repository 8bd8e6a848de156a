// One way in which a request can end: the words of a row of the table.

/** The way the handler gets its hold and pays. */
export type Route =
  | 'payoutRoute'
  /** The handler pays by itself. `verdictOn` takes 201 for completed, 404 and 410 for failed. */
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
  | `answers ${200 | 201 | 202 | 204 | 302 | 400 | 404 | 409 | 410 | 422 | 500 | 502}`
  | 'answers 202 before it pays'
  | 'answers 202 without awaiting the payment'
  | 'pays twice, answers 201'
  | 'returns nothing'
  | 'passes the request on, and nothing takes it'
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
  | 'the second wallet is empty'
  | 'the wallet is empty'
  | 'the provider is down'
  | 'the request has no amount'
  | 'the request is repeated before the payment'
  | 'the request is repeated during the payment';

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
  /** Status and code of the answer to a request that is repeated while this one is under way. */
  readonly repeated?: string;
  /** The answer to the same reference afterwards, in another process. `paid`: the payout is made. */
  readonly retry: string;
  /** Payments that reached the provider in the first request. */
  readonly made: 0 | 1 | 2;
  /** Codes of process warnings. */
  readonly warns?: readonly string[];
}
