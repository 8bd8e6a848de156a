// Checks of each wallet and its provider.
import { decimalsOf } from '../../core/currency.js';
import { type BalanceUnavailableError, type BalanceUnavailableReason, isPayoutGuardError } from '../../core/errors.js';
import { withoutConsequence } from '../../operate/wallet-status.js';
import { durationText } from '../output/text.js';
import type { Facts, WalletFacts } from './facts.js';
import { type Finding, findings } from './finding.js';

type Check = (wallet: WalletFacts, facts: Facts) => readonly Finding[];

const advices: Partial<Readonly<Record<BalanceUnavailableReason, string>>> = {
  unauthorized: 'Check the key, secret or token, and whether it is of the test or the live mode.',
  forbidden: 'Check the products of the account, its IP allow-list, and the mode of the key.',
  timeout: 'Check the network and a proxy from this machine to the provider.',
  network: 'Check the address (baseUrl), DNS, a firewall and TLS from this machine.',
  provider_error: 'Check the address (baseUrl) and the account; an HTTP 404 is an unknown path or account.',
  rate_limited: 'Raise cache.maxAgeMs, or ask the provider for a higher limit.',
  malformed: 'Check the address (baseUrl): another service may answer there.',
  stale: 'The provider computed the balance too long ago, or in the future: compare the clocks.',
};

/** The provider answers, and which of its fields decides. */
const answers: Check = ({ info, funds, error }) => {
  const { ok, problem } = findings('provider');
  if (info.isSettledOnly) return [ok(`${info.key}: only settles, so no balance is read`)];
  if (funds) {
    const others = Object.keys(funds.details);
    const shown = others.length === 0 ? '' : `; for display only: ${others.join(', ')}`;
    return [ok(`${info.key}: ${info.providerName} answers, and the available balance decides${shown}`)];
  }
  if (!isPayoutGuardError(error))
    return [problem(`${info.key}: an unexpected error`, 'Look at the log of the service.')];
  const { reason } = error as Partial<BalanceUnavailableError>;
  if (reason === 'store') return [];
  const advice = (reason && advices[reason]) ?? 'Correct the settings of the wallet.';
  const what = withoutConsequence(error.message)
    .replace(/^Balance unavailable: /, '')
    .replace(/\.$/, '');
  return [problem(`${info.key}: ${what}`, advice)];
};

/** The decimals of the currency are those of ISO 4217. */
const currency: Check = ({ info, error }) => {
  const { ok, problem, warning } = findings('currency');
  const { code, exponent } = info.currency;
  const decimals = decimalsOf(code);
  const title = `${info.key}: ${code} with ${exponent} decimals`;
  if (decimals === undefined)
    return [warning(`${title} is not in ISO 4217`, 'Compare the decimals with the provider.')];
  if (decimals !== exponent) return [problem(`${title}; ISO 4217 has ${decimals}`, `Pass currency: '${code}'.`)];
  return isPayoutGuardError(error) && error.code === 'currency_mismatch' ? [] : [ok(title)];
};

/** Test or live, as the name of the account shows it. */
const mode: Check = ({ info }, { env }) => {
  const { ok, problem } = findings('mode');
  if (info.accountId === undefined) return [];
  const isProduction = env.NODE_ENV === 'production';
  if (!isTest(info.accountId)) return [ok(`${info.key}: nothing names a test account`)];
  const title = `${info.key}: a test account (${info.accountId})`;
  return [isProduction ? problem(`${title} in production`, 'Give the adapter the live address and key.') : ok(title)];
};

function isTest(accountId: string): boolean {
  return /(^|[./:_-])(test|sandbox|dev|staging|uat|localhost|127\.0\.0\.1)([./:_-]|$)/i.test(accountId);
}

/** The account is named, so that one balance is not promised under two keys. */
const account: Check = ({ info }) => {
  if (info.isSettledOnly || info.accountId !== undefined) return [];
  const title = `${info.key}: the adapter names no account`;
  return [findings('account').warning(title, 'Give it an accountId, or a second key for the balance is not detected.')];
};

const slightMs = 5_000;
const severeMs = 60_000;

/** The clock of the provider, which signatures and the age of balances depend on. */
const clock: Check = ({ info, aheadMs }) => {
  if (aheadMs === undefined) return [];
  return [clockFinding(`${info.key}: the clock of the provider`, aheadMs)];
};

/** A clock beside that of this machine. */
export function clockFinding(title: string, aheadMs: number): Finding {
  const { ok, warning, problem } = findings('clock');
  const apartMs = Math.abs(aheadMs);
  if (apartMs < slightMs) return ok(`${title} agrees with this one`);
  const text = `${title} is ${durationText(apartMs)} ${aheadMs > 0 ? 'ahead of' : 'behind'} this one`;
  return (apartMs < severeMs ? warning : problem)(text, 'Synchronize the clocks with NTP.');
}

/** Adapters whose webhooks need a secret or an address of their own, by the option. */
const webhookOptions: Readonly<Record<string, string>> = {
  flutterwave: 'webhookSecret',
  stripe: 'webhookSecret',
  pawapay: 'callbackUrl',
};

/** Webhooks can be verified. */
const webhook: Check = ({ info }) => {
  const option = webhookOptions[info.providerName];
  if (option === undefined || info.isSettledOnly) return [];
  const { ok, warning } = findings('webhook');
  if (info.webhook ?? info.callback) return [ok(`${info.key}: webhooks are verified`)];
  return [warning(`${info.key}: webhooks cannot be verified`, `Pass ${option} to the adapter.`)];
};

/** A payout whose answer got lost can be looked up. */
const lookup: Check = ({ info }) => {
  if (info.hasLookup) return [];
  const title = `${info.key}: payouts cannot be looked up`;
  return [findings('look-up').warning(title, 'Pass `lookup`, or settle each payout whose answer gets lost by hand.')];
};

const frozen: Check = ({ info, funds }) => {
  if (!funds?.frozen) return [];
  const title = `${info.key}: frozen (${funds.frozen.reason})`;
  return [findings('freeze').warning(title, `When its reason is over: payout-guard unfreeze ${info.key}`)];
};

export const providerChecks: readonly Check[] = [answers, currency, mode, account, clock, webhook, lookup, frozen];
