// Balance and payouts of an Interswitch Uganda wallet (UGX), spoken directly: the API named Phoenix.
// Source: public client code; docs/phoenix.md lists the parts that are certain and those that are choices.
import type { BalanceProvider } from '../../core/provider.js';
import type { PhoenixOptions } from './options.js';
import { phoenixTerminal } from './terminal.js';

export type { NetworkOptions } from '../../http/options.js';
export { type AmountForm, amountText } from './amount.js';
export type { PhoenixCall, PhoenixPayment, SignedCall } from './calls.js';
export type { PhoenixOptions } from './options.js';
export { type PhoenixProfile, type PhoenixRegistration, registerTerminal } from './registration.js';
export {
  decryptedText,
  encryptedText,
  type PasswordForm,
  type PointForm,
  passwordHash,
  passwordProof,
  type SessionKeyPair,
  sessionKeyPair,
} from './session-keys.js';
export {
  type CallToSign,
  type PhoenixSigner,
  rsaSignature,
  type SignedPayment,
  signatureBase,
  signedHeaders,
  type TimestampForm,
  timestampText,
} from './signing.js';
export { type PhoenixTerminal, phoenixTerminal } from './terminal.js';

/**
 * The wallet behind a terminal of Interswitch Uganda. Only the available balance counts; ledger balance and account
 * name are for display. Nothing documents when a payout leaves the balance, so `debitVisibleAt` is `unknown`. `lookup`
 * asks by `requestReference`: send payments with the reference of their hold, made of letters, digits, `.`, `_` and
 * `-`.
 *
 * If the same process also sends the payments, use {@link phoenixTerminal}, so that both share a session.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 */
export function phoenix(options: PhoenixOptions): BalanceProvider {
  return phoenixTerminal(options).provider;
}
