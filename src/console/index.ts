// payout-guard/console: a page for operators, mounted in an application.
export { type PayoutConsole, payoutConsole } from './console.js';
export type { ConsoleOptions, ConsoleUser } from './options.js';
