// payout-guard/drift: detects money that moved without a payout or a reported credit.
export type { DriftEvent, VisibilityLagEvent } from './drift-event.js';
export type { DriftOptions } from './options.js';
export { type DriftWatch, type ReportedCredit, watchDrift } from './watch.js';
