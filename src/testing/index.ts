// payout-guard/testing: remote parties for tests, as real HTTP servers on loopback ports.

export {
  type FlutterwaveSimulator,
  type FlutterwaveSimulatorOptions,
  flutterwaveSimulator,
} from './flutterwave/simulator.js';
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
export { type MonnifySimulator, type MonnifySimulatorOptions, monnifySimulator } from './monnify/simulator.js';
export { type MtnMomoSimulator, type MtnMomoSimulatorOptions, mtnMomoSimulator } from './mtn-momo/simulator.js';
export type { MtnMomoCallback, MtnMomoTransfer, MtnMomoTransferOptions } from './mtn-momo/transfers.js';
export type { PawapayCallback, PawapayPayout, PawapayPayoutOptions } from './pawapay/payouts.js';
export {
  type PawapaySimulator,
  type PawapaySimulatorOptions,
  type PawapayWallet,
  pawapaySimulator,
} from './pawapay/simulator.js';
export { type PaystackSimulator, type PaystackSimulatorOptions, paystackSimulator } from './paystack/simulator.js';
export type { PaystackTransferOptions } from './paystack/transfers.js';
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
  ValidWebhook,
  WebhookDelivery,
} from './provider-contract/target.js';
export type { Fault, FaultOptions } from './simulator/faults.js';
export type {
  HostedTransfer,
  HostedWalletOptions,
  HostedWalletSimulator,
  SentWebhook,
} from './simulator/hosted-wallet.js';
export type { PostResult } from './simulator/loopback-post.js';
export type { DebitMoment, PayoutOptions, PayoutStatus } from './simulator/payout-book.js';
export type { ReceivedRequest, Simulator, SimulatorOptions } from './simulator/server.js';
export { type StoreTarget, storeContract, type TestRunner } from './store-contract.js';
export type { StripeEvent, StripePayment, StripePaymentOptions } from './stripe/payments.js';
export { type StripeSimulator, type StripeSimulatorOptions, stripeSimulator } from './stripe/simulator.js';
export type { WiseEvent, WiseTransferStatus } from './wise/events.js';
export { type WiseSimulator, type WiseSimulatorOptions, wiseSimulator } from './wise/simulator.js';
export type { WiseTransfer } from './wise/transfers.js';
