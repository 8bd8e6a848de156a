// Shared by the console and the command line. Reading order: wallet-status, find-holds, payout-life, operator,
// unusual-debit, reconcile-all.
export { type CollapsedEntry, collapseEntries, collapseRuns } from './collapse-entries.js';
export { findHolds, type HoldSearch } from './find-holds.js';
export { type EntriesPage, type EntriesQuery, entriesOfKinds } from './history-entries.js';
export {
  actionMeanings,
  type Operator,
  type OperatorAction,
  type OperatorOptions,
  operatorOf,
  type PayoutAction,
} from './operator.js';
export { type PayoutLife, payoutLife } from './payout-life.js';
export {
  type ReconcileAllOptions,
  type ReconcileProgress,
  type ReconcileResult,
  reconcileAll,
} from './reconcile-all.js';
export { groupDigits, type UnusualDebit, unusualDebit } from './unusual-debit.js';
export {
  problemOf,
  type StatusOptions,
  type StatusProblem,
  type WalletStatus,
  walletStatus,
  walletStatuses,
  withoutConsequence,
} from './wallet-status.js';
export { NotRecordedError } from './write-entry.js';
