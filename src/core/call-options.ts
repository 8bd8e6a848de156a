// Options of calls. An unknown one is refused, because a typo must not silently mean a default.

import type {
  CheckOptions,
  CloseOptions,
  FundsOptions,
  HoldAllOptions,
  HoldOptions,
  ListOptions,
  PayOptions,
  PayoutToHold,
  ReconcileOptions,
  ReleaseOptions,
  SettleOptions,
  WalletOptions,
  WithHoldOptions,
} from './calls.js';
import { InvalidArgumentError } from './errors.js';

const wallet = ['wallet', 'refresh', 'signal'] as const satisfies (keyof WalletOptions)[];
const check = [...wallet, 'fee', 'currency'] as const satisfies (keyof CheckOptions)[];
const pay = ['settles', 'returns'] as const satisfies (keyof PayOptions)[];
const payout = [...check, 'amount', 'reference', 'fingerprint', 'metadata'] as const satisfies (keyof HoldOptions)[];
const settle = ['attempt'] as const satisfies (keyof SettleOptions)[];

const names: Readonly<Record<string, ReadonlySet<string>>> = {
  funds: new Set<keyof FundsOptions>([...wallet, 'staleForDisplayMs']),
  check: new Set(check),
  hold: new Set<keyof HoldOptions>([...payout, 'state', 'expiresInMs']),
  holdAll: new Set<keyof HoldAllOptions>([...wallet, 'currency', 'policy', 'order', 'expiresInMs']),
  payout: new Set<keyof PayoutToHold>(['amount', 'reference', 'fee', 'fingerprint', 'metadata']),
  withHold: new Set<keyof WithHoldOptions>([...payout, ...pay]),
  pay: new Set(pay),
  capture: new Set(settle),
  release: new Set<keyof ReleaseOptions>([...settle, 'reason']),
  listHolds: new Set<keyof ListOptions>(['wallet', 'state', 'olderThanMs', 'limit', 'after']),
  reconcile: new Set<keyof ReconcileOptions>(['olderThanMs', 'reference']),
  close: new Set<keyof CloseOptions>(['waitMs']),
};

/** @throws `InvalidArgumentError` for an option that the call does not have. */
export function assertOptions(call: keyof typeof names, options: object): void {
  const known = names[call];
  for (const name in options) {
    if (!known?.has(name)) throw new InvalidArgumentError(name.slice(0, 64), `is no option of ${call}`);
  }
}

/** @throws `InvalidArgumentError` for a value that the option cannot have. */
export function assertPayOptions({ settles, returns }: PayOptions): void {
  if (settles !== undefined && settles !== 'onReturn') throw new InvalidArgumentError('settles', "must be 'onReturn'");
  if (returns !== undefined && returns !== 'providerAnswer') {
    throw new InvalidArgumentError('returns', "must be 'providerAnswer'");
  }
}

/** @throws `InvalidArgumentError` for a value that the option cannot have. */
export function assertFundsOptions({ staleForDisplayMs, refresh }: FundsOptions): void {
  if (staleForDisplayMs === undefined) return;
  if (!Number.isInteger(staleForDisplayMs) || staleForDisplayMs < 0 || staleForDisplayMs > 300_000) {
    throw new InvalidArgumentError('staleForDisplayMs', 'must be a whole number of 0 to 300,000 milliseconds');
  }
  if (refresh === true) throw new InvalidArgumentError('staleForDisplayMs', 'cannot be given together with refresh');
}
