// At least one error of every code, with the answer to it.
import {
  BalanceUnavailableError,
  type BalanceUnavailableReason,
  ConfigurationError,
  CurrencyMismatchError,
  ForeignWalletError,
  type InsufficientFundsStatus,
  InvalidAmountError,
  InvalidArgumentError,
  InvalidReferenceError,
  LimitExceededError,
  type LimitName,
  LimitsUnknownError,
  type PayoutGuardError,
  type PayoutGuardErrorCode,
  PayoutRejectedError,
  WalletFrozenError,
} from 'payout-guard';
import type { LimitFacts } from '../../src/core/limit-errors.js';
import { thrownBy } from '../support/errors.js';
import { scriptedWallet } from '../support/wallet.js';
import { referenceCases } from './reference-error-cases.js';

export const later = 'The request could not be processed right now. Repeat it later with the same reference.';

export const operator = 'The operator of this API has to act. Repeat the request afterwards with the same reference.';

/** A refusal of 400.00 on a wallet of 300.00, or of 1000.00 with 700.00 held. */
export async function insufficient(isTemporary: boolean, status?: InsufficientFundsStatus): Promise<PayoutGuardError> {
  const guard = scriptedWallet(isTemporary ? '1000.00' : '300.00').guard({ insufficientFundsStatus: status });
  if (isTemporary) await guard.hold({ amount: '700.00', reference: 'other' });
  const error = await thrownBy(guard.hold({ amount: '400.00', reference: 'p-1' }));
  await guard.close();
  return error as PayoutGuardError;
}

export interface Case {
  readonly name: string;
  readonly error: () => PayoutGuardError | Promise<PayoutGuardError>;
  readonly status: number;
  readonly retryAfter?: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export const reasons: readonly BalanceUnavailableReason[] = [
  'unauthorized',
  'forbidden',
  'timeout',
  'network',
  'provider_error',
  'rate_limited',
  'malformed',
  'circuit_open',
  'store',
  'stale',
  'closed',
];

function overLimit(limit: LimitName, day?: LimitFacts['day']): LimitExceededError {
  const currency = { code: 'KES', exponent: 2 };
  const amounts = { requiredMinor: 4_000_000_123n, allowedMinor: 3_000_000_123n, usedMinor: 1_000_000_123n };
  return new LimitExceededError({ wallet: 'secret-wallet', currency, limit, ...amounts, day });
}

const aboveAlone = {
  perPayout: 'The payout is above the limit for one payout.',
  perPayee: 'The payout is above what one payee may get in a day.',
  perDay: 'The payout is above what may be paid out in a day.',
} as const;

const usedUp = {
  perPayee: 'The payee has reached the daily limit, or this payout would exceed it. Repeat it on the next day.',
  perDay: 'The daily limit is reached, or this payout would exceed it. Repeat it on the next day.',
} as const;

/** At least one error of every code. */
export const cases: Readonly<Record<PayoutGuardErrorCode, readonly Case[]>> = {
  insufficient_funds: [
    {
      name: 'too little money',
      error: () => insufficient(false),
      status: 422,
      body: { title: 'Insufficient funds', detail: 'The wallet cannot cover this payout.', temporary: false },
    },
    {
      name: 'too little money beside other payouts',
      error: () => insufficient(true),
      status: 422,
      body: {
        title: 'Insufficient funds',
        detail: 'The wallet cannot cover this payout while others are under way; it may succeed later.',
        temporary: true,
      },
    },
    ...([402, 409] as const).map((status) => ({
      name: `too little money, status ${status}`,
      error: () => insufficient(false, status),
      status,
      body: { title: 'Insufficient funds', detail: 'The wallet cannot cover this payout.', temporary: false },
    })),
  ],
  limit_exceeded: [
    ...(['perPayout', 'perPayee', 'perDay'] as const).map((limit) => ({
      name: `above the limit ${limit} by itself`,
      error: () => overLimit(limit),
      status: 422,
      body: { title: 'Limit exceeded', detail: aboveAlone[limit], limit },
    })),
    ...(['perPayee', 'perDay'] as const).map((limit) => ({
      name: `the limit ${limit} is used up`,
      error: () => overLimit(limit, { endMs: 90_500, nowMs: 30_000 }),
      status: 429,
      retryAfter: '61',
      body: { title: 'Limit exceeded', detail: usedUp[limit], limit },
    })),
  ],
  limits_unknown: [
    {
      name: 'counters that are not known',
      error: () =>
        new LimitsUnknownError('secret-wallet', { sinceMs: 0, untilMs: 86_400_000, nowMs: 1, timeZone: 'UTC' }),
      status: 503,
      retryAfter: '60',
      body: { title: 'Limits unknown', detail: later },
    },
  ],
  balance_unavailable: [
    ...reasons.map((reason) => ({
      name: `no balance: ${reason}`,
      error: () => new BalanceUnavailableError(reason, { detail: 'secret detail' }),
      status: 503,
      retryAfter: '1',
      body: { title: 'Balance unavailable', detail: later, reason },
    })),
    ...(
      [
        [0, '1'],
        [2_000, '2'],
        [2_001, '3'],
      ] as const
    ).map(([retryAfterMs, retryAfter]) => ({
      name: `no balance for ${retryAfterMs} ms`,
      error: () => new BalanceUnavailableError('rate_limited', { retryAfterMs }),
      status: 503,
      retryAfter,
      body: { title: 'Balance unavailable', detail: later, reason: 'rate_limited' },
    })),
  ],
  invalid_amount: [
    {
      name: 'an odd amount',
      error: () => new InvalidAmountError('it is negative'),
      status: 400,
      body: { title: 'Invalid amount', detail: 'Invalid amount: it is negative.' },
    },
  ],
  invalid_reference: [
    {
      name: 'an odd reference',
      error: () => new InvalidReferenceError(),
      status: 400,
      body: {
        title: 'Invalid reference',
        detail:
          'Invalid reference: pass the unique id of the payout, 1 to 128 visible ASCII characters without spaces.',
      },
    },
  ],
  invalid_argument: [
    {
      name: 'a wrong call',
      error: () => new InvalidArgumentError('metadata', 'must be short'),
      status: 400,
      body: { title: 'Invalid argument', detail: 'Invalid argument: metadata must be short.' },
    },
  ],
  currency_mismatch: [
    {
      name: 'another currency of the client',
      error: () => new CurrencyMismatchError('KES', 'UGX', 'caller'),
      status: 422,
      body: { title: 'Currency mismatch', detail: 'The payout is in UGX, this guard decides in KES.' },
    },
    {
      name: 'another currency of the provider',
      error: () => new CurrencyMismatchError('KES', 'UGX', 'provider'),
      status: 503,
      body: { title: 'Currency mismatch', detail: later },
    },
  ],
  ...referenceCases,
  foreign_wallet: [
    {
      name: 'a wallet of another service',
      error: () => new ForeignWalletError('p-1', 'secret-wallet'),
      status: 503,
      retryAfter: '60',
      body: { title: 'Wallet of another service', detail: later, retryable: true },
    },
  ],
  wallet_frozen: [
    {
      name: 'a frozen wallet',
      error: () => new WalletFrozenError('secret-wallet', { reason: 'secret reason', sinceMs: 0 }),
      status: 423,
      body: { title: 'Wallet frozen', detail: 'Payouts from this wallet are stopped for now.' },
    },
  ],
  payout_rejected: [
    {
      name: 'a rejected payout',
      error: () => new PayoutRejectedError('Wrong number.'),
      status: 422,
      body: { title: 'Payout rejected', detail: 'Wrong number.' },
    },
  ],
  configuration: [
    {
      name: 'a misconfigured server',
      error: () => new ConfigurationError(['secret option: must be a number']),
      status: 500,
      body: { title: 'Server misconfigured', detail: operator },
    },
  ],
};
