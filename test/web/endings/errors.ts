// The errors that a request may end with.
import {
  BalanceUnavailableError,
  ConfigurationError,
  CurrencyMismatchError,
  DuplicateReferenceError,
  ForeignWalletError,
  HoldConflictError,
  HoldStateError,
  InvalidAmountError,
  InvalidArgumentError,
  InvalidReferenceError,
  PayoutInProgressError,
  PayoutRejectedError,
  WalletFrozenError,
} from 'payout-guard';
import { thrownBy } from '../../support/errors.js';
import { scriptedWallet } from '../../support/wallet.js';
import type { ThrownName } from './ending.js';

/** An error as axios and other HTTP clients create it. */
export function clientError(status: number): Error {
  return Object.assign(new Error(`Request failed with status code ${status}`), { status, response: { status } });
}

/** Errors from code around the payment. */
export async function thrown(name: ThrownName): Promise<unknown> {
  switch (name) {
    case 'Error':
      return new Error('broken');
    case 'an error of status 404':
      return Object.assign(new Error('no such payee'), { status: 404 });
    case 'an error of status 409':
      return clientError(409);
    case 'PayoutRejectedError':
      return new PayoutRejectedError();
    case 'InsufficientFundsError':
      return thrownBy(scriptedWallet('0.00').guard().assertSufficientFunds('1.00'));
    case 'BalanceUnavailableError':
      return new BalanceUnavailableError('network');
    case 'InvalidAmountError':
      return new InvalidAmountError('it is negative');
    case 'InvalidReferenceError':
      return new InvalidReferenceError();
    case 'InvalidArgumentError':
      return new InvalidArgumentError('ms', 'must be a number');
    case 'CurrencyMismatchError':
      return new CurrencyMismatchError('KES', 'UGX', 'caller');
    case 'PayoutInProgressError':
      return new PayoutInProgressError('p-0');
    case 'DuplicateReferenceError':
      return new DuplicateReferenceError('p-0', 'captured');
    case 'HoldConflictError':
      return new HoldConflictError('p-0', 'amount');
    case 'HoldStateError':
      return new HoldStateError('p-0', 'captured', 'released');
    case 'ForeignWalletError':
      return new ForeignWalletError('p-0', 'other');
    case 'WalletFrozenError':
      return new WalletFrozenError('other', { reason: 'audit', sinceMs: 0 });
    case 'ConfigurationError':
      return new ConfigurationError(['an option']);
    default:
      return name satisfies never;
  }
}
