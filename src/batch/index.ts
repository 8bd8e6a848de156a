// Lists of payouts, such as payrolls.
export type { BatchOptions, BatchProgress, StopOptions } from './options.js';
export type { BatchOutcome, BatchReport, BatchRow, BatchSum } from './report.js';
export { type PayOne, runBatch } from './run-batch.js';
