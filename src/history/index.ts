// payout-guard/history: records what was decided, held and settled, for operators.
export type { SharedHistory, SharedHistoryOptions } from './background-history.js';
export { toCsv } from './csv.js';
export { type DayReport, type DayReportOptions, dayReport } from './day-report.js';
export {
  type History,
  type HistoryEntry,
  type HistoryKind,
  type HistoryPage,
  type HistoryQuery,
  historyKinds,
} from './entry.js';
export { type MemoryHistory, type MemoryHistoryOptions, memoryHistory } from './memory-history.js';
export { type PostgresHistory, type PostgresHistoryOptions, postgresHistory } from './postgres/history.js';
export { type RecordOptions, recordHistory } from './record.js';
export { type SqliteHistoryOptions, sqliteHistory } from './sqlite/history.js';
