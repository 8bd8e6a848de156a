// payout-guard/testing: remote parties for tests, as real HTTP servers on loopback ports.

export type {
  InterswitchOpenCode,
  InterswitchPayment,
  InterswitchPaymentOptions,
} from './interswitch/payments.js';
export type { InterswitchSessionOptions } from './interswitch/sessions.js';
export {
  type InterswitchSimulator,
  type InterswitchSimulatorOptions,
  interswitchSimulator,
} from './interswitch/simulator.js';
export type { JpayCallback } from './jpay/callback.js';
export type { JpayPayout, JpayPayoutOptions } from './jpay/payouts.js';
export { type JpaySimulator, type JpaySimulatorOptions, type JpayWallet, jpaySimulator } from './jpay/simulator.js';
export {
  type PhoenixCredentials,
  type PhoenixSimulator,
  type PhoenixSimulatorOptions,
  phoenixSimulator,
} from './phoenix/simulator.js';
export { providerContract } from './provider-contract/index.js';
export type {
  ApiAnswer,
  ApiQuestion,
  ProviderTarget,
  RefusedAnswer,
  ReportedPayout,
  WebhookDelivery,
} from './provider-contract/target.js';
export type { Fault, FaultOptions } from './simulator/faults.js';
export type { CallbackDelivery } from './simulator/loopback-post.js';
export type { DebitMoment, PayoutOptions, PayoutStatus } from './simulator/payout-book.js';
export type { ReceivedRequest, Simulator, SimulatorOptions } from './simulator/server.js';
export { type StoreTarget, storeContract, type TestRunner } from './store-contract.js';
export type { StripeEvent, StripePayment, StripePaymentOptions } from './stripe/payments.js';
export { type StripeSimulator, type StripeSimulatorOptions, stripeSimulator } from './stripe/simulator.js';
