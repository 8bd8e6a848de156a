// Express 4 and 5: reads the request, asks the guard, writes the response. No money logic.
export { type PayoutGuardErrorsOptions, payoutGuardErrors } from './errors.js';
export { holdOf, type RequireSufficientFundsOptions, requireSufficientFunds } from './require-sufficient-funds.js';
