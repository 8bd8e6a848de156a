// The messages of alerts: the event, its values and the next step.
import { expect, it } from '@jest/globals';
import type { AlertDraft } from '../../src/monitor/alert.js';
import { alertText } from '../../src/monitor/alert-text.js';

const at = '2026-01-05T03:00:00.000Z';
const wallet = { wallet: 'jpay-kes', at };
const money = { ...wallet, currency: 'KES' };
const payout = { ...money, reference: 'p-1', attempt: 'a/1', amount: '5.00' };
const about = { ...wallet, reference: 'p-1', attempt: 'a/1' };

it.each<[AlertDraft, string]>([
  [
    {
      kind: 'low_balance',
      ...money,
      threshold: '50000.00',
      spendable: '-250.00',
      held: '0.00',
      cause: 'balance',
      runway: { perHour: '12050.00', watchedMs: 21_600_000, emptyAt: '2026-01-05T03:00:00.000Z' },
    },
    'Wallet jpay-kes can spend -250.00 KES, which is below 50000.00 KES. At the current rate it is empty at ' +
      '2026-01-05T03:00:00.000Z. Top it up.',
  ],
  [
    {
      kind: 'low_balance',
      ...money,
      threshold: '50000.00',
      spendable: '49000.00',
      held: '1000.00',
      cause: 'holds',
      since: '2026-01-04T03:00:00.000Z',
    },
    'Wallet jpay-kes can spend 49000.00 KES, which is below 50000.00 KES (low since 2026-01-04T03:00:00.000Z). Only ' +
      'held payouts bring it down: 1000.00 KES are held, and without them it would not be below. Wait until they are ' +
      'settled, and settle those that are overdue. Top it up if all of them will be made.',
  ],
  [
    { kind: 'low_figure', ...money, figure: 'ledgerBalance', value: '-1.00', threshold: '5.00', spendable: '2.00' },
    'Wallet jpay-kes has -1.00 KES as its ledgerBalance, which is below 5.00 KES. It can spend 2.00 KES. Top it up.',
  ],
  [
    {
      kind: 'figure_recovered',
      ...money,
      figure: 'ledgerBalance',
      value: '6.00',
      threshold: '5.00',
      spendable: '2.00',
    },
    'Wallet jpay-kes has 6.00 KES as its ledgerBalance again; the threshold is 5.00 KES. No action needed.',
  ],
  [
    {
      kind: 'low_runway',
      ...money,
      runwayBelowMs: 21_600_000,
      runway: { perHour: '12050.00', watchedMs: 21_600_000, emptyAt: '2026-01-05T07:59:59.000Z' },
      spendable: '60249.99',
    },
    'Wallet jpay-kes is empty in 4 hours, at 2026-01-05T07:59:59.000Z, if it goes on to pay 12050.00 KES an hour: it ' +
      'can spend 60249.99 KES. The limit is 6 hours. Top it up.',
  ],
  [
    {
      kind: 'runway_recovered',
      ...money,
      runwayBelowMs: 21_600_000,
      runway: { perHour: '12050.00', watchedMs: 21_600_000, emptyAt: '2026-01-05T15:00:00.000Z' },
      spendable: '144600.00',
    },
    'Wallet jpay-kes can spend 144600.00 KES, which lasts until 2026-01-05T15:00:00.000Z at the current rate. The ' +
      'limit is 6 hours. No action needed.',
  ],
  [
    {
      kind: 'balance_drop',
      ...money,
      percent: 50,
      available: '499.99',
      yesterday: '1000.00',
      yesterdayAt: '2026-01-04T03:00:00.000Z',
    },
    'Balance of wallet jpay-kes is 499.99 KES, less than 50 % of the 1000.00 KES that it was at ' +
      '2026-01-04T03:00:00.000Z. Check that its payouts explain the difference, and top it up.',
  ],
  [
    { kind: 'recovered', ...money, threshold: '50000.00', spendable: '52500.00' },
    'Wallet jpay-kes can spend 52500.00 KES again; the threshold is 50000.00 KES. No action needed.',
  ],
  [
    { kind: 'unreachable', ...money, reason: 'unauthorized' },
    'Balance of wallet jpay-kes unavailable (unauthorized), so its payouts are refused. Check the key, secret or ' +
      'token of the provider.',
  ],
  [
    { kind: 'unreachable', ...money, reason: 'store' },
    'Balance of wallet jpay-kes unavailable (store), so its payouts are refused. Check the database of the holds ' +
      'and the connection to it.',
  ],
  [
    { kind: 'unreachable', ...money, reason: 'currency_mismatch' },
    'Balance of wallet jpay-kes unavailable (currency_mismatch), so its payouts are refused. Check the settings of ' +
      'the wallet and its provider.',
  ],
  [
    { kind: 'reachable', ...money, reason: 'timeout', since: '2026-01-05T02:30:00.000Z' },
    'Balance of wallet jpay-kes available again. It was unavailable since 2026-01-05T02:30:00.000Z (timeout). No ' +
      'action needed.',
  ],
  [
    { kind: 'overdue_hold', ...payout, ageMs: 119_999, outcome: 'unknown' },
    'Payout p-1 of 5.00 KES from wallet jpay-kes was sent 119 s ago and has no outcome: the provider gave none. ' +
      'Its money stays held. Ask the provider, then call guard.capture("p-1") or guard.release("p-1").',
  ],
  [
    { kind: 'overdue_hold', ...payout, ageMs: 7_199_999, outcome: 'pending' },
    "Payout p-1 of 5.00 KES from wallet jpay-kes was sent 119 minutes ago and has no outcome: the provider's last " +
      'answer was "pending". Its money stays held. Ask the provider, then call guard.capture("p-1") or ' +
      'guard.release("p-1").',
  ],
  [
    { kind: 'never_seen', ...payout, ageMs: 172_799_999 },
    'Payout p-1 of 5.00 KES from wallet jpay-kes was sent 47 hours ago, and the provider has no record of it. Its ' +
      'money stays held. If your own records show that it was not sent, call guard.release("p-1", { attempt: "a/1" ' +
      '}). Otherwise ask the provider first.',
  ],
  [
    { kind: 'paid_after_release', ...payout, perhapsTwice: false },
    'Payout p-1 of 5.00 KES from wallet jpay-kes was made after its hold had expired or been released. The debit ' +
      'is recorded. Check that p-1 was paid once, and make payouts within hold.pay() or call hold.sent() before you ' +
      'send.',
  ],
  [
    { kind: 'paid_after_release', ...payout, perhapsTwice: true },
    'Payout p-1 of 5.00 KES from wallet jpay-kes may have been made twice: an attempt was paid after its hold had ' +
      'been released, and a later attempt holds the reference. Check both with the provider. If both were paid, ' +
      'recover one: its debit is not in the store.',
  ],
  [
    { kind: 'paid_twice', ...payout, times: 3 },
    'Payout p-1 of 5.00 KES from wallet jpay-kes was made 3 times under one reference. Each debit is accounted for. ' +
      'Check them with the provider, ask for the surplus money back, and look for code that sends a payout again.',
  ],
  [
    { kind: 'contradiction', ...about, wanted: 'captured', found: 'released' },
    'Payout p-1 of wallet jpay-kes was made, but the store has it as released (attempt a/1). Nothing was changed. ' +
      'Check it with the provider. If it was made, call guard.capture("p-1", undefined, { attempt: "a/1" }).',
  ],
  [
    { kind: 'contradiction', ...about, wanted: 'captured', found: 'unknown' },
    'Payout p-1 of wallet jpay-kes was made, but the store has no record of it (attempt a/1). Nothing was changed. ' +
      'Check it with the provider. If it was made, record the debit in your own books: the balance shows it.',
  ],
  [
    { kind: 'contradiction', ...about, wanted: 'released', found: 'captured' },
    'Payout p-1 of wallet jpay-kes was not made, but the store has it as captured (attempt a/1). Nothing was ' +
      'changed. Check it with the provider. If it was not made, expect the balance to be higher than its payouts ' +
      'explain.',
  ],
  [
    { kind: 'settlement_failed', ...wallet, reference: 'p-1', reason: 'hold_conflict' },
    'Payout p-1 of wallet jpay-kes has an outcome that could not be recorded (hold_conflict) and is not tried ' +
      'again. Its money stays held. Look it up, then call guard.capture("p-1") or guard.release("p-1").',
  ],
  [
    { kind: 'left_open', ...about, pending: 'failed' },
    'A process closed and left payout p-1 of wallet jpay-kes open: it failed, and the store did not record that. ' +
      'When the store responds, call guard.release("p-1", { attempt: "a/1" }). Its money stays held until then.',
  ],
  [
    { kind: 'orphan_wallet', ...wallet },
    'The store has undecided payouts of wallet jpay-kes, and no process serves that wallet. Their money stays ' +
      'held. Start the service that has it, or add it to the `wallets` of a guard.',
  ],
  [
    { kind: 'lookup_finds_nothing', ...wallet, inARow: 20 },
    'The provider had no record of the last 20 payouts of wallet jpay-kes that were looked up. Check that they are ' +
      'sent with the reference of their hold. Until then settle them in your callback.',
  ],
  [
    {
      ...{ kind: 'limits_unknown', ...wallet },
      ...{ since: '2026-01-05T02:00:00.000Z', until: '2026-01-05T21:00:00.000Z' },
    },
    'Daily limits of wallet jpay-kes refuse its payouts until 2026-01-05T21:00:00.000Z: the store lost data at ' +
      '2026-01-05T02:00:00.000Z, so it does not know everything that was held before. To pay earlier, compare what ' +
      'the provider paid today, then run `payout-guard accept-limits jpay-kes` or call guard.acceptLimits("jpay-kes").',
  ],
  [
    {
      kind: 'drift',
      ...money,
      direction: 'debit',
      amount: '1.00',
      from: '2026-01-05T02:00:00.000Z',
      to: '2026-01-05T02:05:00.000Z',
      expected: '10.00',
      actual: '9.00',
    },
    '1.00 KES left wallet jpay-kes between 2026-01-05T02:00:00.000Z and 2026-01-05T02:05:00.000Z without a payout ' +
      'or a reported credit: the balance was 9.00, expected 10.00. Compare the statement of the provider; freeze the ' +
      'wallet if you cannot explain it.',
  ],
  [
    {
      kind: 'drift',
      ...money,
      direction: 'credit',
      amount: '1.00',
      atMost: '2.00',
      from: '2026-01-05T02:00:00.000Z',
      to: '2026-01-05T02:05:00.000Z',
      expected: '9.00',
      actual: '10.00',
    },
    'Between 1.00 and 2.00 KES came into wallet jpay-kes between 2026-01-05T02:00:00.000Z and ' +
      '2026-01-05T02:05:00.000Z without a payout or a reported credit: the balance was 10.00, expected 9.00. Report ' +
      'credits to the monitor as they come in.',
  ],
  [
    { kind: 'visibility_lag', ...payout, lagMs: 10_000, longerThanMs: 12_000, atMostMs: 17_000 },
    'The balance of wallet jpay-kes showed payout p-1 only 12000 to 17000 ms after its capture, but ' +
      'visibilityLagMs is 10000. Payouts may be approved on money that has left: set visibilityLagMs to at least ' +
      '17000 in every process.',
  ],
])('%j reads well', (alert, message) => {
  expect(alertText(alert)).toBe(message);
});

it('writes calls that can be pasted, whatever characters the reference has', () => {
  const alert = { kind: 'overdue_hold', ...payout, reference: `o'k"\\`, ageMs: 1_000, outcome: 'unknown' } as const;
  expect(alertText(alert)).toContain(`call guard.capture("o'k\\"\\\\") or guard.release("o'k\\"\\\\").`);
});

it('has no next step that ends a hold on a guess: money is released only after the provider was asked', () => {
  for (const outcome of ['unknown', 'pending'] as const) {
    expect(alertText({ kind: 'overdue_hold', ...payout, ageMs: 1_000, outcome })).toContain('Ask the provider, then');
  }
  expect(alertText({ kind: 'never_seen', ...payout, ageMs: 1_000 })).toContain('Otherwise ask the provider first.');
});
