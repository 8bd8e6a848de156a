// Express 4 and 5: reads the request, asks the guard, writes the response. No money logic.
export type { Pay } from '../web/payout-handler.js';
export { type PayoutGuardErrorsOptions, payoutGuardErrors } from './errors.js';
export { type PayoutHandler, type PayoutRouteOptions, payoutRoute } from './payout-route.js';
export { type PayoutWebhookOptions, payoutWebhook } from './payout-webhook.js';
export {
  type CheckingRouteOptions,
  type HoldingRouteOptions,
  type RequireSufficientFundsOptions,
  requireSufficientFunds,
} from './require-sufficient-funds.js';
export { holdOf } from './response-holds.js';
