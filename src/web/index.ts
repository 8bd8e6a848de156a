// Routes that pay, webhooks and errors, for any framework; those of one framework are adapters over this.
export { callbackPath } from './callback-path.js';
export { type ProblemOfOptions, problemOf } from './error-answer.js';
export {
  type FetchHandler,
  type FetchRouteOptions,
  type GuardFetchOptions,
  guardFetch,
  type HoldFetchOptions,
  holdFetch,
  holdOf,
} from './fetch-routes.js';
export type { Pay } from './payout-handler.js';
export type { Problem, ProblemAnswer, ProblemOptions } from './problem.js';
export { type PayoutSource, readPayout } from './read-payout.js';
export type { CheckingRoute, HoldingRoute, RoutePayout } from './route-options.js';
export {
  type WebhookAnswer,
  type WebhookDelivery,
  type WebhookReceiver,
  type WebhookReceiverOptions,
  webhookReceiver,
} from './webhook-receiver.js';
export { webhookFetch, webhookListener } from './webhook-routes.js';
