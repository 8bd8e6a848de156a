// Money that moved without us.
export type { DriftEvent } from './drift-event.js';
export type { DriftOptions } from './options.js';
export { type DriftWatch, type ReportedCredit, watchDrift } from './watch.js';
